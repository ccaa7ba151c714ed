"""The anime wing of the made-up catalogue: lists that count from 1 beside seasons that do not.

Each title of a list says where every one of its numbers really stands, which nobody outside is told: what places them
can be held to that. The ways in which lists and seasons part are those of real titles, named in the comments.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, NamedTuple

from scrobbled.sandbox.world import World, WorldEpisode, WorldMovie, WorldSeason, WorldShow

WEEK = timedelta(days=7)
TODAY = date(2026, 11, 14)
"""The day on which one of them is still on the air."""


class AnimePlace(NamedTuple):
    """Where a number stands: ``show`` and ``movie`` are TMDB ids of their own spaces, one of which is 0."""

    show: int = 0
    season: int = 0
    number: int = 0
    movie: int = 0


@dataclass(frozen=True, slots=True)
class AnimeTitle:
    """One entry that people can have on a list. ``episodes`` is ``None`` while nobody knows how many there will be."""

    id: int
    mal: int
    anidb: int
    romaji: str
    english: str | None
    format: str
    episodes: int | None
    start: date
    places: tuple[tuple[AnimePlace, ...], ...]
    """Of each number, from 1: one place, none, or several where it is two episodes there."""
    duration: int = 24
    status: str = "FINISHED"
    next_airing: int | None = None
    adult: bool = False


class Season(NamedTuple):
    """Numbers of a season as the catalogues have them, and when its first one was on the air, weekly from then."""

    numbers: Sequence[int]
    first: date


def wing(world: World) -> World:
    """The same world with the shows and films of the wing after its own."""
    return replace(world, shows=(*world.shows, *SHOWS), movies=(*world.movies, *FILMS))


def _show(n: int, title: str, seasons: Mapping[int, Season], *, ended: bool = True) -> WorldShow:
    dice = random.Random(1_000 + n)
    made = tuple(_season(dice, n, number, season) for number, season in seasons.items())
    regular = next(season for season in made if season.number)
    return WorldShow(
        title=title,
        year=regular.episodes[0].air_date.year,
        tmdb=95_000 + n,
        tvdb=470_000 + n,
        trakt=190_000 + n,
        imdb=f"tt66{n:05d}",
        slug=title.lower().replace(" ", "-"),
        rating_key=str(5_000_000 + 10_000 * n),
        guid=f"plex://show/{dice.getrandbits(96):024x}",
        ended=ended,
        seasons=made,
    )


def _season(dice: random.Random, show: int, number: int, season: Season) -> WorldSeason:
    return WorldSeason(
        number=number,
        tmdb=160_000 + 100 * show + number,
        trakt=360_000 + 100 * show + number,
        tvdb=570_000 + 100 * show + number,
        rating_key=str(5_000_000 + 10_000 * show + 500 * (number + 1)),
        episodes=tuple(
            _episode(dice, show, number, one, season.first + WEEK * at) for at, one in enumerate(season.numbers)
        ),
    )


def _episode(dice: random.Random, show: int, season: int, number: int, aired: date) -> WorldEpisode:
    serial = 10_000 * show + 1_000 * season + number
    return WorldEpisode(
        season=season,
        number=number,
        title=f"Part {number}" if season else f"Special {number}",
        air_date=aired,
        runtime=24,
        tmdb=95_000 + serial,  # where the TMDB show ids of the wing lie
        tvdb=190_000 + serial,  # where its Trakt show ids lie
        trakt=470_000 + serial,  # where its TVDB show ids lie
        imdb=f"tt65{serial:07d}",
        rating_key=str(5_000_000 + 10_000 * show + 500 * (season + 1) + number),
        guid=f"plex://episode/{dice.getrandbits(96):024x}",
    )


def _film(n: int, title: str, year: int) -> WorldMovie:
    return WorldMovie(
        title=title,
        year=year,
        runtime=107,
        tmdb=95_000 + n,
        trakt=616_000 + n,
        imdb=f"tt64{n:05d}",
        slug=f"{title.lower().replace(' ', '-')}-{year}",
        rating_key=str(5_900_000 + n),
        guid=f"plex://movie/{random.Random(2_000 + n).getrandbits(96):024x}",
    )


LIGHTHOUSE = _show(
    0, "Lighthouse Family", {0: Season(range(1, 3), date(2022, 8, 6)), 1: Season(range(1, 26), date(2022, 4, 9))}
)
"""Two cours in one season, as SPY x FAMILY, and two specials of which one was a film in the cinema."""
VOYAGE = _show(
    1, "Endless Voyage", {1: Season(range(1, 62), date(1999, 10, 20)), 2: Season(range(62, 78), date(2001, 3, 21))}
)
"""One entry over several seasons that count on, as One Piece."""
KEEPER = _show(
    2,
    "Keeper of Springs",
    {
        0: Season(range(1, 3), date(2023, 7, 2)),
        1: Season(range(1, 12), date(2021, 1, 10)),
        2: Season(range(1, 13), date(2023, 7, 9)),
    },
)
"""An episode 0 that the list counts as 1, as Mushoku Tensei II."""
WINTER = _show(3, "Winter Post", {1: Season(range(1, 51), date(2016, 4, 4))})
"""Two entries that are one season here, as Re:Zero at TMDB; the second one begins in the middle of it."""
KITTENS = _show(4, "Two Kittens", {1: Season(range(1, 7), date(2024, 1, 6))})
"""Shorts that come two to an episode."""
TONIGHT = _show(5, "On Air Tonight", {1: Season(range(1, 9), TODAY - WEEK * 7)}, ended=False)
"""Of twelve, eight are known here, the last of them from today."""
DOUBLES = _show(6, "Hour of the Fox", {1: Season(range(1, 14), date(2018, 10, 3))})
"""Its list's first number was an hour long and is two episodes here; the sixth is a recap that is none."""
SHOWS = (LIGHTHOUSE, VOYAGE, KEEPER, WINTER, KITTENS, TONIGHT, DOUBLES)

