"""Any tracker, told the ids of a film that its media server left out of the message."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import structlog
from msgspec.structs import replace

from scrobbled.core.errors import TrackerError
from scrobbled.core.naming.ids import MovieIds
from scrobbled.core.naming.items import Item, Movie
from scrobbled.trackers.base import Address, Adds, Tracker
from scrobbled.trackers.wrapped import Wrapped

MovieIdLookup = Callable[[Movie], Awaitable[MovieIds]]
"""The ids that a media server knows; empty for what is not there."""
log = structlog.get_logger("resolve")


class Informed(Wrapped):
    """``tracker`` itself but for what it is told. A server that does not answer says nothing: then title and year
    decide, as without any server.
    """

    def __init__(self, tracker: Tracker, servers: Sequence[MovieIdLookup]) -> None:
        super().__init__(tracker)
        self._servers = tuple(servers)

    @property
    def adds(self) -> Adds:
        return _Adds(self._tracker.adds, self._servers)


class _Adds:
    def __init__(self, adds: Adds, servers: Sequence[MovieIdLookup]) -> None:
        self._adds, self._servers = adds, servers
        self.delay, self.add_plays, self.find_plays = adds.delay, adds.add_plays, adds.find_plays

    async def locate(self, item: Item) -> Address:
        if isinstance(item, Movie) and not item.ids and item.origin is not None:
            item = replace(item, ids=await self._ids(item))
        return await self._adds.locate(item)

    async def _ids(self, movie: Movie) -> MovieIds:
        for ask in self._servers:
            try:
                if ids := await ask(movie):
                    return ids
            except TrackerError as error:
                log.debug("a media server could not be asked", action="resolve", why=error.reason)
        return movie.ids
