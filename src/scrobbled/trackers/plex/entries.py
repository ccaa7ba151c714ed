"""A row of a library as a value: which film, show, season or episode it is a copy of, and how it stands there. Pure."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from scrobbled.clients.plex_lists import JsonScalar
from scrobbled.core.kinds import Scope
from scrobbled.core.naming.guids import numbered, of_episode, of_movie, of_show
from scrobbled.core.naming.ids import ShowIds
from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.plumbing.fields import Malformed, day, milliseconds, place, text, year
from scrobbled.trackers.copies.entries import LibraryEntry, place_of
from scrobbled.trackers.plex.codec import counted, instant, rating_of, seconds
from scrobbled.trackers.plex.rows import EPISODE, MOVIE, SEASON, SHOW, ItemRow, lies_in_the_trash

SCOPES: Mapping[int, Scope] = {MOVIE: "movie", SHOW: "show", SEASON: "season", EPISODE: "episode"}
LONGEST_KEY = 100


class ShowNote(Struct, frozen=True, gc=False):
    """What rows of episodes and seasons do not tell of their show."""

    ids: ShowIds = ShowIds()
    year: int | None = None


NO_NOTE = ShowNote()
ShowNotes = Mapping[str, ShowNote]
"""By the ``ratingKey`` of the show."""


def key_in(value: JsonScalar) -> str:
    """A ``ratingKey``; raises ``Malformed`` where there is none."""
    key = text(value, limit=LONGEST_KEY)
    if not key or "/" in key:
        raise Malformed("a row without ratingKey")
    return key


def note_of(row: ItemRow) -> ShowNote:
    return ShowNote(of_show(_guids(row)), year(row.year))


def entry_of(row: ItemRow, kind: int, machine: str, shows: ShowNotes, library: str = "") -> LibraryEntry:
    """A row of a list of ``kind`` in the ``library`` of this title.

    Raises ``Malformed`` for what is something else, or cannot be read.
    """
    scope, key = SCOPES[kind], key_in(row.rating_key)
    if row.type != scope:
        raise Malformed(f"a {text(row.type) or 'nameless thing'} among each {scope}")
    runtime = milliseconds(row.duration)
    return LibraryEntry(
        place=place_of(machine, key),
        scope=scope,
        item=_item(row, scope, shows),
        runtime=(runtime or 0) // 1000 or None,
        count=counted(row.view_count),
        begun=counted(row.view_offset) > 0,
        viewed_at=instant(row.last_viewed_at),
        rating=rating_of(row.user_rating),
        rated_at=instant(row.last_rated_at),
        library=library,
        added=_added(row),
        updated=seconds(row.updated_at) or 0,
        trashed=lies_in_the_trash(row.versions),
    )


def _added(row: ItemRow) -> int:
    """Not before it was released, in whatever zone: files are given dates that nobody can have had them at."""
    at, released = seconds(row.added_at) or 0, day(row.originally_available_at)
    if not at or released is None:
        return at
    return max(at, int(datetime(released.year, released.month, released.day, tzinfo=UTC).timestamp()))


def _item(row: ItemRow, scope: Scope, shows: ShowNotes) -> Item:
    if scope == "movie":
        return Movie(text(row.title), year(row.year), of_movie(_guids(row)))
    if scope == "show":
        note = note_of(row)
        return Episode(text(row.title), None, None, show_year=note.year, show_ids=note.ids)
    return _season(row, shows) if scope == "season" else _episode(row, shows)


def season_of(row: ItemRow, machine: str, shows: ShowNotes, library: str) -> LibraryEntry | None:
    """The season that a row of an episode is in, as its own row tells of it but for what is said of it there: who reads
    all episodes need not ask for their seasons.
    """
    key, number = text(row.parent_rating_key, limit=LONGEST_KEY), _number(row.parent_index)
    if not key or "/" in key or number is None:
        return None
    note, told = shows.get(text(row.grandparent_rating_key), NO_NOTE), of_episode(_guids(row)).show_ids
    title = sys.intern(text(row.grandparent_title))
    item = Episode(title, number, None, show_year=note.year, show_ids=_merged(note.ids, told))
    return LibraryEntry(place_of(machine, key), "season", item, library=library)


def _season(row: ItemRow, shows: ShowNotes) -> Episode:
    """``Guid`` of a season lies in a space of its own; a legacy ``guid`` names the show and the season."""
    note = shows.get(text(row.parent_rating_key), NO_NOTE)
    told = of_episode({"guid": row.guid, "grandparentGuid": row.parent_guid}).show_ids
    number = place(row.index)
    if number is None:
        raise Malformed("a season without a number")
    return Episode(text(row.parent_title), number, None, show_year=note.year, show_ids=_merged(note.ids, told))


def _episode(row: ItemRow, shows: ShowNotes) -> Episode:
    note = shows.get(text(row.grandparent_rating_key), NO_NOTE)
    guids = of_episode(_guids(row))
    season, number, absolute = numbered(guids, _number(row.parent_index), _number(row.index))
    return Episode(
        show_title=sys.intern(text(row.grandparent_title)),
        season=season,
        number=number,
        title=text(row.title) or None,
        show_year=note.year,
        show_ids=_merged(note.ids, guids.show_ids),
        ids=guids.ids,
        air_date=day(row.originally_available_at),
        original_title=text(row.original_title) or None,
        absolute=absolute,
    )


def _number(value: JsonScalar) -> int | None:
    """What is no number leaves the place unknown: it is found by its ids, or not at all."""
    try:
        return place(value)
    except Malformed:
        return None


def _merged(note: ShowIds, told: ShowIds) -> ShowIds:
    """What is said of a show lies in memory once, however many of its episodes there are."""
    merged = note.merged(told) if told else note
    return note if merged == note else merged


def _guids(row: ItemRow) -> Mapping[str, Any]:
    return {"guid": row.guid, "Guid": row.guids, "grandparentGuid": row.grandparent_guid}
