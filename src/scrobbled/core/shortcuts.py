"""The two cases that nearly every item is in, decided without much ado: there may be a hundred thousand of them."""

from __future__ import annotations

from datetime import datetime

from scrobbled.core.ledger import Compared, Link, LinkState, PlayGroup, Row
from scrobbled.core.lineup import line_up, window


def shortcut(group: PlayGroup) -> Compared | None:
    """What a comparison would come to; ``None`` where that takes a closer look."""
    if not len(group.a) == len(group.b) > 0:
        return None
    if not group.links:
        return _met(group) if len(group.a) == 1 else None
    return Compared(agreed=len(group.links)) if _is_as_agreed(group) else None


def _met(group: PlayGroup) -> Compared | None:
    """One play on each side, and they are the same viewing."""
    (a,), (b,) = group.a, group.b
    if a.missed or b.missed:
        return None
    for match in line_up([a.record], [b.record], window(group.runtime, group.media)):
        link = Link(a.record.id, b.record.id, match.rule, LinkState.AGREED, a.record.at, b.record.at)
        return Compared((link,), agreed=1)
    return None


def _is_as_agreed(group: PlayGroup) -> bool:
    """Every row is there with the time it had, and none may lack a mark."""
    if len(group.a) != len(group.links):
        return False
    a, b = ({row.record.id: row for row in rows} for rows in (group.a, group.b))
    return all(
        link.state is LinkState.AGREED and _is_as_it_was(a, link.a, link.a_at) and _is_as_it_was(b, link.b, link.b_at)
        for link in group.links
    )


def _is_as_it_was(rows: dict[str, Row], id_: str | None, at: datetime | None) -> bool:
    row = rows.get(id_ or "")
    if row is None or row.missed or row.record.at != at:
        return False
    return row.record.rewatch is not False or not row.ours
