"""``scrobbled claim``: accounts that no viewer lists, and listing one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex

import rich_click as click

from scrobbled.cli.common import configured, opened, plural, print_json, run, say
from scrobbled.config import Config
from scrobbled.config.loading import is_there
from scrobbled.core.errors import StoreError
from scrobbled.core.words.plain import plain
from scrobbled.desk.facts import house
from scrobbled.desk.facts.house import UnclaimedStatus
from scrobbled.desk.sources import claims
from scrobbled.desk.sources.claims import Claimed
from scrobbled.store.file import opening

TAKEN_UP_WITHIN = 15.0
"""Seconds for a running service to notice the file and fold what waited."""
LOOK_EVERY = 0.2


def claim(path: str | None, source: str | None, account: str | None, viewer: str | None, *, as_json: bool) -> int:
    """Without a source, or with ``list``, what could be claimed; else it is, and this tells what waited."""
    config = configured(path)
    if source is None or source == "list":
        if account is not None or viewer is not None:
            raise click.UsageError("scrobbled claim list takes nothing more; to claim one, name its source first.")
        return _list(config, as_json=as_json)
    return run(_claim(config, source, account or "", viewer, as_json=as_json))


def _list(config: Config, *, as_json: bool) -> int:
    rows = run(_unclaimed(config))
    if as_json:
        print_json([plain(row) for row in rows])
        return 0
    for row in rows:
        about = f", such as {row.label}" if row.label else ""
        heard = f"{plural(row.events, 'webhook')}, last {row.last_heard}{about}"
        say(f"{row.source}  {row.account or '(no name)'}  {heard}")
        if row.yaml:
            words = shlex.join(["scrobbled", "claim", row.source, *([row.account] if row.account else [])])
            say(f"  {words} --viewer NAME\n  or give a viewer: {row.yaml}")
    if not rows:
        say("Every account that was heard is listed by a viewer.")
    return 0


async def _unclaimed(config: Config) -> list[UnclaimedStatus]:
    async with opened(config) as store:
        return await store.read(house.unclaimed)


async def _claim(config: Config, source: str, account: str, viewer: str | None, *, as_json: bool) -> int:
    done = claims.claim(config, os.environ, source, account, viewer)
    waited, left = await _taken_up(config, done)
    if as_json:
        print_json({**plain(done), "waited": waited, "waiting": left})
    else:
        _print(done, waited, left)
    return 0


async def _taken_up(config: Config, done: Claimed) -> tuple[int, int]:
    """How many webhooks waited for it, and how many still do once a running service has noticed."""
    if not is_there(config.storage.path):
        return 0, 0  # nothing was ever heard
    async with opened(config) as store:
        waited = left = await claims.waiting(store, done.source, done.account)
        for _ in range(round(TAKEN_UP_WITHIN / LOOK_EVERY) if _is_served(config) else 0):
            if not left:
                break
            await asyncio.sleep(LOOK_EVERY)
            left = await claims.waiting(store, done.source, done.account)
        return waited, left


def _is_served(config: Config) -> bool:
    try:
        with contextlib.closing(opening.lock(config.storage.path)):
            return False
    except StoreError:
        return True


def _print(done: Claimed, waited: int, left: int) -> None:
    if done.changed:
        say(f"{done.source} account {done.account} is {done.viewer}'s now: {done.line}")
        say(f"Written into {done.file}; as it was before it is {done.copy}.")
    else:
        say(f"{done.viewer} lists {done.account} of {done.source} already: {done.line}")
    if done.also:
        say(f"{' and '.join(done.also)} list it too, so what is watched counts for all of them.")
    for warning in done.warnings:
        say(warning)
    if waited - left:
        say(f"{plural(waited - left, 'webhook')} that waited were taken up.")
    if left:
        say(f"{plural(left, 'webhook')} wait, and are taken up when scrobbled serve runs with this file.")
