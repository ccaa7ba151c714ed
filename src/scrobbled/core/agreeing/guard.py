"""Whether a plan may be carried out as it is: what is unusual waits for a person, what cannot be right is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from scrobbled.core.agreeing.plan import Plan
from scrobbled.core.kinds import KINDS, ActionWords, Kind, KindEntry
from scrobbled.core.sending.change import SIDES, Side, other

FEW = 10
"""With fewer records than this a percentage says nothing: then more than half is too many."""
SHARE = 10
"""Percent of what a side holds that may come at once, where that is more than the limit."""


class PlanLimits(Struct, frozen=True):
    """What the configuration allows."""

    first: int = 300
    """Changes of one sort on one side that need no yes."""
    removals_percent: float = 10
    """Of what a side holds, the most that one plan may take away."""


class PlanFacts(Struct, frozen=True):
    """What the plan is judged by."""

    first_contact: bool
    """The two were never compared before."""
    a: Mapping[Kind, int]
    b: Mapping[Kind, int]
    """How many of each kind the sides hold."""
    doubted: frozenset[Side] = frozenset()
    """Sides whose listing came back empty, shrunk or of another account: nothing is known to be gone from there."""

    def held(self, side: Side, kind: Kind) -> int:
        return (self.a if side == "a" else self.b).get(kind, 0)


def judge(plan: Plan, facts: PlanFacts, limits: PlanLimits) -> str:
    """Why the plan is not to be carried out unasked, with figures; empty where it may be.

    What ``refused`` refuses is among that.
    """
    return refused(plan, facts, limits) or "; ".join(_unusual(plan, facts, limits))


def refused(plan: Plan, facts: PlanFacts, limits: PlanLimits) -> str:
    """Why no yes of a person is enough: it takes away too much, or on no evidence. Empty where it is not so."""
    return "; ".join(_wrong(plan, facts, limits))


def _wrong(plan: Plan, facts: PlanFacts, limits: PlanLimits) -> Iterator[str]:
    for side in SIDES:
        name, there = plan.name(side), plan.name(other(side))
        for kind, taking in _actions():
            count, held = plan.count(side, taking.action), facts.held(side, kind.name)
            if not taking.takes_away or not count:
                continue
            what = f"{count:,} of {held:,} {kind.noun[1]} on {name} would be removed"
            if facts.first_contact:
                yield f"{what}, and at first contact nothing is ever removed"
            elif other(side) in facts.doubted:
                yield f"{what}, and what {there} listed is not believed to be all"
            elif count > max(most_removals(held, limits), _always(kind, limits)):
                yield f"{what}, {_allowed(held, limits)}"


def most_removals(held: int, limits: PlanLimits) -> int:
    """Of so many records."""
    if _is_few(held, limits):
        return held // 2
    return int(held * limits.removals_percent / 100)


def _always(kind: KindEntry, limits: PlanLimits) -> int:
    """So many may be taken away whatever a side holds: a list that things leave anyway is short, and soon empty."""
    return FEW if kind.until_watched and limits.removals_percent > 0 else 0


def _is_few(held: int, limits: PlanLimits) -> bool:
    return held < FEW and limits.removals_percent > 0


def _allowed(held: int, limits: PlanLimits) -> str:
    if _is_few(held, limits):
        return "which is more than half of them"
    most = most_removals(held, limits)
    return f"and safety.max_removals_percent of {limits.removals_percent:g} allows {most:,}"


def _actions() -> Iterator[tuple[KindEntry, ActionWords]]:
    return ((kind, one) for kind in KINDS.values() for one in kind.actions)


def _least(words: ActionWords, limits: PlanLimits) -> int:
    """Changes that need no yes, whatever a side holds.

    Times that are there are written over, as when a service comes to tell all of its own in another zone.
    """
    return min(FEW, limits.first) if words.overwrites else limits.first


def _unusual(plan: Plan, facts: PlanFacts, limits: PlanLimits) -> Iterator[str]:
    """What a person asks for singly waits in any case and is not counted."""
    for side in SIDES:
        for kind, words in _actions():
            count = sum(c.side == side and c.action == words.action and not c.ask for c in plan.changes)
            share = 0 if facts.first_contact else facts.held(side, kind.name) * SHARE / 100
            if words.unusual and count > max(_least(words, limits), share):
                yield f"{count:,} {words.unusual.format(name=plan.name(side))}"
