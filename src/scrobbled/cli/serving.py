"""``scrobbled serve``, ``demo`` and ``sandbox``: what runs until it is told to end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator

import rich_click as click
import structlog

from scrobbled import __version__, log
from scrobbled import config as configuration
from scrobbled.cli.common import configured, run
from scrobbled.cli.ending import ending
from scrobbled.config import Config
from scrobbled.household import without_effect
from scrobbled.redact import Redactor
from scrobbled.reloading import Reloader
from scrobbled.runtime import Runtime, build
from scrobbled.store import opening
from scrobbled.web.app import create_app
from scrobbled.web.server import listening

TURN = 0.0005
"""Seconds that a thread with much to compute keeps the others waiting. The database's thread asks for its turn at each
row, and at the usual 5 ms a webhook would wait for all of them."""
logger = structlog.get_logger("serve")


def serve(path: str | None) -> int:
    """Until SIGTERM or SIGINT; 0 after a clean end."""
    config = configured(path)
    redactor = Redactor()
    for secret in configuration.secrets(config):
        redactor.add(secret)
    log.set_up(config.logging.level, config.logging.format, redactor)
    for warning in (*configuration.warnings(config), *without_effect(config)):
        logger.warning("configuration", action="start", why=warning)
    sys.setswitchinterval(TURN)
    with contextlib.closing(opening.lock(config.storage.path)):
        run(_serve(config, redactor))
    return 0


async def _serve(config: Config, redactor: Redactor) -> None:
    with ending() as ended:
        runtime = build(config, redactor=redactor)
        async with (
            runtime.running(),
            listening(create_app(runtime), config.server.host, config.server.port) as port,
            _reloading(runtime, redactor),
        ):
            logger.info("ready", action="start", version=__version__, host=config.server.host, port=port)
            await ended.wait()
            logger.info("ending", action="stop")
            runtime.stop()


@contextlib.asynccontextmanager
async def _reloading(runtime: Runtime, redactor: Redactor) -> AsyncIterator[None]:
    """SIGHUP, and a change of the file, put the configuration in force again."""

    def log_as(config: Config) -> None:
        log.set_up(config.logging.level, config.logging.format, redactor)
        for warning in without_effect(config):
            logger.warning("configuration", action="reload", why=warning)

    assert runtime.config.path is not None
    reloader = Reloader(runtime, runtime.config.path, os.environ, log_as)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, reloader.ask)
    task = asyncio.create_task(reloader.run())
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def demo(port: int, *, once: bool) -> int:
    """0 when each side holds each play exactly once."""
    from scrobbled.demo import Demo

    log.set_up("error" if once else "warning", "text", Redactor())

    async def play() -> bool:
        with ending() as ended:
            async with Demo(tell=click.echo, port=port).running() as evening:
                playing, stopped = asyncio.create_task(evening.play()), asyncio.create_task(ended.wait())
                await asyncio.wait([playing, stopped], return_when=asyncio.FIRST_COMPLETED)
                if not playing.done():
                    playing.cancel()
                    return False
                if not once:
                    click.echo(f"\nThe page stays up at {evening.url} until you press Ctrl+C.")
                    await stopped
                stopped.cancel()
                return playing.result()

    return 0 if run(play()) else 1


def sandbox(port: int, *, seed: int, shows: int, plays: int) -> int:
    from scrobbled.sandbox.server import Sandbox, page

    log.set_up("warning", "text", Redactor())

    async def stand() -> None:
        with ending() as ended:
            box = Sandbox(seed=seed, shows=shows)
            if plays:
                box["serializd"].preload("anna", plays)
                box["trakt"].preload("anna", plays)
            async with box.running(port=port) as base:
                click.echo(page(base, box))
                await ended.wait()

    run(stand())
    return 0
