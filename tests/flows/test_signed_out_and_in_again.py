"""A sign-in that was ended is made again with the same account: what was agreed on is kept, and nothing is planned."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from flows.household import HOME, Household, household, settings
from pairing import Pairing, built, pairing
from scrobbled.desk.sign_in import WAYS, sign_out
from scrobbled.plumbing.pools import Pools
from scrobbled.sandbox.plex.people import ANNA
from scrobbled.sandbox.plex.plextv_core import account_token
from scrobbled.store.accounts.sign_ins import StoredTokens
from scrobbled.trackers.given import SignIn, SignInCode


def _request(pair: Pairing, tracker: str) -> SignIn:
    """As the command asks; a person agrees at once wherever a page is shown."""

    def agree(shown: SignInCode) -> None:
        if shown.code:
            assert pair.sandbox["trakt"].oauth.settle_device(shown.code, username="anna")
        plextv = pair.sandbox["plextv"]
        for waiting in plextv.pins.values():
            waiting.token = account_token(ANNA)
            plextv.tokens[waiting.token] = ANNA

    viewer, clock = pair.runtime.config.viewers[0], pair.clock
    tokens = StoredTokens(pair.runtime.store, "anna", tracker, lambda values: None, clock.now)
    http = Pools(httpx.ASGITransport(pair.sandbox)).to(tracker)
    given, ask = viewer.trackers[tracker], lambda question: "anna-secret"
    return SignIn("anna", given, http, tokens, clock, tell=str, ask=ask, show=agree, accounts=("anna",))


async def _left(pair: Pairing, tracker: str) -> str:
    request = _request(pair, tracker)
    left = await sign_out(WAYS[tracker], request, pair.runtime.store, tracker)
    assert await request.tokens.load() is None
    pair.runtime.look_again(try_now=True)
    return left


async def _back(pair: Pairing, tracker: str) -> None:
    assert await WAYS[tracker].sign_in(_request(pair, tracker)) == "anna"
    pair.runtime.look_again(try_now=True)


@pytest.fixture
async def signed_in(tmp_path: Path) -> AsyncIterator[Household]:
    """The household with a sign-in at Plex instead of a token in the configuration."""
    values = settings(tmp_path, {name: told for name, told in HOME.items() if name != "token"})
    async with household(tmp_path) as house:
        await house.runtime.aclose()
        house.settings, house.runtime = values, built(tmp_path, house.sandbox, house.clock, values)
        await _back(house, "plex")
        yield house


@pytest.mark.parametrize("tracker", ["plex", "trakt"])
async def test_a_library_and_trakt_agree_as_before(signed_in: Household, tracker: str) -> None:
    await signed_in.sync()
    await signed_in.settle()
    writes = signed_in.writes()
    assert await _left(signed_in, tracker) == "", "it is ended at the service as well"
    assert (await signed_in.sync()).outcome == "failed"
    await _back(signed_in, tracker)
    for options in ({}, {"full": True}):
        signed_in.clock.advance(7 * 3_600)
        assert (await signed_in.sync(**options)).outcome == "nothing"
    assert (signed_in.wrong(), signed_in.writes() - writes) == ([], 0)


async def test_the_token_is_good_for_nothing_afterwards(signed_in: Household) -> None:
    plextv, trakt = signed_in.sandbox["plextv"], signed_in.sandbox["trakt"]
    await _left(signed_in, "plex")
    await _left(signed_in, "trakt")
    assert account_token(ANNA) not in plextv.tokens
    assert all(token.revoked for token in trakt.oauth.tokens.values())


@pytest.mark.parametrize("tracker", ["serializd", "trakt"])
async def test_trakt_and_serializd_agree_as_before(tmp_path: Path, tracker: str) -> None:
    async with pairing(tmp_path) as pair:
        pair.on_trakt(0, 1, 1)
        pair.on_serializd(1, 1, 2, rating=8)
        await pair.settle()
        held = pair.trakt(), pair.serializd(), pair.trakt_ratings()
        left = await _left(pair, tracker)
        assert ("no way" in left) == (tracker == "serializd")
        await _back(pair, tracker)
        for options in ({}, {"full": True}):
            pair.clock.advance(7 * 3_600)
            assert (await pair.sync(**options)).outcome == "nothing"
        assert (pair.trakt(), pair.serializd(), pair.trakt_ratings()) == held
