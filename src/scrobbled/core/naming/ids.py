"""External ids that know their space.

The same number means different things in different spaces: TMDB *show* 1399, TMDB *movie* 1399 and TMDB *episode* 1399
are three different things. So each space has its own class, and two of different classes never merge or compare.
"""

from __future__ import annotations

from typing import Self

from msgspec import Struct
from msgspec.structs import replace


class Ids(Struct, frozen=True):
    """Ids of one title at several services; ``None`` is unknown. Use a subclass, which names the space."""

    imdb: str | None = None
    """``tt`` followed by digits."""
    tmdb: int | None = None
    tvdb: int | None = None
    trakt: int | None = None
    anidb: int | None = None
    plex: str | None = None
    """A modern Plex guid, ``plex://episode/…``."""

    def __bool__(self) -> bool:
        return any(getattr(self, name) is not None for name in self.__struct_fields__)

    def merged(self, other: Self) -> Self:
        """Ours, with the gaps filled from ``other``; raises ``TypeError`` for ids of another space."""
        self._same_space(other)
        gaps = {name: getattr(other, name) for name in self.__struct_fields__ if getattr(self, name) is None}
        return replace(self, **gaps)

    def shares(self, other: Self) -> bool:
        """Whether one service gives both the same id."""
        self._same_space(other)
        pairs = ((getattr(self, name), getattr(other, name)) for name in self.__struct_fields__)
        return any(mine is not None and mine == theirs for mine, theirs in pairs)

    def known(self) -> dict[str, int | str]:
        """Only what is known, by service name."""
        told = ((name, getattr(self, name)) for name in self.__struct_fields__)
        return {name: value for name, value in told if value is not None}

    def _same_space(self, other: object) -> None:
        if type(self) is not type(other):
            raise TypeError(f"{type(self).__name__} and {type(other).__name__} are different id spaces")


class MovieIds(Ids, frozen=True):
    """Ids in the movie spaces."""


class ShowIds(Ids, frozen=True):
    """Ids in the series spaces."""


class EpisodeIds(Ids, frozen=True):
    """Ids in the episode spaces."""
