"""What a Kodi player can be asked for: nothing but what is on."""

from __future__ import annotations

from scrobbled.plumbing.cache import Cache
from scrobbled.plumbing.pools import Pools
from scrobbled.servers.doors import ServerAccess
from scrobbled.servers.ear import Ear, Hearer
from scrobbled.servers.kind import ServerKind
from scrobbled.servers.kodi.ear import KodiEar
from scrobbled.servers.kodi.live import KodiLive


async def _ear(pools: Pools, door: ServerAccess, cache: Cache, to: Hearer) -> Ear:
    return KodiEar(door.url, KodiLive(take=to.take, claimed=to.claimed, clock=to.clock), to.clock)


KIND = ServerKind(ear=_ear)
