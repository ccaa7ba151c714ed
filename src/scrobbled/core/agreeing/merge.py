"""One value on each side, merged with what both were last seen to agree on."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from scrobbled.core.agreeing.decide import Decision, SideState, decide
from scrobbled.core.agreeing.details import wanted_details
from scrobbled.core.agreeing.leaving import left_library
from scrobbled.core.agreeing.ledger import KEEP, ComparedValue, Policy, ValueGroup
from scrobbled.core.agreeing.writing import may_write
from scrobbled.core.kinds import KINDS, KindEntry, KindShape, KindValue
from scrobbled.core.naming.items import Media
from scrobbled.core.records import IN_PART
from scrobbled.core.sending.change import SIDES, Change, Side, of_side, other

TOO_CLOSE = timedelta(seconds=60)
"""Clocks of two services differ; within this nobody can say which came later."""


def compare_value(group: ValueGroup, policy: Policy) -> ComparedValue:
    """What one value wants. Only what was read on both sides is agreed on."""
    if policy.way(group.kind) == "off":
        return ComparedValue()
    if group.departed is not None and policy.library and group.value(other(policy.library)):
        return left_library(group, policy)
    found = _compared(group, policy)
    written = {change.side for change in found.changes}
    spread = (_spread(side, group) for side in SIDES if side not in written)
    return replace(found, changes=(*found.changes, *(one for one in spread if one and _may(policy, one, group))))


def _compared(group: ValueGroup, policy: Policy) -> ComparedValue:
    if group.a and group.b and policy.library and _is_of_files(KINDS[group.kind]):
        return _detailed(group, policy, other(policy.library))
    if group.a and group.b and KINDS[group.kind].same(group.a.value, group.b.value):
        now = (group.a.value, group.b.value)
        return ComparedValue() if group.base == now else ComparedValue(agreed=now)
    if group.anew and (group.a or group.b):
        group = replace(group, base=None)
    step = decide(*(_state(group, side) for side in SIDES))
    if step is Decision.FORGET and group.base is not None:
        return ComparedValue(agreed=None)
    return ComparedValue(changes=tuple(c for c in _changes(step, group, policy) if _may(policy, c, group)))


def _is_of_files(kind: KindEntry) -> bool:
    """Whether what a library says of it is about its files."""
    return kind.shape is KindShape.SET and not kind.until_watched


def _detailed(group: ValueGroup, policy: Policy, side: Side) -> ComparedValue:
    """Both have it: ``side`` is told what the library knows of the file."""
    assert group.a is not None
    assert group.b is not None
    now, wanted = (group.a.value, group.b.value), wanted_details(group, policy, side)
    if wanted == of_side(now, side):
        return ComparedValue() if group.base == now else ComparedValue(agreed=now)
    if group.base is not None and wanted == of_side(group.base, side):
        return ComparedValue()  # it was told that, and keeps something else
    mine = group.value(side)
    put = replace(_put(side, group, value=wanted), at=mine.at if mine else None)
    return ComparedValue(now if group.base is None else KEEP, (put,) if _may(policy, put, group) else ())


def _state(group: ValueGroup, side: Side) -> SideState:
    mine = group.value(side)
    if mine is not None:
        return SideState.SAME if group.base is not None and mine.value == of_side(group.base, side) else SideState.NEW
    return SideState.ABSENT if group.base is None or group.gone(side) else SideState.SAME


def _changes(step: Decision, group: ValueGroup, policy: Policy) -> list[Change]:
    if step in (Decision.TO_A, Decision.TO_B):
        return [_put("a" if step is Decision.TO_A else "b", group)]
    if step in (Decision.FROM_A, Decision.FROM_B):
        return _cleared("a" if step is Decision.FROM_A else "b", group, policy)
    return _clash(group, policy) if step is Decision.CLASH else []


def _may(policy: Policy, change: Change, group: ValueGroup) -> bool:
    side = change.side
    media: Media = "movie" if group.scope == "movie" else "episode"
    if change.action == KINDS[group.kind].put and other(side) in group.unsure:
        return False
    return may_write(policy.way(group.kind), side) and media in of_side(policy.takes, side)


def _put(side: Side, group: ValueGroup, why: str = "", *, ask: bool = False, value: KindValue | None = None) -> Change:
    """``side`` gets the value of the other, or this one."""
    kind, mine, theirs = KINDS[group.kind], group.value(side), group.value(other(side))
    assert theirs is not None  # only a value is ever copied
    there = f"{{{other(side)}}}"
    return Change(
        side=side,
        action=kind.put,
        kind=group.kind,
        key=group.key,
        label=group.label,
        source=theirs.key if theirs.id in ("", IN_PART) else theirs.id,
        at=theirs.at,
        before=kind.told(mine.value) if mine else "",
        after=kind.told(theirs.value if value is None else value),
        value=theirs.value if value is None else value,
        was=mine.value if mine else None,
        was_at=mine.at if mine else None,
        ask=ask,
        why=why or (f"changed on {there}" if mine else f"{kind.given} on {there}"),
    )


def _spread(side: Side, group: ValueGroup) -> Change | None:
    """What only some copies of a thing have in a library, the others get."""
    kind, mine = KINDS[group.kind], group.value(side)
    if mine is None or mine.id != IN_PART:
        return None
    return Change(
        side=side,
        action=kind.put,
        kind=group.kind,
        key=group.key,
        label=group.label,
        source=mine.key,
        at=mine.at,
        before=kind.told(mine.value),
        after=kind.told(mine.value),
        value=mine.value,
        was=mine.value,
        was_at=mine.at,
        why=f"another copy of it on {{{side}}} has it",
    )


def _cleared(side: Side, group: ValueGroup, policy: Policy) -> list[Change]:
    """The other side has none any more."""
    kind, mine = KINDS[group.kind], group.value(side)
    removal = policy.removal(group.kind)
    if removal == "ignore" or mine is None:
        return []
    if _is_of_files(kind) and policy.library == other(side):
        return []  # that is decided where it is known what left the library
    change = Change(
        side=side,
        action=kind.cleared,
        kind=group.kind,
        key=group.key,
        label=group.label,
        before=kind.told(mine.value),
        was=mine.value,
        was_at=mine.at,
        ask=removal == "ask",
        why=f"it is gone from {{{other(side)}}}",
    )
    return [change]


def _clash(group: ValueGroup, policy: Policy) -> list[Change]:
    differ = f"{KINDS[group.kind].given} differently on both sides"
    if policy.conflict == "ask":
        return [_put(side, group, differ, ask=True) for side in reversed(SIDES)]
    winner, why = _winner(group, policy)
    return [_put(other(winner), group, f"{differ}, and {why}")]


def _winner(group: ValueGroup, policy: Policy) -> tuple[Side, str]:
    if policy.conflict in ("a", "b"):
        winner: Side = "a" if policy.conflict == "a" else "b"
        return winner, f"{{{winner}}} wins"
    if group.a_since is None or group.b_since is None or abs(group.a_since - group.b_since) < TOO_CLOSE:
        return "a", "{a} wins, for nobody can say which is newer"
    newer: Side = "a" if group.a_since > group.b_since else "b"
    return newer, f"the one on {{{newer}}} is newer"
