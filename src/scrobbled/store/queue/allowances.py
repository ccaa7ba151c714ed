"""How much the lists of an account may hold, and what waits because one of them takes nothing more."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator

from msgspec import Struct

from scrobbled.core.errors import ListClosed
from scrobbled.core.kinds import KINDS, Kind, KindValue, valued
from scrobbled.core.sending.room import Allowance, Closing, ListRoom
from scrobbled.core.standing import AccountKey
from scrobbled.core.words.outcomes import Hold, PlayOutcome
from scrobbled.core.words.reasons import Code, Reason
from scrobbled.store.file.codec import THESE, decode_value, listed
from scrobbled.store.mirror import values
from scrobbled.store.queue import amendments
from scrobbled.store.queue.words import SAYS, SAYS_NOTHING, said

_OF = "viewer = ? AND tracker = ? AND kind = ?"
_WITHOUT_ROOM = f"state = 'held' AND hold = '{Hold.LIMIT}'"
_PUTS = ", ".join(f"'{kind.put}'" for kind in valued())
_CHANGES = f"coalesce(json_extract(inverse, '$[0]') IN ({_PUTS}), 0)"
_GROWS = f"(action IN ({_PUTS}) AND NOT {_CHANGES})"
"""As SQL: the list gets longer by it. What takes back a change, or a removal, is another matter."""
PORTION = 500
"""So many are held or let go in one transaction: no webhook waits longer for its turn."""


def rooms(db: sqlite3.Connection, account: AccountKey, kinds: Iterable[Kind]) -> list[ListRoom]:
    """The lists of these kinds, as they were last read and as far as is known what they may hold."""
    held = values.count(db, account)
    return [_room(db, account, kind, held.get(kind, 0)) for kind in KINDS if kind in set(kinds)]


def known(db: sqlite3.Connection, account: AccountKey) -> list[ListRoom]:
    """The lists of which anything was ever learnt."""
    query = "SELECT kind FROM allowances WHERE viewer = ? AND tracker = ?"
    return rooms(db, account, [row[0] for row in db.execute(query, account)])


class AllRooms(Struct, frozen=True):
    """The lists of every account that was ever read; ``mark`` is another one after a read, or after news of a list."""

    mark: str = ""
    each: tuple[tuple[AccountKey, ListRoom], ...] = ()


def everywhere(db: sqlite3.Connection, before: AllRooms) -> AllRooms:
    """As they are now; ``before`` itself where nothing was read since, as counting takes a while."""
    mark = str(
        db.execute(
            "SELECT (SELECT group_concat(rev) FROM readings), (SELECT max(at) FROM allowances), "
            "(SELECT count(*) FROM allowances)"
        ).fetchone()
    )
    if mark == before.mark:
        return before
    accounts = db.execute("SELECT viewer, tracker FROM readings ORDER BY viewer, tracker").fetchall()
    return AllRooms(mark, tuple((account, room) for account in accounts for room in _lists(db, account)))


def _lists(db: sqlite3.Connection, account: AccountKey) -> list[ListRoom]:
    learnt = {room.kind for room in known(db, account)}
    return rooms(db, account, learnt | {kind for kind in values.count(db, account) if kind in KINDS})


def _room(db: sqlite3.Connection, account: AccountKey, kind: Kind, held: int) -> ListRoom:
    row = db.execute(f"SELECT most, told, vip, closed, held FROM allowances WHERE {_OF}", (*account, kind)).fetchone()
    if row is None:
        return ListRoom(kind, held)
    most, told, vip, closed, then = row
    closing = Closing(closed) if closed else None
    return ListRoom(kind, held, most, told, None if vip is None else bool(vip), closing, then)


def learn(
    db: sqlite3.Connection, account: AccountKey, kinds: Iterable[Kind], said: Allowance, now: float
) -> list[ListRoom]:
    """What the service says of the account, after it was read; what its lists may hold from now on."""
    learnt = [room.learn(said) for room in rooms(db, account, kinds)]
    _save(db, account, learnt, now)
    return learnt


def close(
    db: sqlite3.Connection, account: AccountKey, error: ListClosed, refused: Collection[int], now: float
) -> RoomMoves:
    """The list took nothing of what was sent: amendments by their ids. What is to be held because of that.

    Nothing more is to get onto it. What changes or removes what is there needs no room, and is held only where nothing
    that does was sent beside it, so that it was refused by itself.
    """
    (room,) = rooms(db, account, [error.kind])
    growing = _of(db, refused, _GROWS)
    _save(db, account, [room.close(error.closing, error.most, len(growing))], now)
    held = list(waiting(db, account, error.kind)) if growing else _of(db, refused, "kind = ?", error.kind)
    return RoomMoves(held=tuple(held), reason=error.reason)


def _of(db: sqlite3.Connection, ids: Collection[int], condition: str, *told: str) -> list[int]:
    query = f"SELECT id FROM amendments WHERE id IN {THESE} AND {condition}"
    return [row[0] for row in db.execute(query, (json.dumps(list(ids)), *told))]


def _save(db: sqlite3.Connection, account: AccountKey, learnt: Iterable[ListRoom], now: float) -> None:
    db.executemany(
        "INSERT INTO allowances (viewer, tracker, kind, most, told, vip, closed, held, at) VALUES (?,?,?,?,?,?,?,?,?) "
        "ON CONFLICT DO UPDATE SET most = excluded.most, told = excluded.told, vip = excluded.vip, "
        "closed = excluded.closed, held = excluded.held, at = excluded.at",
        [(*account, one.kind, one.most, one.told, one.vip, one.closed, one.held_then, now) for one in learnt],
    )


def waiting(db: sqlite3.Connection, account: AccountKey, kind: Kind) -> Iterator[int]:
    """What is to get onto a list and waits for its turn or for room, newest first: by its own time, then by ours."""
    rows = db.execute(
        f"SELECT id FROM amendments WHERE {_OF} AND {_GROWS} AND (state IN ('queued', 'parked') OR {_WITHOUT_ROOM}) "
        "ORDER BY coalesce(json_extract(wish, '$.rated_at'), 0) DESC, id DESC",
        (*account, kind),
    )
    return (row[0] for row in rows.fetchall())


def without_room(
    db: sqlite3.Connection, account: AccountKey, kinds: Iterable[Kind]
) -> dict[tuple[Kind, str], KindValue | None]:
    """What waits for room: of each kind and name of a thing the value it is to get."""
    rows = db.execute(
        "SELECT kind, key, json_quote(json_extract(wish, '$.value')) FROM amendments INDEXED BY "
        f"amendments_without_room WHERE viewer = ? AND tracker = ? AND kind IN {THESE} AND {_WITHOUT_ROOM}",
        (*account, listed(kinds)),
    )
    return {(kind, key): decode_value(value) for kind, key, value in rows}


class RoomMoves(Struct, frozen=True):
    """Amendments that are to be held, or may go, as the room of their list is; carried out a portion at a time."""

    held: tuple[int, ...] = ()
    free: tuple[int, ...] = ()
    there: tuple[int, ...] = ()
    """They proved to be on the list, although that was full."""
    reason: str = ""
    """Why they are held."""

    def portions(self) -> Iterator[RoomMoves]:
        """Of at most ``PORTION`` each, what is held first: nothing is sent meanwhile that there is no room for."""
        for name in ("there", "held", "free"):
            ids: tuple[int, ...] = getattr(self, name)
            for start in range(0, len(ids), PORTION):
                yield RoomMoves(reason=self.reason, **{name: ids[start : start + PORTION]})


def moves(db: sqlite3.Connection, account: AccountKey, room: ListRoom, reason: str) -> RoomMoves:
    """As much as there is room for may go, the newest first; the rest is to be held.

    What was held although it needs no room goes as soon as there is some: the list can be changed again.
    """
    there = _arrived(db, account, room.kind)
    arrived = set(there)
    wanted = [id_ for id_ in waiting(db, account, room.kind) if id_ not in arrived]
    free = len(wanted) if room.free is None else room.free
    others = _rows(db, account, room.kind, f"NOT {_GROWS}")
    held, may_go = wanted[free:], wanted[:free]
    if room.free == 0:
        return RoomMoves((*held, *others), (), tuple(there), reason)
    return RoomMoves(tuple(held), (*may_go, *others), tuple(there), reason)


def move(db: sqlite3.Connection, portion: RoomMoves, now: float) -> None:
    """What was settled or begun meanwhile stays as it is."""
    for id_ in portion.there:
        amendments.settle(db, id_, PlayOutcome.DELIVERED, "", now)
    hold(db, portion.held, portion.reason)
    release(db, portion.free)


def _arrived(db: sqlite3.Connection, account: AccountKey, kind: Kind) -> list[int]:
    is_there = (
        "EXISTS (SELECT 1 FROM valued WHERE valued.viewer = amendments.viewer AND valued.tracker = amendments.tracker "
        "AND valued.kind = amendments.kind AND valued.key = amendments.address_key "
        "AND value IS NOT NULL AND missed = 0)"
    )
    return _rows(db, account, kind, f"{_GROWS} AND {is_there}")


def _rows(db: sqlite3.Connection, account: AccountKey, kind: Kind, condition: str) -> list[int]:
    """Of what waits for room."""
    query = f"SELECT id FROM amendments INDEXED BY amendments_without_room WHERE {_OF} AND {_WITHOUT_ROOM} AND "
    return [row[0] for row in db.execute(f"{query}{condition} ORDER BY id", (*account, kind))]


def release(db: sqlite3.Connection, ids: Iterable[int]) -> None:
    """There is room for these."""
    may_go = f"UPDATE amendments SET state = 'queued', {SAYS_NOTHING}, hold = '', next_at = 0 WHERE id = ? AND "
    db.executemany(may_go + _WITHOUT_ROOM, [(id_,) for id_ in ids])


def hold(db: sqlite3.Connection, ids: Iterable[int], reason: str) -> None:
    """There is no room for these. What says so already is not written again."""
    held = (
        f"UPDATE amendments SET state = 'held', hold = '{Hold.LIMIT}', {SAYS} WHERE id = ? "
        f"AND (state IN ('queued', 'parked') OR ({_WITHOUT_ROOM} AND ? <> reason))"
    )
    why = said(Reason(reason, Code.LIST_CLOSED))
    db.executemany(held, [(*why, id_, why[0]) for id_ in ids])


def open_again(db: sqlite3.Connection, ids: Iterable[int] | None) -> list[int]:
    """A person wants these tried again, or all: what is known of their lists counts no longer, and is learnt anew.

    Returns which they are; whoever asks has them released, a portion at a time.
    """
    rows = db.execute(f"SELECT id, viewer, tracker, kind FROM amendments WHERE {_WITHOUT_ROOM} ORDER BY id").fetchall()
    wanted = None if ids is None else set(ids)
    chosen = [row for row in rows if wanted is None or row[0] in wanted]
    forgotten = f"UPDATE allowances SET closed = NULL, most = NULL, told = NULL WHERE {_OF}"
    db.executemany(forgotten, {row[1:] for row in chosen})
    return [row[0] for row in chosen]
