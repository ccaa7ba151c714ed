"""The shows of a library, all of them: rows of episodes tell neither ids nor year of theirs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from msgspec import Struct

from scrobbled.clients.plex import PlexClient
from scrobbled.clients.plex_lists import ListShifted
from scrobbled.core.kinds import RATINGS, Kind
from scrobbled.plumbing.fields import Malformed, text
from scrobbled.trackers.copies.entries import LibraryEntry
from scrobbled.trackers.plex.codec import counted, seconds
from scrobbled.trackers.plex.cursor import ListMark, marked
from scrobbled.trackers.plex.entries import ShowNote, entry_of, note_of
from scrobbled.trackers.plex.libraries import PlexLibrary
from scrobbled.trackers.plex.lists import LEAVES, all_of, rated, readable
from scrobbled.trackers.plex.rows import SHOW, ItemRow


class PlexShows(Struct, frozen=True):
    notes: Mapping[str, ShowNote]
    entries: tuple[LibraryEntry, ...]
    """The shows themselves, as far as they can be read."""
    rated: tuple[LibraryEntry, ...]
    leaves: ListMark | None
    """How many episodes there are, and of what; ``None`` where the server does not say."""
    ratings: ListMark
    whole: bool

    def marks(self, kinds: Iterable[Kind]) -> dict[str, ListMark]:
        """By the names of lists; of those that are looked at for other kinds than ratings the number of episodes."""
        wanted = set(kinds)
        found = {LEAVES: self.leaves} if self.leaves and wanted - {RATINGS} else {}
        return {**found, **({rated(SHOW): self.ratings} if RATINGS in wanted else {})}


async def shows_of(client: PlexClient, machine: str, library: PlexLibrary) -> PlexShows:
    """Once more from the beginning where the list changed while it was read."""
    try:
        return await _read(client, machine, library)
    except ListShifted:
        return await _read(client, machine, library)


async def _read(client: PlexClient, machine: str, library: PlexLibrary) -> PlexShows:
    rows: list[ItemRow] = []
    listing, unreadable = client.listing(*all_of(library.key, SHOW)), 0
    async for page in listing:
        found, bad = await readable(page, ItemRow)
        rows, unreadable = rows + found, unreadable + bad
    entries = [_entry(row, machine, library.title) for row in rows]
    given = [(one, row) for one, row in zip(entries, rows, strict=True) if one is not None and one.rating is not None]
    times = [at for _, row in given if (at := seconds(row.last_rated_at)) is not None]
    return PlexShows(
        notes={text(row.rating_key): note_of(row) for row in rows},
        entries=tuple(one for one in entries if one is not None),
        rated=tuple(one for one, _ in given),
        leaves=_leaves(rows),
        ratings=marked(len(given), times),
        whole=listing.whole and not unreadable and None not in entries,
    )


def _entry(row: ItemRow, machine: str, title: str) -> LibraryEntry | None:
    try:
        return entry_of(row, SHOW, machine, {}, title)
    except Malformed:
        return None


def _leaves(rows: Iterable[ItemRow]) -> ListMark | None:
    """Of each show, so that as many new ones as old ones gone are seen as well."""
    counts: dict[str, int] = {}
    for row in rows:
        try:
            counts[text(row.rating_key)] = counted(row.leaf_count)
        except Malformed:
            return None
    if counts and not any(counts.values()):
        return None
    told = hashlib.blake2b(repr(sorted(counts.items())).encode(), digest_size=12).hexdigest()
    return ListMark(sum(counts.values()), digest=told)
