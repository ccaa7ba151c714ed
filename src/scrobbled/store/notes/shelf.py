"""The lines of one plan, to be looked at page by page: in a file without a name, which is gone when it is closed."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable
from operator import attrgetter

from msgspec import Struct

MOST = 200
"""Lines in one page."""


class PlanLine(Struct, frozen=True):
    """One thing that a plan would do. ``at`` is Unix seconds, 0 where there is none.

    ``action`` is one of ``core.change.Action``, or ``decide`` for what a person is asked; then ``tracker`` is empty.
    """

    n: int
    """Its place in the plan, from 1."""
    tracker: str
    action: str
    kind: str
    key: str
    label: str
    title: str
    """The show or the film."""
    at: float
    before: str
    after: str
    why: str


_COLUMNS = list(PlanLine.__struct_fields__)


class StoredPlan:
    """Holds what it was given once; may be asked from any thread, a page at a time. Raises ``sqlite3.Error``."""

    def __init__(self, lines: Iterable[PlanLine]) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect("", check_same_thread=False)  # on the disk as soon as it is more than a little
        self._db.execute(f"CREATE TABLE lines ({', '.join(_COLUMNS)}, PRIMARY KEY (n)) WITHOUT ROWID")
        marks = ", ".join("?" * len(_COLUMNS))
        self._db.executemany(f"INSERT INTO lines VALUES ({marks})", map(attrgetter(*_COLUMNS), lines))
        self._db.execute("CREATE INDEX lines_of_sort ON lines (tracker, action, n)")
        self._db.commit()

    def counts(self) -> list[tuple[str, str, int]]:
        """By tracker and action, in the order of the plan."""
        query = "SELECT tracker, action, count(*) FROM lines GROUP BY tracker, action ORDER BY min(n)"
        with self._lock:
            return list(self._db.execute(query))

    def page(self, *, tracker: str | None, action: str | None, after: int, limit: int) -> list[PlanLine]:
        """In the order of the plan, from the line after number ``after``; ``None`` is any."""
        asked = {"tracker": tracker, "action": action}
        chosen = {name: value for name, value in asked.items() if value is not None}
        condition = " ".join(f"AND {name} = :{name}" for name in chosen)
        query = f"SELECT {', '.join(_COLUMNS)} FROM lines WHERE n > :after {condition} ORDER BY n LIMIT :limit"
        with self._lock:
            return [
                PlanLine(*row) for row in self._db.execute(query, {**chosen, "after": after, "limit": min(limit, MOST)})
            ]

    def close(self) -> None:
        with self._lock:
            self._db.close()
