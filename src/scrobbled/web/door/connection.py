"""What one connection may cost before anybody has said who they are: so much memory, and so much patience."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import ClassVar, Protocol, cast, runtime_checkable

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from scrobbled.web.door.headers import place_of


@runtime_checkable
class Relayed(Protocol):
    """An application that knows behind which addresses there are many callers."""

    def is_relay(self, address: str) -> bool: ...


class HttpConnection(HttpToolsProtocol):
    """uvicorn's, which by itself takes a head of any size, and waits for the rest of a request as long as it lasts.

    Whoever owes us something (a request that was begun, or the first one; taking an answer that is on its way) and
    does not go on is cut off. That costs nobody who is merely slow. Nobody is kept out by those who hold on to what
    they do not use: whoever comes takes the place of a connection that waits for its other end.
    """

    largest_head: ClassVar[int] = 64 * 1024
    """Bytes that come before a body, after it, or around it without being a part of it."""
    every: ClassVar[float] = 30.0
    """Seconds between two looks at whether somebody goes on."""
    least: ClassVar[int] = 16 * 1024
    """Bytes that come between two looks of a request that is not finished by then."""
    most: ClassVar[int] = 500
    """Connections at once. The service needs some of the files it may open for itself."""
    share: ClassVar[int] = 4
    """The part of them, one in so many, that one address may hold idle."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._empty = self._came = self._unsent = 0
        self._owes, self._heard, self.is_over = True, self.loop.time(), False
        self.place = place_of(self.client[0] if self.client else "")
        if len(self.connections) > self.most // self.share:
            self._make_room()
        self._next_look = self.loop.call_later(self.every, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        self._next_look.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._heard = self.loop.time()
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

    def _make_room(self) -> None:
        """One of the others goes where there are too many: of all, or idle ones of this address.

        Where everybody seems to come from one address, as behind some networks of containers, each is still let in.
        """
        there = [one for one in self._all() if not one.is_over]
        counts, most_of_one = Counter(one.place for one in there), self.most // self.share
        if len(there) > self.most:
            least = min((one for one in there if one is not self), key=lambda one: (-counts[one.place], one._use()))
            is_of_a_crowd = least.place != self.place and counts[least.place] > most_of_one
            (least if least.is_idle or is_of_a_crowd else self)._end()
        elif counts[self.place] > most_of_one and not self._is_relayed():
            least = min((one for one in there if one.place == self.place and one is not self), key=HttpConnection._use)
            if least.is_idle:
                least._end()

    def _end(self) -> None:
        self.is_over = True
        (self.transport.close if self.is_idle else self.transport.abort)()

    def _all(self) -> set[HttpConnection]:
        return cast("set[HttpConnection]", self.connections)

    def _is_relayed(self) -> bool:
        return isinstance(self.app, Relayed) and self.app.is_relay(self.client[0] if self.client else "")

    @property
    def is_idle(self) -> bool:
        """Whether it is the other end's turn: nothing is being answered, nor on its way."""
        is_its_turn = self._owes or self.cycle is None or self.cycle.response_complete
        return is_its_turn and not self.transport.get_write_buffer_size()

    def _use(self) -> tuple[bool, bool, float]:
        """How much would be lost with it: an answer, a request that was begun, or nothing; then who was heard last."""
        return not self.is_idle, self._owes, self._heard

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
