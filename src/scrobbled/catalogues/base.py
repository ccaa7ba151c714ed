"""What the catalogues share: answers that are kept, and what the source itself says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from scrobbled.core.naming.items import Episode
from scrobbled.core.naming.matching import Claim
from scrobbled.plumbing.cache import Cache

KEEP_HIT = timedelta(days=30).total_seconds()
KEEP_MISS = timedelta(hours=1).total_seconds()
"""Catalogues learn new episodes within hours, and people mend a match on their server."""

CachedData = dict[str, Any]


async def kept(cache: Cache, key: str, ask: Callable[[], Awaitable[CachedData]]) -> CachedData:
    """The kept answer, else a new one; an empty one means "not there" and is asked again sooner.

    What ``ask`` raises passes through and is not kept.
    """
    known = await cache.get(key)
    if isinstance(known, dict):
        return known
    answer = await ask()
    await cache.put(key, answer, seconds=KEEP_HIT if answer else KEEP_MISS)
    return answer


def own_claims(episode: Episode, method: str) -> tuple[Claim, ...]:
    """The source's own season and number, unless they count in another way or are unknown."""
    if episode.absolute or episode.season is None or episode.number is None:
        return ()
    return (Claim(episode.season, episode.number, method),)
