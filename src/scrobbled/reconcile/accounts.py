"""Reading an account and keeping what it holds: one verb, for whoever wants to know.

A pair asks that what is kept be not older than it can bear, so that an account of several pairs is read once for all of
them. Others say how old it may ever get (``ReadWish``), and then it is read by a timetable of its own. Whoever follows
an account remembers the number of the last read that it took in (``ReadState.rev``), and asks what later ones changed
(``store.mirror.records.touched``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct

from scrobbled.core.kinds import Kind
from scrobbled.core.standing import AccountKey
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.garbage import young_only
from scrobbled.plumbing.metrics import Metrics
from scrobbled.reconcile import mirror, reading
from scrobbled.reconcile.reading import PairMember
from scrobbled.reconcile.steps import RunSteps
from scrobbled.store.file.database import Store
from scrobbled.store.mirror import records

AGAIN_AFTER = 900.0
"""Seconds after a read or a run that failed, where it is wished for less often than that."""


class ReadWish(Struct, frozen=True):
    """What is kept of these kinds of an account is never to be older than ``every`` (seconds), pairs or no pairs."""

    account: AccountKey
    kinds: frozenset[Kind]
    every: float


class Wanted(Struct, frozen=True):
    """What is to be kept of an account; ``forget`` is the command that lets it be another one from now on."""

    kinds: frozenset[Kind]
    may_lack: float
    """See ``mirror.absorb``."""
    forget: str = ""
    full: bool = False
    """Everything is read, also where nothing seems to have moved."""
    since: float | None = None
    """A read that began after this (Unix seconds) will do; ``None``: only one that begins now."""


class _LastRead(Struct, frozen=True):
    began: float
    rev: int
    kinds: frozenset[Kind]
    marks: bool


class AccountReads:
    """Reads of all accounts. Two of one account must not overlap; whoever owns it sees to that."""

    def __init__(self, store: Store, clock: Clock, metrics: Metrics) -> None:
        self._store, self._clock, self._metrics = store, clock, metrics
        self.unread: dict[AccountKey, Mapping[Kind, str]] = {}
        """Of the last read of each account, the kinds that could not be read, and why."""
        self.missing: dict[AccountKey, tuple[str, ...]] = {}
        """And the parts of it that said nothing."""
        self.lacking: dict[AccountKey, Mapping[Kind, str]] = {}
        """And the kinds that it has not, and why."""
        self._last: dict[AccountKey, _LastRead] = {}
        self._tried: dict[AccountKey, float] = {}

    async def keep(
        self, account: AccountKey, member: PairMember, wanted: Wanted, steps: RunSteps | None = None
    ) -> bool:
        """Read it and store what it holds; false where what is kept will do. Raises ``reading.Failed``.

        Of ``wanted.kinds`` and those of the ``member``. ``steps`` are told how far reading is.
        """
        began, kinds = self._now(), wanted.kinds | member.kinds
        if not wanted.full and wanted.since is not None and await self._will_do(account, member, kinds, wanted.since):
            return False
        self._tried[account] = began
        steps = steps or RunSteps(self._store, self._clock)
        with young_only():
            found = await reading.read(
                self._store, account, member, self._clock, kinds=kinds, full=wanted.full, steps=steps
            )
            await mirror.keep(
                self._store, found, self._clock, metrics=self._metrics, may_lack=wanted.may_lack, forget=wanted.forget
            )
        rev = (await self._store.read(lambda db: records.state(db, account))).rev
        told = found.reading
        self.unread[account], self.missing[account] = {**told.unread, **told.without}, told.missing
        self.lacking[account] = told.lacking
        self._last[account] = _LastRead(began, rev, kinds - self.unread[account].keys(), member.marks)
        return True

    async def due(self, wishes: Iterable[ReadWish]) -> list[ReadWish]:
        """Those whose time has come."""
        return [one for one in wishes if await self._is_due(one)]

    async def _is_due(self, wish: ReadWish) -> bool:
        now, last = self._now(), self._last.get(wish.account)
        if 0.0 <= now - self._tried.get(wish.account, 0.0) < min(wish.every, AGAIN_AFTER):
            return False
        if last is not None and not wish.kinds <= last.kinds:
            return True
        began = last.began if last else await self._store.read(_read_at(wish.account))
        return not 0.0 <= now - began < wish.every

    async def _will_do(self, account: AccountKey, member: PairMember, kinds: frozenset[Kind], since: float) -> bool:
        """Whether the last read of this process began after ``since``, brought all of this, and nobody doubts it."""
        last = self._last.get(account)
        if last is None or not since < last.began <= self._now():
            return False
        if not kinds <= last.kinds or last.marks < member.marks:
            return False
        state = await self._store.read(lambda db: records.state(db, account))
        return state.rev == last.rev and not await reading.is_due(self._store, account, kinds, state, self._now())

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _read_at(account: AccountKey) -> Callable[[Any], float]:
    return lambda db: records.state(db, account).read_at
