"""Lists that things leave by being watched: what both accounts know of the viewings of what is on one of them."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Collection, Iterable

from msgspec.structs import replace

from scrobbled.core.agreeing.ledger import KnownViewing, ValueGroup
from scrobbled.core.agreeing.plan import SIDES
from scrobbled.core.kinds import KINDS, WATCHED, Kind
from scrobbled.core.naming.items import Episode
from scrobbled.core.records import Reading, Subject
from scrobbled.core.standing import AccountKey
from scrobbled.reconcile.pairs import Sides
from scrobbled.reconcile.sheets import Lined
from scrobbled.store.file.database import Store
from scrobbled.store.mirror import listed, subjects


async def tell_viewings(store: Store, sides: Sides, part: Lined) -> None:
    """Beside what only one side has on such a list: when it was watched, and since when both had it."""
    open_ = [one for one in part.values if KINDS[one.kind].until_watched and (one.a is None) is not (one.b is None)]
    if not open_:
        return
    told = await store.read(lambda db: [_told(db, sides, part, one) for one in _by_kind(open_)])
    known = {(one.kind, one.key): one for some in told for one in some}
    part.values = [known.get((one.kind, one.key), one) for one in part.values]


def _by_kind(groups: Iterable[ValueGroup]) -> list[list[ValueGroup]]:
    found: dict[Kind, list[ValueGroup]] = {}
    for one in groups:
        found.setdefault(one.kind, []).append(one)
    return list(found.values())


def _told(db: sqlite3.Connection, sides: Sides, part: Lined, groups: list[ValueGroup]) -> list[ValueGroup]:
    agreed = listed.agreed_at(db, sides.viewer, sides.pair, groups[0].kind, [one.key for one in groups])
    seen = {one.key: [side for side in SIDES if (side, one.key) in part.subjects] for one in groups}
    things = {key: [part.subjects[side, key] for side in there] for key, there in seen.items()}
    every = [one for some in things.values() for one in some]
    known = [listed.viewings(db, sides.account(side), every) for side in SIDES]
    return [
        replace(
            one,
            viewings=(_of(known[0], things[one.key]), _of(known[1], things[one.key])),
            agreed_at=agreed.get(one.key),
        )
        for one in groups
    ]


def _of(known: dict[Subject, KnownViewing], names: Iterable[Subject]) -> KnownViewing | None:
    """The same thing goes by several names: the one that knows of a viewing counts."""
    found = [known[one] for one in names if one in known]
    if not found:
        return None
    return functools.reduce(listed.both, found)


async def watched_of(store: Store, account: AccountKey, reading: Reading, keys: Collection[str]) -> set[str]:
    """Of these keys of an account those that were ever watched there, as is stored or as this reading tells."""
    told = await store.read(lambda db: subjects.those(db, account, keys))
    known = await store.read(lambda db: listed.viewings(db, account, told.values()))
    fresh = {one.key for one in reading.plays.records} if reading.plays else set[str]()
    fresh |= {one.key for one in reading.values[WATCHED].records} if WATCHED in reading.values else set()
    shows = {_show(reading.subjects[key]) for key in fresh if key in reading.subjects} - {None}
    return {key for key, one in told.items() if one in known or key in fresh or _show(one) in shows}


def _show(subject: Subject) -> int | None:
    """Its TMDB id."""
    return subject.item.show_ids.tmdb if isinstance(subject.item, Episode) else None
