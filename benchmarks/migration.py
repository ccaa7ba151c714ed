"""What reconciling costs: requests, time and webhooks meanwhile. ``python benchmarks/migration.py [--plays 2000]``.

The migrations run in this process with a clock that leaps over every wait, so that the default pace costs no time and
what is measured is the pace itself. The webhooks are sent to ``scrobbled serve``, with the stand-ins beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import yaml
from _service import TOKEN, Connection, answers, free_port, percentile, until, webhook

from scrobbled.config import load
from scrobbled.plumbing import log
from scrobbled.plumbing.clock import SystemClock
from scrobbled.plumbing.redact import Redactor
from scrobbled.reconcile import Ended, Options
from scrobbled.reconcile.pairs import wired
from scrobbled.runtime.service import Runtime, build
from scrobbled.sandbox.history import plays as past
from scrobbled.sandbox.plex.items import episode_item
from scrobbled.sandbox.serializd.store import Review, stamp
from scrobbled.sandbox.server import Sandbox
from scrobbled.store import Store
from scrobbled.store.accounts.sign_ins import StoredTokens
from scrobbled.store.mirror import runs

SHOWS = (60, 115)
"""Two seasons each: 1,080 episodes, so that many were watched twice, or some 2,070, most of them once."""
PACE = 0.3
"""Serializd's by default, in seconds."""
OLD_PROGRAM = 4_234
FAILING = 0.1


class LeapingClock:
    """Passes when it is waited for, and at once."""

    def __init__(self) -> None:
        self._passed, self._start = 0.0, datetime.now(UTC)

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        return self._passed

    def advance(self, seconds: float) -> None:
        self._passed += max(seconds, 1e-6)  # less would be lost in the rounding, and no wait ever over

    async def wait(self, event: asyncio.Event, seconds: float | None) -> bool:
        await asyncio.sleep(0)
        if seconds is None:
            return await event.wait()
        if not event.is_set():
            self.advance(seconds)
        return event.is_set()


class Flaky(httpx.AsyncBaseTransport):
    """Answers a share of the writes to Serializd with 500, half of them after they took effect."""

    def __init__(self, inner: httpx.AsyncBaseTransport, share: float) -> None:
        self._inner, self._share, self._dice = inner, share, random.Random(4)
        self.failed = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        is_write = request.method == "POST" and "/serializd/" in request.url.path and "login" not in request.url.path
        if not is_write or self._dice.random() >= self._share:
            return await self._inner.handle_async_request(request)
        self.failed += 1
        if self._dice.random() < 0.5:
            await self._inner.handle_async_request(request)
        return httpx.Response(500, text="Internal Server Error", request=request)


@dataclass
class Home:
    """One viewer with a pair, in this process."""

    sandbox: Sandbox
    clock: LeapingClock
    runtime: Runtime
    flaky: Flaky
    before: Counter[str] = field(default_factory=Counter)

    async def compare(self, **options: Any) -> Ended:
        one, asked = next(wired(self.runtime.config, self.runtime.couriers)), Options(**options)
        whose, now = (one.sides.viewer, one.sides.pair), self.clock.now().timestamp()
        run = await self.runtime.store.write(lambda db: runs.ask(db, *whose, "sync", asked.stored(), now))
        return await self.runtime.keeper.reconciler(one).run(run, asked)

    async def deliver(self) -> None:
        for courier in self.runtime.couriers.values():
            while (wait := await courier.step()) is not None and wait <= 1_800:
                self.clock.advance(wait)

    async def migrate(self) -> None:
        """As a person does it: look at the plan, say yes, and wait."""
        ended = await self.compare()
        if ended.outcome == "approval":
            ended = await self.compare(plan=ended.plan_id)
        if ended.outcome != "done":
            raise SystemExit(f"the migration was {ended.outcome}: {ended.reason}")
        await self.deliver()

    async def settle(self) -> None:
        """Until a run finds nothing to do: the first reads all that was written."""
        for _ in range(5):
            if (await self.compare()).outcome == "nothing":
                return
            await self.deliver()

    def requests(self) -> Counter[str]:
        told = Counter[str]()
        for name in ("trakt", "serializd"):
            told.update({f"{name} {route}": count for route, count in self.sandbox[name].counts.items()})
        return told

    def held(self) -> tuple[int, int]:
        """Plays that Serializd lacks, and rows that are too many."""
        rows = Counter(
            (r.season_id, r.episode_number, r.backdate[:16])
            for r in self.sandbox["serializd"].accounts["anna"].reviews.values()
        )
        shows = self.sandbox.world.shows
        seasons = {(show.trakt, s.number): s.tmdb for show in shows for s in show.seasons}
        wanted = Counter(
            (seasons[p.title.show.trakt, p.title.season], p.title.number, p.watched_at.isoformat()[:16])
            for p in self.sandbox["trakt"].account_of("anna").history
        )
        return sum((wanted - rows).values()), sum((rows - wanted).values())


