"""Plays whose time was changed where they are: what the other side is to be told."""

from __future__ import annotations

from datetime import datetime, timedelta

from scrobbled.core.agreeing.board import Board
from scrobbled.core.agreeing.decide import Decision, SideState, decide
from scrobbled.core.agreeing.ledger import HeldPlay, Link
from scrobbled.core.agreeing.lineup import DAY, apart, is_dated
from scrobbled.core.agreeing.writing import ChangeWriter
from scrobbled.core.records import DatePrecision
from scrobbled.core.sending.change import Change, Side, left, other

WantedChanges = tuple[list[Change], list[str]]
"""Changes, and the codes of what is left alone."""


def follow(board: Board, pen: ChangeWriter, link: Link, a: HeldPlay, b: HeldPlay) -> WantedChanges:
    """``a`` and ``b`` are there and were agreed on. The link gets their times as soon as both tell the same."""
    slack = timedelta(seconds=max(pen.policy.precision))
    step = decide(_state(a, link.a_at, slack), _state(b, link.b_at, slack))
    if step is Decision.NOTHING or _tell_the_same(a, b, slack):
        if (link.a_at, link.b_at) != (a.record.at, b.record.at):
            board.agree(a, b, link.rule)
        return [], []
    if step is Decision.CLASH:
        changes, codes = _clash(pen, a, b)
    else:
        changes, codes = _tell(pen, "b" if step is Decision.TO_B else "a", a, b)
    if not changes and _EARLY.isdisjoint(codes):
        board.agree(a, b, link.rule)
    return changes, codes


def _state(row: HeldPlay, before: datetime | None, slack: timedelta) -> SideState:
    at = row.record.at
    if at is None or before is None:
        return SideState.SAME
    return SideState.NEW if abs(at - before) > slack else SideState.SAME


def _tell_the_same(a: HeldPlay, b: HeldPlay, slack: timedelta) -> bool:
    if not (is_dated(a.record) and is_dated(b.record)):
        return True
    return apart(a.record, b.record) <= (DAY if DatePrecision.DAY in (a.record.kept, b.record.kept) else slack)


def _tell(
    pen: ChangeWriter, side: Side, a: HeldPlay, b: HeldPlay, why: str = "", *, ask: bool = False
) -> WantedChanges:
    """``side`` is to have the time of the other, if it may."""
    row, like = (a, b) if side == "a" else (b, a)
    if like.record.at and not pen.has_come(like.record.at):
        return [], [left("future", other(side))] if pen.may(side) else []
    if pen.may_retime(side):
        return [pen.retime(side, row, like, why, ask=ask)], []
    return [], [left("fixed", side)] if pen.may(side) else []


def _clash(pen: ChangeWriter, a: HeldPlay, b: HeldPlay) -> WantedChanges:
    """Both were changed. No tracker says when somebody changed a time, so there is no newest."""
    wins = pen.policy.conflict
    if wins == "ask":
        first, second = (_tell(pen, side, a, b, "changed on both sides", ask=True) for side in _SIDES)
        return first[0] + second[0], first[1] + second[1]
    winner: Side = "b" if wins == "b" else "a"
    why = f"changed on both sides, and {{{winner}}} wins"
    if wins == "newest":
        why += ", for nobody says which change is newer"
    return _tell(pen, other(winner), a, b, why)


_SIDES: tuple[Side, Side] = ("b", "a")
_EARLY = {left("future", side) for side in _SIDES}
