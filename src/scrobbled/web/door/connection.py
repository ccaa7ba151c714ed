"""What one connection may cost before anybody has said who they are: so much memory, and so much patience."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class Connection(HttpToolsProtocol):
    """uvicorn's, which by itself takes a head of any size, and waits for the rest of a request as long as it lasts.

    Whoever owes us something (a request that was begun, or the first one; taking an answer that is on its way) and
    does not go on is cut off. That costs nobody who is merely slow.
    """

    largest_head: ClassVar[int] = 64 * 1024
    """Bytes that come before a body, after it, or around it without being a part of it."""
    every: ClassVar[float] = 30.0
    """Seconds between two looks at whether somebody goes on."""
    least: ClassVar[int] = 16 * 1024
    """Bytes that come between two looks of a request that is not finished by then."""
    most: ClassVar[int] = 500
    """Connections at once. The service needs some of the files it may open for itself."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._empty = self._came = self._unsent = 0
        self._owes = True
        if len(self.connections) > self.most:
            transport.abort()
        self._next_look = self.loop.call_later(self.every, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        self._next_look.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._came += len(data)
        self._empty += len(data)
        super().data_received(data)
        if self._empty > self.largest_head and not self.transport.is_closing():
            self.send_400_response("The head of this request is too large.")

    def resume_writing(self) -> None:
        self._unsent = 0  # much of it has left, though as much may wait again at the next look
        super().resume_writing()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._owes, self._came = True, self.least  # it may have begun a moment before the next look

    def on_headers_complete(self) -> None:
        self._empty = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._empty = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._owes, self._empty = False, 0
        super().on_message_complete()

    def _look(self) -> None:
        if self._does_not_take():
            self.transport.abort()
        elif self._does_not_send():
            self.transport.close()
        self._came = 0
        self._next_look = self.loop.call_later(self.every, self._look)

    def _does_not_send(self) -> bool:
        """While we take no more, it is not the other side that we wait for."""
        return self._owes and not self.flow.read_paused and self._came < self.least

    def _does_not_take(self) -> bool:
        """Not a byte of what waits has left since the last look."""
        before, self._unsent = self._unsent, self.transport.get_write_buffer_size()
        return 0 < before <= self._unsent
