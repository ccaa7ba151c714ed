"""What the drills are made of: the stand-ins on a real port, and ``scrobbled serve`` as a process of its own.

``Town`` runs the stand-ins in a thread, so that a test can switch faults while the service works. ``Service`` is one
configuration and one database; it may be started, killed and started again. ``Ledger`` remembers what was watched and
compares it with what the stand-ins hold: each viewing once, with its own time.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.server
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
import yaml

from scrobbled.plumbing.clock import SystemClock
from scrobbled.sandbox.base import utc_now
from scrobbled.sandbox.faults import Fault
from scrobbled.sandbox.plex.items import LibraryItem
from scrobbled.sandbox.plex.people import ANNA, PlexAccount
from scrobbled.sandbox.plex.player import USER_AGENT, multipart, payload
from scrobbled.sandbox.server import Sandbox
from scrobbled.store import Store
from scrobbled.store.accounts.sign_ins import StoredTokens

T = TypeVar("T")
PLEX_TOKEN = "drill-webhook-token-4711"
HURRIED = {"max_writes_per_hour": 1_000_000, "max_plays_per_item_per_day": 1000}
"""Drills watch more within a minute than a household within a week."""
PATIENCE = 75.0
"""Seconds until what was watched must have arrived: two read-backs of a write in doubt are 30 s apart."""
WAITING = ("queued", "held", "parked", "unmatched", "dead")
SLOWER = 4.0
"""How many times as long as usual anything may take, as many drills and tests share a machine."""
ENDS_WITHIN = 40.0
"""Seconds until a process must have ended that was told to, however busy the machine is."""


web = httpx.Client(trust_env=False, limits=httpx.Limits(max_keepalive_connections=0), timeout=60)
"""One for all: making a client costs more than a request. Each request has a connection of its own, as Plex's have."""


def until(holds: Callable[[], T], seconds: float, what: str) -> T:
    """The first true answer of ``holds``; fails with ``what`` after so many seconds, and more on a busy machine."""
    began = time.monotonic()
    while True:
        if answer := holds():
            return answer
        waited = time.monotonic() - began
        assert waited < seconds * SLOWER, f"after {seconds:.0f} s still not: {what}"
        time.sleep(min(0.5, 0.05 + waited / 20))  # asking costs the processor that others need


PORTS = [range(first, first + 2_750) for first in range(10_000, 32_000, 2_750)]
"""One part for each worker of the tests."""


def free_port() -> int:
    """One below those that Linux gives to whoever asks for any, and in this worker's part of them.

    So it is still free when a process listens there a moment later, and again after it was killed: neither one of our
    many connections nor a service of a test beside has taken it meanwhile, and answered in its name.
    """
    worker = int("".join(filter(str.isdigit, os.environ.get("PYTEST_XDIST_WORKER", ""))) or 0) % len(PORTS)
    while True:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", random.SystemRandom().choice(PORTS[worker])))
            return int(probe.getsockname()[1])


class FastClock:
    """A clock that runs ``rate`` times as fast and can be put forward; real requests go on in real time meanwhile."""

    def __init__(self, rate: float = 20.0) -> None:
        self._rate, self._skipped = rate, 0.0
        self._began, self._start = time.monotonic(), datetime.now(UTC)

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return (time.monotonic() - self._began) * self._rate + self._skipped

    def skip(self, seconds: float) -> None:
        """Put it forward; waits that are over by that end within a hundredth of a real second."""
        self._skipped += seconds

    async def wait(self, event: asyncio.Event, seconds: float | None) -> bool:
        ends = None if seconds is None else self.monotonic() + seconds
        while not event.is_set():
            left = 1.0 if ends is None else ends - self.monotonic()
            if left <= 0:
                return False
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(0.01, left / self._rate)):
                    await event.wait()
        return True


