"""A library is no destination: of what sources and files tell, nothing goes to it, however it is told.

The library is ``trackers/shelf``, which is the same place as the source plex.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import rich_click as click

from flows.home import CONFIG, Home, episode, film, home_at
from scrobbled.cli.importing import _targets
from scrobbled.config import loads
from scrobbled.core.watching.events import Account
from scrobbled.intake.household import ConfiguredHousehold, household_of, without_effect
from scrobbled.trackers.files.parsed import Parsed

PAIR = "    pairs: [{between: [shelf, trakt], plays: both, removals: propagate}]\n"
WITH_LIBRARY = CONFIG.replace("trakt: {client_id: a},", "shelf: {}, trakt: {client_id: a},") + PAIR
MARK = {"entered": True, "marked": True}


@pytest.fixture
async def home(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Home]:
    async with home_at(tmp_path / "scrobbled.db") as found:
        found.restart(WITH_LIBRARY)
        yield found


async def told(home: Home) -> set[str]:
    """The trackers for which anything lies in the queue."""
    rows = await home.sql("SELECT tracker FROM outbox UNION SELECT tracker FROM amendments")
    return {row[0] for row in rows}


@pytest.mark.parametrize("source", ["plex", "tautulli", "jellyfin", "emby"])
async def test_no_viewing_mark_or_rating_of_any_source_goes_to_it(home: Home, source: str) -> None:
    await home.hear(source, "watched")
    await home.hear(source, "watched", episode(2), **MARK, after=60)
    await home.hear(source, "rated", film(), rating=8, after=60)
    await home.hear(source, "unwatched", **MARK, after=60)
    assert await told(home) == {"trakt", "serializd"}
    assert all(account[1] != "shelf" for woken in home.woken for account in woken)


async def test_no_mark_is_ticked_off_in_it_although_it_knows_ticks(home: Home) -> None:
    home.restart(home.text.replace("token: a-webhook-token-0817", "token: a-webhook-token-0817, marks: tick"))
    await home.hear("jellyfin", "watched", **MARK)
    assert await told(home) == {"serializd"}


async def test_what_is_run_again_goes_nowhere_else(home: Home) -> None:
    home.restart(CONFIG)
    await home.hear("plex", "watched")
    home.restart(WITH_LIBRARY)
    await home.replay()
    assert await told(home) == {"trakt", "serializd"}


def household(viewer: str) -> ConfiguredHousehold:
    return household_of(loads(f"sources: {{plex: {{token: a-webhook-token-0815}}}}\nviewers: [{viewer}]\n", {}))


def test_who_has_a_library_alone_has_no_destination() -> None:
    (claimant,) = household("{name: anna, accounts: {plex: anna}, trackers: {shelf: {}}}").claimants(
        "plex", Account("", "anna").names()
    )
    assert claimant.ways == ()
    assert claimant.home == ("shelf",)


def test_what_speaks_for_a_server_is_the_same_place_as_the_server() -> None:
    text = WITH_LIBRARY.replace("accounts: {plex: anna, tautulli: anna", "accounts: {tautulli: anna")
    (claimant,) = household_of(loads(text, {})).claimants("tautulli", Account("", "anna").names())
    assert claimant.home == ("shelf",)


def test_a_file_is_never_imported_to_it(tmp_path: Path) -> None:
    (viewer,) = loads(WITH_LIBRARY, {}).viewers
    parsed = Parsed("table", [], [])
    targets = _targets(viewer, parsed, tmp_path / "seen.csv", [])
    assert [one.sides.b for one in targets] == ["trakt", "serializd"]
    with pytest.raises(click.UsageError, match="no tracker shelf to import to"):
        _targets(viewer, parsed, tmp_path / "seen.csv", ["shelf"])


def test_a_library_without_a_pair_is_said_to_have_no_effect() -> None:
    assert list(without_effect(loads(WITH_LIBRARY, {}))) == []
    alone = loads(WITH_LIBRARY.removesuffix(PAIR), {})
    assert list(without_effect(alone)) == [
        "viewers: anna: only a pair reads and writes shelf; add one with another tracker"
    ]
