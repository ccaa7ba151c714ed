"""What two large accounts in step cost: ``python benchmarks/accounts.py [--plays 100000]`` prints one table.

Both stand-ins hold the same plays. ``scrobbled sync`` runs as people run it, to its end: a first run, an idle one, one
with ten news on each side, and one that is killed in the middle of its reading and then run again. The stand-ins run
in a process of their own, Trakt's with its limit of 500 reads in five minutes; nothing waits on purpose.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SHOWS = 1_000
DIARY = "GET /api/user/{username}/diary"
NEWS = 10
KILLED_AT = 0.4
"""Share of the diary's pages after which a run is killed."""
PAGE_OF_DIARY = 24


@dataclass
class Spent:
    """One run of the command."""

    what: str
    wall: float
    cpu: float
    peak: float
    """Megabytes."""
    requests: Counter[str]
    code: int
    said: str

    def row(self) -> str:
        trakt = sum(n for route, n in self.requests.items() if route.startswith("trakt "))
        diary = self.requests[f"serializd {DIARY}"]
        rest = sum(n for route, n in self.requests.items() if route.startswith("serializd ")) - diary
        return (
            f"| {self.what} | {self.wall:.1f} s | {self.cpu:.1f} s | {self.peak:.0f} MB | {trakt:,} | {diary:,} | "
            f"{rest:,} | {self.code} |"
        )


# -- the stand-ins, in a process of their own -------------------------------------------------------------------------


def stand_ins(plays: int, shows: int, port: int) -> None:
    import asyncio

    from scrobbled.sandbox.history import plays as past
    from scrobbled.sandbox.server import Sandbox
    from scrobbled.sandbox.trakt.accounts import TraktPlay, minute

    sandbox = Sandbox(shows=shows, only=("serializd", "trakt", "trakt-auth"))
    trakt = sandbox["trakt"]
    sandbox["serializd"].preload("anna", plays)
    account, now = trakt.account_of("anna"), trakt.now()
    titles = {
        one.trakt: trakt.catalogue.by_id("episode", "trakt", one.trakt)
        for show in sandbox.world.shows
        for one in show.episodes()
    }
    account.history.fill(
        (
            TraktPlay(next(trakt.numbers), titles[play.episode.trakt], minute(play.watched_at), "scrobble")
            for play in past(sandbox.world, plays, now)
        ),
        now,
    )
    account.touch("episodes", "watched_at", now)
    account.limits["history"] = 2 * plays

    async def stand() -> None:
        async with sandbox.running(port=port):
            print("ready", flush=True)
            asyncio.get_running_loop().add_reader(sys.stdin, lambda: _told(sandbox, sys.stdin.readline()))
            await asyncio.Event().wait()

    asyncio.run(stand())


def _told(sandbox: Any, line: str) -> None:
    """News on each side, none of which the other has."""
    from datetime import timedelta

    count = int(line or 0)
    trakt, serializd = sandbox["trakt"], sandbox["serializd"]
    now = trakt.now()
    for n, show in enumerate(sandbox.world.shows[: 2 * count]):
        one, at = show.seasons[1].episodes[0], now - timedelta(minutes=3 * n + 5)
        if n % 2:
            trakt.account_of("anna").add_play(trakt.catalogue.by_id("episode", "trakt", one.trakt), at, "scrobble", now)
        else:
            serializd.log_play("anna", show.tmdb, one.season, one.number, at)
    print("told", flush=True)


# -- the command ------------------------------------------------------------------------------------------------------


