"""Entering our webhook at a media server by its API: what is there is read, ours added, and the result read back.

The calls are those of plex.tv, of Jellyfin's Webhook plugin and of Emby's notifications. Everything that belongs to
others is given back as it was.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import httpx

from scrobbled.config import Config, SourceConfig
from scrobbled.core.errors import ConfigError, ContractDrift, NotRegistered, TryLater
from scrobbled.http import Http
from scrobbled.registering import emby, jellyfin, plex
from scrobbled.registering.asking import Registered

__all__ = ["Registered", "register"]


async def register(
    config: Config, source: str, url: str, *, transport: httpx.AsyncBaseTransport | None = None
) -> Registered:
    """Have ``source`` report to ``url``; doing it again changes nothing.

    Raises ``ConfigError`` where something is missing to ask that server, and ``NotRegistered`` with what to do.
    """
    if source not in WAYS:
        raise ConfigError([f"sources.{source}: cannot be registered by us; follow the steps of scrobbled webhook"])
    settings = config.sources[source]
    way, needed = WAYS[source]
    missing = [f"sources.{source}.{name}: {why}" for name, why in needed.items() if not getattr(settings, name)]
    if missing:
        raise ConfigError(missing)
    http = Http("", transport=transport)
    try:
        return await way(http, settings, url)
    except (TryLater, ContractDrift) as error:
        raise NotRegistered(f"{error.reason}. Nothing is known to be changed; try again, or do it by hand.") from None
    finally:
        await http.aclose()


_URL = "the address of the server itself, such as http://jellyfin.local:8096, is needed to register there"
_KEY = "an API key of that server (its dashboard, API Keys) is needed to register there"
_PLEX_KEY = "a token of the account that owns the server is needed to register there"
Way = Callable[[Http, SourceConfig, str], Awaitable[Registered]]
WAYS: Mapping[str, tuple[Way, Mapping[str, str]]] = {
    "plex": (plex.register, {"server_token": _PLEX_KEY}),
    "jellyfin": (jellyfin.register, {"url": _URL, "server_token": _KEY}),
    "emby": (emby.register, {"url": _URL.replace("jellyfin", "emby"), "server_token": _KEY}),
}
"""By source: how, and the settings without which it cannot be done."""
