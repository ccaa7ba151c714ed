"""How a command that goes on for a while is told to end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

from scrobbled.cli.common import run, say

T = TypeVar("T")
INTERRUPTED = 130
"""The exit code after Ctrl-C."""
NOTHING_CHANGED = "Stopped. Nothing was changed, so nothing is left to do."
"""Of what only looks."""


class EndSignal(asyncio.Event):
    """Set when the command is to end; ``by_key`` where somebody pressed Ctrl-C."""

    by_key = False


@contextlib.contextmanager
def ending() -> Iterator[EndSignal]:
    """An event that the first SIGTERM or SIGINT sets; a second SIGINT interrupts at once."""
    loop, ended = asyncio.get_running_loop(), EndSignal()

    def end(number: int) -> None:
        loop.remove_signal_handler(number)
        ended.by_key = ended.by_key or number == signal.SIGINT
        ended.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end, number)
    try:
        yield ended
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def until_told(work: Coroutine[Any, Any, T], left: str = "") -> T | None:
    """What ``work`` gives. Where SIGTERM or Ctrl-C comes first it is cancelled, and may clean up; then ``left`` is
    said on standard error, and this gives ``None``, or raises ``KeyboardInterrupt`` after Ctrl-C.
    """
    found, ended_by_key = run(_unless_ended(work))
    if found is None:
        say(left, err=True) if left else None
        if ended_by_key:
            raise KeyboardInterrupt
    return found


async def _unless_ended(work: Coroutine[Any, Any, T]) -> tuple[T | None, bool]:
    with ending() as ended:
        working, told = asyncio.create_task(work), asyncio.create_task(ended.wait())
        await asyncio.wait((working, told), return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        if not working.done():
            working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            return await working, ended.by_key
        return None, ended.by_key
