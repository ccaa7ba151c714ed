"""Whatever goes wrong, and in whichever order: in the end each viewing is at the tracker once, with its own time.

A walk plays some viewings, several of them reported twice, to a tracker that fails in every way it can: before and
after it took effect, half-way through a batch, with answers lost and reads that lag behind. The database fails, the
process dies at any of its calls and starts again, a person retries and drops. ``SCROBBLED_WALKS`` sets how many walks
are made, ``SCROBBLED_WALK`` plays one of them again.
"""

import asyncio
import contextlib
import os
import random
import shutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from conftest import FakeClock
from flows.rig import FILM, RUNTIME, WAITING, Rig, episode, hurried
from patience import LONGEST
from scrobbled.core.errors import (
    AccountStopped,
    ContractDrift,
    LoginNeeded,
    NotInCatalogue,
    Refused,
    StoreError,
    TryLater,
    Uncertain,
)
from scrobbled.core.naming.items import Item
from scrobbled.core.sending.safety import WriteLimits
from scrobbled.delivery.health import HealthState
from scrobbled.store import Store
from scrobbled.store.queue import outbox, overview
from scrobbled.trackers.base import Addition, Address, AddResult, Receipt, Sending
from scrobbled.trackers.capabilities import Capabilities
from trackers.memory.tracker import CAN, MemoryTracker, key_of

T = TypeVar("T")
WALKS = int(os.environ.get("SCROBBLED_WALKS", "64"))
ONE = os.environ.get("SCROBBLED_WALK")
ITEMS: tuple[Item, ...] = (FILM, episode(1), episode(2), episode(0))
SETTLE = 30.0
LIFETIMES = (10.0, 700.0, 700.0, 4000.0, 4000.0, 4000.0, 30_000.0)
"""Seconds a process lives, if it is let."""


class Crash(BaseException):
    """The process is dead. Nobody catches it, and nothing works afterwards."""


@dataclass
class Fate:
    """Decides what goes wrong. Each trouble costs one of ``left``; when none is left, all is well."""

    dice: random.Random
    left: int
    dead: bool = False

    def strikes(self, chance: float) -> bool:
        if self.left <= 0 or self.dice.random() >= chance:
            return False
        self.left -= 1
        return True

    def crash(self, chance: float) -> None:
        """Everything after the first crash happens in a process that no longer exists."""
        if self.dead or self.strikes(chance):
            self.dead = True
            raise Crash

    def one_of(self, *errors: Callable[[], Exception]) -> Exception:
        return self.dice.choice(errors)()


@dataclass
class Viewing:
    """One true viewing: when it ended as each report says."""

    item: Item
    reports: list[datetime]
    changes: list[int] = field(default_factory=list)
    dropped: bool = False


class Lying(MemoryTracker):
    """A tracker that does what it should, and says what it likes."""

    def __init__(self, fate: Fate, clock: FakeClock, can: Capabilities) -> None:
        super().__init__(can=can)
        self.fate, self.clock = fate, clock
        self.seen_from: dict[str, float] = {}
        """Remote id to the moment at which reads begin to show the play."""

    async def locate(self, item: Item) -> Address:
        self.fate.crash(0.02)
        if self.fate.strikes(0.08):
            raise self.fate.one_of(
                lambda: TryLater("the catalogue is down", after=self.fate.dice.choice([None, 5.0, 200.0])),
                lambda: NotInCatalogue("not yet"),
                lambda: Uncertain("two fit"),
                *_account_trouble(),
                lambda: RuntimeError("a defect"),
            )
        return await super().locate(item)

    async def add_plays(self, plays: Sequence[Addition], sending: Sending) -> Sequence[AddResult]:
        self.fate.crash(0.02)
        if self.fate.strikes(0.06):
            raise self.fate.one_of(lambda: TryLater("down"), *_account_trouble(), lambda: RuntimeError("a defect"))
        await sending()
        self.fate.crash(0.03)
        if self.fate.strikes(0.06):  # answered, and nothing was done
            raise self.fate.one_of(
                lambda: TryLater("429", after=7.0), lambda: Refused("one of these"), lambda: LoginNeeded("401")
            )
        done = plays
        if self.fate.strikes(0.12):
            done = [play for play in plays if self.fate.dice.random() < 0.5]
            self._apply(done)
            self.fate.crash(0.2)
            raise self.fate.one_of(*_lost_answers())
        done = [play for play in plays if not self.fate.strikes(0.04)]
        receipts = dict(zip([play.id for play in done], self._apply(done), strict=True))
        self.fate.crash(0.04)
        if self.fate.strikes(0.06):
            raise self.fate.one_of(*_lost_answers(), lambda: RuntimeError("a defect"))
        return [receipts.get(play.id) or self._rejection() for play in plays]

    def _apply(self, plays: Sequence[Addition]) -> list[Receipt]:
        receipts = [self._add(play) for play in plays]
        for receipt in receipts:
            lag = self.fate.dice.uniform(0, SETTLE - 1) if self.fate.strikes(0.3) else 0.0
            self.seen_from[receipt.remote_id] = self.clock.monotonic() + lag
        return receipts

    def _rejection(self) -> AddResult:
        return self.fate.dice.choice([NotInCatalogue("not yet"), Refused("never")])

    async def find_plays(self, plays: Sequence[Addition]) -> Sequence[Receipt | None]:
        self.fate.crash(0.04)
        if self.fate.strikes(0.1):
            raise self.fate.one_of(lambda: TryLater("down"), *_account_trouble())
        found = await super().find_plays(plays)
        self.fate.crash(0.04)
        now = self.clock.monotonic()
        return [r if r is not None and self.seen_from[r.remote_id] <= now else None for r in found]

    async def sign_in(self) -> None:
        self.fate.crash(0.003)
        if self.fate.strikes(0.01):
            raise self.fate.one_of(lambda: TryLater("down"), *_account_trouble())

    def delay(self) -> float:
        return 0.3 if self.fate.strikes(0.02) else 0.0


