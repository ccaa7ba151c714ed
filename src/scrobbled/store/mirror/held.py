"""What accounts hold as they were last read, whoever put it there: in order of time, a piece at a time.

Beside it stands what we have brought there since, which the next reading finds.
"""

from __future__ import annotations

import heapq
import json
import math
import sqlite3
from collections.abc import Sequence
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.kinds import WATCHED
from scrobbled.core.naming.items import Item
from scrobbled.core.naming.spelling import of_title
from scrobbled.core.standing import AccountKey
from scrobbled.store.file.codec import THESE, decode_item, listed
from scrobbled.store.file.database import Store
from scrobbled.store.file.walking import STEP, walk
from scrobbled.store.mirror.records import GONE

UNDATED = -100_000_000_000
"""Where on the wall stands what has no date: after all else."""
FEW = 2_000
"""So many titles are looked up one by one. Where more fit, the next is never far, and it is gone along the wall."""
NEAR = 2_000
"""So far it is gone along the wall first."""
RECORD, STATE, ARRIVED = SHELVES = ("r", "s", "p")
"""What stands on the wall: a record, what a library calls watched, a play of ours that arrived since."""
_LAST = "\U0010ffff"
_FAR = 1 << 62
_Place = tuple[int, str]
"""Where something stands on its shelf: its time, and its id there."""


class HeldAccount(Struct, frozen=True):
    """An account, and when it was last read (Unix seconds). A library tells by its ``states`` what was watched.

    ``doubted``: its last listing is not believed, so that what it lacks is still there.
    """

    key: AccountKey
    read_at: float
    states: bool = False
    doubted: bool = False

    @property
    def shelves(self) -> tuple[_Shelf, ...]:
        """Where that stands which was read."""
        return (_STATES,) if self.states else (_RECORDS, _UNSURE) if self.doubted else (_RECORDS,)


class HeldSpot(Struct, frozen=True, order=True):
    """A place on the wall; ``shelf`` says what stands there, and ``id`` which one."""

    at: int
    viewer: str
    shelf: str
    id: str


class HeldFilters(Struct, frozen=True):
    """What is to be seen: all of what is set has to hold; each is as in ``store.works.wall.Filters``.

    ``carried``: only what is a play of ours too, or only what is none.
    """

    show: str = ""
    media: str = ""
    since: float | None = None
    until: float | None = None
    words: tuple[str, ...] = ()
    carried: bool | None = None


class HeldThing(Struct, frozen=True):
    """What stands at a spot. ``play`` is ours, where it is one; ``times`` how often a library calls it watched."""

    spot: HeldSpot
    item: Item | None = None
    play: int | None = None
    times: int = 0
    since: float = 0.0
    """When a reading found it first (Unix seconds), or when it came to be as it is."""


class _Shelf(Struct, frozen=True):
    """Where things of accounts stand in order, as SQL; by ``keys`` they are found one by one."""

    name: str
    table: str
    id: str
    there: str
    order: str
    keys: str


_RECORDS = _Shelf(RECORD, "records", "id", "missed = 0", "INDEXED BY records_held", "INDEXED BY records_of_key")
_UNSURE = replace(_RECORDS, there="missed = 1")
_WATCHED = f"kind = '{WATCHED}' AND missed = 0 AND value IS NOT NULL"
_STATES = _Shelf(STATE, "valued", "key", _WATCHED, "INDEXED BY valued_watched", "NOT INDEXED")


async def look(
    store: Store,
    accounts: Sequence[HeldAccount],
    filters: HeldFilters,
    limit: int,
    *,
    start: HeldSpot | None,
    newer: bool = False,
) -> list[HeldSpot]:
    """As ``store.works.wall.look``: older than ``start`` and the newest first, or newer and the oldest first."""
    found = list[list[HeldSpot]]()
    for one in accounts:
        looks = [_Looking(store, one, shelf, filters, start, newer=newer) for shelf in one.shelves]
        found += [*[await look.read(limit) for look in looks], await looks[0].arrived(limit)]
    return list(heapq.merge(*found, reverse=not newer))[:limit]


