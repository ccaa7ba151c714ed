"""Where each media server of the configuration is asked, and how."""

from __future__ import annotations

from dataclasses import dataclass, field

from scrobbled.config import Config
from scrobbled.config.viewing import ASKED, LISTENED, SourceConfig


@dataclass(frozen=True, slots=True)
class ServerAccess:
    """Where a server is asked, and with which token."""

    source: str
    url: str
    token: str = field(repr=False)
    every: float = 0.0
    """Seconds between two times; 0 is never."""
    live: bool = False
    """It is listened to."""
    account_url: str | None = None
    """Where the account of its owner is, where that is elsewhere."""


def doors(config: Config) -> tuple[ServerAccess, ...]:
    """The servers that can be asked or listened to."""
    return tuple(_door(name, one) for name, one in config.sources.items() if one.url and _opens(name, one))


def door_of(source: str, settings: SourceConfig | None) -> ServerAccess | None:
    """Where the server of a source can be asked; ``None`` where nothing says so."""
    if settings is None or not settings.url or not settings.server_token:
        return None
    return ServerAccess(source, settings.url, settings.server_token, account_url=settings.account_url)


def _opens(name: str, source: SourceConfig) -> bool:
    """Kodi wants no token, and has no list of what was watched and when."""
    return bool(source.server_token) if name in ASKED else name in LISTENED


def _door(name: str, source: SourceConfig) -> ServerAccess:
    live = name in LISTENED and source.mode != "webhook"
    every = source.catch_up if name in ASKED else 0.0
    return ServerAccess(name, source.url or "", source.server_token or "", every, live, source.account_url)
