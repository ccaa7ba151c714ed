"""As quick after years as on the first day, and the disk a play takes: parts ``aged`` and ``disk`` of ``bench.py``.

Two services run side by side, one on a new database and one on a big one, and are asked in turn, so that whatever else
the machine does meets both.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from _service import TOKEN, Connection, answers, episodes, free_port, until, webhook
from grown import Filler, grown, tidy

from scrobbled.sandbox.server import Sandbox
from scrobbled.store.file.opening import open_database
from scrobbled.store.keeping import housekeeping

CONFIG = """
server: {{host: 127.0.0.1, port: {port}}}
storage: {{path: {database}, keep_raw_events: 3650d}}
logging: {{level: error}}
sources: {{plex: {{token: {token}}}}}
viewers:
  - name: anna
    accounts: {{plex: anna}}
    trackers: &nowhere
      serializd: {{email: anna@example.org, password: anna-secret, url: "http://127.0.0.1:9/api"}}
      trakt: {{client_id: nobody, client_secret: nobody, url: "http://127.0.0.1:9", auth_url: "http://127.0.0.1:9"}}
  - name: ben
    accounts: {{plex: ben}}
    trackers: *nowhere
"""
PLACES = ("/metrics", "/api/v1/status", "/", "/api/v1/queue", "/api/v1/plays", "/health/ready")
COMMANDS = (("status", "--json"), ("queue", "list", "--json"))
SETTLING = 40.0
"""Seconds after the start in which unclaimed webhooks are looked through again."""
WANTED = 1.5
"""How much slower the big one may be."""


@dataclass(frozen=True)
class Ratio:
    """Seconds of the same on the small database and on the big one."""

    work: str
    small: float
    big: float

    @property
    def times(self) -> float:
        return self.big / self.small


@dataclass(frozen=True)
class Sizes:
    """Megabytes of the file for 10,000 plays: with every body still kept, and a year later."""

    kept: float
    after: float


@contextlib.contextmanager
def databases(plays: int, events: int) -> Iterator[tuple[Path, Path]]:
    """A small one and a big one."""
    with tempfile.TemporaryDirectory(prefix="scrobbled-aged-") as name:
        small = grown(Path(name) / "small.db", plays=100, events=1_000)
        yield small, grown(Path(name) / "big.db", plays=plays, events=events)


@contextlib.asynccontextmanager
async def serving(database: Path, port: int, token: str) -> AsyncIterator[tuple[Path, float]]:
    """``scrobbled serve`` on ``database``: its configuration, and the seconds until it was ready."""
    config = database.with_suffix(".yaml")
    config.write_text(CONFIG.format(port=port, database=database, token=token))
    started = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "scrobbled", "serve", "--config", str(config), stderr=asyncio.subprocess.DEVNULL
    )
    await until(lambda: answers(port, "/health/ready"), 60)
    try:
        yield config, time.perf_counter() - started
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()


async def compare(small: Path, big: Path, rounds: int) -> list[Ratio]:
    ports, items = (free_port(), free_port()), episodes(Sandbox(shows=60))
    async with serving(small, ports[0], TOKEN) as (config, began), serving(big, ports[1], TOKEN) as (aged, began_big):
        await asyncio.sleep(SETTLING)
        lines = [Connection(port) for port in ports]
        ratios = [Ratio("start to ready", began, began_big)]
        hooks = [webhook(items[n % len(items)]) for n in range(rounds)]
        ratios.append(await in_turn("acknowledgement", lines, hooks))
        for place in PLACES:
            request = f"GET {place} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
            ratios.append(await in_turn(place, lines, [request] * max(20, rounds // 4)))
        for words in COMMANDS:
            ratios.append(await commands(words, (config, aged)))
    return ratios


async def in_turn(work: str, lines: Sequence[object], requests: Sequence[bytes]) -> Ratio:
    """The median of each, asked one after the other."""
    times: tuple[list[float], list[float]] = ([], [])
    for request in requests:
        for line, mine in zip(lines, times, strict=True):
            status, took = await line.ask(request)  # type: ignore[attr-defined]
            if status != 200:
                raise SystemExit(f"{work} was answered with {status}")
            mine.append(took)
    return Ratio(work, statistics.median(times[0]), statistics.median(times[1]))


async def commands(words: Sequence[str], configs: Sequence[Path], rounds: int = 7) -> Ratio:
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for config, mine in zip(configs, times, strict=True):
            started = time.perf_counter()
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "scrobbled", *words, "--config", str(config), stdout=asyncio.subprocess.DEVNULL
            )
            if await process.wait():
                raise SystemExit(f"scrobbled {words[0]} failed")
            mine.append(time.perf_counter() - started)
    # most of it is the start of Python, which is noise: the quickest of each tells what the database adds
    return Ratio(f"scrobbled {' '.join(words[:-1])}", min(times[0]), min(times[1]))


def sizes(plays: int, *, details: int) -> Sizes:
    """Six webhooks for each play, both trackers delivered."""
    with tempfile.TemporaryDirectory(prefix="scrobbled-disk-") as name:
        now, folder = datetime.now(UTC), Path(name)
        with closing(open_database(folder / "kept.db")) as db:
            db.execute("PRAGMA synchronous = OFF")
            Filler(db, now, timedelta(days=13), details=details, unclaimed=0.0).fill(plays, 6 * plays)
        with closing(open_database(folder / "after.db")) as db:
            db.execute("PRAGMA synchronous = OFF")
            a_year(db, now, plays, details)
        open_database(folder / "empty.db").close()
        empty, kept, after = ((folder / f"{name}.db").stat().st_size for name in ("empty", "kept", "after"))
        share = 10_000 / plays / 2**20
        return Sizes((kept - empty) * share, (after - empty) * share)


def a_year(db: sqlite3.Connection, now: datetime, plays: int, details: int) -> None:
    """The same plays in the course of a year, with housekeeping every week as it would be."""
    weeks, week = 52, timedelta(days=7)
    for number in range(weeks):
        then = now - week * (weeks - 1 - number)
        Filler(db, then, week, details=details, unclaimed=0.0).fill(plays // weeks, 6 * (plays // weeks))
        tidy(db, housekeeping.HousekeepingTime(then, then - timedelta(days=14)))
