"""The flood breaker: stops plays that come as no household watches, tells it once, and tells when it was decided."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from msgspec import Struct
from msgspec.structs import replace

from scrobbled.alerts import Alerts, Now, Trouble
from scrobbled.core.errors import StoreError
from scrobbled.core.sending.safety import MARKS_WAIT, Trip, WriteLimits, judge, judge_marks
from scrobbled.core.watching.events import PlaybackEvent
from scrobbled.core.watching.plays import Play
from scrobbled.core.watching.sessions import Watched
from scrobbled.core.words.outcomes import HOLDS, Hold, PlayOutcome
from scrobbled.plumbing.clock import Clock
from scrobbled.store.file.database import Store
from scrobbled.store.inbox.events import Queued
from scrobbled.store.queue import arrivals, floods
from scrobbled.store.queue.arrivals import FloodPlay
from scrobbled.store.queue.floods import Contents, Flood

BELIEVED_DISTANCE = timedelta(minutes=15)
"""A time that its source states, and that is farther from receipt, was not told as it happened."""
CALM = 5.0
"""Seconds in which nothing came: then a flood is told, with figures that will not be wrong a moment later."""
PATIENCE = 30.0
"""Seconds after which it is told, however it goes on."""
KIND = "flood"
DECIDED = "Somebody decided on each of them: what was approved is sent at the tracker's pace."
log = structlog.get_logger("breaker")


def arrival_of(event: PlaybackEvent, play: Play, verdict: Watched, received_at: datetime) -> FloodPlay:
    """How the breaker sees a play; ``received_at`` is when the webhook came, also where it is understood later."""
    told_late = event.time_from_source and abs(event.occurred_at - received_at) > BELIEVED_DISTANCE
    return FloodPlay(
        at=received_at.timestamp(),
        afterwards=event.entered or event.stale or told_late or play.watched_at is None,
        witnessed=verdict.witnessed,
        minute=None if play.watched_at is None else int(play.watched_at.timestamp()) // 60,
        marked=event.marked,
    )


def admit(db: sqlite3.Connection, viewer: str, queued: Queued, arrival: FloodPlay, limits: WriteLimits) -> Queued:
    """``queued`` as it may go on: the same, or held. In the transaction that adds the play, and before that.

    What a tracker does not take is no arrival. A play without a date is held anyway, and may be part of a flood too.
    """
    account, undated = (viewer, queued.tracker), queued.outcome is PlayOutcome.HELD
    if queued.outcome not in (PlayOutcome.QUEUED, PlayOutcome.HELD):
        return queued
    if arrival.marked:
        queued = replace(queued, marked=True)
        if together := judge_marks(1 + floods.marked_together(db, account, arrival)):
            return _with_other_marks(db, account, queued, arrival, together)
        queued = queued if undated else replace(queued, next_at=arrival.at + MARKS_WAIT.total_seconds())
    facts = arrivals.count(db, account, arrival)
    trip = judge(facts, limits)
    if trip is None and not undated:
        arrivals.let_through(db, account)
        return replace(queued, witnessed=arrival.witnessed)
    arrivals.kept_back(db, account, arrival.at)
    if trip is None:
        return replace(queued, hold=Hold.NO_DATE)
    flood = floods.join(db, account, trip, arrival.at)
    floods.stop_waiting(db, account, flood, trip, arrival.at)
    if undated:
        return replace(queued, hold=Hold.NO_DATE, flood=flood)
    return replace(queued, outcome=PlayOutcome.HELD, reason=trip.coded, hold=trip.rule, flood=flood)


def _with_other_marks(
    db: sqlite3.Connection, account: tuple[str, str], queued: Queued, arrival: FloodPlay, trip: Trip
) -> Queued:
    """They are no viewing of one evening, and no flood either: held together, and what is really watched goes on."""
    flood = floods.join(db, account, trip, arrival.at)
    floods.stop_marks(db, account, flood, trip, arrival)
    hold = Hold.NO_DATE if queued.outcome is PlayOutcome.HELD else trip.rule
    return replace(queued, outcome=PlayOutcome.HELD, reason=trip.coded, hold=hold, flood=flood)


class _News(Struct, frozen=True):
    """What there is to do: each flood with what it holds, by account; and floods that were decided."""

    open: dict[str, list[tuple[Flood, Contents]]]
    over: list[Flood]


class Herald:
    """Tells of floods. ``news`` is to be set whenever plays may have been held, or decided on."""

    def __init__(self, store: Store, alerts: Alerts, clock: Clock) -> None:
        self.news = asyncio.Event()
        self._store, self._alerts, self._clock = store, alerts, clock
        alerts.look(KIND, self._stands)

    async def run(self, stopping: asyncio.Event) -> None:
        """Until ``stopping``; set ``news`` then too. What one process did not tell, the next one does."""
        wait: float | None = 0.0
        while not stopping.is_set():
            try:
                wait = await self.look()
            except StoreError as error:
                log.error("floods cannot be looked up", action="flood", why=str(error))
                wait = PATIENCE
            if not await self._clock.wait(self.news, wait):
                continue
            self.news.clear()
            await self._clock.wait(stopping, 1.0)  # plays come many at a time, and one look is enough for all

    async def look(self) -> float | None:
        """Tell what is to be told. Returns seconds until something is due again, ``None`` for "when there is news"."""
        news = await self._store.read(_news)
        if not news.open and not news.over:
            return None
        for subject in {_subject(flood) for flood in news.over} - news.open.keys():
            await self._alerts.recovered(KIND, subject, _over(subject), DECIDED)
        now = self._clock.now().timestamp()
        await self._store.write(lambda db: floods.decided(db, [flood.id for flood in news.over], now))
        waits = [await self._tell(subject, found, now) for subject, found in news.open.items()]
        return min((wait for wait in waits if wait is not None), default=None)

    async def _stands(self, subject: str) -> Now:
        """With the figures of the moment, however long ago it was reported."""
        found = (await self._store.read(_news)).open.get(subject)
        if found is None:
            return Now(lasts=False, title=_over(subject), text=DECIDED)
        trouble = _trouble(subject, found)
        return Now(title=trouble.title, text=trouble.text)

    async def _tell(self, subject: str, found: Sequence[tuple[Flood, Contents]], now: float) -> float | None:
        untold = [flood for flood, _ in found if flood.told_at is None]
        if not untold:
            return None
        if (wait := min(_until_told(flood, now) for flood in untold)) > 0:
            return wait
        await self._alerts.report(_trouble(subject, found))
        ids = [flood.id for flood in untold]
        with contextlib.suppress(StoreError):  # it is told again then, and known to be the same
            await self._store.write(lambda db: floods.told(db, ids, now))
        return None


def sentence(flood: Flood, contents: Contents) -> str:
    """A flood in one sentence, for people: "4,712 plays for anna/trakt came within 3 minutes from plex; …"."""
    came = f"{flood.plays:,} plays" if flood.plays != 1 else "1 play"
    source = f" from {' and '.join(contents.sources)}" if contents.sources else ""
    held = f"{flood.held:,} {'is' if flood.held == 1 else 'are'} held"
    span = f" within {_span(flood.last_at - flood.began_at)}" if flood.plays > 1 else ""
    return f"{came} for {flood.viewer}/{flood.tracker} came{span}{source}; {held}"


def _news(db: sqlite3.Connection) -> _News:
    open_: dict[str, list[tuple[Flood, Contents]]] = {}
    over = []
    for flood in floods.undecided(db):
        if flood.held:
            open_.setdefault(_subject(flood), []).append((flood, floods.contents(db, flood.id)))
        else:
            over.append(flood)
    return _News(open_, over)


def _subject(flood: Flood) -> str:
    account = f"{flood.viewer}/{flood.tracker}"
    return f"{account} {flood.rule}" if flood.rule == Hold.PLAYS_PER_ITEM else account


def _in_words(subject: str) -> str:
    account = subject.removesuffix(f" {Hold.PLAYS_PER_ITEM}")
    return account if account == subject else f"{account}, {HOLDS[Hold.PLAYS_PER_ITEM]}"


def _until_told(flood: Flood, now: float) -> float:
    """A clock that was put back must not keep it from being told."""
    quiet, age = now - flood.last_at, now - flood.opened_at
    return 0.0 if quiet < 0 or age < 0 else min(CALM - quiet, PATIENCE - age)


def _trouble(subject: str, found: Sequence[tuple[Flood, Contents]]) -> Trouble:
    held = sum(flood.held for flood, _ in found)
    names = " ".join(f"f{flood.id}" for flood, _ in found)
    told = " ".join(f"{sentence(flood, contents)}." for flood, contents in found)
    samples = [sample for _, contents in found for sample in contents.samples][: floods.SAMPLES]
    # what to do stands before what may be cut off where there is much to tell
    return Trouble(
        kind=KIND,
        subject=subject,
        title=f"{_in_words(subject)}: {held:,} {'play is' if held == 1 else 'plays are'} held",
        text=f"{told} None is sent until you decide. Approve: scrobbled queue approve {names} · drop: scrobbled queue "
        f"drop {names}. Real viewing goes on. Why: {found[-1][0].reason}. Among them: {'; '.join(samples)}.",
        viewer=found[0][0].viewer,
        link="/#needs",
    )


def _over(subject: str) -> str:
    return f"{_in_words(subject)}: nothing is held any more"


def _span(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return "a minute"
    if minutes == 1:
        return "1 minute"
    return f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours"
