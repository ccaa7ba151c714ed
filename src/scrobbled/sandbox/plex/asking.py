"""Plex's way of filtering and sorting: which items a query means, looked at without writing any of them down."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from scrobbled.sandbox.plex.items import LibraryItem, PlexType
from scrobbled.sandbox.plex.library import Library
from scrobbled.sandbox.plex.people import PlexAccount
from scrobbled.sandbox.plex.told import metadata
from scrobbled.sandbox.plex.views import Views, ViewState

ABOVE: Mapping[str, int] = {"show": 0, "season": 1, "episode": 2, "movie": 2}
FILTER = re.compile(r"(?:(?P<scope>show|season|episode|movie)\.)?(?P<field>\w+)(?P<sign>>>|<<|>|<)")
"""``lastViewedAt>>=N`` is strictly after, ``viewedAt>=N`` at or after; the ``=`` is the query's own."""
COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    ">>": operator.gt,
    "<<": operator.lt,
    ">": operator.ge,
    "<": operator.le,
}
AGO = re.compile(r"-(\d+)([hdwy])")
SECONDS: Mapping[str, int] = {"h": 3600, "d": 86_400, "w": 604_800, "y": 31_536_000}
VIEWED: Mapping[str, Callable[[ViewState], Any]] = {
    "viewCount": lambda viewed: viewed.count or None,
    "lastViewedAt": lambda viewed: viewed.last,
    "viewOffset": lambda viewed: viewed.offset or None,
    "userRating": lambda viewed: viewed.rating,
    "lastRatedAt": lambda viewed: viewed.rated_at,
}
HELD: Mapping[str, Callable[[LibraryItem], Any]] = {
    "addedAt": lambda item: item.held.added,
    "updatedAt": lambda item: item.held.updated,
    "guid": lambda item: item.guid,
    "ratingKey": lambda item: item.rating_key,
    "librarySectionID": lambda item: item.section.key,
}
EQUALS = ("guid", "ratingKey", "librarySectionID")


class Asking:
    """One account that asks one server; ``now`` is the server's own time."""

    def __init__(self, library: Library, views: Views, account: PlexAccount, now: datetime) -> None:
        self.library = library
        self._views = views
        self.account = account
        self._now = now

    def viewed(self, item: LibraryItem) -> tuple[ViewState, int]:
        """What the account has seen of it, and how many of its episodes."""
        if item.type not in ("show", "season"):
            viewed = self._views.of(self.account, item)
            return viewed, int(viewed.count > 0)
        return self._views.over(self.account, item, self.library.leaves(item))

    def pick(self, items: Sequence[LibraryItem], query: Mapping[str, str]) -> Sequence[LibraryItem]:
        """Those that meet every filter, in order; parameters that are no filters do not matter."""
        found = items
        for name, value in query.items():
            test = self._test(name, value)
            found = found if test is None else [item for item in found if test(item)]
        return self._ordered(found, query)

    def _test(self, name: str, value: str) -> Callable[[LibraryItem], bool] | None:
        if name in EQUALS:
            return lambda item: str(HELD[name](item)) == value
        if name == "unwatched":
            return lambda item: self._unwatched(item) is (value == "1")
        found = FILTER.fullmatch(name)
        if found is None:
            return None
        field, compare, wanted = found["field"], COMPARE[found["sign"]], self._number(value)
        scope: Any = found["scope"]
        return lambda item: (
            wanted is not None
            and any(
                isinstance(have := self.value(one, field), int | float) and compare(have, wanted)
                for one in self._scoped(item, scope)
            )
        )

    def _unwatched(self, item: LibraryItem) -> bool:
        """A show is unwatched as long as one of its episodes is."""
        if item.type not in ("show", "season"):
            return not self._views.of(self.account, item).count
        return self.viewed(item)[1] < len(self.library.leaves(item))

    def _scoped(self, item: LibraryItem, scope: PlexType | None) -> Iterable[LibraryItem]:
        """Whose field a filter like ``show.userRating`` is about, for an item of another kind."""
        if scope is None or scope == item.type:
            return (item,)
        if ABOVE[scope] < ABOVE[item.type]:
            above = self.library.above(item, scope)
            return (above,) if above else ()
        return self.library.leaves(item) if scope == "episode" else self.library.children(item)

    def value(self, item: LibraryItem, name: str) -> Any:
        """A field of its row; ``None`` where the row lacks it."""
        if name in VIEWED:
            return VIEWED[name](self.viewed(item)[0])
        return HELD[name](item) if name in HELD else metadata(item).get(name)

    def _ordered(self, items: Sequence[LibraryItem], query: Mapping[str, str]) -> Sequence[LibraryItem]:
        """By ``sort=field:asc|desc``, cut to ``limit``; items without the field are the smallest."""
        name, _, how = query.get("sort", "").rpartition(".")[2].partition(":")
        if name:
            keyed = [(self.value(item, name), item) for item in items]
            keyed.sort(
                key=lambda pair: (pair[0] is not None, pair[0] if pair[0] is not None else 0), reverse=how == "desc"
            )
            items = [item for _, item in keyed]
        limit = query.get("limit", "")
        return items[: int(limit)] if limit.isdigit() else items

    def _number(self, text: str) -> float | None:
        ago = AGO.fullmatch(text)
        if ago is not None:
            return self._now.timestamp() - int(ago[1]) * SECONDS[ago[2]]
        try:
            return float(text)
        except ValueError:
            return None
