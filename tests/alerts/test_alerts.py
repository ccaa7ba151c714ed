"""Telling people once when trouble begins, again after a while, and once when it is over."""

import asyncio
import html
import http.server
import itertools
import json
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec.structs import replace
from structlog.testing import capture_logs

from conftest import FakeClock
from flows.rig import hurried
from patience import LONGEST, until
from scrobbled.alerts import CALM, WINDOW, AlertAddress, AlertMessage, Alerts, AppriseSender, Now, Trouble, is_alert_url
from scrobbled.alerts import sending as module
from scrobbled.alerts.telling import ROUND
from scrobbled.core.errors import StoreError
from scrobbled.plumbing.metrics import Metrics
from scrobbled.plumbing.redact import Redactor
from scrobbled.store import Store
from scrobbled.store.notes.alerts import StoredTroubles

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # Apprise imports it
DOWN = Trouble("down", "anna/trakt", "anna/trakt does not answer", "503. Plays are kept.", viewer="anna")
DAY = 86_400.0
MESSAGE = AlertMessage("t", "x", good=False)


@dataclass
class Notebook:
    """An address that accepts what it gets while it is ``reachable``; ``told`` are title, text and "good news"."""

    address: AlertAddress
    told: list[tuple[str, str, bool]] = field(default_factory=list)
    reachable: bool = True
    hold: asyncio.Event | None = None
    asked: int = 0
    """How many messages were handed to it."""

    @property
    def titles(self) -> list[str]:
        return [title for title, _, _ in self.told]


class Senders:
    """One notebook for each address."""

    def __init__(self, *addresses: AlertAddress) -> None:
        self.addresses = addresses
        self.books = {address.url: Notebook(address) for address in addresses}

    async def send(self, address: AlertAddress, message: AlertMessage) -> str:
        book = self.books[address.url]
        book.asked += 1
        if book.hold is not None:
            await book.hold.wait()
        if not book.reachable:
            return "refused"
        book.told.append((message.title, message.text, message.good))
        return ""


EVERYTHING = AlertAddress("test://everything", "alerts.urls[0]")


@dataclass
class Desk:
    """Alerts over a real database, told to one address that gets everything, and to ``others``."""

    store: Store
    clock: FakeClock
    others: tuple[AlertAddress, ...] = ()

    def __post_init__(self) -> None:
        self.senders = Senders(EVERYTHING, *self.others)
        self.restart()

    def restart(self) -> None:
        self.metrics = Metrics()
        self.alerts = Alerts(
            StoredTroubles(self.store),
            self.senders,
            repeat=DAY,
            now=self.clock.now,
            metrics=self.metrics,
            root="http://nas.local:8484",
        )

    @property
    def book(self) -> Notebook:
        return self.senders.books[EVERYTHING.url]

    @property
    def told(self) -> list[tuple[str, str, bool]]:
        return self.book.told

    async def passes(self, seconds: float = 0.0) -> int:
        """Time passes, a minute at a time as for the chore; returns how many messages went out."""
        before, ends = len(self.told), self.clock.monotonic() + seconds
        await self.alerts.settled()
        while (left := ends - self.clock.monotonic()) > 0:
            self.clock.advance(min(60.0, left))
            await self.alerts.settled()
        return len(self.told) - before

    async def report(self, trouble: Trouble = DOWN, *, after: float = 0.0) -> int:
        """How many messages went out because of it."""
        self.clock.advance(after)
        await self.alerts.report(trouble)
        return await self.passes()

    async def recovered(self, *, after: float = 0.0) -> int:
        self.clock.advance(after)
        await self.alerts.recovered(DOWN.kind, DOWN.subject, "anna/trakt works again", "What waited is delivered.")
        return await self.passes()

    def counted(self, outcome: str) -> float:
        labels = {"kind": "down", "outcome": outcome}
        return self.metrics.registry.get_sample_value("scrobbled_alerts_total", labels) or 0.0


@pytest.fixture
async def desk(tmp_path: Path, clock: FakeClock, anyio_backend: str) -> AsyncIterator[Desk]:
    store = Store(tmp_path / "scrobbled.db")
    await hurried(store)
    with capture_logs():
        yield Desk(store, clock)
    await store.aclose()


