"""One pair, from reading to the queue."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta

import structlog
from msgspec import Struct, field
from msgspec.structs import replace

from scrobbled.config.viewing import PairConfig
from scrobbled.core.agreeing.guard import PlanLimits
from scrobbled.core.agreeing.ledger import Link, Policy
from scrobbled.core.agreeing.plan import SIDES, Action, Plan, Side, of_side, other
from scrobbled.core.errors import TrackerError
from scrobbled.plumbing.behalf import for_run
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.garbage import young_only
from scrobbled.plumbing.metrics import Metrics
from scrobbled.reconcile.accounts import AccountReads, Wanted
from scrobbled.reconcile.carrying import Cancelled, Carrier
from scrobbled.reconcile.deciding import Compared, Decider
from scrobbled.reconcile.guarding import Guard, corrects, refusal
from scrobbled.reconcile.libraries import library_view, refuse_unknown
from scrobbled.reconcile.lining import Liner
from scrobbled.reconcile.loading import Loader, extent
from scrobbled.reconcile.pairs import Options, Sides, fingerprint, kinds, policy, wanted
from scrobbled.reconcile.placing import Placer
from scrobbled.reconcile.reading import Failed, PairMember
from scrobbled.reconcile.rooms import RoomOf, Rooms
from scrobbled.reconcile.sheets import Beyond
from scrobbled.reconcile.steps import RunSteps, TellSteps
from scrobbled.reconcile.unread import RunGaps
from scrobbled.reconcile.until_watched import tell_viewings
from scrobbled.store.file.database import Store
from scrobbled.store.mirror import runs, values
from scrobbled.store.queue import cancelling, corrections

AHEAD = timedelta(minutes=10)
"""How far ahead of ours a service's clock may be; a later viewing has not been yet."""
PLAN_LASTS = timedelta(hours=24)
TakeLinks = Callable[[Sequence[Link]], Awaitable[None]]
log = structlog.get_logger("reconcile")


class Ended(Struct, frozen=True):
    """How a run ended; see ``store.runs.Run``. ``plan`` is ``None`` where it did not come so far.

    The ``reason`` of one that is ``incomplete`` is what it could not read; with the rest it did what there was to do.
    """

    outcome: str
    reason: str = ""
    plan: Plan | None = None
    plan_id: str = ""
    without_room: Mapping[RoomOf, int] = field(default_factory=dict)
    """How much is held because its list takes nothing more, of each list that was looked at."""


