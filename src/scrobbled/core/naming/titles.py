"""What a catalogue finds when somebody looks for a title, and how large a show is there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from typing import Literal, Protocol

from msgspec import Struct

from scrobbled.core.naming.matching import bare, plain

TitleKind = Literal["show", "movie"]
ALIKE = 0.75
"""From this ratio on two titles are called alike: a letter or two, or a word, apart."""
MOST_ALIKE = 3


class SeasonSize(Struct, frozen=True):
    """How many episodes a season has; 0 is the specials."""

    number: int
    episodes: int


class Title(Struct, frozen=True):
    """One entry. ``tmdb`` is in the space of its ``kind``; an entry without one cannot be named to anybody else."""

    kind: TitleKind
    title: str
    year: int | None = None
    tmdb: int | None = None
    poster: str = ""
    """TMDB's ``poster_path``, where the catalogue tells it."""
    seasons: tuple[SeasonSize, ...] | None = None
    """``None`` where that was not asked, and for a film."""


class Searcher(Protocol):
    """A catalogue in which a person can look for a title.

    Both calls raise ``TryLater`` or another ``TrackerError`` where it cannot be asked.
    """

    @property
    def kinds(self) -> frozenset[TitleKind]:
        """What it has at all."""
        ...

    async def search(self, query: str, year: int | None, kind: TitleKind) -> Sequence[Title]:
        """Best first, ten at most."""
        ...

    async def sizes(self, tmdb: int) -> Sequence[SeasonSize] | None:
        """The seasons of the show with this TMDB id; ``None`` where it is not there."""
        ...


def sized(numbers: Sequence[int]) -> tuple[SeasonSize, ...]:
    """From the season of each episode, whatever their order."""
    return tuple(SeasonSize(number, numbers.count(number)) for number in sorted(set(numbers)))


def the_only(name: str, year: int, season: int, number: int, answers: Sequence[Sequence[Title]]) -> int | None:
    """The TMDB id of the one show of that title and year, where all agree on it and it has such a regular episode.

    ``answers`` is what each catalogue found. A catalogue that has none, or another one, or one without a TMDB id,
    leaves a doubt. So it does where nobody tells the year, or how long the season is, or where that is too short.
    """
    found = [[one for one in listed if is_called(one, name, year)] for listed in answers]
    shows = [one for listed in found for one in listed]
    if not all(found) or len({one.tmdb for one in shows}) != 1 or season < 1 or number < 1:
        return None
    lengths = [_length(one, season) for one in shows if one.seasons is not None]
    is_there = bool(lengths) and min(lengths) >= number
    return shows[0].tmdb if is_there and any(one.year == year for one in shows) else None


def is_called(one: Title, name: str, year: int) -> bool:
    """Whether a show may be the one of that title and year, however it is spelt; who tells no year may mean any."""
    same = plain(bare(one.title)) == plain(bare(name)) != ""
    return one.kind == "show" and same and one.year in (None, year)


def _length(show: Title, season: int) -> int:
    return sum(size.episodes for size in show.seasons or () if size.number == season)


def alike(name: str, known: Iterable[Title]) -> list[Title]:
    """Those of ``known`` that are called almost as ``name`` is, and not just so; the closest first."""
    wanted = plain(name)
    matcher, found = SequenceMatcher(b=wanted, autojunk=False), list[tuple[float, Title]]()
    for title in known:
        called = plain(title.title)
        matcher.set_seq1(called)
        if (
            called != wanted
            and matcher.real_quick_ratio() >= ALIKE
            and matcher.quick_ratio() >= ALIKE
            and matcher.ratio() >= ALIKE
        ):
            found.append((matcher.ratio(), title))
    return [title for _, title in sorted(found, key=lambda pair: -pair[0])[:MOST_ALIKE]]
