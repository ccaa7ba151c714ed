"""How a listing has grown at its top. Pure."""

from __future__ import annotations

from collections.abc import Sequence


def grown(before: Sequence[int], now: Sequence[int]) -> int | None:
    """By how many rows, from the ids on one page of it then and now; ``None`` where anything else happened there."""
    if not before:
        return 0 if not now else None
    for more in range(len(now)):
        both = min(len(now) - more, len(before))
        if both >= len(before) - more and list(now[more : more + both]) == list(before[:both]):
            return more
    return None
