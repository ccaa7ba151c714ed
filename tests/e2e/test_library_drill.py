"""The process is killed at points of a first sync of a library: in the end each viewing is on Trakt once, at its time.

Each point is a first sync of its own, killed at a request that took effect and was never answered, at one that was not
even taken, or some moments later: in turn at a write, at one to the library and at one to Trakt, evenly over all that
an undisturbed sync asks. Five points and 200 things in the ordinary run; ``SCROBBLED_LIBRARY_KILLS=50
SCROBBLED_LIBRARY_ITEMS=2000`` for a long one, ``SCROBBLED_DRILL_SEED`` for others.
"""

import asyncio
import contextlib
import os
import random
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pytest

from scrobbled.sandbox.base import Dropped
from scrobbled.sandbox.homes.large import large, trakt_title
from scrobbled.sandbox.plex.app import OWNER_TOKEN

from .harness import ENDS_WITHIN, Service, Town, until

KILLS = int(os.environ.get("SCROBBLED_LIBRARY_KILLS", "5"))
ITEMS = int(os.environ.get("SCROBBLED_LIBRARY_ITEMS", "200"))
SEED = int(os.environ.get("SCROBBLED_DRILL_SEED", "7"))
LANES = (("trakt", "POST /sync/history"), ("plex", "*"), ("trakt", "*"))
Moment = Literal["before", "after", "later"]
MOMENTS: tuple[Moment, ...] = ("after", "before", "later")
Minutes = Counter[tuple[int, str]]
"""By the number that Trakt has for a film or an episode, and the minute."""


@dataclass(frozen=True)
class Point:
    """``moment`` of the so manieth request of that kind; ``later`` is so many seconds after it was answered."""

    name: str
    match: str
    request: int
    moment: Moment
    later: float
    served: bool
    """A ``serve`` does the work that ``sync`` asks for; else ``sync`` does it alone."""


@contextlib.contextmanager
def _town() -> Iterator[Town]:
    only = ("plex", "plextv", "trakt", "trakt-auth")
    sandbox = large(movies=ITEMS * 3 // 4, episodes=ITEMS, watched=ITEMS, only=only)
    with Town(sandbox=sandbox) as town:
        yield town


def _service(folder: Path, town: Town, *, served: bool) -> Service:
    folder.mkdir()
    service = Service(folder, town)
    anna = service.config["viewers"][0]
    plex = {"url": f"{town.base}/plex", "token": OWNER_TOKEN, "account_url": f"{town.base}/plextv"}
    anna["trackers"] = {"plex": plex, "trakt": anna["trackers"]["trakt"]}
    anna["pairs"] = [{"between": ["plex", "trakt"], "plays": "both", "ratings": "both"}]
    service.sign_in_to_trakt()
    return service.start() if served else service


def _watched(town: Town) -> Minutes:
    """As the history of the library has it."""
    catalogue = town.sandbox["trakt"].catalogue
    rows = town.do(lambda: list(town.sandbox["plex"].views.history))
    return Counter((trakt_title(catalogue, row.item).trakt, _minute(row.at)) for row in rows)


def _on_trakt(town: Town) -> Minutes:
    plays = town.do(lambda: list(town.sandbox["trakt"].account_of("anna").history))
    return Counter((play.title.trakt, _minute(play.watched_at)) for play in plays)


def _minute(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")


@contextlib.contextmanager
def _armed(town: Town, point: Point) -> Iterator[threading.Event]:
    """The event is set when the request is there. It hangs, and has no further effect, until all is over."""
    reached, over = threading.Event(), asyncio.Event()

    async def hang(seconds: float) -> None:
        reached.set()
        if point.moment != "later":
            await over.wait()
            raise Dropped

    town.do(lambda: setattr(town.sandbox[point.name], "sleep", hang))
    when = "before" if point.moment == "before" else "after"
    town.fault(point.name, point.match, "latency", skip=point.request - 1, times=1, when=when)
    yield reached
    town.do(over.set)
    town.mend("plex", "trakt")


def _run_until(reached: threading.Event, point: Point, *processes: subprocess.Popen[Any]) -> bool:
    """Kills them all at ``point``; false where it was never reached."""
    while not (met := reached.wait(0.005)) and processes[-1].poll() is None:
        pass
    time.sleep(point.later)
    for process in processes:
        process.kill()
        process.wait(ENDS_WITHIN)
        if process.stdout is not None:
            process.stdout.close()
    return met


def _come_to_rest(service: Service) -> None:
    def ran() -> bool:
        done = service.run("sync")
        assert done.returncode == 0, (done.stdout, done.stderr, service.log()[-3000:])
        return "nothing to do" in done.stdout

    until(ran, 150, "a run finds nothing to do")


def _killed_at(folder: Path, point: Point) -> bool:
    """One first sync, killed there, and all that comes after it. Whether the point was met."""
    with _town() as town:
        service = _service(folder, town, served=point.served)
        with _armed(town, point) as reached:
            serving = [service.process] if service.process is not None else []
            met = _run_until(reached, point, *serving, service.begin("sync"))
        if point.served:
            service.start()
        try:
            _come_to_rest(service)
            watched = _watched(town)
            assert _on_trakt(town) == watched, point
            assert sum(watched.values()) == ITEMS
            _come_to_rest(service)
            assert _on_trakt(town) == watched, point
        finally:
            if service.is_running:
                service.kill()
    return met


def _undisturbed(folder: Path) -> list[int]:
    """How many requests of each lane a first sync makes."""
    with _town() as town:
        service = _service(folder, town, served=False)
        assert service.run("sync").returncode == 0
        assert _on_trakt(town) == _watched(town)
        return [town.calls(*lane) for lane in LANES]


def _points(counts: Sequence[int]) -> Iterator[Point]:
    """Evenly over the requests of each lane, in turn."""
    dice, each = random.Random(SEED), -(-KILLS // len(LANES))
    for k in range(KILLS):
        lane, turn = k % len(LANES), k // len(LANES)
        request = 1 + (2 * turn + 1) * counts[lane] // (2 * each)
        moment = MOMENTS[(turn + lane) % len(MOMENTS)]
        yield Point(*LANES[lane], request, moment, dice.uniform(0.0, 0.4) if moment == "later" else 0.0, k % 2 == 1)


@pytest.mark.beside
def test_each_viewing_is_on_trakt_once_at_its_minute_wherever_a_first_sync_was_killed(tmp_path: Path) -> None:
    points = list(_points(_undisturbed(tmp_path / "undisturbed")))
    met = sum(_killed_at(tmp_path / f"point-{n}", point) for n, point in enumerate(points))
    assert met * 5 >= KILLS * 4, f"only {met} of {KILLS} points were met"
