"""The three cases that nearly every item is in, decided without much ado: there may be a hundred thousand of them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta

from scrobbled.core.agreeing.ledger import HeldPlay, ItemPlan, Link, LinkState, PlayGroup, Policy
from scrobbled.core.agreeing.lineup import line_up, when, window
from scrobbled.core.agreeing.writing import ChangeWriter
from scrobbled.core.records import DatePrecision
from scrobbled.core.sending.change import Side
from scrobbled.core.watching.plays import is_entered


def shortcut(group: PlayGroup, policy: Policy) -> ItemPlan | None:
    """What a comparison would come to; ``None`` where that takes a closer look."""
    if not group.a or not group.b:
        return _all_new(group, policy) if not group.links else None
    if len(group.a) != len(group.b):
        return None
    if not group.links:
        return _met(group) if len(group.a) == 1 else None
    return ItemPlan(agreed=len(group.links)) if _is_as_agreed(group) else None


def _all_new(group: PlayGroup, policy: Policy) -> ItemPlan | None:
    """Every row of the one side is a viewing that the other lacks: a first migration is made of these."""
    there: Side = "b" if group.a else "a"
    rows = sorted((*group.a, *group.b), key=lambda row: when(row.record))
    if not all(_is_plain(row, policy.until) for row in rows) or _any_near(rows, window(group.runtime, group.media)):
        return None
    pen = ChangeWriter(group, policy)
    if not pen.may_add(there):
        return ItemPlan()
    return ItemPlan(changes=tuple(pen.add(there, row, row.record.at) for row in rows if row.record.at))


def _is_plain(row: HeldPlay, until: datetime) -> bool:
    """Of a moment that has been, there, and nothing was ever done about it."""
    if row.missed or row.ours or row.settled or row.record.kept is not DatePrecision.EXACT:
        return False
    return row.record.at is not None and row.record.at <= until and is_entered(row.record.at)


def _any_near(rows: Sequence[HeldPlay], gap: timedelta) -> bool:
    """Whether two of them, in order of time, may be reports of one viewing."""
    pairs = itertools.pairwise(row.record.at for row in rows)
    return any(one is not None and next_ is not None and next_ - one < gap for one, next_ in pairs)


def _met(group: PlayGroup) -> ItemPlan | None:
    """One play on each side, and they are the same viewing."""
    (a,), (b,) = group.a, group.b
    if a.missed or b.missed:
        return None
    for match in line_up([a.record], [b.record], window(group.runtime, group.media)):
        link = Link(a.record.id, b.record.id, match.rule, LinkState.AGREED, a.record.at, b.record.at)
        return ItemPlan((link,), agreed=1)
    return None


def _is_as_agreed(group: PlayGroup) -> bool:
    """Every row is there with the time it had, and none may lack a mark."""
    if len(group.a) != len(group.links):
        return False
    a, b = _by_id(group.a), _by_id(group.b)
    return all(
        link.state is LinkState.AGREED and _is_as_it_was(a, link.a, link.a_at) and _is_as_it_was(b, link.b, link.b_at)
        for link in group.links
    )


def _by_id(rows: Sequence[HeldPlay]) -> dict[str | None, HeldPlay]:
    return {row.record.id: row for row in rows}


def _is_as_it_was(rows: dict[str | None, HeldPlay], id_: str | None, at: datetime | None) -> bool:
    row = rows.get(id_)
    if row is None or row.missed or row.record.at != at:
        return False
    return row.record.rewatch is not False or not row.ours
