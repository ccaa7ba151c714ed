"""Two mirrors and a ledger, lined up item by item for ``core.compare``, a part at a time.

What takes the processor longer runs beside the loop, so that no webhook waits for it.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from typing import cast

from msgspec.structs import replace

from scrobbled.core.agreeing.ledger import HeldPlay, Link, LinkState, PlayGroup
from scrobbled.core.agreeing.plan import SIDES, Side, other
from scrobbled.core.naming.items import Media
from scrobbled.core.records import DatePrecision
from scrobbled.reconcile.libraries import KnownPlays, LibraryView, known_plays, reported
from scrobbled.reconcile.lining_values import gather_value, kinds_of
from scrobbled.reconcile.loading import ASKED, Course, LoadedSide, Loader
from scrobbled.reconcile.pairs import Sides, pieces
from scrobbled.reconcile.sheets import AgreedState, Beyond, Lined, PartSheet, remember
from scrobbled.store.file.database import Store
from scrobbled.store.mirror import claims, ledger
from scrobbled.store.mirror.records import GONE, MirroredPlay
from scrobbled.store.queue import amendments


class Liner:
    """Lines up one pair."""

    def __init__(
        self, store: Store, sides: Sides, view: LibraryView | None = None, beyond: Beyond | None = None
    ) -> None:
        self._store, self._sides, self._loader = store, sides, Loader(store, sides)
        self._view, self._beyond = view, beyond

    async def parts(self, course: Course) -> AsyncIterator[Lined]:
        """Everything, a part at a time."""
        written = await self._store.read(self._written)
        for ours, theirs in course.parts():
            a = await self._loader.part(course.a, ours, rows=True)
            b = await self._loader.part(course.b, theirs, rows=True)
            known = await self._viewed(a, b)
            links = await self._links((a, b)) if written.any_links else {}
            sheet = PartSheet(a, b, links, written, self._view, known, self._beyond)
            lined = await asyncio.to_thread(_laid_out, sheet)
            await self._mark_settled(lined, sheet)
            yield lined

    async def _viewed(self, a: LoadedSide, b: LoadedSide) -> KnownPlays:
        """The library's states become viewings; returns what is known of the records of the other side."""
        if self._view is not None:
            self._view.told(a if self._view.side == "a" else b)
        theirs = b if self._view is None or self._view.side == "a" else a
        return await known_plays(self._store, self._sides, self._view, theirs)

    def _written(self, db: sqlite3.Connection) -> AgreedState:
        viewer, pair = self._sides.viewer, self._sides.pair
        accounts = {side: self._sides.account(side) for side in SIDES}
        return AgreedState(
            base=ledger.values(db, viewer, pair),
            moves={side: amendments.renamed(db, *account) for side, account in accounts.items()},
            removed={side: amendments.removed(db, *account) for side, account in accounts.items()},
            any_links=ledger.any_links(db, viewer, pair),
        )

    async def _links(self, halves: tuple[LoadedSide, LoadedSide]) -> dict[tuple[Side, str], Link]:
        viewer, pair = self._sides.viewer, self._sides.pair
        found: list[Link] = []
        for half in halves:
            for piece in pieces([row.record.id for rows in half.rows.values() for row in rows], ASKED):
                found += await self._store.read(
                    lambda db, piece=piece, side=half.side: ledger.links_of(db, viewer, pair, side, piece)  # type: ignore[misc]
                )
        return {("a", link.a): link for link in found if link.a is not None} | {
            ("b", link.b): link for link in found if link.b is not None
        }

    async def _mark_settled(self, lined: Lined, sheet: PartSheet) -> None:
        """Of each record that is not linked: whether our outbox has a change for it already."""
        settled: set[tuple[Side, str]] = set()
        for side in SIDES:
            target = self._sides.account(other(side))
            if not await self._store.read(lambda db, t=target: claims.any_for(db, *t)):  # type: ignore[misc]
                continue
            held_by = self._sides.name(side)
            asked = [one for group in lined.plays for one in _to_ask(group, side, sheet, lined, held_by)]
            for piece in pieces(asked, 50):
                found = await self._store.read(
                    lambda db, piece=piece, target=target: [claims.is_settled(db, target, one) for one in piece]  # type: ignore[misc]
                )
                settled |= {(side, one.record) for one, yes in zip(piece, found, strict=True) if yes}
        if settled:
            lined.plays = [_with_settled(group, settled) for group in lined.plays]


def _laid_out(sheet: PartSheet) -> Lined:
    lined = Lined()
    ours, theirs = sheet.a.by_canon(), sheet.b.by_canon()
    for canon in dict.fromkeys((*ours, *theirs)):
        keys = ours.get(canon, []), theirs.get(canon, [])
        if sheet.only(keys) is None:
            _gather(lined, canon, sheet, keys)
        for kind in kinds_of(sheet, keys):
            gather_value(lined, kind, canon, sheet, keys)
    return lined


