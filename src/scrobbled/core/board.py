"""The rows and links of one item while they are being compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from scrobbled.core.change import SIDES, Side
from scrobbled.core.ledger import Link, LinkState, PlayGroup, Row


class Board:
    """Every row is in one link at most, or it is ``free``. Rows that are gone are never free."""

    def __init__(self, group: PlayGroup) -> None:
        self._told = frozenset(group.links)
        self._rows: dict[Side, dict[str, Row]] = {
            side: {row.record.id: row for row in group.rows(side)} for side in SIDES
        }
        self._links: dict[tuple[Side, str], Link] = {}
        for link in group.links:
            self._index(link)
        self.free: dict[Side, dict[str, Row]] = {side: {} for side in SIDES}
        """Those that are in no link and not gone, by id."""
        for side in SIDES:
            loose = (row for row in self.rows(side) if not row.gone and self.of(side, row) is None)
            self.free[side] = {row.record.id: row for row in loose}

    def rows(self, side: Side) -> Iterator[Row]:
        return iter(self._rows[side].values())

    def row(self, side: Side, link: Link) -> Row | None:
        """The row of a link; ``None`` where nothing is known of it."""
        id_ = link.id(side)
        return None if id_ is None else self._rows[side].get(id_)

    def links(self, *states: LinkState) -> list[Link]:
        """Those in one of these states, oldest first."""
        return sorted((link for link in dict.fromkeys(self._links.values()) if link.state in states), key=_age)

    def of(self, side: Side, row: Row) -> Link | None:
        return self._links.get((side, row.record.id))

    def put(self, link: Link) -> None:
        """In place of every link with one of its rows; those rows are not free any more."""
        for side in SIDES:
            if (id_ := link.id(side)) is not None:
                self._drop(self._links.get((side, id_)))
                self.free[side].pop(id_, None)
        self._index(link)

    def agree(self, a: Row, b: Row, rule: str, state: LinkState = LinkState.AGREED) -> None:
        """They are one viewing, with the times they have now."""
        self.put(Link(a.record.id, b.record.id, rule, state, a.record.at, b.record.at))

    def mark(self, link: Link, state: LinkState) -> None:
        self.put(replace(link, state=state))

    def report_again(self, side: Side, row: Row, rule: str) -> None:
        """``row`` is a further report of what the ledger has, or of what is about to be sent."""
        id_, at = row.record.id, row.record.at
        if side == "a":
            self.put(Link(id_, None, rule, LinkState.EXTRA, a_at=at))
        else:
            self.put(Link(None, id_, rule, LinkState.EXTRA, b_at=at))

    def news(self) -> tuple[Link, ...]:
        """What the ledger does not have yet."""
        return tuple(link for link in dict.fromkeys(self._links.values()) if link not in self._told)

    def _index(self, link: Link) -> None:
        for side in SIDES:
            if (id_ := link.id(side)) is not None:
                self._links[side, id_] = link

    def _drop(self, link: Link | None) -> None:
        if link is not None:
            for side in SIDES:
                self._links.pop((side, link.id(side) or ""), None)


def _age(link: Link) -> tuple[float, str, str]:
    at = link.a_at or link.b_at
    return at.timestamp() if at else 0.0, link.a or "", link.b or ""
