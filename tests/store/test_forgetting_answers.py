"""A retry by hand asks catalogues anew, and keeps what we did ourselves."""

from __future__ import annotations

import asyncio
from pathlib import Path

from conftest import FakeClock
from scrobbled.store import Store
from scrobbled.store.notes.cache import FOR_GOOD, StoredCache, forget_answers


def test_answers_are_forgotten_and_our_own_deeds_are_not(tmp_path: Path, clock: FakeClock) -> None:
    async def drill() -> tuple[object, object, object]:
        store = Store(tmp_path / "s.db")
        cache = StoredCache(store, clock)
        await cache.put("show:1", {"ids": {}}, seconds=30 * 86_400)
        await cache.put("ticked:1", True, seconds=10 * FOR_GOOD)
        await store.write(forget_answers)
        recent = await cache.get("show:1")
        cache.forget_recent()
        left = (recent, await cache.get("show:1"), await cache.get("ticked:1"))
        await store.aclose()
        return left

    recent, answer, deed = asyncio.run(drill())
    assert recent == {"ids": {}}, "until the memory is told, it answers"
    assert (answer, deed) == (None, True)
