"""A flood of log lines while five pages follow the log, and webhooks come: ``python benchmarks/logs.py``; one table.

The service runs as its own process; within it a thread logs a thousand lines a second, as no service of ours does. The
rounds alternate, and what is compared is measured in one run.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import structlog
import yaml
from _service import Connection, answers, episodes, free_port, percentile, until, webhook

from scrobbled.config import load
from scrobbled.plumbing import log
from scrobbled.plumbing.logbook import Logbook
from scrobbled.plumbing.redact import Redactor
from scrobbled.runtime.service import build
from scrobbled.sandbox.server import Sandbox
from scrobbled.web.app import create_app
from scrobbled.web.server import listening

RATE = 1_000
READERS = 5
ROUNDS, WEBHOOKS, EVERY = 3, 100, 0.03
TOKEN = "benchmark-webhook-token"
CONFIG = {
    "sources": {"plex": {"token": TOKEN}},
    "viewers": [{"name": "anna", "accounts": {"plex": "anna"}}],
}


async def serve(folder: Path, port: int) -> None:
    """The service, that floods its log while the file ``flood`` is there."""
    config = folder / "scrobbled.yaml"
    config.write_text(yaml.safe_dump({**CONFIG, "storage": {"path": str(folder / "scrobbled.db")}}))
    book, redactor, over = Logbook(), Redactor([TOKEN]), asyncio.Event()
    log.set_up("warning", "text", redactor, into=book, keep="info")
    sys.setswitchinterval(0.0005)  # as ``scrobbled serve``
    runtime = build(load(config, {}), redactor=redactor)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    threading.Thread(target=flood, args=(folder / "flood",), daemon=True).start()
    async with runtime.running(), listening(create_app(runtime, book=book), "127.0.0.1", port):
        await over.wait()
        runtime.stop()


def flood(switch: Path) -> None:
    logger, number = structlog.get_logger("flood"), 0
    while True:
        began = time.perf_counter()
        for _ in range(RATE // 50 if switch.exists() else 0):
            number += 1
            logger.info(
                "a line", action="flood", play=f"p{number}", title="Harbour Lights S2 E5 Low Tide", why="x" * 60
            )
        time.sleep(max(0.0, 0.02 - (time.perf_counter() - began)))


async def follow(port: int, received: list[int]) -> None:
    """A page that listens, and counts the bytes it gets."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /api/v1/log/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
    try:
        while data := await reader.read(1 << 16):
            received.append(len(data))
    finally:
        writer.close()


async def acknowledged(port: int, requests: Sequence[bytes]) -> list[float]:
    """Milliseconds of each webhook, one after the other."""
    line, times = Connection(port), []
    for request in requests:
        status, seconds = await line.ask(request)
        if status != 200:
            raise SystemExit(f"a webhook was answered with {status}")
        times.append(1000 * seconds)
        await asyncio.sleep(EVERY)
    return times


async def measured(folder: Path, port: int) -> bool:
    items = episodes(Sandbox(shows=40))
    requests = iter([webhook(item, "play") for item in items] * 8)
    quiet, alone, loud, received = list[float](), list[float](), list[float](), list[int]()
    for _ in range(ROUNDS):
        quiet += await acknowledged(port, [next(requests) for _ in range(WEBHOOKS)])
        (folder / "flood").touch()
        alone += await acknowledged(port, [next(requests) for _ in range(WEBHOOKS)])
        readers = [asyncio.create_task(follow(port, received)) for _ in range(READERS)]
        loud += await acknowledged(port, [next(requests) for _ in range(WEBHOOKS)])
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
        (folder / "flood").unlink()
    print(f"{'webhook acknowledged':44}{'p50':>10}{'p95':>10}{'p99':>10}")
    flooded = f"{RATE} lines/s"
    for name, times in (
        ("a quiet log", quiet),
        (f"{flooded}, nobody follows", alone),
        (f"{flooded}, {READERS} pages follow", loud),
    ):
        print(f"{name:44}" + "".join(f"{percentile(times, share):>7.1f} ms" for share in (0.5, 0.95, 0.99)))
    print(f"\nEach page got {sum(received) / READERS / 1024 / (ROUNDS * WEBHOOKS * EVERY):.0f} KB/s.")
    return percentile(loud, 0.99) < 50


async def main() -> int:
    with tempfile.TemporaryDirectory(prefix="scrobbled-bench-") as name:
        port = free_port()
        words = [sys.executable, __file__, "--serve", name, "--port", str(port)]
        process = await asyncio.create_subprocess_exec(*words, env=os.environ)
        try:
            await until(lambda: answers(port, "/health/ready"), 30)
            return 0 if await measured(Path(name), port) else 1
        finally:
            process.send_signal(signal.SIGTERM)
            began = time.perf_counter()
            await process.wait()
            print(f"The service ended {time.perf_counter() - began:.1f} s after it was told to.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", type=Path)
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    sys.exit(asyncio.run(serve(given.serve, given.port) if given.serve else main()) or 0)
