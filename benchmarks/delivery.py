"""What it costs to bring a history to Trakt: ``python benchmarks/delivery.py [--plays 2000,20000]`` prints one table.

The plays wait in the queue as a run puts them there; the service as people run it brings them to Trakt's stand-in,
which runs in a process of its own with Trakt's limits. From its start to the last confirmation. Rows: ids that Trakt
knows; every tenth request answered 502 after the plays were taken, after half of them, or cut off; ids that Trakt does
not know, so that each play is looked for by its show and number.
"""

from __future__ import annotations

import argparse
import asyncio
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
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from scrobbled.core.naming.ids import EpisodeIds, ShowIds
from scrobbled.core.naming.items import Episode
from scrobbled.sandbox.world import build

ADD = "POST /sync/history"
FIRST = datetime(2021, 3, 1, 19, tzinfo=UTC)
APART = timedelta(hours=2)
PATIENCE = 1_500.0
"""Seconds after which a row is given up."""


@dataclass
class Brought:
    """One row of the table."""

    what: str
    wall: float
    cpu: float
    peak: float
    """Megabytes."""
    requests: Counter[str]
    plays: int
    delivered: int
    there: int
    doubled: int

    def row(self) -> str:
        writes, all_ = self.requests[ADD], sum(self.requests.values())
        lost = self.plays - self.there + self.doubled
        return (
            f"| {self.what} | {self.wall:.1f} s | {self.cpu:.1f} s | {self.peak:.0f} MB | {writes:,} | {all_:,} | "
            f"{self.delivered:,} | {lost:,} | {self.doubled:,} |"
        )

    @property
    def good(self) -> bool:
        return self.delivered == self.there == self.plays and self.doubled == 0


# -- the stand-in, in a process of its own ----------------------------------------------------------------------------


def shows_for(plays: int) -> int:
    return plays // 15 + 5


def stand_in(plays: int, port: int) -> None:
    from scrobbled.sandbox.server import Sandbox

    sandbox = Sandbox(shows=shows_for(plays), only=("trakt", "trakt-auth"))

    async def stand() -> None:
        async with sandbox.running(port=port):
            print("ready", flush=True)
            await asyncio.Event().wait()

    asyncio.run(stand())


def faults() -> list[dict[str, Any]]:
    """Every tenth history POST, in turn: done, half done, or dropped."""
    from dataclasses import asdict

    from scrobbled.sandbox.faults import Fault, in_turn

    wrong = [
        Fault(match=ADD, status=502, when="after"),
        Fault(match=ADD, kind="half"),
        Fault(match=ADD, kind="drop"),
    ]
    return [asdict(fault) for fault in in_turn(wrong, 10)]


# -- one home ---------------------------------------------------------------------------------------------------------


def items(plays: int, *, known: bool) -> Iterator[Episode]:
    """Different episodes; with ``known`` false their ids are none of Trakt's."""
    world = build(shows=shows_for(plays))
    found = ((show, one) for show in world.shows for one in show.episodes() if one.season)
    for number, (show, one) in zip(range(plays), found, strict=False):
        ids = EpisodeIds(tvdb=one.tvdb, tmdb=one.tmdb) if known else EpisodeIds(tvdb=900_000_000 + number)
        yield Episode(
            show.title,
            one.season,
            one.number,
            title=one.title,
            show_year=show.year,
            air_date=one.air_date,
            show_ids=ShowIds(tvdb=show.tvdb, tmdb=show.tmdb),
            ids=ids,
        )


def prepare(database: Path, plays: int, answer: dict[str, Any], *, known: bool) -> int:
    """Returns how many wait."""
    from scrobbled.plumbing.clock import SystemClock
    from scrobbled.store import Store
    from scrobbled.store.accounts.sign_ins import StoredTokens
    from scrobbled.store.queue import additions

    signed_in = {**answer, "client_id": "sandbox-client", "redirect_uri": "urn:ietf:wg:oauth:2.0:oob"}

    wanted = [
        additions.NewAddition("anna", "serializd", str(n), "trakt", item, FIRST + n * APART, 2_700)
        for n, item in enumerate(items(plays, known=known))
    ]

    async def write() -> None:
        store = Store(database)
        await StoredTokens(store, "anna", "trakt", lambda values: None, SystemClock().now).save(signed_in)
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            await store.write(lambda db, part=part: [additions.add(db, one, 1, time.time()) for one in part])
        await store.aclose()

    asyncio.run(write())
    return len(wanted)


