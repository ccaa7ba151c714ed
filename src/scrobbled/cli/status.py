"""``scrobbled status``: everything that was acknowledged, and where it is."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import rich_click as click

from scrobbled import summary
from scrobbled.cli.common import configured, plural, print_json, run
from scrobbled.config import Config
from scrobbled.store import Store


def status(path: str | None, *, as_json: bool) -> int:
    """0, whatever the state: it was told."""
    config = configured(path)
    facts = run(_facts(config))
    if as_json:
        print_json(facts)
    else:
        _print(facts)
    return 0


async def _facts(config: Config) -> dict[str, Any]:
    store = Store(config.storage.path, create=False)
    try:
        return asdict(await store.read(lambda db: summary.status(db, config)))
    finally:
        await store.aclose()


def _print(facts: dict[str, Any]) -> None:
    events = ", ".join(f"{count} {name}" for name, count in facts["events"].items() if count) or "none yet"
    click.echo(f"Webhooks: {events}")
    click.echo(f"Plays: {facts['plays']}")
    for row in facts["trackers"]:
        counts = ", ".join(f"{count} {name}" for name, count in row["counts"].items()) or "nothing yet"
        sign = "signed in" if row["signed_in"] else "not signed in"
        click.echo(f"{row['viewer']}/{row['tracker']}: {row['state']}, {sign}. {counts}")
        if row["reason"]:
            click.echo(f"  {row['reason']}")
    for row in facts["unclaimed"]:
        click.echo(
            f"Unclaimed: {row['source']} account {row['account'] or '(no name)'}, {plural(row['events'], 'webhook')} "
            f"kept. To claim it, give a viewer: {row['yaml']}"
        )
