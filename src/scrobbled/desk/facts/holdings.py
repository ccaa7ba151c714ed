"""What an account held when it was last read, and what waits for it and why."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from scrobbled.core.kinds import ITEMS, KINDS, PLAYS, WATCHED, Kind
from scrobbled.core.sending.room import rooms_in_words
from scrobbled.core.standing import AccountKey
from scrobbled.core.words.outcomes import HOLDS, PLAY_NEXT_STEP, Hold, PlayOutcome, told
from scrobbled.store.file.codec import iso_or_none
from scrobbled.store.mirror import records, values
from scrobbled.store.queue import allowances, overview


class AccountHolds(Struct, frozen=True):
    """``counts`` are by list: ``plays``, ``ratings`` and what other kinds were read; of a library also ``items``, which
    are the titles it has, and how many of those are ``watched``. ``read`` is ISO 8601 in UTC, ``None`` for never.
    """

    counts: dict[Kind, int] = field(default_factory=dict)
    text: str = ""
    """The same in words: "1,204 watched, 310 rated", "5,310 plays, 402 ratings"; empty before it was read."""
    read: str | None = None
    vip: bool | None = None
    """Whether the account is paid for, as far as the service says."""
    limits: dict[Kind, int] = field(default_factory=dict)
    """The most of each list, as far as it is known."""
    room: str = ""
    """The same in words: "free account: collection 412, limit not told; watchlist 231 of 250, room for 19"."""


class WaitStory(Struct, frozen=True):
    """Changes for an account that need more than their turn: so many, for this reason."""

    state: str
    code: str
    """That of the reason, of what is held that of its hold; empty where there is none."""
    count: int
    text: str
    """For people, a sentence: "9 unmatched: …"."""


def holding(db: sqlite3.Connection, account: AccountKey) -> AccountHolds:
    """As of its last read, which may be long ago: it is a copy."""
    state = records.state(db, account)
    if not state.read_at:
        return AccountHolds()
    counts = {PLAYS: state.plays, **values.count(db, account)}
    found = AccountHolds(counts, ", ".join(_told(counts)), iso_or_none(state.read_at))
    rooms = allowances.known(db, account)
    if not rooms:
        return found
    limits = {one.kind: one.most for one in rooms if one.most is not None}
    return replace(found, vip=rooms[0].vip, limits=limits, room=rooms_in_words(rooms))


def _told(counts: Mapping[Kind, int]) -> Iterator[str]:
    """Of a library what it says of its titles; of an account what is listed there."""
    is_library = ITEMS in counts or WATCHED in counts
    if is_library:
        yield f"{counts.get(WATCHED, 0):,} watched"
    for kind, entry in KINDS.items():
        if kind in counts and not (is_library and kind == PLAYS):
            count = counts[kind]
            yield f"{count:,} {entry.given if is_library else entry.noun[count != 1]}"


def waits(db: sqlite3.Connection, account: AccountKey) -> list[WaitStory]:
    """What is held or parked there, unmatched or refused, and why; most first."""
    rows = overview.why_waiting(db, *account)
    return [WaitStory(row.state, row.code, row.count, _why(row)) for row in rows]


def _why(row: overview.WaitReason) -> str:
    if row.state == PlayOutcome.HELD:
        return f"{row.count:,} held, {HOLDS[Hold(row.code)] if row.code in set(Hold) else 'until you decide'}."
    return f"{row.count:,} {row.state}: {told(row.reason) or PLAY_NEXT_STEP[PlayOutcome(row.state)]}"