def _gather(lined: Lined, canon: str, sheet: PartSheet, keys: tuple[list[str], list[str]]) -> None:
    found = [
        [row for key in mine for row in sheet.half(s).rows.get(key, ())] for s, mine in zip(SIDES, keys, strict=True)
    ]
    if not any(found) or (sheet.view is None and _is_quiet(found, sheet.links)):
        return
    subject = remember(lined, canon, sheet, keys)
    known = [sheet.half(side).subjects[key].runtime for side, mine in zip(SIDES, keys, strict=True) for key in mine]
    links: dict[int, Link] = {}
    for side, mine in zip(SIDES, found, strict=True):
        for row in mine:
            lined.stored[side, row.record.id] = row
            if (link := sheet.links.get((side, row.record.id))) is not None:
                links[id(link)] = link
    a, b = (tuple(_held(row, s, sheet) for row in mine) for s, mine in zip(SIDES, found, strict=True))
    runtime = next((one for one in known if one), None)
    media = cast(Media, subject.scope)
    group = PlayGroup(canon, subject.label(), media, runtime, a, b, tuple(links.values()))
    lined.plays.append(_with_state(group, sheet, keys))


def _held(row: MirroredPlay, side: Side, sheet: PartSheet) -> HeldPlay:
    id_, view = row.record.id, sheet.view
    beside = view is not None and side != view.side
    return HeldPlay(
        row.record,
        ours=row.ours,
        missed=row.missed,
        was=sheet.written.moves[side].get(id_),
        is_home=beside and id_ in sheet.known.home,
        is_bulk=beside and view is not None and id_ in view.bulk,
        entered_at=sheet.known.entered.get(id_) if beside else None,
    )


def _with_state(group: PlayGroup, sheet: PartSheet, keys: tuple[list[str], list[str]]) -> PlayGroup:
    """With what the library says of it: where it goes by several keys there, the one that counts it as watched."""
    view = sheet.view
    if view is None:
        return group
    half, mine = sheet.half(view.side), keys[SIDES.index(view.side)]
    states = [state for key in mine if (state := view.state(half, key)) is not None]
    state = max(states, key=lambda one: one.count, default=None)
    return replace(group, a_state=state) if view.side == "a" else replace(group, b_state=state)


def _is_quiet(found: list[list[MirroredPlay]], links: Mapping[tuple[Side, str], Link]) -> bool:
    """Whether nothing of an item is other than when it was last compared."""
    for side, mine in zip(SIDES, found, strict=True):
        if not all(_is_as_agreed(row, links.get((side, row.record.id)), side) for row in mine):
            return False
    return not any(_may_need_a_flag(mine) for mine in found)


def _is_as_agreed(row: MirroredPlay, link: Link | None, side: Side) -> bool:
    if link is None:
        return row.missed >= GONE
    if link.state in (LinkState.REMOVED, LinkState.REMOVING):
        return link.state is LinkState.REMOVED
    at = link.a_at if side == "a" else link.b_at
    return row.missed == 0 and (link.state is not LinkState.AGREED or at == row.record.at)


def _may_need_a_flag(mine: Iterable[MirroredPlay]) -> bool:
    """Several viewings, a later one of which we wrote, and it does not say that it is a rewatch."""
    dated = [row for row in mine if row.record.at and row.record.kept is not DatePrecision.NONE]
    first = min((row.record.at for row in dated if row.record.at), default=None)
    return any(row.ours and row.record.rewatch is False and row.record.at != first for row in dated)


def _to_ask(group: PlayGroup, side: Side, sheet: PartSheet, lined: Lined, held_by: str) -> Iterator[claims.HeldRecord]:
    rows = group.a if side == "a" else group.b
    there = lined.subjects.get((other(side), group.key))
    late, gap = reported(group, side, sheet.view)
    for row in rows:
        if (side, row.record.id) not in sheet.links:
            one, play = row.record, lined.stored[side, row.record.id].play
            subject, at = sheet.half(side).subjects[one.key], one.at or one.made_at
            undated = held_by if one.kept is DatePrecision.NONE else ""
            yield claims.HeldRecord(one.id, subject, there.key if there else None, at and at + late, gap, play, undated)


def _with_settled(group: PlayGroup, settled: set[tuple[Side, str]]) -> PlayGroup:
    a, b = (
        tuple(replace(row, settled=(side, row.record.id) in settled) for row in rows)
        for side, rows in zip(SIDES, (group.a, group.b), strict=True)
    )
    return replace(group, a=a, b=b)
