"""What is done from time to time: housekeeping in every round, copies when they are due, and alerts when they fail."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from conftest import FakeClock
from patience import LONGEST, until
from scrobbled.config import Config, loads
from scrobbled.core.errors import StoreError
from scrobbled.core.naming.items import Movie
from scrobbled.core.watching.plays import Play
from scrobbled.core.words.outcomes import EventOutcome
from scrobbled.plumbing.metrics import Metrics
from scrobbled.runtime.chores import AGAIN_AFTER, Chores
from scrobbled.store import Store
from scrobbled.store.inbox.events import Arrival, add_event, add_play
from scrobbled.store.queue import overview
from scrobbled.store.works import works


class Told:
    """Remembers what is reported."""

    def __init__(self) -> None:
        self.troubles: list[Any] = []
        self.ended: list[tuple[str, str]] = []

    async def report(self, trouble: Any) -> None:
        self.troubles.append(trouble)

    async def recovered(self, kind: str, subject: str, title: str, text: str) -> None:
        self.ended.append((kind, subject))


class House:
    def __init__(self, folder: Path) -> None:
        self.folder = folder / "copies"
        self.clock, self.told, self.metrics = FakeClock(), Told(), Metrics()
        self.store = Store(folder / "scrobbled.db")
        self.config: Config = self.configured(every="24h", keep=2)
        self.restart()

    def configured(self, **backup: Any) -> Config:
        storage = {"path": str(self.store.path), "backup": {"folder": str(self.folder), **backup}}
        return loads(f"storage: {storage}".replace("'", '"'), {})

    def restart(self) -> None:
        self.stopping, self.metrics = asyncio.Event(), Metrics()
        self.chores = Chores(
            self.store,
            config=lambda: self.config,
            alerts=self.told,  # type: ignore[arg-type]
            metrics=self.metrics,
            clock=self.clock,
            stopping=self.stopping,
        )

    async def look(self, *, hours: float = 0.0) -> list[str]:
        """Look once, so many hours later; the copies that are there then."""
        self.clock.advance(hours * 3600)
        await self.chores._copy_if_due()
        return sorted(path.name for path in self.folder.iterdir()) if self.folder.is_dir() else []

    def metric(self) -> float | None:
        return self.metrics.registry.get_sample_value("scrobbled_backup_last_success_timestamp_seconds")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path)
    with capture_logs():
        yield made
    await made.store.aclose()


async def test_a_copy_is_made_when_it_is_due_and_the_oldest_go(house: House) -> None:
    assert await house.look() == ["scrobbled-20261114-200000.db"]
    assert await house.look(hours=23.9) == ["scrobbled-20261114-200000.db"]
    assert len(await house.look(hours=0.2)) == 2
    assert await house.look(hours=24) == ["scrobbled-20261115-200600.db", "scrobbled-20261116-200600.db"]
    assert house.metric() == house.clock.now().timestamp()
    assert house.told.troubles == []


async def test_a_restart_does_not_make_another_copy_before_its_time(house: House) -> None:
    first = await house.look()
    house.restart()
    assert await house.look(hours=1) == first
    assert house.metric() == FakeClock().now().timestamp()


async def test_without_a_folder_nothing_is_copied_and_nothing_is_told(house: House) -> None:
    backup = replace(house.config.storage.backup, folder=None)
    house.config = replace(house.config, storage=replace(house.config.storage, backup=backup))
    assert await house.look() == []
    assert house.metric() is None
    assert b"\nscrobbled_backup_last_success_timestamp_seconds " not in house.metrics.text()


async def test_another_folder_counts_from_the_next_look_on(house: House) -> None:
    await house.look()
    house.folder = house.folder.with_name("elsewhere")
    house.config = house.configured(every="24h", keep=2)
    assert len(await house.look()) == 1


async def test_a_clock_that_was_put_back_does_not_stop_the_copies(house: House) -> None:
    await house.look()
    house.clock.advance(-30 * 86_400)
    assert len(await house.look()) == 2


async def test_a_failure_is_told_and_tried_again_and_its_end_is_told(house: House) -> None:
    house.folder.write_text("in the way")
    assert await house.look() == []
    (trouble,) = house.told.troubles
    assert (trouble.kind, trouble.subject) == ("backup", "scheduled")
    assert "could not be made" in trouble.title
    house.folder.unlink()
    assert await house.look(hours=(AGAIN_AFTER - 60) / 3600) == []
    assert len(await house.look(hours=0.1)) == 1
    assert house.told.ended == [("backup", "scheduled")]


async def test_a_disk_that_is_not_mounted_is_not_replaced_by_a_folder(house: House, tmp_path: Path) -> None:
    house.folder = tmp_path / "mnt" / "backup"
    house.config = house.configured()
    assert await house.look() == []
    assert not house.folder.parent.exists()
    assert "No such file or directory. Make that folder" in house.told.troubles[0].text


async def test_copies_are_only_deleted_after_one_was_made(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.look()
    await house.look(hours=25)
    there = await house.look()

    def full(*given: object, **named: object) -> None:
        raise StoreError("no space left on device")

    monkeypatch.setattr("scrobbled.store.keeping.backup.make", full)
    house.config = house.configured(every="1h", keep=1)
    assert await house.look(hours=2) == there


async def test_it_runs_by_itself_and_ends_when_asked(house: House) -> None:
    task = asyncio.create_task(house.chores.keep_copies())
    await until(lambda: house.folder.is_dir() and len(list(house.folder.glob("*.db"))) >= 2)
    house.stopping.set()
    await asyncio.wait_for(task, LONGEST)


async def test_housekeeping_takes_every_step_and_goes_on_after_a_full_disk(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = house.clock.now() - timedelta(days=15)
    for _ in range(3):
        await house.store.write(lambda db: add_event(db, Arrival("plex", old, "{}"), EventOutcome.UNWANTED, ""))
    write, failures = house.store.write, [StoreError("disk full")]

    async def failing(work: Any) -> Any:
        if failures:
            raise failures.pop()
        return await write(work)

    monkeypatch.setattr(house.store, "write", failing)
    task = asyncio.create_task(house.chores.keep_house())
    await until(lambda: len(stored(house.store.path)) == 1)
    house.stopping.set()
    await asyncio.wait_for(task, LONGEST)
    assert (await house.store.read(overview.event_counts))["unwanted"] == 3


async def test_plays_get_their_work_soon_after_they_came_however_many(house: House) -> None:
    film = Play("anna", "plex", Movie("Salt Flats", 2023), house.clock.now())

    def add(db: sqlite3.Connection) -> None:
        for _ in range(2 * works.STEP):
            add_play(db, film, None, [], house.clock.now())

    task = asyncio.create_task(house.chores.keep_shelved())
    await house.store.write(add)
    await until(lambda: not behind(house.store.path))
    house.stopping.set()
    await asyncio.wait_for(task, LONGEST)


def behind(path: Path) -> bool:
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(path)) as db:
        return db.execute("SELECT count(*) FROM plays WHERE work IS NOT NULL").fetchone()[0] < 2 * works.STEP
    return True


def stored(path: Path) -> list[Any]:
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(path)) as db:
        return db.execute("SELECT id FROM events").fetchall()
    return []
