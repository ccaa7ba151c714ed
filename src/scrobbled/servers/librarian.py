"""From which library something is, where that matters and its message does not say so: asked before it is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from scrobbled.config import Config
from scrobbled.config.libraries import matters, may_lack, server_of
from scrobbled.core.errors import ScrobbledError
from scrobbled.core.naming.items import Origin
from scrobbled.core.services import system
from scrobbled.plumbing.cache import Cache
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.pools import Pools
from scrobbled.servers.doors import ServerAccess, door_of
from scrobbled.servers.kinds import SERVERS
from scrobbled.servers.mediabrowser.libraries import MediaBrowserLibraries
from scrobbled.sources.parsing import WebhookMessage

PATIENCE = 3.0
"""Seconds: a media server waits for our answer meanwhile."""
REST = 60.0
"""Seconds without asking, after a server did not answer."""
log = structlog.get_logger("servers")


class Librarian:
    """``config`` is asked each time, as a reload exchanges it."""

    def __init__(self, config: Callable[[], Config], pools: Pools, cache: Cache, clock: Clock) -> None:
        self._config, self._pools, self._cache, self._clock = config, pools, cache, clock
        self._asking: dict[str, tuple[ServerAccess, MediaBrowserLibraries]] = {}
        self._rests: dict[str, float] = {}
        self._judged: tuple[Config, dict[str, bool]] = config(), {}

    async def completed(self, message: WebhookMessage) -> WebhookMessage:
        """``message`` with the library of its item, where that matters, is not told, and can be asked for.

        Raises ``TrackerError`` where the server does not answer.
        """
        origin = self._lacking(message)
        if origin is None or (libraries := self._libraries(message.source)) is None:
            return message
        title = await libraries.title_of(origin)
        return message.of_library(title) if title else message

    async def in_time(self, message: WebhookMessage) -> WebhookMessage:
        """The same for a sender that waits: what cannot be found out in time stays as it came. Raises nothing."""
        source = message.source
        if self._lacking(message) is None or self._clock.monotonic() < self._rests.get(source, 0.0):
            return message
        try:
            async with asyncio.timeout(PATIENCE):
                return await self.completed(message)
        except TimeoutError:
            why = f"no answer within {PATIENCE:.0f} s"
        except ScrobbledError as error:
            why = str(error)
        self._rests[source] = self._clock.monotonic() + REST
        log.warning("the library of an item is not known", action="ask", source=source, why=why)
        return message

    def _lacking(self, message: WebhookMessage) -> Origin | None:
        config, source = self._config(), message.source
        if not may_lack(source) or source not in config.sources or not self._matters(config, source):
            return None
        origins = [event.item.origin for event in message.events if event.item is not None and not event.test]
        return next((one for one in origins if one is not None and not one.library), None)

    def _matters(self, config: Config, source: str) -> bool:
        """Asked with every webhook, and the same for as long as the configuration is."""
        if self._judged[0] is not config:
            self._judged = config, {}
        judged = self._judged[1]
        if source not in judged:
            judged[source] = matters(config, source)
        return judged[source]

    def _libraries(self, source: str) -> MediaBrowserLibraries | None:
        door, kind = door_of(source, server_of(self._config(), source)), SERVERS[system(source)]
        if door is None or kind.libraries is None:
            return None
        if source not in self._asking or self._asking[source][0] != door:
            http = self._pools.to(source, door.url)
            self._asking[source] = door, kind.libraries(http, door, self._cache)
        return self._asking[source][1]
