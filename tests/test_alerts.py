"""Telling people once when trouble begins, again after a while, and once when it is over."""

from __future__ import annotations

import asyncio
import http.server
import json
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from conftest import FakeClock
from scrobbled import alerts as module
from scrobbled.alerts import Alerts, AppriseSender, Trouble, is_alert_url
from scrobbled.core.errors import StoreError
from scrobbled.metrics import Metrics
from scrobbled.redact import Redactor
from scrobbled.store import Store
from scrobbled.store.alerts import StoredTroubles

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning"),  # Apprise imports it
]
DOWN = Trouble("down", "anna/trakt", "anna/trakt does not answer", "503. Plays are kept.")
DAY = 86_400.0


@dataclass
class Desk:
    """Alerts over a real database; ``told`` is what was sent, while somebody is ``reachable``."""

    store: Store
    clock: FakeClock
    told: list[tuple[str, str, bool]] = field(default_factory=list)
    reachable: bool = True
    hold: asyncio.Event | None = None

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.metrics = Metrics()
        self.alerts = Alerts(
            StoredTroubles(self.store), self._send, repeat=DAY, now=self.clock.now, metrics=self.metrics
        )

    async def _send(self, title: str, text: str, good: bool) -> bool:
        if self.hold is not None:
            await self.hold.wait()
        if self.reachable:
            self.told.append((title, text, good))
        return self.reachable

    async def report(self, trouble: Trouble = DOWN, *, after: float = 0.0) -> int:
        """How many alerts went out because of it."""
        self.clock.advance(after)
        before = len(self.told)
        await self.alerts.report(trouble)
        await self.alerts.settled()
        return len(self.told) - before

    async def recovered(self, *, after: float = 0.0) -> int:
        self.clock.advance(after)
        before = len(self.told)
        await self.alerts.recovered(DOWN.kind, DOWN.subject, "anna/trakt works again", "What waited is delivered.")
        await self.alerts.settled()
        return len(self.told) - before

    def counted(self, outcome: str) -> float:
        labels = {"kind": "down", "outcome": outcome}
        return self.metrics.registry.get_sample_value("scrobbled_alerts_total", labels) or 0.0


@pytest.fixture
async def desk(tmp_path: Path, clock: FakeClock, anyio_backend: str) -> AsyncIterator[Desk]:
    store = Store(tmp_path / "scrobbled.db")
    with capture_logs():
        yield Desk(store, clock)
    await store.aclose()


async def test_trouble_is_told_once_then_after_the_repeat_and_its_end_once(desk: Desk) -> None:
    assert await desk.report() == 1
    assert sum([await desk.report(after=60) for _ in range(100)]) == 0
    assert await desk.report(after=DAY - 6001) == 0
    assert await desk.report(after=1) == 1
    assert await desk.report(after=1) == 0
    assert await desk.recovered() == 1
    assert await desk.recovered() == 0
    assert [good for _, _, good in desk.told] == [False, False, True]
    assert desk.counted("sent") == 3
    assert await desk.report() == 1, "it is new trouble"


async def test_the_end_of_what_was_never_told_is_not_told(desk: Desk) -> None:
    assert await desk.recovered() == 0
    desk.reachable = False
    await desk.report()
    desk.reachable = True
    assert await desk.recovered() == 0


async def test_what_could_not_be_sent_is_sent_at_the_next_sighting(desk: Desk) -> None:
    desk.reachable = False
    assert [await desk.report(after=60) for _ in range(3)] == [0, 0, 0]
    assert (desk.counted("failed"), desk.counted("sent")) == (3, 0)
    desk.reachable = True
    assert await desk.report(after=60) == 1
    assert await desk.report(after=60) == 0
    assert await desk.recovered() == 1


async def test_a_restart_tells_nothing_again_and_knows_how_long_it_took(desk: Desk) -> None:
    await desk.report()
    desk.restart()
    assert await desk.report(after=3600) == 0
    desk.restart()
    assert await desk.recovered(after=3600) == 1
    assert desk.told[-1] == ("anna/trakt works again", "What waited is delivered. It took 2 hours.", True)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1, "1 minute"), (119, "2 minutes"), (7140, "119 minutes"), (7200, "2 hours"), (172_800, "2 days")],
)
async def test_people_are_told_how_long_it_took(desk: Desk, seconds: float, text: str) -> None:
    await desk.report()
    await desk.recovered(after=seconds)
    assert desk.told[-1][1].endswith(f"It took {text}.")


