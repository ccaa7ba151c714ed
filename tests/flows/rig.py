"""One account with everything around it: a real database, a fake clock, and a tracker that does as it is told."""

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from structlog.testing import capture_logs

from conftest import FakeClock, OneAddress
from scrobbled.alerts import Alerts
from scrobbled.core.errors import TrackerError
from scrobbled.core.naming.ids import MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.sending.safety import USUAL, WriteLimits
from scrobbled.core.watching.plays import Play
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.delivery.courier import Courier
from scrobbled.delivery.health import Health, HealthReport
from scrobbled.plumbing.metrics import Metrics
from scrobbled.store import Store
from scrobbled.store.inbox.events import Queued, add_play
from scrobbled.store.notes.alerts import StoredTroubles
from scrobbled.store.queue import outbox, overview
from scrobbled.trackers.base import Addition, Address, AddResult, Receipt, Sending
from scrobbled.trackers.capabilities import Capabilities
from trackers.memory.tracker import CAN, MemoryTracker, key_of

FILM = Movie("Harbour Atlas", 2019, MovieIds(tmdb=1399))
RUNTIME = timedelta(minutes=45)
WAITING = ("queued", "held", "parked", "unmatched", "dead")


def episode(number: int) -> Episode:
    return Episode("Harbour Lights", 2, number, show_ids=ShowIds(tmdb=1399))


@dataclass
class Scripted(MemoryTracker):
    """A memory tracker whose every call can be given a hook, which may raise before the call takes effect."""

    can: Capabilities = field(default_factory=lambda: replace(CAN, settle=30.0))
    before: dict[str, Callable[..., Any]] = field(default_factory=dict)
    answers: list[AddResult] | None = None
    """What the next ``add_plays`` answers, instead of adding anything."""
    calls: list[str] = field(default_factory=list)
    sent: list[Sequence[Addition]] = field(default_factory=list)
    expires: datetime | None = None
    slow: float = 0.0

    async def _hook(self, name: str, *given: Any) -> None:
        self.calls.append(name)
        if hook := self.before.get(name):
            found = hook(*given)
            if found is not None:
                await found

    def fail(self, name: str, *errors: Exception) -> None:
        """The next calls of that name raise these, one each."""
        left = list(errors)

        def hook(*given: Any) -> None:
            if left:
                raise left.pop(0)

        self.before[name] = hook

    def always(self, name: str, error: Callable[[], Exception]) -> None:
        def hook(*given: Any) -> None:
            raise error()

        self.before[name] = hook

    async def locate(self, item: Item) -> Address:
        await self._hook("locate", item)
        return await super().locate(item)

    async def add_plays(self, plays: Sequence[Addition], sending: Sending) -> Sequence[AddResult]:
        await self._hook("add_plays", plays)
        if self.answers is None:
            found = await super().add_plays(plays, self._counting(plays, sending))
            await self._hook("added", plays)
            return found
        await self._counting(plays, sending)()
        answers, self.answers = self.answers, None
        return answers

    def _counting(self, plays: Sequence[Addition], sending: Sending) -> Sending:
        async def counted() -> None:
            await sending()
            self.sent.append(plays)
            await self._hook("sent", plays)

        return counted

    async def find_plays(self, plays: Sequence[Addition]) -> Sequence[Receipt | None]:
        await self._hook("find_plays", plays)
        return await super().find_plays(plays)

    async def sign_in(self) -> None:
        await self._hook("sign_in")
        await super().sign_in()

    def delay(self) -> float:
        return self.slow

    def expires_at(self) -> datetime | None:
        return self.expires

    def times(self, item: Item) -> list[datetime]:
        return sorted(kept.watched_at for kept in self.plays if kept.key == key_of(item))


@dataclass
class Rig:
    """``courier`` serves anna's account at the tracker; ``told`` are the alerts that went out."""

    path: Path
    clock: FakeClock
    tracker: Any
    store: Store
    logs: list[Any]
    told: list[tuple[str, bool]] = field(default_factory=list)
    reports: list[HealthReport] = field(default_factory=list)
    reachable: bool = True
    limits: WriteLimits = USUAL
    courier: Courier = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """A new process on the same database, with nothing in its memory."""
        self.metrics = Metrics()
        self.alerts = Alerts(
            StoredTroubles(self.store),
            OneAddress(self._send),
            repeat=86_400.0,
            now=self.clock.now,
            metrics=self.metrics,
        )
        self.health = Health(
            "anna", "memory", self.tracker.can.site, alerts=self.alerts, clock=self.clock, save=self._save
        )
        self.courier = Courier(
            "anna",
            "memory",
            self.tracker,
            store=self.store,
            health=self.health,
            metrics=self.metrics,
            clock=self.clock,
            limits=self.limits,
            random_seed=1,
        )

    async def _save(self, report: HealthReport) -> None:
        self.reports.append(report)

    async def _send(self, title: str, text: str, good: bool) -> bool:
        if self.reachable:
            self.told.append((title, good))
        return self.reachable

    async def play(
        self,
        item: Item = FILM,
        minutes: float = 0.0,
        *,
        state: PlayOutcome = PlayOutcome.QUEUED,
        duration: timedelta | None = RUNTIME,
        when: datetime | None = None,
    ) -> int:
        """A play that ended so many minutes from the start of the clock; returns the id of its change."""
        watched_at = when or (FakeClock().now() + timedelta(minutes=minutes))
        milliseconds = None if duration is None else round(duration.total_seconds() * 1000)
        play = Play("anna", "plex", item, watched_at, milliseconds)
        received = self.clock.now()
        play_id = await self.store.write(lambda db: add_play(db, play, None, [Queued("memory", state, "")], received))
        return await self.store.read(
            lambda db: int(db.execute("SELECT id FROM outbox WHERE play_id = ?", (play_id,)).fetchone()[0])
        )

    async def row(self, id_: int) -> dict[str, Any]:
        def read(db: Any) -> dict[str, Any]:
            cursor = db.execute("SELECT * FROM outbox WHERE id = ?", (id_,))
            return dict(zip([column[0] for column in cursor.description], cursor.fetchone(), strict=True))

        return await self.store.read(read)

    async def state(self, id_: int) -> str:
        return str((await self.row(id_))["state"])

    async def counts(self) -> dict[str, int]:
        counts = await self.store.read(overview.delivery_counts)
        return counts.get(("anna", "memory"), {})

    async def due(self) -> float | None:
        return await self.store.read(lambda db: outbox.next_due(db, "anna", "memory"))

    async def rest(self, *, seconds: float = 0.0, steps: int = 500) -> float:
        """Step until nothing is to be done for longer than ``seconds``; returns how long that would be."""
        for _ in range(steps):
            wait = await self.courier.step()
            if wait is None or wait > seconds:
                await self.alerts.settled()
                return float("inf") if wait is None else wait
            self.clock.advance(wait)
        raise AssertionError("the courier does not come to rest")


@contextlib.asynccontextmanager
async def rigged(path: Path, tracker: Any = None, clock: FakeClock | None = None) -> AsyncIterator[Rig]:
    store = Store(path)
    await hurried(store)
    with capture_logs() as logs:
        try:
            yield Rig(path, clock or FakeClock(), tracker or Scripted(), store, logs)
        finally:
            await store.aclose()


async def hurried(store: Store) -> None:
    """No test here cuts the power, so nobody waits for the disk."""
    await store.read(lambda db: db.execute("PRAGMA synchronous = OFF").fetchall())


def in_doubt(kind: type[TrackerError], reason: str = "the answer is missing") -> TrackerError:
    return kind(reason, in_doubt=True)
