"""What reports to us: when it was last heard, what became of it, and what was turned away."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from scrobbled.config import BY_VIEWER
from scrobbled.config.loading import is_there
from scrobbled.core.errors import said
from scrobbled.core.words.checks import Check, ok, skipped, warning
from scrobbled.core.words.outcomes import EventOutcome, told
from scrobbled.core.words.reasons import TESTS, Code
from scrobbled.desk.doctor.bounded import in_thread
from scrobbled.desk.doctor.naming import DAY, ago, counted
from scrobbled.desk.doctor.patient import Patient
from scrobbled.store.inbox import latest, refusals, servers
from scrobbled.store.inbox.refusals import RefusalCount
from scrobbled.store.inbox.servers import ServerHeard
from scrobbled.store.queue import overview

SILENT = 14 * DAY
"""A house may be on holiday for that long."""
_ENTER = "scrobbled webhook {name} prints the address to enter there, and the steps."
_AS_PRINTED = (
    "Check what the sender is set up to send. scrobbled webhook {name} prints the steps, and a form that is known."
)
_PLAYERS = "scrobbled webhook trakt prints the address for players, and how to let one in."


@dataclass
class Lately:
    """One source within the last day; ``last`` is a Unix time and may be older."""

    last: float | None = None
    outcomes: Counter[str] = field(default_factory=Counter)
    unreadable: str = ""
    foreign: int = 0
    """How many named an event that is not known."""
    tests: int = 0
    servers: list[ServerHeard] = field(default_factory=list)


async def sources(patient: Patient) -> list[Check]:
    if not patient.config.sources:
        return [skipped("sources", "None is configured.", "Add one under sources.")]
    if not await in_thread(lambda: is_there(patient.database)):
        return [skipped("sources", "There is no database yet, so nothing was heard.")]
    try:
        return await in_thread(lambda: _told(patient))
    except sqlite3.Error as error:
        return [skipped("sources", f"The database cannot be read ({said(error)}).")]


def _told(patient: Patient) -> list[Check]:
    now = patient.clock.now()
    with patient.reading() as db:
        heard, turned_away = _lately(db, now.timestamp() - DAY), refusals.listed(db)
        unclaimed, behind = overview.unclaimed_accounts(db), servers.listed(db)
        for known in overview.sources_heard(db):
            heard.setdefault(known.source, Lately()).last = known.last_seen
    for one in behind:
        heard.setdefault(one.source, Lately()).servers.append(one)
    configured = patient.config.sources.items()
    checks = [_source(name, heard.get(name, Lately()), now, live=one.mode == "live") for name, one in configured]
    checks += [_refused(one, now) for one in turned_away]
    return [*checks, *_unclaimed(unclaimed)]


def _lately(db: sqlite3.Connection, since: float) -> dict[str, Lately]:
    heard: dict[str, Lately] = {}
    for event in latest.since(db, since):
        one = heard.setdefault(event.source, Lately(event.at))
        one.outcomes[event.outcome] += 1
        if event.outcome == EventOutcome.UNREADABLE and not one.unreadable:
            one.unreadable = event.reason
        one.foreign += event.code == Code.UNKNOWN_EVENT
        one.tests += event.code in TESTS
    return heard


def _source(name: str, heard: Lately, now: datetime, *, live: bool) -> Check:
    """``live``: it is listened to, and sends nothing by itself."""
    title, counts = f"source {name}", dict(heard.outcomes)
    if heard.last is None:
        step = _PLAYERS if name in BY_VIEWER else f"{_ENTER.format(name=name)} Then watch something."
        step = f"See the check {name} live. Then watch something." if live else step
        return warning(title, "Never heard.", step, events=0)
    text = f"Last heard {ago(now, heard.last)}; in 24 h: {counted(counts)}.{_behind(heard.servers, now)}"
    silent = now.timestamp() - heard.last
    figures = {"seconds_silent": round(silent), **counts}
    if heard.unreadable:
        text = f"{text} The last that was unreadable: {told(heard.unreadable)}"
        return warning(title, text, _AS_PRINTED.format(name=name), **figures)
    if heard.foreign and heard.foreign + heard.tests == heard.outcomes.total():
        text = f"{text} None of them names an event that is known here."
        return warning(title, text, _AS_PRINTED.format(name=name), **figures)
    if silent > SILENT:
        return warning(title, text, "If somebody watched meanwhile, check the webhook's address there.", **figures)
    return ok(title, text, **figures)


def _behind(heard: list[ServerHeard], now: datetime) -> str:
    """Only where there are several: one of them may have fallen silent while the others speak."""
    if len(heard) < 2:
        return ""
    return f" Servers: {', '.join(f'{one.name or one.server} {ago(now, one.last_seen)}' for one in heard)}."


def _refused(refused: RefusalCount, now: datetime) -> Check:
    """Only lately, as somebody may have put it right long ago."""
    name = f"wrong address {refused.source}" if refused.source else "wrong address"
    whose = f"for {refused.source}" if refused.source else "for sources that are not configured"
    text = f"{refused.count} webhooks {whose} came with a wrong token or name, last {ago(now, refused.last_at)}."
    if now.timestamp() - refused.last_at > DAY:
        return ok(name, text, count=refused.count)
    step = (
        "If they are yours, enter the address anew at the sender: the token in it is not the configured one. "
        f"scrobbled webhook {refused.source or 'SOURCE'} prints it."
    )
    return warning(name, text, step, count=refused.count)


def _unclaimed(accounts: list[overview.UnclaimedAccount]) -> Iterator[Check]:
    if not accounts:
        return
    events = sum(account.events for account in accounts)
    named = ", ".join(f"{account.account or '(no name)'} of {account.source}" for account in accounts[:5])
    text = f"Accounts that no viewer lists, with webhooks ({events} in all): {named}."
    step = "scrobbled claim lists them, and claims those who are yours."
    yield warning("unclaimed accounts", text, step, accounts=len(accounts), events=events)