async def test_kind_and_subject_tell_troubles_apart(desk: Desk) -> None:
    others = [Trouble("down", "ben/trakt", "t", "x"), Trouble("drift", "anna/trakt", "t", "x")]
    assert [await desk.report(trouble) for trouble in (DOWN, *others)] == [1, 1, 1]
    assert await desk.report(Trouble("down", "anna/trakt", "another title", "another text")) == 0


async def test_nobody_waits_for_a_slow_receiver_and_nothing_is_told_twice_meanwhile(desk: Desk) -> None:
    desk.hold = asyncio.Event()
    async with asyncio.timeout(5):
        for _ in range(5):
            await desk.alerts.report(DOWN)
    assert desk.told == []
    desk.hold.set()
    await desk.alerts.settled()
    assert len(desk.told) == 1


async def test_the_end_is_told_after_the_beginning_however_slow_that_was(desk: Desk) -> None:
    desk.hold = asyncio.Event()
    await desk.alerts.report(DOWN)
    end = asyncio.create_task(desk.alerts.recovered(DOWN.kind, DOWN.subject, "over", "Good."))
    await asyncio.sleep(0)
    desk.hold.set()
    await end
    await desk.alerts.settled()
    assert [title for title, _, _ in desk.told] == [DOWN.title, "over"]


async def test_an_alert_that_was_sent_and_cannot_be_noted_ends_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(self: StoredTroubles, trouble: Trouble, now: float) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(StoredTroubles, "told", full)
    assert await desk.report() == 1


# -- Apprise, over HTTP --------------------------------------------------------------------------------------------


class Receiver:
    """A notification service on a real port."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.status = 200
        self.silent: threading.Event | None = None
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if outer.silent is not None:
                    outer.silent.wait(20)
                outer.got.append(json.loads(body))
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Quiet."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"json://127.0.0.1:{self.server.server_address[1]}/hook"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "*")
    found = Receiver()
    yield found
    if found.silent is not None:
        found.silent.set()
    found.server.shutdown()
    found.server.server_close()


async def test_an_alert_arrives_without_its_secrets(receiver: Receiver) -> None:
    send = AppriseSender((receiver.url,), Redactor(["hunter-seven"]))
    assert await send("Title with hunter-seven", "Text with hunter-seven.", False)
    assert await send("Better", "Fine.", True)
    first, second = receiver.got
    assert (first["title"], first["message"], first["type"]) == ("Title with ••••", "Text with ••••.", "warning")
    assert (second["title"], second["type"]) == ("Better", "success")


async def test_many_first_alerts_at_once_all_arrive(receiver: Receiver) -> None:
    send = AppriseSender((receiver.url,), Redactor())
    assert all(await asyncio.gather(*(send(f"t{n}", "x", False) for n in range(5))))
    assert sorted(one["title"] for one in receiver.got) == [f"t{n}" for n in range(5)]


async def test_without_an_address_nobody_is_reached_and_nothing_is_loaded() -> None:
    send = AppriseSender((), Redactor())
    assert await send("t", "x", False) is False
    assert send._apprise is None


async def test_a_receiver_that_refuses_was_not_reached(receiver: Receiver) -> None:
    receiver.status = 500
    assert await AppriseSender((receiver.url,), Redactor())("t", "x", False) is False


async def test_a_receiver_that_never_answers_is_given_up(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SEND_TIMEOUT", 0.2)
    receiver.silent = threading.Event()
    with capture_logs() as logs:
        assert await AppriseSender((f"{receiver.url}?rto=15",), Redactor())("t", "x", False) is False
    assert [log["error"] for log in logs] == ["TimeoutError"]
    receiver.silent.set()


async def test_an_address_nobody_understands_does_not_stop_the_others(receiver: Receiver) -> None:
    with capture_logs() as logs:
        assert await AppriseSender(("nonsense://secret-word", receiver.url), Redactor())("t", "x", False)
    assert [log.get("scheme") for log in logs] == ["nonsense"]
    assert "secret-word" not in str(logs)
    assert len(receiver.got) == 1


@pytest.mark.parametrize(
    ("url", "known"), [("json://localhost/x", True), ("ntfy://topic", True), ("nonsense://x", False), ("", False)]
)
async def test_addresses_are_checked_by_whoever_sends(url: str, known: bool) -> None:
    assert is_alert_url(url) is known
