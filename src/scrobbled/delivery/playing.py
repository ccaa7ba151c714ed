"""Telling trackers at once what is being played: a courtesy, and never in the way of what must arrive."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Literal

import structlog
from msgspec import Struct

from scrobbled.core.errors import TrackerError
from scrobbled.core.naming.items import Item
from scrobbled.core.standing import AccountKey
from scrobbled.delivery.courier import Courier
from scrobbled.delivery.health import HealthState

LEAST, MOST = 1.0, 80.0
"""Percent. Below the first a pause says nothing; from the second on trackers see a viewing that is over."""
WORKING = (HealthState.OK, HealthState.NEW)
PlayerAction = Literal["start", "pause"]
log = structlog.get_logger("playing")


class _News(Struct, frozen=True):
    action: PlayerAction
    item: Item
    percent: float


async def _never() -> bool:
    return False


class PlayingTeller:
    """One request at a time for each account, and the newest word only: what is older is true no more."""

    def __init__(
        self, couriers: Callable[[], Mapping[AccountKey, Courier]], is_paused: Callable[[], Awaitable[bool]] = _never
    ) -> None:
        self._couriers, self._is_paused = couriers, is_paused
        self._news: dict[AccountKey, _News] = {}
        self._tasks: dict[AccountKey, asyncio.Task[None]] = {}

    def tell(self, viewers: Iterable[str], action: PlayerAction, item: Item, percent: float) -> None:
        """Every tracker of theirs that shows it and works. Returns at once; nothing is tried again."""
        if percent >= MOST or (action == "pause" and percent < LEAST):
            return
        wanted = set(viewers)
        for account, courier in self._couriers().items():
            if account[0] in wanted and courier.tracker.can.tells_playing and courier.health.report.state in WORKING:
                self._news[account] = _News(action, item, percent)
                if account not in self._tasks:
                    self._tasks[account] = asyncio.create_task(self._run(account))

    async def settled(self) -> None:
        """Wait until everything has been told."""
        while self._tasks:
            await asyncio.wait(self._tasks.values())

    async def aclose(self) -> None:
        """What is under way is broken off: nobody depends on it."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, account: AccountKey) -> None:
        try:
            while news := self._news.pop(account, None):
                await self._say(account, news)
        finally:
            del self._tasks[account]

    async def _say(self, account: AccountKey, news: _News) -> None:
        courier = self._couriers().get(account)
        if courier is None:
            return
        try:
            if await self._is_paused():
                return
            await courier.tracker.tells_playing.playing(news.action, news.item, news.percent)
        except TrackerError as error:
            log.info("not shown as playing", action="playing", account="/".join(account), why=error.reason)
        except Exception:  # the connections may be closed under it by a reload
            log.warning("not shown as playing", action="playing", account="/".join(account), exc_info=True)
