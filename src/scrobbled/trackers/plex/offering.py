"""The libraries of a person's servers, with how much is in each and how much of it counts as watched."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from scrobbled.clients.base import Query
from scrobbled.clients.plex import PlexClient
from scrobbled.core.errors import TrackerError
from scrobbled.trackers.offers import LibraryOffer, OfferedLibrary, SilentServer
from scrobbled.trackers.plex.libraries import PlexLibrary, libraries
from scrobbled.trackers.plex.lists import LEAF, watched_in
from scrobbled.trackers.plex.servers import LibraryServer, LibraryServers

FindServers = Callable[[], Awaitable[LibraryServers]]
AT_ONCE = 4
"""Requests to one server."""


class PlexOffers:
    """Answers ``Offers.offered``; two requests for each library, of one row each."""

    def __init__(self, find: FindServers) -> None:
        self._find = find

    async def offered(self) -> LibraryOffer:
        found = await self._find()
        told = await asyncio.gather(*map(_of_server, found.there))
        silent = [SilentServer(one.name, one.why.reason) for one in found.off]
        failed = [(one, error) for one, error in zip(found.there, told, strict=True) if isinstance(error, TrackerError)]
        if len(failed) == len(found.there):
            raise failed[0][1]
        silent += [SilentServer(one.name, error.reason) for one, error in failed]
        there = [library for one in told if not isinstance(one, TrackerError) for library in one]
        return LibraryOffer(tuple(there), tuple(silent))


async def _of_server(server: LibraryServer) -> list[OfferedLibrary] | TrackerError:
    few = asyncio.Semaphore(AT_ONCE)
    try:
        listed = await libraries(server.client)
        return list(await asyncio.gather(*(_counted(server, one, few) for one in listed)))
    except TrackerError as error:
        return error


async def _counted(server: LibraryServer, library: PlexLibrary, few: asyncio.Semaphore) -> OfferedLibrary:
    watched = watched_in(library.key, library.kind)
    async with few:
        numbers = [
            await _number(server.client, watched.path, query)
            for query in ({"type": LEAF[library.kind]}, {"type": LEAF[library.kind], "unwatched": 0})
        ]
    return OfferedLibrary(server.name, library.title, library.kind, *numbers)


async def _number(client: PlexClient, path: str, query: Query) -> int | None:
    """How long a list is; ``None`` where the server does not count it, or it is gone at this moment."""
    page = await client.page(path, query, size=1)
    if page is None:
        return None
    return page.total if page.paged else len(page.raw)
