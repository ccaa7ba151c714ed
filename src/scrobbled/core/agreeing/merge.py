"""A rating is a register: one value on each side, merged with the one that both were last seen to agree on."""

from __future__ import annotations

from datetime import timedelta

from scrobbled.core.agreeing.decide import Decision, SideState, decide
from scrobbled.core.agreeing.ledger import ComparedRating, Policy, RatingGroup
from scrobbled.core.agreeing.writing import may_write
from scrobbled.core.naming.items import Media
from scrobbled.core.sending.change import SIDES, Action, Change, Side, of_side, other

TOO_CLOSE = timedelta(seconds=60)
"""Clocks of two services differ; within this nobody can say which came later."""


def compare_rating(group: RatingGroup, policy: Policy) -> ComparedRating:
    """What one rating wants. Only a value that was read on both sides is agreed on."""
    if policy.ratings == "off":
        return ComparedRating()
    if group.a and group.b and group.a.value == group.b.value:
        return ComparedRating() if group.base == group.a.value else ComparedRating(agreed=group.a.value)
    step = decide(*(_state(group, side) for side in SIDES))
    if step is Decision.FORGET and group.base is not None:
        return ComparedRating(agreed=None)
    return ComparedRating(changes=tuple(c for c in _changes(step, group, policy) if _may(policy, c.side, group)))


def _state(group: RatingGroup, side: Side) -> SideState:
    rating = group.rating(side)
    if rating is not None:
        return SideState.SAME if rating.value == group.base else SideState.NEW
    return SideState.ABSENT if group.base is None or group.gone(side) else SideState.SAME


def _changes(step: Decision, group: RatingGroup, policy: Policy) -> list[Change]:
    if step in (Decision.TO_A, Decision.TO_B):
        return [_rate("a" if step is Decision.TO_A else "b", group)]
    if step in (Decision.FROM_A, Decision.FROM_B):
        return _cleared("a" if step is Decision.FROM_A else "b", group, policy)
    return _clash(group, policy) if step is Decision.CLASH else []


def _may(policy: Policy, side: Side, group: RatingGroup) -> bool:
    media: Media = "movie" if group.scope == "movie" else "episode"
    return may_write(policy.ratings, side) and media in of_side(policy.takes, side)


def _rate(side: Side, group: RatingGroup, why: str = "", *, ask: bool = False) -> Change:
    """``side`` gets the value of the other."""
    mine, theirs = group.rating(side), group.rating(other(side))
    assert theirs is not None  # only a rating is ever copied
    there = f"{{{other(side)}}}"
    return Change(
        side=side,
        action=Action.RATE,
        kind="ratings",
        key=group.key,
        label=group.label,
        source=theirs.id or theirs.key,
        at=theirs.at,
        before=str(mine.value) if mine else "",
        after=str(theirs.value),
        value=theirs.value,
        ask=ask,
        why=why or (f"changed on {there}" if mine else f"rated on {there}"),
    )


def _cleared(side: Side, group: RatingGroup, policy: Policy) -> list[Change]:
    """The other side has no rating any more."""
    mine = group.rating(side)
    if policy.removals == "ignore" or mine is None:
        return []
    change = Change(
        side=side,
        action=Action.UNRATE,
        kind="ratings",
        key=group.key,
        label=group.label,
        before=str(mine.value),
        ask=policy.removals == "ask",
        why=f"it is gone from {{{other(side)}}}",
    )
    return [change]


def _clash(group: RatingGroup, policy: Policy) -> list[Change]:
    if policy.conflict == "ask":
        return [_rate(side, group, "rated differently on both sides", ask=True) for side in reversed(SIDES)]
    winner, why = _winner(group, policy)
    return [_rate(other(winner), group, f"rated differently on both sides, and {why}")]


def _winner(group: RatingGroup, policy: Policy) -> tuple[Side, str]:
    if policy.conflict in ("a", "b"):
        winner: Side = "a" if policy.conflict == "a" else "b"
        return winner, f"{{{winner}}} wins"
    if group.a_since is None or group.b_since is None or abs(group.a_since - group.b_since) < TOO_CLOSE:
        return "a", "{a} wins, for nobody can say which is newer"
    newer: Side = "a" if group.a_since > group.b_since else "b"
    return newer, f"the one on {{{newer}}} is newer"
