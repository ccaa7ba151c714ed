"""A household's Plex library and Trakt as a pair, by the stand-ins of both."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from conftest import FakeClock
from pairing import SHOWN, Pairing, built
from scrobbled.sandbox.homes.home import Home
from scrobbled.sandbox.homes.household import furnish, household_world
from scrobbled.sandbox.homes.standing import wrong
from scrobbled.sandbox.plex.app import OWNER_TOKEN
from scrobbled.sandbox.server import Sandbox
from scrobbled.store.accounts.sign_ins import StoredTokens

HOME = {"url": "http://sandbox/plex", "token": OWNER_TOKEN, "account_url": "http://sandbox/plextv"}


def settings(folder: Path, plex: dict[str, Any], **pair: Any) -> dict[str, Any]:
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

    def wrong(self) -> list[str]:
        return wrong(self.home, {"plex"})


@contextlib.asynccontextmanager
async def household(
    folder: Path, *, furnished: bool = True, plex: dict[str, Any] = HOME, **pair: Any
) -> AsyncIterator[Household]:
    """``pair`` is added to the pair's configuration, and ``plex`` is the section of that tracker. Unfurnished it is a
    sandbox with nothing watched.
    """
    clock = FakeClock()
    sandbox = Sandbox(household_world(), now=clock.now)
    sandbox["trakt"].limits.enforced = False
    values = settings(folder, plex, **pair)
    made = Household(folder, sandbox, clock, values, built(folder, sandbox, clock, values))
    made.home = furnish(sandbox) if furnished else Home(sandbox, sandbox.now())
    grant = sandbox["trakt"].sign_in("anna")
    tokens = StoredTokens(made.runtime.store, "anna", "trakt", lambda values: None, clock.now)
    await tokens.save({**grant.answer(), "client_id": "sandbox-client", "redirect_uri": grant.redirect_uri})
    try:
        yield made
    finally:
        await made.runtime.aclose()
