"""How quick, how small: one table. ``python benchmarks/bench.py [--quick]``; needs two cores and a quiet machine.

The service runs as its own process, the sandbox and the load in this one. What is compared is measured in one run.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import aged as years
from _service import (
    Connection,
    Row,
    answers,
    episodes,
    free_port,
    held,
    percentile,
    service,
    table,
    town,
    until,
    webhook,
)

from scrobbled.sandbox.faults import Fault
from scrobbled.sandbox.plex.items import LibraryItem
from scrobbled.sandbox.server import Sandbox

# -- latency ----------------------------------------------------------------------------------------------------------


async def latency(rounds: int) -> list[Row]:
    """One webhook at a time, further apart than any pace, for shows that are known already."""
    sandbox = town(shows=8)
    async with sandbox.running() as base, service(sandbox, base) as running:
        line, items = Connection(running.port), episodes(sandbox)
        by_season: dict[str, list[LibraryItem]] = {}
        for item in items:
            by_season.setdefault(str(item.season), []).append(item)
        for known in by_season.values():
            await line.ask(webhook(known[0]))
        await until(lambda: held(sandbox) == (len(by_season), len(by_season)), 120)
        seen = (len(sandbox["serializd"].calls()), len(sandbox["trakt"].calls()))
        rest = [item for season in by_season.values() for item in season[1:]][:rounds]
        times = [await one_play(sandbox, line, item) for item in rest]
        requests = (len(sandbox["serializd"].calls()) - seen[0], len(sandbox["trakt"].calls()) - seen[1])
    p50, p95, p99 = (1000 * percentile(times, share) for share in (0.5, 0.95, 0.99))
    per_play = (requests[0] / len(rest), requests[1] / len(rest))
    return [
        Row(
            "accepted webhook to confirmed at Serializd and Trakt",
            "39 ms p50, one tracker",
            f"p50 {p50:.1f}, p95 {p95:.1f}, p99 {p99:.1f} ms",
            "15, 50, 150 ms",
            p50 <= 15 and p95 <= 50 and p99 <= 150,
        ),
        Row(
            "requests per play",
            "",
            f"Serializd {per_play[0]:.2f}, Trakt {per_play[1]:.2f}",
            "2 and 1",
            per_play == (2.0, 1.0),
        ),
    ]


async def one_play(sandbox: Sandbox, line: Connection, item: LibraryItem) -> float:
    """Seconds from the acknowledgement until both trackers hold it."""
    await asyncio.sleep(1.25)
    rows, plays = held(sandbox)
    status, _ = await line.ask(webhook(item))
    started = time.perf_counter()
    if status != 200:
        raise SystemExit(f"a webhook was answered with {status}")
    await until(lambda: held(sandbox) == (rows + 1, plays + 1), 60, every=0.0005)
    return time.perf_counter() - started


# -- throughput -------------------------------------------------------------------------------------------------------


async def throughput(seconds: float) -> list[Row]:
    """Webhooks as fast as they are acknowledged while each tracker request takes 200 ms; then a bare handler."""
    sandbox = town(shows=400)
    items = episodes(sandbox)
    async with sandbox.running() as base, service(sandbox, base) as running:
        for name in ("serializd", "trakt", "plex"):
            sandbox[name].faults.add(Fault(match="*", kind="latency", seconds=0.2, times=None))
        used = running.cpu()
        ours, times = await load(running.port, [webhook(item) for item in items], seconds)
        each, memory = 1000 * (running.cpu() - used) / len(times), running.memory()
    bare = await bare_rate([webhook(item, path="/bare") for item in items], seconds)
    p99 = 1000 * percentile(times, 0.99)
    return [
        Row(
            "durable webhooks a second, trackers at 200 ms",
            "4/s, not durable",
            f"{ours:.0f}/s, ack p99 {p99:.1f} ms, {each:.2f} ms of processor each, {memory:.0f} MB",
            "1,000/s, 50 ms",
            ours >= 1000 and p99 <= 50,
        ),
        Row(
            "… against a bare Litestar handler with one committed insert",
            "",
            f"{ours / bare:.2f} of {bare:.0f}/s",
            "0.45",
            ours / bare >= 0.45,
        ),
    ]


async def load(
    port: int, requests: Sequence[bytes], seconds: float, connections: int = 16
) -> tuple[float, list[float]]:
    """Acknowledged requests a second, and the time of each."""
    queue, times = iter(requests), list[float]()
    ends = time.perf_counter() + seconds

    async def send() -> None:
        line = Connection(port)
        for request in queue:
            if time.perf_counter() > ends:
                return
            status, took = await line.ask(request)
            if status != 200:
                raise SystemExit(f"a webhook was answered with {status}")
            times.append(took)

    started = time.perf_counter()
    await asyncio.gather(*(send() for _ in range(connections)))
    return len(times) / (time.perf_counter() - started), times


async def bare_rate(requests: Sequence[bytes], seconds: float) -> float:
    """What one Litestar process does when each request is one insert, committed before the answer."""
    with tempfile.TemporaryDirectory(prefix="scrobbled-bare-") as name:
        port = free_port()
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(Path(__file__).with_name("bare.py")), str(port), f"{name}/bare.db"
        )
        try:
            await until(lambda: answers(port, "/bare"), 20)
            rate, _ = await load(port, requests, seconds)
        finally:
            process.send_signal(signal.SIGTERM)
            await process.wait()
    return rate


async def steady(seconds: float) -> list[Row]:
    """Fifty webhooks a second, sent on time whatever the answers do."""
    sandbox = town(shows=100)
    async with sandbox.running() as base, service(sandbox, base) as running:
        lines = [Connection(running.port) for _ in range(8)]
        pending, times = [], list[float]()
        requests = [webhook(item) for item in episodes(sandbox)][: int(50 * seconds)]
        started = time.perf_counter()
        for number, request in enumerate(requests):
            await asyncio.sleep(max(0.0, started + number / 50 - time.perf_counter()))
            pending.append(asyncio.create_task(lines[number % 8].ask(request)))
        times = [took for _, took in await asyncio.gather(*pending)]
    p50, p99 = 1000 * statistics.median(times), 1000 * percentile(times, 0.99)
    return [Row("acknowledgement at 50/s", "64 ms p50", f"p50 {p50:.1f}, p99 {p99:.1f} ms", "p99 25 ms", p99 <= 25)]


# -- size, and a long outage ------------------------------------------------------------------------------------------


async def size(seconds: float) -> list[Row]:
    sandbox = town()
    async with sandbox.running() as base, service(sandbox, base) as running:
        await asyncio.sleep(3)
        used, started = running.cpu(), time.perf_counter()
        await asyncio.sleep(seconds)
        idle = (running.cpu() - used) / (time.perf_counter() - started)
        memory, ready = running.memory(), running.seconds_to_ready
    good = ready <= 1.5 and memory <= 80 and idle < 0.005
    return [
        Row(
            "start to ready, idle memory, idle processor",
            "2.1 s, 100 MB",
            f"{ready:.2f} s, {memory:.0f} MB, {100 * idle:.2f} % of a core",
            "1.5 s, 80 MB, 0.5 %",
            good,
        )
    ]


async def backlog(plays: int) -> list[Row]:
    """Both trackers down while plays arrive; then up, and everything goes out at the pace they answer."""
    sandbox = town(shows=2 + plays // 18)
    sandbox["trakt"].limits.enforced = False
    items = episodes(sandbox)[:plays]
    async with sandbox.running() as base, service(sandbox, base, pace="0s", trakt_pace="0s") as running:
        for name in ("serializd", "trakt"):
            sandbox[name].faults.start_outage()
        await load(running.port, [webhook(item) for item in items], 3600)
        waiting = running.memory()
        for name in ("serializd", "trakt"):
            sandbox[name].faults.end_outage()
        started, peak = time.perf_counter(), waiting
        while held(sandbox) != (plays, plays):
            await asyncio.sleep(0.25)
            peak = max(peak, running.memory())
            if time.perf_counter() - started > 1800:
                raise SystemExit(f"after 30 minutes only {held(sandbox)} of {plays} had arrived")
        took = time.perf_counter() - started
        writes = len(sandbox["trakt"].calls("POST /sync/history"))
    return [
        Row(
            f"{plays:,} plays waiting, tracker back, no pacing",
            "a play is lost after 23 s",
            f"all once in {took:.0f} s, {writes} Trakt writes, {waiting:.0f} to {peak:.0f} MB",
            "all once, memory flat",
            peak <= waiting * 1.25,
        )
    ]


# -- after years ------------------------------------------------------------------------------------------------------


async def aged(plays: int, events: int) -> list[Row]:
    """The same requests to a service on its first day and to one with years behind it."""
    with years.databases(plays, events) as (small, big):
        ratios = await years.compare(small, big, 200)
    return [
        Row(
            f"{ratio.work}, {plays:,} plays and {events:,} webhooks against 100 and 1,000",
            "",
            f"{ratio.times:.2f} ({1000 * ratio.small:.1f} and {1000 * ratio.big:.1f} ms)",
            f"{years.WANTED}",
            ratio.times < years.WANTED,
        )
        for ratio in ratios
    ]


async def disk(plays: int) -> list[Row]:
    """What 10,000 plays take when each came in six webhooks and went to both trackers."""
    rows = []
    for what, details in (("bodies as the sandbox sends them", 0), ("bodies of 4 kB", 2_700)):
        found = await asyncio.to_thread(years.sizes, plays, details=details)
        reached = f"{found.kept:.0f} MB, after a year {found.after:.0f} MB"
        rows.append(
            Row(
                f"disk for 10,000 plays, {what}",
                "10 to 61 MB",
                reached,
                "50, 20 MB",
                found.kept <= 50 and found.after <= 20,
            )
        )
    return rows


def parts(*, quick: bool) -> dict[str, Callable[[], Awaitable[list[Row]]]]:
    """What can be measured, by name, in the order of the table."""
    return {
        "size": lambda: size(10 if quick else 30),
        "steady": lambda: steady(5 if quick else 20),
        "throughput": lambda: throughput(4 if quick else 10),
        "latency": lambda: latency(12 if quick else 100),
        "backlog": lambda: backlog(1_000 if quick else 10_000),
        "aged": lambda: aged(*((10_000, 100_000) if quick else (100_000, 1_000_000))),
        "disk": lambda: disk(1_000 if quick else 10_000),
    }


async def measure(wanted: Sequence[str], *, quick: bool) -> list[Row]:
    chosen = [run for name, run in parts(quick=quick).items() if name in wanted or not wanted]
    return [row for run in chosen for row in await run()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="*", choices=[[], *parts(quick=True)], help="default: all")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, for a look")
    given = parser.parse_args()
    rows = asyncio.run(measure(given.part, quick=given.quick))
    print(table(rows))
    sys.exit(0 if all(row.good for row in rows) else 1)


if __name__ == "__main__":
    main()
