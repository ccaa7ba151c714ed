"""The same between two trackers that are no service: nothing of reconciliation knows one by name.

``SCROBBLED_WALKS`` makes it a long walk.
"""

import asyncio
import os
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace

from conftest import FakeClock, OneAddress
from scrobbled.alerts import Alerts
from scrobbled.config.viewing import PairConfig
from scrobbled.core.agreeing.guard import PlanLimits
from scrobbled.core.errors import TryLater
from scrobbled.core.kinds import PLAYS, RATINGS, Kind
from scrobbled.core.naming.ids import MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.records import ValueRecord
from scrobbled.delivery.courier import Courier
from scrobbled.delivery.health import Health, HealthReport
from scrobbled.plumbing.metrics import Metrics
from scrobbled.reconcile import Ended, Options, PairMember, Reconciler, Sides
from scrobbled.store import Store
from scrobbled.store.mirror import runs
from scrobbled.store.notes.alerts import StoredTroubles
from trackers.memory.tracker import CAN, Kept, MemoryTracker, key_of

WALKS = int(os.environ.get("SCROBBLED_WALKS", "20"))
QUICK = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
"""A disk that need not be waited for: a walk writes a thousand times."""
START = datetime(2026, 3, 1, 19, 7, 23, tzinfo=UTC)
SAME = "SCROBBLED_WALKS" not in os.environ
"""The same walks in every ordinary run; a long one goes where it likes."""
NAMES = ("left", "right")
ITEMS: list[Item] = [
    Episode("Harbour", 1, 1, show_ids=ShowIds(tmdb=1399)),
    Episode("Harbour", 1, 2, show_ids=ShowIds(tmdb=1399)),
    Episode("Harbour", 0, 1, title="The Making", show_ids=ShowIds(tmdb=1399)),
    Episode("Untold", 3, 4),
    Movie("Atlas", 2019, MovieIds(tmdb=1399)),
]


@dataclass
class Bench:
    """Two memories; ``real`` is each viewing with the sides from which a person deleted it."""

    folder: Path
    removals: str
    clock: FakeClock = field(default_factory=FakeClock)
    trackers: dict[str, Any] = field(default_factory=dict)
    """Memories, unless others are given."""
    pair_settings: dict[str, Any] = field(default_factory=dict)
    real: dict[tuple[str, datetime], set[str]] = field(default_factory=dict)
    agreed: set[tuple[str, datetime]] = field(default_factory=set)
    precision: tuple[int, int] = (60, 1)
    kinds: tuple[Kind, ...] = (PLAYS, RATINGS)
    fresh: set[str] = field(default_factory=set)
    """Items of which something was added or deleted since the last rest: one added and one deleted is one moved."""

    def __post_init__(self) -> None:
        for name, precision in zip(NAMES, self.precision, strict=True):
            if name in self.trackers:
                continue
            self.trackers[name] = MemoryTracker(can=replace(CAN, precision=precision, settle=10.0))
        self.store = Store(self.folder / "s.db")
        self.begin()

    def begin(self) -> None:
        """A new process on the same database."""
        metrics = Metrics()
        alerts = Alerts(
            StoredTroubles(self.store), OneAddress(_accept), repeat=86_400.0, now=self.clock.now, metrics=metrics
        )
        parts: dict[str, Any] = {"store": self.store, "metrics": metrics, "clock": self.clock}
        self.couriers = {
            name: Courier(
                "anna",
                name,
                tracker,
                health=Health("anna", name, "", alerts=alerts, clock=self.clock, save=_save),
                random_seed=1,
                **parts,
            )
            for name, tracker in self.trackers.items()
        }
        pair = PairConfig.going(NAMES, dict.fromkeys(self.kinds, "both"), removals=self.removals, **self.pair_settings)
        members = tuple(PairMember(tracker, _save_trouble) for tracker in self.trackers.values())
        self.reconciler = Reconciler(
            Sides("anna", *NAMES),
            pair,
            (members[0], members[1]),
            limits=PlanLimits(first=10_000, removals_percent=60),
            wake=lambda whom: None,
            **parts,
        )

    # -- what a person does -------------------------------------------------------------------------------------------

    async def watch(self, side: str, item: int, when: int) -> None:
        at = START + timedelta(hours=40 * when, minutes=7 * item)
        at = at.replace(second=0) if side == "left" else at
        key = key_of(ITEMS[item])
        if (key, at.replace(second=0)) in self.real or f"-{key}" in self.fresh:
            return
        self.fresh.add(key)
        tracker = self.trackers[side]
        await tracker.locate(ITEMS[item])
        self.real[key_of(ITEMS[item]), at.replace(second=0)] = set()
        tracker.plays.append(Kept(tracker.new_id(), key_of(ITEMS[item]), at, rewatch=False))

    async def delete(self, side: str, which: int) -> None:
        """Never the last one: a listing that is empty all at once is not believed."""
        held = sorted(key for key in self.agreed if not self.real[key] and key[0] not in self.fresh)
        if held and len(self.trackers[side].plays) > 1:
            key, at = held[which % len(held)]
            self.fresh.add(f"-{key}")
            self.real[key, at].add(side)
            mine = self.trackers[side]
            mine.plays = [p for p in mine.plays if (p.key, p.watched_at.replace(second=0)) != (key, at)]

    async def rate(self, side: str, item: int, value: int) -> None:
        await self.trackers[side].locate(ITEMS[item])
        key = key_of(ITEMS[item])
        self.trackers[side].ratings[key] = ValueRecord(key, value, self.clock.now())

    async def fault(self, side: str, kind: str) -> None:
        tracker = self.trackers[side]
        match kind:
            case "fail":
                tracker.fail_next(TryLater("a moment please"))
            case "answer":
                tracker.lose_next_answer()
            case "write":
                tracker.lose_next_write()
            case "cut":
                tracker.shorten_next_read(1)
            case "lie":
                tracker.shorten_next_read(1, complete=True)
            case "stale":
                tracker.freeze_reads()
            case "down":
                tracker.go_down()

    # -- what we do ---------------------------------------------------------------------------------------------------

    async def compare(self, options: Options | None = None) -> Ended:
        self.clock.advance(900)
        now = self.clock.now().timestamp()
        run = await self.store.write(lambda db: runs.ask(db, "anna", ",".join(NAMES), "sync", {}, now))
        return await self.reconciler.run(run, options or Options())

    async def deliver(self, most: int = 500) -> None:
        for courier in self.couriers.values():
            for _ in range(most):
                wait = await courier.step()
                if wait is None or wait > 1_800:
                    break
                self.clock.advance(wait)

    async def cycle(self) -> str:
        ended = await self.compare()
        await self.deliver()
        return ended.outcome

    async def part(self, steps: int) -> None:
        await self.compare()
        await self.deliver(steps)
        self.begin()

    async def rest(self) -> None:
        for tracker in self.trackers.values():
            tracker.come_back()
            tracker.thaw_reads()
            tracker.__dict__.update(_failure=None, _lose_answer=False, _lose_write=False, _short=None)
        self.clock.advance(7 * 3_600)
        for courier in self.couriers.values():
            courier.try_now()
        quiet = 0
        for _ in range(14):
            quiet = quiet + 1 if await self.cycle() == "nothing" else 0
            if quiet == 3:
                break
        else:
            raise AssertionError("still something to do after 14 cycles")
        self.fresh.clear()
        held = [self.held(name) for name in NAMES]
        self.agreed |= {key for key in self.real if all(one[key] == 1 for one in held)}

    def held(self, side: str) -> Counter[tuple[str, datetime]]:
        return Counter((p.key, p.watched_at.replace(second=0)) for p in self.trackers[side].plays)

    def check(self) -> None:
        for name in NAMES:
            held = self.held(name)
            assert not [key for key, times in held.items() if times > 1], f"doubled on {name}"
            assert not set(held) - set(self.real), f"nobody watched that on {name}"
            if self.removals == "ignore":
                assert set(held) == {key for key, gone in self.real.items() if name not in gone}
        left, right = ({k: r.value for k, r in self.trackers[name].ratings.items()} for name in NAMES)
        assert left == right
        assert all(value in range(1, 11) for value in left.values())


