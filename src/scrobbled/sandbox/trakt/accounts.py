"""What one Trakt account holds, with its past: reads may be told to lag behind writes, as real ones sometimes do."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Generic, TypeVar

from scrobbled.sandbox.trakt.catalogue import TraktKind, TraktTitle

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""How a play without a date comes back."""
GROUPS: Mapping[TraktKind, str] = {"movie": "movies", "show": "shows", "season": "seasons", "episode": "episodes"}
FREE_LIMITS = {"history": 100_000, "ratings": 10_000, "collection": 100_000, "watchlist": 250}
ACTIVITIES = {
    "movies": "watched_at collected_at rated_at watchlisted_at favorited_at commented_at paused_at hidden_at",
    "episodes": "watched_at collected_at rated_at watchlisted_at commented_at paused_at",
    "shows": "rated_at watchlisted_at favorited_at commented_at hidden_at dropped_at",
    "seasons": "rated_at watchlisted_at commented_at hidden_at",
    "comments": "liked_at reacted_at blocked_at",
    "lists": "liked_at reacted_at updated_at commented_at",
    "watchlist": "updated_at",
    "favorites": "updated_at",
    "collaborations": "updated_at",
    "saved_filters": "updated_at",
    "notes": "updated_at",
    "account": "settings_at followed_at following_at pending_at requested_at",
}
NO_PLEX = {
    "webhook": {"url": None, "last_event_at": None, "event_count": 0, "home_users": []},
    "sync": {"configured": False, "error": None, "selection": None, "toggles": {}},
    "scrobbler": {"toggles": {}},
}
JOINED = datetime(2019, 2, 11, 10, 0, tzinfo=UTC)
T = TypeVar("T")


def iso(moment: datetime) -> str:
    """Trakt's date format: UTC, milliseconds, ``Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def minute(moment: datetime) -> datetime:
    """Trakt keeps plays to the minute, rounded down."""
    return moment.astimezone(UTC).replace(second=0, microsecond=0)


@dataclass(frozen=True, slots=True)
class TraktPlay:
    id: int
    title: TraktTitle
    watched_at: datetime
    action: str

    def order(self) -> tuple[datetime, int]:
        return (self.watched_at, self.id)


@dataclass(frozen=True, slots=True)
class ListEntry:
    """One title on a list (rating, collection, watchlist, resume point), with what that list says about it."""

    id: int
    title: TraktTitle
    at: datetime
    rating: int = 0
    progress: float = 0.0
    notes: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class _Row(Generic[T]):
    entered: datetime
    value: T
    left: datetime | None = None

    def seen(self, at: datetime) -> bool:
        return self.entered <= at and (self.left is None or self.left > at)


class VersionedList(Generic[T]):
    """Values in order, each with when it came and went, so that an earlier state can be read."""

    def __init__(self, key: Callable[[T], Any]) -> None:
        self._key = key
        self._rows: list[_Row[T]] = []
        self._newest: list[T] | None = []
        """What is there after the last change, until the next one."""
        self._changed = datetime.min.replace(tzinfo=UTC)

    def add(self, value: T, now: datetime) -> None:
        self._touched(now)
        insort(self._rows, _Row(now, value), key=lambda row: self._key(row.value))

    def fill(self, values: Iterable[T], now: datetime) -> None:
        """Many at once."""
        self._touched(now)
        self._rows.extend(_Row(now, value) for value in values)
        self._rows.sort(key=lambda row: self._key(row.value))

    def remove(self, which: Callable[[T], bool], now: datetime) -> list[T]:
        """Takes away what ``which`` picks, and says what that was."""
        gone = [row for row in self._rows if row.left is None and which(row.value)]
        for row in gone:
            row.left = now
        self._touched(now)
        return [row.value for row in gone]

    def _touched(self, now: datetime) -> None:
        self._newest = None
        self._changed = max(self._changed, now)

    def at(self, moment: datetime) -> Sequence[T]:
        """What a reader saw at that moment."""
        if moment >= self._changed:
            return self._now()
        return [row.value for row in self._rows if row.seen(moment)]

    def _now(self) -> list[T]:
        """Kept, as an account that is read page by page has long lists."""
        if self._newest is None:
            self._newest = [row.value for row in self._rows if row.left is None]
        return self._newest

    def __iter__(self) -> Iterator[T]:
        return iter(list(self._now()))

    def __len__(self) -> int:
        return len(self._now())


class TitleShelf(VersionedList[ListEntry]):
    """A list that holds each title once: adding again replaces."""

    def __init__(self) -> None:
        super().__init__(key=lambda entry: entry.at)
        self._held: dict[tuple[TraktKind, int], ListEntry] = {}

    def put(self, entry: ListEntry, now: datetime) -> ListEntry | None:
        """Returns what it replaced."""
        old = self.take(entry.title, now)
        self.add(entry, now)
        self._held[entry.title.key] = entry
        return old

    def take(self, title: TraktTitle, now: datetime) -> ListEntry | None:
        held = self._held.pop(title.key, None)
        if held is not None:
            self.remove(lambda entry: entry is held, now)
        return held

    def get(self, title: TraktTitle) -> ListEntry | None:
        return self._held.get(title.key)


@dataclass(frozen=True, slots=True)
class TraktWatching:
    """What is being watched right now. ``id`` is the check-in's, 0 for a scrobble."""

    title: TraktTitle
    started_at: datetime
    expires_at: datetime
    action: str
    id: int = 0


