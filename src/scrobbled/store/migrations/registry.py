"""The list that the steps put themselves on, in the order in which their modules are read."""

from __future__ import annotations

from typing import Any

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

migrations = Migrations("scrobbled")


def table(db: Database, name: str) -> Any:
    """The table of that name, which need not exist yet."""
    return db.table(name)
