"""The icon of ``serve --tray``: a process of its own, as each desktop wants the main thread for itself."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator

import structlog

from scrobbled.cli.tray.command import HANDED
from scrobbled.store import Store
from scrobbled.store.accounts import clients

NAME = "tray icon of serve"
log = structlog.get_logger("tray")


@contextlib.asynccontextmanager
async def beside(store: Store, url: str, ended: asyncio.Event) -> AsyncIterator[None]:
    """While the block runs. Whoever exits there ends the service (``ended``); without a desktop it goes on alone.

    Its token is good for this one icon, and revoked with it.
    """
    await _revoke(store)  # of one that was killed
    _, token = await store.write(lambda db: clients.create(db, "api", NAME, None, time.time(), "write"))
    icon = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "scrobbled", "tray", "--url", url),
        env={**os.environ, HANDED: token},
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    watching = asyncio.create_task(_watched(icon, ended))
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            icon.terminate()
        await watching
        await _revoke(store)


async def _watched(icon: asyncio.subprocess.Process, ended: asyncio.Event) -> None:
    _, said = await icon.communicate()
    if icon.returncode == 0:
        ended.set()
    elif not ended.is_set():
        log.warning("no icon", action="tray", why=said.decode(errors="replace").strip()[-500:])


async def _revoke(store: Store) -> None:
    await store.write(lambda db: clients.revoke_named(db, NAME))
