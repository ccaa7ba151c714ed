"""Each account at a tracker: how the service last found it, what waits for it, and how it answers now."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.config.loading import is_there
from scrobbled.core.errors import said
from scrobbled.core.standing import STATES
from scrobbled.core.words.checks import Check, ok, problem, skipped, warning
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.delivery.health import HealthState
from scrobbled.desk.doctor.bounded import bounded, in_thread
from scrobbled.desk.doctor.naming import ago, counted, span
from scrobbled.desk.doctor.patient import Patient
from scrobbled.store.queue import delivered, overview

EXAMINED_WITHIN = 25.0
NEED_YOU = (PlayOutcome.HELD, PlayOutcome.UNMATCHED, PlayOutcome.DEAD)
LONG = 6 * 3_600.0
"""Seconds; what is queued for longer than that is more than a short outage."""


class StoredAccount(Struct, frozen=True):
    """What the database says of one account. Times are Unix seconds."""

    state: str = HealthState.NEW
    reason: str = ""
    since: float | None = None
    waiting: tuple[overview.WaitingCount, ...] = ()
    delivered_at: float | None = None


StoredAccounts = dict[tuple[str, str], StoredAccount]


async def accounts(patient: Patient) -> list[Check]:
    """Every configured account, those that this version cannot serve included."""
    wanted = [(viewer.name, name) for viewer in patient.config.viewers for name in viewer.trackers]
    if not wanted:
        return [skipped("accounts", "No viewer has a tracker.", "Add one under trackers of a viewer.")]
    facts, found = await asyncio.gather(_facts(patient, wanted), _examined(patient, wanted))
    now = patient.clock.now()
    return [check for who in wanted for check in (*_told(who, facts, now), *found.get(who, ()))]


async def _examined(patient: Patient, wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], list[Check]]:
    there = [who for who in wanted if who in patient.trackers]
    found = await asyncio.gather(
        *(bounded("answers", patient.trackers[who].examine(), EXAMINED_WITHIN) for who in there)
    )
    return {who: [_of(who, check) for check in checks] for who, checks in zip(there, found, strict=True)}


def _of(who: tuple[str, str], check: Check) -> Check:
    return replace(check, name=f"{'/'.join(who)} {check.name}")


async def _facts(patient: Patient, wanted: Sequence[tuple[str, str]]) -> StoredAccounts | str:
    """A text says why there are none."""
    if not await in_thread(lambda: is_there(patient.database)):
        return "There is no database yet."
    try:
        return await in_thread(lambda: _read(patient, wanted))
    except sqlite3.Error as error:
        return f"The database cannot be read ({said(error)})."


def _read(patient: Patient, wanted: Sequence[tuple[str, str]]) -> StoredAccounts:
    with patient.reading() as db:
        states, waiting = overview.account_states(db), overview.waiting(db)
        return {who: _stored(db, who, states.get(who), waiting) for who in wanted}


def _stored(
    db: sqlite3.Connection,
    who: tuple[str, str],
    state: tuple[str, str, float, float | None] | None,
    waiting: Sequence[overview.WaitingCount],
) -> StoredAccount:
    mine = tuple(one for one in waiting if (one.viewer, one.tracker) == who)
    found, reason, since, _ = state or (HealthState.NEW, "", None, None)
    return StoredAccount(found, reason, since, mine, delivered.last(db, *who))


def _told(who: tuple[str, str], facts: StoredAccounts | str, now: datetime) -> list[Check]:
    if isinstance(facts, str):
        return [_of(who, skipped("state", facts))]
    stored = facts[who]
    return [_of(who, _state(stored, now)), _of(who, _queue(stored, now))]


def _state(stored: StoredAccount, now: datetime) -> Check:
    """As the serving process saved it last; the checks after it ask anew."""
    at = stored.delivered_at
    last = "Nothing was delivered yet." if at is None else f"Last delivered {ago(now, at)}."
    if stored.state == HealthState.NEW:
        return ok("state", f"Nothing was asked of it yet. {last}", state=stored.state)
    since = (
        f"{STATES.get(stored.state, stored.state).capitalize()} since {span(now.timestamp() - (stored.since or 0.0))}"
    )
    if stored.state == HealthState.OK:
        return ok("state", f"{since}. {last}", state=stored.state)
    step = "See the checks of its sign-in and answers; after you did something: scrobbled queue retry"
    return problem("state", f"{since}: {stored.reason.rstrip('.')}. {last}", step, state=stored.state)


def _queue(stored: StoredAccount, now: datetime) -> Check:
    counts = {str(one.state): one.count for one in stored.waiting}
    if not counts:
        return ok("queue", "Nothing waits.", waiting=0)
    oldest = now.timestamp() - min(one.oldest for one in stored.waiting)
    text = f"{counted(counts)}; the oldest since {span(oldest)}."
    figures = {**counts, "oldest_seconds": round(oldest)}
    if any(state in counts for state in NEED_YOU):
        return warning("queue", text, "See what needs you: scrobbled queue list", **figures)
    queued = [one.oldest for one in stored.waiting if one.state == PlayOutcome.QUEUED]
    if queued and now.timestamp() - min(queued) > LONG:
        return warning("queue", text, "It goes out when the account works again; see its other checks.", **figures)
    return ok("queue", text, **figures)
