"""Whether a plan may be carried out: ``core`` judges it by what both sides hold, and by what a person has said."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import datetime

from msgspec.structs import replace

from scrobbled.config import Config
from scrobbled.core.agreeing.guard import PlanFacts, PlanLimits, judge, refused
from scrobbled.core.agreeing.ledger import Policy
from scrobbled.core.agreeing.plan import SIDES, Action, Plan, read_id
from scrobbled.core.kinds import KINDS, PLAYS, WATCHED, Kind, KindShape, words_of
from scrobbled.core.standing import AccountKey
from scrobbled.reconcile.pairs import Options, Sides
from scrobbled.store.file.database import Store
from scrobbled.store.mirror import ledger, records, runs, values
from scrobbled.store.queue import cancelling


def limits(config: Config) -> PlanLimits:
    return PlanLimits(first=config.safety.max_writes_per_hour, removals_percent=config.safety.max_removals_percent)


class Guard:
    """Guards one pair."""

    def __init__(self, store: Store, sides: Sides, limits: PlanLimits) -> None:
        self._store, self._sides, self._limits = store, sides, limits

    async def believable(self, plan: Plan) -> Plan:
        """The same without its removals, where they go beyond what is believed, with or without a yes."""
        facts = await self._store.read(self._facts)
        why = await asyncio.to_thread(refused, plan, facts, self._limits)
        if not why:
            return plan
        kept = tuple(change for change in plan.changes if not words_of(change.action).takes_away)
        return replace(plan, changes=kept, warnings=(*plan.warnings, f"nothing is removed: {why}"))

    async def wants_a_yes(self, plan: Plan, run: int | None = None) -> str:
        """Why the plan is not to be carried out unasked; empty where it may be."""
        facts = await self._store.read(self._facts)
        why = await asyncio.to_thread(judge, plan, facts, self._limits)
        return why or ("" if run is None else await self._store.read(lambda db: _wary(db, run, plan)))

    def _facts(self, db: sqlite3.Connection) -> PlanFacts:
        a, b = (_held(db, self._sides.account(side)) for side in SIDES)
        return PlanFacts(
            first_contact=ledger.state(db, self._sides.viewer, self._sides.pair).based_at is None,
            a=a,
            b=b,
            doubted=frozenset(side for side in SIDES if records.state(db, self._sides.account(side)).doubt),
        )


def _held(db: sqlite3.Connection, account: AccountKey) -> dict[Kind, int]:
    """How much of each kind there is. In a library as many plays as it counts titles as watched, at least."""
    counted = values.count(db, account)
    return {**counted, PLAYS: max(records.count(db, account), counted.get(WATCHED, 0))}


def _wary(db: sqlite3.Connection, run: int, plan: Plan) -> str:
    """What somebody cancelled is not begun anew by the clock alone. Why not; empty where it may be."""
    asked, before = runs.get(db, run), cancelling.last_was_cancelled(db, run)
    acts = any(not change.ask for change in plan.changes)
    if not acts or before is None or asked is None or asked.cause != "schedule":
        return ""
    return f"the run before, r{before}, was cancelled"


def corrects(plan: Plan, options: Options, made: Policy) -> str:
    """Dates and details that others entered are only ever changed by a person's word. Why; empty where none is."""
    dates = plan.count(action=Action.RETIME) if options.correct_dates else 0
    details = sum(c.was is not None and KINDS[c.kind].shape is KindShape.SET for c in plan.changes)
    told = (
        f"{dates:,} plays would be given the dates of the library" if dates else "",
        f"{details:,} titles would be given the details of the library"
        if details and made.details == "overwrite"
        else "",
    )
    return "; ".join(filter(None, told))


def refusal(wanted: str, found: str, now: datetime) -> str:
    """Why the plan with the id ``wanted`` cannot be carried out now; empty where it is the ``found`` one."""
    try:
        expires, shown = read_id(wanted)
    except ValueError as error:
        return str(error)
    if expires < now:
        return "That plan has expired, so nothing was done."
    if shown == read_id(found)[1]:
        return ""
    return "Something changed since that plan was shown, so nothing was done."
