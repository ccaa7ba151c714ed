"""Any tracker, with the secrets masked in what it says went wrong."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, ParamSpec, TypeVar

from msgspec.structs import replace

from scrobbled.core.errors import TrackerError
from scrobbled.core.sending.room import Allowance
from scrobbled.core.words.checks import Check
from scrobbled.plumbing.redact import Redactor
from scrobbled.trackers.base import Adds, Amends, Foresees, Reads, Tracker
from scrobbled.trackers.offers import LibraryOffer, Offers
from scrobbled.trackers.telling import TellsPlaying
from scrobbled.trackers.wrapped import Wrapped

P = ParamSpec("P")
T = TypeVar("T")


class Masked(Wrapped):
    """``tracker`` itself but for its errors: services quote what they were sent, and reasons are stored and shown."""

    def __init__(self, tracker: Tracker, redactor: Redactor) -> None:
        super().__init__(tracker)
        self._mask = _Mask(redactor)

    async def sign_in(self) -> None:
        await self._mask(self._tracker.sign_in)()

    async def takes_itself(self, source: str) -> str:
        return await self._mask(self._tracker.takes_itself)(source)

    async def allowance(self) -> Allowance:
        return await self._mask(self._tracker.allowance)()

    async def examine(self) -> Sequence[Check]:
        return [replace(check, text=self._mask.text(check.text)) for check in await self._tracker.examine()]

    @property
    def adds(self) -> Adds:
        return _Adds(self._tracker.adds, self._mask)

    @property
    def reads(self) -> Reads:
        return _Reads(self._tracker.reads, self._mask)

    @property
    def amends(self) -> Amends:
        return _Amends(self._tracker.amends, self._mask)

    @property
    def foresees(self) -> Foresees:
        return _Foresees(self._tracker.foresees, self._mask)

    @property
    def tells_playing(self) -> TellsPlaying:
        return _TellsPlaying(self._tracker.tells_playing, self._mask)

    @property
    def offers(self) -> Offers:
        return _Offers(self._tracker.offers, self._mask)


class _Mask:
    """Makes of a call one whose errors are masked, those it raises and those among its results."""

    def __init__(self, redactor: Redactor) -> None:
        self.text = redactor.text

    def __call__(self, call: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
        async def masked(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                answer = await call(*args, **kwargs)
            except TrackerError as error:
                self._error(error)
                raise
            for result in answer if isinstance(answer, Sequence) else ():
                if isinstance(result, TrackerError):
                    self._error(result)
            return answer

        return masked

    def _error(self, error: TrackerError) -> None:
        error.reason = self.text(error.reason)
        error.args = (error.reason,)


class _Adds:
    def __init__(self, adds: Adds, mask: _Mask) -> None:
        self.delay = adds.delay
        self.locate = mask(adds.locate)
        self.add_plays = mask(adds.add_plays)
        self.find_plays = mask(adds.find_plays)


class _Reads:
    def __init__(self, reads: Reads, mask: _Mask) -> None:
        self.read = mask(reads.read)


class _Amends:
    def __init__(self, amends: Amends, mask: _Mask) -> None:
        self.locate_subject = mask(amends.locate_subject)
        self.amend = mask(amends.amend)


class _Foresees:
    def __init__(self, foresees: Foresees, mask: _Mask) -> None:
        self.survey = mask(foresees.survey)
        self.foresee = mask(foresees.foresee)


class _TellsPlaying:
    def __init__(self, tells_playing: TellsPlaying, mask: _Mask) -> None:
        self.playing = mask(tells_playing.playing)


class _Offers:
    def __init__(self, offers: Offers, mask: _Mask) -> None:
        self._offered, self._mask = mask(offers.offered), mask

    async def offered(self) -> LibraryOffer:
        """Why a server is silent is told as an error is."""
        found = await self._offered()
        return replace(found, silent=tuple(replace(one, why=self._mask.text(one.why)) for one in found.silent))
