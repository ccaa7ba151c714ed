"""What can be watched."""

from __future__ import annotations

from datetime import date
from typing import Literal

from msgspec import Struct

from scrobbled.core.naming.ids import EpisodeIds, Ids, MovieIds, ShowIds

Media = Literal["movie", "episode"]
SettledBy = Literal["show", "place"]


class Origin(Struct, frozen=True):
    """Where a source keeps the item: lets us ask that server for more. Keys are opaque and mean nothing elsewhere."""

    server: str
    """The media server's own id (Plex: ``machineIdentifier``)."""
    key: str
    """The item's key on that server (Plex: ``ratingKey``)."""
    show_key: str | None = None
    """The show's key on that server (Plex: ``grandparentRatingKey``)."""
    library: str | None = None
    """The library's title, as people see it."""


class Movie(Struct, frozen=True):
    """A film; a director's cut is the same film."""

    title: str
    year: int | None = None
    ids: MovieIds = MovieIds()
    origin: Origin | None = None

    @property
    def media(self) -> Media:
        return "movie"

    def label(self) -> str:
        title = self.title or _nameless(self.ids)
        return f"{title} ({self.year})" if self.year else title


class Episode(Struct, frozen=True):
    """One episode, as the source numbers it; services may number it otherwise.

    ``ids`` are in the episode spaces, ``show_ids`` in the show spaces. ``season`` 0 is the specials and ``number`` 0 is
    real: test for ``None``, never for truth.
    """

    show_title: str
    season: int | None
    number: int | None
    title: str | None = None
    show_year: int | None = None
    show_ids: ShowIds = ShowIds()
    ids: EpisodeIds = EpisodeIds()
    air_date: date | None = None
    original_title: str | None = None
    absolute: bool = False
    """``number`` counts through the whole show (some anime agents), so it must be mapped before it is sent."""
    season_size: int | None = None
    """How many episodes the library has of this season, where all of it was read: who counts otherwise may number
    otherwise."""
    origin: Origin | None = None
    settled: SettledBy | None = None
    """What a person has said: which show it is (``show_ids.tmdb``), or also season and number there (``place``)."""

    @property
    def media(self) -> Media:
        return "episode"

    def label(self) -> str:
        show = self.show_title or _nameless(self.show_ids)
        return " ".join(part for part in (show, self._place(), self.title) if part) or _nameless(self.ids)

    def _place(self) -> str:
        if self.number is None:
            return f"aired {self.air_date}" if self.air_date else ""
        return f"E{self.number}" if self.season is None else f"S{self.season} E{self.number}"


Item = Movie | Episode


def titled(item: Item) -> str:
    """The title of the film or show."""
    return item.title if isinstance(item, Movie) else item.show_title


def _nameless(ids: Ids) -> str:
    """What to call something that is known by its ids alone: "tmdb 717171"."""
    return " ".join(map(str, next(iter(ids.known().items()), ())))
