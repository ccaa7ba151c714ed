"""Fixtures for everything."""

import asyncio
import functools
import os
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Generator, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, settings

import once
from scrobbled.alerts import AlertAddress, AlertMessage
from scrobbled.config import trackers as sections
from scrobbled.config.fields import Field, ListOf, Table
from scrobbled.config.values import TextValue
from scrobbled.trackers import TRACKERS, TrackerEntry

TRACKERS["memory"] = TrackerEntry("trackers.memory", signs_in=False)
TRACKERS["notebook"] = TrackerEntry("trackers.notebook")
TRACKERS["shelf"] = TrackerEntry("trackers.shelf", signs_in=False)
sections.TRACKERS.shapes["memory"] = Table({}, description="No service at all: plays are kept until the test ends.")
sections.TRACKERS.shapes["shelf"] = Table(
    {"libraries": Field(ListOf(TextValue()), "Those that count.")}, description="A library without a service."
)
sections.TRACKERS.shapes["notebook"] = Table({"owner": Field(TextValue(), "Whose it is.", required=True)})


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


OURS = ("CONFIG", "CONTAINER", "DEMO_HOST", "LISTENS", "OPTIONS", "PORT", "SUPERVISOR", "TRAY_TOKEN")
"""What the program itself reads, after ``SCROBBLED_``; the tests have names of their own there."""
STRANGE = {*(f"SCROBBLED_{name}" for name in OURS), "SUPERVISOR_TOKEN", "PUID", "PGID", "UMASK"}
STRANGE |= {"LANG", "LANGUAGE", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE"}
USUAL_PORTS = (8480, 8484, 8485)
COMPLETE = "SCROBBLED_EVERY_TEST"
"""Set where a test that cannot be run is a failure: everything is there that any of them needs."""


def of_this_machine(environ: Iterable[str]) -> set[str]:
    """Names of what somebody set for their own scrobbled, proxy, language or terminal: the tests go without."""
    return {name for name in environ if name in STRANGE or name.startswith("LC_") or name.lower().endswith("_proxy")}


def _leave_usual_ports_alone() -> None:
    """A scrobbled of whoever runs the tests may be there: what goes to one must fail on every machine."""

    def kept_away(method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def asked(here: socket.socket, address: Any) -> Any:
            assert not (isinstance(address, tuple) and address[1] in USUAL_PORTS), f"a test went to {address}"
            return method(here, address)

        return asked

    for name in ("bind", "connect", "connect_ex"):
        setattr(socket.socket, name, kept_away(getattr(socket.socket, name)))


def left_out(reasons: Iterable[str]) -> str:
    """How many tests were not run, for each reason, and what to do about it."""
    counts = Counter(reason.removeprefix("Skipped: ") for reason in reasons)
    return " ".join(
        f"{count} {'test was' if count == 1 else 'tests were'} not run {reason}." for reason, count in counts.items()
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if COMPLETE in os.environ and report.skipped:
        report.outcome, report.longrepr = "failed", f"not run {_why(report)}"
    return report


def _why(report: pytest.TestReport) -> str:
    return str(report.longrepr[2] if isinstance(report.longrepr, tuple | list) else report.longrepr)


def pytest_unconfigure(config: pytest.Config) -> None:
    """The last word, after the summary."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and (said := left_out(map(_why, reporter.stats.get("skipped", [])))):
        reporter.write_line(said)


def pytest_configure() -> None:
    """Hundreds of processes are started here, each of which would compile the whole program for itself alone."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for name in of_this_machine(os.environ):
        del os.environ[name]
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # begun in the background: what is interrupted would go on
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ["TZ"] = "UTC0"
    time.tzset()
    _leave_usual_ports_alone()
    sys.dont_write_bytecode = False
    # a machine that has much else to do is no fault of what is tested
    settings.register_profile(
        "unhurried", settings.default, deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("unhurried")


def pytest_collection_finish() -> None:
    once.install()


SHARING = ("tests/cli/", "tests/store/test_upgrades.py", "tests/test_architecture.py")
"""Files in which tests share a running service, an upgraded database, the source as read."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """One worker gets all drills, as they run beside each other already and take longest, one all that is done in a
    browser, and one each file in which tests share what takes long to make. The rest goes to whoever is free.
    """
    from xdist.scheduler import LoadScopeScheduling

    class DrillsTogether(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            for folder, scope in (("tests/e2e/", "drills"), ("tests/browser/", "browser")):
                if nodeid.startswith(folder):
                    return scope
            return nodeid.partition("::")[0] if nodeid.startswith(SHARING) else nodeid

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
        self.addresses = (AlertAddress("test://everybody", "alerts.urls[0]"),)

    async def send(self, address: AlertAddress, message: AlertMessage) -> str:
        return "" if await self._send(message.title, message.text, message.good) else "refused"


@pytest.fixture
def durable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Databases as the service has them: each goes through all migrations, and a write waits for the disk."""
    from scrobbled.store.file import opening

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
