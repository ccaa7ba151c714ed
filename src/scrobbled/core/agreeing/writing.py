"""What a comparison wants done to plays, as changes, and whether the policy lets it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct

from scrobbled.core.agreeing.ledger import Direction, HeldPlay, LeftMark, PlayGroup, Policy
from scrobbled.core.kinds import PLAYS
from scrobbled.core.records import DatePrecision, ViewingsKept
from scrobbled.core.sending.change import BY_RELEASE, Action, Change, Side, moment, of_side, other
from scrobbled.core.watching.plays import is_entered, rounded


def may_write(direction: Direction, side: Side) -> bool:
    return direction == "both" or direction == ("a-to-b" if side == "b" else "b-to-a")


class ChangeWriter(Struct, frozen=True):
    """Writes the changes of one item's plays."""

    group: PlayGroup
    policy: Policy

    def may(self, side: Side) -> bool:
        return may_write(self.policy.plays, side)

    def may_add(self, side: Side) -> bool:
        return self.may(side) and self.group.media in of_side(self.policy.takes, side)

    def may_retime(self, side: Side) -> bool:
        return self.may(side) and of_side(self.policy.can_amend, side)

    def may_flag(self, side: Side) -> bool:
        return self.may(side) and of_side(self.policy.can_flag, side)

    def when(self, row: HeldPlay) -> datetime | None:
        """The time to send it with; ``None`` where nobody knows one, or an impossible one."""
        at = row.record.at
        if row.record.kept is DatePrecision.NONE:
            at = row.record.made_at if self.policy.ticks == "as-plays" else None
        return at if at is not None and is_entered(at) else None

    def has_come(self, at: datetime) -> bool:
        return at <= self.policy.until

    def add(self, side: Side, row: HeldPlay, at: datetime | None, undated: str = "") -> Change:
        """To ``side``, a play like ``row`` of the other. Without a time it is added as ``undated`` there."""
        at = None if at is None else rounded(at, of_side(self.policy.precision, side))
        return self._change(
            side,
            Action.ADD,
            source=row.record.id,
            at=at,
            after=BY_RELEASE if undated == "released" else moment(at),
            undated=undated,
            why=f"watched on {{{other(side)}}}, not on {{{side}}}",
        )

    def tick(self, side: Side, like: HeldPlay) -> Change:
        """``side``, a library, is told that it was watched: at the time of ``like``, where it can keep one."""
        kept = of_side(self.policy.keeps, side) is ViewingsKept.LAST
        return self._change(
            side,
            Action.TICK,
            source=like.record.id,
            at=like.record.at if kept else None,
            after=f"watched, last on {moment(like.record.at)}" if kept else "watched, without its date",
            why=f"watched on {{{other(side)}}}, not on {{{side}}}",
        )

    def untick(self, side: Side, mark: LeftMark) -> Change:
        """``side``, a library, is told that our own tick was none."""
        return self._change(
            side,
            Action.UNTICK,
            target=str(mark.id),
            before="watched",
            after="not watched",
            ask=self.policy.removal(PLAYS) == "ask",
            why=f"every play of it is gone from {{{other(side)}}}, and the mark is ours",
        )

    def remove(self, side: Side, row: HeldPlay) -> Change:
        return self._change(
            side,
            Action.REMOVE,
            target=row.record.id,
            at=row.record.at,
            before=moment(row.record.at),
            ask=self.policy.removal(PLAYS) == "ask",
            why=f"it is gone from {{{other(side)}}}",
        )

    def retime(self, side: Side, row: HeldPlay, like: HeldPlay, why: str, *, ask: bool) -> Change:
        """``row`` of ``side`` gets the time of ``like``, which has one."""
        assert like.record.at is not None  # a play without a date gives no other a time
        at = rounded(like.record.at, of_side(self.policy.precision, side))
        return self._change(
            side,
            Action.RETIME,
            source=like.record.id,
            target=row.record.id,
            at=at,
            before=moment(row.record.at),
            after=moment(at),
            ask=ask,
            why=why or f"its time was changed on {{{other(side)}}}",
        )

    def flag(self, side: Side, row: HeldPlay) -> Change:
        return self._change(
            side,
            Action.FLAG,
            target=row.record.id,
            at=row.record.at,
            after=f"rewatch on {moment(row.record.at)}",
            rewatch=True,
            why="it was watched before",
        )

    def _change(self, side: Side, action: Action, **rest: Any) -> Change:
        return Change(side=side, action=action, kind=PLAYS, key=self.group.key, label=self.group.label, **rest)
