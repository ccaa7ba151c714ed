"""Two mirrors and a ledger, lined up item by item for ``core.compare``.

The database is asked for a little at a time, and what takes the processor longer runs beside the loop, so that no
webhook waits for it.
"""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from msgspec.structs import replace

from scrobbled.core.corrections import Correction, corrected
from scrobbled.core.items import Episode, Media
from scrobbled.core.ledger import Link, LinkState, PlayGroup, RatingGroup, Row
from scrobbled.core.lineup import window
from scrobbled.core.matching import is_generic, plain
from scrobbled.core.plan import SIDES, Side, other
from scrobbled.core.records import Kept, PlayRecord, RatingRecord, Subject
from scrobbled.reconcile.loading import Half, Loader, Since
from scrobbled.reconcile.sides import Sides, pieces
from scrobbled.store import amendments, claims, ledger, subjects
from scrobbled.store.codec import instant
from scrobbled.store.database import Store
from scrobbled.store.records import GONE, Rated, Stored


@dataclass
class Lined:
    """Everything that has to be compared, and what whoever carries the plan out has to know of it."""

    plays: list[PlayGroup] = field(default_factory=list)
    ratings: list[RatingGroup] = field(default_factory=list)
    subjects: dict[tuple[Side, str], Subject] = field(default_factory=dict)
    """By side and canonical key."""
    stored: dict[tuple[Side, str], Stored] = field(default_factory=dict)
    """By side and record id, those that are part of ``plays``."""
    to_place: list[Subject] = field(default_factory=list)
    """Of side a: where side b keeps them is not known, and matters. To be placed, and then lined up again."""


@dataclass
class _Sheet:
    """One comparison while it is being laid out."""

    a: Half
    b: Half
    links: dict[tuple[Side, str], Link]
    base: Mapping[str, int]
    moves: Mapping[Side, Mapping[str, str]]
    """Of plays that we moved, the ids they had before."""
    removed: Mapping[Side, Set[str]]
    """Ids of the plays that we removed."""

    def half(self, side: Side) -> Half:
        return self.a if side == "a" else self.b


class Liner:
    """Lines up one pair. ``known`` are the corrections in force: places found under others do not count."""

    def __init__(self, store: Store, sides: Sides, known: Sequence[Correction]) -> None:
        self._store, self._sides, self._known = store, sides, known
        self.mark = hashlib.sha256(repr(known).encode()).hexdigest()[:16]
        """Stands for these corrections with the places that are found under them."""

    async def line_up(self, since: Since | None, *, places: bool) -> Lined:
        """What moved ``since``, or everything.

        Without ``places`` side b cannot be asked where it keeps something.
        """
        halves = await Loader(self._store, self._sides).load(since)
        placed = await self._placements(halves[0])
        links = await self._links(halves)
        base = await self._store.read(lambda db: ledger.ratings(db, self._sides.viewer, self._sides.pair))
        moves, removed = await self._store.read(self._written)
        sheet = _Sheet(*halves, links, base, moves, removed)
        lined = await asyncio.to_thread(_laid_out, sheet, placed, self._is_corrected if places else None)
        await self._mark_settled(lined, sheet)
        return lined

    def _is_corrected(self, subject: Subject) -> bool:
        """Whether a person says that it is something else."""
        return bool(self._known) and corrected(subject.item, self._sides.viewer, self._known).item is not subject.item

    async def _placements(self, a: Half) -> dict[str, str | None]:
        whose = (self._sides.viewer, self._sides.a, self._sides.b)
        found = await self._store.read(lambda db: subjects.placements(db, whose, self.mark))
        return {key: to for key, to in found.items() if key in a.subjects}

    def _written(self, db: sqlite3.Connection) -> tuple[dict[Side, dict[str, str]], dict[Side, set[str]]]:
        accounts = {side: self._sides.account(side) for side in SIDES}
        moves = {side: amendments.renamed(db, *account) for side, account in accounts.items()}
        return moves, {side: amendments.removed(db, *account) for side, account in accounts.items()}

    async def _links(self, halves: tuple[Half, Half]) -> dict[tuple[Side, str], Link]:
        viewer, pair = self._sides.viewer, self._sides.pair
        if not await self._store.read(lambda db: ledger.any_links(db, viewer, pair)):
            return {}
        found: list[Link] = []
        for half in halves:
            for piece in pieces([row.record.id for rows in half.rows.values() for row in rows], 200):
                found += await self._store.read(
                    lambda db, piece=piece, side=half.side: ledger.links_of(db, viewer, pair, side, piece)  # type: ignore[misc]
                )
        return {("a", link.a): link for link in found if link.a is not None} | {
            ("b", link.b): link for link in found if link.b is not None
        }

    async def _mark_settled(self, lined: Lined, sheet: _Sheet) -> None:
        """Of each record that is not linked: whether our outbox has a change for it already."""
        settled: set[tuple[Side, str]] = set()
        for side in SIDES:
            target = self._sides.account(other(side))
            if not await self._store.read(lambda db, t=target: claims.any_for(db, *t)):  # type: ignore[misc]
                continue
            asked = [one for group in lined.plays for one in _to_ask(group, side, sheet, lined)]
            for piece in pieces(asked, 50):
                found = await self._store.read(
                    lambda db, piece=piece, target=target: [claims.is_settled(db, target, one) for one in piece]  # type: ignore[misc]
                )
                settled |= {(side, one.record) for one, yes in zip(piece, found, strict=True) if yes}
        if settled:
            lined.plays = [_with_settled(group, settled) for group in lined.plays]


