"""From the configuration to whoever can be asked for pictures, the best first."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from msgspec import Struct

from scrobbled.art.base import Source
from scrobbled.art.patient import Patient
from scrobbled.art.servers import MediaBrowserPosters, PlexPosters
from scrobbled.art.tmdb import IMAGES, TmdbPosters
from scrobbled.catalogues import known
from scrobbled.catalogues.base import Cache
from scrobbled.catalogues.known import KnownFinder
from scrobbled.catalogues.mediabrowser import DIALECTS, MediaBrowserFinder
from scrobbled.catalogues.plex import PlexFinder
from scrobbled.catalogues.tmdb import TmdbFinder
from scrobbled.clock import Clock
from scrobbled.config import Config
from scrobbled.core.matching import Finder
from scrobbled.http import Http
from scrobbled.resolve import Resolver
from scrobbled.servers import Connections, Door, doors, server_at


class Means(Struct, frozen=True):
    """``name`` is another one as soon as others are asked: what one knows nothing of, another one may have."""

    sources: tuple[Source, ...]
    name: str


def means(config: Config, connections: Connections, cache: Cache, clock: Clock, *, api: str) -> Means:
    """TMDB where there is a key, then the media servers that can be asked. ``api`` is TMDB's root by default.

    No request is sent. Only addresses of the configuration are ever asked.
    """
    one = _Means(config, connections, cache, clock)
    sources = tuple(Patient(source, clock) for source in (*one.tmdb(api), *one.servers()))
    tmdb = config.metadata.tmdb
    named = [str(bool(tmdb.key)), tmdb.url or "", tmdb.image_url or "", *(f"{d.source} {d.url}" for d in doors(config))]
    return Means(sources, hashlib.sha256("\n".join(named).encode()).hexdigest()[:12])


class _Means:
    def __init__(self, config: Config, connections: Connections, cache: Cache, clock: Clock) -> None:
        self._config, self._connections, self._cache, self._clock = config, connections, cache, clock

    def tmdb(self, root: str) -> Iterator[Source]:
        settings = self._config.metadata.tmdb
        if not settings.key:
            return
        api = self._connections.to(Door("tmdb", settings.url or root, settings.key, every=0.0, live=False))
        shows = Resolver(list(self._finders(api, settings.key)), self._cache)
        images = api.at(settings.image_url or IMAGES)
        yield TmdbPosters(api, images, settings.key, shows=shows, cache=self._cache, clock=self._clock)

    def servers(self) -> Iterator[Source]:
        for door in doors(self._config):
            http, server = self._connections.to(door), server_at(door, self._connections, self._cache)
            if door.source in DIALECTS:
                yield MediaBrowserPosters(DIALECTS[door.source], http, door.token, server)
            else:
                yield PlexPosters(http, door.token, server)

    def _finders(self, api: Http, key: str) -> Iterator[Finder]:
        """Who knows TMDB's id of a show, the sure and cheap first."""
        if known.SOURCE in self._config.sources:
            yield KnownFinder(self._cache)
        for door in doors(self._config):
            http = self._connections.to(door)
            if door.source in DIALECTS:
                yield MediaBrowserFinder(DIALECTS[door.source], http, door.token, self._cache)
            else:
                yield PlexFinder(http, door.token, self._cache)
        yield TmdbFinder(api, key, self._cache, clock=self._clock)
