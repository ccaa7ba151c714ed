"""What left a Plex library for good is removed from Trakt's collection where a person wants that, and only then."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from flows.household import HOME, Household, household
from scrobbled.config import loads
from scrobbled.desk.undo import UndoRequest, undo
from scrobbled.sandbox.faults import Fault
from scrobbled.sandbox.plex.items import FILMS, Holding, LibraryItem
from scrobbled.sandbox.plex.people import CABIN
from scrobbled.sandbox.trakt.accounts import ListEntry

pytestmark = pytest.mark.anyio
FILES = {"plays": "off", "ratings": "off", "collection": "plex-to-trakt"}
LEAVES = {**FILES, "removals": {"collection": "propagate"}}


@contextlib.asynccontextmanager
async def collecting(folder: Path, **pair: object) -> AsyncIterator[Household]:
    """A household whose files are on Trakt."""
    async with household(folder, furnished=False, **{**LEAVES, **pair}) as made:
        await made.sync()
        await made.settle()
        assert collected(made)
        yield made


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Household]:
    async with collecting(tmp_path) as made:
        yield made


def collected(house: Household) -> dict[tuple[str, int], ListEntry]:
    return {entry.title.key: entry for entry in house.home.trakt().collection}


def film(house: Household, at: int = 0) -> LibraryItem:
    return house.home.item(house.sandbox.world.movies[at])


def key_of(house: Household, item: LibraryItem) -> tuple[str, int]:
    return house.home.title(item).key


async def readings(house: Household, count: int = 3) -> list[str]:
    """So many complete ones; what the plans warned of."""
    told: list[str] = []
    for _ in range(count):
        house.clock.advance(7 * 3_600)
        ended = await house.sync(full=True)
        told += ended.plan.warnings if ended.plan else ()
    return told


async def test_what_left_for_good_leaves_the_collection_after_two_complete_readings(house: Household) -> None:
    gone, before = key_of(house, film(house)), collected(house)
    house.home.plex.library.remove(film(house))
    await readings(house, 1)
    assert collected(house).keys() == before.keys(), "one reading decides nothing"
    house.clock.advance(7 * 3_600)
    ended = await house.sync(full=True)
    assert ended.plan is not None
    assert [(one.action, one.why) for one in ended.plan.changes] == [
        ("uncollect", "its last file left the library Films on plex")
    ]
    assert collected(house).keys() == before.keys() - {gone}
    writes = house.writes()
    await readings(house)
    assert house.writes() == writes


async def test_with_plays_and_ratings_it_is_the_same(tmp_path: Path) -> None:
    async with collecting(tmp_path, plays="both", ratings="both") as house:
        gone, before = key_of(house, film(house)), collected(house).keys()
        house.home.plex.library.remove(film(house))
        await readings(house)
        assert collected(house).keys() == before - {gone}


async def test_undo_gives_it_back_as_it_was_and_it_stays(house: Household) -> None:
    before = {key: (one.at, dict(one.metadata)) for key, one in collected(house).items()}
    house.home.plex.library.remove(film(house))
    await readings(house)
    assert len(collected(house)) == len(before) - 1
    run = (await house.sql("SELECT run FROM amendments WHERE action = 'uncollect'"))[0][0]
    await undo(house.runtime.store, UndoRequest(run=run), house.clock.now().timestamp())
    await house.deliver()
    await readings(house)
    assert {key: (one.at, dict(one.metadata)) for key, one in collected(house).items()} == before


async def test_a_file_that_comes_back_is_collected_again(house: Household) -> None:
    item, before = film(house), collected(house).keys()
    house.home.plex.library.remove(item)
    await readings(house)
    assert collected(house).keys() != before
    house.home.plex.library.put_back([item])
    await readings(house)
    assert collected(house).keys() == before


async def test_who_wants_to_be_asked_is_asked(tmp_path: Path) -> None:
    async with collecting(tmp_path, removals={"collection": "ask"}) as house:
        before = collected(house).keys()
        house.home.plex.library.remove(film(house))
        await readings(house)
        assert collected(house).keys() == before
        held = await house.sql("SELECT action, hold FROM amendments WHERE state = 'held'")
        assert held == [("uncollect", "ask")]


async def test_what_a_person_entered_on_trakt_stays(tmp_path: Path) -> None:
    async with household(tmp_path, furnished=False, **LEAVES) as house:
        trakt, at = house.home.trakt(), datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
        title = house.home.title(film(house))
        trakt.collection.put(ListEntry(next(trakt.numbers), title, at, metadata={}), house.sandbox["trakt"].now())
        trakt.touch("movies", "collected_at", house.sandbox["trakt"].now())
        await house.sync()
        await house.settle()
        before = collected(house).keys()
        house.home.plex.library.remove(film(house))
        told = await readings(house)
        assert collected(house).keys() == before
        assert "1 title on trakt stays, gone from plex: somebody else entered or changed it there" in told


async def test_what_was_entered_by_hand_again_stays(house: Household) -> None:
    item, trakt, now = film(house), house.home.trakt(), house.sandbox["trakt"].now()
    entry = collected(house)[key_of(house, item)]
    house.clock.advance(3 * 86_400)
    trakt.collection.take(entry.title, now)
    trakt.collection.put(ListEntry(next(trakt.numbers), entry.title, house.clock.now(), metadata=entry.metadata), now)
    house.home.plex.library.remove(item)
    await readings(house)
    assert key_of(house, item) in collected(house)


@pytest.mark.parametrize("removals", ["ignore", {"plays": "propagate"}])
async def test_without_the_word_everything_stays(tmp_path: Path, removals: object) -> None:
    async with collecting(tmp_path, removals=removals) as house:
        before = collected(house).keys()
        house.home.plex.library.remove(film(house))
        await readings(house)
        assert collected(house).keys() == before


@pytest.mark.parametrize("case", ["emptied", "closed", "trash", "most", "left out", "off", "refused"])
async def test_a_library_a_disk_or_a_server_that_is_away_takes_nothing_along(house: Household, case: str) -> None:
    library, before = house.home.plex.library, collected(house).keys()
    films = [one for one in library.items.values() if one.type == "movie"]
    if case == "emptied":
        for one in films:
            library.remove(one)
    elif case == "closed":
        library.close(FILMS)
    elif case == "trash":
        for one in films[:1]:
            library.hold(one, deleted=int(house.clock.now().timestamp()), changed=int(house.clock.now().timestamp()))
    elif case == "most":
        for one in films[: len(films) // 2 + 1]:
            library.remove(one)
    elif case == "left out":
        await choose(house, "TV")
    else:
        house.sandbox["plex"].faults.add(Fault(match="*", status=503 if case == "off" else 401))
    for _ in range(4):
        house.clock.advance(7 * 3_600)
        await house.sync(full=True)
    assert collected(house).keys() == before


async def choose(house: Household, *titles: str) -> None:
    values = deepcopy(dict(house.settings))
    values["viewers"][0]["trackers"]["plex"]["libraries"] = list(titles)
    await house.runtime.reload(loads(yaml.dump(values, Dumper=Plainly), {}, path=None))


class Plainly(yaml.SafeDumper):
    """Says everything where it stands."""

    def ignore_aliases(self, data: object) -> bool:
        return True


async def test_a_library_that_was_left_out_and_is_chosen_again_has_to_be_read_twice_without_it(
    house: Household,
) -> None:
    before, item = collected(house).keys(), film(house)
    await choose(house, "TV")
    await readings(house)
    house.home.plex.library.remove(item)
    await choose(house)
    await readings(house, 4)
    assert collected(house).keys() == before, "nobody saw it leave"


async def test_a_copy_at_another_server_keeps_it(tmp_path: Path) -> None:
    servers = [{"url": HOME["url"], "token": HOME["token"]}, {"url": "http://sandbox/plex-cabin", "token": CABIN.token}]
    plex = {"servers": servers, "account_url": HOME["account_url"]}
    async with household(tmp_path, furnished=False, plex=plex, **LEAVES) as house:
        cabin = house.home.cabin.library
        cabin.open(FILMS)
        away = [cabin.put(one, Holding(FILMS)) for one in house.sandbox.world.movies[:3]]
        await house.sync()
        await house.settle()
        before, gone = collected(house).keys(), key_of(house, film(house))
        house.home.plex.library.remove(film(house))
        await readings(house)
        assert collected(house).keys() == before
        cabin.remove(away[0])
        await readings(house)
        assert collected(house).keys() == before - {gone}
