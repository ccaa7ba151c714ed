"""What a first comparison costs with its database: ``python benchmarks/loading.py [--plays 100000]``.

Both mirrors are in a file and nothing is agreed on yet; each side lacks one play in fifty. CPU is of the whole
process, the database's thread included; memory is what stays resident at most, less what was so before.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import random
import resource
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from msgspec.structs import replace

from scrobbled.config.viewing import PairConfig
from scrobbled.core.agreeing.guard import PlanLimits
from scrobbled.core.agreeing.ledger import Link, Policy
from scrobbled.core.errors import TrackerError
from scrobbled.core.naming.ids import EpisodeIds, ShowIds
from scrobbled.core.naming.items import Episode
from scrobbled.core.records import PlayRecord, Subject
from scrobbled.plumbing.clock import SystemClock
from scrobbled.plumbing.metrics import Metrics
from scrobbled.reconcile import PairMember, Reconciler, Sides
from scrobbled.reconcile.steps import RunSteps
from scrobbled.store import Store
from scrobbled.store.mirror import records, subjects

START = datetime(2016, 1, 1, tzinfo=UTC)
AGAIN, MISSING, PAGE = 5, 50, 5_000
"""One item in so many was watched more than once; each side lacks one play in so many."""
SIDES = Sides("anna", "trakt", "serializd")


def held(plays: int, side: str) -> tuple[list[PlayRecord], list[Subject]]:
    """The same viewings for both sides, in each side's own keys."""
    dice, found, told, made, number = random.Random(7), list[PlayRecord](), list[Subject](), 0, 0
    while made < plays:
        number += 1
        show, place = divmod(number, 60)
        ids = ShowIds(tmdb=show + 1, trakt=show + 1, tvdb=show + 5) if side == "a" else ShowIds(tmdb=show + 1)
        own = EpisodeIds(tmdb=number, trakt=number) if side == "a" else EpisodeIds()
        season, episode = place // 10 + 1, place % 10 + 1
        item = Episode(f"Show {show}", season, episode, f"Title {number}", 2000, ids, own)
        key = f"episode:tmdb:{number}" if side == "a" else f"{show + 1}:{show * 10 + season}:{episode}"
        told.append(Subject(key, "episode", item, 2_700))
        for n in range(min(plays - made, dice.randint(2, 4) if number % AGAIN == 0 else 1)):
            made += 1
            at, lacks = START + timedelta(seconds=dice.randrange(10 * 365 * 86_400)), dice.randrange(MISSING)
            if lacks != (0 if side == "a" else 1):
                seen = at.replace(second=0) if side == "a" else at
                found.append(PlayRecord(f"{number:07}{n}", key, seen, made_at=at, stamp=f"{number:x}"))
    return found, told


async def fill(store: Store, account: tuple[str, str], found: Sequence[PlayRecord], told: Sequence[Subject]) -> None:
    for start in range(0, len(found), PAGE):
        piece = found[start : start + PAGE]
        await store.write(lambda db, piece=piece: records.put(db, account, piece, 1, 0.0))  # type: ignore[misc]
    await store.write(lambda db: subjects.put(db, account, told))
    read = replace(await store.read(lambda db: records.state(db, account)), rev=1, plays=len(found))
    await store.write(lambda db: records.save_state(db, account, read))


async def ignored(error: TrackerError) -> None:
    """Nothing is asked of the tracker."""


async def kept(links: Sequence[Link]) -> None:
    """Nothing is written down."""


def resident() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def measured(plays: int) -> None:
    with tempfile.TemporaryDirectory(prefix="scrobbled-bench-") as name:
        store = Store(Path(name) / "scrobbled.db")
        for side in ("a", "b"):
            await fill(store, SIDES.account(cast(Any, side)), *held(plays, side))
        gc.collect()
        member, clock, pair = (
            PairMember(cast(Any, None), ignored),
            SystemClock(),
            PairConfig(between=("trakt", "serializd")),
        )
        reconciler = Reconciler(
            SIDES,
            pair,
            (member, member),
            store=store,
            clock=clock,
            metrics=Metrics(),
            limits=PlanLimits(),
            wake=lambda whom: None,
        )
        before, cpu, began = resident(), time.process_time(), time.perf_counter()
        compared = await reconciler._decided(Policy(), full=True, steps=RunSteps(store, clock), links=kept)
        used, took = time.process_time() - cpu, time.perf_counter() - began
        print(f"{plays:,} plays on each side: {used:.1f} s of CPU, {took:.1f} s, {resident() - before:.0f} MB more,")
        print(f"{resident():.0f} MB resident, {compared.plan.count():,} changes")
        await store.aclose()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plays", type=int, default=100_000)
    asyncio.run(measured(parser.parse_args().plays))
