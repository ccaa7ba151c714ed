"""The lines of one plan, to be looked at page by page: in a file without a name, which is gone when it is closed."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import astuple

MOST = 200
"""Lines in one page."""


class LineStory(Struct, frozen=True):
    """One thing that a plan would do; ``at`` is ISO 8601 in UTC. ``n`` is its place in the plan.

    ``action`` is ``add``, ``remove``, ``retime``, ``flag``, ``rate``, ``unrate``, or ``decide``: that is asked, and
    ``tracker`` is empty. ``poster`` is an address relative to our root, or empty.
    """

    n: int
    tracker: str
    action: str
    kind: str
    label: str
    title: str
    at: str | None
    before: str
    after: str
    why: str
    poster: str


PlanLine = tuple[LineStory, str]
"""And the name that both sides have for what it is about, by which whoever tells it finds the poster."""
_COLUMNS = ", ".join(LineStory.__struct_fields__[:-1])


class StoredPlan:
    """Holds what it was given once; may be asked from any thread, a page at a time. Raises ``sqlite3.Error``."""

    def __init__(self, lines: Iterable[PlanLine]) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect("", check_same_thread=False)  # on the disk as soon as it is more than a little
        self._db.execute(f"CREATE TABLE lines ({_COLUMNS}, key, PRIMARY KEY (n)) WITHOUT ROWID")
        marks = ", ".join("?" * len(LineStory.__struct_fields__))
        rows = ((*astuple(line)[:-1], key) for line, key in lines)
        self._db.executemany(f"INSERT INTO lines VALUES ({marks})", rows)
        self._db.execute("CREATE INDEX lines_of_sort ON lines (tracker, action, n)")
        self._db.commit()

    def counts(self) -> list[tuple[str, str, int, int]]:
        """By tracker and action, in the order of the plan; last of the plays to be added those without a date."""
        undated = "sum(action = 'add' AND at IS NULL)"
        query = f"SELECT tracker, action, count(*), {undated} FROM lines GROUP BY tracker, action ORDER BY min(n)"
        with self._lock:
            return list(self._db.execute(query))

    def page(self, *, tracker: str | None, action: str | None, after: int, limit: int) -> list[PlanLine]:
        """In the order of the plan, from the line after number ``after``; ``None`` is any."""
        asked = {"tracker": tracker, "action": action}
        chosen = {name: value for name, value in asked.items() if value is not None}
        condition = " ".join(f"AND {name} = :{name}" for name in chosen)
        query = f"SELECT {_COLUMNS}, '', key FROM lines WHERE n > :after {condition} ORDER BY n LIMIT :limit"
        with self._lock:
            rows = self._db.execute(query, {**chosen, "after": after, "limit": min(limit, MOST)})
            return [(LineStory(*row[:-1]), row[-1]) for row in rows]

    def close(self) -> None:
        with self._lock:
            self._db.close()
