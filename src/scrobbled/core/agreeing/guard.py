"""Whether a plan may be carried out as it is: what is unusual waits for a person, what cannot be right is refused."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from scrobbled.core.agreeing.plan import Plan
from scrobbled.core.sending.change import SIDES, Action, Side, other

_TAKING = {Action.REMOVE: "plays", Action.UNRATE: "ratings"}
FEW = 10
"""With fewer records than this a percentage says nothing: then more than half is too many."""
SHARE = 10
"""Percent of what a side holds that may come at once, where that is more than the limit."""
_UNUSUAL = {
    Action.ADD: "plays would be added to {name}, dates kept",
    Action.RATE: "ratings would be set on {name}",
    Action.RETIME: "plays on {name} would be given another time",
    Action.FLAG: "plays on {name} would be marked as rewatches",
}


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
    a: int
    b: int
    """Plays that the sides hold."""
    a_rated: int = 0
    b_rated: int = 0
    """Ratings that the sides hold."""
    doubted: frozenset[Side] = frozenset()
    """Sides whose listing came back empty, shrunk or of another account: nothing is known to be gone from there."""

    def held(self, side: Side, action: Action) -> int:
        plays, rated = (self.a, self.a_rated) if side == "a" else (self.b, self.b_rated)
        return rated if action in (Action.UNRATE, Action.RATE) else plays


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
        for action in _TAKING:
            count, held = plan.count(side, action), facts.held(side, action)
            if not count:
                continue
            what = (
                f"{count:,} of {held:,} {'plays' if action is Action.REMOVE else 'ratings'} on {name} would be removed"
            )
            if facts.first_contact:
                yield f"{what}, and at first contact nothing is ever removed"
            elif other(side) in facts.doubted:
                yield f"{what}, and what {there} listed is not believed to be all"
            elif count > most_removals(held, limits):
                yield f"{what}, {_allowed(held, limits)}"


def most_removals(held: int, limits: PlanLimits) -> int:
    """Of so many records."""
    if _is_few(held, limits):
        return held // 2
    return int(held * limits.removals_percent / 100)


def _is_few(held: int, limits: PlanLimits) -> bool:
    return held < FEW and limits.removals_percent > 0


def _allowed(held: int, limits: PlanLimits) -> str:
    if _is_few(held, limits):
        return "which is more than half of them"
    most = most_removals(held, limits)
    return f"and safety.max_removals_percent of {limits.removals_percent:g} allows {most:,}"


def _least(action: Action, limits: PlanLimits) -> int:
    """Changes that need no yes, whatever a side holds.

    Times that are there are written over, as when a service comes to tell all of its own in another zone.
    """
    return min(FEW, limits.first) if action is Action.RETIME else limits.first


def _unusual(plan: Plan, facts: PlanFacts, limits: PlanLimits) -> Iterator[str]:
    """What a person asks for singly waits in any case and is not counted."""
    for side in SIDES:
        for action, words in _UNUSUAL.items():
            count = sum(c.side == side and c.action is action and not c.ask for c in plan.changes)
            share = 0 if facts.first_contact else facts.held(side, action) * SHARE / 100
            if count > max(_least(action, limits), share):
                yield f"{count:,} {words.format(name=plan.name(side))}"
