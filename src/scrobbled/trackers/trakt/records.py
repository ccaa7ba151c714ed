"""Pages of plays, ratings and lists, as records. Pure."""

from __future__ import annotations

import hashlib
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from scrobbled.core.kinds import KINDS, Kind
from scrobbled.core.naming.ids import ShowIds
from scrobbled.core.naming.items import Episode
from scrobbled.core.records import PlayRecord, Subject, ValueRecord
from scrobbled.trackers.trakt.answers import HistoryRow, read_history
from scrobbled.trackers.trakt.entries import TraktEntry, play_record
from scrobbled.trackers.trakt.listed import ListedValue, is_of, read_values


@dataclass(slots=True)
class ToldSubjects:
    """What records are about, each told once however often it occurs, and what could not be told."""

    subjects: dict[str, Subject] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)
    _shows: dict[ShowIds, ShowIds] = field(default_factory=dict)

    def key_of(self, entry: TraktEntry, what: str) -> str | None:
        """``None`` and counted as ``what`` where the entry has no id to go by."""
        key = entry.key()
        if key is None:
            self.skipped[f"{what} without ids"] += 1
        elif key not in self.subjects:
            subject = entry.subject(key)
            self.subjects[key] = self._sharing(subject) if isinstance(subject.item, Episode) else subject
        return None if key is None else sys.intern(key)  # one text for all that is of it

    def _sharing(self, subject: Subject) -> Subject:
        """The same; what is said of a show lies in memory once, however many of its episodes there are."""
        item = subject.item
        assert isinstance(item, Episode)
        show = self._shows.setdefault(item.show_ids, item.show_ids)
        return replace(subject, item=replace(item, show_title=sys.intern(item.show_title), show_ids=show))


@dataclass(slots=True)
class PlayPages:
    """Plays by id: rows may come twice."""

    told: ToldSubjects = field(default_factory=ToldSubjects)
    records: dict[str, PlayRecord] = field(default_factory=dict)
    _without: set[int] = field(default_factory=set)
    """Ids of the rows that are of nobody knows what."""

    def take(self, raw: Any, what: str) -> int:
        return self.add(read_history(raw, what))

    def add(self, rows: Iterable[HistoryRow]) -> int:
        """How many of them were new."""
        before = self._count
        for row in rows:
            if row.id in self._without or (id_ := str(row.id)) in self.records:
                continue
            if (key := self.told.key_of(row.entry, "play")) is not None:
                self.records[id_] = play_record(id_, key, row.watched_at, row.action)
            else:
                self._without.add(row.id)
        return self._count - before

    @property
    def _count(self) -> int:
        return len(self.records) + len(self._without)


@dataclass(slots=True)
class ValuePages:
    """Of one kind one value for each key; of two the one that was given last."""

    kind: Kind
    told: ToldSubjects = field(default_factory=ToldSubjects)
    records: dict[str, ValueRecord] = field(default_factory=dict)
    _left: set[str] = field(default_factory=set)
    """Keys of what no value of the kind is about here."""

    def take(self, raw: Any, what: str) -> int:
        return sum(self._add(row) for row in read_values(self.kind, raw, what))

    def _add(self, row: ListedValue) -> bool:
        """Whether it was new: rows may come twice."""
        if not is_of(self.kind, row.entry):
            return self._leave(row)
        key = self.told.key_of(row.entry, KINDS[self.kind].noun[0])
        if key is None:
            return False
        old = self.records.get(key)
        if old is None or (row.at and old.at and row.at > old.at):
            self.records[key] = ValueRecord(key, row.value, row.at)
        return old is None

    def _leave(self, row: ListedValue) -> bool:
        key = row.entry.key() or ""
        if fresh := key not in self._left:
            self._left.add(key)
            self.told.skipped[f"{row.entry.scope} in the {self.kind}"] += 1
        return fresh

    def join(self, part: ValuePages) -> None:
        """Another part of the kind, which no title is in both of."""
        self.records |= part.records
        self.told.subjects |= part.told.subjects
        self.told.skipped += part.told.skipped

    def digest(self) -> str:
        """The same for the same values, in whatever order."""
        told = hashlib.blake2b(digest_size=16)
        for record in sorted(self.records.values(), key=lambda record: record.key):
            value = sorted(record.value.items()) if isinstance(record.value, Mapping) else record.value
            told.update(f"{record.key} {value} {record.at}\n".encode())
        return told.hexdigest()
