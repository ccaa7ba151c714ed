"""One home for ``library.py``: ``scrobbled serve``, the command ``sync`` beside it, and what both used."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from _service import TOKEN, Connection, answers, free_port, until, webhook

from scrobbled.sandbox import world as worlds
from scrobbled.sandbox.plex.items import episode_item

APART = 0.05
"""Seconds between two webhooks."""
KEPT = ("subjects", "subject_names", "records", "valued", "links", "agreed", "works", "plays", "outbox", "amendments")


@dataclass
class Spent:
    """One or several commands, and what the service did meanwhile. ``peak`` is in megabytes."""

    wall: float = 0.0
    cpu: float = 0.0
    peak: float = 0.0
    requests: dict[str, Any] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)
    """Seconds of each acknowledgement."""

    def to(self, *names: str, what: str = "all") -> int:
        return sum(self.requests[name][what] for name in names)

    def routes(self, name: str) -> list[tuple[str, int]]:
        return sorted(self.requests[name]["routes"].items())

    @property
    def plex(self) -> int:
        return self.to("plex", "plextv")

    @property
    def trakt(self) -> int:
        return self.to("trakt", "trakt-auth")

    def told(self) -> str:
        return f"{self.wall:.1f} s ({self.cpu:.1f} s of processor), {self.peak:.0f} MB, {self.plex} and {self.trakt}"


class Home:
    """``anna``'s service, and the stand-ins beside it."""

    def __init__(self, folder: Path, beside: subprocess.Popen[str], config: dict[str, Any], episodes: int) -> None:
        self.database, self._config = folder / "scrobbled.db", folder / "scrobbled.yaml"
        self._folder, self._beside, self._port = folder, beside, config["server"]["port"]
        self._config.write_text(json.dumps(config))
        self._serve: subprocess.Popen[bytes] | None = None
        self._hooks = itertools.cycle(_paused(episodes))

    def ask(self, *command: Any) -> Any:
        """The stand-ins; see ``_stand_ins.StandIns``."""
        assert self._beside.stdin is not None
        assert self._beside.stdout is not None
        self._beside.stdin.write(json.dumps(command) + "\n")
        self._beside.stdin.flush()
        return json.loads(self._beside.stdout.readline())

    async def serve(self) -> None:
        self._serve = self._begun("serve", "serve.log")
        await until(lambda: answers(self._port, "/health/ready"), 60)

    async def end(self) -> None:
        if self._serve is not None:
            self._serve.send_signal(signal.SIGTERM)
            await asyncio.to_thread(self._serve.wait)
            self._serve = None

    async def sync(self, *words: str) -> tuple[dict[str, Any], Any]:
        """What the command said of its one run, and what it used."""
        process = self._begun("sync", "sync.json", "--json", *words)
        _, status, used = await asyncio.to_thread(os.wait4, process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said = (self._folder / "sync.json").read_text()
        if process.returncode or not said:
            raise SystemExit(
                f"sync ended with {process.returncode}\n{said}\n{(self._folder / 'sync.json.log').read_text()}"
            )
        return json.loads(said)["runs"][0], used

    def _begun(self, command: str, out: str, *words: str) -> subprocess.Popen[bytes]:
        whole = [sys.executable, "-m", "scrobbled", command, "--config", str(self._config), *words]
        with (self._folder / out).open("w") as said, (self._folder / f"{out}.log").open("w") as log:
            return subprocess.Popen(whole, stdout=said, stderr=log)

    async def spent(self, *runs: Sequence[str], hooks: bool = True) -> tuple[dict[str, Any], Spent]:
        """What these commands took, one after the other, and what the last one said."""
        spent, told = Spent(), dict[str, Any]()
        self._forget_peak()
        began, cpu = time.perf_counter(), self._cpu()
        sending = asyncio.create_task(self.acknowledged(spent.waits)) if hooks and self._serve else None
        for words in runs:
            told, used = await self.sync(*words)
            spent.cpu += used.ru_utime + used.ru_stime
            spent.peak = max(spent.peak, used.ru_maxrss / 1024)
        spent.wall = time.perf_counter() - began
        if sending is not None:
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sending
        spent.cpu += self._cpu() - cpu
        spent.peak = max(spent.peak, self._peak())
        spent.requests = self.ask("requests")
        return told, spent

    async def acknowledged(self, waits: list[float], seconds: float = 7_200.0) -> None:
        """Webhooks of something paused; what each waited for its answer."""
        line, ends = Connection(self._port), time.perf_counter() + seconds
        while time.perf_counter() < ends:
            status, took = await line.ask(next(self._hooks))
            if status != 200:
                raise SystemExit(f"a webhook was answered with {status}")
            waits.append(took)
            await asyncio.sleep(APART)

    def kept(self) -> dict[str, str]:
        """A digest of every table that a run could write to, but for runs themselves and what came by webhook."""
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as db:
            names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {name: _digest(db.execute(f"SELECT * FROM {name}")) for name in names if name in KEPT}

    def _cpu(self) -> float:
        if self._serve is None:
            return 0.0
        fields = Path(f"/proc/{self._serve.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _peak(self) -> float:
        if self._serve is None:
            return 0.0
        lines = Path(f"/proc/{self._serve.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))

    def _forget_peak(self) -> None:
        """From here on the largest resident set is that of what comes now."""
        if self._serve is not None:
            Path(f"/proc/{self._serve.pid}/clear_refs").write_text("5")


def _digest(rows: Iterator[Any]) -> str:
    digest = hashlib.blake2b()
    for row in rows:
        digest.update(repr(row).encode())
    return digest.hexdigest()


def _paused(episodes: int) -> list[bytes]:
    """What is paused is of the last shows of the library, of which nothing was watched or is marked."""
    shows = worlds.sized(movies=0, episodes=episodes).shows[-3:]
    return [webhook(episode_item(show, one), "pause") for show in shows for one in show.episodes()]


def settings(database: Path, base: str, port: int, *, catch_up: bool) -> dict[str, Any]:
    plex = {"url": f"{base}/plex", "token": "sandbox-plex-token", "account_url": f"{base}/plextv"}
    app = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}
    trakt = {**app, "url": f"{base}/trakt", "auth_url": f"{base}/trakt-auth"}
    heard = {"token": TOKEN, "url": f"{base}/plex", "server_token": "sandbox-plex-token"}
    pair = {"between": ["plex", "trakt"], "plays": "both", "ratings": "both"}
    anna = {"name": "anna", "accounts": {"plex": ["anna"]}, "trackers": {"plex": plex, "trakt": trakt}, "pairs": [pair]}
    return {
        "server": {"host": "127.0.0.1", "port": port},
        "storage": {"path": str(database)},
        "safety": {"max_writes_per_hour": 50},  # so that small ones want their yes, too
        "sources": {"plex": {**heard, "catch_up": "1m"} if catch_up else heard},
        "viewers": [anna],
    }


@contextlib.asynccontextmanager
async def home(*, catch_up: bool = False, **shelf: Any) -> AsyncIterator[Home]:
    """With the service running; ``shelf`` is as in ``_stand_ins.Shelf``."""
    with tempfile.TemporaryDirectory(prefix="scrobbled-bench-") as name, _beside(shelf) as (beside, base):
        port = free_port()
        config = settings(Path(name) / "scrobbled.db", base, port, catch_up=catch_up)
        made = Home(Path(name), beside, config, shelf["episodes"])
        _signed_in(made.database, made.ask("sign_in"))
        made.ask("hooks", f"http://127.0.0.1:{port}/webhooks/plex/{TOKEN}")
        made.ask("requests")
        await made.serve()
        try:
            yield made
        finally:
            await made.end()


@contextlib.contextmanager
def _beside(shelf: dict[str, Any]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The stand-ins, and where they are."""
    port = free_port()
    words = [sys.executable, str(Path(__file__).with_name("_stand_ins.py")), str(port), json.dumps(shelf)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as beside:
        assert beside.stdout is not None
        if beside.stdout.readline().strip() != "ready":
            raise SystemExit("the stand-ins did not start")
        try:
            yield beside, f"http://127.0.0.1:{port}"
        finally:
            beside.kill()


def _signed_in(database: Path, answer: dict[str, Any]) -> None:
    """By a process of its own, as everything else that holds the database."""
    words = [sys.executable, __file__, str(database)]
    subprocess.run(words, input=json.dumps(answer), text=True, check=True)


def sign_in(database: Path, answer: dict[str, Any]) -> None:
    from migration import sign_in as signed

    from scrobbled.store import Store

    async def write() -> None:
        store = Store(database)
        await signed(store, answer)
        await store.aclose()

    asyncio.run(write())


if __name__ == "__main__":
    sign_in(Path(sys.argv[1]), json.load(sys.stdin))
