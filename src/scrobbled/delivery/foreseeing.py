"""Telling a tracker what is about to be added, season by season, where that spares requests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import cast

from scrobbled.clock import Clock
from scrobbled.core.errors import NotInCatalogue, Refused, TrackerError, Uncertain
from scrobbled.core.items import Episode, Item
from scrobbled.store import outbox
from scrobbled.store.database import Store
from scrobbled.store.outbox import Change
from scrobbled.trackers.base import Address, Foresees, Tracker

WINDOW = 2_000
"""So many of the changes that are due are looked through for those of one season."""
PAGE = 100
"""A few milliseconds in which nothing else is stored."""
TRIES = 3
"""After so many failures a season's plays go without; that only costs requests."""
Season = tuple[str, int | None]


class Outlook:
    """What waits for one account, by season. ``address`` tells where a change goes, ``None`` if it would not be sent.

    A season is told of when the first of its plays is about to be sent, so that a play that comes meanwhile waits for
    one season at most.
    """

    def __init__(
        self,
        viewer: str,
        name: str,
        tracker: Tracker,
        *,
        store: Store,
        clock: Clock,
        address: Callable[[Change], Awaitable[Address | None]],
    ) -> None:
        self._viewer, self._name, self._tracker = viewer, name, tracker
        self._store, self._clock, self._address = store, clock, address
        self._seen: set[int] = set()
        self._waiting: dict[Season, list[Change]] = {}
        self._failures: dict[Season, int] = {}

    async def tell(self, first: Change) -> bool:
        """Tell of the plays that go with ``first``; true where requests may have been sent.

        Raises as every call to a tracker.
        """
        season = season_of(first.item)
        if self._tracker.can.ahead < 2 or season is None:
            return False
        if first.id not in self._seen:
            await self._look()
            self._seen.add(first.id)  # also where it was not met, or there would never be an end of looking
        together = self._waiting.get(season, [])
        addresses = await self._addresses(season, together) if len(together) > 1 else []
        self._waiting.pop(season, None)
        if len(addresses) < 2:
            return False
        try:
            await self._foresee(addresses)
        except (NotInCatalogue, Uncertain, Refused):
            return True
        except TrackerError:
            self._again(season, together)
            raise
        self._failures.pop(season, None)
        return True

    def _again(self, season: Season, together: list[Change]) -> None:
        self._failures[season] = self._failures.get(season, 0) + 1
        if self._failures[season] < TRIES:
            self._waiting[season] = together

    async def _look(self) -> None:
        self._seen, self._waiting = set(), {}
        now = self._clock.now().timestamp()
        page: list[Change] = []
        for _ in range(WINDOW // PAGE):
            page = await self._page(now, page[-1] if page else None)
            for change in page:
                self._seen.add(change.id)
                if (season := season_of(change.item)) is not None:
                    self._waiting.setdefault(season, []).append(change)
            if len(page) < PAGE:
                return

    async def _page(self, now: float, after: Change | None) -> list[Change]:
        return await self._store.read(lambda db: outbox.coming(db, self._viewer, self._name, now, after, PAGE))

    async def _addresses(self, season: Season, together: Sequence[Change]) -> list[Address]:
        """None at all where one of them cannot be looked up now: whoever sends it books why."""
        show = [change.item for of, waiting in self._waiting.items() if of[0] == season[0] for change in waiting]
        try:
            await cast(Foresees, self._tracker).survey(show)
            found = [await self._address(change) for change in together]
        except TrackerError:
            return []
        return [address for address in found if address is not None]

    async def _foresee(self, addresses: Sequence[Address]) -> None:
        most = self._tracker.can.ahead
        for start in range(0, len(addresses), most):
            await cast(Foresees, self._tracker).foresee(addresses[start : start + most])


def season_of(item: Item) -> Season | None:
    """The same for episodes of one season, as far as what a source says of them is alike; ``None`` for films."""
    if not isinstance(item, Episode):
        return None
    ids = [f"{name} {value}" for name, value in item.show_ids.known().items()]
    return ids[0] if ids else item.show_title.casefold(), item.season
