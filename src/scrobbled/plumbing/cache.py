"""Answers that are kept, for whoever asks a service the same thing twice."""

from __future__ import annotations

from typing import Any, Protocol


class Cache(Protocol):
    """Kept answers, as JSON. They outlive a restart where the database keeps them."""

    async def get(self, key: str) -> Any:
        """``None`` for what is unknown or older than its time."""
        ...

    async def put(self, key: str, value: Any, *, seconds: float) -> None:
        """``value`` is JSON; it is kept for ``seconds``."""
        ...
