"""The guids that Plex's agents, old and new, write for the same film or show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import blake2b

from scrobbled.sandbox.world import World, WorldEpisode, WorldMovie, WorldShow

WorldTitle = WorldMovie | WorldShow
LEGACY = "com.plexapp.agents."
NOBODY = f"{LEGACY}none"
"""The agent of home videos, which looks nothing up."""


def _tvdb(title: WorldTitle) -> str:
    return str(title.tvdb) if isinstance(title, WorldShow) else ""


NUMBERS: Mapping[str, Callable[[WorldTitle], str]] = {
    "imdb": lambda title: title.imdb,
    "themoviedb": lambda title: str(title.tmdb),
    "thetvdb": _tvdb,
    "thetvdbdvdorder": _tvdb,
    "xbmcnfo": lambda title: title.imdb,
    "xbmcnfotv": _tvdb,
    "hama": lambda title: f"tvdb-{_tvdb(title)}" if isinstance(title, WorldShow) else f"tmdb-{title.tmdb}",
}
"""What each legacy agent calls a film or show by."""


def catalogued(title: WorldTitle, agent: str, *, number: str = "") -> WorldTitle:
    """As ``agent`` lists it: ``com.plexapp.agents.`` and a name of ``NUMBERS``, its "none", or "local".

    ``number`` is the id that the agent has chosen, where it is another than that of ``NUMBERS`` ("anidb-77"). Raises
    ``KeyError`` for an agent that is not known.
    """
    if agent == "local":
        return _with_guids(title, lambda one, place: f"local://{one.rating_key}")
    if agent == NOBODY:
        return _with_guids(title, lambda one, place: f"{agent}://{_digest(one.rating_key)}?lang=xn")
    base = number or NUMBERS[agent.removeprefix(LEGACY)](title)
    return _with_guids(title, lambda one, place: f"{agent}://{base}{place}?lang=en")


def modern(title: WorldTitle, own: Mapping[str, str]) -> WorldTitle:
    """As Plex's own agents list it, by ``own_guids``; what those do not know keeps its guid."""
    return _with_guids(title, lambda one, place: own.get(one.imdb, one.guid))


def own_guids(world: World) -> Mapping[str, str]:
    """The guids of Plex's own agents, by IMDb id."""
    titles: list[WorldTitle | WorldEpisode] = [*world.movies, *world.shows]
    titles += [episode for show in world.shows for episode in show.episodes()]
    return {title.imdb: title.guid for title in titles}


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=8).hexdigest()


def _with_guids(title: WorldTitle, guid: Callable[[WorldTitle | WorldEpisode, str], str]) -> WorldTitle:
    """``guid`` is given the place of an episode as well: ``/1/2``."""
    if isinstance(title, WorldMovie):
        return replace(title, guid=guid(title, ""))
    seasons = [
        replace(
            season,
            episodes=tuple(replace(e, guid=guid(e, f"/{e.season}/{e.number}")) for e in season.episodes),
        )
        for season in title.seasons
    ]
    return replace(title, guid=guid(title, ""), seasons=tuple(seasons))
