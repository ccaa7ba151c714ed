"""Both sides of a pair are read, beside each other, and what they brought is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

import structlog
from msgspec import Struct

from scrobbled.clock import Clock
from scrobbled.core.errors import ScrobbledError, TrackerError
from scrobbled.core.guard import Limits
from scrobbled.core.plan import SIDES, Side, of_side
from scrobbled.metrics import Metrics
from scrobbled.reconcile.mirror import Absorbed, StoredKnown, absorb
from scrobbled.reconcile.sides import Sides
from scrobbled.store import amendments, records
from scrobbled.store.database import Store
from scrobbled.trackers.base import Reads, Tracker

FULL_EVERY = 6 * 3_600.0
FULL_SELDOM = 24 * 3_600.0
MANY = 20_000
"""Plays from which on an account is read completely once a day only."""
log = structlog.get_logger("reconcile")


class Failed(ScrobbledError):
    """The run cannot go on; the reason says what to do."""


class Member(Struct, frozen=True):
    """One side of a pair. ``trouble`` takes what went wrong with the account as a whole."""

    tracker: Tracker
    trouble: Callable[[TrackerError], Awaitable[None]]


class Readers:
    """Reads the accounts of one pair into the database."""

    def __init__(
        self,
        sides: Sides,
        members: tuple[Member, Member],
        *,
        store: Store,
        clock: Clock,
        metrics: Metrics,
        limits: Limits,
    ) -> None:
        self._sides, self._members, self._limits = sides, members, limits
        self._store, self._clock, self._metrics = store, clock, metrics

    async def read(self, *, full: bool) -> None:
        """What one side brought is kept also where the other fails; then ``Failed`` is raised.

        ``full`` reads everything; else that is done where it is due, or where something was missing last time.
        """
        found = await asyncio.gather(*(self._side(side, full=full) for side in SIDES), return_exceptions=True)
        troubles = [one for one in found if isinstance(one, BaseException)]
        for trouble in troubles:
            if not isinstance(trouble, Failed):
                raise trouble
        if troubles:
            raise Failed(". ".join(str(trouble) for trouble in troubles))

    async def _side(self, side: Side, *, full: bool) -> Absorbed:
        member, account = self._members[SIDES.index(side)], self._sides.account(side)
        began = self._now()
        before = await self._store.read(lambda db: records.state(db, account))
        full = full or await self._is_due(account, before.full_at)
        try:
            reading = await cast(Reads, member.tracker).read(
                member.tracker.can.reads, before.cursor, StoredKnown(self._store, account), full=full
            )
        except TrackerError as error:
            await member.trouble(error)
            raise Failed(f"{of_side(self._sides.called, side)} could not be read: {error.reason}") from error
        precision = member.tracker.can.precision
        full_at = began if full else None
        may_lack = self._limits.removals_percent
        absorbed = await absorb(
            self._store, account, reading, self._clock, full_at=full_at, precision=precision, may_lack=may_lack
        )
        if absorbed.echoes:
            self._metrics.echoes.labels(account[1]).inc(absorbed.echoes)
        if absorbed.stranger:
            raise Failed(self._strange(side, before.owner, absorbed.stranger))
        if absorbed.doubt:
            log.warning("listing not believed", action="read", account="/".join(account), why=absorbed.doubt)
        return absorbed

    def _strange(self, side: Side, owner: str, stranger: str) -> str:
        name, sides = of_side(self._sides.called, side), self._sides
        return (
            f"{name} is signed in to the account of {stranger}, and before it was that of {owner}, so nothing of it is "
            f"taken over. Sign in as {owner} again; or, where {stranger} is meant from now on, forget the other one: "
            f"scrobbled reset-state --pair {sides.pair} --viewer {sides.viewer}"
        )

    async def _is_due(self, account: tuple[str, str], full_at: float) -> bool:
        """Also where a play was removed or moved by us since: a service need not say anywhere that one is gone."""
        unsure, taken, held = await self._store.read(
            lambda db: (
                records.is_unsure(db, account),
                amendments.took_since(db, *account, full_at),
                records.count(db, account),
            )
        )
        age = self._now() - full_at
        return unsure or taken or not 0.0 <= age < (FULL_SELDOM if held > MANY else FULL_EVERY)

    def _now(self) -> float:
        return self._clock.now().timestamp()
