"""What several commands need."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

import rich_click as click

from scrobbled.config import Config, find_config, load

T = TypeVar("T")


def configured(explicit: str | None) -> Config:
    """The configuration in force; raises ``ConfigError`` with all problems."""
    return load(find_config(explicit, os.environ), os.environ)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run on the quickest loop there is."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(work)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def iso(seconds: float | None) -> str | None:
    """Unix seconds as ISO 8601 in UTC."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def plural(count: int, noun: str) -> str:
    """ "1 play", "2 plays"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