class _Looking:
    """One look at one shelf of an account."""

    def __init__(
        self,
        store: Store,
        account: HeldAccount,
        shelf: _Shelf,
        filters: HeldFilters,
        start: HeldSpot | None,
        *,
        newer: bool,
    ) -> None:
        self._store, self._account, self._shelf, self._newer = store, account, shelf, newer
        self._filters, self._start = filters, start

    async def read(self, limit: int) -> list[HeldSpot]:
        """What was read there."""
        return [self._spot(self._shelf.name, place) for place in await self._read(limit)]

    async def arrived(self, limit: int) -> list[HeldSpot]:
        """What we brought there since."""
        places = await self._store.read(partial(self._arrived, limit=limit))
        return [self._spot(ARRIVED, place) for place in places]

    async def _read(self, limit: int) -> list[_Place]:
        """Mostly it is near. Where it is not, what fits is looked up by its name, unless that is too much."""
        span = self._span(self._shelf.name)
        found, edge = await self._store.read(lambda db: self._step(db, *span, limit=limit, rows=NEAR))
        if edge is None:
            return found
        keys = await self._store.read(self._keys)
        if keys is not None:
            return await self._store.read(lambda db: self._few(db, *span, keys=keys, limit=limit))
        step = partial(self._step, limit=limit, rows=STEP)
        rest = (span[0], edge) if not self._newer else (edge, span[1])
        return found + await walk(self._store, step, rest, limit - len(found), newer=self._newer)

    def _spot(self, shelf: str, place: _Place) -> HeldSpot:
        return HeldSpot(place[0], self._account.key[0], shelf, place[1])

    def _span(self, shelf: str) -> tuple[_Place, _Place]:
        """Everything wanted lies between the two. Of one time, viewers stand in order, and then shelves."""
        since, until, start = self._filters.since, self._filters.until, self._start
        first = UNDATED + 1 if until is not None else -_FAR
        low = (first if since is None else math.ceil(since), "")
        high = (_FAR if until is None else math.ceil(until), "")
        if start is None:
            return low, high
        mine, other = (self._account.key[0], shelf), (start.viewer, start.shelf)
        at = start.at, start.id if mine == other else _LAST if mine < other else ""
        return (max(low, at), high) if self._newer else (low, min(high, at))

    def _keys(self, db: sqlite3.Connection) -> list[str] | None:
        """Of all subjects that fit; ``None`` where these are many, or everything does."""
        fits, values = _fits(self._filters)
        if not fits:
            return None
        query = f"SELECT key FROM subjects WHERE viewer = ? AND tracker = ?{fits} LIMIT ?"
        rows = db.execute(query, (*self._account.key, *values, FEW + 1)).fetchall()
        return None if len(rows) > FEW else [row[0] for row in rows]

    def _few(
        self, db: sqlite3.Connection, low: _Place, high: _Place, *, keys: Sequence[str], limit: int
    ) -> list[_Place]:
        query = f"{self._between(self._shelf.keys)} AND key IN {THESE}{self._ours()} {self._order()} LIMIT ?"
        return db.execute(query, (*self._account.key, *low, *high, listed(keys), limit)).fetchall()

    def _step(
        self, db: sqlite3.Connection, low: _Place, high: _Place, *, limit: int, rows: int
    ) -> tuple[list[_Place], _Place | None]:
        """What is found in so many rows, and how far that is; ``None`` where no more is wanted, or is there."""
        fits, values = _fits(self._filters)
        if not fits and not self._ours():
            rows = limit
        if fits:
            fits = f" AND EXISTS ({_NAMED}{fits})"
            values = [*self._account.key, *values]
        told = (*self._account.key, *low, *high)
        piece = f"{self._between(self._shelf.order)} {self._order()} LIMIT"
        query = f"SELECT stands, id FROM ({piece} {rows}) AS it WHERE 1{fits}{self._ours()} LIMIT ?"
        found = db.execute(query, (*told, *values, limit)).fetchall()
        if len(found) == limit:
            return found, None
        last = db.execute(f"{piece} 1 OFFSET {rows - 1}", told).fetchone()
        return found, None if last is None else (last[0], last[1])

    def _between(self, index: str) -> str:
        shelf = self._shelf
        play = "NULL AS play" if self._account.states else "play"
        return (
            f"SELECT stands, {shelf.id} AS id, key, {play} FROM {shelf.table} {index} WHERE viewer = ? AND tracker = ? "
            f"AND {shelf.there} AND (stands, {shelf.id}) > (?, ?) AND (stands, {shelf.id}) < (?, ?)"
        )

    def _order(self) -> str:
        way = "ASC" if self._newer else "DESC"
        return f"ORDER BY stands {way}, {self._shelf.id} {way}"

    def _ours(self) -> str:
        carried = None if self._account.states else self._filters.carried
        return "" if carried is None else f" AND play IS {'NOT ' if carried else ''}NULL"

    def _arrived(self, db: sqlite3.Connection, *, limit: int) -> list[_Place]:
        """What we brought there since it was read, and no reading has found yet."""
        if self._filters.carried is False or self._account.states:
            return []
        fits, values = _fits(self._filters, media="media")
        named = f" AND play_id IN (SELECT play FROM wall WHERE play = play_id{fits})" if fits else ""
        at, way = f"coalesce(watched_at, {UNDATED})", "ASC" if self._newer else "DESC"
        place = f"({at}, CAST(play_id AS TEXT))"
        low, high = self._span(ARRIVED)
        return db.execute(
            f"SELECT {at} AS stands, CAST(play_id AS TEXT) AS id {_ARRIVED} AND {place} > (?, ?) AND {place} < (?, ?)"
            f"{named} ORDER BY stands {way}, id {way} LIMIT ?",
            (*self._account.key, self._account.read_at, *low, *high, *values, limit),
        ).fetchall()


