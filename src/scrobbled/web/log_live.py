"""The log as server-sent events: a slow reader, or a flood of lines, costs that reader lines and nobody else."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator

import msgspec
from litestar.response.sse import ServerSentEventMessage
from msgspec import Struct

from scrobbled.desk.masking import masked
from scrobbled.plumbing.logbook import LineFilter, Logbook, LogLine, LogPiece
from scrobbled.plumbing.redact import Redactor

MOST = 10
"""Pages that may follow the log at once."""
KEEP_ALIVE = 20.0
"""Seconds of silence after which a comment is sent: proxies close what seems dead."""
RECONNECT_MS = 3_000
PACE = 0.3
"""Seconds between two messages: what is logged meanwhile goes together."""
BATCH = 150
"""Lines in one message at most; of more only the newest."""
ROOM = 128 * 1024
"""Characters in one message, but for a single line that is longer."""


class LogPage(Struct, frozen=True):
    """Lines, the newest last. ``skipped`` is how many were left out, or are no longer kept.

    ``next`` is what to pass as ``after``, here or to the stream, to go on from here. ``components`` are the parts of
    the service that are heard of.
    """

    lines: list[LogLine]
    skipped: int
    next: str
    components: list[str]


class LogLive:
    """One per application. Belongs to the loop the application runs in; lines may come from any thread."""

    def __init__(
        self,
        book: Logbook,
        redactor: Redactor,
        *,
        most: int = MOST,
        keep_alive: float = KEEP_ALIVE,
        pace: float = PACE,
    ) -> None:
        self._book, self._redactor = book, redactor
        self._most, self._keep_alive, self._pace = most, keep_alive, pace
        self._readers = 0
        self._over = asyncio.Event()

    @property
    def is_full(self) -> bool:
        return self._over.is_set() or self._readers >= self._most

    @property
    def readers(self) -> int:
        return self._readers

    def end(self) -> None:
        """Let all streams end now; new ones end at once."""
        self._over.set()

    def place(self, id_: str | None) -> int:
        """The line after which somebody reads on who read until ``id_``; ids of another process are of no use here.

        Whoever names none reads on from now.
        """
        name, _, number = (id_ or "").partition("-")
        if name != self._book.name or not number.isascii() or not number.isdecimal() or len(number) > 15:
            return 0 if id_ else self._book.last
        return min(int(number), self._book.last)

    def page(self, wanted: LineFilter, after: str | None, limit: int) -> LogPage:
        """The newest ``limit`` lines of those that are kept, or of those after ``after``."""
        piece = self._masked(self._book.after(self.place(after) if after else 0, wanted, limit))
        return LogPage(piece.lines, piece.skipped, f"{self._book.name}-{piece.last}", self._book.components())

    async def events(self, wanted: LineFilter, after: int) -> AsyncGenerator[ServerSentEventMessage, None]:
        """``hello`` at once, then ``lines`` with what came after, each at most every ``pace`` seconds.

        The id of a message is where a reader goes on that was cut off.
        """
        if self.is_full:
            return
        self._readers += 1
        bell = _Bell()
        stop = self._book.listen(bell.ring)
        try:
            yield ServerSentEventMessage(event="hello", data="{}", retry=RECONNECT_MS)
            begin = self._book.last
            while not self._over.is_set():
                bell.clear()
                piece = self._book.after(after, wanted, BATCH, room=ROOM)
                piece = self._masked(piece) if after < begin else piece
                after = piece.last
                if piece.lines or piece.skipped:
                    yield _message(piece, self._book.name)
                    await self._until_over(self._pace)
                elif not await bell.heard(self._over, self._keep_alive):
                    yield ServerSentEventMessage(comment="nothing new", data=None)
        finally:
            stop()
            self._readers -= 1

    def _masked(self, piece: LogPiece) -> LogPiece:
        """Without what was learned to be a secret only after it was logged."""
        return masked(piece, self._redactor)

    async def _until_over(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._over.wait()


class _Bell:
    """Rung from any thread; however often, the loop hears of it once."""

    def __init__(self) -> None:
        self._loop, self._heard, self._rung = asyncio.get_running_loop(), asyncio.Event(), False

    def ring(self) -> None:
        if not self._rung:
            self._rung = True
            with contextlib.suppress(RuntimeError):  # the loop has ended, and with it whoever listened
                self._loop.call_soon_threadsafe(self._heard.set)

    def clear(self) -> None:
        self._heard.clear()
        self._rung = False

    async def heard(self, over: asyncio.Event, seconds: float) -> bool:
        """Whether anything was to be heard, or all is over, before so many seconds were."""
        waits = [asyncio.ensure_future(self._heard.wait()), asyncio.ensure_future(over.wait())]
        try:
            done, _ = await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            return bool(done)
        finally:
            for wait in waits:
                wait.cancel()


def _message(piece: LogPiece, name: str) -> ServerSentEventMessage:
    told = msgspec.json.encode(_Told(piece.skipped, piece.lines)).decode()
    return ServerSentEventMessage(event="lines", id=f"{name}-{piece.last}", data=told)


class _Told(msgspec.Struct, frozen=True):
    skipped: int
    lines: list[LogLine]
