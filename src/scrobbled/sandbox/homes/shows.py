"""The shows of the home: every case of a real library that can happen to episodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from scrobbled.sandbox.homes.home import Home
from scrobbled.sandbox.plex.agents import LEGACY, catalogued
from scrobbled.sandbox.plex.items import SERIES, Holding, PlexSection
from scrobbled.sandbox.plex.people import BEN, MIA
from scrobbled.sandbox.world import WorldEpisode, WorldSeason, WorldShow

Copying = Callable[[WorldShow], WorldShow]
ANIME = PlexSection(10, "Anime", "show", f"{LEGACY}hama", "5f0a7d4e-3b1c-4c58-9a67-0e1d2c3b4a5a")
CABIN_TV = PlexSection(3, "Cabin TV", "show", "tv.plex.agents.series", "5f0a7d4e-3b1c-4c58-9a67-0e1d2c3b4a63")
SHOWS_NEEDED = 12


def put_shows(home: Home, those: Iterable[WorldShow]) -> None:
    """Raises ``StopIteration`` where there are fewer shows than are needed."""
    shows = iter(those)
    home.plex.library.open(ANIME)
    home.cabin.library.open(CABIN_TV)
    _followed(home, next(shows))
    _ticked(home, next(shows))
    for case, copied in (("specials in another order", _swapped(0)), ("seasons by year", _by_year)):
        _by_ids(home, case, next(shows), copied)
    _by_number(home, "order of the discs", next(shows), "thetvdbdvdorder", copied=_swapped(1))
    _absolute(home, next(shows))
    _one_file(home, next(shows))
    _by_ids(home, "another language", next(shows), _translated)
    for agent in ("thetvdb", "xbmcnfotv"):
        _by_number(home, "older agents", next(shows), agent, certain=True)
    _only_on_trakt(home, next(shows))
    _left_in_bulk(home, next(shows))


def _regular(show: WorldShow, count: int = 3) -> list[WorldEpisode]:
    return [episode for episode in show.episodes() if episode.season][:count]


def _watch(home: Home, case: str, episode: WorldEpisode, n: int, *, certain: bool = True) -> None:
    item = home.item(episode)
    plays = home.played(item, home.ago(90 - n, 11 * n))
    home.put(case, item, plays=plays if certain else None, watched=True)


def _followed(home: Home, show: WorldShow) -> None:
    """One night after the other, some of it at the cabin, and rated in all its parts."""
    for n, episode in enumerate(show.seasons[1].episodes):
        _watch(home, "an ordinary show", episode, n)
    away = home.cabin.library.put(show, Holding(CABIN_TV))
    item = next(one for one in home.cabin.library.leaves(away) if one.episode and one.episode.season == 2)
    plays = home.played(item, home.ago(60), at=home.cabin)
    home.put("watched at the cabin", at_the_cabin=(item,), plays=plays)
    first = show.episode(1, 1)
    whole, season = home.item(show), home.plex.library.items[show.seasons[1].rating_key]
    for item, stars, rating in ((whole, 8.0, 8), (season, 7.5, 8), (home.item(show.episode(1, 2)), 9.5, 10)):
        home.rated(item, stars, home.ago(55))
        home.put("rated in its parts", item, plays=None, rating=rating, stars=stars)
    plays = home.played(home.item(first), home.ago(45), by=BEN)
    home.put("everybody's own", home.item(first), person="ben", plays=plays, watched=True)
    home.played(home.item(first), home.ago(44), by=MIA)


def _ticked(home: Home, show: WorldShow) -> None:
    """A season marked by hand: everything within a minute, and no row explains any of it."""
    at = int(home.ago(33).timestamp())
    for n, episode in enumerate(show.seasons[1].episodes):
        home.says(home.item(episode), count=1, last=at + n)
        home.put("a season ticked off", home.item(episode), watched=True)


def _by_ids(home: Home, case: str, show: WorldShow, copied: Copying) -> None:
    """Found by the ids of the episodes, whatever the library calls and counts them."""
    copy = copied(show)
    home.move(show, copy, SERIES)
    specials = [*copy.seasons[0].episodes] if case.startswith("specials") else []
    for n, episode in enumerate([*specials, *_regular(copy)]):
        _watch(home, case, episode, n)


def _by_number(
    home: Home, case: str, show: WorldShow, agent: str, *, certain: bool = False, copied: Copying = lambda show: show
) -> None:
    """Only show and number are known; what they are worth depends on who counted."""
    copy = copied(show)
    home.move(show, catalogued(copy, LEGACY + agent), SERIES)
    for n, episode in enumerate(_regular(copy)):
        _watch(home, case, episode, n, certain=certain)


def _absolute(home: Home, show: WorldShow) -> None:
    """Counted through in one season, by an id that is no one else's."""
    through = [
        replace(episode, season=1, number=n)
        for n, episode in enumerate((one for one in show.episodes() if one.season), start=1)
    ]
    copy = replace(show, seasons=(replace(show.seasons[1], episodes=tuple(through)),))
    home.move(show, catalogued(copy, f"{LEGACY}hama", number="anidb-9005"), ANIME)
    for n, episode in enumerate(through[7:11]):
        _watch(home, "anime counted through", episode, n, certain=False)


def _one_file(home: Home, show: WorldShow) -> None:
    for n, episode in enumerate(_regular(show, 2)):
        home.plex.library.hold(home.item(episode), file=f"/media/TV/{show.slug}/s01e01-e02.mkv")
        _watch(home, "two episodes in one file", episode, n)


def _only_on_trakt(home: Home, show: WorldShow) -> None:
    for n, episode in enumerate(_regular(show)):
        item = home.item(episode)
        home.put("to be marked", item, plays=home.on_trakt(item, home.ago(70 - n)), watched=True)


def _left_in_bulk(home: Home, show: WorldShow) -> None:
    """Another program brought everything to Trakt in one minute, which the library knows better."""
    minute = home.ago(200)
    for n, episode in enumerate(_regular(show, 20)):
        item = home.item(episode)
        at = home.ago(280 - n)
        home.played(item, at)
        home.put(
            "brought in bulk", item, plays=home.on_trakt(item, minute), watched=True, corrected=at.replace(second=0)
        )


# How a library counts and calls what Trakt counts and calls otherwise


def _swapped(number: int) -> Copying:
    """The first two episodes of that season stand one for the other."""

    def copied(show: WorldShow) -> WorldShow:
        return replace(show, seasons=tuple(_turned(one) if one.number == number else one for one in show.seasons))

    return copied


def _turned(season: WorldSeason) -> WorldSeason:
    first, second, *rest = season.episodes
    return replace(season, episodes=(replace(second, number=1), replace(first, number=2), *rest))


def _by_year(show: WorldShow) -> WorldShow:
    seasons = []
    for season in show.seasons:
        year = season.episodes[0].air_date.year if season.number else 0
        episodes = tuple(replace(episode, season=year) for episode in season.episodes)
        seasons.append(replace(season, number=year, episodes=episodes))
    return replace(show, seasons=tuple(seasons))


def _translated(show: WorldShow) -> WorldShow:
    seasons = [
        replace(season, episodes=tuple(replace(e, title=f"Folge {e.number}") for e in season.episodes))
        for season in show.seasons
    ]
    return replace(show, title="Die Lichter am Hafen", seasons=tuple(seasons))
