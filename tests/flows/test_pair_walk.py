"""Whatever a person does on two sites, and whatever fails meanwhile: both sides converge, and nothing is doubled.

Random plays, ratings, edits, removals, faults before and after their effect, stale and cut reads, crashes and restarts.
``SCROBBLED_WALKS`` makes it a long walk: 10,000 take some hours.
"""

import asyncio
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from pairing import Pairing, pairing
from scrobbled.sandbox.faults import Fault

WALKS = int(os.environ.get("SCROBBLED_WALKS", "20"))
SAME = "SCROBBLED_WALKS" not in os.environ
"""The same walks in every ordinary run; a long one goes where it likes."""
QUICK = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
"""A disk that need not be waited for: a walk writes a thousand times."""
START = datetime(2026, 3, 1, 19, 7, 23, tzinfo=UTC)
ITEMS = [(show, 1, number) for show in range(3) for number in range(1, 4)]
FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("serializd", {"match": "POST */reviews/add", "kind": "status", "status": 500}),
    ("serializd", {"match": "POST */reviews/add", "kind": "status", "status": 502, "when": "after"}),
    ("serializd", {"match": "POST */reviews/add", "kind": "drop", "when": "after"}),
    ("serializd", {"match": "POST */reviews/update", "kind": "drop", "when": "after"}),
    ("serializd", {"match": "POST */episode_log/add", "kind": "status", "status": 503}),
    ("serializd", {"match": "GET */diary*", "kind": "status", "status": 502}),
    ("serializd", {"match": "GET */diary*", "kind": "malformed"}),
    ("serializd", {"match": "GET */diary*", "kind": "html"}),
    ("serializd", {"match": "GET */profile*", "kind": "status", "status": 503}),
    ("trakt", {"match": "POST /sync/history", "kind": "status", "status": 502}),
    ("trakt", {"match": "POST /sync/history", "kind": "drop", "when": "after"}),
    ("trakt", {"match": "POST /sync/ratings", "kind": "drop", "when": "after"}),
    ("trakt", {"match": "GET /sync/history*", "kind": "status", "status": 503}),
    ("trakt", {"match": "GET /sync/history*", "kind": "malformed"}),
    ("trakt", {"match": "GET /sync/watched*", "kind": "status", "status": 500}),
    ("trakt", {"match": "GET /sync/last_activities", "kind": "html"}),
    ("serializd", {"match": "GET */diary*", "kind": "stale", "seconds": 1_000}),
    ("trakt", {"match": "GET /sync/*", "kind": "stale", "seconds": 1_000}),
    ("trakt", {"match": "POST /sync/history", "kind": "half", "status": 504}),
]


@dataclass
class Viewing:
    """Watched once. ``made`` is the side on which the person wrote it down, ``gone`` those on which they deleted it."""

    item: tuple[int, int, int]
    at: datetime
    made: str
    both: bool = False
    """Both sides were seen with it, in a cycle that had nothing to do."""
    gone: set[str] = field(default_factory=set)

    def key(self, home: Pairing) -> tuple[int, int, int, str]:
        show, season, number = self.item
        return home.sandbox.world.shows[show].tmdb, season, number, self.at.strftime("%Y-%m-%dT%H:%M")


@dataclass
class Person:
    """Two accounts, and what was truly watched."""

    home: Pairing
    viewings: list[Viewing] = field(default_factory=list)
    fresh: set[tuple[bool, tuple[int, int, int]]] = field(default_factory=set)
    """Items of which something was added, or deleted, since the last rest: one added and one deleted is one moved."""

    def watch(self, side: str, item: int, hours: int) -> None:
        """Each viewing of an item is a day and more from every other: what is closer is a matter of ``lineup``."""
        at = START + timedelta(hours=hours * 40, minutes=item * 7)
        if any(one.item == ITEMS[item] and one.at == at for one in self.viewings) or (False, ITEMS[item]) in self.fresh:
            return
        self.fresh.add((True, ITEMS[item]))
        self.viewings.append(Viewing(ITEMS[item], at, side))
        if side == "trakt":
            self.home.on_trakt(*ITEMS[item], at)
        else:
            self.home.on_serializd(*ITEMS[item], at)

    def delete(self, side: str, which: int) -> None:
        """Never the last one: a listing that is empty all at once is not believed."""
        held = [one for one in self.viewings if one.both and not one.gone and (True, one.item) not in self.fresh]
        if not held or sum((self.home.trakt() if side == "trakt" else self.home.serializd()).values()) < 2:
            return
        viewing = held[which % len(held)]
        self.fresh.add((False, viewing.item))
        viewing.gone.add(side)
        key = viewing.key(self.home)
        if side == "trakt":
            plays = [
                play for play in self.home.sandbox["trakt"].account_of("anna").history if _is(self.home, play, key)
            ]
            self.home.off_trakt(*(play.id for play in plays))
        else:
            self.home.off_serializd(*(row.id for row in self.home.rows() if _key(self.home, row) == key))

    def rate(self, side: str, item: int, value: int) -> None:
        """By a play of it that stands on that side; on Serializd a rating is part of a row."""
        if side == "trakt":
            self.home.rate_episode(*ITEMS[item], value, self.home.clock.now())
            return
        show, _, number = ITEMS[item]
        season = self.home.sandbox.world.shows[show].seasons[1].tmdb
        rows = [row for row in self.home.rows() if (row.season_id, row.episode_number) == (season, number)]
        if rows:
            self.home.edited(max(rows, key=lambda row: row.date_added).id, rating=value)

    def review(self, which: int) -> None:
        rows = self.home.rows()
        if rows:
            self.home.edited(rows[which % len(rows)].id, review_text=f"thought {which}", like=True)

    async def cycle(self) -> str:
        self.home.clock.advance(900)
        return (await self.home.sync()).outcome

    async def part(self, steps: int) -> None:
        """A run, part of its delivery, and then the process is gone."""
        self.home.clock.advance(900)
        await self.home.compare()
        for courier in self.home.runtime.couriers.values():
            for _ in range(steps):
                if (wait := await courier.step()) is None:
                    break
                self.home.clock.advance(min(wait, 60.0))
        await self.home.restart()

    async def rest(self) -> None:
        """Until a cycle has nothing to do; what both sides then hold they have agreed on."""
        for name in ("serializd", "trakt"):
            self.home.sandbox[name].faults.clear()
        self.home.clock.advance(7 * 3_600)
        for courier in self.home.runtime.couriers.values():
            courier.try_now()
        await self.home.settle(most=12)
        await self.home.settle(most=4)
        self.fresh.clear()
        ours, theirs = self.home.trakt(), self.home.serializd()
        for viewing in self.viewings:
            key = viewing.key(self.home)
            viewing.both = viewing.both or (ours[key] == 1 and theirs[key] == 1)

    def check(self, texts: dict[int, str]) -> None:
        sides = {"trakt": self.home.trakt(), "serializd": self.home.serializd()}
        real = {viewing.key(self.home): viewing for viewing in self.viewings}
        for name, held in sides.items():
            assert not {key: n for key, n in held.items() if n > 1}, f"doubled on {name}"
            assert not set(held) - set(real), f"nobody watched that on {name}"
        for key, viewing in real.items():
            for name, held in sides.items():
                assert held[key] == (0 if name in viewing.gone else 1), (name, key, viewing)
        for row in self.home.rows():
            assert row.review_text == texts.get(row.id, ""), "what a person wrote stays"