class Town:
    """The stand-ins, in a thread with a loop of its own. ``do`` runs a function there and gives its answer."""

    def __init__(
        self, *, shows: int = 4, now: Callable[[], datetime] = utc_now, sandbox: Sandbox | None = None
    ) -> None:
        self.sandbox = sandbox or Sandbox(shows=shows, now=now)
        self.sandbox["trakt"].limits.enforced = False
        self.base = ""
        self._loop = asyncio.new_event_loop()
        self._end, self._released = asyncio.Event(), asyncio.Event()
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stand-ins", daemon=True)

    def __enter__(self) -> Town:
        self._thread.start()
        assert self._up.wait(ENDS_WITHIN)
        return self

    def __exit__(self, *error: object) -> None:
        self.release()
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(ENDS_WITHIN)
        self._loop.close()

    def _run(self) -> None:
        async def stand() -> None:
            async with self.sandbox.running() as self.base:
                self._up.set()
                await self._end.wait()

        self._loop.run_until_complete(stand())

    def do(self, work: Callable[[], T]) -> T:
        async def now() -> T:
            return work()

        return asyncio.run_coroutine_threadsafe(now(), self._loop).result(ENDS_WITHIN)

    def fault(self, name: str, match: str, kind: str = "status", **more: Any) -> None:
        self.do(lambda: self.sandbox[name].faults.add(Fault(match=match, kind=kind, **more)))  # type: ignore[arg-type]

    def hold(self, name: str, match: str, **more: Any) -> None:
        """The next such request takes effect, and is answered when ``release`` is called."""

        async def wait(seconds: float) -> None:
            await self._released.wait()

        self.do(lambda: setattr(self.sandbox[name], "sleep", wait))
        self.fault(name, match, "latency", when="after", times=1, **more)

    def release(self) -> None:
        self._loop.call_soon_threadsafe(self._released.set)

    def mend(self, *names: str) -> None:
        for name in names or ("serializd", "trakt", "trakt-auth"):
            self.do(self.sandbox[name].faults.clear)
            self.do(self.sandbox[name].faults.end_outage)

    def outage(self, *names: str, drop: bool = False) -> None:
        for name in names or ("serializd", "trakt"):
            self.do(lambda name=name: self.sandbox[name].faults.start_outage(drop=drop))  # type: ignore[misc]

    def control(self, name: str, what: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """A ``POST /_sandbox/…`` as a person sends it."""
        answer = web.post(f"{self.base}/{name}/_sandbox/{what}", json=values)
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]

    def calls(self, name: str, match: str) -> int:
        return len(self.do(lambda: self.sandbox[name].calls(match)))

    def episodes(self) -> list[LibraryItem]:
        """Every episode but specials, in an order that changes the show each time."""
        items = [i for i in self.sandbox["plex"].library.items.values() if i.type == "episode" and i.season.number]
        return sorted(items, key=lambda item: (item.season.number, item.episode.number, item.show.tmdb))

    def movie(self, number: int = 0) -> LibraryItem:
        return self.sandbox["plex"].library.find(self.sandbox.world.movies[number].rating_key)  # type: ignore[no-any-return]

    def serializd(self, username: str = "anna") -> list[tuple[str, str]]:
        """(episode, time) of each diary row, in the order in which the rows were made."""
        shows = self.sandbox.world.shows
        spots = {(show.tmdb, s.tmdb): f"{show.title} S{s.number}" for show in shows for s in show.seasons}
        rows = self.do(self.sandbox["serializd"].state)["accounts"][username]["reviews"]
        rows = sorted(rows, key=lambda row: row["id"])
        return [(f"{spots[row['showId'], row['seasonId']]}E{row['episodeNumber']}", row["backdate"]) for row in rows]

    def trakt(self, username: str = "anna") -> list[tuple[str, str]]:
        """(title, time) of each play, in the order in which the plays were made."""
        rows = self.do(self.sandbox["trakt"].state)["accounts"][username]["history"]
        rows = sorted(rows, key=lambda row: row["id"])
        return [(_title(row["title"], row.get("season"), row.get("number")), row["watched_at"]) for row in rows]

    def trakt_tokens(self, username: str) -> dict[str, Any]:
        grant = self.do(lambda: self.sandbox["trakt"].sign_in(username))
        return {**grant.answer(), "client_id": "sandbox-client", "redirect_uri": grant.redirect_uri}


