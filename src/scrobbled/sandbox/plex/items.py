"""What a Plex library holds: an item for each rating key, with how the library has its copy.

An item is a film or a part of a show of the world, as this copy of it is catalogued: whoever wants it under another
number, title or guid hands in a film or show of which that was replaced.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from scrobbled.sandbox.plex.files import FileVersion
from scrobbled.sandbox.world import WorldEpisode, WorldMovie, WorldSeason, WorldShow

PlexType = Literal["movie", "show", "season", "episode", "clip"]
TYPES: dict[PlexType, int] = {"movie": 1, "show": 2, "season": 3, "episode": 4}
"""The numbers of Plex's ``type=`` parameter."""
TRAILER = 150_000
"""Milliseconds that a trailer takes."""
ADDED = int(datetime(2026, 1, 9, 23, 6, 40, tzinfo=UTC).timestamp())
MODERN = "plex://"
"""What the guids of Plex's own agents begin with; only those come with a list of external ids."""


@dataclass(frozen=True, slots=True)
class PlexSection:
    key: int
    title: str
    type: Literal["movie", "show"]
    agent: str
    uuid: str


FILMS = PlexSection(1, "Films", "movie", "tv.plex.agents.movie", "5f0a7d4e-3b1c-4c58-9a67-0e1d2c3b4a51")
SERIES = PlexSection(4, "TV", "show", "tv.plex.agents.series", "5f0a7d4e-3b1c-4c58-9a67-0e1d2c3b4a54")
SECTIONS = (FILMS, SERIES)


@dataclass(frozen=True, slots=True)
class Holding:
    """How a library has its copy of something. Times are epoch seconds; ``media`` are its versions, or their heights.

    ``file`` is the path of what shares one with another item, as two episodes in one file do; ``deleted`` is when its
    file was missed, while the item still waits in the trash.
    """

    section: PlexSection | None = None
    added: int = ADDED
    edition: str = ""
    media: tuple[int | FileVersion, ...] = (1080,)
    file: str = ""
    deleted: int = 0
    changed: int = 0
    """When anything of it last changed after it was added."""

    @property
    def updated(self) -> int:
        return self.changed or self.added + 500


FIRST_COPY = Holding()
"""As the default libraries have all there is."""


@dataclass(frozen=True, slots=True)
class LibraryItem:
    """A movie, show, season or episode of the library; what it is part of is set beside it."""

    type: PlexType
    rating_key: str
    movie: WorldMovie | None = None
    show: WorldShow | None = None
    season: WorldSeason | None = None
    episode: WorldEpisode | None = None
    held: Holding = FIRST_COPY

    @property
    def section(self) -> PlexSection:
        return self.held.section or (FILMS if self.type == "movie" else SERIES)

    @property
    def title(self) -> str:
        if self.type == "season" and self.season:
            return season_title(self.season.number)
        named = self.episode or self.show or self.movie
        return named.title if named else ""

    @property
    def guid(self) -> str:
        """As the agent of its library gives it; empty for what has none at all."""
        if self.type == "season" and self.show and self.season:
            return season_guid(self.show, self.season)
        named = self.episode or self.show or self.movie
        return named.guid if named else ""

    @property
    def duration(self) -> int:
        """Milliseconds; 0 for what has none."""
        if self.type == "clip":
            return TRAILER
        timed = self.movie or self.episode
        return timed.runtime * 60_000 if timed else 0


def movie_item(movie: WorldMovie, held: Holding = FIRST_COPY) -> LibraryItem:
    return LibraryItem("movie", movie.rating_key, movie=movie, held=held)


def show_item(show: WorldShow, held: Holding = FIRST_COPY) -> LibraryItem:
    return LibraryItem("show", show.rating_key, show=show, held=held)


def season_item(show: WorldShow, season: WorldSeason, held: Holding = FIRST_COPY) -> LibraryItem:
    return LibraryItem("season", season.rating_key, show=show, season=season, held=held)


def episode_item(show: WorldShow, episode: WorldEpisode) -> LibraryItem:
    """Raises ``LookupError`` for an episode of another show."""
    for season in show.seasons:
        if season.number == episode.season and episode in season.episodes:
            return LibraryItem("episode", episode.rating_key, show=show, season=season, episode=episode)
    raise LookupError(f"{episode.title} is not in {show.title}")


def season_title(number: int) -> str:
    return f"Season {number}" if number else "Specials"


def season_guid(show: WorldShow, season: WorldSeason) -> str:
    """Made from the show's: an id of its own with Plex's agents, the show's and a number with all others."""
    if show.guid.startswith(MODERN):
        return f"{MODERN}season/{show.guid.rpartition('/')[2][:20]}{season.number:04x}"
    path, _, language = show.guid.partition("?")
    return f"{path}/{season.number}" + (f"?{language}" if language else "") if path else ""
