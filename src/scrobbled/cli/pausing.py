"""``scrobbled queue pause`` and ``resume``: nothing is delivered for a while."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from datetime import datetime

import rich_click as click

from scrobbled.cli.common import configured, opened, print_json, run, say
from scrobbled.config import Config
from scrobbled.core.words.plain import plain
from scrobbled.desk import words
from scrobbled.desk.facts.pausing import KEPT, Paused, sentence, story
from scrobbled.desk.pausing import length
from scrobbled.store.queue import pausing
from scrobbled.store.queue.pausing import Pause


def pause(path: str | None, wish: str | None, *, as_json: bool) -> int:
    """``wish`` is for how long; 0."""
    config, now = configured(path), time.time()
    try:
        until = None if wish is None else now + length(wish)
    except ValueError as error:
        raise click.UsageError(f"--for {wish} {error}") from None
    found = Paused(story(_write(config, lambda db: pausing.begin(db, now, until))))
    if as_json:
        print_json(plain(found))
        return 0
    here = datetime.now(config.server.zone)
    say(f"{sentence(found.pause, lambda iso: words.since(datetime.fromisoformat(iso), here))}. {KEPT}")
    say("To go on before that: scrobbled queue resume", err=True)
    return 0


def resume(path: str | None, *, as_json: bool) -> int:
    """0, also where nothing was paused."""
    _write(configured(path), pausing.end)
    if as_json:
        print_json(plain(Paused(None)))
    else:
        say("Delivery goes on now, or as soon as serve runs.")
    return 0


def _write(config: Config, work: Callable[[sqlite3.Connection], Pause | None]) -> Pause | None:
    async def done() -> Pause | None:
        async with opened(config, create=True) as store:
            return await store.write(work)

    return run(done())
