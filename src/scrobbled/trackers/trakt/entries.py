"""What a row of the history or of the ratings is about, and the records made of such rows. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from scrobbled.core.kinds import Scope
from scrobbled.core.naming.ids import EpisodeIds, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.records import DatePrecision, PlayRecord, Subject
from scrobbled.trackers.trakt.codec import MOVIE_SPACES, RawIds, clean_ids, key_of, typed_ids, whole

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""How a play without a date comes back."""


class TraktEntry(Struct, frozen=True):
    """A film, show, season or episode as an answer tells it. ``show`` is empty for films; a show has itself there."""

    scope: Scope
    ids: RawIds
    show: RawIds
    title: str = ""
    """Of the film or the show, and so is ``year``."""
    year: int | None = None
    season: int | None = None
    number: int | None = None
    name: str | None = None
    """The episode's own title."""
    runtime: int | None = None
    """Seconds; only ``extended=full`` tells."""

    def key(self) -> str | None:
        """The ``Subject.key``; ``None`` without any id to make it of. Equals that of the ``Address``."""
        if self.scope == "season":
            return season_key(self.show, self.season) if self.show and self.season is not None else None
        return key_of(self.scope, self.ids) if self.ids else None

    def subject(self, key: str) -> Subject:
        return Subject(key, self.scope, self._item(), self.runtime)

    def _item(self) -> Item:
        if self.scope == "movie":
            return Movie(self.title, self.year, typed_ids(MovieIds, self.ids))
        own = self.ids if self.scope == "episode" else {}
        return Episode(
            show_title=self.title,
            show_year=self.year,
            season=None if self.scope == "show" else self.season,
            number=self.number if self.scope == "episode" else None,
            title=self.name,
            show_ids=typed_ids(ShowIds, self.show),
            ids=typed_ids(EpisodeIds, own),
        )


def season_key(show: RawIds, season: int) -> str:
    """By the show's ids: seasons often lack ids of their own."""
    return f"{key_of('season', show)}:{season}"


def entry_of(line: Mapping[str, Any], scope: Scope) -> TraktEntry:
    """What the object under ``scope`` says; a missing object is an entry without ids."""
    own, show = part(line, scope), part(line, "show")
    named = own if scope == "movie" else show
    title, name, ids = named.get("title"), own.get("title"), clean_ids(own.get("ids"))
    minutes = whole(own.get("runtime"))
    return TraktEntry(
        scope,
        {space: ids[space] for space in MOVIE_SPACES if space in ids} if scope == "movie" else ids,
        clean_ids(show.get("ids")),
        title=title if isinstance(title, str) else "",
        year=whole(named.get("year")),
        season=whole(own.get("number" if scope == "season" else "season")),
        number=whole(own.get("number")) if scope == "episode" else None,
        name=name if isinstance(name, str) and scope == "episode" else None,
        runtime=minutes * 60 if minutes and scope in ("movie", "episode") else None,
    )


def part(line: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object under ``name``, empty where there is none."""
    value = line.get(name)
    return value if isinstance(value, dict) else {}


def play_record(id: str, key: str, watched_at: datetime | None, action: str) -> PlayRecord:
    """``watched_at`` is a UTC minute, ``None`` for what has no date."""
    at = None if watched_at == EPOCH else watched_at  # so it is in rows that an older version has kept
    return PlayRecord(id, key, at, _kept(at, action), stamp=stamp(at, key))


def stamp(at: datetime | None, key: str) -> str:
    """All that there is to change of a play on Trakt: when it was, and of what."""
    return f"{at:%Y-%m-%dT%H:%MZ} {key}" if at else f"undated {key}"


def _kept(at: datetime | None, action: str) -> DatePrecision:
    """People who only enter a day are given midnight or noon; players and check-ins always tell the moment."""
    if at is None:
        return DatePrecision.NONE
    return DatePrecision.DAY if action == "watch" and (at.hour, at.minute) in ((0, 0), (12, 0)) else DatePrecision.EXACT
