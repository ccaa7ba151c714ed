"""How far a listing is believed, and what it changes of what is stored. Pure: values in, values out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

from msgspec import Struct

from scrobbled.core.kinds import KINDS, Kind
from scrobbled.core.records import PlayRecord, Reading, ReadValues, Subject, ValueRecord
from scrobbled.store.mirror import records
from scrobbled.store.mirror.records import MirroredPlay, ReadState
from scrobbled.store.mirror.values import MirroredValue

BELIEVED = 10.0
"""Percent of the records that a complete listing may always lack at once and still be believed."""
FEW = 10


class ValueNews(Struct, frozen=True):
    """The same of a kind that is no record."""

    put: Sequence[ValueRecord]
    clear: Sequence[str]
    missing: Sequence[str]


@dataclass(slots=True)
class MirrorNews:
    """What is to be written of a reading."""

    put: list[PlayRecord] = field(default_factory=list)
    new: list[PlayRecord] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    subjects: list[Subject] = field(default_factory=list)
    values: dict[Kind, ValueNews] = field(default_factory=dict)


def is_strange(before: ReadState, reading: Reading, known: Mapping[str, MirroredPlay]) -> bool:
    """Whether it is not the account it was. Under another name it is, where it lists most of what it held."""
    if not before.owner or not reading.owner or before.owner == reading.owner:
        return False
    listed = {record.id for record in reading.plays.records} if reading.plays else set()
    held = [id_ for id_, found in known.items() if found.there]
    return sum(id_ in listed for id_ in held) * 2 <= len(held)


def doubt(
    reading: Reading,
    known: Mapping[str, MirroredPlay],
    valued: Mapping[Kind, Mapping[str, MirroredValue]],
    may_lack: float,
    taken: Collection[str] = frozenset(),
) -> str:
    """Why a listing cannot be complete, whatever it says; empty where nothing speaks against it.

    What we have ``taken`` away ourselves is missing from it with good reason, with the rating that stood on it, and so
    is a play without a date where one with a date has come in its place. ``valued`` is what is stored of other kinds.
    """
    if reading.plays and reading.plays.complete:
        dated = {record.key for record in reading.plays.records if record.at is not None}
        there = (one.record for id_, one in known.items() if one.there and id_ not in taken)
        held = [record.id for record in there if record.at is not None or record.key not in dated]
        if why := _shrunk(held, {record.id for record in reading.plays.records}, "plays", may_lack):
            return why
    for kind, told in reading.values.items():
        if told.complete:
            given = (one for one in valued[kind].values() if one.value is not None and one.missed < records.GONE)
            keys = [one.key for one in given if one.key not in taken and one.id not in taken]
            if why := _shrunk(keys, {record.key for record in told.records}, KINDS[kind].noun[1], may_lack):
                return why
    return ""


def _shrunk(held: Collection[str], listed: Collection[str], what: str, may_lack: float) -> str:
    lost = sum(id_ not in listed for id_ in held)
    if len(held) and not listed:
        return f"it lists no {what} at all, and there were {len(held):,}"
    if len(held) >= FEW and lost * 100 > len(held) * may_lack:
        return (
            f"it lacks {lost:,} of {len(held):,} {what} (if you removed them yourself, set safety.max_removals_percent "
            f"to {ceil(lost * 100 / len(held))} for the next two complete readings)"
        )
    return ""


@dataclass(frozen=True, slots=True)
class Belief:
    """How far a complete listing is believed. ``again``: so was the one before, so that it can be the second one.

    That a play is missing which we have ``removed`` ourselves is believed in any case.
    """

    whole: bool
    again: bool
    removed: Collection[str]


def compared(
    reading: Reading,
    known: Mapping[str, MirroredPlay],
    valued: Mapping[Kind, Mapping[str, MirroredValue]],
    belief: Belief,
) -> MirrorNews:
    """``known`` and ``valued`` are what is stored of the account."""
    news = MirrorNews()
    if reading.plays:
        _compare_plays(reading.plays.records, known, news)
        if reading.plays.complete:
            news.missing = list(_missing(reading.plays.records, known, belief))
    news.values = {kind: _compare_values(told, valued[kind], belief) for kind, told in reading.values.items()}
    return news


def _missing(complete: Sequence[PlayRecord], known: Mapping[str, MirroredPlay], belief: Belief) -> Iterator[str]:
    """What is not believed makes unsure what it lacks, and no more: what is new beside that may be the same, moved."""
    listed = {record.id for record in complete}
    for id_, found in known.items():
        if not found.there or id_ in listed:
            continue
        if id_ in belief.removed or belief.again or (not found.missed and (complete or belief.whole)):
            yield id_


def _compare_plays(listed: Sequence[PlayRecord], known: Mapping[str, MirroredPlay], news: MirrorNews) -> None:
    for record in {record.id: record for record in listed}.values():
        before = known.get(record.id)
        if before is None:
            news.new.append(record)
        elif before.missed == 0 and before.record == record:
            continue
        news.put.append(record)


def _compare_values(told: ReadValues, stored: Mapping[str, MirroredValue], belief: Belief) -> ValueNews:
    put = [one for one in told.records if not _is_known(one, stored.get(one.key))]
    clear = [key for key in told.cleared if key in stored and stored[key].value is not None]
    seen = {record.key for record in told.records} | told.cleared
    missing = [key for key, one in stored.items() if key not in seen and one.missed < records.GONE]
    return ValueNews(put, clear, missing if told.complete and belief.whole else ())


def _is_known(told: ValueRecord, before: MirroredValue | None) -> bool:
    return before is not None and before.value == told.value and not before.missed


def more(news: MirrorNews, known: Mapping[str, MirroredPlay]) -> int:
    """By how many the plays grew that are there; one is gone when a second listing in a row lacks it."""
    back = sum(not known[record.id].there for record in news.put if record.id in known)
    gone = sum(known[id_].missed == records.GONE - 1 for id_ in news.missing)
    return len(news.new) + back - gone
