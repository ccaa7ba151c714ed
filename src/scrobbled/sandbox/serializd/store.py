"""What the Serializd stand-in holds: accounts with their ticks, diary rows and lists, ready for fast writes."""

from __future__ import annotations

import random
from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

PAGE_SIZE = 24


def stamp(at: datetime) -> str:
    """The only form in which the service writes instants: UTC, whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def pages(count: int) -> int:
    return max(1, -(-count // PAGE_SIZE))


@dataclass(frozen=True, slots=True)
class Review:
    """One row of the one resource that is diary, review, rating and like at once; times as ``stamp`` writes them."""

    id: int
    show_id: int
    season_id: int | None
    episode_number: int | None
    rating: int
    backdate: str
    date_added: str
    review_text: str = ""
    contains_spoiler: bool = False
    is_log: bool = True
    is_rewatch: bool = False
    tags: tuple[str, ...] = ()
    allows_comments: bool = True
    like: bool = False

    @property
    def target(self) -> str:
        """The ``include_target`` under which the diary lists it."""
        if self.season_id is None:
            return "shows"
        return "seasons" if self.episode_number is None else "episodes"


DiaryPlace = tuple[str, int]
"""Where a row stands in the diary: its time and its id."""


@dataclass
class SerializdUser:
    """One user. Ticks, diary and lists are independent stores, as they are in the service."""

    email: str
    password: str
    username: str
    joined: str
    private: bool = False
    ticks: dict[tuple[int, int], dict[int, str]] = field(default_factory=dict)
    """(show, season id) to episode number to the time of ticking."""
    reviews: dict[int, Review] = field(default_factory=dict)
    watched: dict[tuple[int, int], str] = field(default_factory=dict)
    watchlist: dict[tuple[int, int | None], str] = field(default_factory=dict)
    """(show, season id or ``None`` for the whole show) to the time of adding."""
    shows: dict[str, dict[int, str]] = field(default_factory=dict)
    """Name of a list of shows to show to the time of adding."""
    _by_backdate: list[DiaryPlace] = field(default_factory=list)
    _by_addition: list[DiaryPlace] = field(default_factory=list)

    def put(self, review: Review) -> None:
        """Add a row or replace the one with its id."""
        self.take(review.id)
        self.reviews[review.id] = review
        if review.is_log:
            insort(self._by_backdate, (review.backdate, review.id))
            insort(self._by_addition, (review.date_added, review.id))

    def take(self, review_id: int) -> Review | None:
        """Remove and return a row, ``None`` where there is none."""
        review = self.reviews.pop(review_id, None)
        if review is not None and review.is_log:
            del self._by_backdate[bisect_left(self._by_backdate, (review.backdate, review.id))]
            del self._by_addition[bisect_left(self._by_addition, (review.date_added, review.id))]
        return review

    def diary(self, order: str) -> list[DiaryPlace]:
        """Places of the dated rows, oldest first (``backdate``, ``date_added``), or in no order (``shuffled``)."""
        if order == "shuffled":
            places = list(self._by_backdate)
            random.Random(len(places)).shuffle(places)
            return places
        return self._by_addition if order == "date_added" else self._by_backdate

    def tick(self, show: int, season: int, number: int, at: str) -> None:
        """Ticking again changes nothing."""
        self.ticks.setdefault((show, season), {}).setdefault(number, at)

    def untick(self, show: int, season: int, number: int) -> None:
        self.ticks.get((show, season), {}).pop(number, None)

    def all_ticks(self) -> Iterator[tuple[int, int, int, str]]:
        """Show, season id, episode number, time of ticking."""
        for (show, season), numbers in self.ticks.items():
            for number, at in numbers.items():
                yield show, season, number, at

    def listed(self, name: str) -> dict[int, str]:
        return self.shows.setdefault(name, {})
