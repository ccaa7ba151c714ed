"""``scrobbled serve``, ``demo`` and ``sandbox``: what runs until it is told to end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import rich_click as click
import structlog

from scrobbled import __version__, liveness
from scrobbled import config as configuration
from scrobbled.cli import container
from scrobbled.cli.common import configured, run
from scrobbled.cli.ending import INTERRUPTED, ending
from scrobbled.config import Config
from scrobbled.desk.home_assistant import sensing
from scrobbled.desk.settings import starting
from scrobbled.desk.sources import guides
from scrobbled.intake.household import refuse_impossible, without_effect
from scrobbled.plumbing import log
from scrobbled.plumbing.logbook import Logbook
from scrobbled.plumbing.redact import Redactor
from scrobbled.runtime.reloading import Reloader
from scrobbled.runtime.service import Runtime, build
from scrobbled.store.file import opening
from scrobbled.store.keeping import staging
from scrobbled.web.app import create_app
from scrobbled.web.door.gate import Gate
from scrobbled.web.server import listening

if TYPE_CHECKING:
    from scrobbled.cli.demo.evening import Demo

TURN = 0.0005
"""Seconds that a thread with much to compute keeps the others waiting. The database's thread asks for its turn at each
row, and at the usual 5 ms a webhook would wait for all of them."""
logger = structlog.get_logger("serve")


def serve(path: str | None, *, tray: bool = False) -> int:
    """Until SIGTERM or SIGINT; 0 after a clean end. Where there is no configuration yet, the page leads to one."""
    while _served(path, tray=tray):
        logger.info("beginning again", action="start")
    return 0


def _served(path: str | None, *, tray: bool) -> bool:
    """Once, from reading the configuration to the end; whether it is to begin again, as somebody asked on the page."""
    place = starting.place(path, os.environ)
    config, code = (configured(path), "") if place is None else (starting.first(place, os.environ), starting.code())
    refuse_impossible(config)
    redactor = Redactor()
    for secret in configuration.secrets(config):
        redactor.add(secret)
    book = Logbook()
    log.set_up(config.logging.level, config.logging.format, redactor, into=book)
    _say_how_to_begin(config, code if config.server.login is None else "")
    for warning in (*configuration.warnings(config), *without_effect(config)) if not code else ():
        logger.warning("configuration", action="start", why=warning)
    sys.setswitchinterval(TURN)
    staging.taken_up(config.storage.path, datetime.now(UTC))
    with contextlib.closing(opening.lock(config.storage.path)):
        return run(_serve(config, redactor, code, book, tray=tray))


def _say_how_to_begin(config: Config, code: str) -> None:
    """On a first start. On standard error beside the log, as whoever runs it in a container reads just that."""
    if not code:
        return
    here = f"On this machine itself http://localhost:{config.server.port} needs no code.\n"
    address = guides.address(config)[0]
    if os.environ.get(container.MARK):  # neither its own address nor its port is what people reach it by
        address, here = f"http://<this machine>:{config.server.port} (or the port that you gave it instead)", ""
    missing = f"\nThere is no configuration at {config.path} yet.\n"
    if _has_ingress(config):
        missing += "Open Scrobbled in Home Assistant's sidebar, where you need no code. Or from elsewhere:\n"
    click.echo(f"{missing}Open {address} and enter this code:\n\n    {code}\n\n{here}", err=True)


async def _serve(config: Config, redactor: Redactor, code: str, book: Logbook, *, tray: bool) -> bool:
    again = False

    def begin_again() -> None:
        nonlocal again
        again = True
        ended.set()

    with ending() as ended:
        runtime = build(config, redactor=redactor)
        runtime.on_restart(begin_again)
        app = create_app(runtime, code=code, book=book)
        async with (
            runtime.running(),
            listening(app, config.server.host, config.server.port) as port,
            _ingress(app, config),
            _reloading(runtime, redactor, book),
            sensing(runtime, os.environ),
        ):
            with liveness.noted(os.environ, config.server.host, port):
                logger.info("ready", action="start", version=__version__, host=config.server.host, port=port)
                await app.people.built()  # so that nobody waits for the first page
                _keep_for_good()
                async with _icon(runtime, port, ended) if tray else contextlib.nullcontext():
                    await ended.wait()
            logger.info("ending", action="stop")
            runtime.stop()
    return again


def _icon(runtime: Runtime, port: int, ended: asyncio.Event) -> contextlib.AbstractAsyncContextManager[None]:
    """The icon on the desktop, for as long as the block runs."""
    from scrobbled.cli.tray.beside import beside

    host = liveness.OWN.get(runtime.config.server.host, runtime.config.server.host)
    return beside(runtime.store, f"http://{f'[{host}]' if ':' in host else host}:{port}", ended)


def _keep_for_good() -> None:
    """What is loaded by now stays to the end: whoever looks for garbage need not look through it, which stops all."""
    gc.collect()
    gc.freeze()


def _has_ingress(config: Config) -> bool:
    enabled = config.server.ingress.enabled
    return "SUPERVISOR_TOKEN" in os.environ if enabled is None else enabled


@contextlib.asynccontextmanager
async def _ingress(app: Gate, config: Config) -> AsyncIterator[None]:
    """The port that Home Assistant asks, where it is there or the configuration says so."""
    ingress = config.server.ingress
    if not _has_ingress(config):
        yield
        return
    async with listening(app.ingress(), "0.0.0.0", ingress.port) as port:
        logger.info("ready for Home Assistant", action="start", port=port, supervisor=ingress.supervisor)
        yield


@contextlib.asynccontextmanager
async def _reloading(runtime: Runtime, redactor: Redactor, book: Logbook) -> AsyncIterator[None]:
    """SIGHUP, and a change of the file, put the configuration in force again."""

    def log_as(config: Config) -> None:
        log.set_up(config.logging.level, config.logging.format, redactor, into=book)
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


def demo(port: int, host: str, *, once: bool) -> int:
    """0 when each side holds each play exactly once, 130 after Ctrl-C."""
    from scrobbled.cli.demo.evening import Demo

    book = Logbook()
    log.set_up("error", "text", Redactor(), into=book, keep="info")  # the rest is told in the log of the page

    async def play() -> int:
        with ending() as ended:
            async with Demo(tell=click.echo, port=port, host=host, book=book).running() as evening:
                with liveness.noted(os.environ, host, evening.port):
                    arrived = await _played(evening, ended, once=once)
        return INTERRUPTED if ended.by_key else 0 if arrived else 1

    return run(play())


async def _played(evening: Demo, ended: asyncio.Event, *, once: bool) -> bool:
    """Whether all arrived; without ``once`` not before somebody ends it."""
    from scrobbled.cli.demo.household import DemoHousehold

    playing, stopped = asyncio.create_task(evening.play()), asyncio.create_task(ended.wait())
    await asyncio.wait([playing, stopped], return_when=asyncio.FIRST_COMPLETED)
    if not playing.done():
        playing.cancel()
        return False
    if not once:
        moving = asyncio.create_task(DemoHousehold(evening.runtime, evening.sandbox, evening.url).move_in())
        await asyncio.wait([moving, stopped], return_when=asyncio.FIRST_COMPLETED)
        click.echo(f"\nThe page stays up at {evening.url} until you press Ctrl+C.")
        click.echo(evening.invitation, nl=bool(evening.invitation))
        await stopped
    stopped.cancel()
    return playing.result()


def sandbox(port: int, *, seed: int, shows: int, plays: int, household: bool) -> int:
    """A ``household`` has a world of its own, whatever ``shows`` says."""
    from scrobbled.sandbox.homes.household import furnish, household_world
    from scrobbled.sandbox.server import Sandbox, page

    log.set_up("warning", "text", Redactor())

    async def stand() -> None:
        with ending() as ended:
            box = Sandbox(household_world(seed) if household else None, seed=seed, shows=shows)
            if household:
                furnish(box)
            if plays:
                box["serializd"].preload("anna", plays)
                box["trakt"].preload("anna", plays)
            async with box.running(port=port) as base:
                click.echo(page(base, box))
                await ended.wait()

    run(stand())
    return 0
