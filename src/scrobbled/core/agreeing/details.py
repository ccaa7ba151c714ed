"""Details of what both sides have in a set, where one of them knows them at first hand: a library, of its files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scrobbled.core.agreeing.ledger import Policy, ValueGroup
from scrobbled.core.sending.change import Side, of_side, other

KindDetails = Mapping[str, Any]


def wanted_details(group: ValueGroup, policy: Policy, side: Side) -> KindDetails:
    """What is to be told of it on ``side``, beside what is told there already, by what the other side knows.

    What was there at first contact is agreed on: only what is missing is filled in, unless ``policy`` overwrites it.
    From then on what changes at first hand follows.
    """
    mine, theirs = _of(group, side), _of(group, other(side))
    if policy.details == "off":
        return mine
    if policy.details == "overwrite":
        return {**mine, **theirs}
    if group.base is None:
        return {**theirs, **mine}
    return _followed(mine, theirs, _told(of_side(group.base, other(side))))


def _followed(mine: KindDetails, theirs: KindDetails, before: KindDetails) -> dict[str, Any]:
    """What became another detail, or none, since both agreed."""
    changed = {name: value for name, value in theirs.items() if before.get(name) != value}
    gone = before.keys() - theirs.keys()
    return {**{name: value for name, value in mine.items() if name not in gone}, **changed}


def _of(group: ValueGroup, side: Side) -> KindDetails:
    held = group.value(side)
    return {} if held is None else _told(held.value)


def _told(value: object) -> KindDetails:
    return value if isinstance(value, Mapping) else {}
