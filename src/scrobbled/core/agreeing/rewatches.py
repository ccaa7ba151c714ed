"""Which plays that we wrote are rewatches without saying so: by instant, whatever came first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from scrobbled.core.agreeing.board import Board
from scrobbled.core.agreeing.ledger import HeldPlay, LinkState
from scrobbled.core.agreeing.lineup import DAY, is_dated, when
from scrobbled.core.agreeing.writing import ChangeWriter
from scrobbled.core.records import DatePrecision
from scrobbled.core.sending.change import SIDES, Change, Side


def unflagged(board: Board, pen: ChangeWriter, gap: timedelta) -> Iterator[Change]:
    """The marks to be set, oldest play first. What a person wrote is never marked, and no mark is ever taken away."""
    for side in SIDES:
        lacking = [row for row in board.rows(side) if _may_lack(row)] if pen.may_flag(side) else []
        if lacking:
            lacking.sort(key=lambda row: when(row.record))
            viewings = sorted(_viewings(board), key=lambda found: when(found[1].record))
            yield from (pen.flag(side, row) for row in lacking if _has_earlier(board, side, row, viewings, gap))


def _may_lack(row: HeldPlay) -> bool:
    return row.ours and row.there and row.record.rewatch is False and is_dated(row.record)


def _viewings(board: Board) -> Iterator[tuple[Side, HeldPlay]]:
    """All that are known, on either side; those that are agreed on twice."""
    for side in SIDES:
        for row in board.rows(side):
            if row.there and is_dated(row.record) and not _is_extra(board, side, row):
                yield side, row


def _has_earlier(
    board: Board, side: Side, row: HeldPlay, viewings: list[tuple[Side, HeldPlay]], gap: timedelta
) -> bool:
    if _is_extra(board, side, row):
        return False
    link = board.of(side, row)
    others = (one for place, one in viewings if link is None or board.of(place, one) is not link)
    return any(_is_before(one, row, gap) for one in others)


def _is_extra(board: Board, side: Side, row: HeldPlay) -> bool:
    link = board.of(side, row)
    return link is not None and link.state is LinkState.EXTRA


def _is_before(one: HeldPlay, row: HeldPlay, gap: timedelta) -> bool:
    """Beyond doubt: two reports of one viewing lie closer together, and a day is no moment."""
    assert one.record.at is not None
    assert row.record.at is not None
    apart = DAY if DatePrecision.DAY in (one.record.kept, row.record.kept) else gap
    return row.record.at - one.record.at >= apart
