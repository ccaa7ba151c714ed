"""What AniList keeps of one person: entries, and the activities that come of changing them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from scrobbled.sandbox.anime import AnimeTitle

WATCHED, REWATCHED, COMPLETED = "watched episode", "rewatched episode", "completed"
SPOKEN = {"PLANNING": "plans to watch", "DROPPED": "dropped", "PAUSED": "paused watching"}
STATUSES = ("CURRENT", "PLANNING", "COMPLETED", "DROPPED", "PAUSED", "REPEATING")
ALWAYS_MERGED = 20_160
"""Minutes of ``activityMergeTime`` above which activities are merged however old they are; 0 is never."""
RANGE = re.compile(r"(\d+)(?: - (\d+))?")


@dataclass
class AnimeEntry:
    """An entry as it is stored. Times are Unix seconds, ``score`` is of 100."""

    id: int
    media: AnimeTitle
    status: str
    created_at: int
    updated_at: int
    progress: int = 0
    repeat: int = 0
    score: int = 0
    private: bool = False
    hidden: bool = False
    custom: frozenset[str] = frozenset()
    started: date | None = None
    completed: date | None = None


@dataclass
class AnimeActivity:
    """``progress`` is ``None`` where the words say it all."""

    id: int
    media: AnimeTitle
    status: str
    progress: str | None
    at: int


@dataclass
class AniListUser:
    """One person. ``visibility`` is public, unlisted or private; ``merge`` are minutes, ``disabled`` list statuses of
    which no activity is written, ``zone`` is an offset that only the person's own token is told.
    """

    id: int
    name: str
    visibility: str = "public"
    merge: int = 720
    merged_keep_id: bool = False
    rewatch_word: str = COMPLETED
    """Said when a rewatch ends; not documented."""
    disabled: frozenset[str] = frozenset()
    zone: str = "+00:00"
    score_format: str = "POINT_10"
    split_completed: bool = False
    custom_lists: tuple[str, ...] = ()
    entries: dict[int, AnimeEntry] = field(default_factory=dict)
    """By id of their media: there is one for each."""
    activities: list[AnimeActivity] = field(default_factory=list)
    made: int = 0

    def put(self, media: AnimeTitle, at: datetime, **given: Any) -> AnimeEntry:
        """What an import or another program writes: as it is given, and nothing is said of it."""
        now = int(at.timestamp())
        entry = AnimeEntry(self._next(88_000), media, given.pop("status", "CURRENT"), now, now)
        entry = self.entries.setdefault(media.id, entry)
        for name, value in given.items():
            if name not in AnimeEntry.__dataclass_fields__:
                raise ValueError(f"an entry has no {name}")
            setattr(entry, name, value)
        return entry

    def change(
        self, media: AnimeTitle, at: datetime, *, progress: int | None = None, status: str | None = None
    ) -> AnimeEntry:
        """What a person does on a page: the service completes it where it was the last episode, and tells of it."""
        now = int(at.timestamp())
        known = self.entries.get(media.id)
        entry = known or self.put(media, at, status=status or "CURRENT", started=at.date())
        before, was = entry.progress, known.status if known else ""
        entry.updated_at = now
        entry.status = status or entry.status
        if was in ("COMPLETED", "PLANNING") and entry.status in ("CURRENT", "REPEATING") and progress is None:
            entry.progress = 0
        if progress is not None:
            entry.progress = progress
        ended = bool(media.episodes) and entry.progress == media.episodes and entry.progress != before
        if ended and status is None and entry.status in ("CURRENT", "REPEATING"):
            entry.status = "COMPLETED"
        if entry.status == "COMPLETED" and was != "COMPLETED":
            self._complete(entry, was, at)
        self._tell(entry, was, before, now)
        return entry

    def remove(self, media_id: int) -> None:
        self.entries.pop(media_id, None)

    def merge_media(self, old: int, new: AnimeTitle) -> None:
        """Two entries of the catalogue turned out to be one: what was on the list goes by the other id."""
        entry = self.entries.pop(old, None)
        if entry is not None:
            entry.media = new
            self.entries.setdefault(new.id, entry)

    def shown(self, *, own: bool) -> Iterator[AnimeEntry]:
        """The entries that somebody may see, those that changed last first."""
        seen = (entry for entry in self.entries.values() if own or not entry.private)
        return iter(sorted(seen, key=lambda entry: (-entry.updated_at, -entry.id)))

    def _complete(self, entry: AnimeEntry, was: str, at: datetime) -> None:
        entry.progress = entry.media.episodes or entry.progress
        if was == "REPEATING":
            entry.repeat += 1
        else:
            entry.completed = entry.completed or at.date()

    def _tell(self, entry: AnimeEntry, was: str, before: int, now: int) -> None:
        if entry.private or entry.status in self.disabled:
            return
        if entry.status == "COMPLETED" and was != "COMPLETED":
            word = self.rewatch_word if was == "REPEATING" else COMPLETED
            self._add(AnimeActivity(self._next(900_000), entry.media, word, None, now))
        elif entry.status in ("CURRENT", "REPEATING") and entry.progress > before:
            word = REWATCHED if entry.status == "REPEATING" else WATCHED
            self._watched(entry.media, word, before + 1, entry.progress, now)
        elif entry.status in SPOKEN and entry.status != was:
            self._add(AnimeActivity(self._next(900_000), entry.media, SPOKEN[entry.status], None, now))

    def _watched(self, media: AnimeTitle, word: str, first: int, last: int, now: int) -> None:
        """An earlier one of the same title that is not too old goes up in the new one."""
        older = next((one for one in reversed(self.activities) if one.media.id == media.id), None)
        id_ = self._next(900_000)
        if older is not None and older.status == word and older.progress and self._is_merged(now - older.at):
            begin = RANGE.match(older.progress)
            first = int(begin[1]) if begin else first
            self.activities.remove(older)
            id_ = older.id if self.merged_keep_id else id_
        told = str(last) if first >= last else f"{first} - {last}"
        self._add(AnimeActivity(id_, media, word, told, now))

    def _is_merged(self, seconds: int) -> bool:
        return self.merge > ALWAYS_MERGED or (self.merge > 0 and seconds <= self.merge * 60)

    def _add(self, activity: AnimeActivity) -> None:
        self.activities.append(activity)

    def _next(self, base: int) -> int:
        self.made += 1
        return base + self.id % 1_000 * 100_000 + self.made


def day(told: date | None) -> dict[str, int | None]:
    """A ``FuzzyDate``, each part of which may be missing."""
    if told is None:
        return {"year": None, "month": None, "day": None}
    return {"year": told.year, "month": told.month, "day": told.day}
