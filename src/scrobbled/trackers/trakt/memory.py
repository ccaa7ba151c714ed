"""What we remember of ratings that we wrote and that were not read since."""

from __future__ import annotations

from scrobbled.plumbing.cache import Cache
from scrobbled.plumbing.clock import Clock

KEPT = 3_650 * 86_400.0
"""Seconds; no answer that anybody could give again, so that it is kept when those are forgotten."""


class TraktMemory:
    """Kept in the cache. What is said to have moved need not move with what we write."""

    def __init__(self, cache: Cache, clock: Clock, viewer: str) -> None:
        self._cache, self._clock, self._key = cache, clock, f"trakt:rated:{viewer}"

    async def write(self) -> None:
        """Call before a rating is sent."""
        await self._cache.put(self._key, self._clock.now().isoformat(), seconds=KEPT)

    async def unread(self) -> str:
        """Empty for none; else what ``were_read`` takes."""
        return str(await self._cache.get(self._key) or "")

    async def were_read(self, unread: str) -> None:
        """Those of which ``unread`` told, before the ratings were read."""
        if unread and unread == await self.unread():
            await self._cache.put(self._key, None, seconds=0)
