"""Whether a file that was sent holds anything that we did not make: then SQLite would compute what others wrote.

An index over an expression, a check, a generated column, a view or a trigger is carried out whenever somebody looks at
the rows or writes one.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

from scrobbled.core.errors import StoreError
from scrobbled.core.words.printable import printable
from scrobbled.store.file import opening
from scrobbled.store.file.migrations import migrations
from scrobbled.store.file.migrations.registry import TABLE

_EVERYTHING = "SELECT type, name, tbl_name, sql FROM sqlite_master"
_STEPS = ("table", TABLE)
_OWN_OF_SQLITE = {
    ("table", "sqlite_sequence"): "CREATE TABLE sqlite_sequence(name,seq)",
    ("table", "sqlite_stat1"): "CREATE TABLE sqlite_stat1(tbl,idx,stat)",
    ("table", "sqlite_stat4"): "CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample)",
}
_ORDER = ("view", "trigger", "table", "index")
_TOKEN = re.compile(
    r"""(?P<blank>\s+|--[^\n]*|/\*.*?(?:\*/|\Z))|(?P<text>'(?:[^']|'')*')|(?P<word>\w+)
    |"(?P<quoted>\w+)"|\[(?P<bracketed>\w+)\]|`(?P<ticked>\w+)`|(?P<other>"(?:[^"]|"")*"|.)""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)

_Thing = tuple[str, str]
_Made = tuple[str, tuple[str, ...]]
"""The table it belongs to, and how it was made."""


def check(db: sqlite3.Connection, shown: Path) -> None:
    """Raises ``StoreError``, which speaks of ``shown``, for such a file, and for one that no version of ours made.

    Nothing but the list of what is in it is read, and the steps of the schema it has been through: what an older
    version made is compared with what that version made. What is missing is no concern here.
    """
    found = dict(_listed(db))
    _refuse({thing: made for thing, made in found.items() if thing == _STEPS}, _made(set(), shown), shown)
    _refuse(found, _made(opening.check_schema(db, shown), shown), shown)


def _listed(db: sqlite3.Connection) -> Iterator[tuple[_Thing, _Made]]:
    for kind, name, table, sql in db.execute(_EVERYTHING):
        automatic = kind == "index" and sql is None and name.startswith("sqlite_autoindex_")
        if not automatic:
            yield (kind, name), (table, _normal(kind, sql or ""))


def _refuse(found: Mapping[_Thing, _Made], ours: Mapping[_Thing, _Made], shown: Path) -> None:
    strange = [thing for thing, made in found.items() if ours.get(thing) != made]
    if strange:
        strange.sort(key=lambda thing: (_ORDER.index(thing[0]) if thing[0] in _ORDER else -1, thing[1]))
        told = ", ".join(printable(f"{kind} {name}")[:80] for kind, name in strange[:3])
        raise StoreError(
            f"{shown} has something in it that scrobbled did not put there: {told}. "
            "Choose another backup, or remove that from it first."
        )


def _made(known: set[str], shown: Path) -> dict[_Thing, _Made]:
    """What a database has that went through those steps."""
    steps = migrations.names
    if known != set(steps[: len(known)]):
        raise StoreError(f"{shown} is of no version of scrobbled: a step of its schema is missing. Use another copy.")
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        migrations.apply(db, stop_before=next(iter(steps[len(known) :]), None))
        own = {thing: (thing[1], _normal("table", sql)) for thing, sql in _OWN_OF_SQLITE.items()}
        return own | dict(_listed(db))


def _normal(kind: str, sql: str) -> tuple[str, ...]:
    """The same for the same table or index, however it is written: sqlite-utils writes ours anew when it changes one.

    It quotes names and defaults, says ``NOT NULL`` of each key, and knows nothing of ``WITHOUT ROWID``.
    """
    if kind not in ("table", "index"):
        return (sql,)
    told = " ".join(_tokens(sql))
    if kind == "table":
        told = re.sub(r" not null\b| without rowid\Z", "", re.sub(r"\bdefault '(\d+)'", r"default \1", told))
    return tuple(told.split(" "))


def _tokens(sql: str) -> Iterator[str]:
    for token in _TOKEN.finditer(sql):
        name = token["word"] or token["quoted"] or token["bracketed"] or token["ticked"]
        if not token["blank"]:
            yield name.lower() if name else token[0]
