"""The list that the steps put themselves on, in the order in which their modules are read."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from sqlite_utils import Database

SET = "scrobbled"
TABLE = "_sqlite_migrations"
"""Where sqlite-utils writes down which steps were taken."""
Carry = Callable[["Database"], None]


class MigrationStep(Struct, frozen=True):
    name: str
    carry: Carry


class MigrationSteps:
    """sqlite-utils carries them out. It is loaded for that alone: it takes 3 MB, and few starts have a step to take."""

    def __init__(self) -> None:
        self.all: list[MigrationStep] = []

    def __call__(self, *, name: str = "") -> Callable[[Carry], Carry]:
        """A decorator: the function is the step after those that are listed already."""

        def listed(carry: Carry) -> Carry:
            self.all.append(MigrationStep(name or carry.__name__, carry))
            return carry

        return listed

    @property
    def names(self) -> list[str]:
        return [step.name for step in self.all]

    def taken(self, db: sqlite3.Connection) -> set[str]:
        """The names of those that the file has behind it, also of such as we do not know; it is not written to."""
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (TABLE,)).fetchone():
            return set()
        rows = db.execute(f"SELECT name FROM {TABLE} WHERE migration_set = ?", (SET,))
        return {name for (name,) in rows}

    def pending(self, db: sqlite3.Connection) -> list[str]:
        taken = self.taken(db)
        return [name for name in self.names if name not in taken]

    def apply(self, db: sqlite3.Connection, *, stop_before: str | None = None) -> None:
        """Take those that are pending, each in a transaction of its own. Raises ``sqlite3.Error``."""
        from sqlite_utils import Database
        from sqlite_utils.migrations import Migrations

        migrations = Migrations(SET)
        for step in self.all:
            migrations(name=step.name)(step.carry)
        migrations.apply(Database(db), stop_before=stop_before)


migrations = MigrationSteps()


def table(db: Database, name: str) -> Any:
    """The table of that name, which need not exist yet."""
    return db.table(name)
