"""A person at an account of a memory tracker, who changes by hand what it holds."""

from datetime import datetime

from msgspec.structs import replace

from scrobbled.core.kinds import RATINGS, Kind, KindValue
from scrobbled.core.naming.items import Item
from scrobbled.core.records import DatePrecision, Subject, ValueRecord
from trackers.memory.records import Kept, key_of_subject, subject_of, to_second
from trackers.memory.tracker import MemoryTracker


class Person:
    """Does nothing by itself, and knows of no other tracker."""

    def __init__(self, tracker: MemoryTracker) -> None:
        self._tracker = tracker

    def add(
        self,
        item: Item,
        watched_at: datetime | None,
        worth: DatePrecision = DatePrecision.EXACT,
        *,
        made_at: datetime | None = None,
        rewatch: bool = False,
        text: str = "",
    ) -> str:
        """Returns the handle of the new play. Without a time it is one of which nobody knows when it was."""
        subject = subject_of(item)
        self._tracker.subjects[subject.key] = subject
        when = to_second(watched_at) if watched_at else None
        kept = Kept(
            self._tracker.new_id(),
            subject.key,
            when,
            rewatch,
            worth if when else DatePrecision.NONE,
            made_at=made_at,
            text=text,
        )
        self._tracker.plays.append(kept)
        return kept.remote_id

    def edit(self, remote_id: str, *, watched_at: datetime | None = None, text: str | None = None) -> None:
        """Gives a play another time, or writes something about it; what is ``None`` stays."""
        plays = self._tracker.plays
        place = next(n for n, kept in enumerate(plays) if kept.remote_id == remote_id)
        if watched_at is not None:
            plays[place] = replace(plays[place], watched_at=to_second(watched_at))
        if text is not None:
            plays[place] = replace(plays[place], text=text)

    def remove(self, remote_id: str) -> None:
        self._tracker.plays = [kept for kept in self._tracker.plays if kept.remote_id != remote_id]

    def rate(self, subject: Subject, value: int | None, at: datetime | None = None) -> None:
        """``None`` clears the rating."""
        self.give(RATINGS, subject, value, at)

    def give(self, kind: Kind, subject: Subject, value: KindValue | None, at: datetime | None = None) -> None:
        """``None`` takes it away."""
        key, held = key_of_subject(subject), self._tracker.values[kind]
        self._tracker.subjects[key] = replace(subject, key=key)
        held.pop(key, None)
        if value is not None:
            held[key] = ValueRecord(key, value, at)
