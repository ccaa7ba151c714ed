"""The made-up catalogue that all stand-ins share, so that they agree on titles and disagree on ids as the real ones do.

Ids of different spaces overlap on purpose: TMDB *episode* ids begin where TMDB *show* ids lie, and Trakt's numbers lie
among TVDB's. Whoever mixes spaces gets a wrong answer here instead of a lucky one.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class WorldEpisode:
    season: int
    number: int
    title: str
    air_date: date
    runtime: int
    """Minutes."""
    tmdb: int
    tvdb: int
    trakt: int
    imdb: str
    rating_key: str
    guid: str


@dataclass(frozen=True, slots=True)
class WorldSeason:
    number: int
    tmdb: int
    """TMDB *season* id, which is Serializd's ``seasonId``."""
    trakt: int
    tvdb: int
    rating_key: str
    episodes: tuple[WorldEpisode, ...]


@dataclass(frozen=True, slots=True)
class WorldShow:
    title: str
    year: int
    tmdb: int
    tvdb: int
    trakt: int
    imdb: str
    slug: str
    rating_key: str
    guid: str
    ended: bool
    seasons: tuple[WorldSeason, ...]

    def episodes(self) -> Iterator[WorldEpisode]:
        for season in self.seasons:
            yield from season.episodes

    def episode(self, season: int, number: int) -> WorldEpisode:
        """Raises ``StopIteration`` never, ``LookupError`` for an episode that does not exist."""
        for episode in self.episodes():
            if (episode.season, episode.number) == (season, number):
                return episode
        raise LookupError(f"{self.title} has no S{season} E{number}")


@dataclass(frozen=True, slots=True)
class WorldMovie:
    title: str
    year: int
    runtime: int
    tmdb: int
    trakt: int
    imdb: str
    slug: str
    rating_key: str
    guid: str


@dataclass(frozen=True, slots=True)
class World:
    shows: tuple[WorldShow, ...]
    movies: tuple[WorldMovie, ...]
    seed: int = 1
    hidden_from_serializd: frozenset[tuple[int, int]] = field(default_factory=frozenset)
    """(TMDB show id, season number) that Serializd's catalogue has no data for yet."""


FIRST = (
    "Harbour",
    "Paper",
    "Quiet",
    "Northern",
    "Glass",
    "Copper",
    "Winter",
    "Salt",
    "Hollow",
    "Amber",
    "Distant",
    "Velvet",
)
SECOND = (
    "Lights",
    "Orchard",
    "Signal",
    "Ferry",
    "Kitchen",
    "Atlas",
    "Border",
    "Choir",
    "Lantern",
    "Archive",
    "Meadow",
    "Engine",
)
TITLES = (
    "Low Tide",
    "Ebb",
    "Neap",
    "Undertow",
    "Salt Wind",
    "The Ledger",
    "Old Rope",
    "Fog Bell",
    "Driftwood",
    "Landfall",
)


def build(seed: int = 1, *, shows: int = 4, movies: int = 3) -> World:
    """The same ``seed`` and sizes give the same world, id for id."""
    dice = random.Random(seed)
    return World(
        shows=tuple(_show(dice, n) for n in range(shows)),
        movies=tuple(_movie(dice, n) for n in range(movies)),
        seed=seed,
    )


def sized(seed: int = 1, *, movies: int, episodes: int) -> World:
    """A world with exactly that many films and, in as many shows as it takes, that many episodes."""
    dice = random.Random(seed)
    shows: list[WorldShow] = []
    while episodes > 0:
        shows.append(_cut(_show(dice, len(shows)), episodes))
        episodes -= sum(1 for _ in shows[-1].episodes())
    return World(shows=tuple(shows), movies=tuple(_movie(dice, n) for n in range(movies)), seed=seed)


def _cut(show: WorldShow, episodes: int) -> WorldShow:
    """Its first ones, and no season without any."""
    kept = []
    for season in show.seasons:
        if part := season.episodes[:episodes]:
            kept.append(replace(season, episodes=part))
        episodes -= len(part)
    return replace(show, seasons=tuple(kept))


def _name(n: int, turn: int) -> str:
    """Of each turn no two are the same; when the words are used up they come again with a number."""
    pairs = len(FIRST) * len(SECOND)
    first, second = n % len(FIRST), (n + turn + n // len(FIRST)) % len(SECOND)
    return f"{FIRST[first]} {SECOND[second]}" + (f" {1 + n // pairs}" if n >= pairs else "")


def _hex(dice: random.Random) -> str:
    return f"{dice.getrandbits(96):024x}"


def _show(dice: random.Random, n: int) -> WorldShow:
    tmdb = 90_000 + n
    title = _name(n, 0)
    first = date(2019 + n % 6, 1 + n % 12, 3)
    seasons = tuple(_season(dice, n, number, first) for number in (0, 1, 2))
    return WorldShow(
        title=title,
        year=seasons[1].episodes[0].air_date.year,
        tmdb=tmdb,
        tvdb=440_000 + n,
        trakt=180_000 + n,
        imdb=f"tt99{n:05d}",
        slug=title.lower().replace(" ", "-"),
        rating_key=str(9_000 + 1_000 * n),
        guid=f"plex://show/{_hex(dice)}",
        ended=n % 2 == 0,
        seasons=seasons,
    )


def _season(dice: random.Random, show: int, number: int, first: date) -> WorldSeason:
    count = 2 if number == 0 else 8 + show % 3
    starts = first + timedelta(days=365 * number)
    episodes = tuple(_episode(dice, show, number, e, starts + timedelta(days=7 * e)) for e in range(1, count + 1))
    return WorldSeason(
        number=number,
        tmdb=140_000 + 10 * show + number,
        trakt=333_000 + 10 * show + number,
        tvdb=550_000 + 10 * show + number,
        rating_key=str(9_100 + 1_000 * show + 100 * number),
        episodes=episodes,
    )


def _episode(dice: random.Random, show: int, season: int, number: int, aired: date) -> WorldEpisode:
    serial = 100 * show + 30 * season + number
    title = f"{TITLES[(number - 1 + 3 * season + show) % len(TITLES)]}" + (f" {season}" if season > 1 else "")
    return WorldEpisode(
        season=season,
        number=number,
        title=title,
        air_date=aired,
        runtime=45 - 5 * (show % 3),
        tmdb=90_000 + serial,  # where the TMDB show ids lie
        tvdb=180_000 + serial,  # where the Trakt show ids lie
        trakt=440_000 + serial,  # where the TVDB show ids lie
        imdb=f"tt88{serial:05d}",
        rating_key=str(9_100 + 1_000 * show + 100 * season + number),
        guid=f"plex://episode/{_hex(dice)}",
    )


def _movie(dice: random.Random, n: int) -> WorldMovie:
    title = _name(n, 5)
    year = 2015 + n % 9
    return WorldMovie(
        title=title,
        year=year,
        runtime=96 + 7 * (n % 5),
        tmdb=90_000 + n,
        trakt=606_000 + n,
        imdb=f"tt77{n:05d}",
        slug=f"{title.lower().replace(' ', '-')}-{year}",
        rating_key=str(500 + n if n < 8_000 else 10_000_000 + n),  # the shows' begin at 9,000
        guid=f"plex://movie/{_hex(dice)}",
    )
