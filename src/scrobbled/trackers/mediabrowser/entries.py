"""A row of a library as values: of which film, show, season or episodes it is a copy, and how it stands there. Pure.

One file may hold several episodes. It is one item at the server, with one state for all of them, so that each has a
place of its own below that item's (``machine/key#number``), and none has the rating that nobody can tell apart.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.clients.mediabrowser_rows import above, aired, episodes, instant, movie, switch, ticks
from scrobbled.core.kinds import Scope
from scrobbled.core.naming.items import Episode, Item
from scrobbled.plumbing.fields import Malformed, decimal, identifier, is_blank, lowered, part, text
from scrobbled.trackers.copies.entries import LibraryEntry, as_known, place_of

SCOPES: Mapping[str, Scope] = {"movie": "movie", "series": "show", "season": "season", "episode": "episode"}
HIGHEST = 10
SIGNED = ("etag", "path", "container", "datecreated", "runtimeticks", "width", "height", "mediasourcecount")
"""What of a row is another as soon as its file is, as far as the server tells it."""
PlainRow = Mapping[str, Any]
"""With the names of its members in lower case."""


class ItemState(Struct, frozen=True, gc=False):
    """How an item stands for its user. Beginning to play moves ``at`` as well, and takes ``played`` away."""

    played: bool
    count: int
    at: datetime | None
    position: int
    """Milliseconds: where to go on from."""
    rating: int | None

    def is_begun(self, *, playing: bool) -> bool:
        return playing or self.position > 0

    def was_begun(self, *, playing: bool) -> bool:
        """It does not count as played, and nobody took that away: that forgets how often and when."""
        return not self.played and (self.is_begun(playing=playing) or (self.at is not None and self.count > 0))


def state_of(row: PlainRow) -> ItemState:
    """Raises ``Malformed`` for what is there and cannot be read."""
    data = part(row, "userdata")
    count = decimal(data.get("playcount"))
    position = ticks(data.get("playbackpositionticks"))
    return ItemState(
        played=switch(data.get("played")) or False,
        count=max(0, int(count or 0)),
        at=instant(data.get("lastplayeddate")),
        position=position or 0,
        rating=rating_of(data.get("rating")),
    )


def rating_of(value: Any) -> int | None:
    """0 to 10 as 1 to 10, rounded half up; ``None`` for 0, which stands for none. Raises ``Malformed``."""
    told = decimal(value)
    if told is None and not is_blank(value):
        raise Malformed("a rating that is no number")
    return min(HIGHEST, max(1, math.floor(told + 0.5))) if told is not None and told > 0 else None


class RowReader:
    """Reads rows of one library. ``shows`` are the rows of its series by key; ``known`` is what is at places."""

    def __init__(
        self, machine: str, shows: Mapping[str, PlainRow], known: Mapping[str, Item], playing: frozenset[str]
    ) -> None:
        self._machine, self._shows, self._known, self._playing = machine, shows, known, playing

    def entries(self, row: PlainRow, state: ItemState, library: str) -> Iterator[LibraryEntry]:
        """Nothing for what has no file. Raises ``Malformed`` for what cannot be read."""
        scope = SCOPES.get(text(row.get("type")).casefold())
        if scope is None or not has_a_file(row):
            return
        key = key_in(row)
        items = self._items(row, scope)
        for at, item in enumerate(items):
            place = place_of(self._machine, key) if not at else part_of(place_of(self._machine, key), item)
            entry = self._entry(row, place, scope, item, state, library)
            yield entry if len(items) == 1 else replace(entry, rating=None)

    def _items(self, row: PlainRow, scope: Scope) -> tuple[Item, ...]:
        if scope == "movie":
            return (movie(row, self._machine),)
        series = self._shows.get(identifier(row.get("seriesid")), {})
        if scope == "episode":
            return episodes(row, self._machine, series)
        told = above(
            {**row, "seriesproviderids": series.get("providerids")}, self._machine, text(row["type"]).casefold()
        )
        began = decimal(series.get("productionyear"))
        is_bare = isinstance(told, Episode) and told.show_year is None and began is not None
        return (replace(told, show_year=int(began)) if is_bare and began is not None else told,)

    def _entry(
        self, row: PlainRow, place: str, scope: Scope, item: Item, state: ItemState, library: str
    ) -> LibraryEntry:
        bare = replace(item, origin=None)
        runtime = ticks(row.get("runtimeticks"))
        is_leaf = scope in ("movie", "episode")
        return LibraryEntry(
            place=place,
            scope=scope,
            item=as_known(bare, self._known.get(place)),
            runtime=(runtime or 0) // 1000 or None,
            count=max(1, state.count) if state.played and is_leaf else 0,
            begun=is_leaf and state.is_begun(playing=key_in(row) in self._playing),
            viewed_at=state.at if is_leaf else None,
            rating=state.rating,
            library=library,
            added=_added(row),
            updated=signature(row),
        )


def key_in(row: PlainRow) -> str:
    """Raises ``Malformed`` where there is none."""
    key = identifier(row.get("id"))
    if not key or "/" in key or "#" in key:
        raise Malformed("a row without Id")
    return key


def part_of(place: str, item: Item) -> str:
    """The place of a further episode in the file that is at ``place``."""
    return f"{place}#{item.number}" if isinstance(item, Episode) else place


def has_a_file(row: PlainRow) -> bool:
    """What is only known to exist, is missing or still to come has none, and a trailer is none of the film's."""
    location = text(row.get("locationtype")).casefold()
    return location != "virtual" and is_blank(row.get("extratype")) and not switch(row.get("isplaceholder"))


def _added(row: PlainRow) -> int:
    """Epoch seconds, not before it was released; 0 where that is not told."""
    at, released = instant(row.get("datecreated")), aired(row.get("premieredate"))
    if at is None or released is None:
        return 0 if at is None else int(at.timestamp())
    return int(max(at, datetime(released.year, released.month, released.day, tzinfo=UTC)).timestamp())


def signature(row: PlainRow) -> int:
    """Another number as soon as the file may be another; 0 where the server tells nothing that would show it."""
    told = [row[name] for name in SIGNED if row.get(name) is not None]
    return int.from_bytes(hashlib.sha256(repr(told).encode()).digest()[:6]) if told else 0


def plain(row: Any) -> PlainRow:
    """Raises ``Malformed`` for what is no object."""
    if not isinstance(row, dict):
        raise Malformed("a row that is none")
    return lowered(row)
