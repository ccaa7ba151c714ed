"""The pages as a browser gets them: ``python benchmarks/pages.py [--plays 100000]``; one table.

The service runs as its own process on a database of many plays, Debian's Chromium draws its pages, and webhooks come
meanwhile: alone, with five pages open that are kept fresh, and alone again. Quote the ratio of the last two rows.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
from _service import percentile
from playwright.async_api import Browser, Page, async_playwright
from wall import CONFIG, filled

from scrobbled.sandbox.plex.items import episode_item
from scrobbled.sandbox.plex.people import ANNA
from scrobbled.sandbox.plex.player import multipart, payload
from scrobbled.sandbox.server import Sandbox

PAGES = {"now": "/", "history": "/history", "needs you": "/needs", "sync": "/sync", "statistics": "/statistics",
         "settings": "/settings", "log": "/log"}  # fmt: skip
PAINTED, HEAVIEST = 1_000.0, 300.0
"""Milliseconds to the first paint, and kilobytes without posters."""
WEBHOOKS, EVERY = 150, 0.04
"""Of one round, and the seconds from one to the next."""
ROUNDS = 5


async def painted(page: Page, address: str) -> tuple[float, float]:
    """Milliseconds to the first paint, kilobytes of all but pictures."""
    sizes = list[int]()
    page.on("response", lambda one: sizes.append(_size(one.headers)))
    took = []
    for _ in range(ROUNDS):
        sizes.clear()
        await page.goto(address, wait_until="load")
        took.append(await _first_paint(page))
        weight = sum(sizes) / 1024
    return percentile(took, 0.5), weight


async def _first_paint(page: Page) -> float:
    """Asked again and again from outside: what waits inside a page evaluates text, which ours forbid."""
    for _ in range(100):
        if at := await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime"):
            return float(at)
        await asyncio.sleep(0.02)
    raise SystemExit(f"{page.url} is never painted")


def _size(headers: dict[str, str]) -> int:
    return 0 if headers.get("content-type", "").startswith("image/") else int(headers.get("content-length", 0))


async def acknowledged(url: str) -> list[float]:
    """Milliseconds of each webhook, sent at its time whatever became of those before."""
    world = Sandbox(shows=4).world
    items = [episode_item(show, episode) for show in world.shows for episode in show.episodes()]
    async with httpx.AsyncClient(trust_env=False) as plex:

        async def send(number: int) -> float:
            kind, content = multipart(payload("play", items[number % len(items)], ANNA, datetime.now(UTC)))
            began = time.perf_counter()
            answer = await plex.post(url, content=content, headers={"Content-Type": kind})
            assert answer.status_code == 200, answer.text
            return 1000 * (time.perf_counter() - began)

        tasks = []
        for number in range(WEBHOOKS):
            tasks.append(asyncio.create_task(send(number)))
            await asyncio.sleep(EVERY)
        return list(await asyncio.gather(*tasks))


async def kept_fresh(base: str, path: str) -> None:
    """What an open page asks for, without a browser that would take the processor from the service."""
    async with httpx.AsyncClient(trust_env=False, base_url=base, timeout=30) as page, asyncio.TaskGroup() as both:
        news = asyncio.Event()

        async def listen() -> None:
            async with page.stream("GET", "/api/v1/live") as stream:
                async for line in stream.aiter_lines():
                    if line == "event: change":
                        news.set()

        async def ask() -> None:
            while await news.wait():
                news.clear()
                began = time.perf_counter()
                await page.get(path, params={"fragment": "1"})
                await asyncio.sleep(max(1.0, 10 * (time.perf_counter() - began)))  # as live.js does

        both.create_task(listen())
        both.create_task(ask())


async def measured(base: str, browser: Browser) -> bool:
    good = True
    print(f"{'':28}{'first paint':>14}{'without posters':>18}")
    page = await (await browser.new_context(viewport={"width": 360, "height": 780})).new_page()
    for name, path in PAGES.items():
        took, weight = await painted(page, base + path)
        good &= took < PAINTED and weight < HEAVIEST
        print(f"{name:28}{took:>11.0f} ms{weight:>15.0f} KB")
    await page.close()
    hook = f"{base}/webhooks/plex/benchmark-webhook-token"
    before = await acknowledged(hook)
    pages = [asyncio.create_task(kept_fresh(base, path)) for path in ("/", "/", "/history", "/needs", "/sync")]
    during = await acknowledged(hook)
    for one in pages:
        one.cancel()
    await asyncio.gather(*pages, return_exceptions=True)
    after = await acknowledged(hook)
    print(f"\n{'acknowledged':28}{'p50':>14}{'p99':>14}")
    for name, took_ in (("alone", before + after), ("with 5 pages kept fresh", during)):
        print(f"{name:28}{percentile(took_, 0.5):>11.1f} ms{percentile(took_, 0.99):>11.1f} ms")
    return good


async def looked_at(base: str, chromium: str) -> bool:
    await _ready(base)
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        return await measured(base, browser)


async def _ready(base: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        for _ in range(600):
            with contextlib.suppress(httpx.TransportError):
                if (await http.get(f"{base}/health/ready")).status_code == 200:
                    return
            await asyncio.sleep(0.1)
    sys.exit("the service does not start")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plays", type=int, default=100_000)
    plays = int(parser.parse_args().plays)
    chromium = shutil.which("chromium")
    if not chromium:
        sys.exit("There is no Chromium: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        config = Path(folder, "scrobbled.yaml")
        text = CONFIG.format(path=filled(Path(folder, "scrobbled.db"), plays))
        config.write_text(text.replace("{host: 127.0.0.1}", f"{{host: 127.0.0.1, port: {port}}}"))
        words = [sys.executable, "-m", "scrobbled", "serve", "--config", str(config)]
        service = subprocess.Popen(words, stderr=subprocess.DEVNULL)
        try:
            return 0 if asyncio.run(looked_at(f"http://127.0.0.1:{port}", chromium)) else 1
        finally:
            service.terminate()
            service.wait(10)


if __name__ == "__main__":
    sys.exit(main())
