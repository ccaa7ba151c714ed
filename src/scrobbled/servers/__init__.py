"""Media servers that are asked, instead of being waited for: what was watched there, and what is on."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from scrobbled.catalogues.base import Cache
from scrobbled.catalogues.mediabrowser import DIALECTS
from scrobbled.config import Config
from scrobbled.config.viewing import ASKED, LISTENED, SourceConfig
from scrobbled.http import Http, Observer
from scrobbled.servers.base import Server
from scrobbled.servers.mediabrowser import MediaBrowserServer
from scrobbled.servers.plex import PLEX_TV, PlexServer


@dataclass(frozen=True, slots=True)
class Door:
    """Where a server is asked, and with which token."""

    source: str
    url: str
    token: str = field(repr=False)
    every: float
    """Seconds between two times; 0 is never."""
    live: bool
    """It is listened to."""
    account_url: str = PLEX_TV
    """Where the account of a Plex server's owner is."""


def doors(config: Config) -> tuple[Door, ...]:
    """The servers that can be asked or listened to."""
    return tuple(_door(name, one) for name, one in config.sources.items() if one.url and _opens(name, one))


def _opens(name: str, source: SourceConfig) -> bool:
    """Kodi wants no token, and has no list of what was watched and when."""
    return bool(source.server_token) if name in ASKED else name in LISTENED


def _door(name: str, source: SourceConfig) -> Door:
    live = name in LISTENED and source.mode != "webhook"
    every = source.catch_up if name in ASKED else 0.0
    return Door(name, source.url or "", source.server_token or "", every, live, source.account_url or PLEX_TV)


class Connections:
    """One pool for each source, which is made when it is first asked for. ``transport`` replaces the network."""

    def __init__(self, transport: httpx.AsyncBaseTransport | None, observer: Callable[[str], Observer]) -> None:
        """``observer`` gives, for the name of a source, who is told of each request."""
        self._transport, self._observer = transport, observer
        self._pools: dict[str, Http] = {}

    def to(self, door: Door) -> Http:
        if door.source not in self._pools:
            verify = ssl.create_default_context() if self._transport is None else True
            observe = self._observer(door.source)
            self._pools[door.source] = Http("", transport=self._transport, verify=verify, observe=observe)
        return self._pools[door.source].at(door.url)

    async def aclose(self) -> None:
        for http in self._pools.values():
            await http.aclose()


def plex_at(door: Door, connections: Connections, cache: Cache) -> PlexServer:
    """No request is sent."""
    http = connections.to(door)
    return PlexServer(http, door.token, http.at(door.account_url), cache)


def server_at(door: Door, connections: Connections, cache: Cache) -> Server:
    """No request is sent."""
    if door.source in DIALECTS:
        return MediaBrowserServer(DIALECTS[door.source], connections.to(door), door.token, cache)
    return plex_at(door, connections, cache)