@contextlib.asynccontextmanager
async def home(count: int, shows: int, *, pace: str | None, failing: float = 0.0) -> AsyncIterator[Home]:
    """``count`` plays of so many shows at Trakt, none at Serializd."""
    with tempfile.TemporaryDirectory(prefix="scrobbled-bench-") as name:
        folder, clock = Path(name), LeapingClock()
        sandbox = Sandbox(shows=shows, now=clock.now)
        sandbox["trakt"].limits.enforced = False
        fill_trakt(sandbox, count)
        path = folder / "scrobbled.yaml"
        path.write_text(yaml.safe_dump(settings(folder, "http://sandbox", pace=pace)))
        flaky = Flaky(httpx.ASGITransport(sandbox), failing)
        runtime = build(load(path, {}), clock=clock, transport=flaky, by_clock=False)
        await sign_in(runtime.store, sandbox["trakt"].sign_in("anna").answer())
        try:
            yield Home(sandbox, clock, runtime, flaky)
        finally:
            await runtime.aclose()


def fill_trakt(sandbox: Sandbox, count: int) -> None:
    trakt = sandbox["trakt"]
    account, now = trakt.account_of("anna"), trakt.now()
    for play in past(sandbox.world, count, now):
        title = trakt.catalogue.by_id("episode", "trakt", play.episode.trakt)
        account.add_play(title, play.watched_at, "scrobble", now)


def fill_serializd(sandbox: Sandbox, plays: int) -> None:
    """The same viewings as ``fill_trakt``, but for the last hundred."""
    serializd, account = sandbox["serializd"], sandbox["serializd"].accounts["anna"]
    for play in islice(past(sandbox.world, plays, sandbox["trakt"].now()), plays - 100):
        at, show = stamp(play.watched_at), play.show.tmdb
        season, episode = serializd.catalogue.season_id(show, play.episode.season), play.episode.number
        account.put(Review(next(serializd.next_id), show, season, episode, 0, at, at, is_rewatch=play.rewatch))
        account.tick(show, season, episode, at)


def settings(folder: Path, base: str, *, pace: str | None, port: int = 0) -> dict[str, Any]:
    paced = {} if pace is None else {"pace": pace}
    serializd = {"email": "anna@example.org", "password": "anna-secret", "url": f"{base}/serializd/api", **paced}
    app = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}
    trakt = {**app, "url": f"{base}/trakt", "auth_url": f"{base}/trakt-auth", **paced}
    pair = {"between": ["trakt", "serializd"], "plays": "both", "ratings": "both", "every": "1h"}
    return {
        **({"server": {"host": "127.0.0.1", "port": port}} if port else {}),
        "storage": {"path": str(folder / "scrobbled.db")},
        "logging": {"level": "warning"},
        "sources": {"plex": {"token": TOKEN}},
        "viewers": [
            {
                "name": "anna",
                "accounts": {"plex": "anna"},
                "trackers": {"serializd": serializd, "trakt": trakt},
                "pairs": [pair],
            }
        ],
    }


async def sign_in(store: Store, answer: dict[str, Any]) -> None:
    tokens = StoredTokens(store, "anna", "trakt", lambda values: None, SystemClock().now)
    redirect = "urn:ietf:wg:oauth:2.0:oob"
    await tokens.save({**answer, "client_id": "sandbox-client", "redirect_uri": redirect})


# -- a first migration ------------------------------------------------------------------------------------------------


async def migration(count: int, shows: int, *, pace: str | None, failing: float = 0.0) -> None:
    title = f"{count:,} plays of {shows} shows to Serializd, pace {pace or 'as by default'}"
    async with home(count, shows, pace=pace, failing=failing) as one:
        began, cpu, leapt = time.perf_counter(), time.process_time(), one.clock.monotonic()
        await one.migrate()
        took, used = time.perf_counter() - began, time.process_time() - cpu
        requests, passed = one.requests(), one.clock.monotonic() - leapt
        await one.settle()
        afterwards = one.requests() - requests
        lost, doubled = one.held()
        print(f"\n{title}, {failing:.0%} of the writes answered 500")
        print(f"  requests in all   {requests.total():>8,}   (2,400 wanted; the program before took {OLD_PROGRAM:,})")
        for route, times in requests.most_common():
            print(f"    {times:>7,}  {route}")
        print(f"  … to read it back {afterwards.total():>8,}   in the run after that")
        print(f"  lost, doubled     {lost:>8,} {doubled:,}   (0 and 0 wanted); {one.flaky.failed:,} writes failed")
        print(f"  real time         {took:>8.1f} s, {used:.1f} s of CPU with the stand-ins")
        if pace is None:
            at_serializd = sum(times for route, times in requests.items() if route.startswith("serializd"))
            alone = at_serializd * PACE
            print(f"  time by the clock {passed:>8.0f} s, {passed / alone:.3f} of what pacing alone takes (1.1 wanted)")
        if not failing and pace is not None:
            await idle(one)


