"""The contract of a server that can be listened to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from msgspec import Struct

from scrobbled.plumbing.clock import Clock
from scrobbled.servers.base import IsClaimed
from scrobbled.sources.body import Body

Take = Callable[[Body], Awaitable[object]]
Good = Callable[[str], Awaitable[None]]
"""To be told that it goes well; the text is what there is to say all the same, or empty."""


class Hearer(Struct, frozen=True):
    """Whom an ear tells. ``take`` is the way in of its source."""

    take: Take
    claimed: IsClaimed
    clock: Clock


class Ear(Protocol):
    """Hears what is on at one server, and hands it on as the events of its source. What is on outlasts a connection."""

    async def listen(self, good: Good, stopping: asyncio.Event) -> None:
        """One connection, until it falls silent or ``stopping`` is set. Raises ``TrackerError`` where it breaks."""
        ...
