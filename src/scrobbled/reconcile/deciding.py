"""What is lined up is put before ``core``, which decides item by item; what comes of it is a plan."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from scrobbled.core.agreeing.ledger import AgreedValues, KeepValue, Link, LinkState, Policy, ValueGroup
from scrobbled.core.agreeing.library import compare_item
from scrobbled.core.agreeing.listed import compare_listed
from scrobbled.core.agreeing.merge import compare_value
from scrobbled.core.agreeing.plan import SIDES, Action, Change, Plan, Side, left, of_side, other, warned
from scrobbled.core.kinds import KINDS, PLAYS, Kind, KindValue
from scrobbled.core.sending.change import left_out
from scrobbled.reconcile.loading import RunExtent
from scrobbled.reconcile.pairs import Sides, pieces
from scrobbled.reconcile.sheets import Lined
from scrobbled.reconcile.unkept import unkept
from scrobbled.store.mirror import ledger, records
from scrobbled.store.mirror.runs import RunSkip
from scrobbled.store.queue import amendments, written

SLICE = 20
"""Items compared before others get their turn."""
SOME = 10
"""Of what is left alone for one reason so many are named in the history of the run."""


@dataclass
class Compared:
    """A plan, and everything that is needed to carry it out."""

    plan: Plan
    lined: Lined
    """What the changes are about."""
    extent: RunExtent
    unkept: dict[str, int]
    """Plays that the other side would get if it kept such; see ``unkept``."""
    values: dict[tuple[Kind, str], AgreedValues | None] = field(default_factory=dict)
    """By kind and canonical key, what the ledger is to have of them now."""
    skips: dict[Kind, dict[str, RunSkip]] = field(default_factory=dict)
    """What was left alone."""


class Decider:
    """Decides one pair part by part, by the policy ``made``."""

    def __init__(self, sides: Sides, made: Policy) -> None:
        self._sides, self._made, self._lined = sides, made, Lined()
        self._changes, self._values = list[Change](), dict[tuple[Kind, str], AgreedValues | None]()
        self._left = Counter[tuple[Kind, str]]()
        self._some: dict[tuple[Kind, str], list[str]] = {}
        """By kind and code, how much was left alone, and some of what."""
        self._agreed = 0
        """By how many more viewings agree than the ledger has."""
        self._unknown: Collection[str] = ()
        self._taken: Mapping[Side, Mapping[tuple[Kind, str], KindValue | None]] = {}
        self._given: Mapping[Side, Mapping[tuple[Kind, str], tuple[KindValue | None, float]]] = {}

    def begin(self, db: sqlite3.Connection) -> None:
        """Call before the first part."""
        self._agreed = ledger.count_agreed(db, self._sides.viewer, self._sides.pair)
        self._taken = {side: amendments.taken_back(db, *self._sides.account(side)) for side in SIDES}
        self._given = {side: written.given(db, self._sides.account(side)) for side in SIDES}

    def leave_out(self, library: Side, titles: int) -> None:
        """So many titles that the other side has are not in the ``library``."""
        self._left[PLAYS, left("absent", other(library))] += titles

    def leave_mixed(self, titles: int) -> None:
        """So many titles of side a have the ids of two."""
        self._left[PLAYS, left("mixed", "a")] += titles

    def look_out_for(self, unknown: Collection[str]) -> None:
        """Side b was asked for these things, and did not find them."""
        self._unknown = unknown

    async def decide(self, part: Lined) -> list[Link]:
        """What was found to be the same; the rest is kept for the plan."""
        links, before = list[Link](), len(self._changes)
        for piece in pieces(part.plays, SLICE):
            for group in piece:
                found = compare_item(group, self._made)
                links += found.links
                self._keep(PLAYS, group.label, found.changes, found.left)
                if self._made.plays != "off":
                    self._agreed += found.agreed - sum(link.state is LinkState.AGREED for link in group.links)
            await asyncio.sleep(0)
        for valued in part.values:
            if not self._is_taken_back(valued) and not self._is_taken_away(valued):
                self._decide_value(valued)
        self._remember(part, self._changes[before:])
        return links

    def compared(self, db: sqlite3.Connection, extent: RunExtent) -> Compared:
        """What came of all parts."""
        sides, kept_out = self._sides, unkept(db, self._sides, self._made)
        codes: Counter[str] = Counter()
        for (_, code), count in self._left.items():
            codes[code] += count
        told = (*self._uncertain(), *warned(+codes, sides.called))
        warnings = (*told, *_notes(db, sides), *left_out(kept_out))
        plan = Plan(sides.viewer, sides.names, tuple(self._changes), warnings, self._agreed)
        return Compared(plan, self._lined, extent, kept_out, self._values, self._skips())

    def _uncertain(self) -> list[str]:
        """What is planned, and may come to nothing."""
        count = sum(one.side == "b" and one.action == Action.ADD and one.key in self._unknown for one in self._changes)
        whose = self._sides.called[1]
        said = f"of these plays {whose} did not find: what stays uncertain is not sent, and waits for you as unmatched"
        return [f"{count:,} {said}"] if count else []

    def _skips(self) -> dict[Kind, dict[str, RunSkip]]:
        found: dict[Kind, dict[str, RunSkip]] = {}
        for (kind, code), count in (+self._left).items():
            found.setdefault(kind, {})[code] = RunSkip(count, tuple(self._some.get((kind, code), ())))
        return found

    def _keep(self, kind: Kind, label: str, changes: Iterable[Change], left: Iterable[str]) -> None:
        """Core speaks of side a and side b; people know them by name."""
        a, b = self._sides.called
        self._changes += [replace(change, why=change.why.format(a=a, b=b)) for change in changes]
        for code in left:
            self._left[kind, code] += 1
            some = self._some.setdefault((kind, code), [])
            if len(some) < SOME and label not in some:
                some.append(label)

    def _decide_value(self, valued: ValueGroup) -> None:
        compare = compare_listed if KINDS[valued.kind].until_watched else compare_value
        found = compare(valued, self._made)
        self._keep(valued.kind, valued.label, found.changes, found.left)
        if not isinstance(found.agreed, KeepValue):
            self._values[valued.kind, valued.key] = found.agreed

    def _is_taken_back(self, valued: ValueGroup) -> bool:
        """Whether a side has the value that ``undo`` gave back to it: then that is no news for the other side."""
        for side in SIDES:
            value, taken, which = valued.value(side), self._taken[side], (valued.kind, valued.key)
            if which in taken and taken[which] == (value.value if value else None):
                return True
        return False

    def _is_taken_away(self, valued: ValueGroup) -> bool:
        """Whether a side has not what we gave it since the other side has it, and was never read with it: whoever took
        it away there does not want it back.
        """
        for side in SIDES:
            theirs = valued.value(other(side))
            value, at = self._given[side].get((valued.kind, valued.key), (None, 0.0))
            if valued.base is not None or valued.value(side) is not None or theirs is None or value != theirs.value:
                continue
            since = valued.a_since if side == "b" else valued.b_since
            if since is not None and since.timestamp() <= at:
                return True
        return False

    def _remember(self, part: Lined, changes: Sequence[Change]) -> None:
        """Of what is lined up, what the changes are about."""
        keys = {change.key for change in changes}
        ids = {id_ for change in changes for id_ in (change.source, change.target) if id_}
        self._lined.subjects |= {place: one for place, one in part.subjects.items() if place[1] in keys}
        self._lined.stored |= {place: one for place, one in part.stored.items() if place[1] in ids}


def _notes(db: sqlite3.Connection, sides: Sides) -> list[str]:
    """What reading left out, and listings that were not believed."""
    told: list[str] = []
    for side in SIDES:
        state, name = records.state(db, sides.account(side)), of_side(sides.called, side)
        if state.doubt:
            told.append(f"what {name} listed is not believed to be all: {state.doubt}; nothing is removed by it")
        told += [f"{count:,} left out on {name}: {why}" for why, count in sorted((state.skipped or {}).items())]
    return told
