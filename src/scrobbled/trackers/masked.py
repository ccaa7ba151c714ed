"""Any tracker, with the secrets masked in what it says went wrong."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal, cast

from scrobbled.core.checkup import Check
from scrobbled.core.errors import TrackerError
from scrobbled.core.items import Item
from scrobbled.redact import Redactor
from scrobbled.trackers.base import Addition, Address, Capabilities, Receipt, Result, Sending, TellsPlaying, Tracker


class Masked:
    """``tracker`` itself but for its errors: services quote what they were sent, and reasons are stored and shown."""

    def __init__(self, tracker: Tracker, redactor: Redactor) -> None:
        self._tracker, self._redactor = tracker, redactor

    @property
    def can(self) -> Capabilities:
        return self._tracker.can

    async def locate(self, item: Item) -> Address:
        with self._masking():
            return await self._tracker.locate(item)

    def delay(self) -> float:
        return self._tracker.delay()

    async def add_plays(self, plays: Sequence[Addition], sending: Sending) -> Sequence[Result]:
        with self._masking():
            results = await self._tracker.add_plays(plays, sending)
        for result in results:
            if isinstance(result, TrackerError):
                self._mask(result)
        return results

    async def find_plays(self, plays: Sequence[Addition]) -> Sequence[Receipt | None]:
        with self._masking():
            return await self._tracker.find_plays(plays)

    async def sign_in(self) -> None:
        with self._masking():
            await self._tracker.sign_in()

    def expires_at(self) -> datetime | None:
        return self._tracker.expires_at()

    def roots(self) -> Mapping[str, str]:
        return self._tracker.roots()

    async def examine(self) -> Sequence[Check]:
        return [replace(check, text=self._redactor.text(check.text)) for check in await self._tracker.examine()]

    async def playing(self, action: Literal["start", "pause"], item: Item, percent: float) -> None:
        """Only where ``can.tells_playing``."""
        with self._masking():
            await cast(TellsPlaying, self._tracker).playing(action, item, percent)

    async def aclose(self) -> None:
        await self._tracker.aclose()

    @contextlib.contextmanager
    def _masking(self) -> Iterator[None]:
        try:
            yield
        except TrackerError as error:
            self._mask(error)
            raise

    def _mask(self, error: TrackerError) -> None:
        error.reason = self._redactor.text(error.reason)
        error.args = (error.reason,)
