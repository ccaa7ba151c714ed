"""What is new in the libraries of one server: only what moved is read, and only where it explains what moved."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from scrobbled.core.kinds import COLLECTION, PLAYS, RATINGS, Kind
from scrobbled.plumbing.fields import Malformed
from scrobbled.trackers.copies.entries import LibraryEntry
from scrobbled.trackers.plex.activity import LibraryLook, SeatLook
from scrobbled.trackers.plex.codec import seconds
from scrobbled.trackers.plex.cursor import ListMark, marked
from scrobbled.trackers.plex.entries import entry_of, season_of
from scrobbled.trackers.plex.lists import ADDED, CHANGED, LEAF, LEAVES, WATCHED, Peek, added_to, peek, rated, since
from scrobbled.trackers.plex.rows import EPISODE, MOVIE, SEASON, SHOW, ItemRow

KIND_OF = {rated(kind): kind for kind in (MOVIE, SEASON, EPISODE)}


@dataclass(slots=True)
class SeatNews:
    """``added`` is how the list of what was added stands, by library, where that is told by another list."""

    entries: list[LibraryEntry] = field(default_factory=list)
    added: dict[str, ListMark] = field(default_factory=dict)


async def news_of_items(look: SeatLook, known: Collection[str], kind: Kind) -> SeatNews | None:
    """What was watched, begun or added since; of ``ITEMS`` only what was added. ``None`` where that does not explain
    what moved.

    ``known`` are the places of all that was there.
    """
    news = SeatNews()
    for library in look.there():
        for name in library.moved(kind):
            found = await (_watched(look, library) if name == WATCHED else _added(look, library, name, known, news))
            if found is None:
                return None
            news.entries += found
    return news


async def news_of_files(look: SeatLook, known: Collection[str]) -> SeatNews | None:
    """What was added or changed since; ``None`` where that does not explain what moved, as something may be gone."""
    news = SeatNews()
    for library in (one for one in look.there() if any(one.moved(COLLECTION))):
        before, top = library.before(CHANGED), library.tops[CHANGED]
        rows = await since(look.seat.client, top, before.floor)
        entries = None if rows is None else _entries(look, library, rows, LEAF[library.library.kind])
        if entries is None:
            return None
        fresh = sum(one.place not in known for one in entries)
        if before.grown(top.mark) not in (None, fresh):
            return None
        news.entries += entries
    return news


async def news_of_ratings(look: SeatLook) -> SeatNews | None:
    """What was rated since. Where something was rated anew or cleared, that is not told by what moved."""
    news = SeatNews()
    for library in look.there():
        for name in library.moved(RATINGS):
            found = _rated_shows(library) if name == rated(SHOW) else await _rated(look, library, name)
            if found is None:
                return None
            news.entries += found
    return news


async def _watched(look: SeatLook, library: LibraryLook) -> list[LibraryEntry] | None:
    """Who watches something again leaves the number as it was, as does who only begins to."""
    before, top = library.before(WATCHED), library.tops[WATCHED]
    rows = await since(look.seat.client, top, before.floor)
    entries = None if rows is None else _entries(look, library, rows, LEAF[library.library.kind])
    if rows is None or entries is None:
        return None
    fresh = [one for one in before.news(_timed(top, zip(rows, entries, strict=True))) if one.count == 1]
    least, grown = sum(not one.begun for one in fresh), before.grown(top.mark)
    return entries if grown is None or least <= grown <= len(fresh) else None


def _timed(top: Peek[ItemRow], pairs: Iterable[tuple[ItemRow, LibraryEntry]]) -> Iterable[tuple[int, LibraryEntry]]:
    return ((seconds(getattr(row, top.asked.by)) or 0, entry) for row, entry in pairs)


async def _added(
    look: SeatLook, library: LibraryLook, name: str, known: Collection[str], news: SeatNews
) -> list[LibraryEntry] | None:
    key, kind, before = library.library.key, library.library.kind, library.before(ADDED)
    top = library.tops[ADDED] if name == ADDED else await peek(look.seat.client, added_to(key, kind))
    rows = await since(look.seat.client, top, before.floor)
    entries = None if rows is None else _entries(look, library, rows, LEAF[kind])
    if rows is None or entries is None:
        return None
    fresh = [one for one in entries if one.place not in known]
    news.entries += _above(look, library, rows, known) if kind == "show" else ()
    if name == LEAVES:
        news.added[key] = marked(None, [seconds(row.added_at) or 0 for row in rows])
        grown = library.before(LEAVES).grown(library.marks(PLAYS)[LEAVES])
    else:
        grown = before.grown(top.mark)
    return fresh if grown in (None, len(fresh)) else None


def _above(look: SeatLook, library: LibraryLook, rows: Iterable[ItemRow], known: Collection[str]) -> list[LibraryEntry]:
    """New shows, and new ones among the seasons that these episodes are in."""
    notes, title = look.notes(), library.library.title
    seasons = (season_of(row, look.seat.machine, notes, title) for row in rows)
    shows = library.shows.entries if library.shows else ()
    return list({one.place: one for one in (*seasons, *shows) if one is not None and one.place not in known}.values())


async def _rated(look: SeatLook, library: LibraryLook, name: str) -> list[LibraryEntry] | None:
    before, top = library.before(name), library.tops[name]
    rows = await since(look.seat.client, top, before.floor)
    entries = None if rows is None else _entries(look, library, rows, KIND_OF[name])
    if rows is None or entries is None or any(one.rating is None for one in entries):
        return None
    fresh = before.news(_timed(top, zip(rows, entries, strict=True)))
    return entries if before.grown(top.mark) in (None, len(fresh)) else None


def _rated_shows(library: LibraryLook) -> list[LibraryEntry] | None:
    if library.shows is None or not library.shows.whole:
        return None
    before, entries = library.before(rated(SHOW)), list(library.shows.rated)
    fresh = before.news((int(one.rated_at.timestamp()), one) for one in entries if one.rated_at)
    return entries if before.grown(library.shows.ratings) == len(fresh) else None


def _entries(look: SeatLook, library: LibraryLook, rows: Iterable[ItemRow], kind: int) -> list[LibraryEntry] | None:
    notes = look.notes()
    try:
        return [entry_of(row, kind, look.seat.machine, notes, library.library.title) for row in rows]
    except Malformed:
        return None
