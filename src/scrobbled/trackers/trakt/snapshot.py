"""All dates of an account, and where they differ from the plays that are known. Pure."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from msgspec import Struct

from scrobbled.core.errors import ContractDrift
from scrobbled.core.naming.items import Media
from scrobbled.core.records import PlayRecord, Subject
from scrobbled.trackers.trakt.codec import moment, whole

TitleKey = tuple[Media, int]
"""A film or an episode by its Trakt id."""
Minutes = tuple[int, ...]
"""When it was watched, in Unix minutes and in order; 0 for plays without a date."""


@dataclass(slots=True)
class WatchedDates:
    """What ``/sync/watched/…?extended=min`` lists of one kind."""

    media: Media
    found: dict[TitleKey, Minutes] = field(default_factory=dict)

    def take(self, raw: Any, what: str) -> int:
        """How many items of this page were new. Strict: a date overlooked here would count as a play removed."""
        if not isinstance(raw, Mapping) and raw != []:
            raise ContractDrift(f"{what} answered with something that is no object")
        fresh = 0
        for name, dates in raw.items() if isinstance(raw, Mapping) else ():
            number = whole(name)
            if number is None or not isinstance(dates, list):
                raise ContractDrift(f"{what} lists something that is no item with its dates")
            fresh += (self.media, number) not in self.found
            self.found[self.media, number] = tuple(sorted(_minute(date, what) for date in dates))
        return fresh


def _minute(date: object, what: str) -> int:
    at = moment(date)
    if at is None and date is not None:
        raise ContractDrift(f"{what} lists an unreadable date")
    return unix_minute(at)


def unix_minute(at: datetime | None) -> int:
    return int(at.timestamp()) // 60 if at else 0


PlaysByTitle = Mapping[TitleKey, Sequence[PlayRecord]]


def by_title(records: Iterable[PlayRecord], subjects: Mapping[str, Subject]) -> PlaysByTitle | None:
    """The plays of each item; ``None`` where one cannot be told by its Trakt id."""
    titles: dict[str, TitleKey | None] = {}
    held: dict[TitleKey, list[PlayRecord]] = {}
    for record in records:
        if record.key not in titles:
            titles[record.key] = _title(subjects.get(record.key))
        title = titles[record.key]
        if title is None:
            return None
        held.setdefault(title, []).append(record)
    return held


def _title(subject: Subject | None) -> TitleKey | None:
    trakt = subject.item.ids.trakt if subject else None
    return (subject.item.media, trakt) if subject and trakt is not None else None


class Difference(Struct, frozen=True):
    """Where the dates of an account and the plays that are known disagree."""

    titles: tuple[TitleKey, ...] = ()
    digest: str = ""
    """The same for the same difference; empty for none."""


def difference(dates: Mapping[TitleKey, Minutes], held: PlaysByTitle) -> Difference:
    titles = [title for title in dates.keys() | held.keys() if _times(held.get(title, ())) != dates.get(title, ())]
    titles.sort()
    if not titles:
        return Difference()
    told = hashlib.blake2b(digest_size=16)
    for title in titles:
        told.update(f"{title} {_excess(dates.get(title, ()), _times(held.get(title, ())))}\n".encode())
    return Difference(tuple(titles), told.hexdigest())


def _times(records: Sequence[PlayRecord]) -> Minutes:
    return tuple(sorted(unix_minute(record.at) for record in records))


def _excess(there: Minutes, known: Minutes) -> list[tuple[int, int]]:
    """Minutes, and how many plays more (or fewer) the account has in each."""
    counted = Counter(there)
    counted.subtract(known)
    return sorted((minute, more) for minute, more in counted.items() if more)


def overlaid(known: Iterable[PlayRecord], window: Iterable[PlayRecord]) -> list[PlayRecord]:
    """What is known, with what was just read over it."""
    newer = {record.id: record for record in window}
    return [*(record for record in known if record.id not in newer), *newer.values()]