async def idle(one: Home, cycles: int = 10) -> None:
    before = one.requests()
    for _ in range(cycles):
        one.clock.advance(900)
        await one.compare()
    spent = one.requests() - before
    sides = {
        name: sum(n for route, n in spent.items() if route.startswith(name)) / cycles for name in ("trakt", "serializd")
    }
    print(f"  an idle cycle      Trakt {sides['trakt']:.1f}, Serializd {sides['serializd']:.1f}   (1 and 2 wanted)")


# -- webhooks meanwhile -----------------------------------------------------------------------------------------------


async def stand_ins(plays: int, port: int) -> None:
    """In a process of its own: both sides hold the same plays, but for the last hundred, which only Trakt has."""
    sandbox = Sandbox(shows=SHOWS[1])
    sandbox["trakt"].limits.enforced = False
    fill_trakt(sandbox, plays)
    fill_serializd(sandbox, plays)
    async with sandbox.running(port=port):
        await asyncio.Event().wait()


async def meanwhile(plays: int, each: float) -> None:
    with tempfile.TemporaryDirectory(prefix="scrobbled-bench-") as name:
        folder, there, port = Path(name), free_port(), free_port()
        words = [sys.executable, __file__, "--stand-ins", str(plays), "--port", str(there)]
        beside = await asyncio.create_subprocess_exec(*words)
        base = f"http://127.0.0.1:{there}"
        await until(lambda: answers(there, "/"), 120)
        async with httpx.AsyncClient(trust_env=False) as web:
            answer = (await web.post(f"{base}/trakt-auth/_sandbox/sign-in", json={"username": "anna"})).json()
        store = Store(folder / "scrobbled.db")
        await sign_in(store, answer)
        await store.aclose()
        config = folder / "scrobbled.yaml"
        config.write_text(yaml.safe_dump(settings(folder, base, pace="0s", port=port)))
        serve = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "scrobbled", "serve", "--config", str(config)
        )
        try:
            await until(lambda: answers(port, "/health/ready"), 30)
            await _measured(folder / "scrobbled.db", config, port, plays, each)
        finally:
            for process in (serve, beside):
                process.send_signal(signal.SIGTERM)
                await process.wait()


async def _measured(database: Path, config: Path, port: int, plays: int, each: float) -> None:
    """Until the run has ended; sorted by what it was doing."""
    words = (sys.executable, "-m", "scrobbled", "sync", "--direction", "trakt-to-serializd", "--config", str(config))
    quiet = await _acknowledged(port, each, seconds=5)
    asking = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.DEVNULL)
    took: dict[str, list[float]] = {}
    sandbox = Sandbox(shows=SHOWS[1])
    items = [episode_item(show, one) for show in sandbox.world.shows for one in show.episodes() if one.season]
    line, began = Connection(port), time.perf_counter()
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        while (phase := _phase(db)) != "ended" and time.perf_counter() - began < 900:
            for _ in range(5):
                _, seconds = await line.ask(webhook(random.choice(items), "pause"))
                took.setdefault(phase, []).append(seconds)
                await asyncio.sleep(each)
    await asking.wait()
    print(f"\na comparison of {plays:,} plays with {plays:,}: acknowledgement of webhooks meanwhile")
    for phase, times in {"before": quiet, **took, "all of it": [t for some in took.values() for t in some]}.items():
        p50, p99, most = (1000 * percentile(times, share) for share in (0.5, 0.99, 1.0))
        print(f"  {phase:<12} p50 {p50:6.1f}  p99 {p99:6.1f}  longest {most:6.1f} ms, {len(times):,} webhooks")
    print("  (25 ms p99 wanted)")


async def _acknowledged(port: int, each: float, *, seconds: float) -> list[float]:
    sandbox = Sandbox(shows=8)
    items = [episode_item(show, one) for show in sandbox.world.shows for one in show.episodes() if one.season]
    line, times, ends = Connection(port), list[float](), time.perf_counter() + seconds
    while time.perf_counter() < ends:
        times.append((await line.ask(webhook(random.choice(items), "pause")))[1])
        await asyncio.sleep(each)
    return times


def _phase(db: sqlite3.Connection) -> str:
    row = db.execute("SELECT phase FROM runs ORDER BY id DESC LIMIT 1").fetchone()
    return "asked" if row is None else str(row[0])


async def everything(plays: int, sides: int) -> None:
    for shows in SHOWS:
        await migration(plays, shows, pace="0s")
    await migration(plays, SHOWS[0], pace=None)
    await migration(plays, SHOWS[0], pace="0s", failing=FAILING)
    await meanwhile(sides, each=0.02)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plays", type=int, default=2_000)
    parser.add_argument("--sides", type=int, default=20_000, help="plays on each side while webhooks come")
    parser.add_argument("--stand-ins", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    log.set_up("error", "text", Redactor())
    if given.stand_ins:
        asyncio.run(stand_ins(given.stand_ins, given.port))
    else:
        asyncio.run(everything(given.plays, given.sides))


if __name__ == "__main__":
    main()
