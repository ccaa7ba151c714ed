"""Three media servers at once: ``python benchmarks/house.py [--rate 300] [--seconds 20]``; needs two cores.

Plex, Jellyfin and Emby send whole viewings, as their stand-ins do, on time whatever the answers do. Then the database
is asked whether it has every event that was acknowledged.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from _service import TOKEN, Connection, percentile, service

from scrobbled.sandbox.plex.people import ANNA
from scrobbled.sandbox.server import Sandbox

SERVERS = ("plex", "jellyfin", "emby")
LINES = 12


@dataclass
class Post:
    """Keeps what a stand-in posts, instead of sending it."""

    requests: list[bytes] = field(default_factory=list)

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._keep)

    def _keep(self, request: httpx.Request) -> httpx.Response:
        names = ("content-type", "user-agent")
        told = "".join(f"{name}: {request.headers[name]}\r\n" for name in names if name in request.headers)
        told += f"Content-Length: {len(request.content)}\r\n\r\n"
        self.requests.append(
            f"POST {request.url.path} HTTP/1.1\r\nHost: localhost\r\n{told}".encode() + request.content
        )
        return httpx.Response(200)


async def recorded(sandbox: Sandbox, name: str, wanted: int, skip: int) -> tuple[list[bytes], int]:
    """At least ``wanted`` webhooks of one server, and how many viewings they are; none of them is another server's."""
    post, stand_in = Post(), sandbox[name]
    token = TOKEN if name == "plex" else f"{TOKEN}-{name}"
    url = f"http://localhost/webhooks/{name}/{token}"
    if name == "plex":
        stand_in.hooks[:] = [url]
        stand_in.player.transport = post.transport()
    else:
        stand_in.hook(url)
        stand_in.transport = post.transport()
    episodes = [item for key, item in stand_in.library.items.items() if item.type == "episode"]
    for viewings, item in enumerate(episodes[skip :: len(SERVERS)], 1):
        await stand_in.watch(item, ANNA if name == "plex" else "anna")
        if len(post.requests) >= wanted:
            return post.requests, viewings
    raise SystemExit(f"the stand-in of {name} has too few episodes")


async def send(port: int, requests: Sequence[bytes], rate: float) -> tuple[list[float], list[int]]:
    lines = [Connection(port) for _ in range(LINES)]
    locks = [asyncio.Lock() for _ in lines]
    started = time.perf_counter()

    async def one(number: int, request: bytes) -> tuple[int, float]:
        due = started + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        async with locks[number % LINES]:
            status, _ = await lines[number % LINES].ask(request)
        return status, time.perf_counter() - due

    answers = await asyncio.gather(*(one(number, request) for number, request in enumerate(requests)))
    return [took for _, took in answers], [status for status, _ in answers]


def stored(database: Path) -> dict[str, Any]:
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
        events = dict(db.execute("SELECT one, sum(count) FROM tallies WHERE what = 'events' GROUP BY one"))
        plays = dict(db.execute("SELECT source, count(*) FROM plays GROUP BY source"))
    return {"events": events, "plays": plays}


async def measure(rate: float, seconds: float) -> bool:
    sandbox = Sandbox(shows=150)
    each = int(rate * seconds / len(SERVERS))
    async with sandbox.running() as base, service(sandbox, base) as running:
        found = {name: await recorded(sandbox, name, each, number) for number, name in enumerate(SERVERS)}
        mixed = [
            request for row in zip(*(requests[:each] for requests, _ in found.values()), strict=True) for request in row
        ]
        times, statuses = await send(running.port, mixed, rate)
        told = stored(running.folder / "scrobbled.db")
    lost = len(mixed) - sum(told["events"].values())
    p50, p99 = 1000 * statistics.median(times), 1000 * percentile(times, 0.99)
    print(
        f"{len(mixed)} webhooks at {rate:.0f}/s from {', '.join(SERVERS)}: "
        f"{statuses.count(200)} acknowledged, {lost} lost"
    )
    print(f"acknowledgement p50 {p50:.1f} ms, p99 {p99:.1f} ms, worst {1000 * max(times):.0f} ms")
    print(json.dumps({**told, "viewings": {name: viewings for name, (_, viewings) in found.items()}}))
    return lost == 0 and set(statuses) == {200}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=300.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    if not asyncio.run(measure(options.rate, options.seconds)):
        raise SystemExit("some webhooks were not acknowledged, or not kept")


if __name__ == "__main__":
    main()
