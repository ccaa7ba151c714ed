"""Further reports of one viewing on one side: a program that was started twice, a tick beside a play. None is sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from scrobbled.core.agreeing.board import Board
from scrobbled.core.agreeing.ledger import HeldPlay, LinkState
from scrobbled.core.agreeing.lineup import Moments, when
from scrobbled.core.records import DatePrecision
from scrobbled.core.sending.change import SIDES, Side, other

AGAIN = "another report of the same viewing"
_TOMBS = (LinkState.REMOVED, LinkState.REMOVING)


def fold(board: Board, gap: timedelta) -> None:
    """Take from what is free all that says nothing new.

    Two typed days of one item are always two viewings. One that is the minute of a viewing was copied, and not typed.
    """
    for side in SIDES:
        free = sorted(board.free[side].values(), key=lambda row: when(row.record))
        told, minutes = Moments(_told(board, side)), set(_minutes(board, side))
        for row in free:
            if row.settled:
                continue
            if row.record.kept is DatePrecision.NONE:
                _fold_undated(board, side, row)
            elif _minute(row) in minutes if row.record.kept is DatePrecision.DAY else told.has_near(row.record.at, gap):
                board.report_again(side, row, AGAIN)
            elif row.record.kept is DatePrecision.EXACT and row.record.at:
                told.add(row.record.at)


def _told(board: Board, side: Side) -> Iterator[datetime | None]:
    """When the viewings were that this side has, or had, or that are on their way from it."""
    for link in board.links(LinkState.AGREED):
        row = board.row(side, link)
        if row and row.record.kept is DatePrecision.EXACT:
            yield row.record.at
    for link in board.links(*_TOMBS):
        yield from (link.a_at, link.b_at)
    yield from (row.record.at for row in board.free[side].values() if row.settled)


def _minutes(board: Board, side: Side) -> Iterator[datetime | None]:
    """Of the viewings that this side has, as either side tells them, and of those that are about to be sent."""
    agreed = (board.row(one, link) for link in board.links(LinkState.AGREED) for one in SIDES)
    for row in (*agreed, *board.free[side].values()):
        if row and row.record.kept is DatePrecision.EXACT:
            yield _minute(row)


def _minute(row: HeldPlay) -> datetime | None:
    return row.record.at and row.record.at.replace(second=0, microsecond=0)


def _fold_undated(board: Board, side: Side, row: HeldPlay) -> None:
    """That something was watched is no news where a viewing of it is known."""
    known = board.links(LinkState.AGREED, *_TOMBS)
    if known or any(one is not row for one in board.free[side].values()):
        board.report_again(side, row, AGAIN)
    elif any(not one.gone for one in board.rows(other(side))):
        del board.free[side][row.record.id]
