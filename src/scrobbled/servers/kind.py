"""The contract of a kind of media server: what it can be asked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from scrobbled.clients.base import ServerClient
from scrobbled.config import SourceConfig
from scrobbled.core.naming.ids import MovieIds
from scrobbled.core.naming.items import Movie, Origin
from scrobbled.core.naming.matching import Finder
from scrobbled.core.naming.titles import SeasonSize
from scrobbled.core.words.checks import Check
from scrobbled.plumbing.cache import Cache
from scrobbled.plumbing.http import Http
from scrobbled.plumbing.pools import Pools
from scrobbled.servers.base import Server
from scrobbled.servers.doors import ServerAccess
from scrobbled.servers.ear import Ear, Hearer
from scrobbled.servers.entering import Registered
from scrobbled.servers.mediabrowser.libraries import MediaBrowserLibraries


class LibraryFinder(Finder, Protocol):
    """Who looks up by their keys, on the server that reported them, what a film or show is.

    Asks only about items of that server: the same key means something else on every other. Raises ``TrackerError``.
    """

    async def ids_of(self, movie: Movie) -> MovieIds:
        """What the server knows of a movie that came without any; empty where it knows nothing either."""
        ...

    async def sizes(self, origin: Origin) -> Sequence[SeasonSize]:
        """The seasons of the show that ``origin`` belongs to, as they are in the library; empty for another server."""
        ...


Examine = Callable[[Http, SourceConfig, Sequence[str]], Awaitable[list[Check]]]
"""For doctor: reads only. Last come the titles of the libraries that the configuration lets through."""


class ServerKind(Struct, frozen=True):
    """``None`` is what cannot be had of such a server. Nothing is sent before the result is asked something, but by
    ``ear``, ``register`` and ``examine``, which raise ``TrackerError``.
    """

    history: Callable[[Http, ServerAccess, Cache], Server] | None = None
    finder: Callable[[Http, ServerAccess, Cache], LibraryFinder] | None = None
    libraries: Callable[[Http, ServerAccess, Cache], MediaBrowserLibraries] | None = None
    client: Callable[[Http, ServerAccess], ServerClient] | None = None
    ear: Callable[[Pools, ServerAccess, Cache, Hearer], Awaitable[Ear]] | None = None
    register: Callable[[Http, SourceConfig, str], Awaitable[Registered]] | None = None
    """Enters our webhook, whose URL comes last. Raises ``NotRegistered`` too."""
    needed: Mapping[str, str] = {}
    """The settings without which it cannot be registered, each with why."""
    examine: Examine | None = None
