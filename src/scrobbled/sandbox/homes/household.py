"""The home in which every row of the table "what a real library does" occurs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from scrobbled.sandbox import world as worlds
from scrobbled.sandbox.base import utc_now
from scrobbled.sandbox.homes.films import FILMS_NEEDED, put_films
from scrobbled.sandbox.homes.home import Home
from scrobbled.sandbox.homes.shows import SHOWS_NEEDED, put_shows
from scrobbled.sandbox.plex.items import FILMS, SERIES
from scrobbled.sandbox.plex.people import BEN, MIA, NEIGHBOUR
from scrobbled.sandbox.server import STAND_INS, Sandbox
from scrobbled.sandbox.world import World

DOUBTFUL = 13
"""Which film it is of which there is a second one of the same title and year; ``films`` takes them in turn."""


def household(
    *, seed: int = 1, now: Callable[[], datetime] = utc_now, only: tuple[str, ...] = tuple(STAND_INS)
) -> Home:
    """A sandbox of its own, furnished; ``only`` needs both Plex servers and Trakt among its stand-ins."""
    return furnish(Sandbox(household_world(seed), now=now, only=only))


def furnish(sandbox: Sandbox, *, movies: int = 0, shows: int = 0) -> Home:
    """The same in a sandbox over a ``household_world``: anna and ben have each a Plex and a Trakt, mia only a Plex.

    So many of the world's first films and shows stay as they are; of shows a multiple of three, as each third one is
    long enough for what was entered in bulk.
    """
    home = Home(sandbox, sandbox.now())
    home.plex.admit(MIA, [FILMS, SERIES])
    home.plex.admit(NEIGHBOUR, [FILMS])
    home.plex.admit(BEN)
    put_films(home, sandbox.world.movies[movies:])
    put_shows(home, sandbox.world.shows[shows:])
    return home


def household_world(seed: int = 1, *, movies: int = 0, shows: int = 0) -> World:
    """Large enough for it and for so many films and shows before it, and with two films of the same title and year."""
    world = worlds.build(seed, shows=shows + SHOWS_NEEDED, movies=movies + FILMS_NEEDED)
    first, last = world.movies[movies + DOUBTFUL], world.movies[-1]
    return replace(world, movies=(*world.movies[:-1], replace(last, title=first.title, year=first.year)))
