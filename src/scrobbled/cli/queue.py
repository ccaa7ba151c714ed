"""``scrobbled queue``: what is not delivered, and what to do about it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial

import rich_click as click

from scrobbled import summary
from scrobbled.cli.common import configured, plural, print_json, run
from scrobbled.store import Store, overview
from scrobbled.summary import iso, queued_change

PAGE = 500


def list_changes(path: str | None, *, as_json: bool) -> int:
    config = configured(path)
    rows = run(_all(Store(config.storage.path, create=False)))
    if as_json:
        print_json([asdict(queued_change(row)) for row in rows])
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
    done = run(_act(Store(config.storage.path, create=False), action, wanted))
    left = [id_ for id_ in wanted if id_ not in done]
    if as_json:
        print_json({"action": action, "done": [f"c{i}" for i in done], "left": [f"c{i}" for i in left]})
    else:
        click.echo(f"{action}: {plural(len(done), 'change')}")
        for id_ in left:
            click.echo(f"c{id_} was left as it is: it does not wait, or this does not apply to it.", err=True)
    return 1 if left else 0


def _why(row: overview.QueueRow) -> str:
    when = f" (again {iso(row.next_at)})" if row.next_at > time.time() else ""
    return f"{row.reason or row.next_step}{when}"


def _number(text: str) -> int:
    found = summary.number(text, "c")
    if found is None:
        raise click.UsageError(f"{text} is not the ID of a change; scrobbled queue list shows them, like c12.")
    return found


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
        return await store.write(lambda db: summary.act(db, action, ids or None, time.time()))
    finally:
        await store.aclose()
