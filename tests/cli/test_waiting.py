"""A command that waits says at once for what and how long, and how far that is."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from scrobbled.cli import following, waiting
from scrobbled.cli.following import follow
from scrobbled.desk.facts.steps import steps_so_far
from scrobbled.store import Store
from scrobbled.store.mirror import runs
from scrobbled.store.mirror.runs import RunStep

T = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)
NOW = T.timestamp()


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> itertools.count[int]:
    """Each look at the time is a second after the one before."""
    passing = itertools.count()
    clocks = SimpleNamespace(time=lambda: NOW, monotonic=lambda: float(next(passing)))
    for module in (following, waiting):
        monkeypatch.setattr(module, "time", clocks)
    monkeypatch.setattr(following, "POLL", 0.0)
    return passing


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    made = Store(tmp_path / "scrobbled.db")
    yield made
    await made.aclose()


def beside(store: Store, monkeypatch: pytest.MonkeyPatch, work: Callable[[sqlite3.Connection, int], None]) -> None:
    """``work`` is done before each look at the database, and told which look that is."""
    looks, read = itertools.count(1), store.read

    async def looked(asked: Any) -> Any:
        number = next(looks)
        await store.write(lambda db: work(db, number))
        return await read(asked)

    monkeypatch.setattr(store, "read", looked)


async def test_a_run_that_waits_for_another_one_says_so_at_once_and_stays(
    store: Store, monkeypatch: pytest.MonkeyPatch, seconds: itertools.count[int]
) -> None:
    """For as long as the other one goes on, however long that takes."""
    first = await store.write(lambda db: runs.ask(db, "anna", "trakt,plex", "schedule", {}, NOW))
    await store.write(lambda db: runs.begin(db, first, NOW))
    mine = await store.write(lambda db: runs.ask(db, "anna", "trakt,serializd", "sync", {}, NOW))

    def go_on(db: sqlite3.Connection, look: int) -> None:
        if look < 400:
            runs.take_steps(db, first, {"trakt": RunStep("history", look, 400, NOW - look, 0)})
        else:
            for run in (first, mine):
                runs.begin(db, run, NOW)
                runs.end(db, run, NOW, "nothing", "")

    beside(store, monkeypatch, go_on)
    said: list[str] = []
    service: Any = SimpleNamespace(store=store, is_ours=True)
    ended = await follow(service, mine, say=said.append)
    assert ended.complete
    assert next(seconds) > following.NOBODY_FOR
    assert said[0].startswith("r1 (Trakt and Plex) comes first: reading Trakt: ")
    assert said[0].endswith("; r2 begins after that")


async def test_reading_is_progress_and_told(
    store: Store, monkeypatch: pytest.MonkeyPatch, seconds: itertools.count[int]
) -> None:
    run = await store.write(lambda db: runs.ask(db, "anna", "trakt,serializd", "sync", {}, NOW))
    await store.write(lambda db: runs.begin(db, run, NOW))

    def go_on(db: sqlite3.Connection, look: int) -> None:
        runs.take_steps(db, run, {"serializd": RunStep("diary", look // 9, 4_167, NOW - look, 0)})
        if look == 1_500:
            runs.end(db, run, NOW, "nothing", "")

    beside(store, monkeypatch, go_on)
    said: list[str] = []
    service: Any = SimpleNamespace(store=store, is_ours=True)
    assert (await follow(service, run, say=said.append)).complete
    assert next(seconds) > following.NOTHING_FOR
    assert "reading Serializd: 100 of 4,167 pages, 7 a minute, about" in "\n".join(said)


async def test_a_run_that_rests_for_the_limit_of_a_service_is_waited_for(
    store: Store, monkeypatch: pytest.MonkeyPatch, seconds: itertools.count[int]
) -> None:
    run = await store.write(lambda db: runs.ask(db, "anna", "trakt,serializd", "sync", {}, NOW))
    await store.write(lambda db: runs.begin(db, run, NOW))
    rest = {"trakt": RunStep("history", 440, 800, NOW - 60, 0, NOW + 240)}
    await store.write(lambda db: runs.take_steps(db, run, rest))
    beside(store, monkeypatch, lambda db, look: runs.end(db, run, NOW, "nothing", "") if look == 1_000 else None)
    said: list[str] = []
    service: Any = SimpleNamespace(store=store, is_ours=True)
    assert (await follow(service, run, say=said.append)).complete
    assert said[0] == "reading Trakt: 440 of 800 pages, then a rest of 4 minutes, as its limit wants it"


def test_steps_are_told_with_what_is_left() -> None:
    steps = {
        "trakt": RunStep("history", 400, 400, NOW - 30, 0),
        "serializd": RunStep("diary", 1_200, 4_167, NOW - 60, 200),
    }
    told = "Serializd: 1,200 of 4,167 pages, 16.7 a second, about 3 minutes left; Trakt: 400 of 400 pages"
    assert steps_so_far(steps, NOW) == told
    assert steps_so_far({"trakt": RunStep("history", 3, None, NOW, 3)}, NOW) == "Trakt: 3 pages"
    assert steps_so_far({"plex": RunStep("library", 3, 24, NOW, 3)}, NOW) == "Plex: 3 of 24 pages of its libraries"