class Bench:
    def __init__(self, folder: Path, plays: int) -> None:
        self._folder, self._plays, self._port = folder, plays, _free_port()
        words = [sys.executable, __file__, "--stand-in", str(plays), "--port", str(self._port)]
        self._beside = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert self._beside.stdout is not None
        if self._beside.stdout.readline().strip() != "ready":
            raise SystemExit("the stand-in did not start")
        self._base = f"http://127.0.0.1:{self._port}"

    def end(self) -> None:
        self._beside.kill()
        self._beside.wait()

    def bring(self, what: str, *, known: bool = True, broken: bool = False) -> Brought:
        answer = _asked(f"{self._base}/trakt-auth/_sandbox/sign-in", {"username": "anna"})
        database = self._folder / "scrobbled.db"
        plays = prepare(database, self._plays, answer, known=known)
        if broken:
            _asked(f"{self._base}/trakt/_sandbox/faults", faults())
        config = self._folder / "scrobbled.yaml"
        config.write_text(json.dumps(self._settings(database)))
        began = time.perf_counter()
        with (self._folder / "log").open("w") as out:
            service = subprocess.Popen(
                [sys.executable, "-m", "scrobbled", "serve", "--config", str(config)], stdout=out, stderr=out
            )
        try:
            delivered = _await_all(database, plays)
            wall = time.perf_counter() - began
            peak = _peak(service.pid)
        finally:
            service.send_signal(signal.SIGTERM)
            _, _, used = os.wait4(service.pid, 0)
        there = Counter((one["trakt"], one["watched_at"]) for one in self._history())
        doubled = sum(there.values()) - len(there)
        cpu = used.ru_utime + used.ru_stime
        return Brought(what, wall, cpu, peak, self._requests(), plays, delivered, len(there) + doubled, doubled)

    def _history(self) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = _asked(f"{self._base}/trakt/_sandbox/state")["accounts"]["anna"]["history"]
        return told

    def _requests(self) -> Counter[str]:
        return Counter(_asked(f"{self._base}/trakt/_sandbox/requests?n=1")["counts"])

    def _settings(self, database: Path) -> dict[str, Any]:
        app = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}
        trakt = {**app, "url": f"{self._base}/trakt", "auth_url": f"{self._base}/trakt-auth"}
        return {
            "server": {"host": "127.0.0.1", "port": _free_port()},
            "storage": {"path": str(database)},
            "viewers": [{"name": "anna", "trackers": {"trakt": trakt}}],
        }


def _await_all(database: Path, plays: int) -> int:
    until = time.monotonic() + PATIENCE
    done = 0
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
        while time.monotonic() < until and done < plays:
            time.sleep(0.1)
            (done,) = db.execute("SELECT count(*) FROM outbox WHERE state = 'delivered'").fetchone()
    return done


def _peak(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def _asked(url: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data)) as answer:
        return json.load(answer)


def _free_port() -> int:
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def measure(what: str, plays: int, *, verbose: bool, **how: bool) -> bool:
    with tempfile.TemporaryDirectory(prefix="scrobbled-bench-") as name:
        bench = Bench(Path(name), plays)
        try:
            brought = bench.bring(what, **how)
            print(brought.row(), flush=True)
            if verbose:
                print((Path(name) / "log").read_text()[-4_000:], file=sys.stderr)
                for route, count in brought.requests.most_common():
                    print(f"  {count:>7,}  {route}", file=sys.stderr)
        finally:
            bench.end()
    return brought.good


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plays", default="2000,20000", help="how many, with commas between")
    parser.add_argument("--only", default="known,broken,unknown", help="the rows of each")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--stand-in", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.stand_in is not None:
        stand_in(given.stand_in, given.port)
        return
    print("| plays | wall | processor | peak | adding | requests | delivered | lost | doubled |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|", flush=True)
    rows: dict[str, dict[str, bool]] = {"known": {}, "broken": {"broken": True}, "unknown": {"known": False}}
    good = True
    for plays in map(int, given.plays.split(",")):
        for name in given.only.split(","):
            good &= measure(f"{plays:,} {name}", plays, verbose=given.verbose, **rows[name])
    if not good:
        raise SystemExit("not every play arrived once")


if __name__ == "__main__":
    main()
