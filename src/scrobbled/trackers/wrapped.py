"""Any tracker, handed on part by part: what a wrapper begins with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from scrobbled.core.sending.room import Allowance
from scrobbled.core.words.checks import Check
from scrobbled.trackers.base import Address, Adds, Amends, Foresees, Reads, Tracker
from scrobbled.trackers.capabilities import Capabilities
from scrobbled.trackers.locating import LocateBeyond
from scrobbled.trackers.offers import Offers
from scrobbled.trackers.telling import TellsPlaying


class Wrapped(Tracker):
    """``tracker`` itself. A wrapper overrides the parts it changes, and only those."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker

    @property
    def can(self) -> Capabilities:
        return self._tracker.can

    async def sign_in(self) -> None:
        await self._tracker.sign_in()

    def expires_at(self) -> datetime | None:
        return self._tracker.expires_at()

    async def allowance(self) -> Allowance:
        return await self._tracker.allowance()

    def roots(self) -> Mapping[str, str]:
        return self._tracker.roots()

    async def examine(self) -> Sequence[Check]:
        return await self._tracker.examine()

    async def takes_itself(self, source: str) -> str:
        return await self._tracker.takes_itself(source)

    async def aclose(self) -> None:
        await self._tracker.aclose()

    @property
    def adds(self) -> Adds:
        return self._tracker.adds

    @property
    def reads(self) -> Reads:
        return self._tracker.reads

    @property
    def amends(self) -> Amends:
        return self._tracker.amends

    @property
    def beyond(self) -> LocateBeyond[Address]:
        return self._tracker.beyond

    @property
    def foresees(self) -> Foresees:
        return self._tracker.foresees

    @property
    def tells_playing(self) -> TellsPlaying:
        return self._tracker.tells_playing

    @property
    def offers(self) -> Offers:
        return self._tracker.offers
