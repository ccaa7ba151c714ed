"""What the two of a pair have under the same names, or where one was looked up at the other."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from scrobbled.core.agreeing.plan import SIDES, Side
from scrobbled.core.naming.things import SideKey
from scrobbled.core.standing import AccountKey
from scrobbled.store.file.codec import THESE, listed
from scrobbled.store.mirror import subjects

_NAMES = msgspec.json.Decoder(tuple[str, ...])


class NamedSubject(NamedTuple):
    """What a subject is called. ``identity`` is what ``records.identity`` says of it."""

    identity: str | None
    names: tuple[str, ...]


def near(
    db: sqlite3.Connection, accounts: Mapping[Side, AccountKey], start: Iterable[SideKey], *, placed: bool
) -> dict[SideKey, NamedSubject]:
    """These, and all that is connected with them: by a name, or, with ``placed``, as it was looked up and stands there.

    Also over several others. What is not known is missing.
    """
    found: dict[SideKey, NamedSubject] = {}
    asked, new = set[str](), list(dict.fromkeys(start))
    while new:
        told: dict[SideKey, NamedSubject] = {}
        for side in SIDES:
            keys = [key for whose, key in new if whose == side]
            told |= {(side, key): one for key, one in _told(db, accounts[side], keys).items()}
        found |= told
        names = {name for one in told.values() for name in one.names} - asked
        asked |= names
        reached: list[SideKey] = [
            (side, key) for side in SIDES for key in subjects.keys_named(db, accounts[side], sorted(names))
        ]
        if placed:
            reached += _placed(db, accounts, told)
        new = [one for one in dict.fromkeys(reached) if one not in found]
    return found


def _told(db: sqlite3.Connection, account: AccountKey, keys: Sequence[str]) -> dict[str, NamedSubject]:
    """In the order of ``keys``."""
    query = f"SELECT key, identity, names FROM subjects WHERE viewer = ? AND tracker = ? AND key IN {THESE}"
    rows = {row[0]: row for row in db.execute(query, (*account, listed(keys)))}
    told = ((sys.intern(key), rows[key]) for key in keys if key in rows)
    return {key: NamedSubject(identity, _NAMES.decode(names)) for key, (_, identity, names) in told}


def _placed(db: sqlite3.Connection, accounts: Mapping[Side, AccountKey], told: Iterable[SideKey]) -> list[SideKey]:
    (viewer, a), (_, b) = accounts["a"], accounts["b"]
    ours, theirs = ([key for side, key in told if side == one] for one in SIDES)
    there, here = subjects.placed_at(db, (viewer, a, b), ours), subjects.placed_from(db, (viewer, a, b), theirs)
    return [("b", key) for key in there] + [("a", key) for key in here]
