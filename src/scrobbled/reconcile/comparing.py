"""From what was read to a plan: places are looked up, ``core`` decides item by item, and the plan says it all."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

from msgspec.structs import replace

from scrobbled.clock import Clock
from scrobbled.core.compare import compare_plays, compare_rating
from scrobbled.core.corrections import Correction, corrected
from scrobbled.core.errors import NotInCatalogue, Refused, TrackerError, Uncertain
from scrobbled.core.ledger import KEEP, Link, LinkState, Policy, RatingGroup
from scrobbled.core.plan import SIDES, Change, Plan, Side, of_side, warned
from scrobbled.core.records import Subject, about
from scrobbled.reconcile.garbage import set_aside
from scrobbled.reconcile.lining import Lined, Liner
from scrobbled.reconcile.loading import Since
from scrobbled.reconcile.policies import fingerprint
from scrobbled.reconcile.reading import Failed, Member
from scrobbled.reconcile.sides import Sides, pieces
from scrobbled.store import amendments, cancelling, corrections, ledger, records, subjects
from scrobbled.store.database import Store
from scrobbled.trackers.base import Address, Amends

AHEAD = timedelta(minutes=10)
"""How far ahead of ours a service's clock may be; a later viewing has not been yet."""
LOOK_AGAIN = 24 * 3_600.0
"""Seconds after which a catalogue is asked again for what it did not have."""
FEW = 2_000
"""Plays up to which everything is looked through each time: that takes some hundredths of a second."""
SLICE = 20
"""Items compared before others get their turn."""


@dataclass
class Compared:
    """A plan, and everything that is needed to carry it out."""

    plan: Plan
    lined: Lined
    revs: tuple[int, int]
    """Up to which reads of a and b it looked."""
    stamp: tuple[int, int]
    """Of cancelled runs, when it began to look: what is in the queue was taken for coming."""
    links: list[Link] = field(default_factory=list)
    ratings: dict[str, int | None] = field(default_factory=dict)


@dataclass
class _Decided:
    links: list[Link] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    ratings: dict[str, int | None] = field(default_factory=dict)
    agreed: int = 0
    """By how many more viewings agree than the ledger has."""


