"""What is done to changes that wait: the same for plays (``outbox``) and for all else (``amendments``).

Adding a play is the one change that may not be repeated. So the row of a play says in ``phase`` whether its write has
begun, and there is no such column for the others. What is settled stays so, whatever is done here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection

from msgspec import Struct

from scrobbled.store.queue.words import DONE, IN_FLIGHT, OF_A_CANCELLED_RUN, SAYS, said

_OPEN = f"state NOT IN {DONE}"


class QueueTable(Struct, frozen=True):
    """``name`` is that of the table; the rest is SQL: about a row, or of what else is set in it."""

    name: str
    idle: str = "1"
    """No write of it has begun."""
    retryable: str = "1"
    """It is not being written just now."""
    begins: str = ""
    """Set when its write begins."""
    put_off: str = ""
    """Set when it is put off."""
    retried: str = ""
    """Set when a person wants it tried again: it is looked up anew unless it has to be read back."""

    def begin(self, db: sqlite3.Connection, ids: Collection[int]) -> set[int]:
        """Their write begins. Returns those that still waited; the others were dropped, and must not be written.

        From here on a missing answer means doubt where the write may not be repeated.
        """
        cancelled = OF_A_CANCELLED_RUN.format(self.name)
        begun = (
            f"UPDATE {self.name} SET {self.begins}attempts = attempts + 1 WHERE id = ? "
            f"AND state IN ('queued', 'parked', 'unmatched') AND {self.idle} AND NOT {cancelled}"
        )
        return {id_ for id_ in ids if db.execute(begun, (id_,)).rowcount}

    def postpone(self, db: sqlite3.Connection, id_: int, reason: str, next_at: float, *, count: bool = True) -> bool:
        """The same again at ``next_at``; false for one that was dropped or held meanwhile, which stays so.

        ``count``: it was an attempt, and its write had not begun, which counts it.
        """
        put_off = (
            f"UPDATE {self.name} SET state = 'queued', {self.put_off}{SAYS}, next_at = ?, "
            f"attempts = attempts + (? AND {self.idle}) WHERE id = ? AND {_OPEN} AND state <> 'held'"
        )
        return db.execute(put_off, (*said(reason), next_at, count, id_)).rowcount > 0

    def release(self, db: sqlite3.Connection, viewer: str, tracker: str) -> int:
        """The account works again: what was put off because of the outage is due now. Returns how many."""
        due = (
            f"UPDATE {self.name} SET next_at = 0 WHERE viewer = ? AND tracker = ? AND state = 'queued' AND {_OPEN} "
            f"AND {self.idle} AND next_at > 0"
        )
        return db.execute(due, (viewer, tracker)).rowcount

    def retry(self, db: sqlite3.Connection, ids: Collection[int] | None) -> list[int]:
        """Make parked, unmatched, dead and waiting ones due now; ``None`` means all. Held ones need an approval.

        Writes in doubt stay in doubt: they are read back now instead of later.
        """
        chosen = self.chosen(db, ids, f"state IN ('queued', 'parked', 'unmatched', 'dead') AND {self.retryable}")
        due = f"UPDATE {self.name} SET state = 'queued', {self.retried}next_at = 0 WHERE id = ?"
        db.executemany(due, [(id_,) for id_ in chosen])
        return chosen

    def waits(self, db: sqlite3.Connection, viewer: str, tracker: str) -> bool:
        """Whether one of this account is on its way, due or put off."""
        any_ = f"SELECT 1 FROM {self.name} WHERE viewer = ? AND tracker = ? AND state = 'queued' AND {_OPEN} LIMIT 1"
        return db.execute(any_, (viewer, tracker)).fetchone() is not None

    def chosen(self, db: sqlite3.Connection, ids: Collection[int] | None, condition: str) -> list[int]:
        """Those of ``ids`` that are not settled and for which ``condition`` holds; ``None`` means all."""
        rows = db.execute(f"SELECT id FROM {self.name} WHERE {_OPEN} AND {condition} ORDER BY id").fetchall()
        wanted = None if ids is None else set(ids)
        return [row[0] for row in rows if wanted is None or row[0] in wanted]


PLAYS = QueueTable(
    "outbox",
    idle="phase = ''",
    retryable=f"phase <> '{IN_FLIGHT}'",
    begins=f"state = 'queued', phase = '{IN_FLIGHT}', missed_at = NULL, ",
    put_off="phase = '', ",
    retried="candidates = NULL, address_key = CASE phase WHEN '' THEN NULL ELSE address_key END, ",
)
AMENDMENTS = QueueTable("amendments")
