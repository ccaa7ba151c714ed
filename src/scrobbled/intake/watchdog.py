"""Closes viewings whose end was never told, by their last known position."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog
from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.errors import StoreError
from scrobbled.core.watching.ends import fallen_silent, span_of
from scrobbled.core.watching.events import PlaybackEvent
from scrobbled.core.watching.sessions import Watched
from scrobbled.intake.bodies import event_in
from scrobbled.intake.claimants import Claimant, EventRefusal, Household, Taken, claimed, unwanted
from scrobbled.intake.folding import play_of_same_viewing, played
from scrobbled.intake.ingest import Ingest
from scrobbled.plumbing.clock import Clock
from scrobbled.store.file.codec import instant
from scrobbled.store.file.database import Store
from scrobbled.store.inbox import archive, silences
from scrobbled.store.inbox import events as inbox
from scrobbled.store.inbox.silences import Silence

EVERY = 60.0
AT_ONCE = 50
"""Viewings in one transaction: webhooks wait no longer than for that."""
log = structlog.get_logger("watchdog")


class Closed(Struct, frozen=True):
    """A viewing that became a play."""

    taken: Taken
    source: str


class Watchdog:
    """What lies in the database decides, so that nothing is closed twice and a restart changes nothing."""

    def __init__(self, store: Store, ingest: Ingest, clock: Clock, *, grace: Callable[[], float]) -> None:
        """``grace``: seconds of silence beyond what was left to be watched."""
        self._store, self._ingest, self._clock, self._grace = store, ingest, clock, grace

    async def run(self, stopping: asyncio.Event) -> None:
        """Until ``stopping``."""
        while not stopping.is_set():
            with contextlib.suppress(StoreError):  # the next round looks again
                await self.look()
            await self._clock.wait(stopping, EVERY)

    async def look(self) -> int:
        """Close all that has been silent for too long; returns how many became plays. Raises ``StoreError``."""
        plays = 0
        before = self._clock.now() - timedelta(seconds=self._grace())
        while silent := await self._store.read(lambda db: silences.over(db, before.timestamp(), AT_ONCE)):
            for one in await self._close(silent):
                plays += self._told(one)
        return plays

    async def _close(self, silent: Sequence[Silence]) -> list[Closed | None]:
        """Where one of them cannot be closed, it alone is given up: it would keep all others open for ever."""
        household = self._ingest.household
        try:
            return await self._store.write(lambda db: [_closed(db, household, one) for one in silent])
        except StoreError:
            raise
        except Exception:
            if len(silent) == 1:
                log.exception("a viewing could not be closed; it is no play", action="watchdog", session=silent[0].key)
                await self._store.write(lambda db: silences.end(db, silent[0]))
                return []
        return [closed for one in silent for closed in await self._close([one])]

    def _told(self, closed: Closed | None) -> int:
        if closed is None:
            return 0
        self._ingest.played(closed.taken, closed.source)
        names = [f"p{play}" for play, _, _ in closed.taken.plays]
        log.info("ended without a word", action="watchdog", event_id=f"e{closed.taken.event_id}", plays=names)
        return len(names)


def _closed(db: sqlite3.Connection, household: Household, silence: Silence) -> Closed | None:
    """It is over, whatever comes of it; something that was heard meanwhile keeps it open."""
    if not silences.end(db, silence):
        return None
    stored = archive.event(db, silence.event_id)
    event = None if stored is None else event_in(stored)
    claimant = None if event is None or event.item is None else _claimant(household, event, silence.key)
    if stored is None or event is None or claimant is None:
        return None
    heard_at = instant(silence.heard_at)
    before = inbox.load_session(db, silence.key)
    after, verdict = fallen_silent(before, event, claimant.rules_for(event.item), heard_at)
    if not isinstance(verdict, Watched):
        return None
    inbox.save_session(db, silence.key, after, heard_at)
    end = _end_of(event, verdict)
    span = span_of(before, after, end)
    if play_of_same_viewing(db, claimant.viewer, end, span):
        return None
    taken = played(db, end, stored.id, verdict, span, claimant, heard_at)
    inbox.add_detail(db, stored.id, silent=True)
    return Closed(taken, event.source)


def _end_of(event: PlaybackEvent, verdict: Watched) -> PlaybackEvent:
    """The last word, as the end it turned out to be; the time is when that was said, by whomever."""
    return replace(event, occurred_at=verdict.at, entered=False)


def _claimant(household: Household, event: PlaybackEvent, key: str) -> Claimant | None:
    """Whose viewing it was, if it is still theirs and still counts."""
    found = claimed(household, event)
    for claimant in () if isinstance(found, EventRefusal) else found:
        if key == f"{claimant.viewer}|{event.session_key()}" and unwanted(event, claimant) is None:
            return claimant
    return None
