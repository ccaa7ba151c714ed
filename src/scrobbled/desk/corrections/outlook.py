"""What a correction is about, and what it would do to what waits and to what was delivered before it was made."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.naming.correction_words import sentence
from scrobbled.core.naming.corrections import corrected
from scrobbled.core.naming.items import Item, Origin
from scrobbled.core.standing import AccountKey
from scrobbled.desk.corrections import correct
from scrobbled.desk.corrections.correct import Ahead, Trial
from scrobbled.intake.ratings_and_ticks import removal
from scrobbled.store.queue import amendments, corrections, overview, recent, tracing, undoing
from scrobbled.store.queue.delivered import Delivered
from scrobbled.trackers.base import Tracker

TRIED = 3
"""So many of what waits at each tracker are tried: the first, the last, and some between."""
LOOKED_AT = 60
"""So many of what was delivered are compared with where they would go now."""
AT_ONCE = 4
WHY = "you corrected what it is"


class CorrectionSubject(Struct, frozen=True):
    """A play, a change or an amendment of which somebody wants to say what it is.

    ``correction`` is the one that applies now, as people read it. ``outcomes`` are the play's, by tracker.
    """

    id: str
    viewer: str
    source: str
    label: str
    item: Item
    play: int | None
    trackers: tuple[str, ...]
    reason: str
    candidates: tuple[Mapping[str, Any], ...]
    correction: str
    outcomes: Mapping[str, str]

    @property
    def origin(self) -> Origin | None:
        return self.item.origin


class Elsewhere(Struct, frozen=True):
    """A play that was delivered, and where it would go now."""

    change: int
    label: str
    tracker: str
    entry: str


class Foreseen(Struct, frozen=True):
    """``text`` is the correction, ``replaces`` are those it stands in for.

    ``waiting`` counts the plays it applies to at once, ``tried`` tells of a few where they would go. ``elsewhere`` are
    changes that were delivered to another place than they would be now; of many only the newest are looked at.
    """

    text: str
    replaces: tuple[str, ...]
    waiting: int
    tried: tuple[Trial, ...]
    elsewhere: tuple[Elsewhere, ...]


def subject(db: sqlite3.Connection, letter: str, id_: int) -> CorrectionSubject | None:
    """``c`` a change, ``p`` a play, ``a`` an amendment; ``None`` where there is none, or nobody said what it is."""
    if letter == "a":
        return _of_amendment(db, id_)
    if (found := tracing.played(db, letter, id_)) is None:
        return None
    story = recent.play(db, found.id)
    changes = overview.queued(db, [one.change_id for one in story.deliveries] if story else [])
    asked = sorted(changes, key=lambda one: letter == "c" and one.id != id_)
    return CorrectionSubject(
        id=f"{letter}{id_}",
        viewer=found.viewer,
        source=found.source,
        label=found.label or found.item.label(),
        item=found.item,
        play=found.id,
        trackers=tuple(one.tracker for one in changes),
        reason=next((one.reason for one in asked if one.reason), ""),
        candidates=next((one.candidates for one in asked if one.candidates), ()),
        correction=_applies(db, found.item, found.viewer),
        outcomes={one.tracker: one.state for one in story.deliveries} if story else {},
    )


def _of_amendment(db: sqlite3.Connection, id_: int) -> CorrectionSubject | None:
    found = amendments.get(db, id_)
    if found is None or found.wish.subject is None:
        return None
    wish, item = found.wish, found.wish.subject.item
    correction = _applies(db, item, wish.viewer)
    about = (f"a{id_}", wish.viewer, "", wish.label, item, wish.play_id, (wish.tracker,), found.reason)
    return CorrectionSubject(*about, (), correction, {wish.tracker: found.state})


def _applies(db: sqlite3.Connection, item: Item, viewer: str) -> str:
    now = corrected(item, viewer, corrections.in_force(db, viewer)).correction
    return "" if now is None else f"{now.name}: {sentence(now)}"


async def foresee(found: Ahead, before: Sequence[Delivered], trackers: Mapping[AccountKey, Tracker]) -> Foreseen:
    """Asks the trackers where a few of them would go, and sends nothing."""
    able = [row for row in before if (row.viewer, row.tracker) in trackers][:LOOKED_AT]
    able = [row for row in able if "plays" in trackers[row.viewer, row.tracker].can.amends]
    slots = asyncio.Semaphore(AT_ONCE)

    async def tried(item: Item, account: AccountKey) -> Trial:
        async with slots:
            (trial,) = await correct.tried(item, {account: trackers[account]}, found.known)
            return trial

    waiting = [
        (row.item, (row.viewer, row.tracker)) for row in _some(found.waiting) if (row.viewer, row.tracker) in trackers
    ]
    trials = await asyncio.gather(*(tried(*one) for one in waiting))
    others = await asyncio.gather(*(tried(row.item, (row.viewer, row.tracker)) for row in able))
    return Foreseen(
        text=sentence(found.correction),
        replaces=tuple(gone.name for gone in found.replaced),
        waiting=len({row.play_id for row in found.waiting}),
        tried=tuple(trials),
        elsewhere=tuple(
            Elsewhere(row.id, row.label, row.tracker, trial.entry)
            for row, trial in zip(able, others, strict=True)
            if trial.verdict == "found" and trial.key != row.key
        ),
    )


def _some(waiting: Sequence[corrections.CorrectableChange]) -> list[corrections.CorrectableChange]:
    """A few for each account: the first and the last among them."""
    found: list[corrections.CorrectableChange] = []
    for account in dict.fromkeys((row.viewer, row.tracker) for row in waiting):
        mine = [row for row in waiting if (row.viewer, row.tracker) == account]
        step = max(1, -(-(len(mine) - 1) // (TRIED - 1)))
        found += [*mine[:-1][::step], mine[-1]]
    return found


def move(db: sqlite3.Connection, changes: Sequence[int], now: float) -> int:
    """Have plays taken from where they were sent to, and then sent where they belong now. Returns how many."""
    moved = 0
    for sent in undoing.sent(db, changes):
        if sent.state == "delivered" and amendments.of_change(db, sent.id) is None:
            wish = removal(sent, WHY)
            amendments.add(db, replace(wish, details=replace(wish.details, again=True)), now)
            moved += 1
    return moved
