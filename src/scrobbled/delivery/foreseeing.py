"""Telling a tracker what is about to be added, season by season, where that spares requests."""

from __future__ import annotations

from collections.abc import Sequence

from scrobbled.core.errors import NotInCatalogue, Refused, TrackerError, Uncertain
from scrobbled.core.naming.corrections import Correction
from scrobbled.core.naming.items import Episode, Item
from scrobbled.core.sending.judge import Send, judge
from scrobbled.core.sending.safety import WriteLimits
from scrobbled.delivery.account import TrackerAccount
from scrobbled.delivery.finding import find
from scrobbled.store.queue import outbox
from scrobbled.store.queue.outbox import OutboxChange
from scrobbled.trackers.base import Address

WINDOW = 2_000
"""So many of the changes that are due are looked through for those of one season."""
PAGE = 100
"""A few milliseconds in which nothing else is stored."""
TRIES = 3
"""After so many failures a season's plays go without; that only costs requests."""
SeasonKey = tuple[str, int | None]


class Outlook:
    """What waits for one account, by season.

    A season is told of when the first of its plays is about to be sent, so that a play that comes meanwhile waits for
    one season at most.
    """

    def __init__(self, account: TrackerAccount, limits: WriteLimits) -> None:
        self._account, self._tracker, self._limits = account, account.tracker, limits
        self._seen: set[int] = set()
        self._waiting: dict[SeasonKey, list[OutboxChange]] = {}
        self._failures: dict[SeasonKey, int] = {}

    async def tell(self, first: OutboxChange, known: Sequence[Correction]) -> bool:
        """Tell of the plays that go with ``first``; true where requests may have been sent. ``known`` as for ``find``.

        Raises as every call to a tracker.
        """
        season = season_of(first.item)
        if self._tracker.can.ahead < 2 or season is None:
            return False
        if first.id not in self._seen:
            await self._look()
            self._seen.add(first.id)  # also where it was not met, or there would never be an end of looking
        together = self._waiting.get(season, [])
        addresses = await self._addresses(season, together, known) if len(together) > 1 else []
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

    def _again(self, season: SeasonKey, together: list[OutboxChange]) -> None:
        self._failures[season] = self._failures.get(season, 0) + 1
        if self._failures[season] < TRIES:
            self._waiting[season] = together

    async def _look(self) -> None:
        self._seen, self._waiting = set(), {}
        now = self._account.now()
        page: list[OutboxChange] = []
        for _ in range(WINDOW // PAGE):
            page = await self._page(now, page[-1] if page else None)
            for change in page:
                self._seen.add(change.id)
                if (season := season_of(change.item)) is not None:
                    self._waiting.setdefault(season, []).append(change)
            if len(page) < PAGE:
                return

    async def _page(self, now: float, after: OutboxChange | None) -> list[OutboxChange]:
        whose = self._account.viewer, self._account.name
        return await self._account.store.read(lambda db: outbox.coming(db, *whose, now, after, PAGE))

    async def _addresses(
        self, season: SeasonKey, together: Sequence[OutboxChange], known: Sequence[Correction]
    ) -> list[Address]:
        """Of those that are sent, as far as can be told. What came out of a backup is not.

        None at all where one of them cannot be looked up now: whoever sends it books why.
        """
        show = [change.item for of, waiting in self._waiting.items() if of[0] == season[0] for change in waiting]
        try:
            await self._tracker.foresees.survey(show)
            found = [await find(self._account, change, known) for change in together if not change.restored]
        except TrackerError:
            return []
        sent = [one for one in found if isinstance(judge(one.case, self._limits), Send)]
        return [one.address for one in sent if one.address is not None]

    async def _foresee(self, addresses: Sequence[Address]) -> None:
        most = self._tracker.can.ahead
        for start in range(0, len(addresses), most):
            await self._tracker.foresees.foresee(addresses[start : start + most])


def season_of(item: Item) -> SeasonKey | None:
    """The same for episodes of one season, as far as what a source says of them is alike; ``None`` for films."""
    if not isinstance(item, Episode):
        return None
    ids = [f"{name} {value}" for name, value in item.show_ids.known().items()]
    return ids[0] if ids else item.show_title.casefold(), item.season
