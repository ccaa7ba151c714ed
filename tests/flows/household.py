"""A household's Plex library and Trakt as a pair, by the stand-ins of both."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from conftest import FakeClock
from pairing import SHOWN, Pairing, built
from scrobbled.sandbox.homes.home import Home, HomeThing
from scrobbled.sandbox.homes.household import furnish, household_world
from scrobbled.sandbox.plex.app import OWNER_TOKEN
from scrobbled.sandbox.plex.people import ANNA
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
