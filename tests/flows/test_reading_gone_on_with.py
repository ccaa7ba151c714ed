"""A first comparison of large accounts that is cut off: the next one goes on with it, from the database."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from pairing import Pairing, pairing
from scrobbled.sandbox.faults import Fault
from scrobbled.store.mirror import drafts, runs

DIARY, HISTORY = "GET /api/user/anna/diary", "GET /sync/history"
PAGES = 20
TRAKT_PAGES = 7


@pytest.fixture
async def two(tmp_path: Path, durable: None) -> AsyncIterator[Pairing]:
    async with pairing(tmp_path) as made:
        made.sandbox["serializd"].preload("anna", 24 * PAGES)
        made.sandbox["trakt"].preload("anna", 250 * TRAKT_PAGES)
        yield made


def pages(two: Pairing, name: str, match: str) -> list[str]:
    return [call.query["page"] for call in two.sandbox[name].calls(match)]


async def killed(two: Pairing, after: int) -> None:
    """Nothing of the process is left but its database, where the diary was read so far."""
    told = asyncio.Event()
    diary = two.sandbox["serializd"]
    diary.faults.add(Fault(match=DIARY, kind="latency", skip=after, times=1, seconds=1.0))

    async def never(seconds: float) -> None:
        told.set()
        await asyncio.Event().wait()

    diary.sleep = never
    work = asyncio.create_task(two.compare())
    await told.wait()
    for _ in range(1_000):  # the other side is read beside it
        if len(await two.sql("SELECT 1 FROM drafts WHERE tracker = 'trakt'")) > TRAKT_PAGES:
            break
    work.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await work
    await two.restart()
    diary.faults.clear()
    await two.runtime.store.write(lambda db: runs.abandon(db, two.clock.now().timestamp()))


async def test_the_next_run_asks_for_what_is_missing_only(two: Pairing) -> None:
    await killed(two, after=12)
    for name in ("serializd", "trakt"):
        two.sandbox[name].log.clear()
    ended = await two.compare()
    assert ended.plan is not None
    asked = pages(two, "serializd", DIARY)
    assert asked == [str(page) for page in (1, *range(12, PAGES + 1), 1)]
    assert len(pages(two, "trakt", HISTORY)) <= 2
    assert await two.sql("SELECT count(*) FROM drafts") == [(0,)]
    assert await two.sql("SELECT tracker, plays FROM readings ORDER BY tracker") == [
        ("serializd", 24 * PAGES),
        ("trakt", 250 * TRAKT_PAGES),
    ]


async def test_what_was_kept_too_long_is_read_anew(two: Pairing) -> None:
    await killed(two, after=12)
    two.clock.advance(drafts.LASTS + 60)
    two.sandbox["serializd"].log.clear()
    await two.compare()
    assert pages(two, "serializd", DIARY) == [str(page) for page in (*range(1, PAGES + 1), 1)]


async def test_a_run_tells_how_far_it_is(two: Pairing) -> None:
    """As many pages as it has read, and of how many."""
    told: list[dict[str, Any]] = []
    take = runs.take_steps

    def taken(db: Any, run: int, steps: Any) -> None:
        take(db, run, steps)
        told.append({who: (step.what, step.done, step.of) for who, step in steps.items()})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "take_steps", taken)
        patch.setattr("scrobbled.reconcile.steps.TOLD_EVERY", 0.0)
        await two.compare()
    assert {"serializd": ("diary", PAGES, PAGES), "trakt": ("history", TRAKT_PAGES, TRAKT_PAGES)} in told
    assert (await two.runtime.store.read(lambda db: runs.get(db, 1))).steps == {}  # type: ignore[union-attr]


async def test_a_dry_run_goes_on_with_what_a_run_has_read(two: Pairing) -> None:
    from scrobbled.desk.pairs.rehearsal import rehearse
    from scrobbled.reconcile import Options

    await killed(two, after=12)
    two.sandbox["serializd"].log.clear()
    runtime = two.runtime
    ended = await rehearse(runtime.config, two.wired, Options(), clock=two.clock, transport=runtime.transport)
    assert ended.plan is not None
    assert pages(two, "serializd", DIARY) == [str(page) for page in (1, *range(12, PAGES + 1), 1)]
