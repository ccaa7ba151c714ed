"""Marking and rating what is in a library of Jellyfin or Emby.

A mark has the date that is told, and raises the count of the item, so that nothing is marked before it was read. A show
or a season is never marked, as that marks all that is in it. A file that holds several episodes has one mark for all of
them: it is made, or taken back, only for all of them together.

A rating is a part of the item's user data. It is nowhere said whether what the body leaves out stays: Jellyfin says
that it does, and of Emby it is not known. So the body has everything as it stands, and what came of it is read
afterwards. Emby's description lacks that route; where it is refused, ratings rest for the account.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from msgspec import Struct

from scrobbled.clients.mediabrowser_rows import episode_count
from scrobbled.core.errors import ListClosed, NoLongerThere, NotInCatalogue, Refused, TryLater
from scrobbled.core.kinds import RATINGS
from scrobbled.core.records import Subject
from scrobbled.core.sending.room import Closing
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.fields import part
from scrobbled.trackers.base import Address, AddResult, Edit, Receipt, SetValue, Tick, Untick
from scrobbled.trackers.copies.amending import places_of, through
from scrobbled.trackers.mediabrowser.auth import MediaBrowserAuth
from scrobbled.trackers.mediabrowser.entries import ItemState, PlainRow, key_in, plain, state_of
from scrobbled.trackers.mediabrowser.files import item_key
from scrobbled.trackers.mediabrowser.seat import MediaBrowserSeat

AT_ONCE = 4
"""Writes that are under way at the same time: a small server keeps them up."""
ASKED = 50
"""Items of which one request asks how they stand."""
WATCHED_THERE = "it was watched there already"
PLAYS_NOW = "it is being played just now, and says itself when it was watched"
GONE = "it is no longer in the chosen libraries"
SHARED = "its file holds other episodes as well, which would count as watched, or not, together with it"
UNRATED = "its file holds several episodes, which have one rating at the server"
CARRIED = ("PlaybackPositionTicks", "PlayCount", "IsFavorite", "Likes", "Played", "LastPlayedDate")
"""What user data hold beside the rating."""


class FoundItem(Struct, frozen=True):
    """How an item stands. ``data`` are its user data as the server writes them."""

    state: ItemState
    parts: int
    """How many episodes its file holds."""
    data: Mapping[str, Any]


FoundItems = Mapping[str, FoundItem]
"""By key; what is not there any more is missing."""


class _Marked(Struct, frozen=True):
    """These items were marked as watched."""

    keys: Sequence[str]


class MediaBrowserAmender:
    """``Amends`` of a library. What a lost answer leaves open is read, and not done again."""

    def __init__(self, auth: MediaBrowserAuth, clock: Clock) -> None:
        self._auth, self._clock = auth, clock

    async def locate_subject(self, subject: Subject) -> Address:
        """By its copies, as they were last read; raises ``NotInCatalogue`` for what has none."""
        if not subject.places:
            raise NotInCatalogue(f"{subject.label()} is not in the chosen libraries")
        return Address(subject.key, {"places": list(subject.places)}, "its copies in the library")

    async def amend(self, edits: Sequence[Edit]) -> Sequence[AddResult]:
        """Every copy of each; some of them at once."""
        seat = await self._auth.seat()
        keys = {key for edit in edits for key in _keys(seat, edit)}
        playing = await seat.playing() if any(isinstance(edit, Tick | Untick) for edit in edits) else frozenset()
        batch = _Batch(seat, self._clock, await read_items(seat, keys), playing, edits)
        gate = asyncio.Semaphore(AT_ONCE)
        done = await asyncio.gather(*(through(gate, batch.carry_out(edit)) for edit in edits))
        return await batch.receipts(done)


class _Batch:
    """Edits with what was read of their items just before."""

    def __init__(
        self,
        seat: MediaBrowserSeat,
        clock: Clock,
        items: FoundItems,
        playing: frozenset[str],
        edits: Sequence[Edit],
    ) -> None:
        self._seat, self._clock, self._items, self._playing = seat, clock, items, playing
        self._ticked = Counter(key for edit in edits if isinstance(edit, Tick) for key in _keys(seat, edit))
        self._unticked = Counter(key for edit in edits if isinstance(edit, Untick) for key in _keys(seat, edit))
        self._turn: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._done: set[str] = set()

    async def receipts(self, done: Sequence[AddResult | _Marked]) -> Sequence[AddResult]:
        """With how the marks were left. All are read at once, as a request for each would be as many as the marks."""
        marked = {key for one in done if isinstance(one, _Marked) for key in one.keys}
        try:
            after = await read_items(self._seat, marked)
        except TryLater:  # they are made all the same
            after = {}
        return [self._receipt(one, after) if isinstance(one, _Marked) else one for one in done]

    def _receipt(self, marked: _Marked, after: FoundItems) -> Receipt:
        left = [after[key].state for key in marked.keys if key in after]
        count = max((one.count for one in left), default=1)
        at = max((one.at for one in left if one.at), default=self._clock.now())
        return Receipt(f"{count}@{int(at.timestamp())}")

    async def carry_out(self, edit: Edit) -> AddResult | _Marked:
        there = [key for key in _keys(self._seat, edit) if key in self._items]
        if not there:
            return NoLongerThere(GONE)
        if isinstance(edit, SetValue):
            return await self._rate(edit, there)
        if self._playing.intersection(there):
            return Receipt(note=PLAYS_NOW)
        if isinstance(edit, Tick):
            return await self._tick(there, edit.at)
        if isinstance(edit, Untick):
            return await self._untick(there)
        return Refused("a library keeps no plays that could be changed")

    async def _tick(self, keys: Sequence[str], at: datetime | None) -> AddResult | _Marked:
        open_ = [key for key in keys if not self._items[key].state.played]
        if not open_:
            return Receipt(note=WATCHED_THERE)
        if any(self._ticked[key] < self._items[key].parts for key in open_):
            return Refused(SHARED)
        marked = list[str]()
        for key in open_:
            if (not marked or not await self._is_played(key)) and await self._once(key, partial(self._mark, key, at)):
                marked.append(key)
        return _Marked(marked) if marked else NoLongerThere(GONE)

    async def _untick(self, keys: Sequence[str]) -> AddResult:
        marked = [key for key in keys if self._items[key].state.played]
        if any(self._unticked[key] < self._items[key].parts for key in marked):
            return Refused(SHARED)
        for key in marked:
            await self._once(key, partial(self._unmark, key))
        return Receipt()

    async def _once(self, key: str, deed: Callable[[], Awaitable[bool]]) -> bool:
        """Several episodes in one file are marked by one request."""
        async with self._turn[key]:
            if key not in self._done and await deed():
                self._done.add(key)
            return key in self._done

    async def _mark(self, key: str, at: datetime | None) -> bool:
        """Whether it counts as watched now: an answer that is lost is looked for and not asked for again."""
        try:
            return await self._seat.client.mark(self._seat.person.written, key, at)
        except TryLater:
            if await self._is_played(key):
                return True
            raise

    async def _unmark(self, key: str) -> bool:
        try:
            return await self._seat.client.unmark(self._seat.person.written, key)
        except TryLater:
            after = (await read_items(self._seat, [key])).get(key)
            if after is not None and not after.state.played:
                return True
            raise

    async def _is_played(self, key: str) -> bool:
        """By now: a server may keep one state for all copies of a thing."""
        after = (await read_items(self._seat, [key])).get(key)
        return after is not None and after.state.played

    async def _rate(self, edit: SetValue, keys: Sequence[str]) -> AddResult:
        if edit.value is not None and not isinstance(edit.value, int):
            return Refused("a rating is a number from 1 to 10")
        for key in keys:
            found = self._items[key]
            if found.parts > 1:
                return Refused(UNRATED)
            if found.state.rating != edit.value:  # a half stays, which rounds to it
                await self._rated(key, found, edit.value)
        return Receipt()

    async def _rated(self, key: str, found: FoundItem, value: int | None) -> None:
        """0 is how both write that there is none; raises ``ListClosed`` where the server keeps no ratings."""
        kept = {name: found.data[name.casefold()] for name in CARRIED if found.data.get(name.casefold()) is not None}
        seat = self._seat
        answer = await seat.client.give(seat.person.written, key, {**kept, "Rating": value or 0})
        name = seat.client.dialect.name
        if answer.status in (403, 404, 405, 501):
            why = f"{name} does not take ratings ({answer.what} answered {answer.status})"
            raise ListClosed(why, RATINGS, Closing.NOT_FOR_ACCOUNT)
        if not answer.ok:
            raise Refused(f"{answer.what} answered {answer.status}")
        after = (await read_items(seat, [key])).get(key)
        if after is not None and after.state.rating != value:
            raise ListClosed(f"{name} took a rating and does not have it", RATINGS, Closing.NOT_FOR_ACCOUNT)


async def read_items(seat: MediaBrowserSeat, keys: Iterable[str]) -> FoundItems:
    """How these stand now. An answer that lists something else than was asked for is no answer about what it lacks."""
    found: dict[str, FoundItem] = {}
    wanted = sorted(set(keys))
    for start in range(0, len(wanted), ASKED):
        asked = wanted[start : start + ASKED]
        query = {"Ids": ",".join(asked), "Recursive": "true", "EnableUserData": "true", "EnableImages": "false"}
        for row in map(plain, await seat.client.items(query, seat.person.written)):
            if (key := key_in(row)) in asked:
                found[key] = _found(row)
    return found


def _found(row: PlainRow) -> FoundItem:
    return FoundItem(state_of(row), episode_count(row), part(row, "userdata"))


def _keys(seat: MediaBrowserSeat, edit: Edit) -> list[str]:
    """Of the items at this server."""
    mine = (one for one in places_of(edit) if one.startswith(f"{seat.machine}/"))
    return list(dict.fromkeys(item_key(one) for one in mine))
