"""Two sides that know a thing by different names, or have two things under one."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from flows.test_memory_walk import NAMES, START, Bench
from scrobbled.core.errors import TryLater
from scrobbled.core.naming.ids import EpisodeIds, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.records import Subject
from scrobbled.reconcile.loading import Course
from scrobbled.store.mirror import ledger
from scrobbled.store.mirror.names import NamedSubject
from scrobbled.trackers.base import Address, Foresees
from trackers.memory.person import Person
from trackers.memory.records import key_of
from trackers.memory.tracker import MemoryTracker

PAIR = ",".join(NAMES)


class Placing(MemoryTracker):
    """Writes down what it is asked to locate."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.asked: list[Item | list[Item]] = []
        self.down_for: Item | None = None

    @property
    def foresees(self) -> Foresees:
        return self

    async def survey(self, items: Sequence[Item]) -> None:
        self.asked.append(list(items))

    async def foresee(self, addresses: Sequence[Address]) -> None: ...

    async def locate_subject(self, subject: Subject) -> Address:
        self.asked.append(subject.item)
        if subject.item == self.down_for:
            raise TryLater("a moment please")
        return await super().locate_subject(subject)


class Asked(Bench):
    """The second side is ``Placing``."""

    def begin(self) -> None:
        self.trackers["right"] = self.right = Placing(can=self.trackers["right"].can)
        super().begin()

    @property
    def asked(self) -> list[Item | list[Item]]:
        return self.right.asked

    def watched(self, side: str, item: Item, at: datetime = START) -> None:
        Person(self.trackers[side]).add(item, at.replace(second=0) if side == "left" else at)

    def rated(self, side: str, item: Item, value: int | None) -> None:
        Person(self.trackers[side]).rate(Subject("", item.media, item), value, self.clock.now())

    async def linked(self) -> int:
        return await self.store.read(lambda db: ledger.count_agreed(db, "anna", PAIR))


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Asked]:
    bench = Asked(tmp_path, "propagate")
    yield bench
    await bench.store.aclose()


HARBOUR, HAFEN = ShowIds(tmdb=1399, tvdb=5), ShowIds(tvdb=5)
SAME: dict[str, tuple[Item, Item]] = {
    "a special that is numbered otherwise": (
        Episode("Harbour", 0, 1, "The Making", show_ids=HARBOUR, ids=EpisodeIds(tmdb=77, tvdb=8)),
        Episode("Hafen", 0, 4, "Das Making-of", show_ids=HAFEN, ids=EpisodeIds(tvdb=8)),
    ),
    "an episode with a number that counts through the show": (
        Episode("Harbour", 2, 4, "Ebb", show_ids=HARBOUR, ids=EpisodeIds(tmdb=78, tvdb=9)),
        Episode("Harbour", 1, 30, "Ebb", show_ids=HAFEN, ids=EpisodeIds(tvdb=9), absolute=True),
    ),
    "an episode in another language": (
        Episode("Harbour", 1, 1, "Low Tide", show_ids=HARBOUR, ids=EpisodeIds(tmdb=79)),
        Episode("Hafen", 1, 1, "Niedrigwasser", show_ids=ShowIds(tmdb=1399), ids=EpisodeIds(tmdb=79)),
    ),
    "a season in other order": (
        Episode("Harbour", 1, 5, "Low Tide", show_ids=HARBOUR, ids=EpisodeIds(tmdb=80)),
        Episode("Harbour", 2, 1, "High Tide", show_ids=ShowIds(tmdb=1399), ids=EpisodeIds(tmdb=80)),
    ),
    "an episode of a show by another id": (
        Episode("Harbour", 1, 2, "Neap", show_ids=HARBOUR, ids=EpisodeIds(tmdb=81)),
        Episode("Harbour", 1, 2, "Neap", show_ids=HAFEN),
    ),
    "a film by another id": (
        Movie("Atlas", 2019, MovieIds(tmdb=1, imdb="tt1")),
        Movie("Der Atlas", 2020, MovieIds(imdb="tt1")),
    ),
    "a film that neither knows by TMDB": (
        Movie("Atlas", 2019, MovieIds(tvdb=4)),
        Movie("Der Atlas", 2020, MovieIds(imdb="tt9", tvdb=4)),
    ),
}


