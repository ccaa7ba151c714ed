"""News for open pages: server-sent events that say only that something changed, so that nothing can leak or pile up."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from litestar.response.sse import ServerSentEventMessage

MOST = 20
"""Pages that may listen at once."""
KEEP_ALIVE = 20.0
"""Seconds of silence after which a comment is sent: proxies close what seems dead."""
RECONNECT_MS = 3_000
PACE = 0.5
"""Seconds between two pieces of news for one page: webhooks, which may come many a second, are not to wait for it."""


class LiveUpdates:
    """One per application. Belongs to the loop the application runs in."""

    def __init__(self, *, most: int = MOST, keep_alive: float = KEEP_ALIVE, pace: float = PACE) -> None:
        self._most, self._keep_alive, self._pace = most, keep_alive, pace
        self._listeners: set[asyncio.Event] = set()
        self._end = asyncio.Event()

    @property
    def is_full(self) -> bool:
        return self._end.is_set() or len(self._listeners) >= self._most

    @property
    def listeners(self) -> int:
        return len(self._listeners)

    def publish(self) -> None:
        """Tell every listener. One that is slow finds one piece of news, however many there were."""
        for listener in self._listeners:
            listener.set()

    def end(self) -> None:
        """Let all streams end now; new ones end at once."""
        self._end.set()
        self.publish()

    async def events(self) -> AsyncGenerator[ServerSentEventMessage, None]:
        """``hello`` at once, ``change`` with every piece of news, a comment when there was none for long."""
        listener = asyncio.Event()
        if self.is_full:
            return
        self._listeners.add(listener)
        try:
            yield ServerSentEventMessage(event="hello", data="{}", retry=RECONNECT_MS)
            while not self._end.is_set():
                news = await self._happens(listener, self._keep_alive)
                if news and not self._end.is_set():
                    listener.clear()
                    yield ServerSentEventMessage(event="change", data="{}")
                    await self._happens(self._end, self._pace)
                elif not news:
                    yield ServerSentEventMessage(comment="nothing new", data=None)
        finally:
            self._listeners.discard(listener)

    async def _happens(self, event: asyncio.Event, within: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                return await event.wait()
        return False
