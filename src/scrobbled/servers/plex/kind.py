"""What a Plex server can be asked for."""

from __future__ import annotations

from collections.abc import Sequence

from scrobbled.clients.plex import PlexClient
from scrobbled.clients.plextv import PlexTv
from scrobbled.config import SourceConfig
from scrobbled.core.words.checks import Check
from scrobbled.plumbing.cache import Cache
from scrobbled.plumbing.http import Http
from scrobbled.plumbing.pools import Pools
from scrobbled.servers.doors import ServerAccess
from scrobbled.servers.ear import Ear, Hearer
from scrobbled.servers.kind import ServerKind
from scrobbled.servers.plex import checks, register
from scrobbled.servers.plex.ear import PlexEar
from scrobbled.servers.plex.history import PlexServer
from scrobbled.servers.plex.live import PlexLive
from scrobbled.servers.plex.lookup import PlexFinder


def _client(http: Http, door: ServerAccess) -> PlexClient:
    return PlexClient(http, door.token)


def _history(http: Http, door: ServerAccess, cache: Cache) -> PlexServer:
    return PlexServer(_client(http, door), PlexTv(http, door.account_url, door.token), cache)


async def _ear(pools: Pools, door: ServerAccess, cache: Cache, to: Hearer) -> Ear:
    server = _history(pools.to(door.source, door.url), door, cache)
    machine = await server.identity()
    await server.meet(to.claimed)
    live = PlexLive(server, machine, take=to.take, claimed=to.claimed, clock=to.clock)
    return PlexEar(server.client, live, to.clock)


async def _examine(http: Http, settings: SourceConfig, libraries: Sequence[str]) -> list[Check]:
    found = await checks.examine(http, settings.server_token or "", libraries=libraries)
    return [check for check in found if settings.mode != "live" or check.name != checks.PASS]


KIND = ServerKind(
    history=_history,
    finder=lambda http, door, cache: PlexFinder(_client(http, door), cache),
    client=_client,
    ear=_ear,
    register=register.register,
    needed=register.NEEDED,
    examine=_examine,
)