def _account_trouble() -> list[Callable[[], Exception]]:
    return [
        lambda: LoginNeeded("sign in again"),
        lambda: AccountStopped("locked"),
        lambda: ContractDrift("the answer has no key named id"),
    ]


def _lost_answers() -> list[Callable[[], Exception]]:
    return [
        lambda: TryLater("the answer never came", in_doubt=True),
        lambda: TryLater("502", after=3.0, in_doubt=True),
        lambda: ContractDrift("HTML instead of JSON", in_doubt=True),
    ]


class Shaky(Store):
    """A database on a full disk, in a process that may die before and after each commit."""

    fate: Fate

    async def write(self, work: Callable[[Any], T]) -> T:
        self.fate.crash(0.01)
        if self.fate.strikes(0.02):
            raise StoreError("the disk is full")
        result = await super().write(work)
        self.fate.crash(0.01)
        return result

    async def read(self, work: Callable[[Any], T]) -> T:
        if self.fate.strikes(0.01):
            raise StoreError("it cannot be read just now")
        return await super().read(work)


@dataclass
class Walk:
    seed: int
    path: Path

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.clock = FakeClock()
        self.fate = Fate(self.dice, self.dice.randrange(0, 40))
        can = replace(CAN, settle=SETTLE, batch=self.dice.choice([1, 2, 5, 100]), precision=self.dice.choice([1, 60]))
        self.tracker = Lying(self.fate, self.clock, can)
        self.viewings = self._viewings()

    def _viewings(self) -> list[Viewing]:
        """Of each title some viewings, more than a runtime apart; some reported twice, seconds or minutes apart."""
        found = []
        for item in self.dice.sample(ITEMS, self.dice.randint(1, len(ITEMS))):
            ended = self.clock.now() - timedelta(days=30)
            for _ in range(self.dice.randint(1, 4)):
                ended += RUNTIME + timedelta(minutes=self.dice.uniform(1, 4000))
                late = [timedelta(seconds=self.dice.uniform(0, 900)) for _ in range(self.dice.choice([0, 0, 1, 2]))]
                found.append(Viewing(item, [ended, *(ended + more for more in late)]))
        return found

    async def run(self) -> None:
        store = await self._opened()
        rig = Rig(self.path, self.clock, self.tracker, store, [], limits=WriteLimits(plays_per_item_per_day=1000))
        for viewing, report in self._arrivals():
            viewing.changes.append(await rig.play(viewing.item, when=report, duration=RUNTIME))
            if self.dice.random() < 0.4:
                store = await self._live(rig, store, for_seconds=self.dice.uniform(0, 4000))
        for lives in range(60):
            self.fate.left = self.fate.left if lives < 30 else 0
            store = await self._live(
                rig, store, for_seconds=self.dice.choice([10.0, 700.0, 700.0, 4000.0, 4000.0, 4000.0, 30_000.0])
            )
            if await self._is_over(rig):
                break
        await self._check(rig)
        await store.aclose()

    def _arrivals(self) -> list[tuple[Viewing, datetime]]:
        arrivals = [(viewing, report) for viewing in self.viewings for report in viewing.reports]
        if self.dice.random() < 0.5:
            self.dice.shuffle(arrivals)
        return arrivals

    async def _opened(self) -> Store:
        store = Shaky(self.path)
        store.fate = Fate(self.dice, 0)
        await hurried(store)
        return store

    async def _live(self, rig: Rig, store: Store, *, for_seconds: float) -> Store:
        """The service runs for a while, and may die in it; then there is a new one on the same file."""
        ends = self.clock.monotonic() + for_seconds
        rig.store = store
        assert isinstance(store, Shaky)
        store.fate = self.fate
        self.fate.dead = False

        async def wait(event: asyncio.Event, seconds: float | None) -> bool:
            await rig.alerts.settled()
            self.clock.advance(seconds or 0.0)
            if self.clock.monotonic() >= ends:
                rig.courier.stop()
            return False

        self.clock.wait = wait  # type: ignore[method-assign]
        died = False
        with contextlib.suppress(Crash):
            died = True
            async with asyncio.timeout(LONGEST):
                await rig.courier.run()
            died = False
        await self._buried(rig)
        self.fate.dead = False
        store.fate = Fate(self.dice, 0)
        if died:
            await store.aclose()
            store = await self._opened()
            rig.store = store
        rig.restart()
        await self._meddle(rig)
        self._nothing_is_there_twice()
        return store

    async def _buried(self, rig: Rig) -> None:
        with contextlib.suppress(Crash):
            await rig.alerts.settled()

    async def _meddle(self, rig: Rig) -> None:
        """What a person does now and then."""
        now = self.clock.now().timestamp()
        if self.dice.random() < 0.3 or not self.fate.left:
            await rig.store.write(lambda db: outbox.retry(db, None))
        single = [v for v in self.viewings if len(v.changes) == len(v.reports) == 1 and not v.dropped]
        if single and self.dice.random() < 0.05:
            viewing = self.dice.choice(single)
            viewing.dropped = bool(await rig.store.write(lambda db: outbox.drop(db, viewing.changes, now)))

    async def _is_over(self, rig: Rig) -> bool:
        counts = await rig.counts()
        return not self.fate.left and not any(counts.get(state) for state in WAITING)

    def _nothing_is_there_twice(self) -> None:
        for viewing in self.viewings:
            assert len(self._at_tracker(viewing)) <= 1, f"walk {self.seed}: {viewing} is there twice"

    def _at_tracker(self, viewing: Viewing) -> list[datetime]:
        step = timedelta(seconds=self.tracker.can.precision)
        return [
            kept.watched_at
            for kept in self.tracker.plays
            if kept.key == key_of(viewing.item)
            and any(kept.watched_at <= r < kept.watched_at + step for r in viewing.reports)
        ]

    async def _check(self, rig: Rig) -> None:
        where = f"walk {self.seed}"
        counts = await rig.counts()
        assert await self._is_over(rig), f"{where}: {counts} {await rig.store.read(overview.queue)}"
        self._nothing_is_there_twice()
        wanted = [viewing for viewing in self.viewings if not viewing.dropped]
        for viewing in self.viewings:
            assert len(self._at_tracker(viewing)) == (0 if viewing.dropped else 1), f"{where}: {viewing}"
        assert len(self.tracker.plays) == len(wanted), f"{where}: something was made up"
        reports = sum(len(viewing.reports) for viewing in self.viewings)
        assert sum(counts.values()) == reports, f"{where}: {counts} do not account for {reports} reports"
        assert counts.get("delivered", 0) == len(wanted), f"{where}: {counts}"
        assert counts.get("undone", 0) == len(self.viewings) - len(wanted)
        assert await rig.store.read(overview.queue) == []
        self._check_rewatches(where)
        await rig.rest(seconds=3000)
        assert rig.health.report.state is HealthState.OK, f"{where}: {rig.health.report}"

    def _check_rewatches(self, where: str) -> None:
        """The first viewing of a title is never a rewatch. One that was dropped was watched all the same."""
        for item in ITEMS:
            if any(viewing.dropped and viewing.item == item for viewing in self.viewings):
                continue
            kept = sorted((k for k in self.tracker.plays if k.key == key_of(item)), key=lambda k: k.watched_at)
            assert not any(k.rewatch for k in kept[:1]), f"{where}: {kept}"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new database, to be copied: making one takes longer than a walk."""
    path = tmp_path_factory.mktemp("template") / "scrobbled.db"

    async def make() -> None:
        await Store(path).aclose()

    asyncio.run(make())
    return path


def only_unforeseen(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What a process leaves behind that died while it was sending an alert is no news."""
    if not isinstance(context.get("exception"), Crash):
        loop.default_exception_handler(context)


