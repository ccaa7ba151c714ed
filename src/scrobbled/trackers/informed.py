"""Any tracker, told the ids of a film that its media server left out of the message."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import structlog
from msgspec.structs import replace

from scrobbled.core.errors import TrackerError
from scrobbled.core.ids import MovieIds
from scrobbled.core.items import Item, Movie
from scrobbled.redact import Redactor
from scrobbled.trackers.base import Address, Tracker
from scrobbled.trackers.masked import Masked

Ask = Callable[[Movie], Awaitable[MovieIds]]
"""The ids that a media server knows; empty for what is not there."""
log = structlog.get_logger("resolve")


class Informed(Masked):
    """As ``Masked``. A server that does not answer says nothing: then title and year decide, as without any server."""

    def __init__(self, tracker: Tracker, redactor: Redactor, servers: Sequence[Ask]) -> None:
        super().__init__(tracker, redactor)
        self._servers = tuple(servers)

    async def locate(self, item: Item) -> Address:
        if isinstance(item, Movie) and not item.ids and item.origin is not None:
            item = replace(item, ids=await self._ids(item))
        return await super().locate(item)

    async def _ids(self, movie: Movie) -> MovieIds:
        for ask in self._servers:
            try:
                if ids := await ask(movie):
                    return ids
            except TrackerError as error:
                log.debug("a media server could not be asked", action="resolve", why=error.reason)
        return movie.ids