_NAMED = "SELECT 1 FROM subjects AS named WHERE named.viewer = ? AND named.tracker = ? AND named.key = it.key"
_ARRIVED = (
    "FROM outbox INDEXED BY outbox_arrived WHERE viewer = ? AND tracker = ? AND state = 'delivered' "
    "AND settled_at >= ? AND kind = 'plays' AND NOT EXISTS (SELECT 1 FROM records WHERE records.play = outbox.play_id "
    f"AND records.viewer = outbox.viewer AND records.tracker = outbox.tracker AND records.missed < {GONE})"
)


def _fits(filters: HeldFilters, *, media: str = "scope") -> tuple[str, list[str]]:
    """What it has to be called, and to be, as SQL with its values; empty where everything will do."""
    found: list[tuple[str, tuple[str, ...]]] = []
    if filters.show:
        title = of_title(filters.show)
        found.append(("text >= ? AND text < ?", (title, f"{title}{_LAST}")))
    if filters.media:
        found.append((f"{media} = ?", (filters.media,)))
    found += [("instr(text, ?) > 0", (word,)) for word in filters.words]
    return "".join(f" AND {one}" for one, _ in found), [value for _, values in found for value in values]


def arrived(db: sqlite3.Connection, account: HeldAccount) -> int:
    """How many plays we brought there since it was read."""
    return int(db.execute(f"SELECT count(*) {_ARRIVED}", (*account.key, account.read_at)).fetchone()[0])


def states(db: sqlite3.Connection, account: AccountKey) -> int:
    """How many things a library calls watched."""
    query = f"SELECT count(*) FROM valued INDEXED BY valued_watched WHERE viewer = ? AND tracker = ? AND {_WATCHED}"
    return int(db.execute(query, account).fetchone()[0])


def things(db: sqlite3.Connection, tracker: str, spots: Sequence[HeldSpot]) -> list[HeldThing]:
    """What stands there, in the order of the spots; what is gone since is left out."""
    found = (_thing(db, tracker, spot) for spot in spots)
    return [one for one in found if one is not None]


def _thing(db: sqlite3.Connection, tracker: str, spot: HeldSpot) -> HeldThing | None:
    if spot.shelf == ARRIVED:
        return HeldThing(spot, play=int(spot.id)) if spot.id.isdecimal() else None
    if spot.shelf == STATE:
        columns, shelf = "NULL, value, since", _STATES
    else:
        columns, shelf = "play, NULL, first_seen", replace(_RECORDS, there=f"missed < {GONE}")
    row = db.execute(
        f"SELECT {columns}, stands, scope, item FROM {shelf.table} AS it JOIN subjects USING (viewer, tracker, key) "
        f"WHERE viewer = ? AND tracker = ? AND it.{shelf.id} = ? AND {shelf.there}",
        (spot.viewer, tracker, spot.id),
    ).fetchone()
    if row is None:
        return None
    play, value, since, at, scope, item = row
    times = int(json.loads(value).get("count", 0)) if value else 0
    told = decode_item("movie" if scope == "movie" else "episode", item)
    return HeldThing(HeldSpot(at, spot.viewer, spot.shelf, spot.id), told, play, times, since)
