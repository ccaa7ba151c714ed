"""The rows and links of one item while they are being compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from scrobbled.core.agreeing.ledger import HeldPlay, Link, LinkState, PlayGroup
from scrobbled.core.agreeing.lineup import NEVER
from scrobbled.core.sending.change import SIDES, Side


class Board:
    """Every row is in one link at most, or it is ``free``. Rows that are gone are never free."""

    def __init__(self, group: PlayGroup) -> None:
        self._before = group.links
        self._rows: dict[Side, dict[str | None, HeldPlay]] = {
            side: {row.record.id: row for row in group.rows(side)} for side in SIDES
        }
        self._of: dict[tuple[Side, str | None], Link] = {}
        self._fresh: dict[int, Link] = {}
        self._states: defaultdict[LinkState, dict[int, Link]] = defaultdict(dict)
        for link in group.links:
            self._index(link)
        self.free: dict[Side, dict[str, HeldPlay]] = {
            side: {row.record.id: row for row in rows.values() if not row.gone and self.of(side, row) is None}
            for side, rows in self._rows.items()
        }
        """Those that are in no link and not gone, by id."""

    def rows(self, side: Side) -> Iterable[HeldPlay]:
        return self._rows[side].values()

    def row(self, side: Side, link: Link) -> HeldPlay | None:
        """The row of a link; ``None`` where nothing is known of it."""
        return self._rows[side].get(link.id(side))

    def links(self, *states: LinkState) -> list[Link]:
        """Those in one of these states, oldest first."""
        if not self._of:
            return []
        return sorted((link for state in states for link in self._states[state].values()), key=_age)

    def of(self, side: Side, row: HeldPlay) -> Link | None:
        return self._of.get((side, row.record.id))

    def put(self, link: Link) -> None:
        """In place of every link with one of its rows; those rows are not free any more."""
        for side in SIDES:
            if (id_ := link.id(side)) is not None:
                self._drop(self._of.get((side, id_)))
                self.free[side].pop(id_, None)
        self._index(link)
        self._fresh[id(link)] = link

    def agree(self, a: HeldPlay, b: HeldPlay, rule: str, state: LinkState = LinkState.AGREED) -> None:
        """They are one viewing, with the times they have now."""
        self.put(Link(a.record.id, b.record.id, rule, state, a.record.at, b.record.at))

    def mark(self, link: Link, state: LinkState) -> None:
        self.put(replace(link, state=state))

    def report_again(self, side: Side, row: HeldPlay, rule: str) -> None:
        """``row`` is a further report of what the ledger has, or of what is about to be sent."""
        id_, at = row.record.id, row.record.at
        if side == "a":
            self.put(Link(id_, None, rule, LinkState.EXTRA, a_at=at))
        else:
            self.put(Link(None, id_, rule, LinkState.EXTRA, b_at=at))

    def news(self) -> tuple[Link, ...]:
        """What the ledger does not have yet."""
        if not self._fresh:
            return ()
        known = {(link.a, link.b): link for link in self._before}
        return tuple(link for link in self._fresh.values() if known.get((link.a, link.b)) != link)

    def _index(self, link: Link) -> None:
        self._states[link.state][id(link)] = link
        for side in SIDES:
            if (id_ := link.id(side)) is not None:
                self._of[side, id_] = link

    def _drop(self, link: Link | None) -> None:
        if link is None:
            return
        del self._states[link.state][id(link)]
        self._fresh.pop(id(link), None)
        for side in SIDES:
            self._of.pop((side, link.id(side)), None)


def _age(link: Link) -> tuple[datetime, list[str]]:
    """The same from either side."""
    at = min((at for at in (link.a_at, link.b_at) if at), default=NEVER)
    return at, sorted(id_ for id_ in (link.a, link.b) if id_)
