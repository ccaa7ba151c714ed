"""From which library something is, where that matters and its message does not say so: asked before it is stored."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import structlog

from scrobbled.catalogues.base import Cache
from scrobbled.catalogues.mediabrowser import DIALECTS
from scrobbled.catalogues.mediabrowser_libraries import Libraries
from scrobbled.clock import Clock
from scrobbled.config import Config
from scrobbled.config.libraries import UNTOLD, matters, server_of
from scrobbled.core.errors import ScrobbledError
from scrobbled.core.items import Origin
from scrobbled.servers import Connections, Door
from scrobbled.sources.base import LIBRARY
from scrobbled.sources.body import Body
from scrobbled.understand import parsed

PATIENCE = 3.0
"""Seconds: a media server waits for our answer meanwhile."""
REST = 60.0
"""Seconds without asking, after a server did not answer."""
log = structlog.get_logger("servers")


class Librarian:
    """``config`` is asked each time, as a reload exchanges it."""

    def __init__(self, config: Callable[[], Config], connections: Connections, cache: Cache, clock: Clock) -> None:
        self._config, self._connections, self._cache, self._clock = config, connections, cache, clock
        self._asking: dict[str, tuple[Door, Libraries]] = {}
        self._rests: dict[str, float] = {}
        self._judged: tuple[Config, dict[str, bool]] = config(), {}

    async def completed(self, source: str, body: Body) -> Body:
        """``body`` with the library of its item, where that matters, is not told, and can be asked for.

        It becomes a part of what is stored, so that it holds when that is read again. Raises ``TrackerError`` where the
        server does not answer.
        """
        origin = self._lacking(source, body)
        if origin is None or (libraries := self._libraries(source)) is None:
            return body
        title = await libraries.title_of(origin)
        return _with_library(body, title) if title else body

    async def in_time(self, source: str, body: Body) -> Body:
        """The same for a sender that waits: what cannot be found out in time stays as it came. Raises nothing."""
        if self._clock.monotonic() < self._rests.get(source, 0.0):
            return body
        try:
            async with asyncio.timeout(PATIENCE):
                return await self.completed(source, body)
        except TimeoutError:
            why = f"no answer within {PATIENCE:.0f} s"
        except ScrobbledError as error:
            why = str(error)
        self._rests[source] = self._clock.monotonic() + REST
        log.warning("the library of an item is not known", action="ask", source=source, why=why)
        return body

    def _lacking(self, source: str, body: Body) -> Origin | None:
        config = self._config()
        if source not in UNTOLD or source not in config.sources or not self._matters(config, source):
            return None
        events = parsed(source, body, self._clock.now())
        origins = [event.item.origin for event in events if event.item is not None and not event.test]
        return next((one for one in origins if one is not None and not one.library), None)

    def _matters(self, config: Config, source: str) -> bool:
        """Asked with every webhook, and the same for as long as the configuration is."""
        if self._judged[0] is not config:
            self._judged = config, {}
        judged = self._judged[1]
        if source not in judged:
            judged[source] = matters(config, source)
        return judged[source]

    def _libraries(self, source: str) -> Libraries | None:
        settings = server_of(self._config(), source)
        if settings is None:
            return None
        kind = UNTOLD[source]
        door = Door(source, settings.url or "", settings.server_token or "", 0.0, live=False)
        if source not in self._asking or self._asking[source][0] != door:
            http = self._connections.to(door)
            self._asking[source] = door, Libraries(DIALECTS[kind], http, door.token, self._cache)
        return self._asking[source][1]


def _with_library(body: Body, title: str) -> Body:
    data = {LIBRARY: title, **body.data}
    return Body(data, json.dumps(data))