# -- when -------------------------------------------------------------------------------------------------------------


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
    assert await desk.report() == 1, "it is trouble again"


async def test_what_lasts_is_told_again_though_nobody_sees_it_again(desk: Desk) -> None:
    await desk.report()
    assert await desk.passes(DAY - 60) == 0
    assert await desk.passes(60) == 1
    title, text, good = desk.told[-1]
    assert (title, good) == ("Still: anna/trakt does not answer", False)
    assert text.startswith("For 24 hours now. 503. Plays are kept.")


async def test_what_is_meant_to_be_told_once_is_not_repeated(desk: Desk) -> None:
    assert await desk.report(replace(DOWN, once=True)) == 1
    assert await desk.passes(3 * DAY) == 0


async def test_the_end_of_what_was_never_told_is_not_told(desk: Desk) -> None:
    assert await desk.recovered() == 0
    desk.book.reachable = False
    await desk.report()
    desk.book.reachable = True
    assert await desk.recovered() == 0
    assert await desk.passes(DAY) == 0


async def test_trouble_that_is_over_within_the_window_is_nobodys_news(desk: Desk) -> None:
    await desk.alerts.report(DOWN)
    assert await desk.recovered() == 0


async def test_what_could_not_be_sent_is_tried_again_less_and_less_often_and_arrives(desk: Desk) -> None:
    desk.book.reachable = False
    await desk.report()
    await desk.passes(6 * 3600)
    assert 10 <= desk.counted("failed") <= 16, "half a minute, doubling up to an hour"
    desk.restart()
    desk.book.reachable = True
    assert await desk.passes(3600) == 1, "nobody saw it again, and a restart came between"
    assert desk.told[0][0] == DOWN.title
    assert await desk.recovered() == 1
    assert desk.counted("failed") == 0, "since the restart"


async def test_a_retry_does_not_wait_for_a_clock_that_was_put_back(desk: Desk) -> None:
    desk.book.reachable = False
    await desk.report()
    await desk.passes(3600)
    desk.book.reachable = True
    desk.clock.advance(-30 * DAY)
    assert await desk.passes() == 1


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
    desk.book.hold = asyncio.Event()
    await desk.alerts.report(DOWN)
    telling = asyncio.create_task(desk.alerts.settled())
    async with asyncio.timeout(LONGEST):
        for _ in range(5):
            await desk.alerts.report(DOWN)
        await desk.alerts.recovered(DOWN.kind, DOWN.subject, "over", "Good.")
    assert desk.told == []
    desk.book.hold.set()
    await telling
    await desk.alerts.settled()
    assert desk.book.titles == [DOWN.title, "over"]


async def test_a_message_in_flight_at_the_end_is_noted(desk: Desk) -> None:
    desk.book.hold = asyncio.Event()
    await desk.alerts.report(DOWN)
    telling = asyncio.create_task(desk.alerts.settled())
    await until(lambda: desk.book.asked, "it is in flight")
    telling.cancel()
    closing = asyncio.create_task(desk.alerts.aclose(LONGEST))
    await asyncio.sleep(0)
    desk.book.hold.set()
    await closing
    desk.restart()
    assert await desk.passes() == 0
    assert desk.book.titles == [DOWN.title]


async def test_the_end_does_not_wait_longer_than_it_may(desk: Desk) -> None:
    desk.book.hold = asyncio.Event()
    await desk.alerts.report(DOWN)
    async with asyncio.timeout(LONGEST):
        await desk.alerts.aclose(0.05)
    desk.book.hold = None
    desk.restart()
    assert await desk.passes() == 1, "it is told after the next start"


