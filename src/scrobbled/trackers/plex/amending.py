"""Marking and rating what is in a library.

A mark has no date there: the server takes that of the moment, and makes no row in its history. Each mark raises the
count of the item, so that nothing is marked before it was read. A show or a season is never marked, as that marks all
that is in it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from scrobbled.clients.base import JsonRow
from scrobbled.clients.plex import PlexClient
from scrobbled.core.errors import ContractDrift, LoginNeeded, NoLongerThere, NotInCatalogue, Refused, TryLater
from scrobbled.core.records import Subject
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.fields import text
from scrobbled.trackers.base import Address, AddResult, Edit, Receipt, SetValue, Tick, Untick
from scrobbled.trackers.copies.amending import places_of, through
from scrobbled.trackers.plex.codec import counted, rating_of, seconds
from scrobbled.trackers.plex.servers import PlexServers

AT_ONCE = 4
"""Writes that are under way at the same time: a small server keeps them up."""
WATCHED_THERE = "it was watched there already"
PLAYS_NOW = "it is being played just now, and says itself when it was watched"
GONE = "it is no longer in the chosen libraries"
CLEARED = -1


class CopyState(Struct, frozen=True):
    """How a copy stands for this person; ``at`` is in epoch seconds."""

    count: int
    at: int
    rating: int | None = None


CopyStates = Mapping[str, CopyState]
"""By place (``machineIdentifier/ratingKey``); what is not there any more is missing."""


class _Marked(Struct, frozen=True):
    """These copies were marked as watched."""

    places: Sequence[str]


class PlexAmender:
    """``Amends`` of a library. What a lost answer leaves open is read, and not done again."""

    def __init__(self, servers: PlexServers, clock: Clock) -> None:
        self._servers, self._clock = servers, clock

    async def locate_subject(self, subject: Subject) -> Address:
        """By its copies, as they were last read; raises ``NotInCatalogue`` for what has none."""
        if not subject.places:
            raise NotInCatalogue(f"{subject.label()} is not in the chosen libraries")
        return Address(subject.key, {"places": list(subject.places)}, "its copies in the library")

    async def amend(self, edits: Sequence[Edit]) -> Sequence[AddResult]:
        """Every copy of each; some of them at once."""
        found = await self._servers.found()
        clients = {server.id: server.client for server in found.there}
        off = {server.id: server.why for server in found.off}
        for place in {place for edit in edits for place in places_of(edit)}:
            if (machine := place.partition("/")[0]) in off:
                raise TryLater(f"one of the servers it is on does not answer: {off[machine].reason}")
        batch = _Batch(clients, self._clock, await _states(clients, edits), await _playing(clients, edits))
        gate = asyncio.Semaphore(AT_ONCE)
        done = await asyncio.gather(*(through(gate, batch.carry_out(edit)) for edit in edits))
        return await batch.receipts(done)


class _Batch:
    """Edits with what was read of their items just before."""

    def __init__(
        self, clients: Mapping[str, PlexClient], clock: Clock, states: CopyStates, playing: frozenset[str]
    ) -> None:
        self._clients, self._clock, self._states, self._playing = clients, clock, states, playing

    async def receipts(self, done: Sequence[AddResult | _Marked]) -> Sequence[AddResult]:
        """With how the marks were left. All are read at once, as a request for each would be as many as the marks."""
        marked = [place for one in done if isinstance(one, _Marked) for place in one.places]
        try:
            after = await _read(self._clients, marked)
        except TryLater:  # they are made all the same
            after = {}
        return [self._receipt(one, after) if isinstance(one, _Marked) else one for one in done]

    def _receipt(self, marked: _Marked, after: CopyStates) -> Receipt:
        left = [after[place] for place in marked.places if place in after]
        count = max((one.count for one in left), default=1)
        at = max((one.at for one in left), default=int(self._clock.now().timestamp()))
        return Receipt(f"{count}@{at}")

    async def carry_out(self, edit: Edit) -> AddResult | _Marked:
        there = [place for place in places_of(edit) if place in self._states]
        if not there:
            return NoLongerThere(GONE)
        if isinstance(edit, SetValue):
            return await self._rate(edit, there)
        if self._playing.intersection(there):
            return Receipt(note=PLAYS_NOW)
        if isinstance(edit, Tick):
            return await self._tick(there)
        if isinstance(edit, Untick):
            return await self._untick(there)
        return Refused("a library keeps no plays that could be changed")

    async def _tick(self, places: Sequence[str]) -> AddResult | _Marked:
        """Also where some copies are marked already: whoever began with that may not have come to its end."""
        open_ = [place for place in places if not self._states[place].count]
        if not open_:
            return Receipt(note=WATCHED_THERE)
        marked = list[str]()
        for place in open_:
            if (not marked or not await self._is_watched(place)) and await self._marked(place, watched=True):
                marked.append(place)
        return _Marked(marked) if marked else NoLongerThere(GONE)

    async def _is_watched(self, place: str) -> bool:
        """By now: a server may keep one state for all copies of a thing."""
        state = (await _read(self._clients, [place])).get(place)
        return state is not None and state.count > 0

    async def _untick(self, places: Sequence[str]) -> AddResult:
        for place in places:
            if self._states[place].count:
                await self._marked(place, watched=False)
        return Receipt()

    async def _marked(self, place: str, *, watched: bool) -> bool:
        """Whether the copy is as wanted now: an answer that is lost is looked for and not asked for again."""
        client, key = self._at(place)
        try:
            return await client.change("/:/scrobble" if watched else "/:/unscrobble", key=key)
        except TryLater:
            after = (await _read(self._clients, [place])).get(place)
            if after is not None and bool(after.count) is watched:
                return True
            raise

    async def _rate(self, edit: SetValue, places: Sequence[str]) -> AddResult:
        """The time is told, where it is not ahead of ours; a server that does not take one gets none."""
        value = CLEARED if edit.value is None else edit.value
        if not isinstance(value, int):
            return Refused("a rating is a number from 1 to 10")
        for place in places:
            if self._states[place].rating == edit.value:
                continue  # halves stay, which round to it
            client, key = self._at(place)
            await self._rated(client, key, value, edit.at if edit.value is not None else None)
        return Receipt()

    async def _rated(self, client: PlexClient, key: str, value: int, at: datetime | None) -> None:
        dated = {"ratedAt": int(at.timestamp())} if at is not None and at <= self._clock.now() else {}
        try:
            await client.change("/:/rate", key=key, rating=value, **dated)
        except Refused:
            if not dated:
                raise
            await client.change("/:/rate", key=key, rating=value)

    def _at(self, place: str) -> tuple[PlexClient, str]:
        machine, _, key = place.partition("/")
        return self._clients[machine], key


async def _states(clients: Mapping[str, PlexClient], edits: Iterable[Edit]) -> CopyStates:
    return await _read(clients, [place for edit in edits for place in places_of(edit)])


async def _read(clients: Mapping[str, PlexClient], places: Iterable[str]) -> CopyStates:
    """Twenty items a request."""
    found: dict[str, CopyState] = {}
    for machine, keys in _by_server(places).items():
        if machine in clients:
            rows = await clients[machine].items(keys)
            found |= {f"{machine}/{key}": _state(row) for key, row in rows.items()}
    return found


def _state(row: JsonRow) -> CopyState:
    rating = rating_of(row.get("userRating"))
    return CopyState(counted(row.get("viewCount")), seconds(row.get("lastViewedAt")) or 0, rating)


async def _playing(clients: Mapping[str, PlexClient], edits: Sequence[Edit]) -> frozenset[str]:
    """Places of what is being played, where the token may see that."""
    found: set[str] = set()
    marked = _by_server(place for edit in edits if isinstance(edit, Tick | Untick) for place in places_of(edit))
    for machine in marked:
        if machine in clients:
            found |= {f"{machine}/{key}" for key in await _played_at(clients[machine])}
    return frozenset(found)


async def _played_at(client: PlexClient) -> set[str]:
    try:
        listed = await client.find("/status/sessions")
    except (LoginNeeded, ContractDrift):  # only a server's owner is shown them
        return set()
    return {text(row.get("ratingKey")) for row in listed.rows()} if listed else set()


def _by_server(places: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for place in places:
        machine, _, key = place.partition("/")
        found.setdefault(machine, []).append(key)
    return found
