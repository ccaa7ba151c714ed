"""The libraries of a person's server, with how much is in each and how much of it counts as watched."""

from __future__ import annotations

import asyncio

from scrobbled.clients.base import Query
from scrobbled.trackers.mediabrowser.auth import MediaBrowserAuth
from scrobbled.trackers.mediabrowser.libraries import MediaBrowserLibrary, libraries
from scrobbled.trackers.mediabrowser.seat import MediaBrowserSeat
from scrobbled.trackers.offers import LibraryOffer, OfferedLibrary

AT_ONCE = 4
"""Requests to one server."""
LEAVES = {"movies": "Movie", "tvshows": "Episode"}


class MediaBrowserOffers:
    """Answers ``Offers.offered``; two requests for each library, of one row each."""

    def __init__(self, auth: MediaBrowserAuth) -> None:
        self._auth = auth

    async def offered(self) -> LibraryOffer:
        seat = await self._auth.seat(look=True)
        few = asyncio.Semaphore(AT_ONCE)
        listed = await libraries(seat) or []
        return LibraryOffer(tuple(await asyncio.gather(*(_counted(seat, one, few) for one in listed))))


async def _counted(seat: MediaBrowserSeat, library: MediaBrowserLibrary, few: asyncio.Semaphore) -> OfferedLibrary:
    """Of a library of both, films and episodes together."""
    query: Query = {
        "ParentId": library.key,
        "Recursive": "true",
        "IncludeItemTypes": LEAVES.get(library.holds, "Movie,Episode"),
        "ExcludeLocationTypes": "Virtual",
        "EnableImages": "false",
        "Limit": 1,
    }
    async with few:
        numbers = [
            await seat.client.number(one, seat.person.written) for one in (query, {**query, "Filters": "IsPlayed"})
        ]
    return OfferedLibrary(seat.name, library.title, "show" if library.holds == "tvshows" else "movie", *numbers)
