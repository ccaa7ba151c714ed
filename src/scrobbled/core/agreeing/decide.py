"""The whole of two-way reconciliation in one table: what became of one thing on either side since both agreed on it."""

from __future__ import annotations

from enum import StrEnum


class SideState(StrEnum):
    ABSENT = "absent"
    """Proven not to be there."""
    SAME = "same"
    """As when both sides agreed, or not known to be otherwise."""
    NEW = "new"
    """Changed since, or never agreed on."""


class Decision(StrEnum):
    NOTHING = "nothing"
    TO_A = "to a"
    """Side a is to get what side b has."""
    TO_B = "to b"
    FROM_A = "from a"
    """Side b lost it, so side a is to lose it, as far as the policy lets it."""
    FROM_B = "from b"
    CLASH = "clash"
    """Both have something new: the same, or the strategy decides."""
    FORGET = "forget"
    """Neither has it."""


_TABLE = {
    (SideState.ABSENT, SideState.ABSENT): Decision.FORGET,
    (SideState.ABSENT, SideState.SAME): Decision.FROM_B,
    (SideState.ABSENT, SideState.NEW): Decision.TO_A,
    (SideState.SAME, SideState.ABSENT): Decision.FROM_A,
    (SideState.SAME, SideState.SAME): Decision.NOTHING,
    (SideState.SAME, SideState.NEW): Decision.TO_A,
    (SideState.NEW, SideState.ABSENT): Decision.TO_B,
    (SideState.NEW, SideState.SAME): Decision.TO_B,
    (SideState.NEW, SideState.NEW): Decision.CLASH,
}


def decide(a: SideState, b: SideState) -> Decision:
    """What is to be done, whoever may write. A change wins over an absence: only what stayed as it was is lost."""
    return _TABLE[a, b]
