"""What is found out about a change before it is judged: where the tracker keeps it, and what is there of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import timedelta

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.errors import NotInCatalogue, Refused, Uncertain
from scrobbled.core.naming.corrections import Corrected, Correction, corrected
from scrobbled.core.sending.judge import NO_UNDATED, Case, Place, Send, Settled, beside, not_taken
from scrobbled.core.watching.plays import rounded
from scrobbled.core.watching.sessions import usual_runtime, viewing_gap
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.delivery.account import TrackerAccount
from scrobbled.store.mirror import viewings
from scrobbled.store.queue.outbox import OutboxChange
from scrobbled.trackers.base import Addition, Address

PIECE = 25
"""So many are asked about at once: a few milliseconds."""


class Going(Struct, frozen=True):
    """A change as it is sent."""

    change: OutboxChange
    addition: Addition

    @property
    def place(self) -> Place:
        sent = self.addition
        return Place(sent.id, self.change.play_id, sent.address.key, sent.watched_at)


class Found(Struct, frozen=True):
    """A change and its case; ``going`` is how it would be sent, ``None`` where the tracker has no place for it."""

    change: OutboxChange
    case: Case
    going: Going | None = None

    @property
    def address(self) -> Address | None:
        return None if self.going is None else self.going.addition.address

    @property
    def key(self) -> str | None:
        return None if self.address is None else self.address.key

    def among(self, others: Sequence[Going]) -> Case:
        """Its case where the same write carries ``others`` already."""
        if self.going is None or not others:
            return self.case
        places = [other.place for other in others]
        return replace(self.case, seen=beside(self.case.seen, self.going.place, _gap(self.change), places))

    def sent(self, verdict: Send) -> Going:
        assert self.going is not None, "nothing is sent to no place"
        return replace(self.going, addition=replace(self.going.addition, rewatch=verdict.rewatch))


class Located(Struct, frozen=True):
    """A change, with what the tracker says of it; ``addition`` is ``None`` where it has no place for it."""

    change: OutboxChange
    meant: Corrected
    case: Case
    addition: Addition | None = None


async def locate(account: TrackerAccount, change: OutboxChange, known: Sequence[Correction]) -> Located:
    """Ask the tracker. ``known`` are the corrections in force.

    Raises as every call to a tracker, but not for what concerns this play alone: that is part of its case.
    """
    tracker, meant = account.tracker, corrected(change.item, account.viewer, known)
    case = Case(left_out=meant.left_out(tracker.can.media), restored=change.restored, approved=change.approved)
    if case.left_out:
        return Located(change, meant, case)
    if change.watched_at is None and change.undated not in tracker.can.undated:
        return Located(change, meant, replace(case, not_located=Settled(PlayOutcome.UNWANTED, NO_UNDATED)))
    try:
        place = await tracker.adds.locate(meant.item)
    except (NotInCatalogue, Uncertain, Refused) as error:
        error.reason = meant.told(error.reason)
        return Located(change, meant, replace(case, not_located=not_taken(error)))
    address = replace(place, how=meant.told(place.how))
    at = None if change.watched_at is None else rounded(change.watched_at, tracker.can.precision)
    return Located(change, meant, case, Addition(change.id, address, at, item=meant.item, undated=change.undated))


async def look_up(account: TrackerAccount, located: Sequence[Located]) -> list[Found]:
    """Ask the database, a few at a time: what waits to be stored meanwhile is stored in between."""
    found: list[Found] = []
    for start in range(0, len(located), PIECE):
        piece = located[start : start + PIECE]
        found += await account.store.read(lambda db, piece=piece: [_found(db, one) for one in piece])  # type: ignore[misc]
    return found


async def find(account: TrackerAccount, change: OutboxChange, known: Sequence[Correction]) -> Found:
    """Both for one change; raises as ``locate``."""
    (found,) = await look_up(account, [await locate(account, change, known)])
    return found


def _found(db: sqlite3.Connection, located: Located) -> Found:
    change, addition = located.change, located.addition
    if addition is None:
        return Found(change, located.case)
    gap, is_corrected = _gap(change), located.meant.correction is not None
    seen = viewings.seen(db, change, addition.address.key, gap, is_corrected=is_corrected)
    return Found(change, replace(located.case, seen=seen), Going(change, addition))


def _gap(change: OutboxChange) -> timedelta:
    return viewing_gap(change.duration or usual_runtime(change.item), restarted=True)