@pytest.mark.parametrize("turned", [False, True], ids=["", "turned"])
@pytest.mark.parametrize("pair", SAME.values(), ids=SAME)
async def test_what_shares_an_id_is_the_same_and_is_not_looked_up(
    two: Asked, pair: tuple[Item, Item], turned: bool
) -> None:
    left, right = reversed(pair) if turned else pair
    two.watched("left", left)
    two.watched("right", right)
    two.rated("left", left, 8)
    assert (await two.compare()).outcome == "done"
    assert (await two.linked(), two.asked) == (1, [])
    await two.deliver()
    two.asked.clear()
    assert len(two.trackers["left"].plays) == len(two.trackers["right"].plays) == 1
    assert [one.value for one in two.trackers["right"].ratings.values()] == [8]
    assert [await two.cycle() for _ in range(2)] == ["nothing", "nothing"]
    assert len(two.trackers["left"].ratings) == 1
    assert two.asked == []


async def test_one_place_with_two_ids_is_looked_up_and_no_more_than_that(two: Asked) -> None:
    mine = Episode("Harbour", 1, 1, "Ebb", show_ids=HARBOUR, ids=EpisodeIds(tmdb=77))
    two.watched("left", mine)
    theirs = Episode("Harbour", 1, 1, "Ebb", show_ids=ShowIds(tmdb=1399), ids=EpisodeIds(tmdb=78))
    two.watched("right", theirs, START.replace(day=2))
    two.right.unknown = frozenset([key_of(mine)])
    assert await two.cycle() == "done"
    assert two.asked == [mine]
    assert await two.linked() == 0
    assert len(two.trackers["left"].plays) == 2, "what the other side has is another one"


async def test_a_title_still_tells_where_no_id_does(two: Asked) -> None:
    mine = Episode("Harbour", 1, 1, "Ebb", show_ids=HARBOUR, ids=EpisodeIds(tmdb=77))
    two.watched("left", mine)
    two.watched("right", Episode("Harbour", 1, 1, "Flood", show_ids=ShowIds(tmdb=1399)))
    await two.cycle()
    assert two.asked == [mine]


async def test_a_show_is_surveyed_before_what_is_missing_there_is_looked_up(two: Asked) -> None:
    two.right.can = replace(two.right.can, ahead=2)
    two.watched("right", Episode("Harbour", 1, 1, "Flood", show_ids=ShowIds(tmdb=1399)))
    two.watched("right", Episode("Lights", 1, 1, show_ids=ShowIds(tmdb=2)))
    other = Episode("Lights", 1, 2, show_ids=ShowIds(tmdb=2))
    titled, *missing = (Episode("Harbour", *place, "Ebb", show_ids=HARBOUR) for place in ((1, 1), (2, 1), (2, 2)))
    for n, item in enumerate((titled, missing[0], other, missing[1])):
        two.watched("left", item, START.replace(day=n + 2))
    await two.compare()
    assert two.asked == [missing, titled, *missing, other]


async def test_what_was_found_before_nobody_answers_is_not_looked_up_again(two: Asked) -> None:
    items = [Episode("Harbour", 0, n, f"Part {n}", show_ids=HARBOUR) for n in range(3)]
    for n, item in enumerate(items):
        two.watched("left", item, START.replace(day=n + 2))
    two.right.down_for = items[2]
    assert (await two.compare()).outcome == "failed"
    two.right.down_for = None
    assert (await two.compare()).outcome == "done"
    assert two.asked == [*items, items[2]]


