"""Fixtures for everything."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scrobbled.alerts import Address, Message


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """One worker gets all drills, as they run beside each other already and take longest, and one each file in which
    tests share a running service. The rest goes to whoever is free.
    """
    from xdist.scheduler import LoadScopeScheduling

    class DrillsTogether(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            if nodeid.startswith("tests/e2e/"):
                return "drills"
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
def clock() -> FakeClock:
    return FakeClock()
