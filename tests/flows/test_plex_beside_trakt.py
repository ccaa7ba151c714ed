"""A household's Plex library and Trakt in step: every case of a real library, by the stand-ins of both."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from conftest import FakeClock
from pairing import SHOWN, Pairing, built
from scrobbled.reconcile import Options
from scrobbled.sandbox.homes.home import Home, HomeThing
from scrobbled.sandbox.homes.household import furnish, household_world
from scrobbled.sandbox.plex.app import OWNER_TOKEN
from scrobbled.sandbox.plex.people import ANNA
from scrobbled.sandbox.server import Sandbox
from scrobbled.store.accounts.sign_ins import StoredTokens

pytestmark = pytest.mark.anyio


def settings(folder: Path, **pair: Any) -> dict[str, Any]:
    plex = {"url": "http://sandbox/plex", "token": OWNER_TOKEN, "account_url": "http://sandbox/plextv"}
    trakt = {**SHOWN, "url": "http://sandbox/trakt", "auth_url": "http://sandbox/trakt-auth", "pace": "0s"}
    return {
        "storage": {"path": str(folder / "scrobbled.db")},
        "safety": {"max_writes_per_hour": 1_000},
        "viewers": [
            {
                "name": "anna",
                "accounts": {"plex": ["anna"]},
                "trackers": {"plex": plex, "trakt": trakt},
                "pairs": [{"between": ["trakt", "plex"], "plays": "both", "ratings": "both", "every": "15m", **pair}],
            }
        ],
    }


class Household(Pairing):
    """``anna`` with the library of a Plex server and her Trakt account."""

    home: Home

    def minutes(self, thing: HomeThing) -> list[datetime]:
        """When Trakt has it watched."""
        return sorted(play.watched_at for play in self.home.trakt().history if play.title == thing.title)

    def stands(self, thing: HomeThing) -> str:
        """What is other than it must be; empty where all is well."""
        minutes = self.minutes(thing)
        if thing.plays is not None and not _fits(minutes, thing.plays):
            return f"{thing.case}: on Trakt at {minutes}, and not at {thing.plays}"
        rated = next((one.rating for one in self.home.trakt().ratings if one.title == thing.title), None)
        said = {one.rating for one in self.home.things if one.title == thing.title}
        if thing.title is not None and rated not in said:
            return f"{thing.case}: rated {rated} on Trakt, and not {thing.rating}"
        for server, key in thing.copies:
            copy = self.sandbox[server].library.items.get(key)
            if copy is None or server != "plex":
                continue
            state = self.home.plex.views.of(ANNA, copy)
            if thing.watched is not None and bool(state.count) is not thing.watched:
                return f"{thing.case}: {state} in the library, and not watched: {thing.watched}"
            if state.rating not in {one.stars for one in self.home.things if (server, key) in one.copies}:
                return f"{thing.case}: {state.rating} in the library, and not {thing.stars}"
        return ""

    def wrong(self) -> list[str]:
        of_anna = (thing for thing in self.home.things if thing.person == "anna" and _is_at_home(thing))
        return [what for thing in of_anna if (what := self.stands(thing))]


def _is_at_home(thing: HomeThing) -> bool:
    """Whether all of its copies are at the one server of this pair."""
    return all(server == "plex" for server, _ in thing.copies)


def _fits(minutes: Sequence[datetime], plays: Sequence[frozenset[datetime]]) -> bool:
    """Each play is at one of its minutes, and there is no other."""
    left = list(minutes)
    for may in plays:
        at = next((one for one in left if one in may), None)
        if at is None:
            return False
        left.remove(at)
    return not left


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Household]:
    clock = FakeClock()
    sandbox = Sandbox(household_world(), now=clock.now)
    sandbox["trakt"].limits.enforced = False
    values = settings(tmp_path)
    made = Household(tmp_path, sandbox, clock, values, built(tmp_path, sandbox, clock, values))
    made.home = furnish(sandbox)
    grant = sandbox["trakt"].sign_in("anna")
    tokens = StoredTokens(made.runtime.store, "anna", "trakt", lambda values: None, clock.now)
    await tokens.save({**grant.answer(), "client_id": "sandbox-client", "redirect_uri": grant.redirect_uri})
    yield made
    await made.runtime.aclose()


async def test_every_case_of_a_real_library_stands_as_it_must_and_stays_so(house: Household) -> None:
    assert (await house.sync()).outcome == "done"
    await house.settle()
    assert house.wrong() == []
    writes = house.writes()
    for _ in range(3):
        house.clock.advance(7 * 3_600)
        assert (await house.sync()).outcome == "nothing"
    assert (house.wrong(), house.writes()) == ([], writes)


async def test_a_dry_run_tells_all_and_writes_nothing(house: Household) -> None:
    one = house.wired
    ended = await house.runtime.keeper.reconciler(one).plan(Options())
    assert ended.plan is not None
    text = ended.plan.text()
    assert "4 titles to tick off as watched" in text
    assert "more viewings that plex counts are dated nowhere" in text
    assert house.writes() == 0


async def test_a_show_that_is_rated_on_trakt_alone_gets_its_rating_in_the_library(house: Household) -> None:
    await house.sync()
    await house.settle()
    rated = {entry.title.trakt for entry in house.home.trakt().ratings if entry.title.kind == "show"}
    chosen = next(one for one in house.sandbox.world.shows if one.trakt not in rated and _holds(house, one.tmdb))
    house.rate_on_trakt("show", chosen.trakt, 9, house.clock.now())
    await house.settle()
    (copy,) = [one for one in house.home.plex.library.items.values() if one.type == "show" and one.show == chosen]
    assert house.home.plex.views.of(ANNA, copy).rating == 9.0


def _holds(house: Household, tmdb: int) -> bool:
    shows = (one.show for one in house.home.plex.library.items.values() if one.type == "show")
    return any(show is not None and show.tmdb == tmdb for show in shows)
