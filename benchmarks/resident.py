"""What a house of the usual size keeps in memory: ``python benchmarks/resident.py [--runs 3]``.

Plex, one viewer, two trackers. ``scrobbled serve`` as its own process, asked by HTTP alone. Its resident set is what
the system counts (``VmRSS``): as soon as it is ready, at rest, after three plays that both trackers hold, and after
two pages.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
from dataclasses import dataclass

from _service import Connection, Service, episodes, held, service, until, webhook

from scrobbled.sandbox.server import Sandbox

CONFIG = """
server: {{host: 127.0.0.1, port: {port}}}
storage: {{path: {folder}/scrobbled.db}}
logging: {{level: warning}}
sources:
  plex: {{token: {token}, url: {base}/plex, server_token: sandbox-plex-token}}
viewers:
  - name: anna
    accounts: {{plex: anna}}
    trackers:
      serializd: {{email: anna@example.org, password: anna-secret, url: {base}/serializd/api, pace: {pace}}}
      trakt: {{client_id: sandbox-client, client_secret: sandbox-secret, url: {base}/trakt,
               auth_url: {base}/trakt-auth, pace: {trakt_pace}}}
"""
PLAYS = 3
PAGES = ("/", "/history")
SETTLES = 3.0
"""Seconds of rest before each look: what was begun is over by then."""
WANTED = (65, 70, 70, 75)


@dataclass(frozen=True)
class Taken:
    """Resident megabytes, and seconds."""

    ready: float
    rested: float
    played: float
    looked: float
    to_ready: float
    first_page: float


async def run() -> Taken:
    sandbox = Sandbox()
    async with sandbox.running() as base, service(sandbox, base, config=CONFIG) as running:
        ready, at_rest = running.memory(), await rested(running)
        line = Connection(running.port)
        for item in episodes(sandbox)[:PLAYS]:
            for event in ("play", "scrobble", "stop"):
                await line.ask(webhook(item, event))
        await until(lambda: held(sandbox) == (PLAYS, PLAYS), 60)
        played = await rested(running)
        seconds = [await page(line, path) for path in PAGES]
        return Taken(ready, at_rest, played, await rested(running), running.seconds_to_ready, seconds[0])


async def rested(running: Service) -> float:
    await asyncio.sleep(SETTLES)
    return running.memory()


async def page(line: Connection, path: str) -> float:
    """Seconds until it was there whole."""
    status, took = await line.ask(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n".encode())
    if status != 200:
        raise SystemExit(f"{path} was answered with {status}")
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    runs = [asyncio.run(run()) for _ in range(parser.parse_args().runs)]
    works = ("ready", "at rest", f"after {PLAYS} plays", f"after {len(PAGES)} pages")
    print(f"{'resident, MB (median of ' + str(len(runs)) + ')':32}{'here':>8}{'wanted':>8}")
    figures = zip(*((one.ready, one.rested, one.played, one.looked) for one in runs), strict=True)
    for work, here, wanted in zip(works, figures, WANTED, strict=True):
        print(f"{work:32}{statistics.median(here):8.1f}{wanted:8}")
    print(f"start to ready {statistics.median(one.to_ready for one in runs):.2f} s", end="; ")
    print(f"first page {1000 * statistics.median(one.first_page for one in runs):.0f} ms")


if __name__ == "__main__":
    main()