class Bench:
    """One home, and the stand-ins beside it."""

    def __init__(self, folder: Path, plays: int, shows: int) -> None:
        self._folder, self._plays = folder, plays
        self._port = _free_port()
        words = [sys.executable, __file__, "--stand-ins", str(plays), "--shows", str(shows), "--port", str(self._port)]
        self._beside = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._beside.stdout is not None
        if self._beside.stdout.readline().strip() != "ready":
            raise SystemExit("the stand-ins did not start")
        self._base = f"http://127.0.0.1:{self._port}"
        self._config = folder / "scrobbled.yaml"
        self._config.write_text(json.dumps(self._settings()))
        self.forget()

    def end(self) -> None:
        self._beside.kill()
        self._beside.wait()

    def forget(self) -> None:
        """Begin with an empty database, signed in."""
        for path in self._folder.glob("scrobbled.db*"):
            path.unlink()
        answer = _asked(f"{self._base}/trakt-auth/_sandbox/sign-in", {"username": "anna"})
        words = [sys.executable, __file__, "--sign-in", str(self._folder / "scrobbled.db")]
        subprocess.run(words, input=json.dumps(answer), text=True, check=True)

    def news(self) -> None:
        assert self._beside.stdin is not None
        assert self._beside.stdout is not None
        self._beside.stdin.write(f"{NEWS}\n")
        self._beside.stdin.flush()
        self._beside.stdout.readline()

    def sync(self, what: str, *, kill_at: int = 0) -> Spent:
        """``kill_at``: after so many pages of the diary."""
        before, began = self.requests(), time.perf_counter()
        words = [sys.executable, "-m", "scrobbled", "sync", "--config", str(self._config)]
        log = self._folder / "log"
        with log.open("w") as out:
            command = subprocess.Popen(words, stdout=out, stderr=out)
            while kill_at and (self.requests() - before)[f"serializd {DIARY}"] < kill_at:
                time.sleep(0.2)
                if command.poll() is not None:
                    break
            if kill_at:
                command.send_signal(signal.SIGKILL)
            _, status, used = os.wait4(command.pid, 0)
        wall = time.perf_counter() - began
        requests, cpu = self.requests() - before, used.ru_utime + used.ru_stime
        code = os.waitstatus_to_exitcode(status)
        return Spent(what, wall, cpu, used.ru_maxrss / 1024, requests, code, log.read_text())

    def requests(self) -> Counter[str]:
        told = Counter[str]()
        for name in ("trakt", "serializd"):
            counts = _asked(f"{self._base}/{name}/_sandbox/requests?n=1")["counts"]
            told.update({f"{name} {route}": count for route, count in counts.items()})
        return told

    def held(self) -> str:
        with sqlite3.connect(self._folder / "scrobbled.db") as db:
            agreed = db.execute("SELECT count(*) FROM links WHERE state = 'agreed'").fetchone()[0]
        size = sum(path.stat().st_size for path in self._folder.glob("scrobbled.db*"))
        return f"{agreed:,} viewings agree; the database has {size / 1e6:.0f} MB"

    def _settings(self) -> dict[str, Any]:
        app = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}
        serializd = {"email": "anna@example.org", "password": "anna-secret", "url": f"{self._base}/serializd/api"}
        trakt = {**app, "url": f"{self._base}/trakt", "auth_url": f"{self._base}/trakt-auth"}
        pair = {"between": ["trakt", "serializd"], "plays": "both", "ratings": "both"}
        anna = {"name": "anna", "trackers": {"serializd": serializd, "trakt": trakt}, "pairs": [pair]}
        return {"storage": {"path": str(self._folder / "scrobbled.db")}, "viewers": [anna]}


def sign_in(database: Path, answer: dict[str, Any]) -> None:
    import asyncio

    from migration import sign_in as signed

    from scrobbled.store import Store

    async def write() -> None:
        store = Store(database)
        await signed(store, answer)
        await store.aclose()

    asyncio.run(write())


def _asked(url: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data)) as answer:
        return json.load(answer)


def _free_port() -> int:
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def everything(plays: int, shows: int, *, killed: bool, verbose: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="scrobbled-bench-") as name:
        bench = Bench(Path(name), plays, shows)
        try:
            print(
                "\n| " + f"{plays:,} plays a side" + " | wall | processor | peak | Trakt | diary pages | other | exit |"
            )
            print("|---|---:|---:|---:|---:|---:|---:|---:|", flush=True)
            _shown(bench.sync("first"), verbose=verbose)
            _shown(bench.sync("idle"), verbose=verbose)
            bench.news()
            _shown(bench.sync(f"{NEWS} news each"), verbose=verbose)
            held = bench.held()
            if killed:
                bench.forget()
                _shown(bench.sync("killed", kill_at=max(2, int(plays / PAGE_OF_DIARY * KILLED_AT))), verbose=verbose)
                _shown(bench.sync("the next one"), verbose=verbose)
            print(f"\n{held}")
        finally:
            bench.end()


def _shown(spent: Spent, *, verbose: bool) -> None:
    print(spent.row(), flush=True)
    if verbose or spent.code > 0:
        print(spent.said, file=sys.stderr)
        for route, count in spent.requests.most_common():
            print(f"  {count:>7,}  {route}", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plays", type=int, default=100_000)
    parser.add_argument("--shows", type=int, default=SHOWS)
    parser.add_argument("--no-kill", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--stand-ins", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--sign-in", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.stand_ins is not None:
        stand_ins(given.stand_ins, given.shows, given.port)
    elif given.sign_in is not None:
        sign_in(given.sign_in, json.load(sys.stdin))
    else:
        everything(given.plays, given.shows, killed=not given.no_kill, verbose=given.verbose)


if __name__ == "__main__":
    main()
