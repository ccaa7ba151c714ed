"""Pages of plays and of ratings, as records. Pure."""

from __future__ import annotations

import hashlib
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from scrobbled.core.records import PlayRecord, Subject, ValueRecord
from scrobbled.trackers.trakt.answers import HistoryRow, read_history, read_ratings
from scrobbled.trackers.trakt.entries import TraktEntry, play_record


@dataclass(slots=True)
class ToldSubjects:
    """What records are about, each told once however often it occurs, and what could not be told."""

    subjects: dict[str, Subject] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)

    def key_of(self, entry: TraktEntry, what: str) -> str | None:
        """``None`` and counted as ``what`` where the entry has no id to go by."""
        key = entry.key()
        if key is None:
            self.skipped[f"{what} without ids"] += 1
        elif key not in self.subjects:
            self.subjects[key] = entry.subject(key)
        return None if key is None else sys.intern(key)  # one text for all that is of it


@dataclass(slots=True)
class PlayPages:
    """Plays by id: rows may come twice."""

    told: ToldSubjects = field(default_factory=ToldSubjects)
    records: dict[str, PlayRecord] = field(default_factory=dict)
    _seen: set[int] = field(default_factory=set)

    def take(self, raw: Any, what: str) -> int:
        return self.add(read_history(raw, what))

    def add(self, rows: Iterable[HistoryRow]) -> int:
        """How many of them were new."""
        before = len(self._seen)
        for row in rows:
            if row.id in self._seen:
                continue
            self._seen.add(row.id)
            if (key := self.told.key_of(row.entry, "play")) is not None:
                record = play_record(row.id, key, row.watched_at, row.action)
                self.records[record.id] = record
        return len(self._seen) - before


@dataclass(slots=True)
class RatingPages:
    """One rating for each key; of two the one that was given last."""

    told: ToldSubjects = field(default_factory=ToldSubjects)
    records: dict[str, ValueRecord] = field(default_factory=dict)

    def take(self, raw: Any, what: str) -> int:
        fresh = 0
        for rated in read_ratings(raw, what):
            key = self.told.key_of(rated.entry, "rating")
            if key is None:
                continue
            old = self.records.get(key)
            fresh += old is None
            if old is None or (rated.rated_at and old.at and rated.rated_at > old.at):
                self.records[key] = ValueRecord(key, rated.value, rated.rated_at)
        return fresh

    def digest(self) -> str:
        """The same for the same ratings, in whatever order."""
        told = hashlib.blake2b(digest_size=16)
        for record in sorted(self.records.values(), key=lambda record: record.key):
            told.update(f"{record.key} {record.value} {record.at}\n".encode())
        return told.hexdigest()
