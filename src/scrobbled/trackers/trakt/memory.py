"""What we remember of ratings and lists that we wrote and that were not read since."""

from __future__ import annotations

from scrobbled.core.kinds import RATINGS, Kind
from scrobbled.plumbing.cache import Cache
from scrobbled.plumbing.clock import Clock

KEPT = 3_650 * 86_400.0
"""Seconds; no answer that anybody could give again, so that it is kept when those are forgotten."""


class TraktMemory:
    """Kept in the cache. What is said to have moved need not move with what we write."""

    def __init__(self, cache: Cache, clock: Clock, viewer: str) -> None:
        self._cache, self._clock, self._viewer = cache, clock, viewer

    async def write(self, kind: Kind) -> None:
        """Call before something of this kind is sent."""
        await self._cache.put(self._key(kind), self._clock.now().isoformat(), seconds=KEPT)

    async def unread(self, kind: Kind) -> str:
        """Empty for none; else what ``were_read`` takes."""
        return str(await self._cache.get(self._key(kind)) or "")

    async def were_read(self, kind: Kind, unread: str) -> None:
        """Those of which ``unread`` told, before the kind was read."""
        if unread and unread == await self.unread(kind):
            await self._cache.put(self._key(kind), None, seconds=0)

    def _key(self, kind: Kind) -> str:
        return f"trakt:{'rated' if kind == RATINGS else kind}:{self._viewer}"
