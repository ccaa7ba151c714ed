"""What several commands need."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

import rich_click as click

from scrobbled.config import Config, find_config, load, secrets
from scrobbled.core.words.printable import printable
from scrobbled.plumbing import log
from scrobbled.plumbing.redact import Redactor
from scrobbled.store import Store
from scrobbled.store.accounts import sign_ins

T = TypeVar("T")


_redactor = Redactor()
"""For what is printed; one for the process, as each runs one command."""


def configured(explicit: str | None, *, log_from: str = "warning") -> Config:
    """The configuration in force, whose secrets ``say`` masks from now on; raises ``ConfigError`` with all problems.

    What libraries and storage say belongs beside the answer and not into it: on standard error, from ``log_from`` on.
    """
    global _redactor
    config = load(find_config(explicit, os.environ), os.environ)
    _redactor = Redactor(secrets(config))
    log.set_up(log_from, "text", _redactor)
    return config


@contextlib.asynccontextmanager
async def opened(config: Config, *, create: bool = False) -> AsyncIterator[Store]:
    """The database, until the block ends. The sign-ins it keeps are masked from now on, too. Raises ``StoreError``."""
    store = Store(config.storage.path, create=create)
    try:
        await learn(store)
        yield store
    finally:
        await store.aclose()


async def learn(store: Store) -> None:
    """What is printed from now on has the sign-ins masked that it keeps."""
    redactor().add(*await store.read(sign_ins.secrets_kept))


def redactor() -> Redactor:
    """The one that masks whatever this command prints."""
    return _redactor


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run on the quickest loop there is."""
    with loop_runner() as runner:
        return runner.run(work)


def loop_runner() -> asyncio.Runner:
    """The same for several, one after the other on one loop."""
    try:
        import uvloop
    except ImportError:
        return asyncio.Runner()
    return asyncio.Runner(loop_factory=uvloop.new_event_loop)


def say(text: str, *, err: bool = False) -> None:
    """Print what others may have written: without secrets, and without anything that a terminal would act upon."""
    click.echo(harmless(text), err=err)


def harmless(text: str) -> str:
    return printable(_redactor.text(text))


def print_json(value: Any, *, masked: bool = True) -> None:
    """Not ``masked`` is what is there to tell a secret."""
    shown = _redactor.value(value) if masked else value
    click.echo(printable(json.dumps(shown, indent=2, ensure_ascii=False, default=str)))


def iso(seconds: float | None) -> str | None:
    """Unix seconds as ISO 8601 in UTC."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def plural(count: int, noun: str) -> str:
    """ "1 play", "2 plays"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