TRAIN = _film(0, "The Night Train", 2020)
LETTER = _film(1, "A Letter from Above", 2016)
FILMS = (TRAIN, LETTER)


def _in(show: WorldShow, season: int, numbers: Iterable[int]) -> tuple[tuple[AnimePlace, ...], ...]:
    return tuple((AnimePlace(show.tmdb, season, number),) for number in numbers)


def _at(movie: WorldMovie) -> tuple[tuple[AnimePlace, ...], ...]:
    return ((AnimePlace(movie=movie.tmdb),),)


def _title(
    n: int,
    romaji: str,
    english: str | None,
    format_: str,
    start: date,
    places: tuple[tuple[AnimePlace, ...], ...],
    **more: Any,
) -> AnimeTitle:
    given = {"episodes": len(places), "duration": 24, **more}
    return AnimeTitle(
        555_000 + n, 66_000 + n, 17_000 + n, romaji, english, format_, start=start, places=places, **given
    )


NOWHERE: tuple[AnimePlace, ...] = ()
TITLES: tuple[AnimeTitle, ...] = (
    _title(1, "Toudai no Kazoku", "Lighthouse Family", "TV", date(2022, 4, 9), _in(LIGHTHOUSE, 1, range(1, 13))),
    _title(2, "Toudai no Kazoku Part 2", None, "TV", date(2022, 7, 2), _in(LIGHTHOUSE, 1, range(13, 26))),
    _title(3, "Toudai no Kazoku: Natsuyasumi", None, "SPECIAL", date(2022, 8, 6), _in(LIGHTHOUSE, 0, [1])),
    _title(4, "Toudai no Kazoku Movie", "The Storm", "MOVIE", date(2022, 8, 13), _in(LIGHTHOUSE, 0, [2]), duration=62),
    _title(
        10,
        "Hate Naki Koukai",
        "Endless Voyage",
        "TV",
        date(1999, 10, 20),
        (*_in(VOYAGE, 1, range(1, 62)), *_in(VOYAGE, 2, range(62, 78))),
        episodes=None,
        status="RELEASING",
        next_airing=78,
    ),
    _title(20, "Izumi no Bannin", "Keeper of Springs", "TV", date(2021, 1, 10), _in(KEEPER, 1, range(1, 12))),
    _title(
        21,
        "Izumi no Bannin II",
        None,
        "TV",
        date(2023, 7, 2),
        (*_in(KEEPER, 0, [1]), *_in(KEEPER, 2, range(1, 13))),
    ),
    _title(30, "Fuyu no Yuubin", "Winter Post", "TV", date(2016, 4, 4), _in(WINTER, 1, range(1, 26))),
    _title(31, "Fuyu no Yuubin 2", "Winter Post 2", "TV", date(2016, 9, 26), _in(WINTER, 1, range(26, 51))),
    _title(
        40,
        "Futago Koneko",
        "Two Kittens",
        "TV_SHORT",
        date(2024, 1, 6),
        _in(KITTENS, 1, (1 + number // 2 for number in range(12))),
        duration=12,
    ),
    _title(
        50,
        "Konya Housou",
        "On Air Tonight",
        "TV",
        TODAY - WEEK * 7,
        (*_in(TONIGHT, 1, range(1, 9)), *[NOWHERE] * 4),
        status="RELEASING",
        next_airing=9,
    ),
    _title(
        60,
        "Kitsune no Jikan",
        "Hour of the Fox",
        "TV",
        date(2018, 10, 3),
        (
            (AnimePlace(DOUBLES.tmdb, 1, 1), AnimePlace(DOUBLES.tmdb, 1, 2)),
            *_in(DOUBLES, 1, range(3, 7)),
            NOWHERE,
            *_in(DOUBLES, 1, range(7, 14)),
        ),
    ),
    _title(70, "Yoru no Ressha", "The Night Train", "MOVIE", date(2020, 10, 16), _at(TRAIN), duration=107),
    _title(71, "Ten kara no Tegami", "A Letter from Above", "MOVIE", date(2016, 8, 26), _at(LETTER), duration=107),
    _title(80, "Uta no Ehon", None, "MUSIC", date(2019, 5, 1), (NOWHERE,), duration=4),
    _title(90, "Otona no Yoru", None, "OVA", date(2014, 2, 14), (NOWHERE, NOWHERE), adult=True),
)
BY_ID = {title.id: title for title in TITLES}
