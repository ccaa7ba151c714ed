"""Numbers of a list that stand in a row at the other side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from scrobbled.sandbox.anime import FILMS, SHOWS, AnimePlace, AnimeTitle
from scrobbled.sandbox.world import WorldShow

BY_TMDB = {show.tmdb: show for show in SHOWS}
IMDB_OF_FILMS = {movie.tmdb: movie.imdb for movie in FILMS}


@dataclass(frozen=True, slots=True)
class AnimeRun:
    """``first`` to ``last`` of a list are ``begin`` to ``end`` of a season, or one film. ``begin`` is 0 where they are
    nothing at all.
    """

    first: int
    last: int
    place: AnimePlace
    begin: int
    end: int

    @property
    def is_nothing(self) -> bool:
        return not self.begin and not self.place.movie

    @property
    def show(self) -> WorldShow | None:
        return BY_TMDB.get(self.place.show)

    @property
    def offset(self) -> int:
        """What is added to a number of the list."""
        return self.begin - self.first

    @property
    def ratio(self) -> int:
        """How many there one of the list is, negative where so many of the list are one there; 1 for one each."""
        here, there = self.last - self.first + 1, self.end - self.begin + 1
        return there // here if there >= here else -(here // there)


def told(title: AnimeTitle) -> list[AnimeRun]:
    """Those that a data set tells of: nobody says of numbers still to come that they are nothing."""
    found = list(runs(title))
    return found[:-1] if title.status == "RELEASING" and found[-1].is_nothing else found


def runs(title: AnimeTitle) -> Iterator[AnimeRun]:
    """All numbers of a title, each in one of them, in order."""
    together = Counter(places for places in title.places if places)

    def line(numbered: tuple[int, tuple[AnimePlace, ...]]) -> tuple[AnimePlace, int, int, int]:
        """The same for all numbers of a run: season or film, how many are one on either side, and the distance."""
        number, places = numbered
        if not places:
            return AnimePlace(), 0, 0, 0
        shared = together[places]
        distance = (places[0].number * shared - number * len(places)) // shared
        return places[0]._replace(number=0), len(places), shared, distance

    for (place, *_), group in groupby(enumerate(title.places, 1), line):
        found = list(group)
        ends = [one.number for _, places in found for one in places] or [0]
        yield AnimeRun(found[0][0], found[-1][0], place, ends[0], ends[-1])
