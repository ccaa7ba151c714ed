"""From the configuration to whoever can be asked for pictures, the best first."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from msgspec import Struct

from scrobbled.catalogues import known
from scrobbled.catalogues.known import KnownFinder
from scrobbled.catalogues.resolve import Resolver
from scrobbled.catalogues.tmdb import TmdbFinder
from scrobbled.config import Config
from scrobbled.core.naming.matching import Finder
from scrobbled.desk.posters.base import PosterSource
from scrobbled.desk.posters.patient import PausingSource
from scrobbled.desk.posters.servers import ServerPosters
from scrobbled.desk.posters.tmdb import IMAGES, TmdbPosters
from scrobbled.plumbing.cache import Cache
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.http import Http
from scrobbled.plumbing.pools import Pools
from scrobbled.servers.doors import doors
from scrobbled.servers.kinds import SERVERS, finder_at


class PosterSources(Struct, frozen=True):
    """``name`` is another one as soon as others are asked: what one knows nothing of, another one may have."""

    sources: tuple[PosterSource, ...]
    name: str


def means(config: Config, pools: Pools, cache: Cache, clock: Clock, *, api: str) -> PosterSources:
    """TMDB where there is a key, then the media servers that can be asked. ``api`` is TMDB's root by default.

    No request is sent. Only addresses of the configuration are ever asked.
    """
    one = _Means(config, pools, cache, clock)
    sources = tuple(PausingSource(source, clock) for source in (*one.tmdb(api), *one.servers()))
    tmdb = config.metadata.tmdb
    named = [str(bool(tmdb.key)), tmdb.url or "", tmdb.image_url or "", *(f"{d.source} {d.url}" for d in doors(config))]
    return PosterSources(sources, hashlib.sha256("\n".join(named).encode()).hexdigest()[:12])


class _Means:
    def __init__(self, config: Config, pools: Pools, cache: Cache, clock: Clock) -> None:
        self._config, self._pools, self._cache, self._clock = config, pools, cache, clock

    def tmdb(self, root: str) -> Iterator[PosterSource]:
        settings = self._config.metadata.tmdb
        if not settings.key:
            return
        api = self._pools.to("tmdb", settings.url or root)
        shows = Resolver(list(self._finders(api, settings.key)), self._cache)
        images = api.at(settings.image_url or IMAGES)
        yield TmdbPosters(api, images, settings.key, shows=shows, cache=self._cache, clock=self._clock)

    def servers(self) -> Iterator[PosterSource]:
        for door in doors(self._config):
            if (client := SERVERS[door.source].client) is not None:
                yield ServerPosters(door.source, client(self._pools.to(door.source, door.url), door))

    def _finders(self, api: Http, key: str) -> Iterator[Finder]:
        """Who knows TMDB's id of a show, the sure and cheap first."""
        if known.SOURCE in self._config.sources:
            yield KnownFinder(self._cache)
        asked = (finder_at(door, self._pools, self._cache) for door in doors(self._config))
        yield from (finder for finder in asked if finder is not None)
        yield TmdbFinder(api, key, self._cache, clock=self._clock)
