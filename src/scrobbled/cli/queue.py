"""``scrobbled queue``: what is not delivered, and what to do about it."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import rich_click as click

from scrobbled.cli.common import configured, iso, plural, print_json, run
from scrobbled.store import Store, accounts, outbox, overview

PAGE = 500


def list_changes(path: str | None, *, as_json: bool) -> int:
    config = configured(path)
    rows = run(_all(Store(config.storage.path)))
    if as_json:
        print_json([row_json(row) for row in rows])
        return 0
    for row in rows:
        click.echo(f"c{row.id}  {row.state:<10} {row.viewer}/{row.tracker}  {row.label}  p{row.play_id}  {_why(row)}")
    if not rows:
        click.echo("Nothing waits.")
    return 0


def act(path: str | None, action: str, ids: Sequence[str], *, as_json: bool) -> int:
    """1 when an ID was named that the action does not apply to."""
    config = configured(path)
    wanted = [_number(text) for text in ids]
    done = run(_act(Store(config.storage.path), action, wanted))
    left = [id_ for id_ in wanted if id_ not in done]
    if as_json:
        print_json({"action": action, "done": [f"c{i}" for i in done], "left": [f"c{i}" for i in left]})
    else:
        click.echo(f"{action}: {plural(len(done), 'change')}")
        for id_ in left:
            click.echo(f"c{id_} was left as it is: it does not wait, or this does not apply to it.", err=True)
    return 1 if left else 0


def row_json(row: overview.QueueRow) -> dict[str, Any]:
    """One change as JSON values; the same for command and API."""
    values = asdict(row)
    return {
        **values,
        "id": f"c{row.id}",
        "play_id": f"p{row.play_id}",
        "watched_at": iso(row.watched_at),
        "next_at": iso(row.next_at) if row.next_at else None,
        "outcome": row.state,
        "next_step": row.next_step,
    }


def _why(row: overview.QueueRow) -> str:
    when = f" (again {iso(row.next_at)})" if row.next_at > time.time() else ""
    return f"{row.reason or row.next_step}{when}"


def _number(text: str) -> int:
    match = re.fullmatch(r"c?(\d{1,18})", text.strip())
    if match is None:
        raise click.UsageError(f"{text} is not the ID of a change; scrobbled queue list shows them, like c12.")
    return int(match[1])


async def _all(store: Store) -> list[overview.QueueRow]:
    rows: list[overview.QueueRow] = []
    try:
        while page := await store.read(partial(overview.queue, after=rows[-1].id if rows else 0, limit=PAGE)):
            rows += page
    finally:
        await store.aclose()
    return rows


async def _act(store: Store, action: str, ids: Sequence[int]) -> list[int]:
    try:
        return await store.write(lambda db: apply(db, action, ids or None, time.time()))
    finally:
        await store.aclose()


def apply(db: sqlite3.Connection, action: str, ids: Sequence[int] | None, now: float) -> list[int]:
    """Carry out an action on the queue and let a running service notice it; returns the changes it applied to."""
    if action == "retry":
        done = outbox.retry(db, ids)
    elif action == "approve":
        done = outbox.approve(db, ids)
    else:
        done = outbox.drop(db, ids or (), now)
    accounts.set_mark(db, accounts.RETRIED, now)
    return done