class Comparer:
    """Compares one pair."""

    def __init__(self, sides: Sides, other: Member, *, store: Store, clock: Clock) -> None:
        """``other`` is side b, which is asked where it keeps what side a calls by another name."""
        self._sides, self._other, self._store, self._clock = sides, other, store, clock

    async def compare(self, made: Policy, *, full: bool) -> Compared:
        """What changed since the two were last compared; everything with ``full``, or under another policy."""
        sides = self._sides
        reached, known, few, revs, stamp = await self._store.read(
            lambda db: (
                ledger.state(db, sides.viewer, sides.pair),
                corrections.in_force(db, sides.viewer),
                all(records.count(db, sides.account(side)) < FEW for side in SIDES),
                (records.state(db, sides.account("a")).rev, records.state(db, sides.account("b")).rev),
                cancelling.stamp(db, sides.viewer, sides.pair),
            )
        )
        everything = full or few or reached.based_at is None or reached.policy != fingerprint(made)
        made = replace(made, until=self._clock.now() + AHEAD)
        # from long enough before the end of the last comparison: it may have taken hours
        come = (reached.compared_at - LOOK_AGAIN, made.until.timestamp())
        since = None if everything else Since((reached.a_rev, reached.b_rev), come)
        await self._store.write(lambda db: subjects.drop_misses(db, self._now() - LOOK_AGAIN))
        liner = Liner(self._store, sides, known)
        with set_aside():
            lined = await liner.line_up(since, places=True)
        if lined.to_place:
            await self._place(lined.to_place, known, liner.mark)
            with set_aside():
                lined = await liner.line_up(since, places=False)
        with set_aside():
            decided = await self._decide(lined, made)
        return Compared(await self._planned(decided), lined, revs, stamp, decided.links, decided.ratings)

    async def _place(self, strange: Sequence[Subject], known: Sequence[Correction], mark: str) -> None:
        whose = (self._sides.viewer, self._sides.a, self._sides.b)
        for subject in strange:
            meant = about(subject, corrected(subject.item, self._sides.viewer, known).item)
            to, how = await self._placed(meant)
            row = (whose, subject.key, to, how, mark, self._now())
            await self._store.write(lambda db, row=row: subjects.put_placement(db, *row))  # type: ignore[misc]

    async def _placed(self, subject: Subject) -> tuple[str | None, str]:
        """Its key at side b, or ``None`` where that does not have it, and how that is known."""
        try:
            address = await self._address(subject)
        except (NotInCatalogue, Uncertain, Refused) as error:
            return None, error.reason
        except TrackerError as error:
            await self._other.trouble(error)
            raise Failed(f"{self._sides.called[1]} could not be asked: {error.reason}") from error
        return address.key, address.how

    async def _address(self, subject: Subject) -> Address:
        if subject.scope in ("movie", "episode"):
            return await self._other.tracker.locate(subject.item)
        return await cast(Amends, self._other.tracker).locate_subject(subject)

    async def _decide(self, lined: Lined, made: Policy) -> _Decided:
        decided = _Decided()
        for piece in pieces(lined.plays, SLICE):
            for group in piece:
                found = compare_plays(group, made)
                decided.links += found.links
                decided.changes += [_with_names(change, self._sides) for change in found.changes]
                decided.left += found.left
                if made.plays != "off":
                    decided.agreed += found.agreed - sum(link.state is LinkState.AGREED for link in group.links)
            await asyncio.sleep(0)
        taken = await self._store.read(self._taken_back)
        for rated in lined.ratings:
            if not _is_taken_back(rated, taken):
                _decide_rating(rated, made, decided, self._sides)
        return decided

    def _taken_back(self, db: sqlite3.Connection) -> dict[Side, dict[str, int | None]]:
        return {side: amendments.taken_back(db, *self._sides.account(side)) for side in SIDES}

    async def _planned(self, decided: _Decided) -> Plan:
        sides = self._sides
        agreed, notes = await self._store.read(
            lambda db: (ledger.count_agreed(db, sides.viewer, sides.pair), self._notes(db))
        )
        warnings = (*warned(decided.left, sides.called), *notes)
        return Plan(sides.viewer, sides.names, tuple(decided.changes), warnings, agreed + decided.agreed)

    def _notes(self, db: sqlite3.Connection) -> list[str]:
        """What reading left out, and listings that were not believed."""
        told: list[str] = []
        for side in SIDES:
            state, name = records.state(db, self._sides.account(side)), of_side(self._sides.called, side)
            if state.doubt:
                told.append(f"what {name} listed is not believed to be all: {state.doubt}; nothing is removed by it")
            told += [f"{count:,} left out on {name}: {why}" for why, count in sorted((state.skipped or {}).items())]
        return told

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _decide_rating(rated: RatingGroup, made: Policy, decided: _Decided, sides: Sides) -> None:
    found = compare_rating(rated, made)
    decided.changes += [_with_names(change, sides) for change in found.changes]
    decided.left += found.left
    if found.agreed is not KEEP:
        decided.ratings[rated.key] = found.agreed


def _is_taken_back(rated: RatingGroup, taken: dict[Side, dict[str, int | None]]) -> bool:
    """Whether a side has the value that ``undo`` gave back to it: then that is no news for the other side."""
    for side in SIDES:
        value = rated.rating(side)
        if rated.key in taken[side] and taken[side][rated.key] == (value.value if value else None):
            return True
    return False


def _with_names(change: Change, sides: Sides) -> Change:
    """Core speaks of side a and side b; people know them by name."""
    a, b = sides.called
    return replace(change, why=change.why.format(a=a, b=b))
