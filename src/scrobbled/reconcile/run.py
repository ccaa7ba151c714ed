"""One pair, from reading to the queue."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta

import structlog
from msgspec import Struct
from msgspec.structs import replace

from scrobbled.clock import Clock
from scrobbled.config.viewing import PairConfig
from scrobbled.core.guard import Facts, Limits, judge, refused
from scrobbled.core.ledger import Policy
from scrobbled.core.plan import SIDES, Action, Plan, read_id
from scrobbled.metrics import Metrics
from scrobbled.reconcile.carrying import Cancelled, Carrier
from scrobbled.reconcile.comparing import Compared, Comparer
from scrobbled.reconcile.garbage import give_back
from scrobbled.reconcile.policies import Options, fingerprint, kinds, policy
from scrobbled.reconcile.reading import Failed, Member, Readers
from scrobbled.reconcile.sides import Sides
from scrobbled.store import cancelling, ledger, records, runs
from scrobbled.store.database import Store

PLAN_LASTS = timedelta(hours=24)
log = structlog.get_logger("reconcile")


class Ended(Struct, frozen=True):
    """How a run ended; see ``store.runs.Run``. ``plan`` is ``None`` where it did not come so far."""

    outcome: str
    reason: str = ""
    plan: Plan | None = None
    plan_id: str = ""


class Reconciler:
    """One pair. Runs of it must not overlap; whoever owns it sees to that.

    ``wake`` is called, after the commit, with accounts for which something waits.
    """

    def __init__(
        self,
        sides: Sides,
        pair: PairConfig,
        members: tuple[Member, Member],
        *,
        store: Store,
        clock: Clock,
        metrics: Metrics,
        limits: Limits,
        wake: Callable[[frozenset[tuple[str, str]]], None],
        tell: Callable[[str], None] = lambda phase: None,
    ) -> None:
        """``tell`` is called with each phase that begins."""
        self.sides, self.pair, self._tell = sides, pair, tell
        self._members, self._store, self._clock = members, store, clock
        self._metrics, self._limits = metrics, limits
        self._readers = Readers(sides, members, store=store, clock=clock, metrics=metrics, limits=limits)
        self._comparer = Comparer(sides, members[1], store=store, clock=clock)
        self._carrier = Carrier(sides, store=store, clock=clock, wake=wake)

    def policy(self, options: Options) -> Policy:
        """Raises ``ConfigError`` for options that mean nothing for this pair."""
        return policy(self.pair, self.sides, [member.tracker.can for member in self._members], options)

    async def run(self, run: int, options: Options) -> Ended:
        """Read, compare, and put what is missing on its way. Books itself in ``runs``; raises ``StoreError``."""
        started = self._clock.monotonic()
        if not await self._store.write(lambda db: runs.begin(db, run, self._now())):
            return Ended(cancelling.OUTCOME, cancelling.REASON)
        try:
            ended = await self._run(run, options)
        except Cancelled:
            return Ended(cancelling.OUTCOME, cancelling.REASON)
        except Failed as failure:
            ended = Ended("failed", str(failure))
        finally:
            give_back()
        shown = await asyncio.to_thread(ended.plan.text) if ended.plan and ended.outcome == "approval" else ""
        await self._store.write(
            lambda db: runs.end(db, run, self._now(), ended.outcome, ended.reason, ended.plan_id, shown)
        )
        self._told(run, ended, self._clock.monotonic() - started)
        return ended

    async def plan(self, options: Options) -> Ended:
        """What a run would do. It stores what it reads, so it is to be used on a copy of the database."""
        try:
            compared = await self._compared(options)
        except Failed as failure:
            return Ended("failed", str(failure))
        if not compared.plan.changes:
            return Ended("nothing", "", compared.plan)
        why = await self._judged(compared.plan)
        return Ended("approval" if why else "planned", why, compared.plan, await self._id(compared.plan))

    async def _run(self, run: int, options: Options) -> Ended:
        compared = await self._compared(options, run)
        plan, plan_id = compared.plan, await self._id(compared.plan)
        await self._carrier.write_ledger(compared)
        if options.plan and (why := self._refusal(options.plan, plan_id)):
            return Ended("refused", why, plan)
        counts = await asyncio.to_thread(counted, plan)
        if not options.plan and (why := await self._judged(plan) or await self._wary(run, plan)):
            await self._begin("comparing", run, counts)
            return Ended("approval", why, plan, plan_id)
        await self._begin("queueing", run, counts)
        new = await self._carrier.queue(run, compared)
        await self._carrier.reached(run, compared, fingerprint(self.policy(options)))
        return Ended("done", "", plan, plan_id) if new else Ended("nothing", "", plan)

    async def _compared(self, options: Options, run: int | None = None) -> Compared:
        """What may be done without anybody being asked whether it can be right."""
        made = self.policy(options)
        if not kinds(made):
            raise Failed("nothing is to be reconciled: every kind of this pair is off, or its trackers cannot do it")
        self._tell("reading")
        await self._readers.read(full=options.full)
        await self._begin("comparing", run)
        compared = await self._comparer.compare(made, full=options.full)
        facts = await self._store.read(self._facts)
        if why := await asyncio.to_thread(refused, compared.plan, facts, self._limits):
            compared.plan = _taking_nothing(compared.plan, why)
        return compared

    async def _begin(self, phase: str, run: int | None, counts: Mapping[str, int] | None = None) -> None:
        if run is not None:
            await self._store.write(lambda db: runs.phase(db, run, phase, counts))
        self._tell(phase)

    async def _wary(self, run: int, plan: Plan) -> str:
        """What somebody cancelled is not begun anew by the clock alone. Why not; empty where it may be."""
        asked, before = await self._store.read(lambda db: (runs.get(db, run), cancelling.last_was_cancelled(db, run)))
        acts = any(not change.ask for change in plan.changes)
        if not acts or before is None or asked is None or asked.cause != "schedule":
            return ""
        return f"the run before, r{before}, was cancelled"

    async def _judged(self, plan: Plan) -> str:
        """Why the plan wants a yes first; empty where it may be carried out at once."""
        facts = await self._store.read(self._facts)
        return await asyncio.to_thread(judge, plan, facts, self._limits)

    def _facts(self, db: sqlite3.Connection) -> Facts:
        a, b = (self.sides.account(side) for side in SIDES)
        return Facts(
            first_contact=ledger.state(db, self.sides.viewer, self.sides.pair).based_at is None,
            a=records.count(db, a),
            b=records.count(db, b),
            a_rated=records.count_rated(db, a),
            b_rated=records.count_rated(db, b),
            doubted=frozenset(side for side in SIDES if records.state(db, self.sides.account(side)).doubt),
        )

    def _refusal(self, wanted: str, found: str) -> str:
        """Why the plan with the id ``wanted`` cannot be carried out now; empty where it is the ``found`` one."""
        try:
            expires, shown = read_id(wanted)
        except ValueError as error:
            return str(error)
        if expires < self._clock.now():
            return "That plan has expired, so nothing was done."
        if shown == read_id(found)[1]:
            return ""
        return "Something changed since that plan was shown, so nothing was done."

    def _told(self, run: int, ended: Ended, seconds: float) -> None:
        sides = self.sides
        self._metrics.reconcile_runs.labels(sides.viewer, sides.pair, ended.outcome).inc()
        self._metrics.reconcile.labels(sides.pair).observe(seconds)
        if ended.outcome == "done" and ended.plan:
            for action, count in Counter(change.action for change in ended.plan.changes).items():
                self._metrics.reconcile_changes.labels(sides.pair, action).inc(count)
        if ended.outcome != "nothing":
            told = {"viewer": sides.viewer, "pair": sides.pair, "outcome": ended.outcome}
            log.info("reconciled", action="reconcile", run=f"r{run}", **told, why=ended.reason or None)

    async def _id(self, plan: Plan) -> str:
        return await asyncio.to_thread(plan.id, self._clock.now() + PLAN_LASTS)

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _taking_nothing(plan: Plan, why: str) -> Plan:
    """The same without its removals, which go beyond what is believed."""
    kept = tuple(change for change in plan.changes if change.action not in (Action.REMOVE, Action.UNRATE))
    return replace(plan, changes=kept, warnings=(*plan.warnings, f"nothing is removed: {why}"))


def counted(plan: Plan) -> dict[str, int]:
    """Changes by what they are, "serializd add plays", and things that are asked: "you decide ratings"."""
    does = Counter(f"{plan.name(c.side)} {c.action} {c.kind}" for c in plan.changes if not c.ask)
    asked = {(change.key, change.kind, change.action) for change in plan.changes if change.ask}
    return dict(does + Counter(f"you decide {kind}" for _, kind, _ in asked))
