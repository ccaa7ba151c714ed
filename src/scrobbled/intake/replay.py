"""Stored webhooks once more, by today's parser, rules and configuration: what is a play already stays one play.

The events of one account and one title are folded anew from the first that is kept, in the order in which they came.
What ends a viewing then, and is no play yet, becomes one. Viewings that go on at this moment are not disturbed: their
sessions only learn of the new ends.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from msgspec import Struct
from msgspec.structs import replace

from scrobbled.config import parse_duration
from scrobbled.core.errors import BadPayload
from scrobbled.core.watching.events import PlaybackEvent
from scrobbled.core.words.outcomes import EventOutcome, told
from scrobbled.intake.bodies import Bodies
from scrobbled.intake.claimants import EventRefusal, Household, claimed
from scrobbled.intake.ingest import UNREADABLE_KEPT
from scrobbled.intake.refolding import Relived, Reliving
from scrobbled.plumbing.clock import Clock
from scrobbled.sources.parsing import DEFECT
from scrobbled.store.file.codec import instant
from scrobbled.store.file.database import Store
from scrobbled.store.inbox import archive
from scrobbled.store.inbox import events as inbox
from scrobbled.store.inbox.archive import StoredEvent

PAGE = 500
MOST_TOLD = 50
SETTLED = frozenset({EventOutcome.ACCEPTED, EventOutcome.DUPLICATE})
"""An event that had its part in a viewing keeps its outcome, unless a play comes of it."""
log = structlog.get_logger("replay")


class EventFilter(Struct, frozen=True):
    """Which events: those named, or all since a moment (Unix seconds), of one source or of all."""

    ids: tuple[int, ...] | None = None
    since: float = 0.0
    source: str | None = None


class NewPlay(Struct, frozen=True):
    """A play that was missing. ``id`` is ``None`` where nothing was changed; ``watched_at`` ISO 8601 in UTC."""

    id: str | None
    event_id: str
    viewer: str
    source: str
    media: str
    label: str
    watched_at: str | None


class Unread(Struct, frozen=True):
    """An event that cannot be run again, and why."""

    id: str
    reason: str


@dataclass(slots=True)
class ReplayReport:
    """What came of it. ``outcomes`` counts what the events are now, ``changed`` how many were something else before.

    ``gone`` counts those whose body is no longer kept, ``unread`` names the first of those that cannot be read, and
    ``unknown`` what was named and is not there.
    """

    dry_run: bool
    events: int = 0
    changed: int = 0
    gone: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    plays: list[NewPlay] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def since(text: str, now: datetime) -> float:
    """Unix seconds from ``14d`` (so long before ``now``), ``2026-05-03`` or ``2026-05-03T20:15``.

    A time without a zone is in that of this machine; raises ``ValueError`` with what to write instead.
    """
    try:
        return now.timestamp() - parse_duration(text)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text.strip()).astimezone().timestamp()
    except (ValueError, OverflowError):
        raise ValueError("is no time; write it like 14d, 2026-05-03 or 2026-05-03T20:15") from None


class Replay:
    """One run over ``store``; works beside a serving process, in the same transactions as webhooks."""

    def __init__(self, store: Store, household: Household, clock: Clock) -> None:
        self._store, self._household, self._clock = store, household, clock
        self._bodies = Bodies()
        self._reliving = Reliving(household, clock, self._bodies.event)

    async def run(self, wanted: EventFilter, *, dry_run: bool = False) -> ReplayReport:
        """Raises ``StoreError``. With ``dry_run`` nothing is changed, and the report tells what would be."""
        report, after = ReplayReport(dry_run), 0
        if wanted.ids is not None:
            named = wanted.ids
            found = await self._store.read(lambda db: archive.named(db, named))
            report.unknown = [f"e{id_}" for id_ in named if id_ not in {stored.id for stored in found}]
            await self._again(found, frozenset(named), report)
            return report
        while page := await self._store.read(
            lambda db, start=after: archive.page(db, start, wanted.since, wanted.source, PAGE)  # type: ignore[misc]
        ):
            after = page[-1].id
            await self._again(page, frozenset(), report)
        return report

    async def _again(self, page: Sequence[StoredEvent], named: frozenset[int], report: ReplayReport) -> None:
        sessions: dict[int, list[StoredEvent]] = {}
        for stored in [*page, *await self._grown(page, report)]:
            report.events += 1
            event = self._event(stored, report)
            if event is None:
                _count(report, stored.outcome)
            elif isinstance(found := claimed(self._household, event), EventRefusal):
                await self._book(stored, event, found, report)
            else:
                sessions.setdefault(inbox.session_of(event) or 0, []).append(stored)
        for session, chosen in sessions.items():
            await self._relive(session, chosen, named, report)

    def _event(self, stored: StoredEvent, report: ReplayReport) -> PlaybackEvent | None:
        """``None`` for what cannot be run again, which is told."""
        if stored.raw is None:
            report.gone += 1
            return None
        try:
            self._bodies.events(stored)
        except BadPayload as error:
            if len(report.unread) < MOST_TOLD:
                report.unread.append(Unread(f"e{stored.id}", _why(stored, error)))
            return None
        return self._bodies.event(stored)

    async def _grown(self, page: Sequence[StoredEvent], report: ReplayReport) -> list[StoredEvent]:
        """Events that today's parser finds in a body beyond those that were stored."""
        heads = [stored for stored in page if stored.part == 0 and stored.raw is not None]
        grown: list[StoredEvent] = []
        for head in heads:
            event = self._bodies.event(head)
            events = self._bodies.events(head) if event else ()
            if len(events) > 1:
                grown += await self._completed(head, events, report)
        return grown

    async def _completed(
        self, head: StoredEvent, events: Sequence[PlaybackEvent], report: ReplayReport
    ) -> list[StoredEvent]:
        there = await self._store.read(lambda db: archive.parts(db, head.webhook))
        missing = [part for part in range(len(events)) if part not in there]
        if report.dry_run:
            return [_imagined(head, part) for part in missing]
        received_at = instant(head.received_at)

        def work(db: sqlite3.Connection) -> list[StoredEvent]:
            ids = []
            for part in missing:
                arrival = inbox.Arrival(head.source, received_at, "", events[part], head.webhook, part)
                ids.append(inbox.add_event(db, arrival, EventOutcome.UNREADABLE, DEFECT))
            return archive.named(db, ids)

        return await self._store.write(work) if missing else []

    async def _book(
        self, stored: StoredEvent, event: PlaybackEvent, refused: EventRefusal, report: ReplayReport
    ) -> None:
        """What never gets as far as a session."""
        outcome, reason = refused.outcome, refused.reason
        if stored.outcome in SETTLED or (stored.outcome, stored.reason) == (outcome, reason):
            _count(report, stored.outcome)
            return
        _count(report, outcome, changed=True)
        if not report.dry_run:
            at = self._clock.now().isoformat(timespec="seconds")
            await self._store.write(lambda db: archive.book(db, stored.id, event, outcome, reason, at))

    async def _relive(
        self, session: int, chosen: Sequence[StoredEvent], named: frozenset[int], report: ReplayReport
    ) -> None:
        """Looked at first, so that nobody waits for the writing where there is nothing to write."""
        found = await self._store.read(lambda db: self._reliving.look(db, session, chosen, named))
        if found.changes and not report.dry_run:
            found = await self._store.write(lambda db: self._reliving.change(db, session, chosen, named))
        elif found.changes:
            self._reliving.imagine(found)
        _add(report, found)


