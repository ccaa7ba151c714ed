"""The files of a Plex library in the collection of a Trakt account: once, with their best details, kept up to date."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from flows.household import Household, household
from scrobbled.desk.facts import house as facts
from scrobbled.sandbox.plex.files import FileVersion
from scrobbled.sandbox.plex.items import LibraryItem
from scrobbled.sandbox.trakt.accounts import ListEntry

PAIR = {"plays": "off", "ratings": "off", "collection": "plex-to-trakt"}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Household]:
    async with household(tmp_path, furnished=False, **PAIR) as made:
        yield made


def films(house: Household) -> list[LibraryItem]:
    return [one for one in house.home.plex.library.items.values() if one.type == "movie"]


def collected(house: Household) -> dict[tuple[str, int], ListEntry]:
    return {entry.title.key: entry for entry in house.sandbox["trakt"].account_of("anna").collection}


def entry_of(house: Household, film: LibraryItem) -> ListEntry:
    assert film.movie is not None
    return collected(house)["movie", film.movie.trakt]


def put_by_hand(house: Household, film: LibraryItem, **metadata: Any) -> None:
    trakt = house.sandbox["trakt"]
    assert film.movie is not None
    title = trakt.catalogue.by_id("movie", "trakt", film.movie.trakt)
    at = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    account = trakt.account_of("anna")
    account.collection.put(ListEntry(next(trakt.numbers), title, at, metadata=metadata), trakt.now())
    account.touch("movies", "collected_at", trakt.now())


def upgrade(house: Household, film: LibraryItem) -> None:
    house.clock.advance(3_600)
    house.home.plex.library.hold(film, media=(FileVersion(2160),), changed=int(house.clock.now().timestamp()))


async def test_each_file_arrives_once_with_its_time_and_details(house: Household) -> None:
    assert (await house.sync()).outcome == "done"
    leaves = [one for one in house.home.plex.library.items.values() if one.type in ("movie", "episode")]
    known = {key for item in leaves if (key := _key(item))}
    assert collected(house).keys() == known
    first = films(house)[0]
    found = entry_of(house, first)
    assert dict(found.metadata) == {
        "media_type": "digital",
        "resolution": "hd_1080p",
        "audio": "dolby_digital_plus",
        "audio_channels": "5.1",
    }
    assert found.at == datetime.fromtimestamp(first.held.added, UTC)
    await house.settle()
    writes = house.writes()
    for _ in range(3):
        house.clock.advance(7 * 3_600)
        assert (await house.sync()).outcome == "nothing"
    assert house.writes() == writes


def _key(item: LibraryItem) -> tuple[str, int] | None:
    named = item.movie or item.episode
    return None if named is None else (item.type, named.trakt)


async def test_a_better_file_is_one_update(house: Household) -> None:
    await house.sync()
    await house.settle()
    first, writes = films(house)[0], house.writes()
    upgrade(house, first)
    assert (await house.sync()).outcome == "done"
    assert entry_of(house, first).metadata["resolution"] == "uhd_4k"
    assert house.writes() == writes + 1
    await house.settle()
    assert house.writes() == writes + 1


async def test_what_trakt_had_already_keeps_its_details_and_gets_those_that_were_missing(house: Household) -> None:
    first, second = films(house)[:2]
    put_by_hand(house, first, resolution="uhd_4k")
    put_by_hand(house, second)
    await house.sync()
    await house.settle()
    assert entry_of(house, first).metadata["resolution"] == "uhd_4k"
    assert entry_of(house, first).metadata["audio"] == "dolby_digital_plus"
    assert entry_of(house, second).metadata["resolution"] == "hd_1080p"
    assert entry_of(house, first).at.year == 2024


async def test_a_trakt_that_drops_details_is_told_nothing_twice(house: Household) -> None:
    house.sandbox["trakt"].drops_details = True
    put_by_hand(house, films(house)[0])
    await house.sync()
    await house.settle()
    writes = house.writes()
    upgrade(house, films(house)[0])
    await house.sync()
    assert house.writes() == writes + 1
    for _ in range(3):
        house.clock.advance(7 * 3_600)
        assert (await house.sync()).outcome == "nothing"
    assert house.writes() == writes + 1


async def test_what_leaves_the_library_stays_collected(house: Household) -> None:
    await house.sync()
    await house.settle()
    before = collected(house).keys()
    house.home.plex.library.remove(films(house)[0])
    for _ in range(4):
        house.clock.advance(7 * 3_600)
        assert (await house.sync()).outcome == "nothing"
    assert collected(house).keys() == before


async def test_a_free_account_gets_what_there_is_room_for(house: Household) -> None:
    house.sandbox["trakt"].account_of("anna").limits["collection"] = 5
    for _ in range(6):
        house.clock.advance(900)
        await house.sync()
    assert len(collected(house)) == 5
    refused = [one for one in house.sandbox["trakt"].log if one.path == "/sync/collection" and one.method == "POST"]
    assert len(refused) <= 3, "what Trakt does not tell is learnt, and not run into again"


async def test_what_an_account_may_hold_is_told_in_the_plan_and_by_the_account(house: Household) -> None:
    ended = await house.compare()
    assert ended.plan is not None
    assert "trakt, free account: collection 0, limit not told" in [one.lower() for one in ended.plan.warnings]
    await house.deliver()
    await house.sync(full=True)
    now = house.clock.now().timestamp()
    found = await house.runtime.store.read(lambda db: facts.status(db, house.runtime.config, now, 0))
    (trakt,) = (one.holds for one in found.trackers if one.tracker == "trakt")
    held = len(collected(house))
    assert (trakt.vip, trakt.limits) == (False, {})
    assert trakt.room.startswith(f"free account: collection {held:,}, limit not told")
