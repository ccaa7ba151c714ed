"""What a memory tracker holds, how it is read, and how it is changed where it is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from msgspec import Struct, field
from msgspec.structs import replace

from scrobbled.core.errors import Refused
from scrobbled.core.kinds import Kind
from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.records import DatePrecision, PlayRecord, Subject, ValueRecord
from scrobbled.trackers.base import AddResult, Edit, Flag, Receipt, Remove, Retime, SetValue, Tick, Untick


class Kept(Struct, frozen=True):
    """A play as the tracker holds it; ``watched_at`` is aware UTC, to the second."""

    remote_id: str
    key: str
    watched_at: datetime | None
    rewatch: bool
    worth: DatePrecision = DatePrecision.EXACT
    """How much the time is worth."""
    made_at: datetime | None = None
    text: str = ""
    """What a person wrote about it."""

    def record(self) -> PlayRecord:
        return PlayRecord(
            id=self.remote_id,
            key=self.key,
            at=self.watched_at,
            kept=self.worth,
            made_at=self.made_at,
            stamp=hashlib.sha256(repr((self.watched_at, self.rewatch, self.text)).encode()).hexdigest()[:12],
            personal=bool(self.text),
            rewatch=self.rewatch,
        )


class Shelf(Struct, frozen=True):
    """Everything at one moment. ``amended`` returns another one."""

    plays: tuple[Kept, ...] = ()
    values: Mapping[Kind, Mapping[str, ValueRecord]] = field(default_factory=dict)

    def size(self) -> int:
        return len(self.plays) + sum(map(len, self.values.values()))

    def mark(self) -> str:
        """Differs as soon as anything is different."""
        return hashlib.sha256(repr((self.plays, sorted(map(repr, self.values.items())))).encode()).hexdigest()

    def amended(self, edit: Edit) -> tuple[Shelf, AddResult]:
        """What is as wanted already stays as it is, and is confirmed."""
        if isinstance(edit, SetValue):
            return self._given(edit), Receipt()
        if isinstance(edit, Tick | Untick):
            return self, Refused("nothing is held here without a play")
        found = self._found(edit)
        if isinstance(edit, Remove):
            return self._without(edit, found)
        if found is None:
            return self, Refused("the play is not there any more")
        return self._with(_changed(found, edit)), Receipt(found.remote_id)

    def _given(self, edit: SetValue) -> Shelf:
        key, held = edit.address.key, self.values.get(edit.kind, {})
        values = {name: record for name, record in held.items() if name != key}
        if edit.value is not None:
            before = held.get(key)
            same = before is not None and before.value == edit.value
            values[key] = before if before and same else ValueRecord(key, edit.value, edit.at)
        return replace(self, values={**self.values, edit.kind: values})

    def _found(self, edit: Remove | Retime | Flag) -> Kept | None:
        if edit.remote_id:
            return next((kept for kept in self.plays if kept.remote_id == edit.remote_id), None)
        there = (kept for kept in self.plays if kept.key == edit.address.key)
        return next((kept for kept in there if kept.watched_at == getattr(edit, "watched_at", None)), None)

    def _without(self, edit: Remove, found: Kept | None) -> tuple[Shelf, AddResult]:
        if found is not None and edit.stamp and found.record().stamp != edit.stamp:
            return self, Refused("the play was changed meanwhile")
        return replace(self, plays=tuple(kept for kept in self.plays if kept is not found)), Receipt(edit.remote_id)

    def _with(self, changed: Kept) -> Shelf:
        same = changed.remote_id
        return replace(self, plays=tuple(changed if kept.remote_id == same else kept for kept in self.plays))


def _changed(found: Kept, edit: Retime | Flag) -> Kept:
    if isinstance(edit, Flag):
        return replace(found, rewatch=edit.rewatch)
    return replace(found, watched_at=to_second(edit.watched_at), worth=DatePrecision.EXACT)


def to_second(when: datetime) -> datetime:
    return when.astimezone(UTC).replace(microsecond=0)


def subject_of(item: Item) -> Subject:
    """A movie or an episode as what records are about."""
    return Subject(key_of(item), item.media, item)


def key_of(item: Item) -> str:
    """The same for the same item: by the best id, else by title; ids of different spaces never meet in one key."""
    if isinstance(item, Movie):
        known = [f"{name}:{value}" for name, value in item.ids.known().items()]
        return "movie:" + (known[0] if known else f"{item.title}:{item.year}")
    place = f"{item.season}:{item.number}" if item.number is not None else f"aired:{item.air_date}"
    return f"episode:{_show_of(item)}:{place}"


def key_of_subject(subject: Subject) -> str:
    """As ``key_of``, also for shows and seasons."""
    item = subject.item
    if isinstance(item, Movie) or subject.scope in ("movie", "episode"):
        return key_of(item)
    return f"show:{_show_of(item)}" if subject.scope == "show" else f"season:{_show_of(item)}:{item.season}"


def _show_of(item: Episode) -> str:
    known = [f"{name}:{value}" for name, value in item.show_ids.known().items()]
    return known[0] if known else f"{item.show_title}:{item.show_year}"


def told(subjects: Mapping[str, Subject], keys: Iterable[str]) -> dict[str, Subject]:
    return {key: subjects[key] for key in keys if key in subjects}
