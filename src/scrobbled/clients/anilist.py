"""AniList: one address, one pace for all that ask there, and what its refusals mean.

Success is a 2xx without ``errors`` in which the part that was asked for is there: an answer of 200 may carry errors
beside half of the data, and then nothing of it counts. No failure is ever "nothing new".
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Mapping
from typing import Any

from scrobbled.core.errors import AccountStopped, ContractDrift, LoginNeeded, TrackerError, TryLater
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.http import Answer, Http
from scrobbled.plumbing.pace import Pace

API = "https://graphql.anilist.co"
A_MINUTE, BURST, AT_ONCE = 25, 3.0, 3
"""Requests. It cuts off at 30 while its headers speak of 90, and has a limit for bursts that nobody documents."""
REST, SLOWED = 60.0, 900.0
"""Seconds to wait after a refusal that does not say how long, and for which it goes at half the pace after any."""
TRIES = 3
"""Of one query that is refused for coming too soon."""
DISABLED = 900.0
"""Seconds after which to try again where the whole service says that it is switched off."""
SIGN_IN = "AniList does not accept this token: it is older than a year, revoked, or not pasted whole. Make a new one"


class AniListPace:
    """Whoever somebody waits for goes first; the others in the order in which they came."""

    def __init__(self, clock: Clock, a_minute: int = A_MINUTE) -> None:
        self._clock = clock
        self._usual = self._told = a_minute
        self._numbers = itertools.count()
        self._waiting: list[tuple[bool, int]] = []
        self._in_flight = 0
        self._until = self._slow_until = clock.monotonic()
        self._pace = Pace(clock, every=60.0 / a_minute, burst=BURST)
        self._moved = asyncio.Event()

    @contextlib.asynccontextmanager
    async def turn(self, *, awaited: bool) -> AsyncIterator[None]:
        """For one request, from before it is sent until it is answered."""
        me = (not awaited, next(self._numbers))
        self._waiting.append(me)
        try:
            await self._my_turn(me)
            self._in_flight += 1
        finally:
            self._waiting.remove(me)
            self._move()
        try:
            yield
        finally:
            self._in_flight -= 1
            self._move()

    def learn(self, headers: Mapping[str, str]) -> None:
        """A lower limit than ours is obeyed, and a higher one not believed."""
        told = headers.get("x-ratelimit-limit", "").strip()
        if told.isdecimal():
            self._told = max(1, min(self._usual, int(told)))

    def refused(self, after: float | None) -> None:
        """Too many were sent; ``after`` is how many seconds the service wants to rest, where it says so."""
        self._until = self._clock.monotonic() + (REST if after is None else after)
        self._slow_until = self._until + SLOWED

    async def _my_turn(self, me: tuple[bool, int]) -> None:
        while True:
            moved = self._moved
            if min(self._waiting) != me or self._in_flight >= AT_ONCE:
                await moved.wait()
            elif wait := self._delay():
                await self._clock.wait(moved, wait)
            else:
                return await self._pace.turn()

    def _delay(self) -> float:
        """Seconds until a request may be sent."""
        now = self._clock.monotonic()
        if now < self._until:
            return self._until - now
        self._pace.keep_to(60.0 / self._told * (2.0 if now < self._slow_until else 1.0))
        wait = self._pace.delay()
        return wait if wait > 1e-6 else 0.0

    def _move(self) -> None:
        """Everybody who waits looks again whether it is their turn."""
        self._moved.set()
        self._moved = asyncio.Event()


class AniList:
    """What one person, or nobody in particular, asks there. Everything raises ``TrackerError``: ``LoginNeeded`` for a
    token that is refused and a list that is private, ``AccountStopped`` for a user who is not there, ``ContractDrift``
    where it does not know what we ask for, ``TryLater`` for everything else.
    """

    def __init__(self, http: Http, pace: AniListPace, token: str = "", *, at: str = "") -> None:
        self._http, self._pace = http.at(at or API), pace
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def ask(self, query: str, part: str, variables: Mapping[str, Any], *, awaited: bool = False) -> Any:
        """The ``part`` of the root that ``query`` asks for, which is there. A query changes nothing, so that one that
        was refused for coming too soon is asked again.
        """
        body = {"query": query, "variables": dict(variables)}
        for _ in range(TRIES - 1):
            with contextlib.suppress(_TooSoon):
                return _part(await self._send(body, awaited=awaited), part)
        return _part(await self._send(body, awaited=awaited), part)

    async def _send(self, body: Mapping[str, Any], *, awaited: bool) -> Answer:
        async with self._pace.turn(awaited=awaited):
            try:
                answer = await self._http.send("POST", "", json=body, headers=self._headers)
            except TryLater as error:
                if not error.limited:
                    raise
                self._pace.refused(error.after)
                raise _TooSoon(str(error), after=error.after, limited=True) from error
            self._pace.learn(answer.headers)
            return answer


class _TooSoon(TryLater):
    """429."""


def _part(answer: Answer, name: str) -> Any:
    if answer.is_html:
        raise TryLater(f"{answer.what} answered {answer.status} with a web page")
    told = answer.json()
    if not isinstance(told, dict):
        raise ContractDrift(f"{answer.what} answered {answer.status} without data and without errors")
    if not answer.ok or told.get("errors"):
        raise _refusal(answer, told.get("errors"))
    data = told.get("data")
    if not isinstance(data, dict) or data.get(name) is None:
        raise TryLater(f"{answer.what} answered {answer.status} without the part {name} that was asked for")
    return data[name]


def _refusal(answer: Answer, errors: Any) -> TrackerError:
    """Of the first error that it names; the answer's own status counts where that names none."""
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    said = str(first.get("message") or "")
    told = first.get("status")
    status = told if isinstance(told, int) else answer.status
    words, shown = said.casefold(), f" ({said[:120]})" if said else ""
    if status == 401 or "invalid token" in words:
        return LoginNeeded(SIGN_IN)
    if "private user" in words:
        return LoginNeeded("this list on AniList is private: sign in as its owner, or make it public there")
    if "user not found" in words:
        return AccountStopped("AniList knows no user of that name: correct it in the configuration")
    if status == 403:
        return TryLater(f"AniList is switched off for now (403){shown}", after=DISABLED)
    if status == 429 or status >= 500 or answer.ok:
        return TryLater(f"{answer.what} answered {answer.status} with an error{shown}")
    return ContractDrift(f"{answer.what} answered {status}{shown}")
