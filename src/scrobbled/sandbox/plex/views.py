"""What each account has seen of each item, and the play history, which marks by hand leave alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from typing import Any

from scrobbled.sandbox.plex.items import LibraryItem
from scrobbled.sandbox.plex.people import PlexAccount


@dataclass(frozen=True, slots=True)
class ViewState:
    """What the server knows of one item for one account; times are epoch seconds, ``offset`` milliseconds."""

    count: int = 0
    last: int | None = None
    offset: int = 0
    rating: float | None = None
    rated_at: int | None = None

    def fields(self) -> dict[str, Any]:
        """As metadata keys; what is not there is left out, as Plex does."""
        given = {
            "viewCount": self.count or None,
            "lastViewedAt": self.last,
            "viewOffset": self.offset or None,
            "userRating": self.rating,
            "lastRatedAt": self.rated_at,
        }
        return {name: value for name, value in given.items() if value is not None}

    def after(self, event: str, at: datetime, *, offset: int = 0, rating: float | None = None) -> ViewState:
        """What it becomes through an event (``scrobble``, ``rate``, ``pause`` …)."""
        now = int(at.timestamp())
        if event == "scrobble":
            return replace(self, count=self.count + 1, last=now, offset=0)
        if event == "rate":
            return replace(self, rating=rating, rated_at=now)
        return replace(self, offset=offset, last=now if event == "play" else self.last)  # a start moves the time


NEVER_VIEWED = ViewState()


@dataclass(frozen=True, slots=True)
class HistoryViewing:
    """One row of the play history: a viewing that was played to its end. Marks by hand leave none."""

    id: int
    item: LibraryItem
    account: PlexAccount
    at: datetime


def _itself(item: LibraryItem) -> Iterable[LibraryItem]:
    return (item,)


class Views:
    """Of one server. ``twins`` are the items that share one state with an item, itself among them."""

    def __init__(self, twins: Callable[[LibraryItem], Iterable[LibraryItem]] = _itself) -> None:
        self.seen: dict[tuple[int, str], ViewState] = {}
        """By (plex.tv id, rating key)."""
        self.history: list[HistoryViewing] = []
        self._twins = twins
        self._numbers = count(1)

    def of(self, account: PlexAccount, item: LibraryItem) -> ViewState:
        return self.seen.get((account.id, item.rating_key), NEVER_VIEWED)

    def put(self, account: PlexAccount, item: LibraryItem, viewed: ViewState) -> None:
        for one in self._twins(item):
            self.seen[account.id, one.rating_key] = viewed

    def finished(self, item: LibraryItem, account: PlexAccount, at: datetime) -> HistoryViewing:
        """One more row of the history; what was seen is not changed by it."""
        row = HistoryViewing(next(self._numbers), item, account, at)
        self.history.append(row)
        return row

    def restart(self) -> None:
        """A rebuilt database: nothing was seen, and the numbers of the history begin anew."""
        self.seen.clear()
        self.history.clear()
        self._numbers = count(1)

    def over(self, account: PlexAccount, item: LibraryItem, leaves: Iterable[LibraryItem]) -> tuple[ViewState, int]:
        """Of a show or season: what is told of the whole, and how many of its episodes are watched."""
        parts = [viewed for leaf in leaves if (viewed := self.of(account, leaf)) is not NEVER_VIEWED]
        last = max((viewed.last for viewed in parts if viewed.last is not None), default=None)
        whole = replace(self.of(account, item), count=sum(viewed.count for viewed in parts), last=last)
        return whole, sum(1 for viewed in parts if viewed.count)
