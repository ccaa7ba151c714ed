"""The contract of a server that can be listened to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

Good = Callable[[str], Awaitable[None]]
"""To be told that it goes well; the text is what there is to say all the same, or empty."""


class Ear(Protocol):
    """Hears what is on at one server, and hands it on as the events of its source. What is on outlasts a connection."""

    async def listen(self, good: Good, stopping: asyncio.Event) -> None:
        """One connection, until it falls silent or ``stopping`` is set. Raises ``TrackerError`` where it breaks."""
        ...
