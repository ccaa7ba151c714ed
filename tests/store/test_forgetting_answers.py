"""A retry by hand asks catalogues anew, and keeps what we did ourselves."""

import asyncio
from collections.abc import Collection
from pathlib import Path

import pytest

from conftest import FakeClock
from scrobbled.store import Store
from scrobbled.store.notes.cache import FOR_GOOD, AnswerPart, StoredCache, forget_answers


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


@pytest.mark.parametrize(
    ("parts", "left"),
    [
        ([AnswerPart.MEDIA], ["show:1", "named:trakt:x:2019", "art:none:1"]),
        ([AnswerPart.MATCHES], ["trakt:episodes:1", "art:none:1"]),
        ([AnswerPart.PICTURES], ["trakt:episodes:1", "show:1", "named:trakt:x:2019"]),
        (list(AnswerPart), []),
    ],
)
def test_a_part_is_forgotten_and_counted_and_the_others_stay(
    tmp_path: Path, clock: FakeClock, parts: Collection[AnswerPart], left: list[str]
) -> None:
    keys = ["trakt:episodes:1", "show:1", "named:trakt:x:2019", "art:none:1"]

    async def drill() -> tuple[int, list[str]]:
        store = Store(tmp_path / "s.db")
        cache = StoredCache(store, clock)
        for key in keys:
            await cache.put(key, 1, seconds=60)
        await cache.put("trakt:gone", None, seconds=0)
        count = await store.write(lambda db: forget_answers(db, parts))
        cache.forget_recent()
        kept = [key for key in keys if await cache.get(key) is not None]
        await store.aclose()
        return count, kept

    count, kept = asyncio.run(drill())
    assert (count, kept) == (len(keys) - len(left), left)
