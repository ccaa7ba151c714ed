"""What both sides have of kinds of which a thing has one value, laid side by side."""

from __future__ import annotations

from datetime import datetime

from scrobbled.core.agreeing.ledger import Departure, ValueGroup
from scrobbled.core.agreeing.plan import SIDES, Side
from scrobbled.core.kinds import COLLECTION, Kind, valued
from scrobbled.core.records import IN_PART, ValueRecord
from scrobbled.reconcile.sheets import Lined, PartSheet, remember
from scrobbled.store.file.codec import instant
from scrobbled.store.mirror.records import GONE
from scrobbled.store.mirror.values import MirroredValue


def kinds_of(sheet: PartSheet, keys: tuple[list[str], list[str]]) -> list[Kind]:
    """Of which something is or was told, in the order of the table."""
    halves = zip((sheet.a, sheet.b), keys, strict=True)
    told = {kind for half, own in halves for key in own for kind in half.valued.get(key, ())}
    only = sheet.only(keys)
    return [entry.name for entry in valued() if entry.name in told and (only is None or entry.name in only)]


def gather_value(lined: Lined, kind: Kind, canon: str, sheet: PartSheet, keys: tuple[list[str], list[str]]) -> None:
    base = sheet.written.base.get((kind, canon))
    halves = zip((sheet.a, sheet.b), keys, strict=True)
    a, b = (next((one for key in own if (one := half.valued.get(key, {}).get(kind))), None) for half, own in halves)
    values = _value(a), _value(b)
    told = tuple(None if one is None else one.value for one in values)
    if told == (base or (None, None)) and all(one is None or one.id != IN_PART for one in values):
        return
    subject, sides = remember(lined, canon, sheet, keys), tuple(zip(SIDES, (a, b), keys, strict=True))
    departed = _departed(kind, canon, sheet, keys, values)
    left = sheet.view.side if departed is not None and sheet.view is not None else None
    lined.values.append(
        ValueGroup(
            kind,
            canon,
            subject.label(),
            subject.scope,
            *values,
            base,
            a_since=_since(a),
            b_since=_since(b),
            a_gone=_is_cleared(a, any(values), sheet, "a", keys[0]) or left == "a",
            b_gone=_is_cleared(b, any(values), sheet, "b", keys[1]) or left == "b",
            unsure=frozenset(side for side, one, _ in sides if one is not None and one.missed == 1),
            anew=frozenset(side for side, one, own in sides if _is_anew(one, sheet, side, own)),
            departed=departed,
        )
    )


def _since(one: MirroredValue | None) -> datetime | None:
    return None if one is None else instant(one.since)


def _is_cleared(one: MirroredValue | None, others: bool, sheet: PartSheet, side: Side, own: list[str]) -> bool:
    """Whether a person took it away. What was lost with a play that we removed says nothing against the other side."""
    if one is None or _value(one) is not None:
        return False
    is_beyond = sheet.beyond is not None and one.kind in sheet.beyond.kinds
    if _is_lost(sheet, side, own) and not is_beyond:
        return False
    return one.id not in sheet.written.removed[side] or not others


def _is_anew(one: MirroredValue | None, sheet: PartSheet, side: Side, own: list[str]) -> bool:
    """Whether only copies had it that are gone, and others are there."""
    if one is None or not one.places or _value(one) is not None or _is_lost(sheet, side, own):
        return False
    subjects = sheet.half(side).subjects
    return set(one.places).isdisjoint(place for key in own for place in subjects[key].places)


def _departed(
    kind: Kind,
    canon: str,
    sheet: PartSheet,
    keys: tuple[list[str], list[str]],
    values: tuple[ValueRecord | None, ValueRecord | None],
) -> Departure | None:
    """Of what the library of the pair has not as a file any more, and does not hold."""
    view = sheet.view
    if kind != COLLECTION or view is None or view.departures is None:
        return None
    here, there = (0, 1) if view.side == "a" else (1, 0)
    if values[here] is not None or not keys[here]:
        return None
    theirs, half = values[there], sheet.half(view.side)
    held = [half.valued.get(key, {}) for key in keys[here]]
    return view.departures.of(canon, held, None if theirs is None else theirs.at)


def _is_lost(sheet: PartSheet, side: Side, own: list[str]) -> bool:
    """Whether it is a library that does not hold the thing for certain."""
    view, half = sheet.view, sheet.half(side)
    return view is not None and view.side == side and not any(view.holds(half, key) for key in own)


def _value(one: MirroredValue | None) -> ValueRecord | None:
    """One that a single complete read did not list counts as there."""
    if one is None or one.value is None or one.missed >= GONE:
        return None
    return ValueRecord(one.key, one.value, None if one.at is None else instant(one.at), one.id)