def _title(title: str, season: int | None, number: int | None) -> str:
    return title if season is None else f"{title} S{season}E{number}"


def label(item: LibraryItem) -> str:
    if item.episode is None or item.show is None:
        return item.title
    return _title(item.show.title, item.episode.season, item.episode.number)


@dataclass(frozen=True)
class Viewing:
    """Something watched to its end at ``at``."""

    item: LibraryItem
    at: datetime
    account: PlexAccount = ANNA

    @property
    def serializd(self) -> tuple[str, str]:
        return label(self.item), self.at.strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def trakt(self) -> tuple[str, str]:
        return label(self.item), self.at.strftime("%Y-%m-%dT%H:%M:00.000Z")

    def webhook(self, event: str = "scrobble") -> tuple[str, bytes]:
        return multipart(payload(event, self.item, self.account, self.at))


def just_now(seconds: float = 0.0) -> datetime:
    """So many seconds ago, in whole seconds as media servers tell them."""
    return datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=seconds)


@dataclass
class Ledger:
    """What was watched: ``sure`` was acknowledged, ``unsure`` was sent and nobody answered."""

    sure: list[Viewing] = field(default_factory=list)
    unsure: list[Viewing] = field(default_factory=list)

    def check(self, town: Town, username: str = "anna") -> None:
        """Each acknowledged viewing is on both sides once and with its own time; nothing else is there."""
        episodes = [v for v in self.sure if v.item.type == "episode"]
        maybe = [v for v in self.unsure if v.item.type == "episode"]
        _compare("Serializd", [v.serializd for v in episodes], [v.serializd for v in maybe], town.serializd(username))
        _compare("Trakt", [v.trakt for v in self.sure], [v.trakt for v in self.unsure], town.trakt(username))


def _compare(
    side: str, sure: Sequence[tuple[str, str]], maybe: Sequence[tuple[str, str]], held: Sequence[tuple[str, str]]
) -> None:
    missing = Counter(sure) - Counter(held)
    extra = Counter(held) - Counter(sure) - Counter(maybe)
    doubled = [row for row, times in Counter(held).items() if times > Counter([*sure, *maybe])[row]]
    assert not missing, f"{side} lacks {sorted(missing)}"
    assert not extra, f"{side} holds what nobody watched, or twice: {sorted(extra)}, doubled {doubled}"


