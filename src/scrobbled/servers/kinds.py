"""Every kind of media server that is asked or listened to. A new one is a folder and one line."""

from __future__ import annotations

from collections.abc import Mapping

from scrobbled.clients.mediabrowser import DIALECTS
from scrobbled.plumbing.cache import Cache
from scrobbled.plumbing.pools import Pools
from scrobbled.servers.doors import ServerAccess
from scrobbled.servers.kind import LibraryFinder, ServerKind
from scrobbled.servers.kodi import kind as kodi
from scrobbled.servers.mediabrowser import kind as mediabrowser
from scrobbled.servers.plex import kind as plex

SERVERS: Mapping[str, ServerKind] = {
    "plex": plex.KIND,
    **{name: mediabrowser.kind(dialect) for name, dialect in DIALECTS.items()},
    "kodi": kodi.KIND,
}
"""By the name that stands in the configuration."""


def finder_at(door: ServerAccess | None, pools: Pools, cache: Cache) -> LibraryFinder | None:
    """Who looks items up at that server; ``None`` where nobody can. No request is sent."""
    kind = SERVERS.get(door.source) if door else None
    if door is None or kind is None or kind.finder is None:
        return None
    return kind.finder(pools.to(door.source, door.url), door, cache)
