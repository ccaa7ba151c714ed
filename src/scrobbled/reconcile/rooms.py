"""What the lists of both sides may hold: asked for where a run would add to one, told before, and never run into."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Set

from msgspec.structs import replace

from scrobbled.core.agreeing.plan import SIDES, Change, Plan, Side, of_side
from scrobbled.core.errors import TrackerError
from scrobbled.core.kinds import KINDS, Kind, KindValue
from scrobbled.core.sending.room import Allowance, ListRoom, account_words
from scrobbled.core.standing import AccountKey
from scrobbled.plumbing.clock import Clock
from scrobbled.reconcile.pairs import Sides
from scrobbled.reconcile.reading import PairMember
from scrobbled.store.file.database import Store
from scrobbled.store.queue import allowances

RoomOf = tuple[Side, Kind]
WaitsForRoom = Mapping[tuple[Kind, str], KindValue | None]


class Rooms:
    """The lists of one pair, for one run."""

    def __init__(
        self,
        sides: Sides,
        members: tuple[PairMember, PairMember],
        *,
        store: Store,
        clock: Clock,
        wake: Callable[[frozenset[AccountKey]], None],
    ) -> None:
        self._sides, self._members, self._store, self._clock, self._wake = sides, members, store, clock, wake
        self._found: dict[RoomOf, ListRoom] = {}

    async def seen(self, plan: Plan, kinds: Set[Kind]) -> Plan:
        """The same without what waits for room already, and with what is to be said of the lists it adds to."""
        self._found.clear()
        for side in SIDES:
            waiting = await self._store.read(lambda db, side=side: self._waiting(db, side, kinds))  # type: ignore[misc]
            limited = of_side(self._members, side).tracker.can.limited & kinds | {kind for kind, _ in waiting}
            left = tuple(c for c in plan.changes if c.side != side or not _waits(c, waiting))
            if waiting or any(c.side == side and c.kind in limited and _adds(c) for c in left):
                plan = replace(plan, changes=left, warnings=(*plan.warnings, await self._told(side, limited)))
        return plan

    def full(self, change: Change) -> str:
        """Why there may be no room for it; empty for what no list is known to refuse."""
        room = self._found.get((change.side, change.kind)) if _adds(change) else None
        return "" if room is None or room.free is None else self._why(change.side, room)

    async def settle(self) -> dict[RoomOf, int]:
        """What there is room for may go, the newest first, and the rest is held: how much that is, of each list."""
        return {place: await self._settle(place, room) for place, room in self._found.items()}

    async def _settle(self, place: RoomOf, room: ListRoom) -> int:
        account, why = self._sides.account(place[0]), self._why(place[0], room)
        now = self._clock.now().timestamp()
        moves = await self._store.read(lambda db: allowances.moves(db, account, room, why))
        for portion in moves.portions():
            await self._store.write(lambda db, portion=portion: allowances.move(db, portion, now))  # type: ignore[misc]
        self._wake(frozenset({account}))
        return len(moves.held)

    def _waiting(self, db: sqlite3.Connection, side: Side, kinds: Iterable[Kind]) -> WaitsForRoom:
        return allowances.without_room(db, self._sides.account(side), kinds)

    async def _told(self, side: Side, kinds: Iterable[Kind]) -> str:
        """How the account stands, which is learnt by this; what is known already counts where it cannot be asked."""
        account, tracker = self._sides.account(side), of_side(self._members, side).tracker
        now = self._clock.now().timestamp()
        said: Allowance | None = None
        with contextlib.suppress(TrackerError):
            said = await tracker.allowance()
        rooms = (
            await self._store.read(lambda db: allowances.rooms(db, account, kinds))
            if said is None
            else await self._store.write(lambda db: allowances.learn(db, account, kinds, said, now))
        )
        self._found |= {(side, room.kind): room for room in rooms}
        return account_words(of_side(self._sides.called, side), rooms)

    def _why(self, side: Side, room: ListRoom) -> str:
        return f"there is no room: {account_words(of_side(self._sides.called, side), [room])}"


def _adds(change: Change) -> bool:
    """Whether a list gets longer by it."""
    return change.was is None and change.action == KINDS[change.kind].put


def _waits(change: Change, waiting: WaitsForRoom) -> bool:
    which = change.kind, change.key
    return _adds(change) and which in waiting and waiting[which] == change.value
