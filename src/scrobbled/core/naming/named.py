"""What a name that both sides of a pair have for a thing says of it."""

from __future__ import annotations

import re

from scrobbled.core.naming.ids import MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Item, Movie

_MOVIE = re.compile(r"movie:(tmdb:(\d{1,10})|imdb:(tt\d{1,10}))", re.ASCII)
_SHOW = re.compile(r"(?:show|season|episode):(\d{1,10})(?::(\d{1,5}))?(?::(\d{1,5}))?", re.ASCII)


def named(key: str, title: str) -> Item | None:
    """The item that ``records.identity`` gave this name, as far as it tells; ``None`` for any other name."""
    if found := _MOVIE.fullmatch(key):
        tmdb = int(found[2]) if found[2] else None
        return Movie(title, None, MovieIds(tmdb=tmdb, imdb=found[3]))
    if found := _SHOW.fullmatch(key):
        season, number = (int(text) if text else None for text in (found[2], found[3]))
        return Episode(show_title=title, season=season, number=number, show_ids=ShowIds(tmdb=int(found[1])))
    return None