async def test_two_keys_of_one_side_are_one_thing_by_an_id_too(two: Asked) -> None:
    here, again = Movie("Atlas", 2019, MovieIds(tmdb=1, imdb="tt1")), Movie("Atlas", 2019, MovieIds(tvdb=4, tmdb=1))
    there = Movie("Atlas", 2019, MovieIds(tvdb=4))
    two.watched("left", here)
    two.watched("left", again, START.replace(year=2025))
    two.watched("right", there)
    two.watched("right", there, START.replace(year=2025))
    assert await two.cycle() == "nothing"
    assert await two.linked() == 2


async def test_what_both_agreed_on_is_taken_away_on_both_under_whatever_name(two: Asked) -> None:
    (left, right), film = SAME["a film by another id"], Movie("Other", 2019, MovieIds(tmdb=2))
    for side, rated in (("left", left), ("right", right), ("left", film), ("right", film)):
        two.rated(side, rated, 8)
    assert [await two.cycle() for _ in range(2)] == ["nothing", "nothing"]
    agreed = await two.store.read(lambda db: ledger.values(db, "anna", PAIR))
    assert agreed == {("ratings", "movie:tmdb:1"): (8, 8), ("ratings", "movie:tmdb:2"): (8, 8)}
    two.rated("right", right, None)
    for _ in range(3):
        two.clock.advance(7 * 3_600)
        await two.cycle()
    assert [list(tracker.ratings) for tracker in two.trackers.values()] == [["movie:tmdb:2"]] * 2


# -- the one name of both sides ----------------------------------------------------------------------------------------


def canon(placed: dict[str, str | None] | None = None, **named: str) -> tuple[dict[str, str], set[str]]:
    """``a1="identity name name"``, with ``-`` for no identity."""
    course = Course("", placed=placed or {})
    told = {(key[0], key): text.split() for key, text in named.items()}
    course.name(
        {one: NamedSubject(None if first == "-" else first, tuple(names)) for one, (first, *names) in told.items()}
    )
    return {**course.a.canon, **course.b.canon}, course.apart


def test_side_b_names_it_where_it_can() -> None:
    film = "movie:tmdb:1"
    assert canon(a1=f"{film} {film}", b1=f"{film} {film}") == ({"a1": film, "b1": film}, set())
    imdb = "movie:imdb:tt1"
    assert canon(a1=f"{film} {film} {imdb}", b1=f"{imdb} {imdb}") == ({"a1": film, "b1": film}, set())
    one, two = "episode:1399:1:1", "episode:1399:1:2"
    found, _ = canon(a1=f"{one} episode:tmdb:7 {one}", b1=f"{two} episode:tmdb:7 {two}")
    assert found == {"a1": two, "b1": two}
    assert canon(a1=f"{film} {film} movie:tvdb:4", b1="- movie:tvdb:4")[0] == {"a1": film, "b1": film}
    assert canon(a1="- movie:tvdb:4", b1="- movie:tvdb:4")[0] == {"a1": "b:b1", "b1": "b:b1"}
    assert canon(a1="- movie:tvdb:4", a2=f"{film} {film}")[0] == {"a1": "a:a1", "a2": film}


def test_no_two_things_have_one_name() -> None:
    place = "episode:1399:1:1"
    found, apart = canon(a1=f"{place} episode:tmdb:7 {place}", b1=f"{place} episode:tmdb:8 {place}")
    assert (found, apart) == ({"a1": "a:a1", "b1": place}, {"a1"})


def test_what_was_looked_up_is_called_as_what_is_there_whatever_its_own_names_say() -> None:
    place, other = "episode:1399:1:1", "episode:1399:1:2"
    found, _ = canon({"a1": "b2"}, a1=f"{place} {place}", b1=f"{place} {place}", b2=f"{other} {other}")
    assert found == {"a1": other, "b1": place, "b2": other}
    assert canon({"a1": "b9", "a2": "b9"}, a1=f"{place} {place}", a2="-")[0] == {"a1": "b:b9", "a2": "b:b9"}
    assert canon({"a1": None}, a1=f"{place} {place}", b1=f"{place} {place}")[0] == {"a1": place, "b1": place}
