"""Marks: that something was watched, without a record of a viewing. Which of them a comparison of plays passes over."""

from __future__ import annotations

from msgspec.structs import replace

from scrobbled.core.agreeing.ledger import HeldPlay, PlayGroup, Policy
from scrobbled.core.sending.change import SIDES, Side, left


def without_marks(group: PlayGroup, policy: Policy) -> tuple[PlayGroup, tuple[str, ...]]:
    """A mark says that something was watched, and is no record of a viewing.

    It counts where nothing else tells of one, and it never stands in for the dated play that the other side has. One
    that was sent already, or agreed on, stays what came of it.
    """
    idle = {side: {row.record.id for row in group.rows(side) if _is_idle(row, side, group)} for side in SIDES}
    if not any(idle.values()):
        return group, ()
    told = any(not row.record.is_mark and not row.gone for side in SIDES for row in group.rows(side))
    if policy.ticks == "as-plays" and not told:
        return group, ()
    codes = tuple(left("undated", side) for side in SIDES for _ in idle[side])
    a, b = (tuple(row for row in group.rows(side) if row.record.id not in idle[side]) for side in SIDES)
    return replace(group, a=a, b=b), codes


def _is_idle(row: HeldPlay, side: Side, group: PlayGroup) -> bool:
    if not row.record.is_mark or row.settled:
        return False
    return not any(link.id(side) == row.record.id for link in group.links)