class Service:
    """``scrobbled serve`` with one configuration and one database, in ``folder``."""

    def __init__(self, folder: Path, town: Town | None, *, config: Mapping[str, Any] | None = None) -> None:
        self.folder, self.town = folder, town
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.hook = f"{self.url}/webhooks/plex/{PLEX_TOKEN}"
        self.database = folder / "state" / "scrobbled.db"
        self.log_path = folder / "scrobbled.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.config: dict[str, Any] = {
            "server": {"host": "127.0.0.1", "port": self.port},
            "storage": {"path": str(self.database)},
            "sources": {"plex": {"token": PLEX_TOKEN}},
            "viewers": [self.viewer("anna")],
            "safety": HURRIED,
            **(config or {}),
        }

    def viewer(self, name: str, **trackers: Mapping[str, Any]) -> dict[str, Any]:
        """A viewer's section with both trackers at the stand-ins; ``trackers`` adds to their settings."""
        base = self.town.base if self.town else "http://127.0.0.1:9"
        serializd = {"email": f"{name}@example.org", "password": f"{name}-secret", "url": f"{base}/serializd/api"}
        app = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}
        trakt = {**app, "url": f"{base}/trakt", "auth_url": f"{base}/trakt-auth"}
        fast = {"pace": "0s"}
        return {
            "name": name,
            "accounts": {"plex": [name]},
            "trackers": {
                "serializd": {**serializd, **fast, **trackers.get("serializd", {})},
                "trakt": {**trakt, **fast, **trackers.get("trakt", {})},
            },
        }

    @property
    def config_path(self) -> Path:
        return self.folder / "scrobbled.yaml"

    def write_config(self) -> None:
        self.config_path.write_text(yaml.safe_dump(self.config))

    def sign_in_to_trakt(self, username: str = "anna", values: Mapping[str, Any] | None = None) -> None:
        """As ``scrobbled auth trakt`` leaves it behind, without its waiting."""
        assert self.town is not None
        given = dict(values or self.town.trakt_tokens(username))

        async def store() -> None:
            database = Store(self.database)
            tokens = StoredTokens(database, username, "trakt", lambda values: None, SystemClock().now)
            await tokens.save(given)
            await database.aclose()

        asyncio.run(store())

    def start(self, *, wait: bool = True, wrapper: Sequence[str] = ()) -> Service:
        self.write_config()
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [*wrapper, *self.command("serve")], stdout=log, stderr=log, env=self._environment()
            )
        if wait:
            until(self.is_up, 60, f"the service answers; its log: {self.log()[-2000:]}")
        return self

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "scrobbled", *words, "--config", str(self.config_path)]

    def _environment(self) -> dict[str, str]:
        return {k: v for k, v in os.environ.items() if "proxy" not in k.lower()} | {"NO_PROXY": "*"}

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command beside the service; its exit code is the caller's to judge."""
        self.write_config()
        return subprocess.run(
            self.command(*words), capture_output=True, text=True, timeout=240, env=self._environment(), check=False
        )

    def begin(self, *words: str) -> subprocess.Popen[str]:
        """A command that is talked to while it runs."""
        self.write_config()
        return subprocess.Popen(self.command(*words), stdout=subprocess.PIPE, text=True, env=self._environment())

    def is_up(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"the service ended: {self.log()[-2000:]}"
        try:
            return web.get(f"{self.url}/health/live", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def kill(self) -> None:
        """SIGKILL: no goodbye."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(ENDS_WITHIN)

    def end(self, seconds: float = ENDS_WITHIN) -> int:
        """SIGTERM; the exit code, which must come within ``seconds``."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def restart(self) -> Service:
        assert self.end() == 0
        return self.start()

    def log(self) -> str:
        return self.log_path.read_text("utf-8", "replace") if self.log_path.exists() else ""

    def get(self, path: str) -> httpx.Response:
        return web.get(f"{self.url}{path}")

    def post(self, kind: str, body: bytes, *, method: str = "POST") -> httpx.Response:
        headers = {"Content-Type": kind, "User-Agent": USER_AGENT}
        return web.request(method, self.hook, content=body, headers=headers)

    def watch(self, ledger: Ledger, *viewings: Viewing) -> None:
        """Send the scrobble of each, and note it in ``ledger`` by what was answered."""
        for viewing in viewings:
            try:
                answer = self.post(*viewing.webhook())
            except httpx.HTTPError:
                ledger.unsure.append(viewing)
                continue
            assert answer.status_code == 200, answer.text
            assert answer.json()["event"]
            ledger.sure.append(viewing)

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def status(self) -> dict[str, Any]:
        """What ``scrobbled status`` tells, by the API where it runs: that costs no process."""
        if self.is_running:
            return self.get("/api/v1/status").json()  # type: ignore[no-any-return]
        done = self.run("status", "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)  # type: ignore[no-any-return]

    def account(self, tracker: str, viewer: str = "anna") -> dict[str, Any]:
        rows = self.status()["trackers"]
        return next(row for row in rows if (row["viewer"], row["tracker"]) == (viewer, tracker))

    def state(self, tracker: str, viewer: str = "anna") -> str:
        """How an account is, by ``/health/ready``: cheaper to ask again and again than ``status``."""
        return str(self.get("/health/ready").json()["components"][f"{viewer}/{tracker}"]["state"])

    def queue(self) -> list[dict[str, Any]]:
        """What ``scrobbled queue list`` tells."""
        done = self.run("queue", "list", "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)  # type: ignore[no-any-return]

    def not_delivered(self) -> list[dict[str, Any]]:
        """The first fifty of the queue, cheap enough to be asked often."""
        return self.get("/api/v1/queue").json()["changes"]  # type: ignore[no-any-return]

    def retry(self) -> None:
        assert web.post(f"{self.url}/api/v1/queue/retry").status_code == 200

    def waiting(self, tracker: str = "") -> float:
        """Changes not delivered, by the metrics: cheap enough to be asked often."""
        named = f'tracker="{tracker}' if tracker else ""
        return sum(value for name, value in self.metric("scrobbled_outbox_changes").items() if named in name)

    def only_parked(self, tracker: str) -> bool:
        """Whether one change waits, and waits for the catalogue of ``tracker``."""
        held = {name: value for name, value in self.metric("scrobbled_outbox_changes").items() if value}
        booked = self.metric("scrobbled_deliveries_total").items()
        counted = sum(value for name, value in booked if 'outcome="parked"' in name and f'tracker="{tracker}"' in name)
        return held == {f'scrobbled_outbox_changes{{state="parked",tracker="{tracker}"}}': 1.0} and counted == 1

    def metric(self, name: str) -> dict[str, float]:
        lines = [line for line in self.get("/metrics").text.splitlines() if line.startswith((f"{name}{{", f"{name} "))]
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}

    def settled(self, seconds: float = PATIENCE) -> None:
        """Wait until nothing waits any more."""
        until(lambda: not self.waiting(), seconds, "everything is delivered")

    def all_booked(self, ledger: Ledger, *, others: int = 0) -> None:
        """Every acknowledged webhook is counted in ``status``, and each play is where it belongs.

        ``others`` is how many webhooks were acknowledged that made no play.
        """
        facts = self.status()
        least = len(ledger.sure) + others
        assert least <= sum(facts["events"].values()) <= least + len(ledger.unsure), facts["events"]
        assert len(ledger.sure) <= facts["plays"] <= len(ledger.sure) + len(ledger.unsure), facts
        for row in facts["trackers"]:
            assert sum(row["counts"].values()) == facts["plays"], row
            assert row["waiting"] == 0, row
            assert set(row["counts"]) <= {"delivered", "already-there", "unwanted"}, row


class Receiver:
    """Takes alerts as Apprise's ``json://`` sends them, unless its ``status`` says that it refuses them.

    It answers while ``answers`` is set; ``refused`` is how many it did not take.
    """

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.answers = threading.Event()
        self.answers.set()
        self.status = 200
        self.refused = 0
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.answers.wait(ENDS_WITHIN)
                if receiver.status == 200:
                    receiver.told.append(json.loads(body))
                else:
                    receiver.refused += 1
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, *values: object) -> None:
                """Quiet."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        patient = "?cto=60&rto=60"  # else Apprise gives up after four seconds, which a busy machine may need
        self.url = f"json://127.0.0.1:{self._server.server_address[1]}/{patient}"

    def __enter__(self) -> Receiver:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def titles(self) -> list[str]:
        return [alert["title"] for alert in self.told]

    def about(self, words: str) -> list[dict[str, Any]]:
        return [alert for alert in self.told if words in f"{alert['title']} {alert['message']}"]


@contextlib.contextmanager
def serving(folder: Path, town: Town, **config: Any) -> Iterator[Service]:
    """A service that is signed in and started; whatever still runs at the end is killed."""
    service = Service(folder, town, config=config)
    service.sign_in_to_trakt()
    try:
        yield service.start()
    finally:
        if service.process is not None and service.process.poll() is None:
            service.kill()
