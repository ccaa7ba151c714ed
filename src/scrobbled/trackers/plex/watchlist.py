"""The watchlist of a person's account at plex.tv, beside what their libraries hold: read whole, and changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.clients.discover import Discover
from scrobbled.clients.plex_lists import REREAD, ListShifted
from scrobbled.core.errors import NotInCatalogue, Refused, TrackerError, TryLater
from scrobbled.core.kinds import WATCHLIST, Kind
from scrobbled.core.records import Reading, ReadValues, Subject, ValueRecord
from scrobbled.plumbing.fields import Malformed, decimal
from scrobbled.trackers.base import AddResult, Amends, Edit, Reads, Receipt, SetValue
from scrobbled.trackers.copies.entries import LibraryEntry
from scrobbled.trackers.copies.keys import keyed
from scrobbled.trackers.given import EarlierReads
from scrobbled.trackers.plex.beyond import DISCOVER
from scrobbled.trackers.plex.discovering import DiscoverAccount
from scrobbled.trackers.plex.titles import PlexTitle, PlexTitles, TitleRow, own_key, title_of

UNREADABLE = "title of the watchlist that cannot be read"
ListedKeys = Mapping[str, str]
"""By the key of a title at Discover, by what it goes here."""


class ListFound(Struct, frozen=True):
    """What one read of the list found. ``keys`` are for the next one."""

    values: ReadValues
    subjects: Mapping[str, Subject]
    keys: ListedKeys
    unreadable: int = 0


class _Listed(Struct, frozen=True):
    titles: Mapping[str, PlexTitle]
    times: Mapping[str, datetime]
    unreadable: int


class PlexWatchlist:
    """One account's."""

    def __init__(self, account: DiscoverAccount, titles: PlexTitles) -> None:
        self._account, self._titles = account, titles

    async def read(
        self, before: ListedKeys | None, known: EarlierReads, told: Mapping[str, Subject], *, full: bool
    ) -> ListFound | None:
        """``None`` where the same is on it as ``before``, unless all is to be told. ``told`` are subjects of which the
        caller reads in the same go. What is in a library is known by that; of anything else the ids are asked for once.
        """
        discover = await self._account.discover()
        listed = await self._listed(discover)
        if not full and before is not None and before.keys() == listed.titles.keys():
            return None
        subjects = {**await known.subjects(), **told}
        keys = await self._keys(discover, listed.titles, subjects)
        fresh = {key: one for key, one in keys.subjects.items() if key not in subjects}
        records = {keys.of[id_]: ValueRecord(keys.of[id_], {}, listed.times.get(id_)) for id_ in listed.titles}
        values = ReadValues(list(records.values()), complete=not listed.unreadable)
        return ListFound(values, fresh, keys.of, listed.unreadable)

    async def _listed(self, discover: Discover) -> _Listed:
        """Once more from the beginning where the list changed while it was read."""
        try:
            return await self._pages(discover)
        except ListShifted:
            return await self._pages(discover)

    async def _pages(self, discover: Discover) -> _Listed:
        titles, times, unreadable = dict[str, PlexTitle](), dict[str, datetime](), 0
        listing = discover.watchlist()
        async for page in listing:
            for row in page.rows(TitleRow):
                try:
                    title = title_of(row or TitleRow())
                except Malformed:
                    unreadable += 1
                    continue
                titles[title.key] = title
                if row is not None and (at := decimal(row.watchlisted_at)):
                    times[title.key] = datetime.fromtimestamp(at, UTC)
        if not listing.whole:
            raise TryLater("the watchlist at Plex ended before all of it had come", after=REREAD)
        return _Listed(titles, times, unreadable)

    async def _keys(
        self, discover: Discover, titles: Mapping[str, PlexTitle], subjects: Mapping[str, Subject]
    ) -> _KeysFound:
        by_guid = {own: one for one in subjects.values() if (own := own_key(one.scope, one.item))}
        there = {id_: by_guid[id_] for id_ in titles if id_ in by_guid}
        rest = {id_: await self._titles.named(discover, one) for id_, one in titles.items() if id_ not in there}
        entries = {f"{DISCOVER}/{id_}": _entry(one) for id_, one in rest.items()}
        names = keyed(entries, subjects) if entries else {}
        of = {id_: there[id_].key if id_ in there else names[f"{DISCOVER}/{id_}"] for id_ in titles}
        made = {of[id_]: Subject(of[id_], one.scope, one.item) for id_, one in rest.items()}
        return _KeysFound(of, {**made, **{one.key: one for one in there.values()}})

    async def set(self, edits: Iterable[tuple[int, SetValue]]) -> dict[int, AddResult]:
        """By their numbers. What is there already, or is not there, is done."""
        discover, results = await self._account.discover(), dict[int, AddResult]()
        for number, edit in edits:
            key = str(edit.address.data.get(DISCOVER) or "")
            try:
                await self._set(discover, key, listed=edit.value is not None)
                results[number] = Receipt()
            except (NotInCatalogue, Refused) as error:
                results[number] = error
        return results

    async def _set(self, discover: Discover, key: str, *, listed: bool) -> None:
        if not key:
            raise NotInCatalogue("nobody said what it is called at Plex")
        await (discover.put(key) if listed else discover.take(key))


