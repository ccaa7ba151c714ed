"""What the benchmarks share: the shipped service as a process of its own, a line to it, and rows of a table."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from scrobbled.sandbox.faults import Fault
from scrobbled.sandbox.plex.items import LibraryItem, episode_item
from scrobbled.sandbox.plex.people import ANNA
from scrobbled.sandbox.plex.player import multipart, payload
from scrobbled.sandbox.posters.drawing import poster
from scrobbled.sandbox.server import Sandbox

TOKEN = "benchmark-webhook-token"
CONFIG = """
server: {{host: 127.0.0.1, port: {port}}}
storage: {{path: {folder}/scrobbled.db}}
logging: {{level: warning}}
safety: {{max_writes_per_hour: 1000000, max_plays_per_item_per_day: 1000}}
sources:
  plex: {{token: {token}, url: {base}/plex, server_token: sandbox-plex-token}}
  jellyfin: {{token: {token}-jellyfin}}
  emby: {{token: {token}-emby}}
viewers:
  - name: anna
    accounts: {{plex: anna, jellyfin: anna, emby: anna}}
    trackers:
      serializd: {{email: anna@example.org, password: anna-secret, url: {base}/serializd/api, pace: {pace}}}
      trakt: {{client_id: sandbox-client, client_secret: sandbox-secret, url: {base}/trakt,
               auth_url: {base}/trakt-auth, pace: {trakt_pace}}}
"""


@dataclass(frozen=True)
class Row:
    work: str
    peer: str
    reached: str
    wanted: str
    good: bool


def town(**sizes: int) -> Sandbox:
    """The stand-ins, with one picture for all titles: each that is drawn takes 55 ms of the process that measures."""
    sandbox = Sandbox(**sizes)
    drawn = poster("Harbour Lights")
    sandbox["plex"].faults.add(Fault("GET /photo/*", status=200, body=drawn, content_type="image/png", times=None))
    return sandbox


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@dataclass
class Service:
    process: asyncio.subprocess.Process
    port: int
    folder: Path
    seconds_to_ready: float

    def memory(self) -> float:
        """Resident megabytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    def cpu(self) -> float:
        """Seconds of processor time so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.asynccontextmanager
async def service(
    sandbox: Sandbox, base: str, *, pace: str = "300ms", trakt_pace: str = "1100ms", config: str = CONFIG
) -> AsyncIterator[Service]:
    """``scrobbled serve`` on a fresh database, signed in everywhere."""
    with tempfile.TemporaryDirectory(prefix="scrobbled-bench-") as name:
        folder, port = Path(name), free_port()
        place = folder / "scrobbled.yaml"
        place.write_text(
            config.format(port=port, folder=folder, token=TOKEN, base=base, pace=pace, trakt_pace=trakt_pace)
        )
        await sign_in(sandbox, place)
        started = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "scrobbled", "serve", "--config", str(place)
        )
        await until(lambda: answers(port, "/health/ready"), 20)
        running = Service(process, port, folder, time.perf_counter() - started)
        try:
            yield running
        finally:
            process.send_signal(signal.SIGTERM)
            await process.wait()


async def sign_in(sandbox: Sandbox, config: Path) -> None:
    sandbox["trakt-auth"].sign_ins().interval = 0
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "scrobbled", "auth", "trakt", "--config", str(config), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async for line in process.stdout:
        sandbox["trakt-auth"].sign_ins().settle_device(line.decode().strip(), username="anna", deny=False)
    if await process.wait():
        raise SystemExit("the sandbox did not let us sign in")


async def answers(port: int, path: str) -> bool:
    try:
        status, _ = await Connection(port).ask(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        )
    except OSError:
        return False
    return status == 200


async def until(check: Callable[[], object], seconds: float, every: float = 0.01) -> None:
    """Wait for ``check`` (a function, or one that returns an awaitable) to be true."""
    deadline = time.perf_counter() + seconds
    while time.perf_counter() < deadline:
        result = check()
        if (await result) if asyncio.iscoroutine(result) else result:
            return
        await asyncio.sleep(every)
    raise SystemExit("the benchmark waited in vain")


class Connection:
    """One kept-alive connection that costs next to nothing, so that the load does not measure itself."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> tuple[int, float]:
        """Status, and seconds from sending to the whole answer."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        started = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        await reader.readexactly(length)
        return int(head[9:12]), time.perf_counter() - started


def webhook(item: LibraryItem, event: str = "scrobble", path: str = f"/webhooks/plex/{TOKEN}") -> bytes:
    kind, body = multipart(payload(event, item, ANNA, datetime.now(UTC)))
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: PlexMediaServer/1.41\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def episodes(sandbox: Sandbox) -> list[LibraryItem]:
    """Regular episodes, show after show."""
    return [
        episode_item(show, episode) for show in sandbox.world.shows for episode in show.episodes() if episode.season
    ]


def held(sandbox: Sandbox) -> tuple[int, int]:
    """Diary rows and Trakt plays of anna."""
    return len(sandbox["serializd"].accounts["anna"].reviews), len(sandbox["trakt"].accounts["anna"].history)


def table(rows: Sequence[Row]) -> str:
    cells = [("work", "best peer measured", "here", "wanted", "")]
    cells += [(row.work, row.peer, row.reached, row.wanted, "yes" if row.good else "NO") for row in rows]
    widths = [max(len(line[n]) for line in cells) for n in range(5)]
    return "\n".join("  ".join(f"{text:<{width}}" for text, width in zip(line, widths, strict=True)) for line in cells)
