"""What is on its way to a pair is waited for, and told; what we write ourselves is no change by somebody else."""

import itertools
import sqlite3
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from conftest import FakeClock
from scrobbled.core.naming.ids import MovieIds
from scrobbled.core.naming.items import Movie
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.desk.pairs.stillness import OURS, TURNS, in_peace, until_still
from scrobbled.reconcile import Ended, Sides
from scrobbled.store import Store
from scrobbled.store.mirror import run_changes, runs
from scrobbled.store.queue import additions, outbox

T = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)
NOW = T.timestamp()
FILM = Movie("Harbour Atlas", 2019, MovieIds(tmdb=1399))
PAIR = Sides("anna", "trakt", "serializd")
RESTLESS = Ended("failed", "Trakt could not be read: the Trakt account was being changed while it was read")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    made = Store(tmp_path / "scrobbled.db")
    yield made
    await made.aclose()


def queue(db: sqlite3.Connection, plays: int) -> None:
    run = runs.ask(db, "anna", "trakt,serializd", "sync", {}, NOW)
    runs.begin(db, run, NOW)
    for record in range(plays):
        wanted = additions.NewAddition("anna", "serializd", str(record), "trakt", FILM, T, None)
        additions.add(db, wanted, run, NOW)
    runs.end(db, run, NOW, "done", "")


def settle(db: sqlite3.Connection, change: int) -> None:
    outbox.settle(db, change, PlayOutcome.DELIVERED, "", NOW, remote_id=str(change))


def beside(store: Store, monkeypatch: pytest.MonkeyPatch, work: Callable[[sqlite3.Connection, int], None]) -> None:
    """``work`` is done before each look at the database, and told which look that is."""
    looks, read = itertools.count(1), store.read

    async def looked(asked: Any) -> Any:
        number = next(looks)
        await store.write(lambda db: work(db, number))
        return await read(asked)

    monkeypatch.setattr(store, "read", looked)


async def test_deliveries_are_told_at_once_and_waited_for(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await store.write(lambda db: queue(db, 3))
    beside(store, monkeypatch, lambda db, look: settle(db, look - 1) if 1 < look <= 4 else None)
    said: list[str] = []
    await until_still(store, PAIR, FakeClock(), said.append)
    assert said[0] == "r1 is delivering (3 left); comparing after that"
    assert await store.read(lambda db: run_changes.on_its_way(db, "anna", ("trakt", "serializd"))) == (0, None)


async def test_how_long_deliveries_take_is_told_as_they_go(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await store.write(lambda db: queue(db, 40))
    beside(store, monkeypatch, lambda db, look: settle(db, look))
    said: list[str] = []
    await until_still(store, PAIR, FakeClock(), said.append)
    assert len(said) > 2
    assert "left, about" in said[1]
    assert said[1].endswith("seconds); comparing after that")


async def test_what_does_not_move_is_not_waited_for(store: Store) -> None:
    await store.write(lambda db: queue(db, 3))
    await until_still(store, PAIR, FakeClock(), lambda text: None)
    assert (await store.read(lambda db: run_changes.on_its_way(db, "anna", ("trakt",))))[0] == 3


async def test_what_goes_to_somebody_else_is_not_waited_for(store: Store) -> None:
    await store.write(lambda db: queue(db, 3))
    said: list[str] = []
    await until_still(store, Sides("ben", "trakt", "serializd"), FakeClock(), said.append)
    assert said == []


async def rehearsed(store: Store, *, disturbed: int, queued: int) -> tuple[Ended, int]:
    """What came of one during whose first ``disturbed`` turns something of ours arrived, and how often it was made."""
    await store.write(lambda db: queue(db, queued))
    turns = itertools.count(1)
    last = 0

    async def rehearse() -> Ended:
        nonlocal last
        last = next(turns)
        if last <= disturbed:
            await store.write(lambda db: settle(db, last))
        return RESTLESS if last <= max(1, disturbed) else Ended("nothing")

    return await in_peace(store, PAIR, FakeClock(), lambda text: None, rehearse), last


async def test_what_our_own_writes_disturbed_is_made_anew(store: Store) -> None:
    assert await rehearsed(store, disturbed=1, queued=3) == (Ended("nothing"), 2)


async def test_what_somebody_else_disturbed_is_told_at_once(store: Store) -> None:
    assert await rehearsed(store, disturbed=0, queued=0) == (RESTLESS, 1)


async def test_what_our_own_writes_keep_disturbing_is_said_to_be_that(store: Store) -> None:
    ended, turns = await rehearsed(store, disturbed=9, queued=9)
    assert (ended.outcome, turns) == ("failed", TURNS)
    assert ended.reason.endswith(OURS)
