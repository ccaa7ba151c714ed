"""How a command that goes on for a while is told to end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

T = TypeVar("T")


@contextlib.contextmanager
def ending() -> Iterator[asyncio.Event]:
    """An event that the first SIGTERM or SIGINT sets; a second SIGINT interrupts at once."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def end(number: int) -> None:
        loop.remove_signal_handler(number)
        ended.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end, number)
    try:
        yield ended
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def unless_ended(work: Coroutine[Any, Any, T]) -> T | None:
    """What ``work`` gives; ``None`` where SIGTERM or SIGINT comes first. It is cancelled then, and may clean up."""
    with ending() as ended:
        working, told = asyncio.create_task(work), asyncio.create_task(ended.wait())
        await asyncio.wait((working, told), return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        if not working.done():
            working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            return await working
        return None