async def _accept(title: str, text: str, good: bool) -> bool:
    return True


async def _save(report: HealthReport) -> None: ...


async def _save_trouble(error: Exception) -> None: ...


SIDE = st.sampled_from(NAMES)
STEP = st.one_of(
    st.tuples(st.just("watch"), SIDE, st.integers(0, len(ITEMS) - 1), st.integers(-300, 60)),
    st.tuples(st.just("watch"), SIDE, st.integers(0, len(ITEMS) - 1), st.integers(0, 5)),
    st.tuples(st.just("delete"), SIDE, st.integers(0, 50)),
    st.tuples(st.just("rate"), SIDE, st.integers(0, len(ITEMS) - 1), st.integers(1, 10)),
    st.tuples(st.just("fault"), SIDE, st.sampled_from(["fail", "answer", "write", "cut", "lie", "stale", "down"])),
    st.tuples(st.just("cycle")),
    st.tuples(st.just("part"), st.integers(0, 6)),
    st.tuples(st.just("rest")),
)


async def _walk(folder: Path, steps: list[tuple[Any, ...]], removals: str) -> None:
    bench = Bench(folder, removals)
    try:
        for name, *given_ in steps:
            await getattr(bench, name)(*given_)
        await bench.rest()
        bench.check()
        before = [list(tracker.plays) for tracker in bench.trackers.values()]
        assert await bench.cycle() == "nothing"
        assert [list(tracker.plays) for tracker in bench.trackers.values()] == before
    finally:
        await bench.store.aclose()


@pytest.mark.parametrize("removals", ["ignore", "propagate", "ask"])
@settings(max_examples=WALKS, derandomize=SAME, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEP, min_size=4, max_size=30))
def test_two_memories_converge_whatever_happens(removals: str, steps: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory(dir=QUICK) as folder:
        asyncio.run(_walk(Path(folder), steps, removals))


def test_a_rating_that_was_changed_back_before_it_was_read_is_seen(tmp_path: Path) -> None:
    steps = [("rate", "left", 1, 2), ("cycle",), ("rate", "right", 1, 1), ("cycle",), ("rate", "left", 1, 2)]
    asyncio.run(_walk(tmp_path, steps, "ignore"))
