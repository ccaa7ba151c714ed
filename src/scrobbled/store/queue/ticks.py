"""Amendments that tick something off without a date, or take such a tick back."""

from __future__ import annotations

import sqlite3

from scrobbled.core.standing import AccountKey
from scrobbled.core.words.outcomes import WAITING, PlayOutcome
from scrobbled.store.queue.amendment import Amendment, NewAmendment, alike

MOST_TICKS = 50
"""So far back is looked for one of the same item: people mark and unmark now and then."""


def between(db: sqlite3.Connection, since: float, until: float) -> list[int]:
    """The ticks that sources wanted within that time (Unix seconds), oldest first."""
    rows = db.execute(
        "SELECT id FROM amendments WHERE action = 'tick' AND event_id IS NOT NULL AND created_at >= ? "
        "AND created_at < ? ORDER BY id",
        (since, until),
    )
    return [row[0] for row in rows]


def left(db: sqlite3.Connection, id_: int, how: str) -> None:
    """One was carried out by us, and the tracker tells how it left the item."""
    db.execute("UPDATE amendments SET left_as = ? WHERE id = ?", (how, id_))


def ticked(db: sqlite3.Connection, account: AccountKey) -> dict[str, tuple[str, float]]:
    """What we ticked there and did not take back, by the tracker's key: how that was left, and when (Unix seconds)."""
    rows = db.execute(
        "SELECT address_key, left_as, settled_at FROM amendments INDEXED BY amendments_ticked WHERE viewer = ? "
        "AND tracker = ? AND action = 'tick' AND state = 'delivered' AND left_as IS NOT NULL "
        "AND address_key IS NOT NULL ORDER BY id",
        account,
    )
    return {key: (how, at) for key, how, at in rows}


def standing(db: sqlite3.Connection, tick: NewAmendment) -> Amendment | None:
    """The tick like ``tick`` that we have set, or are about to, and that nothing has taken back since."""
    for one in alike(db, tick, MOST_TICKS):
        if one.wish.action == "untick" and (one.state is PlayOutcome.DELIVERED or one.state in WAITING):
            return None
        if one.wish.action == "tick" and (one.state in WAITING or one.is_set_by_us):
            return one
    return None
