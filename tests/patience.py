"""Waiting for what comes by itself. The limit is for what never comes, and no machine is too slow for it."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
LONGEST = 60.0
"""Seconds. Whoever only guards against waiting for ever waits so long: what goes well costs none of it."""


async def until(holds: Callable[[], T | Awaitable[T]], what: str = "that", *, seconds: float = LONGEST) -> T:
    """The first true answer of ``holds``; fails with ``what`` after so many seconds."""
    ends = asyncio.get_running_loop().time() + seconds
    while True:
        found = holds()
        answer = await found if inspect.isawaitable(found) else found
        if answer:
            return answer
        assert asyncio.get_running_loop().time() < ends, f"after {seconds:.0f} s still not: {what}"
        await asyncio.sleep(0.002)
