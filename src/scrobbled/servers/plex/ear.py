"""One connection to a Plex server that tells what is on: its event source or, where it has none, its sessions."""

from __future__ import annotations

import asyncio
import contextlib

from scrobbled.clients.plex import PlexClient
from scrobbled.core.errors import TryLater
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.http import StreamedAnswer
from scrobbled.servers.ear import Good
from scrobbled.servers.plex.live import EVENT_SOURCE, PlexLive, messages
from scrobbled.servers.plex.sessions import notices

SILENCE = 120.0
"""Seconds without a byte after which the connection is made anew; it may be dead, or nothing is on."""
LOOK_AT_SESSIONS_EVERY = 10.0
TRY_EVENTS_AGAIN = 3_600.0
"""Seconds until a server without an event source is tried once more: it may have been updated."""
NO_EVENTS = "It has no event source, so its sessions are asked for every ten seconds."


class PlexEar:
    """``servers.ear.Ear`` of a Plex server; ``live`` is told what is heard."""

    def __init__(self, client: PlexClient, live: PlexLive, clock: Clock) -> None:
        self.live = live
        self._client, self._clock = client, clock

    async def listen(self, good: Good, stopping: asyncio.Event) -> None:
        if not await self._heard(good):
            await self._looked(good, stopping)

    async def _heard(self, good: Good) -> bool:
        """False where the server has no event source."""
        async with self._client.listen(EVENT_SOURCE, silence=SILENCE, filters="playing") as streaming:
            if streaming is None:
                return False
            await self.live.begin()
            await good("")
            with contextlib.suppress(TimeoutError):
                await self._told(streaming)
                raise TryLater("the Plex server ended the connection")
        return True

    async def _looked(self, good: Good, stopping: asyncio.Event) -> None:
        ends = self._clock.monotonic() + TRY_EVENTS_AGAIN
        while not stopping.is_set() and self._clock.monotonic() < ends:
            await self.live.looked()
            await good(NO_EVENTS)
            await self._clock.wait(stopping, LOOK_AT_SESSIONS_EVERY)

    async def _told(self, streaming: StreamedAnswer) -> None:
        """Until the server ends it; raises ``TimeoutError`` where it falls silent."""
        async with contextlib.aclosing(streaming.lines) as lines, contextlib.aclosing(messages(lines)) as found:
            async for data in found:
                for notice in notices(data):
                    await self.live.heard(notice)