class _KeysFound(Struct, frozen=True):
    of: ListedKeys
    subjects: Mapping[str, Subject]


def _entry(title: PlexTitle) -> LibraryEntry:
    return LibraryEntry(f"{DISCOVER}/{title.key}", title.scope, title.item)


class ListedBesideLibraries:
    """``Reads`` and ``Amends`` of libraries with the watchlist beside them. That lies at another service: trouble there
    leaves the list out, and nothing else.
    """

    def __init__(self, reads: Reads, amends: Amends, listed: PlexWatchlist) -> None:
        self._reads, self._amends, self._list = reads, amends, listed
        self.locate_subject = amends.locate_subject

    async def read(
        self, kinds: frozenset[Kind], cursor: Mapping[str, Any], known: EarlierReads, *, full: bool
    ) -> Reading:
        reading = await self._reads.read(kinds - {WATCHLIST}, cursor, known, full=full)
        before: ListedKeys | None = cursor.get(WATCHLIST) if cursor.get("owner") == reading.owner else None
        after = {name: value for name, value in reading.cursor.items() if name != WATCHLIST}
        reading = replace(reading, cursor=after if before is None else {**after, WATCHLIST: before})
        if WATCHLIST not in kinds:
            return reading
        try:
            found = await self._list.read(before, known, reading.subjects, full=full)
        except TrackerError as error:
            if kinds == {WATCHLIST}:
                raise
            told = {WATCHLIST: error.reason}
            return replace(reading, lacking=told) if isinstance(error, Refused) else replace(reading, without=told)
        return reading if found is None else _with_list(reading, found)

    async def amend(self, edits: Sequence[Edit]) -> Sequence[AddResult]:
        mine = [(n, one) for n, one in enumerate(edits) if isinstance(one, SetValue) and one.kind == WATCHLIST]
        results = await self._list.set(mine) if mine else {}
        rest = [n for n in range(len(edits)) if n not in results]
        if rest:
            told = await self._amends.amend([edits[n] for n in rest])
            results |= dict(zip(rest, told, strict=True))
        return [results[n] for n in range(len(edits))]


def _with_list(reading: Reading, found: ListFound) -> Reading:
    skipped = {UNREADABLE: found.unreadable} if found.unreadable else {}
    return replace(
        reading,
        cursor={**reading.cursor, WATCHLIST: dict(found.keys)},
        values={**reading.values, WATCHLIST: found.values},
        subjects={**found.subjects, **reading.subjects},
        skipped={**reading.skipped, **skipped},
    )