@dataclass(slots=True)
class TraktUser:
    """One user: lists, limits and the state the service keeps of them."""

    username: str
    serial: int
    numbers: Iterator[int]
    """Ids of plays, lists and resume points: 64-bit, growing with insertion over all accounts."""
    history: VersionedList[TraktPlay] = field(default_factory=lambda: VersionedList(TraktPlay.order))
    ratings: TitleShelf = field(default_factory=TitleShelf)
    collection: TitleShelf = field(default_factory=TitleShelf)
    watchlist: TitleShelf = field(default_factory=TitleShelf)
    playback: TitleShelf = field(default_factory=TitleShelf)
    watching: TraktWatching | None = None
    scrobbled: dict[tuple[TraktKind, int], tuple[datetime, datetime]] = field(default_factory=dict)
    """Per title: when a scrobble was booked, and until when another is a duplicate."""
    changed: dict[tuple[str, str], list[datetime]] = field(default_factory=dict)
    limits: dict[str, int] = field(default_factory=lambda: dict(FREE_LIMITS))
    vip: bool = False
    locked: bool = False
    deactivated: bool = False
    plex: dict[str, Any] | None = field(default_factory=lambda: deepcopy(NO_PLEX))
    """What Trakt itself does with a Plex server; ``None`` where it does not tell that."""

    def touch(self, group: str, what: str, now: datetime) -> None:
        self.changed.setdefault((group, what), []).append(now)

    def touch_all(self, titles: Iterable[TraktTitle], what: str, now: datetime) -> None:
        for kind in {title.kind for title in titles}:
            self.touch(GROUPS[kind], what, now)

    def add_play(self, title: TraktTitle, watched_at: datetime, action: str, now: datetime) -> TraktPlay:
        """Always a new play: there is no check for one that is there already."""
        play = TraktPlay(next(self.numbers), title, minute(watched_at), action)
        self.history.add(play, now)
        self.touch(GROUPS[title.kind], "watched_at", now)
        self._leaves_watchlist(title, now)
        return play

    def _leaves_watchlist(self, title: TraktTitle, now: datetime) -> None:
        """Trakt takes a watched movie, or the show and season of a watched episode, off the watchlist by itself."""
        listed = [entry.title for entry in self.watchlist]
        mine = (title, title.show) if title.show else (title,)
        for other in listed:
            of_season = other.kind == "season" and other.show is title.show and other.season == title.season
            if of_season or any(other is one for one in mine):
                self.watchlist.take(other, now)
                self.touch("watchlist", "updated_at", now)

    def activities(self, at: datetime) -> dict[str, Any]:
        """The answer of ``/sync/last_activities`` as of that moment."""
        groups = {
            group: {what: iso(self._last(group, what, at)) for what in keys.split()}
            for group, keys in ACTIVITIES.items()
        }
        newest = max(value for group in groups.values() for value in group.values())
        return {"all": newest, **groups}

    def _last(self, group: str, what: str, at: datetime) -> datetime:
        return max((moment for moment in self.changed.get((group, what), ()) if moment <= at), default=JOINED)

    def preload(self, titles: Iterable[TraktTitle], amount: int, now: datetime) -> None:
        """``amount`` plays in the past, an hour apart, over ``titles`` in turn."""
        pool = list(titles)
        first = minute(now) - timedelta(days=30, hours=amount)
        plays = [
            TraktPlay(next(self.numbers), pool[n % len(pool)], first + timedelta(hours=n), "watch")
            for n in range(amount)
        ]
        self.history.fill(plays, now)
        self.limits["history"] = max(self.limits["history"], 2 * len(self.history))  # room to go on
        for group in {GROUPS[play.title.kind] for play in plays}:
            self.touch(group, "watched_at", now)

    def bulk(self, titles: Iterable[TraktTitle], at: datetime, now: datetime, *, apart: timedelta) -> list[TraktPlay]:
        """Plays as programs without dates leave them: one of each title, from ``at`` on, all entered ``now``."""
        plays = [
            TraktPlay(next(self.numbers), title, minute(at + n * apart), "watch") for n, title in enumerate(titles)
        ]
        self.history.fill(plays, now)
        self.touch_all((play.title for play in plays), "watched_at", now)
        return plays

    def export(self) -> dict[str, Any]:
        """What the account holds, for people and tests."""
        return {
            "history": [_told(play.title, id=play.id, watched_at=iso(play.watched_at), action=play.action)
                        for play in reversed(list(self.history))],
            "ratings": [_told(e.title, rating=e.rating, rated_at=iso(e.at)) for e in self.ratings],
            "collection": [_told(e.title, collected_at=iso(e.at), metadata=dict(e.metadata)) for e in self.collection],
            "watchlist": [_told(e.title, listed_at=iso(e.at)) for e in self.watchlist],
            "playback": [_told(e.title, id=e.id, progress=e.progress, paused_at=iso(e.at)) for e in self.playback],
            "watching": None if self.watching is None else _told(self.watching.title, action=self.watching.action),
        }  # fmt: skip


def _told(title: TraktTitle, **values: Any) -> dict[str, Any]:
    named = title.show or title
    return {
        **values,
        "type": title.kind,
        "title": named.title,
        "season": title.season,
        "number": title.number,
        "trakt": title.trakt,
    }


def serial_numbers() -> Iterator[int]:
    """Above 2**32, so that nobody keeps them in 32 bits."""
    return count(10_450_000_001)
