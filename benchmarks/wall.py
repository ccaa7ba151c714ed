"""The wall of what was watched: ``python benchmarks/wall.py [--plays 100000]``; one table of milliseconds.

Pages, searches and filters are asked for as browsers do, of a database that is filled through the store's functions.
The worst are searches that find nothing, as everything is looked through; wanted are 200 ms, and no more memory.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import random
import statistics
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from _service import percentile

from scrobbled.config import loads
from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.watching.plays import Play
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.runtime.service import build
from scrobbled.sandbox.server import Sandbox
from scrobbled.store.file.opening import open_database
from scrobbled.store.inbox import events
from scrobbled.store.inbox.events import Queued
from scrobbled.store.works import works
from scrobbled.web.app import create_app

WANTED, MOST_MEMORY = 200.0, 32.0
"""Milliseconds of 95 in 100, and megabytes more than before, after hundreds of pages."""
ROUNDS = 15
CONFIG = """
server: {{host: 127.0.0.1}}
storage: {{path: {path}}}
logging: {{level: error}}
sources: {{plex: {{token: benchmark-webhook-token}}}}
viewers:
  - {{name: anna, accounts: {{plex: anna}}}}
  - {{name: ben, accounts: {{plex: ben}}}}
"""
ASKED = {
    "the newest page": "/history",
    "a page of the middle": "/history?before=1736000000-1",
    "a search that finds much": "/history?q=harbour",
    "a search for one episode": "/history?q=harbour+s2e5",
    "a search that finds nothing": "/history?q=zzqq",
    "eight words that find nothing": "/history?q=a+e+i+o+n+r+s+zzqq",
    "one person, one tracker, held": "/history?viewer=ben&tracker=serializd&outcome=held",
    "filters that find nothing": "/history?viewer=ben&tracker=trakt&outcome=undone&media=movie",
    "three days long ago": "/history?since=2023-06-01&until=2023-06-03",
    "as typed: only the wall": "/history?q=harb&fragment=1",
    "the same from the API": "/api/v1/history?q=harbour&limit=48",
    "a story": "/plays/p5000",
}


def filled(path: Path, plays: int) -> Path:
    """Four years of two people, the last of it now; one play in fifty waits for something."""
    world, dice, now = Sandbox(shows=60, movies=40).world, random.Random(7), datetime.now(UTC)
    items: list[Item] = [
        Episode(show.title, one.season, one.number, one.title, show.year)
        for show in world.shows
        for one in show.episodes()
    ]
    items += [Movie(movie.title, movie.year) for movie in world.movies]
    with closing(open_database(path)) as db:
        db.execute("PRAGMA synchronous = OFF")
        for number in range(plays):
            if number % 2_000 == 0:
                db.execute("COMMIT") if db.in_transaction else None
                db.execute("BEGIN")
            at = now - timedelta(days=1_500) * (1 - number / plays)
            waits = dice.choice([PlayOutcome.HELD, PlayOutcome.PARKED, PlayOutcome.DEAD, PlayOutcome.UNMATCHED])
            state = waits if dice.random() < 0.02 else PlayOutcome.DELIVERED
            ways = [Queued("serializd", state, ""), Queued("trakt", PlayOutcome.DELIVERED, "")]
            play = Play(dice.choice(["anna", "ben"]), "plex", dice.choice(items), at, 2_700_000)
            events.add_play(db, play, None, ways, at)
        while works.catch_up(db, 2_000):  # as the service does by itself, some minutes after plays came
            db.execute("COMMIT")
            db.execute("BEGIN")
        db.execute("COMMIT")
    return path


def resident() -> float:
    """Megabytes at this moment."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


async def timed(browser: httpx.AsyncClient, path: str) -> tuple[list[float], int]:
    """Milliseconds of each round, and the bytes of the answer."""
    took, size = [], 0
    for _ in range(ROUNDS):
        began = time.perf_counter()
        answer = await browser.get(path)
        took.append(1000 * (time.perf_counter() - began))
        assert answer.status_code == 200, (path, answer.text)
        size = len(answer.content)
    return took, size


async def measured(path: Path) -> bool:
    runtime = build(loads(CONFIG.format(path=path), {}))
    transport = httpx.ASGITransport(create_app(runtime), client=("127.0.0.1", 40_000))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8484") as browser:
        await timed(browser, "/history")
        gc.collect()
        before, worst = resident(), 0.0
        print(f"{'':32}{'median':>9}{'p95':>9}{'KB':>7}")
        for what, path_ in ASKED.items():
            took, size = await timed(browser, path_)
            high = percentile(took, 0.95)
            worst = max(worst, high)
            print(f"{what:32}{statistics.median(took):>6.0f} ms{high:>6.0f} ms{size / 1024:>7.0f}")
        more = resident() - before
    await runtime.aclose()
    print(f"worst {worst:.0f} ms of {WANTED:.0f}; {more:.1f} MB more resident, of {MOST_MEMORY:.0f}")
    return worst <= WANTED and more <= MOST_MEMORY


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plays", type=int, default=100_000)
    plays = parser.parse_args().plays
    with tempfile.TemporaryDirectory(prefix="scrobbled-bench-") as folder:
        path = filled(Path(folder) / "scrobbled.db", plays)
        print(f"{plays:,} plays, {path.stat().st_size / 1_048_576:.0f} MB")
        if not asyncio.run(measured(path)):
            raise SystemExit("too slow, or too much memory")


if __name__ == "__main__":
    main()
