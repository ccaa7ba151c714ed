"""A database that cannot be used is told all the same, though nothing can be written down of it."""

import contextlib
import sqlite3
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from conftest import FakeClock, OneAddress
from scrobbled.alerts import Alerts, Trouble
from scrobbled.core.errors import StoreError
from scrobbled.plumbing.metrics import Metrics
from scrobbled.runtime.storewatch import StoreWatch
from scrobbled.store import Store
from scrobbled.store.accounts import sign_ins
from scrobbled.store.notes.troubles import Troubles

DAY = 86_400.0


@dataclass
class Home:
    """``told`` is what went out, ``logs`` what was logged."""

    store: Store
    clock: FakeClock
    logs: list[dict[str, object]]
    told: list[tuple[str, str, bool]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.alerts = Alerts(
            Troubles(self.store), OneAddress(self._send), repeat=DAY, now=self.clock.now, metrics=Metrics()
        )
        self.alerts.watch(StoreWatch(self.store, self.alerts, self.clock).look)

    async def _send(self, title: str, text: str, good: bool) -> bool:
        self.told.append((title, text, good))
        return True

    async def webhook(self) -> bool:
        """Whether it could be stored."""
        try:
            await self.store.write(lambda db: sign_ins.set_mark(db, "one", 1.0))
        except StoreError:
            return False
        return True

    async def minutes(self, count: int) -> None:
        for _ in range(count):
            await self.alerts.settled()
            self.clock.advance(60)


@contextlib.contextmanager
def locked(path: Path, how: str) -> Iterator[None]:
    """``IMMEDIATE`` lets others read, ``EXCLUSIVE`` does not."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as stranger:
        stranger.execute(f"BEGIN {how}")
        yield
        stranger.execute("ROLLBACK")


@pytest.fixture
async def home(
    tmp_path: Path, clock: FakeClock, anyio_backend: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Home]:
    monkeypatch.setattr("scrobbled.store.file.opening.BUSY_SECONDS", 0.0)
    store = Store(tmp_path / "scrobbled.db")
    with capture_logs() as logs:
        yield Home(store, clock, logs)  # type: ignore[arg-type]
    await store.aclose()


@pytest.mark.parametrize("how", ["IMMEDIATE", "EXCLUSIVE"])
async def test_it_is_told_once_with_what_to_do_and_once_more_when_it_is_over(home: Home, how: str) -> None:
    assert await home.webhook()
    await home.minutes(3)
    with locked(home.store.path, how):
        assert not await home.webhook()
        await home.minutes(10)
        [(title, text, good)] = home.told
        assert (title, good) == ("scrobbled: nothing can be stored", False)
        assert text.startswith(
            "The database cannot be used: database is locked. Another program keeps it locked: close"
        )
        assert "webhooks are refused" in text
        assert [trouble.kind for trouble in await home.alerts.open()] == ["storage"]
    await home.minutes(3)
    assert [(title, good) for title, _, good in home.told[1:]] == [("scrobbled: webhooks are stored again", True)]
    assert await home.alerts.open() == []
    await home.minutes(60)
    assert len(home.told) == 2


async def test_what_lasts_is_told_again_after_a_day_and_fills_no_log(home: Home) -> None:
    with locked(home.store.path, "EXCLUSIVE"):
        assert not await home.webhook()
        await home.minutes(25 * 60)
    assert [title for title, _, _ in home.told] == [
        "scrobbled: nothing can be stored",
        "Still: scrobbled: nothing can be stored",
    ]
    assert len(home.logs) < 5, home.logs


async def test_a_lock_of_a_moment_is_no_trouble(home: Home) -> None:
    with locked(home.store.path, "IMMEDIATE"):
        assert not await home.webhook()
    await home.minutes(3)
    assert home.told == []


async def test_nothing_is_written_while_nothing_fails(home: Home) -> None:
    await home.webhook()
    before = await home.store.read(lambda db: db.total_changes)
    await home.minutes(60)
    assert await home.store.read(lambda db: db.total_changes) == before


async def test_other_trouble_is_remembered_in_the_database_as_ever(home: Home) -> None:
    await home.alerts.report(Trouble("clock", "this machine", "The clock is wrong", "Set it."))
    with locked(home.store.path, "IMMEDIATE"):
        assert not await home.webhook()
        await home.minutes(2)
        assert len(home.told) == 1, "both in one message"
        assert {trouble.kind for trouble in await home.alerts.open()} == {"clock", "storage"}
    await home.minutes(2)
    assert [trouble.kind for trouble in await home.alerts.open()] == ["clock"]
    assert not home.told[0][2]


async def test_an_address_that_refuses_hears_of_it_when_it_takes_messages_again(home: Home) -> None:
    real, refusing = home._send, True

    async def send(title: str, text: str, good: bool) -> bool:
        return not refusing and await real(title, text, good)

    home.alerts.use(OneAddress(send), DAY)
    with locked(home.store.path, "EXCLUSIVE"):
        assert not await home.webhook()
        await home.minutes(3)
        assert home.told == []
        refusing = False
        await home.minutes(2)
        assert [title for title, _, _ in home.told] == ["scrobbled: nothing can be stored"]


@pytest.mark.parametrize(
    ("why", "advice"),
    [
        ("database or disk is full", "make room on that disk"),
        ("attempt to write a readonly database", "not mounted read-only"),
        ("unable to open database file", "Check the permissions"),
        ("disk I/O error", "Look at the disk"),
        ("database disk image is malformed", "scrobbled restore"),
        ("something new", "Check free space and permissions"),
    ],
)
async def test_the_reason_says_what_to_do(home: Home, why: str, advice: str) -> None:
    def fails(db: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError(why)

    with pytest.raises(StoreError, match=advice):
        await home.store.write(fails)
