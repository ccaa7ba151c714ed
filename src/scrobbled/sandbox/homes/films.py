"""The films of the home: every case of a real library that can happen to a film."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from scrobbled.sandbox.homes.home import Home
from scrobbled.sandbox.plex.agents import LEGACY, NOBODY, catalogued
from scrobbled.sandbox.plex.items import Holding, LibraryItem, PlexSection
from scrobbled.sandbox.plex.people import ANNA, BEN, MIA
from scrobbled.sandbox.plex.player import LIVING_ROOM, PlexSession
from scrobbled.sandbox.world import WorldMovie

FOUR_K = PlexSection(7, "Films in 4K", "movie", "tv.plex.agents.movie", "5f0a7d4e-3b1c-4c58-9a67-0e1d2c3b4a57")
OLD = PlexSection(8, "Old films", "movie", f"{LEGACY}imdb", "5f0a7d4e-3b1c-4c58-9a67-0e1d2c3b4a58")
VIDEOS = PlexSection(9, "Home videos", "movie", NOBODY, "5f0a7d4e-3b1c-4c58-9a67-0e1d2c3b4a59")
CABIN_FILMS = PlexSection(2, "Cabin films", "movie", "tv.plex.agents.movie", "5f0a7d4e-3b1c-4c58-9a67-0e1d2c3b4a62")
FILMS_NEEDED = 28


def put_films(home: Home, movies: Iterable[WorldMovie]) -> None:
    """Raises ``StopIteration`` where there are fewer films than are needed."""
    films = iter(movies)
    for section in (FOUR_K, OLD, VIDEOS):
        home.plex.library.open(section)
    home.cabin.library.open(CABIN_FILMS)
    _copies(home, next(films), next(films), next(films))
    _viewings(home, next(films), next(films), next(films), next(films))
    _undated(home, [next(films) for _ in range(5)])
    _nameless(home, next(films), next(films))
    _older_agents(home, [next(films) for _ in range(3)], next(films))
    _of_both(home, [next(films) for _ in range(6)])
    _nowhere(home, next(films), next(films))
    _people(home, next(films))


def _copies(home: Home, film: WorldMovie, unseen: WorldMovie, versions: WorldMovie) -> None:
    library = home.plex.library
    first, sharp = home.item(film), library.put(film, Holding(FOUR_K, media=(2160,)))
    cut = library.put(film, Holding(home.item(film).section, edition="Director's Cut"))
    away = home.cabin.library.put(film, Holding(CABIN_FILMS))
    plays = home.played(first, home.ago(40))
    home.rated(first, 6.0, home.ago(39))
    home.rated(sharp, 7.5, home.ago(8))
    home.put("copies", first, sharp, cut, at_the_cabin=(away,), plays=plays, rating=8, stars=7.5)
    here, there = home.item(unseen), library.put(unseen, Holding(FOUR_K, media=(2160,)))
    home.put("copies to mark", here, there, plays=home.on_trakt(here, home.ago(12)), watched=True)
    several = library.hold(home.item(versions), media=(1080, 2160))
    home.put("several versions", several, plays=home.played(several, home.ago(41)), watched=True)


def _viewings(home: Home, often: WorldMovie, twice: WorldMovie, again: WorldMovie, marked: WorldMovie) -> None:
    item = home.item(often)
    plays = home.played(item, home.ago(300), home.ago(50))
    home.says(item, count=7, last=int(home.ago(50).timestamp()))
    home.put("seven views, two rows", item, plays=plays, watched=True)
    item = home.item(twice)
    home.put("twice in an evening", item, plays=home.played(item, home.ago(30), home.ago(30, -190)), watched=True)
    item = home.item(again)
    rows = home.played(item, home.ago(29), home.ago(29, -25))
    home.put("again within its runtime", item, plays=(frozenset().union(*rows),), watched=True)
    item, at = home.item(marked), home.ago(28)
    home.says(item, count=1, last=int(at.timestamp()))
    home.put("no row explains it", item, plays=(frozenset({at.replace(second=0)}),), watched=True)


def _undated(home: Home, films: list[WorldMovie]) -> None:
    """Watched, at a time that nobody can believe."""
    told = (None, 0, -2_300_000_000, int((home.now + timedelta(days=400)).timestamp()))
    for film, last in zip(films, told, strict=False):
        home.says(home.item(film), count=1, last=last)
        home.put("no believable date", home.item(film), watched=True)
    begun = home.item(films[-1])
    home.says(begun, count=1, last=int(home.ago(0, 90).timestamp()), offset=1_500_000)
    home.put("begun again", begun, watched=True)


def _nameless(home: Home, fitting: WorldMovie, doubtful: WorldMovie) -> None:
    """What no agent has found. A film fits by title and year, if it is the only one."""
    library = home.plex.library
    for film, case, known in ((fitting, "no guid, one fits", True), (doubtful, "no guid, two fit", False)):
        found = home.item(film)
        item = home.move(film, replace(film, guid=""), found.section)
        plays = home.played(item, home.ago(27))
        home.put(case, item, plays=plays if known else (), known=known)
    local = replace(fitting, title="Grandmother's birthday", year=2019, guid="local://90412", imdb="", tmdb=0)
    item = library.put(local)
    home.played(item, home.ago(26))
    home.put("local", item, known=False)
    for number in (1, 2, 3):
        video = replace(local, title=f"Beach {number}", rating_key=f"9900{number}")
        item = library.put(catalogued(video, NOBODY), Holding(VIDEOS))
        home.played(item, home.ago(26, number * 7))
        home.put("home videos", item, known=False)


def _older_agents(home: Home, films: list[WorldMovie], translated: WorldMovie) -> None:
    """All agents in one library, and a title in another language."""
    for n, (film, agent) in enumerate(zip(films, ("imdb", "themoviedb", "xbmcnfo"), strict=True)):
        item = home.move(film, catalogued(film, LEGACY + agent), OLD)
        home.put("older agents", item, plays=home.played(item, home.ago(25, n * 150)), watched=True)
    item = home.move(translated, replace(translated, title="Das stille Haus am Meer"), OLD)
    home.put("another language", item, plays=home.played(item, home.ago(24)), watched=True)


def _of_both(home: Home, films: list[WorldMovie]) -> None:
    """What is on Trakt already, or only there."""
    same, near, agreed, rated, playing, resumed = map(home.item, films)
    plays = home.played(same, home.ago(23))
    home.on_trakt(same, home.ago(23))
    home.put("on Trakt to the minute", same, plays=plays, watched=True)
    here, there = home.played(near, home.ago(22)), home.on_trakt(near, home.ago(22, -6))
    home.put("on Trakt some minutes off", near, plays=(here[0] | there[0],), watched=True)
    home.rated(agreed, 7.5, home.ago(60))
    home.rated_on_trakt(agreed, 8, home.ago(59))
    home.put("ratings that agree", agreed, rating=8, stars=7.5)
    home.rated_on_trakt(rated, 9, home.ago(58))
    home.put("rated on Trakt", rated, rating=9, stars=9.0)
    home.put("being played", _on_now(home, playing), plays=home.on_trakt(playing, home.ago(21)), watched=False)
    home.says(resumed, last=int(home.ago(2).timestamp()), offset=1_800_000)
    home.put("a younger resume point", resumed, plays=home.on_trakt(resumed, home.ago(20)), watched=False)


def _on_now(home: Home, item: LibraryItem) -> LibraryItem:
    home.says(item, last=int(home.ago(0, 10).timestamp()), offset=600_000)
    session = PlexSession(item, ANNA, LIVING_ROOM, "playing", 600_000, 1)
    home.plex.player.sessions[ANNA.id, LIVING_ROOM.uuid] = session
    return item


def _nowhere(home: Home, *films: WorldMovie) -> None:
    """On Trakt and in no library, as most of what people with many plays have seen."""
    for film in films:
        item = home.item(film)
        home.put("not in the library", plays=home.on_trakt(item, home.ago(500)), known=item)
        home.plex.library.remove(item)


def _people(home: Home, film: WorldMovie) -> None:
    """Everybody at home has seen it, each at a time of their own."""
    item = home.item(film)
    home.put("everybody's own", item, plays=home.played(item, home.ago(15)), watched=True)
    home.put("everybody's own", item, person="ben", plays=home.played(item, home.ago(14), by=BEN), watched=True)
    home.played(item, home.ago(13), by=MIA)
