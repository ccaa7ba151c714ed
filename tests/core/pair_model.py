"""Two trackers that hold plays of one item, as a comparison sees them: read, changed by people, and told of changes."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from scrobbled.core.agreeing.compare import compare_plays
from scrobbled.core.agreeing.ledger import HeldPlay, ItemPlan, Link, PlayGroup, Policy, ValueGroup
from scrobbled.core.agreeing.plan import SIDES, Action, Change, Side, other
from scrobbled.core.records import DatePrecision, PlayRecord

EVENING = datetime(2026, 11, 10, 20, 14, tzinfo=UTC)
RUNTIME = 25 * 60


def at(hours: float) -> datetime:
    return EVENING + timedelta(hours=hours)


def group(a: list[HeldPlay], b: list[HeldPlay], links: list[Link] | tuple[Link, ...] = ()) -> PlayGroup:
    return PlayGroup("episode:1:1:4", "Harbour Lights S1 E4 Neap", "episode", RUNTIME, a, b, links)


def turned_group(told: PlayGroup) -> PlayGroup:
    """The same with the sides swapped, as are all below."""
    return replace(told, a=told.b, b=told.a, links=[turned_link(link) for link in told.links])


def turned_values(told: ValueGroup) -> ValueGroup:
    since, gone = (told.b_since, told.a_since), (told.b_gone, told.a_gone)
    base = told.base and told.base[::-1]
    unsure = frozenset(other(side) for side in told.unsure)
    return ValueGroup(told.kind, told.key, told.label, told.scope, told.b, told.a, base, *since, *gone, unsure)


def turned_link(link: Link) -> Link:
    return Link(link.b, link.a, link.rule, link.state, link.b_at, link.a_at)


def turned_policy(policy: Policy) -> Policy:
    ways = {"a-to-b": "b-to-a", "b-to-a": "a-to-b", "a": "b", "b": "a"}
    return replace(
        policy,
        ways={kind: ways.get(way, way) for kind, way in policy.ways.items()},
        conflict=ways.get(policy.conflict, policy.conflict),
        precision=policy.precision[::-1],
        can_flag=policy.can_flag[::-1],
        can_amend=policy.can_amend[::-1],
        takes=policy.takes[::-1],
    )


def turned_change(change: Change) -> Change:
    return replace(change, side=other(change.side), why=change.why.format(a="{b}", b="{a}"))


@dataclass
class Model:
    """``recreates``: sides that cannot change a time in place, and add a play and remove one instead."""

    policy: Policy = field(default_factory=Policy)
    recreates: frozenset[Side] = frozenset()
    rows: dict[Side, dict[str, HeldPlay]] = field(default_factory=lambda: {"a": {}, "b": {}})
    """What was read."""
    held: dict[Side, dict[str, PlayRecord]] = field(default_factory=lambda: {"a": {}, "b": {}})
    """What is there."""
    ours: set[tuple[Side, str]] = field(default_factory=set)
    settled: set[tuple[Side, str]] = field(default_factory=set)
    was: dict[tuple[Side, str], str] = field(default_factory=dict)
    links: dict[tuple[Side, str], Link] = field(default_factory=dict)
    taken: list[Change] = field(default_factory=list)
    ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def put(self, side: Side, when: datetime | None, kept: DatePrecision = DatePrecision.EXACT, **more: object) -> str:
        id_ = f"{side}{next(self.ids)}"
        self.held[side][id_] = PlayRecord(id_, "e", when, kept, **more)  # type: ignore[arg-type]
        return id_

    def edit(self, side: Side, id_: str, when: datetime) -> None:
        self.held[side][id_] = replace(self.held[side][id_], at=when)

    def read(self, *, complete: bool = True) -> None:
        for side in SIDES:
            for id_, row in self.rows[side].items():
                missed = row.missed + (complete and id_ not in self.held[side])
                self.rows[side][id_] = replace(row, settled=(side, id_) in self.settled, missed=missed)
            for id_, record in self.held[side].items():
                self.rows[side][id_] = self._row(side, id_, record)

    def _row(self, side: Side, id_: str, record: PlayRecord) -> HeldPlay:
        which = side, id_
        return HeldPlay(record, which in self.ours, which in self.settled, was=self.was.get(which))

    def compare(self) -> ItemPlan:
        found = compare_plays(
            group(
                list(self.rows["a"].values()), list(self.rows["b"].values()), list(dict.fromkeys(self.links.values()))
            ),
            self.policy,
        )
        for link in found.links:
            for side in SIDES:
                if before := self.links.get((side, link.id(side) or "")):
                    for one in SIDES:
                        self.links.pop((one, before.id(one) or ""), None)
            for side in SIDES:
                if id_ := link.id(side):
                    self.links[side, id_] = link
        return found

    def apply(self, changes: tuple[Change, ...]) -> None:
        for change in changes:
            held = self.held[change.side]
            if change.ask or (change.target and change.target not in held):
                continue  # the real ones find it gone, too
            if change.action is Action.ADD:
                self.settled.add((other(change.side), change.source))
                self._add(change.side, change.at)
            elif change.action is Action.REMOVE:
                del held[change.target]
                self.taken.append(change)
            elif change.action is Action.FLAG:
                held[change.target] = replace(held[change.target], rewatch=True)
            elif change.action is Action.RETIME:
                self._retime(change)

    def _retime(self, change: Change) -> None:
        held = self.held[change.side]
        if change.side not in self.recreates:
            held[change.target] = replace(held[change.target], at=change.at, kept=DatePrecision.EXACT)
        else:
            del held[change.target]
            before = change.side, change.target
            after = change.side, self._add(change.side, change.at, ours=before in self.ours)
            self.was[after] = change.target
            self.settled |= {after} if before in self.settled else set()

    def _add(self, side: Side, when: datetime | None, *, ours: bool = True) -> str:
        assert when is not None
        earlier = any(record.at and record.at <= when - timedelta(minutes=23) for record in self.held[side].values())
        id_ = self.put(side, when, rewatch=earlier if self.policy.can_flag[SIDES.index(side)] else None)
        if ours:
            self.ours.add((side, id_))
        return id_

    def cycle(self) -> ItemPlan:
        """Reads everything, compares, and carries out."""
        self.read()
        found = self.compare()
        self.apply(found.changes)
        return found

    def counts(self) -> Counter[Action]:
        return Counter(change.action for change in self.cycle().changes)

    def times(self, side: Side) -> list[datetime | None]:
        return sorted((record.at for record in self.held[side].values()), key=lambda when: (when is None, when))
