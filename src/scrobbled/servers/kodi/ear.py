"""One connection to a Kodi player that tells what is on."""

from __future__ import annotations

import asyncio

from scrobbled.plumbing.clock import Clock
from scrobbled.servers.ear import Good
from scrobbled.servers.kodi.live import KodiLive
from scrobbled.servers.kodi.socket import connected


class KodiEar:
    """``servers.ear.Ear`` of a Kodi player; ``live`` is told what is heard."""

    def __init__(self, url: str, live: KodiLive, clock: Clock) -> None:
        self.live = live
        self._url, self._clock = url, clock

    async def listen(self, good: Good, stopping: asyncio.Event) -> None:
        async with connected(self._url) as line:
            await self.live.begin(line)
            await good("")
            looked = self._clock.monotonic()
            while not stopping.is_set():
                notice = await line.heard(max(0.1, looked + self.live.every - self._clock.monotonic()))
                if notice is not None:
                    await self.live.heard(line, notice)
                if notice is None or self._clock.monotonic() - looked >= self.live.every:
                    await self.live.looked(line)
                    looked = self._clock.monotonic()
