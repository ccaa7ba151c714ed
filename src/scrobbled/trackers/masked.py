"""Any tracker, with the secrets masked in what it says went wrong."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, cast

from msgspec.structs import replace

from scrobbled.core.checkup import Check
from scrobbled.core.errors import TrackerError
from scrobbled.core.items import Item
from scrobbled.core.records import Kind, Reading, Subject
from scrobbled.redact import Redactor
from scrobbled.trackers.base import (
    Addition,
    Address,
    Amends,
    Capabilities,
    Edit,
    Foresees,
    Known,
    Reads,
    Receipt,
    Result,
    Sending,
    TellsPlaying,
    Tracker,
)


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
        return self._masked(results)

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

    async def read(self, kinds: frozenset[Kind], cursor: Mapping[str, Any], known: Known, *, full: bool) -> Reading:
        """Only where ``can.reads``."""
        with self._masking():
            return await cast(Reads, self._tracker).read(kinds, cursor, known, full=full)

    async def locate_subject(self, subject: Subject) -> Address:
        """Only where ``can.amends``."""
        with self._masking():
            return await cast(Amends, self._tracker).locate_subject(subject)

    async def amend(self, edits: Sequence[Edit]) -> Sequence[Result]:
        """Only where ``can.amends``."""
        with self._masking():
            results = await cast(Amends, self._tracker).amend(edits)
        return self._masked(results)

    async def survey(self, items: Sequence[Item]) -> None:
        """Only where ``can.ahead`` is above 1."""
        with self._masking():
            await cast(Foresees, self._tracker).survey(items)

    async def foresee(self, addresses: Sequence[Address]) -> None:
        """Only where ``can.ahead`` is above 1."""
        with self._masking():
            await cast(Foresees, self._tracker).foresee(addresses)

    async def aclose(self) -> None:
        await self._tracker.aclose()

    def _masked(self, results: Sequence[Result]) -> Sequence[Result]:
        for result in results:
            if isinstance(result, TrackerError):
                self._mask(result)
        return results

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