def _key(home: Pairing, row: Any) -> tuple[int, int, int, str]:
    seasons = {s.tmdb: s.number for show in home.sandbox.world.shows for s in show.seasons}
    return row.show_id, seasons[row.season_id], row.episode_number, row.backdate[:16]


def _is(home: Pairing, play: Any, key: tuple[int, int, int, str]) -> bool:
    shows = {show.trakt: show.tmdb for show in home.sandbox.world.shows}
    at = play.watched_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")
    return (
        play.title.show is not None and (shows[play.title.show.trakt], play.title.season, play.title.number, at) == key
    )


SIDE = st.sampled_from(["trakt", "serializd"])
STEP = st.one_of(
    st.tuples(st.just("watch"), SIDE, st.integers(0, len(ITEMS) - 1), st.integers(-400, 60)),
    st.tuples(st.just("watch"), SIDE, st.integers(0, len(ITEMS) - 1), st.integers(0, 6)),
    st.tuples(st.just("delete"), SIDE, st.integers(0, 50)),
    st.tuples(st.just("rate"), SIDE, st.integers(0, len(ITEMS) - 1), st.integers(1, 10)),
    st.tuples(st.just("review"), st.integers(0, 50)),
    st.tuples(st.just("fault"), st.integers(0, len(FAULTS) - 1), st.integers(0, 2), st.integers(1, 2)),
    st.tuples(st.just("cycle")),
    st.tuples(st.just("part"), st.integers(0, 6)),
    st.tuples(st.just("rest")),
)


async def _walk(folder: Path, steps: list[tuple[Any, ...]], removals: str) -> None:
    async with pairing(folder, shows=3, removals=removals, safety={"max_removals_percent": 60}) as home:
        person = Person(home)
        for step in steps:
            await _take(person, step)
        await person.rest()
        texts = {row.id: row.review_text for row in home.rows()}
        before = home.writes()
        for _ in range(3):
            assert await person.cycle() == "nothing"
        assert home.writes() == before, "a converged pair is silent"
        if removals == "ignore":
            person.check(texts)
        _ratings_agree(person)


async def _take(person: Person, step: tuple[Any, ...]) -> None:
    name, *given_ = step
    if name == "fault":
        index, skip, times = given_
        service, fault = FAULTS[index]
        person.home.sandbox[service].faults.add(Fault(**fault, skip=skip, times=times))
        return
    action: Callable[..., Any] = getattr(person, name)
    result = action(*given_)
    if asyncio.iscoroutine(result):
        await result


def _ratings_agree(person: Person) -> None:
    """Of each episode, but where a row was deleted on Serializd: the rating may have gone with it, and stays gone."""
    home, world = person.home, person.home.sandbox.world
    left = {world.shows[one.item[0]].episode(*one.item[1:]).trakt for one in person.viewings if "serializd" in one.gone}
    newest: dict[tuple[int, int, int], Any] = {}
    for row in sorted(home.rows(), key=lambda row: (row.date_added, row.id)):
        if row.rating:
            newest[row.show_id, row.season_id or 0, row.episode_number or 0] = row.rating
    for entry in home.sandbox["trakt"].account_of("anna").ratings:
        if entry.title.trakt in left:
            continue
        show = next(s for s in world.shows if s.trakt == entry.title.show.trakt)
        season = next(s.tmdb for s in show.seasons if s.number == entry.title.season)
        assert newest.get((show.tmdb, season, entry.title.number)) == entry.rating


@pytest.mark.parametrize("removals", ["ignore", "propagate"])
@settings(
    max_examples=WALKS,
    derandomize=SAME,
    deadline=None,
    phases=(Phase.explicit, Phase.generate) if SAME else (Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
@given(steps=st.lists(STEP, min_size=4, max_size=25))
def test_both_sides_converge_whatever_happens(removals: str, steps: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory(dir=QUICK) as folder:
        asyncio.run(_walk(Path(folder), steps, removals))
