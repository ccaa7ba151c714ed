"""Fixtures for everything."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, settings

import once
from scrobbled.alerts import Address, Message


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def pytest_configure() -> None:
    """Hundreds of processes are started here, each of which would compile the whole program for itself alone."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    # a machine that has much else to do is no fault of what is tested
    settings.register_profile(
        "unhurried", settings.default, deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("unhurried")


def pytest_collection_finish() -> None:
    once.install()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """One worker gets all drills, as they run beside each other already and take longest, one all that is done in a
    browser, and one each file in which tests share a running service. The rest goes to whoever is free.
    """
    from xdist.scheduler import LoadScopeScheduling

    class DrillsTogether(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            for folder, scope in (("tests/e2e/", "drills"), ("tests/browser/", "browser")):
                if nodeid.startswith(folder):
                    return scope
            return nodeid.partition("::")[0] if nodeid.startswith("tests/cli/") else nodeid

    return DrillsTogether(config, log)


class FakeClock:
    """Time that passes only when somebody waits for it: hours cost nothing and tests never sleep."""

    def __init__(self, start: datetime = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)) -> None:
        self._start = start
        self._passed = 0.0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        return self._passed

    def advance(self, seconds: float) -> None:
        self._passed += seconds

    async def wait(self, event: asyncio.Event, seconds: float | None) -> bool:
        """Lets others run, then jumps to the end of the wait unless the event came first."""
        for _ in range(3):
            await asyncio.sleep(0)
        if event.is_set():
            return True
        if seconds is None:
            return await event.wait()
        self.advance(seconds)
        return event.is_set()


class OneAddress:
    """Hands every alert to ``send`` (title, text, whether it is good news), which says whether it was accepted."""

    def __init__(self, send: Callable[[str, str, bool], Awaitable[bool]]) -> None:
        self._send = send
        self.addresses = (Address("test://everybody", "alerts.urls[0]"),)

    async def send(self, address: Address, message: Message) -> str:
        return "" if await self._send(message.title, message.text, message.good) else "refused"


@pytest.fixture
def durable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Databases as the service has them: each goes through all migrations, and a write waits for the disk."""
    from scrobbled.store import opening

    for name in ("_fill", "_connect"):
        monkeypatch.setattr(opening, name, getattr(opening, name).__wrapped__)


@pytest.fixture(autouse=True)
def log_of_its_own() -> Iterator[None]:
    """A command that ran in this process leaves its own log behind, and its level."""
    yield
    if structlog.is_configured():
        structlog.reset_defaults()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()
