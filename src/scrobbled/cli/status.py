"""``scrobbled status``: everything that was acknowledged, and where it is."""

from __future__ import annotations

import sqlite3
from dataclasses import asdict, dataclass
from typing import Any

import rich_click as click

from scrobbled import __version__
from scrobbled.cli.common import configured, iso, plural, print_json, run
from scrobbled.config import Config
from scrobbled.core.outcomes import WAITING
from scrobbled.store import Store, overview


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
    store = Store(config.storage.path)
    try:
        return await store.read(lambda db: summary(db, config))
    finally:
        await store.aclose()


@dataclass(frozen=True, slots=True)
class AccountStatus:
    """One account. ``counts`` are changes by outcome; times are ISO 8601 in UTC."""

    viewer: str
    tracker: str
    signed_in: bool
    state: str
    reason: str
    since: str | None
    token_expires: str | None
    counts: dict[str, int]
    waiting: int
    oldest_waiting: str | None


def summary(db: sqlite3.Connection, config: Config) -> dict[str, Any]:
    """The whole picture as JSON values; the same for command and API."""
    return {
        "version": __version__,
        "events": overview.event_counts(db),
        "plays": overview.play_count(db),
        "trackers": [asdict(row) for row in _accounts(db, config)],
        "sources": [
            {"source": heard.source, "events": heard.events, "last_heard": iso(heard.last_seen)}
            for heard in overview.sources_heard(db)
        ],
        "unclaimed": [
            {
                "source": row.source,
                "account": row.account,
                "events": row.events,
                "last_heard": iso(row.last_seen),
                "yaml": f"accounts: {{{row.source}: [{row.account}]}}",
            }
            for row in overview.unclaimed_accounts(db)
        ],
    }


def _accounts(db: sqlite3.Connection, config: Config) -> list[AccountStatus]:
    counts, states = overview.delivery_counts(db), overview.account_states(db)
    known, oldest = overview.signed_in(db), _oldest(db)
    rows = []
    for viewer in config.viewers:
        for tracker in viewer.trackers:
            key = (viewer.name, tracker)
            state, reason, since, expires = states.get(key, ("new", "", None, None))
            mine = counts.get(key, {})
            rows.append(
                AccountStatus(
                    viewer=viewer.name,
                    tracker=tracker,
                    signed_in=key in known and state != "sign-in",
                    state=state,
                    reason=reason,
                    since=iso(since),
                    token_expires=iso(expires),
                    counts=mine,
                    waiting=sum(count for outcome, count in mine.items() if outcome in WAITING),
                    oldest_waiting=iso(oldest.get(key)),
                )
            )
    return rows


def _oldest(db: sqlite3.Connection) -> dict[tuple[str, str], float]:
    ages: dict[tuple[str, str], float] = {}
    for row in overview.waiting(db):
        key = (row.viewer, row.tracker)
        ages[key] = min(ages.get(key, row.oldest), row.oldest)
    return ages


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