async def test_an_alert_that_was_sent_and_cannot_be_noted_is_not_sent_again_and_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(self: StoredTroubles, *given: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(StoredTroubles, "told", full)
        assert await desk.report() == 1
        assert await desk.passes(3600) == 0
    assert await desk.recovered() == 1


async def test_the_chore_gathers_what_begins_within_the_window(desk: Desk) -> None:
    windows, told = [], asyncio.Event()

    class Waiting(FakeClock):
        """Somebody else is in trouble too before the window is over."""

        async def wait(self, event: asyncio.Event, seconds: float | None) -> bool:
            if desk.told:
                told.set()
                return await event.wait()
            windows.append(seconds)
            name = "ben" if seconds == WINDOW else "anna"
            await desk.alerts.report(Trouble("down", f"{name}/trakt", f"{name}/trakt does not answer", "503."))
            return event.is_set()

    chore = asyncio.create_task(desk.alerts.run(Waiting()))
    async with asyncio.timeout(LONGEST):
        await told.wait()
    chore.cancel()
    assert desk.book.titles == ["anna/trakt does not answer, and 1 more"]
    assert windows == [ROUND, WINDOW]


# -- what comes and goes ----------------------------------------------------------------------------------------------


async def test_a_tracker_that_flaps_all_day_is_told_four_times(desk: Desk) -> None:
    """It begins, ends, is back; then its end, once that has held."""
    for _ in range(4 * 60):
        await desk.report(after=60)
        await desk.recovered(after=60)
    assert [good for _, _, good in desk.told] == [False, True, False]
    assert desk.told[2][1].startswith("It is back, after it began")
    assert "You hear of its end when that holds for 30 minutes." in desk.told[2][1]
    assert await desk.passes(CALM - 60) == 0
    assert await desk.passes(60) == 1
    assert desk.told[-1][1].endswith("It took 7 hours, and it came back 239 times.")


async def test_what_came_back_and_stays_is_repeated_as_anything_else(desk: Desk) -> None:
    await desk.report()
    await desk.recovered(after=60)
    await desk.report(after=60)
    assert await desk.passes(DAY) == 1
    assert desk.told[-1][1].startswith("For 24 hours now, and it came back once. 503.")


async def test_after_a_calm_it_is_a_new_trouble(desk: Desk) -> None:
    await desk.report()
    await desk.recovered(after=60)
    assert await desk.passes(CALM) == 0
    assert await desk.alerts._memory.everything() == []
    assert await desk.report() == 1
    assert desk.told[-1][1] == DOWN.text
    assert await desk.recovered(after=60) == 1, "its end is told at once"


async def test_what_begins_again_before_its_end_was_told_is_not_told_to_begin_twice(desk: Desk) -> None:
    """The end has held for long enough, but nobody has said so yet."""
    for _ in range(2):
        await desk.report(after=60)
        await desk.recovered(after=60)
    assert [good for _, _, good in desk.told] == [False, True, False]
    assert await desk.report(after=CALM) == 0
    assert await desk.recovered(after=60) == 1


class Flapping(RuleBasedStateMachine):
    """Whatever happens, what the address was told last is true, or damped, and it is never told the same twice."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.desk = Desk(Store(Path(self.folder.name) / "s.db"), FakeClock())
        self.runner.run(hurried(self.desk.store))
        self.down = False
        self.logs = capture_logs()
        self.logs.__enter__()

    def teardown(self) -> None:
        self.runner.run(self.desk.store.aclose())
        self.runner.close()
        self.logs.__exit__(None, None, None)
        self.folder.cleanup()

    @rule(after=st.floats(0, 4000))
    def fails(self, after: float) -> None:
        self.runner.run(self.desk.report(after=after))
        self.down = True

    @rule(after=st.floats(0, 4000))
    def works(self, after: float) -> None:
        self.runner.run(self.desk.recovered(after=after))
        self.down = False

    @rule(seconds=st.floats(0, 8000))
    def nothing_happens(self, seconds: float) -> None:
        self.runner.run(self.desk.passes(seconds))

    @rule()
    def starts_again(self) -> None:
        self.desk.restart()

    @rule(can=st.booleans())
    def can_be_reached(self, can: bool) -> None:
        self.desk.book.reachable = can

    @invariant()
    def ends_follow_beginnings(self) -> None:
        kinds = [good for title, _, good in self.desk.told if not title.startswith("Still")]
        assert all(before is not after for before, after in itertools.pairwise(kinds))
        assert not kinds[:1] or kinds[0] is False

    @precondition(lambda self: self.desk.book.reachable)
    @rule()
    def the_truth_is_told_after_a_calm(self) -> None:
        self.runner.run(self.desk.passes(CALM + 3600))
        last = self.desk.told[-1][2] if self.desk.told else True
        assert last is not self.down


TestFlapping = Flapping.TestCase
TestFlapping.settings = settings(max_examples=20, stateful_step_count=12, deadline=None)


# -- who --------------------------------------------------------------------------------------------------------------

ANNAS = AlertAddress("test://anna", "alerts.urls[1]", viewers=frozenset({"Anna "}))
FLOODS = AlertAddress("test://floods", "alerts.urls[2]", kinds=frozenset({"flood"}))
TROUBLES = (
    Trouble("down", "anna/trakt", "annas", "x", viewer="anna"),
    Trouble("down", "ben/trakt", "bens", "x", viewer="ben"),
    Trouble("flood", "ben/trakt", "flood", "x", viewer="ben"),
    Trouble("backup", "backup", "house", "x"),
)


async def test_everybody_gets_what_concerns_them(desk: Desk) -> None:
    desk.others = (ANNAS, FLOODS)
    desk.__post_init__()
    for trouble in TROUBLES:
        await desk.report(trouble)
    told = {url: book.titles for url, book in desk.senders.books.items()}
    assert told == {
        "test://everything": ["annas", "bens", "flood", "house"],
        "test://anna": ["annas"],
        "test://floods": ["flood"],
    }


async def test_one_address_that_fails_does_not_have_the_others_told_twice(desk: Desk) -> None:
    desk.others = (ANNAS,)
    desk.__post_init__()
    desk.senders.books[ANNAS.url].reachable = False
    await desk.report(TROUBLES[0])
    await desk.passes(3600)
    desk.senders.books[ANNAS.url].reachable = True
    await desk.passes(3600)
    assert [book.titles for book in desk.senders.books.values()] == [["annas"], ["annas"]]


async def test_an_address_written_twice_is_told_once(desk: Desk) -> None:
    again = AlertAddress(EVERYTHING.url, "alerts.urls[1]", viewers=frozenset({"anna"}))
    desk.others = (again,)
    desk.__post_init__()
    assert await desk.report(TROUBLES[0]) == 1


async def test_a_corrected_address_gets_what_is_open(desk: Desk) -> None:
    await desk.report()
    fresh = Senders(ANNAS, FLOODS)
    desk.alerts.use(fresh, DAY)
    await desk.alerts.report(TROUBLES[0])
    await desk.alerts.settled()
    assert fresh.books[ANNAS.url].titles == ["annas"]
    assert fresh.books[FLOODS.url].titles == []


async def test_another_repeat_holds_at_once(desk: Desk) -> None:
    await desk.report()
    desk.alerts.use(desk.senders, 3600)
    assert await desk.passes(3600) == 1


async def test_what_a_former_version_told_is_not_told_again(desk: Desk) -> None:
    await desk.alerts.report(DOWN)
    await desk.store.write(lambda db: db.execute("INSERT INTO alerts_told VALUES ('down', 'anna/trakt', '*', 1e9, 0)"))
    desk.alerts.use(desk.senders, 1e12)
    assert await desk.passes() == 0
    assert await desk.recovered() == 1


# -- how it stands ----------------------------------------------------------------------------------------------------


async def test_figures_are_asked_for_when_it_is_told(desk: Desk) -> None:
    held = [1]

    async def figures() -> str:
        return f"{held[0]} plays are held."

    await desk.alerts.report(Trouble("flood", "anna/trakt", "many plays", "Approve or drop them.", figures=figures))
    held[0] = 4700
    await desk.passes()
    assert desk.told[0][1].startswith("4700 plays are held. Approve or drop them.")


async def test_figures_that_fail_silence_nobody(desk: Desk) -> None:
    async def figures() -> str:
        raise ZeroDivisionError

    await desk.alerts.report(Trouble("flood", "anna/trakt", "many plays", "Approve.", figures=figures))
    await desk.report()
    assert len(desk.told) == 1
    assert "Approve." in desk.told[0][1]


async def test_a_look_decides_whether_it_lasts_and_what_is_said(desk: Desk) -> None:
    stands = Now(lasts=None)

    async def look(subject: str) -> Now:
        assert subject == "anna/trakt"
        return stands

    desk.alerts.look("down", look)
    assert await desk.report() == 0, "it is not known"
    stands = Now(title="14 plays wait", text="New text.", figures="14.")
    assert await desk.passes() == 1
    assert desk.told[-1][:2] == ("14 plays wait", "14. New text.")
    stands = Now(False, "anna/trakt is gone", "Nothing more.")
    assert await desk.passes() == 1
    assert desk.told[-1] == ("anna/trakt is gone", "Nothing more. It took 1 minute.", True)
    assert await desk.passes(DAY) == 0


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
    send = AppriseSender([AlertAddress(receiver.url)], Redactor(["hunter-seven"]))
    to = send.addresses[0]
    assert await send.send(to, AlertMessage("Title with hunter-seven", "Text with hunter-seven.", good=False)) == ""
    assert await send.send(to, AlertMessage("Better", "Fine.", good=True)) == ""
    first, second = receiver.got
    assert (first["title"], first["message"], first["type"]) == ("Title with ••••", "Text with ••••.", "warning")
    assert (second["title"], second["type"]) == ("Better", "success")


async def test_many_first_alerts_at_once_all_arrive(receiver: Receiver) -> None:
    sender = AppriseSender([AlertAddress(receiver.url)], Redactor())
    to = sender.addresses[0]
    answers = await asyncio.gather(*(sender.send(to, AlertMessage(f"t{n}", "x", good=False)) for n in range(5)))
    assert set(answers) == {""}
    assert sorted(one["title"] for one in receiver.got) == [f"t{n}" for n in range(5)]


async def test_without_an_alert_apprise_is_not_loaded() -> None:
    assert AppriseSender([AlertAddress("json://localhost/x")], Redactor())._services == {}


async def sent(url: str) -> str:
    sender = AppriseSender([AlertAddress(url, "alerts.urls[0]")], Redactor())
    return await sender.send(sender.addresses[0], MESSAGE)


async def test_a_receiver_that_refuses_was_not_reached_and_says_why_without_its_address(receiver: Receiver) -> None:
    receiver.status = 500
    why = await sent(f"{receiver.url}/secret-path")
    assert "500" in why
    assert not [part for part in ("127.0.0.1", "secret-path", "hook") if part in why]


async def test_a_receiver_that_never_answers_is_given_up(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SEND_TIMEOUT", 0.2)
    receiver.silent = threading.Event()
    with capture_logs() as logs:
        assert (await sent(f"{receiver.url}?rto=15")).startswith("no answer within")
    assert [log["error"] for log in logs] == ["TimeoutError"]
    receiver.silent.set()


async def test_an_address_nobody_understands_is_said_to_be_one() -> None:
    with capture_logs() as logs:
        assert await sent("nonsense://secret-word") == module.NOT_UNDERSTOOD
    assert [log.get("scheme") for log in logs] == ["nonsense"]
    assert "secret-word" not in str(logs)


@pytest.mark.parametrize("format", ["html", "markdown", "text"])
async def test_titles_of_media_servers_are_text_for_services_that_want_something_else(
    receiver: Receiver, format: str
) -> None:
    """``<b>`` and ``_`` are part of a title, and neither bold nor a reason for the service to refuse the message."""
    sender = AppriseSender([AlertAddress(f"{receiver.url}?format={format}")], Redactor())
    await sender.send(sender.addresses[0], AlertMessage("t", "Tom <b>& Jerry_2", good=False))
    shown = receiver.got[0]["message"].replace("&nbsp;", " ").replace("\\", "")
    assert html.unescape(shown) == "Tom <b>& Jerry_2"
    assert ("<b>" in receiver.got[0]["message"]) is (format == "text")


def test_an_address_is_named_without_telling_it() -> None:
    address = AlertAddress("tgram://123456789:abcdefABCDEF/42", "alerts.urls[0]")
    assert address.label == "tgram://••••"
    assert not [part for part in ("123456789", "abcdef") if part in f"{address!r} {address.key} {address.label}"]


@pytest.mark.parametrize(
    ("url", "known"), [("json://localhost/x", True), ("ntfy://topic", True), ("nonsense://x", False), ("", False)]
)
async def test_addresses_are_checked_by_whoever_sends(url: str, known: bool) -> None:
    assert is_alert_url(url) is known
