"""Whether there is anything to do."""

from __future__ import annotations

import sqlite3

from scrobbled.core.kinds import PLAYS
from scrobbled.store.charts import book, exports, waiting
from scrobbled.store.mirror import records


def is_unsure(db: sqlite3.Connection, account: tuple[str, str]) -> bool:
    """Whether a play was missing in the last complete read only, so that another one decides."""
    return records.is_unsure(db, account, {PLAYS})


def has_news(db: sqlite3.Connection, sink: str, now: float) -> bool:
    """Whether anything is to be compared or sent; cheap, as it is asked all the time."""
    if waiting.is_waiting(db, sink):
        return True
    for one in exports.all_of(db, sink):
        if one.after is not None and book.may_pass(db, one):
            return True
        if one.origin != exports.LEDGER and records.state(db, one.account).rev != one.rev:
            return True
        if one.after is None and book.news(db, one, now):
            return True
    return False
