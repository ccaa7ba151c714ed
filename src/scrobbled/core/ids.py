"""External ids that know their space.

The same number means different things in different spaces: TMDB *show* 1399, TMDB *movie* 1399 and TMDB *episode* 1399
are three different things. So each space has its own class, and two of different classes never merge or compare.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Self


@dataclass(frozen=True, slots=True)
class Ids:
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
        return any(getattr(self, field.name) is not None for field in fields(self))

    def merged(self, other: Self) -> Self:
        """Ours, with the gaps filled from ``other``; raises ``TypeError`` for ids of another space."""
        self._same_space(other)
        gaps = {f.name: getattr(other, f.name) for f in fields(self) if getattr(self, f.name) is None}
        return replace(self, **gaps)

    def shares(self, other: Self) -> bool:
        """Whether one service gives both the same id."""
        self._same_space(other)
        pairs = ((getattr(self, f.name), getattr(other, f.name)) for f in fields(self))
        return any(mine is not None and mine == theirs for mine, theirs in pairs)

    def known(self) -> dict[str, int | str]:
        """Only what is known, by service name."""
        told = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: value for name, value in told if value is not None}

    def _same_space(self, other: object) -> None:
        if type(self) is not type(other):
            raise TypeError(f"{type(self).__name__} and {type(other).__name__} are different id spaces")


@dataclass(frozen=True, slots=True)
class MovieIds(Ids):
    """Ids in the movie spaces."""


@dataclass(frozen=True, slots=True)
class ShowIds(Ids):
    """Ids in the series spaces."""


@dataclass(frozen=True, slots=True)
class EpisodeIds(Ids):
    """Ids in the episode spaces."""
