"""Entering our webhook at a media server by its API: what is there is read, ours added, and the result read back.

The calls are those of plex.tv, of Jellyfin's Webhook plugin and of Emby's notifications. Everything that belongs to
others is given back as it was.
"""

from __future__ import annotations

import httpx

from scrobbled.config import Config
from scrobbled.core.errors import ConfigError, ContractDrift, NotRegistered, TryLater
from scrobbled.plumbing.pools import Pools
from scrobbled.servers.entering import Registered
from scrobbled.servers.kinds import SERVERS

__all__ = ["Registered", "register"]


async def register(
    config: Config, source: str, url: str, *, transport: httpx.AsyncBaseTransport | None = None
) -> Registered:
    """Have ``source`` report to ``url``; doing it again changes nothing.

    Raises ``ConfigError`` where something is missing to ask that server, and ``NotRegistered`` with what to do.
    """
    kind = SERVERS.get(source)
    if kind is None or kind.register is None:
        raise ConfigError([f"sources.{source}: cannot be registered by us; follow the steps of scrobbled webhook"])
    settings = config.sources[source]
    missing = [f"sources.{source}.{name}: {why}" for name, why in kind.needed.items() if not getattr(settings, name)]
    if missing:
        raise ConfigError(missing)
    http = Pools(transport).to(source)
    try:
        return await kind.register(http, settings, url)
    except (TryLater, ContractDrift) as error:
        raise NotRegistered(f"{error.reason}. Nothing is known to be changed; try again, or do it by hand.") from None
    finally:
        await http.aclose()
