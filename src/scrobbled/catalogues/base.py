"""What the catalogues share: answers that are kept, and JSON whose shape is checked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, Protocol

from scrobbled.core.errors import ContractDrift, LoginNeeded
from scrobbled.core.items import Episode
from scrobbled.core.matching import Claim
from scrobbled.http import Answer

KEEP_HIT = timedelta(days=30).total_seconds()
KEEP_MISS = timedelta(hours=1).total_seconds()
"""Catalogues learn new episodes within hours, and people mend a match on their server."""

Kept = dict[str, Any]


class Cache(Protocol):
    """Kept answers; ``get`` is ``None`` for what is unknown or older than its time. Values are JSON."""

    async def get(self, key: str) -> Any: ...

    async def put(self, key: str, value: Any, *, seconds: float) -> None: ...


async def kept(cache: Cache, key: str, ask: Callable[[], Awaitable[Kept]]) -> Kept:
    """The kept answer, else a new one; an empty one means "not there" and is asked again sooner.

    What ``ask`` raises passes through and is not kept.
    """
    known = await cache.get(key)
    if isinstance(known, dict):
        return known
    answer = await ask()
    await cache.put(key, answer, seconds=KEEP_HIT if answer else KEEP_MISS)
    return answer


def document(answer: Answer, *, refused: str) -> Mapping[str, Any] | None:
    """The JSON object of ``answer``; ``None`` for a 404.

    Raises ``LoginNeeded(refused)`` for 401 and 403, ``ContractDrift`` for any other status or shape.
    """
    if answer.status == 404:
        return None
    if answer.status in (401, 403):
        raise LoginNeeded(refused)
    if not answer.ok:
        raise ContractDrift(f"{answer.what} answered {answer.status}")
    content = answer.json()
    if not isinstance(content, dict):
        raise ContractDrift(f"{answer.what} answered JSON that is no object")
    return content


def rows(content: Mapping[str, Any], key: str, what: str) -> list[Mapping[str, Any]]:
    """The objects listed under ``key``; raises ``ContractDrift`` where that is anything but a list of objects."""
    value = content.get(key)
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise ContractDrift(f"{what} answered without a list {key}")
    return value


def whole(value: Any) -> int | None:
    """A whole number from JSON, where ``true`` is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def own_claims(episode: Episode, method: str) -> tuple[Claim, ...]:
    """The source's own season and number, unless they count in another way or are unknown."""
    if episode.absolute or episode.season is None or episode.number is None:
        return ()
    return (Claim(episode.season, episode.number, method),)