async def walked(seed: int, path: Path) -> None:
    asyncio.get_running_loop().set_exception_handler(only_unforeseen)
    with capture_logs() as logs:
        await Walk(seed, path).run()
    unforeseen = {log["event"] for log in logs if log["log_level"] == "error"}
    assert unforeseen <= {
        "the outbox cannot be used",
        "delivery failed as it never should",
        "an alert was sent but not noted",
    }


def walk_all(seeds: Sequence[int], template: Path, folder: Path) -> None:
    for seed in seeds:
        path = folder / f"walk-{seed}.db"
        shutil.copy(template, path)
        asyncio.run(walked(seed, path))
        path.unlink()


SEEDS = [int(ONE)] if ONE else range(WALKS)


@pytest.mark.parametrize("part", [0] if ONE else range(8))
def test_every_walk_ends_with_each_viewing_there_once(part: int, template: Path, tmp_path: Path) -> None:
    walk_all(SEEDS if ONE else SEEDS[part::8], template, tmp_path)


def test_a_walk_would_notice_a_repeat_without_reading_back(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were a write in doubt simply sent again, some walk of these would see the same viewing twice."""
    doubt: Callable[..., Awaitable[None]] | Any = outbox.doubt

    def careless(db: Any, ids: Sequence[int], reason: str, next_at: float) -> None:
        doubt(db, ids, reason, next_at)
        outbox.clear_doubt(db, [(id_, 0.0) for id_ in ids])

    monkeypatch.setattr(outbox, "doubt", careless)
    with pytest.raises(AssertionError, match="is there twice"):
        walk_all(range(100), template, tmp_path)