def _laid_out(sheet: _Sheet, placed: Mapping[str, str | None], is_corrected: Callable[[Subject], bool] | None) -> Lined:
    """Without ``is_corrected`` nothing can be placed any more."""
    _name(sheet.a, sheet.b, placed)
    lined = Lined()
    if is_corrected is not None:
        lined.to_place = list(_unplaced(sheet.a, sheet.b, placed, is_corrected))
    ours, theirs = sheet.a.by_canon(), sheet.b.by_canon()
    for canon in dict.fromkeys((*ours, *theirs)):
        keys = ours.get(canon, []), theirs.get(canon, [])
        _gather(lined, canon, sheet, keys)
        _gather_rating(lined, canon, sheet, keys)
    return lined


def _name(a: Half, b: Half, placed: Mapping[str, str | None]) -> None:
    b.canon = {key: b.names[key] or f"b:{key}" for key in b.subjects}
    for key in a.subjects:
        to = placed.get(key)
        a.canon[key] = (b.canon.get(to) or f"b:{to}") if to is not None else a.names[key] or f"a:{key}"


def _unplaced(
    a: Half, b: Half, placed: Mapping[str, str | None], is_corrected: Callable[[Subject], bool]
) -> Iterator[Subject]:
    """Those whose name says nothing, or not what the other side means by it, or stands alone beside others of it."""
    named = {canon: b.subjects[keys[0]] for canon, keys in b.by_canon().items()}
    shows = {s.item.show_ids.tmdb for s in b.subjects.values() if isinstance(s.item, Episode)} - {None}
    for key, subject in a.subjects.items():
        if key in placed or not (a.rows.get(key) or key in a.rated):
            continue
        strange = a.names[key] is None or _contradicted(subject, named.get(a.canon[key]), shows)
        if strange or is_corrected(subject):
            yield subject


def _contradicted(subject: Subject, there: Subject | None, shows: set[int | None]) -> bool:
    item = subject.item
    if not isinstance(item, Episode) or subject.scope != "episode":
        return False
    if there is None:
        return item.show_ids.tmdb in shows
    title = there.item.title if isinstance(there.item, Episode) else None
    telling = not is_generic(item.title) and not is_generic(title)
    return telling and plain(item.title) != plain(title)


def _gather(lined: Lined, canon: str, sheet: _Sheet, keys: tuple[list[str], list[str]]) -> None:
    found = [
        [row for key in mine for row in sheet.half(s).rows.get(key, ())] for s, mine in zip(SIDES, keys, strict=True)
    ]
    if not any(found) or _is_quiet(found, sheet.links):
        return
    subject = _remember(lined, canon, sheet, keys)
    known = [sheet.half(side).subjects[key].runtime for side, mine in zip(SIDES, keys, strict=True) for key in mine]
    links: dict[int, Link] = {}
    for side, mine in zip(SIDES, found, strict=True):
        for row in mine:
            lined.stored[side, row.record.id] = row
            if (link := sheet.links.get((side, row.record.id))) is not None:
                links[id(link)] = link
    a, b = (
        [Row(row.record, ours=row.ours, missed=row.missed, was=sheet.moves[s].get(row.record.id)) for row in mine]
        for s, mine in zip(SIDES, found, strict=True)
    )
    runtime = next((one for one in known if one), None)
    media = cast(Media, subject.scope)
    lined.plays.append(PlayGroup(canon, subject.label(), media, runtime, tuple(a), tuple(b), tuple(links.values())))