class Reconciler:
    """One pair. Runs of it must not overlap; whoever owns it sees to that.

    ``wake`` is called, after the commit, with accounts for which something waits.
    """

    def __init__(
        self,
        sides: Sides,
        pair: PairConfig,
        members: tuple[PairMember, PairMember],
        *,
        store: Store,
        clock: Clock,
        metrics: Metrics,
        limits: PlanLimits,
        wake: Callable[[frozenset[tuple[str, str]]], None],
        tell: Callable[[str], None] = lambda phase: None,
        tell_steps: TellSteps = lambda steps: None,
        reads: AccountReads | None = None,
    ) -> None:
        """``tell`` is called with each phase that begins, ``tell_steps`` now and then with how far it is."""
        self.sides, self.pair, self._tell, self._tell_steps = sides, pair, tell, tell_steps
        self._members, self._store, self._clock = members, store, clock
        self._metrics, self._limits = metrics, limits
        self._reads = reads or AccountReads(store, clock, metrics)
        self._gaps = RunGaps(self._reads, sides)
        self._guard = Guard(store, sides, limits)
        self._rooms = Rooms(sides, members, store=store, clock=clock, wake=wake)
        self._carrier = Carrier(sides, store=store, clock=clock, wake=wake, full=self._rooms.full)

    def policy(self, options: Options) -> Policy:
        """Raises ``ConfigError`` for options that mean nothing for this pair."""
        return policy(self.pair, self.sides, [member.tracker.can for member in self._members], options)

    async def check(self, options: Options) -> None:
        """Raises as ``policy``, and for a library that is none of those that were read, unless all is read anew."""
        made = self.policy(options)
        if not options.full:
            await refuse_unknown(self._store, self.sides, made)

    async def run(self, run: int, options: Options, *, since: float | None = None) -> Ended:
        """Read, compare, and put what is missing on its way. Books itself in ``runs``; raises ``StoreError``.

        An account of which a read began after ``since`` (Unix seconds) is not read again.
        """
        with for_run(run):
            ended = await self._carried_out(run, options, since)
        sent = self._metrics.run_requests.taken()
        await self._store.write(lambda db: runs.add_requests(db, sent))
        return ended

    async def _carried_out(self, run: int, options: Options, since: float | None) -> Ended:
        started = self._clock.monotonic()
        if not await self._store.write(lambda db: runs.begin(db, run, self._now())):
            return Ended(cancelling.OUTCOME, cancelling.REASON)
        try:
            with young_only():
                ended = await self._run(run, options, since)
        except Cancelled:
            return Ended(cancelling.OUTCOME, cancelling.REASON)
        except Failed as failure:
            ended = Ended("failed", str(failure))
        shown = await asyncio.to_thread(ended.plan.outline) if ended.plan and ended.outcome == "approval" else None
        await self._store.write(
            lambda db: runs.end(db, run, self._now(), ended.outcome, ended.reason, ended.plan_id, shown)
        )
        self._told(run, ended, self._clock.monotonic() - started)
        return ended

    async def plan(self, options: Options) -> Ended:
        """What a run would do. It stores what it reads, so it is to be used on a copy of the database."""
        try:
            with young_only():
                compared = await self._compared(options)
        except Failed as failure:
            return Ended("failed", str(failure))
        if not compared.plan.changes:
            return Ended("nothing", "", compared.plan)
        why = await self._guard.wants_a_yes(compared.plan) or corrects(compared.plan, options, self.policy(options))
        return Ended("approval" if why else "planned", why, compared.plan, await self._id(compared.plan))

    async def _run(self, run: int, options: Options, since: float | None) -> Ended:
        compared = await self._compared(options, run, since)
        await self._keep_skips(run, compared)
        plan, plan_id = compared.plan, await self._id(compared.plan)
        await self._carrier.write_values(compared)
        if options.plan and (why := refusal(options.plan, plan_id, self._clock.now())):
            return Ended("refused", why, plan)
        counts = {**await asyncio.to_thread(counted, plan), **compared.unkept}
        made = self.policy(options)
        if not options.plan and (why := await self._guard.wants_a_yes(plan, run) or corrects(plan, options, made)):
            await self._begin("comparing", run, counts)
            return Ended("approval", why, plan, plan_id)
        await self._begin("queueing", run, counts)
        new = await self._carrier.queue(run, compared)
        held = await self._rooms.settle()
        if not (options.library or self._gaps.kinds(made)):  # what was left out is to be compared from where it was
            await self._carrier.reached(run, compared, fingerprint(made))
        missing = self._gaps.missing(made)
        done = "incomplete" if missing else "done" if new else "nothing"
        return Ended(done, missing, plan, plan_id if new else "", held)

    async def _keep_skips(self, run: int, compared: Compared) -> None:
        await self._store.write(lambda db: runs.take_skips(db, run, compared.skips))
        for kind, skips in compared.skips.items():
            for code, skip in skips.items():
                reason = code.partition(":")[0]
                self._metrics.reconcile_skipped.labels(self.sides.pair, kind, reason).inc(skip.count)

    async def _compared(self, options: Options, run: int | None = None, since: float | None = None) -> Compared:
        """What may be done without anybody being asked whether it can be right."""
        await self.check(options)
        made = self.policy(options)
        if not kinds(made):
            raise Failed("nothing is to be reconciled: every kind of this pair is off, or its trackers cannot do it")
        self._tell("reading")
        steps = RunSteps(self._store, self._clock, run=run, tell=self._tell_steps)
        forget = f"scrobbled reset-state --pair {self.sides.pair} --viewer {self.sides.viewer}"
        await self._read(Wanted(wanted(made), self._limits.removals_percent, forget, options.full, since), steps)
        unread, made = self._gaps.told(made), self._gaps.without(made)
        if not kinds(made):
            raise Failed(". ".join(unread))
        await self._begin("comparing", run)
        links = _nothing if run is None else self._carrier.write_links
        compared = await self._decided(made, full=options.full, steps=steps, links=links)
        plan = await self._with_hint(await self._guard.believable(compared.plan), made)
        plan = await self._rooms.seen(plan, kinds(made))
        compared.plan = replace(plan, warnings=(*plan.warnings, *unread))
        return compared

    async def _with_hint(self, plan: Plan, made: Policy) -> Plan:
        """Says where the other side takes by itself what it is about to be given; that is asked only then."""
        if made.library is None or not plan.count(other(made.library), Action.ADD):
            return plan
        try:
            beside = of_side(self._members, other(made.library)).tracker
            told = await beside.takes_itself(self._place_of(made.library))
        except TrackerError:
            return plan
        return replace(plan, warnings=(told, *plan.warnings)) if told else plan

    async def _read(self, wanted: Wanted, steps: RunSteps) -> None:
        """Both sides, beside each other. Where one fails, what the other brought is kept, and ``Failed`` is raised."""
        members = zip(SIDES, self._members, strict=True)
        reads = (self._reads.keep(self.sides.account(side), member, wanted, steps) for side, member in members)
        found = await asyncio.gather(*reads, return_exceptions=True)
        troubles = [one for one in found if isinstance(one, BaseException)]
        for trouble in troubles:
            if not isinstance(trouble, Failed):
                raise trouble
        if troubles:
            raise Failed(". ".join(map(str, troubles)))

    async def _decided(self, made: Policy, *, full: bool, steps: RunSteps, links: TakeLinks) -> Compared:
        """``links`` is handed what was found to be the same, as it is found: that is too much to be kept."""
        store, sides = self._store, self.sides
        await refuse_unknown(store, sides, made)
        until, print_ = self._clock.now() + AHEAD, fingerprint(made)
        looked = await store.read(lambda db: extent(db, sides, print_, until.timestamp(), full=full))
        known = await store.read(lambda db: corrections.in_force(db, sides.viewer))
        placer = Placer(sides, self._members[1], known, store=store, clock=self._clock)
        course = await placer.course(looked.since, steps)
        made = replace(made, until=until, removals_percent=self._limits.removals_percent)
        decider, view, beyond = Decider(sides, made), None, self._beyond(made)
        decider.leave_mixed(course.mixed)
        if made.library is not None:
            theirs = sides.account(other(made.library))
            kept = await store.read(lambda db: values.of_kinds(db, theirs, beyond.kinds)) if beyond else set[str]()
            decider.leave_out(made.library, course.narrow(made.library, kept))
            if made.within:
                await Loader(store, sides).keep_to(course, made.library, made.within)
            decider.look_out_for(course.lost())
            view = (
                await library_view(store, sides, made, self._place_of(made.library))
                if course.half(made.library).canon
                else None
            )
        await store.read(decider.begin)
        async for part in Liner(store, sides, view, beyond).parts(course):
            await tell_viewings(store, sides, part)
            await links(await decider.decide(part))
        return await store.read(lambda db: decider.compared(db, looked))

    def _beyond(self, made: Policy) -> Beyond | None:
        if made.library is None:
            return None
        return Beyond(made.library, kinds(made) & of_side(self._members, made.library).tracker.can.beyond)

    def _place_of(self, library: Side) -> str:
        """The source that is the same place."""
        return of_side(self._members, library).tracker.can.place_of

    async def _begin(self, phase: str, run: int | None, counts: Mapping[str, int] | None = None) -> None:
        if run is not None:
            await self._store.write(lambda db: runs.phase(db, run, phase, counts))
        self._tell(phase)

    def _told(self, run: int, ended: Ended, seconds: float) -> None:
        sides = self.sides
        self._metrics.reconcile_runs.labels(sides.viewer, sides.pair, ended.outcome).inc()
        self._metrics.reconcile.labels(sides.pair).observe(seconds)
        if ended.outcome in ("done", "incomplete") and ended.plan:
            for action, count in Counter(change.action for change in ended.plan.changes).items():
                self._metrics.reconcile_changes.labels(sides.pair, action).inc(count)
        if ended.outcome != "nothing":
            told = {"viewer": sides.viewer, "pair": sides.pair, "outcome": ended.outcome}
            log.info("reconciled", action="reconcile", run=f"r{run}", **told, why=ended.reason or None)

    async def _id(self, plan: Plan) -> str:
        return await asyncio.to_thread(plan.id, self._clock.now() + PLAN_LASTS)

    def _now(self) -> float:
        return self._clock.now().timestamp()


async def _nothing(links: Sequence[Link]) -> None:
    """Whoever only looks writes nothing down."""


def counted(plan: Plan) -> dict[str, int]:
    """Changes by what they are, "serializd add plays", and things that are asked: "you decide ratings"."""
    does = Counter(f"{plan.name(c.side)} {c.action} {c.kind}" for c in plan.changes if not c.ask)
    asked = {(change.key, change.kind, change.action) for change in plan.changes if change.ask}
    return dict(does + Counter(f"you decide {kind}" for _, kind, _ in asked))
