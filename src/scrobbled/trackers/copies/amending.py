"""What changes of all copies of a thing have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

from scrobbled.trackers.base import Edit

T = TypeVar("T")


def places_of(edit: Edit) -> list[str]:
    """Of all copies, as they were last read."""
    told: Any = edit.address.data.get("places", ())
    return [place for place in told if isinstance(place, str)]


async def through(gate: asyncio.Semaphore, work: Awaitable[T]) -> T:
    """A few at once: a small server keeps them up."""
    async with gate:
        return await work
