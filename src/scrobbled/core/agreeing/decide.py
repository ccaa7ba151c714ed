"""The whole of two-way reconciliation in one table: what became of one thing on either side since both agreed on it."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    ABSENT = "absent"
    """Proven not to be there."""
    SAME = "same"
    """As when both sides agreed, or not known to be otherwise."""
    NEW = "new"
    """Changed since, or never agreed on."""


class Step(StrEnum):
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
    (State.ABSENT, State.ABSENT): Step.FORGET,
    (State.ABSENT, State.SAME): Step.FROM_B,
    (State.ABSENT, State.NEW): Step.TO_A,
    (State.SAME, State.ABSENT): Step.FROM_A,
    (State.SAME, State.SAME): Step.NOTHING,
    (State.SAME, State.NEW): Step.TO_A,
    (State.NEW, State.ABSENT): Step.TO_B,
    (State.NEW, State.SAME): Step.TO_B,
    (State.NEW, State.NEW): Step.CLASH,
}


def decide(a: State, b: State) -> Step:
    """What is to be done, whoever may write. A change wins over an absence: only what stayed as it was is lost."""
    return _TABLE[a, b]
