"""What a file says, as values; and the collecting of it, row by row, with a count of what could not be used."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta

from msgspec import Struct, field

from scrobbled.core.errors import BadFile
from scrobbled.core.kinds import Scope
from scrobbled.core.naming.ids import Ids
from scrobbled.core.naming.items import Item, Movie
from scrobbled.core.naming.matching import plain
from scrobbled.core.records import DatePrecision, PlayRecord, Subject, ValueRecord, identity

NOON = time(12)
"""The hour a play gets of which only the day is known: the same day in nearly every zone."""
SLACK = timedelta(days=1)
"""A clock or a zone may be off by that much; what lies further ahead was not watched."""
PLACES = 5
"""So many places are named for each reason; the rest are counted."""
MAX_ROWS = 2_000_000
"""A hundred plays a day for fifty years. Reading so many takes a minute, and no history is longer."""
_PREFERRED = ("tmdb", "tvdb", "imdb", "trakt")


class Unusable(ValueError):
    """A row that makes no record; the text says why, in words that fit behind "17 rows: "."""


class FileMoment(Struct, frozen=True):
    """When something was watched, and what that is worth."""

    at: datetime | None
    kept: DatePrecision

    @property
    def is_instant(self) -> bool:
        """Whether a second row with the very same time tells of the same viewing."""
        return self.at is not None and not (self.kept is DatePrecision.DAY and self.at.time() == NOON)


NEVER = FileMoment(None, DatePrecision.NONE)


class BelievedViewing(Struct, frozen=True):
    """A viewing that another program believed to be on both sides, or had given up on. Ids are TMDB's, of the show."""

    show: int
    season: int
    number: int
    day: date
    given_up: str = ""
    """Why that program never sent it, in its own words; empty for what it believed to be on both sides."""


class Parsed(Struct, frozen=True):
    """All that one import holds."""

    format: str
    """What kind of file it was, for people: "Trakt export"."""
    plays: tuple[PlayRecord, ...] = ()
    ratings: tuple[ValueRecord, ...] = ()
    subjects: Mapping[str, Subject] = field(default_factory=dict)
    """By key, for every key among the plays and ratings."""
    skipped: Mapping[str, int] = field(default_factory=dict)
    """How many rows could not be used, by reason in plain words, which names where the first of them are."""
    hints: tuple[BelievedViewing, ...] = ()
    troubles: tuple[str, ...] = ()
    """What is missing as a whole, in sentences: a part of an archive that cannot be read."""


def key_of(scope: Scope, item: Item) -> str:
    """The same text for the same thing in every file: by ids, else by titles and numbers."""
    known = identity(Subject("", scope, item))
    if known:
        return known
    if isinstance(item, Movie):
        return f"movie:{_named(item.ids) or _titled(item.title, item.year)}"
    show = _named(item.show_ids) or (_titled(item.show_title, item.show_year) if item.show_title else "")
    if scope == "show":
        return f"show:{show}"
    if scope == "season":
        return f"season:{show}:{item.season}"
    if not show or item.number is None:
        return f"episode:{_named(item.ids)}"
    return f"episode:{show}:{'-' if item.season is None else item.season}:{item.number}"


def _named(ids: Ids) -> str:
    known = ids.known()
    return next((f"{service}:{known[service]}" for service in _PREFERRED if service in known), "")


def _titled(title: str, year: int | None) -> str:
    return f"title:{plain(title) or title.casefold()}:{year or ''}"


class Collector:
    """Takes what a parser finds. ``now`` is aware UTC: nothing can have been watched after it."""

    def __init__(self, now: datetime) -> None:
        self._latest = now + SLACK
        self._plays: list[PlayRecord] = []
        self._ratings: dict[str, ValueRecord] = {}
        self._subjects: dict[str, Subject] = {}
        self._times: Counter[tuple[str, datetime | None, DatePrecision]] = Counter()
        self._skipped: Counter[str] = Counter()
        self._places: dict[str, list[str]] = {}
        self._troubles: list[str] = []
        self._rows = 0

    def rows(self, count: int = 1) -> None:
        """Count what is read, whatever comes of it; raises ``BadFile`` where that has no end."""
        self._rows += count
        if self._rows > MAX_ROWS:
            raise BadFile(
                f"There are more than {MAX_ROWS:,} rows in it, so nothing was taken from it: no history is that long. "
                "If yours is, cut the file into parts and import one after the other."
            )

    @property
    def is_empty(self) -> bool:
        """Whether nothing was found that can be imported."""
        return not (self._plays or self._ratings)

    @property
    def troubles(self) -> tuple[str, ...]:
        return tuple(self._troubles)

    def play(
        self,
        item: Item,
        when: FileMoment,
        *,
        made_at: datetime | None = None,
        rewatch: bool | None = None,
        runtime: int | None = None,
    ) -> None:
        """Raises ``Unusable`` for a time to come, and for a play that was told before, to the second."""
        if when.at is not None and when.at > self._latest:
            raise Unusable("a date in the future")
        key = self._key(item.media, item, runtime)
        told = (key, when.at, when.kept)
        if when.is_instant and self._times[told]:
            raise Unusable("the same play a second time")
        self._times[told] += 1
        id_ = _digest(f"{key}|{when.at}|{when.kept}|{self._times[told]}")
        self._plays.append(PlayRecord(id_, key, when.at, when.kept, made_at, rewatch=rewatch))

    def counts(self) -> Mapping[str, int]:
        """How many plays there are now of each key."""
        return Counter(play.key for play in self._plays)

    def rating(self, scope: Scope, item: Item, value: int, at: datetime | None) -> None:
        """``value`` is 1 to 10. Of several for one thing the newest counts, and of those without a time the first."""
        key = self._key(scope, item, None)
        known = self._ratings.get(key)
        if known is None or (at is not None and (known.at is None or at > known.at)):
            self._ratings[key] = ValueRecord(key, value, at, _digest(f"{key}|{value}"))

    def skip(self, reason: str, place: str) -> None:
        """Count a row that was not used. ``place`` is where it stands: "line 12"."""
        self._skipped[reason] += 1
        places = self._places.setdefault(reason, [])
        if len(places) < PLACES:
            places.append(place)

    def trouble(self, sentence: str) -> None:
        self._troubles.append(sentence)

    def parsed(self, format: str, hints: Iterable[BelievedViewing] = ()) -> Parsed:
        return Parsed(
            format=format,
            plays=tuple(self._plays),
            ratings=tuple(self._ratings.values()),
            subjects=self._subjects,
            skipped={self._told(reason): count for reason, count in self._skipped.items()},
            hints=tuple(hints),
            troubles=self.troubles,
        )

    def _key(self, scope: Scope, item: Item, runtime: int | None) -> str:
        """One object for each key, however many plays share it."""
        key = key_of(scope, item)
        return self._subjects.setdefault(key, Subject(key, scope, item, runtime)).key

    def _told(self, reason: str) -> str:
        places = self._places[reason]
        more = ", …" if self._skipped[reason] > len(places) else ""
        return f"{reason} ({', '.join(places)}{more})"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:20]
