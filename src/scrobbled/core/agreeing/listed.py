"""Lists that things leave by being watched, such as a watchlist: services take off by themselves what was watched.

So an absence that a viewing explains is no removal, and what is watched is never put on a list, nor back on one.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace

from scrobbled.core.agreeing.ledger import ComparedValue, KnownViewing, Policy, ValueGroup
from scrobbled.core.agreeing.merge import compare_value
from scrobbled.core.kinds import KINDS
from scrobbled.core.sending.change import Change, left, of_side, other

SLACK = timedelta(hours=1)
"""A viewing may have been so long before both lists were seen to agree, and still have taken the thing off one:
services take their time, and clocks differ."""


def compare_listed(group: ValueGroup, policy: Policy) -> ComparedValue:
    """As ``compare_value``, of a kind that holds things ``until_watched``."""
    found = compare_value(group, policy)
    reasons = [_left(change, group) for change in found.changes]
    kept = tuple(change for change, why in zip(found.changes, reasons, strict=True) if not why)
    return replace(found, changes=kept, left=(*found.left, *filter(None, reasons)))


def is_left_by_watching(viewing: KnownViewing | None, agreed_at: datetime | None) -> bool:
    """Whether a viewing that a side knows may be why the thing is not on its list any more.

    One from before both agreed on it was none, unless it was entered later. Where nobody can say when, it may be.
    """
    if viewing is None:
        return False
    if viewing.at is None or agreed_at is None or viewing.at >= agreed_at - SLACK:
        return True
    return viewing.known_at is not None and viewing.known_at > agreed_at


def _left(change: Change, group: ValueGroup) -> str:
    """The code by which this is left alone; empty where it may be done."""
    kind, there = KINDS[group.kind], other(change.side)
    if change.action == kind.put:
        is_watched = any(one is not None and one.is_there for one in group.viewings)
        return left("watched", there) if is_watched else ""
    explained = is_left_by_watching(of_side(group.viewings, there), group.agreed_at)
    return left("left-watched", change.side) if explained else ""