def _add(report: ReplayReport, found: Relived) -> None:
    for outcome, changed in found.outcomes:
        _count(report, outcome, changed=changed)
    for missing in found.plays:
        play = missing.play
        report.plays.append(
            NewPlay(
                id=None if missing.id is None else f"p{missing.id}",
                event_id=f"e{missing.event_id}",
                viewer=play.viewer,
                source=play.source,
                media=play.item.media,
                label=play.item.label(),
                watched_at=play.watched_at.isoformat(timespec="seconds") if play.watched_at else None,
            )
        )
        log.info("a play was missing", action="replay", play=report.plays[-1].id, event_id=f"e{missing.event_id}")


def _count(report: ReplayReport, outcome: EventOutcome, *, changed: bool = False) -> None:
    report.outcomes = dict(Counter(report.outcomes) + Counter({str(outcome): 1}))
    report.changed += changed


def _why(stored: StoredEvent, error: BadPayload) -> str:
    if len((stored.raw or "").encode("utf-8", "replace")) >= UNREADABLE_KEPT and stored.outcome == "unreadable":
        return f"{told(str(error))} Only its first {UNREADABLE_KEPT:,} bytes were kept."
    return told(str(error))


def _imagined(head: StoredEvent, part: int) -> StoredEvent:
    """An event that has no row yet; no id of a stored one is negative."""
    return replace(head, id=-(head.webhook * 10_000 + part), part=part, outcome=EventOutcome.UNREADABLE, detail={})
