"""How far a listing is believed, and what it changes of what is stored. Pure: values in, values out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

from msgspec import Struct

from scrobbled.core.kinds import Kind, KindShape, entry_of, valued
from scrobbled.core.records import IN_PART, PlayRecord, Plays, Reading, ReadValues, ValueRecord
from scrobbled.store.mirror import records
from scrobbled.store.mirror.records import MirroredPlay, ReadState
from scrobbled.store.mirror.values import MirroredValue

BELIEVED = 10.0
"""Percent of the records that a complete listing may always lack at once and still be believed."""
LEAVES = 50.0
"""The same of a list that things leave as they are watched: people clear such a list, and one may well be empty."""
FEW = 10
SETS = frozenset(entry.name for entry in valued() if entry.shape is KindShape.SET)


class ValueNews(Struct, frozen=True):
    """What was read of a kind that is no play changes of what is stored; of the last two, keys."""

    put: Sequence[ValueRecord]
    clear: Sequence[str]
    missing: Sequence[str]


@dataclass(slots=True)
class Absence:
    """How much of the plays that are stored a listing lacks: it ``sees`` them, some at a time.

    What we have ``taken`` away ourselves is missing with good reason, and so is a play without a date where one with a
    date has come in its place: neither counts as ``held``.
    """

    listed: Collection[str] = frozenset()
    """Ids."""
    dated: Collection[str] = frozenset()
    """Keys of which it lists plays with a date."""
    taken: Collection[str] = frozenset()
    stored: bool = False
    """Whether any ever were."""
    there: int = 0
    held: int = 0
    lost: int = 0
    lacking: list[MirroredPlay] = field(default_factory=list)

    def see(self, stored: Iterable[MirroredPlay]) -> None:
        for one in stored:
            if not one.there:
                continue
            id_, lacks = one.record.id, one.record.id not in self.listed
            self.there += 1
            if lacks:
                self.lacking.append(one)
            if id_ not in self.taken and (one.record.at is not None or one.record.key not in self.dated):
                self.held += 1
                self.lost += lacks


def is_strange(before: ReadState, reading: Reading, absence: Absence) -> bool:
    """Whether it is not the account it was. Under another name it is, where it lists most of what it held."""
    if not before.owner or not reading.owner or before.owner == reading.owner:
        return False
    return (absence.there - len(absence.lacking)) * 2 <= absence.there


def doubt(
    reading: Reading,
    absence: Absence,
    valued: Mapping[Kind, Mapping[str, MirroredValue]],
    may_lack: float,
    taken: Collection[str] = frozenset(),
    watched: Collection[str] = frozenset(),
) -> str:
    """Why a listing cannot be complete, whatever it says; empty where nothing speaks against it.

    What we have ``taken`` away ourselves is missing from it with good reason, with the rating that stood on it, and so
    are the keys of what was ``watched`` from what holds things until then. ``valued`` is what is stored of other kinds.
    """
    plays = reading.plays if reading.plays and reading.plays.complete else None
    if plays and (why := _shrunk(absence.held, absence.lost, len(plays.records), "plays", may_lack)):
        return why
    for kind, told in reading.values.items():
        if told.complete:
            leaves, held = entry_of(kind).until_watched, there(valued[kind].values())
            keys = [one.key for one in held if one.key not in taken and one.id not in taken]
            listed = {record.key for record in told.records}
            lost = sum(key not in listed and not (leaves and key in watched) for key in keys)
            noun = entry_of(kind).noun[1]
            if leaves:
                why = _lacking(len(keys), lost, noun, max(may_lack, LEAVES)) if len(keys) >= FEW else ""
            else:
                why = _shrunk(len(keys), lost, len(listed), noun, may_lack)
            if why:
                return why
    return ""


def there(stored: Iterable[MirroredValue]) -> list[MirroredValue]:
    """Those that were there when they were last looked for."""
    return [one for one in stored if one.value is not None and one.missed < records.GONE]


def _shrunk(held: int, lost: int, listed: int, what: str, may_lack: float) -> str:
    if held and not listed:
        return f"it lists no {what} at all, and there were {held:,}"
    return _lacking(held, lost, what, may_lack) if held >= FEW else ""


def _lacking(held: int, lost: int, what: str, may_lack: float) -> str:
    if lost * 100 <= held * may_lack:
        return ""
    return (
        f"it lacks {lost:,} of {held:,} {what} (if you removed them yourself, set safety.max_removals_percent "
        f"to {ceil(lost * 100 / held)} for the next two complete readings)"
    )


@dataclass(frozen=True, slots=True)
class Belief:
    """How far a complete listing is believed. ``again``: so was the one before, so that it can be the second one.

    That a play is missing which we have ``removed`` ourselves is believed in any case.
    """

    whole: bool
    again: bool
    removed: Collection[str]


def missing(complete: Plays, absence: Absence, belief: Belief) -> list[MirroredPlay]:
    """What is not believed makes unsure what it lacks, and no more: what is new beside that may be the same, moved."""
    some = bool(complete.records)
    return [
        one
        for one in absence.lacking
        if one.record.id in belief.removed or belief.again or (not one.missed and (some or belief.whole))
    ]


@dataclass(slots=True)
class PlayNews:
    """What some of the plays that were listed change of what is stored."""

    new: list[PlayRecord] = field(default_factory=list)
    changed: list[PlayRecord] = field(default_factory=list)
    """Or there again."""
    back: int = 0
    """So many had been gone."""


def news_of(listed: Iterable[PlayRecord], known: Mapping[str, MirroredPlay]) -> PlayNews:
    news = PlayNews()
    for record in {record.id: record for record in listed}.values():
        before = known.get(record.id)
        if before is None:
            news.new.append(record)
        elif before.missed or before.record != record:
            news.changed.append(record)
            news.back += not before.there
    return news


def news_of_values(told: ReadValues, stored: Mapping[str, MirroredValue], belief: Belief) -> ValueNews:
    put = [one for one in told.records if not _is_known(one, stored.get(one.key))]
    clear = [key for key in told.cleared if key in stored and stored[key].value is not None]
    seen = {record.key for record in told.records} | told.cleared
    missing = [key for key, one in stored.items() if key not in seen and one.missed < records.GONE]
    return ValueNews(put, clear, missing if told.complete and belief.whole else ())


def explained(news: ValueNews, stored: Mapping[str, MirroredValue], cleared: Mapping[str, float]) -> ValueNews:
    """What we have ``cleared`` ourselves is not missing but gone. By key when that was, in Unix seconds."""
    ours = {key for key in news.missing if stored[key].since <= cleared.get(key, 0.0)}
    return ValueNews(news.put, [*news.clear, *sorted(ours)], [key for key in news.missing if key not in ours])


def _is_known(told: ValueRecord, before: MirroredValue | None) -> bool:
    if before is None or before.value != told.value or before.missed or before.places != told.places:
        return False
    if before.kind in SETS and before.at != (None if told.at is None else told.at.timestamp()):
        return False  # somebody entered it anew
    return (before.id == IN_PART) is (told.id == IN_PART)
