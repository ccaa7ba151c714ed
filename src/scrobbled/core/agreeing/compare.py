"""Three-way comparison of one thing: what a side holds, what the other holds, and what they last agreed on.

Nothing is decided because of a row that a single read has missed, and nothing is removed that was not agreed on before.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec.structs import replace

from scrobbled.core.agreeing.board import Board
from scrobbled.core.agreeing.edits import follow
from scrobbled.core.agreeing.idle_marks import without_marks
from scrobbled.core.agreeing.ledger import HeldPlay, ItemPlan, Link, LinkState, PlayGroup, Policy
from scrobbled.core.agreeing.lineup import Moments, is_dated, line_up, line_up_undated, window
from scrobbled.core.agreeing.reports import AGAIN, fold
from scrobbled.core.agreeing.rewatches import unflagged
from scrobbled.core.agreeing.shortcuts import shortcut
from scrobbled.core.agreeing.writing import ChangeWriter
from scrobbled.core.kinds import PLAYS
from scrobbled.core.records import DatePrecision
from scrobbled.core.sending.change import SIDES, Change, Side, left, other

MOVED, GONE = "moved", "was removed before"
"""Rules of links that come of no line-up."""
_TOMBS = (LinkState.REMOVED, LinkState.REMOVING)


def compare_plays(group: PlayGroup, policy: Policy) -> ItemPlan:
    """What the plays of one item want. Swapping the sides swaps the answer, and the order of rows does not matter.

    To be asked again until nothing comes: a change counts as made when both sides were read with it, not before.
    """
    if policy.plays == "off":
        return ItemPlan()
    group, codes = without_marks(group, policy)
    if not group.a and not group.b:
        return ItemPlan(left=codes)
    return shortcut(group, policy) or _Comparison(group, policy).result()


class _Comparison:
    """Each step takes from the board what it explains, so that the next sees what is left."""

    def __init__(self, group: PlayGroup, policy: Policy) -> None:
        self._board, self._pen, self._removals = Board(group), ChangeWriter(group, policy), policy.removal(PLAYS)
        self._group, self._gap = group, window(group.runtime, group.media)
        self._changes: list[Change] = []
        self._waiting: dict[Side, list[HeldPlay]] = {side: [] for side in SIDES}
        self._unsure = [left("unsure", side) for side in SIDES for row in group.rows(side) if row.missed == 1]
        self._left = list(self._unsure)

    def result(self) -> ItemPlan:
        if self._group.links or self._unsure or len(self._group.a) + len(self._group.b) > 1:
            self._explain()
        self._add()
        if self._group.links:
            self._follow()
        self._changes += unflagged(self._board, self._pen, self._gap)
        agreed = len(self._board.links(LinkState.AGREED))
        return ItemPlan(self._board.news(), tuple(self._changes), tuple(self._left), agreed)

    def _explain(self) -> None:
        """Each finds a reason for rows to be as they are; what is free at the end is news for the other side."""
        if self._group.links:
            self._take_over()
        self._match()
        if self._group.links:
            self._revive()
            self._rejoin()
        if self._group.links or self._unsure:
            self._hold()
            self._miss()
        if any(self._board.free.values()):
            self._match_undated()
            self._bury()
            fold(self._board, self._gap)

    def _take_over(self) -> None:
        """What we moved ourselves is the same viewing under another id: whatever is known of the old one holds for it.

        Its time says nothing of that: what was there with the new time may be gone already, or be moved again.
        """
        for side in SIDES:
            gone: dict[str | None, HeldPlay] = {row.record.id: row for row in self._board.rows(side) if row.gone}
            for row in sorted(self._board.free[side].values(), key=lambda row: row.record.id):
                before = gone.get(row.was)
                link = self._board.of(side, before) if before else None
                if link is not None:
                    self._board.put(replace(link, a=row.record.id) if side == "a" else replace(link, b=row.record.id))

    def _match(self) -> None:
        """New on both sides."""
        a, b = self._board.free["a"], self._board.free["b"]
        found = line_up((row.record for row in a.values()), (row.record for row in b.values()), self._gap)
        for match in found:
            self._agree(a.pop(match.a.id), b.pop(match.b.id), match.rule)

    def _agree(self, a: HeldPlay, b: HeldPlay, rule: str) -> None:
        """One that may be gone is agreed on when it is seen again; until then the other waits with it."""
        if a.there and b.there:
            self._board.agree(a, b, rule)
        else:
            self._waiting["a"].append(a)
            self._waiting["b"].append(b)

    def _revive(self) -> None:
        """What was gone, and is there again on both sides, never was removed."""
        for link in self._board.links(*_TOMBS):
            a, b = self._board.row("a", link), self._board.row("b", link)
            if a and b and a.there and b.there:
                self._board.agree(a, b, link.rule)

    def _rejoin(self) -> None:
        """New on one side, and on the other a row that lost its like, or never had one, or no dated one."""
        for side in SIDES:
            there = other(side)
            alone = {row.record.id: (link, row) for link, row in self._alone(there)}
            fresh = {id_: row for id_, row in self._board.free[side].items() if row.there}
            mine, theirs = (row.record for row in fresh.values()), (row.record for _, row in alone.values())
            for match in line_up(mine, theirs, self._gap):
                self._replace(side, fresh[match.a.id], *alone[match.b.id], match.rule)

    def _alone(self, side: Side) -> Iterator[tuple[Link, HeldPlay]]:
        for link in self._board.links(*_TOMBS, LinkState.AGREED, LinkState.EXTRA):
            row, like = self._board.row(side, link), self._board.row(other(side), link)
            if row is None or not row.there:
                continue
            if link.state is not LinkState.AGREED or (like and (like.gone or like.record.kept is DatePrecision.NONE)):
                yield link, row

    def _replace(self, side: Side, row: HeldPlay, link: Link, like: HeldPlay, rule: str) -> None:
        before = self._board.row(side, link)
        if link.state is LinkState.AGREED and before and before.gone and before.record.kept is not DatePrecision.NONE:
            self._move(side, link, row, like, rule)
            return
        self._board.agree(*_in_order(side, row, like), rule)
        if before is not None and not before.gone:
            self._board.report_again(side, before, AGAIN)

    def _hold(self) -> None:
        """What is new beside a row that may be gone may be that row, moved. It waits until that is known."""
        for side in SIDES:
            free = self._board.free[side]
            unsure = [row for row in self._board.rows(side) if row.missed == 1]
            linked = any(self._board.of(side, row) for row in unsure)
            near = Moments((*(row.record.at for row in (*unsure, *self._waiting[side])), *self._moving(other(side))))
            for id_, row in list(free.items()):
                if linked or not row.there or near.has_near(row.record.at, self._gap):
                    del free[id_]

    def _moving(self, side: Side) -> Iterator[datetime | None]:
        """New times of which the other side is being told. It may do that by adding a play and removing one."""
        for link in self._board.links(LinkState.AGREED):
            row = self._board.row(side, link)
            if row and row.record.at != link.at(side):
                yield row.record.at

    def _miss(self) -> None:
        """What was agreed on and has gone from one side, or from both."""
        for link in self._board.links(LinkState.AGREED, LinkState.REMOVING):
            a, b = self._board.row("a", link), self._board.row("b", link)
            if not a or not b:
                continue
            if a.gone and b.gone:
                self._board.mark(link, LinkState.REMOVED)
            elif a.gone and b.there:
                self._missed("a", link, a, b)
            elif b.gone and a.there:
                self._missed("b", link, b, a)

    def _missed(self, side: Side, link: Link, gone: HeldPlay, rest: HeldPlay) -> None:
        if link.state is LinkState.AGREED and (again := self._reported(side, gone)):
            self._board.agree(*_in_order(side, again, rest), AGAIN)
        elif link.state is LinkState.AGREED and (moved := self._moved(side, gone, rest)):
            self._move(side, link, moved, rest, MOVED)
        else:
            self._remove(other(side), link, rest)

    def _reported(self, side: Side, gone: HeldPlay) -> HeldPlay | None:
        """Another report of the viewing, which is still there."""
        extras = (self._board.row(side, link) for link in self._board.links(LinkState.EXTRA))
        viewing = Moments([gone.record.at])
        near = [row for row in extras if row and row.there and viewing.has_near(row.record.at, self._gap)]
        return _closest(near, gone.record.at)

    def _moved(self, side: Side, gone: HeldPlay, rest: HeldPlay) -> HeldPlay | None:
        """What a person put in its place. A date for what had none moves only what we wrote."""
        if gone.record.kept is DatePrecision.NONE and not rest.ours:
            return None
        fresh = (row for row in self._board.free[side].values() if not row.ours and not row.settled)
        return _closest([row for row in fresh if is_dated(row.record)], gone.record.at or rest.record.at)

    def _move(self, side: Side, link: Link, moved: HeldPlay, rest: HeldPlay, rule: str) -> None:
        """The times stay those that were agreed on: so the other side is told of the new one until it has it."""
        id_, at = moved.record.id, link.at(side) or rest.record.at
        if side == "a":
            self._board.put(replace(link, a=id_, rule=rule, a_at=at))
        else:
            self._board.put(replace(link, b=id_, rule=rule, b_at=at))

    def _remove(self, side: Side, link: Link, rest: HeldPlay) -> None:
        if self._removals == "ignore" or not self._pen.may(side):
            self._board.mark(link, LinkState.REMOVED)
        elif not rest.ours or rest.record.personal or rest.record.at != link.at(side):
            self._board.mark(link, LinkState.REMOVED)
            self._left.append(left("personal", side))
        else:
            self._board.mark(link, LinkState.REMOVING)
            self._changes.append(self._pen.remove(side, rest))

    def _match_undated(self) -> None:
        """What is dated and on its way will be read with its date; a tick that was sent has got one by that."""
        a, b = (
            {id_: row for id_, row in self._board.free[side].items() if not (row.settled and is_dated(row.record))}
            for side in SIDES
        )
        for match in line_up_undated((row.record for row in a.values()), (row.record for row in b.values())):
            self._board.agree(a[match.a.id], b[match.b.id], match.rule)

    def _bury(self) -> None:
        """We wrote it because of a play that has gone since: it is not sent back to where that was removed.

        So it is with one whose removal we took back: there is a new row for what was buried already.
        """
        for side in SIDES:
            there = other(side)
            ours = {id_: row for id_, row in self._board.free[side].items() if row.ours}
            if not ours:
                continue
            lost = {row.record.id: row for row in self._board.rows(there) if row.gone and self._is_buried(there, row)}
            mine, theirs = (row.record for row in ours.values()), (row.record for row in lost.values())
            for match in line_up(mine, theirs, self._gap):
                a, b = _in_order(side, ours[match.a.id], lost[match.b.id])
                self._board.agree(a, b, GONE, LinkState.REMOVED)

    def _is_buried(self, side: Side, row: HeldPlay) -> bool:
        link = self._board.of(side, row)
        return link is None or link.state is LinkState.REMOVED

    def _add(self) -> None:
        found: list[Change] = []
        for side in SIDES:
            if not self._pen.may_add(other(side)):
                continue
            for row in self._board.free[side].values():
                at = None if row.settled else self._pen.when(row)
                if at is not None and self._pen.has_come(at):
                    found.append(self._pen.add(other(side), row, at))
                elif not row.settled:
                    self._left.append(left("undated" if at is None else "future", side))
        self._changes += sorted(found, key=_order)

    def _follow(self) -> None:
        for link in self._board.links(LinkState.AGREED):
            a, b = self._board.row("a", link), self._board.row("b", link)
            if a and b and a.there and b.there:
                changes, codes = follow(self._board, self._pen, link, a, b)
                self._changes += changes
                self._left += codes


def _in_order(side: Side, row: HeldPlay, like: HeldPlay) -> tuple[HeldPlay, HeldPlay]:
    """``row`` of ``side`` and ``like`` of the other, as side a and side b."""
    return (row, like) if side == "a" else (like, row)


def _closest(rows: list[HeldPlay], at: datetime | None) -> HeldPlay | None:
    return min(rows, key=lambda row: (_apart(row, at), row.record.id), default=None)


def _apart(row: HeldPlay, at: datetime | None) -> timedelta:
    return abs(row.record.at - at) if row.record.at and at else timedelta.max


def _order(change: Change) -> tuple[datetime, str, str]:
    assert change.at is not None
    return change.at, change.side, change.source
