"""Plays whose time was changed where they are: what the other side is to be told."""

from __future__ import annotations

from datetime import datetime, timedelta

from scrobbled.core.board import Board
from scrobbled.core.change import Change, Side, left, other
from scrobbled.core.decide import State, Step, decide
from scrobbled.core.ledger import Link, Row
from scrobbled.core.lineup import DAY, apart, is_dated
from scrobbled.core.records import Kept
from scrobbled.core.writing import Pen

Wanted = tuple[list[Change], list[str]]
"""Changes, and the codes of what is left alone."""


def follow(board: Board, pen: Pen, link: Link, a: Row, b: Row) -> Wanted:
    """``a`` and ``b`` are there and were agreed on. The link gets their times as soon as both tell the same."""
    slack = timedelta(seconds=max(pen.policy.precision))
    step = decide(_state(a, link.a_at, slack), _state(b, link.b_at, slack))
    if step is Step.NOTHING or _tell_the_same(a, b, slack):
        if (link.a_at, link.b_at) != (a.record.at, b.record.at):
            board.agree(a, b, link.rule)
        return [], []
    if step is Step.CLASH:
        changes, codes = _clash(pen, a, b)
    else:
        changes, codes = _tell(pen, "b" if step is Step.TO_B else "a", a, b)
    if not changes and _EARLY.isdisjoint(codes):
        board.agree(a, b, link.rule)
    return changes, codes


def _state(row: Row, before: datetime | None, slack: timedelta) -> State:
    at = row.record.at
    if at is None or before is None:
        return State.SAME
    return State.NEW if abs(at - before) > slack else State.SAME


def _tell_the_same(a: Row, b: Row, slack: timedelta) -> bool:
    if not (is_dated(a.record) and is_dated(b.record)):
        return True
    return apart(a.record, b.record) <= (DAY if Kept.DAY in (a.record.kept, b.record.kept) else slack)


def _tell(pen: Pen, side: Side, a: Row, b: Row, why: str = "", *, ask: bool = False) -> Wanted:
    """``side`` is to have the time of the other, if it may."""
    row, like = (a, b) if side == "a" else (b, a)
    if like.record.at and not pen.has_come(like.record.at):
        return [], [left("future", other(side))] if pen.may(side) else []
    if pen.may_retime(side):
        return [pen.retime(side, row, like, why, ask=ask)], []
    return [], [left("fixed", side)] if pen.may(side) else []


def _clash(pen: Pen, a: Row, b: Row) -> Wanted:
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