def _remember(lined: Lined, canon: str, sheet: _Sheet, keys: tuple[list[str], list[str]]) -> Subject:
    """The first subject of that name."""
    for side, mine in zip(SIDES, keys, strict=True):
        for key in mine:
            lined.subjects.setdefault((side, canon), sheet.half(side).subjects[key])
    return next(lined.subjects[side, canon] for side in SIDES if (side, canon) in lined.subjects)


def _is_quiet(found: list[list[Stored]], links: Mapping[tuple[Side, str], Link]) -> bool:
    """Whether nothing of an item is other than when it was last compared."""
    for side, mine in zip(SIDES, found, strict=True):
        if not all(_is_as_agreed(row, links.get((side, row.record.id)), side) for row in mine):
            return False
    return not any(_may_need_a_flag(mine) for mine in found)


def _is_as_agreed(row: Stored, link: Link | None, side: Side) -> bool:
    if link is None:
        return row.missed >= GONE
    if link.state in (LinkState.REMOVED, LinkState.REMOVING):
        return link.state is LinkState.REMOVED
    at = link.a_at if side == "a" else link.b_at
    return row.missed == 0 and (link.state is not LinkState.AGREED or at == row.record.at)


def _may_need_a_flag(mine: Iterable[Stored]) -> bool:
    """Several viewings, a later one of which we wrote, and it does not say that it is a rewatch."""
    dated = [row for row in mine if row.record.at and row.record.kept is not Kept.NONE]
    first = min((row.record.at for row in dated if row.record.at), default=None)
    return any(row.ours and row.record.rewatch is False and row.record.at != first for row in dated)


def _gather_rating(lined: Lined, canon: str, sheet: _Sheet, keys: tuple[list[str], list[str]]) -> None:
    base = sheet.base.get(canon)
    halves = zip((sheet.a, sheet.b), keys, strict=True)
    a, b = (next((half.rated[key] for key in own if key in half.rated), None) for half, own in halves)
    values = _value(a), _value(b)
    told = [None if one is None else one.value for one in values]
    if told == [base, base]:
        return
    subject = _remember(lined, canon, sheet, keys)
    lined.ratings.append(
        RatingGroup(
            canon,
            subject.label(),
            subject.scope,
            *values,
            base,
            a_since=_since(a),
            b_since=_since(b),
            a_gone=_is_cleared(a, values, sheet.removed["a"]),
            b_gone=_is_cleared(b, values, sheet.removed["b"]),
        )
    )


def _since(one: Rated | None) -> datetime | None:
    return None if one is None else instant(one.since)


def _is_cleared(one: Rated | None, values: Sequence[RatingRecord | None], removed: Set[str]) -> bool:
    """Whether a person took it away. What was lost with a play that we removed says nothing against the other side."""
    if one is None or _value(one) is not None:
        return False
    return one.id not in removed or not any(values)


def _value(one: Rated | None) -> RatingRecord | None:
    """One that a single complete read did not list counts as there."""
    if one is None or one.value is None or one.missed >= GONE:
        return None
    return RatingRecord(one.key, one.value, None if one.at is None else instant(one.at), one.id)


def _to_ask(group: PlayGroup, side: Side, sheet: _Sheet, lined: Lined) -> Iterator[claims.Question]:
    rows = group.a if side == "a" else group.b
    there = lined.subjects.get((other(side), group.key))
    gap = window(group.runtime, group.media)
    for row in rows:
        if (side, row.record.id) not in sheet.links:
            found = lined.stored[side, row.record.id]
            subject = sheet.half(side).subjects[row.record.key]
            yield _question(row.record, subject, there, found.play, gap)


def _question(
    record: PlayRecord, subject: Subject, there: Subject | None, play: int | None, gap: timedelta
) -> claims.Question:
    return claims.Question(record.id, subject, there.key if there else None, record.at or record.made_at, gap, play)


def _with_settled(group: PlayGroup, settled: set[tuple[Side, str]]) -> PlayGroup:
    a, b = (
        tuple(replace(row, settled=(side, row.record.id) in settled) for row in rows)
        for side, rows in zip(SIDES, (group.a, group.b), strict=True)
    )
    return replace(group, a=a, b=b)
