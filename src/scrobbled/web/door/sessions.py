"""Who has signed in, and who has tried too often."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable

from msgspec import Struct

from scrobbled.plumbing.clock import Clock
from scrobbled.store.accounts.page_sessions import SessionRow
from scrobbled.web.door.headers import place_of

IDLE = 7 * 86_400.0
"""Seconds without a request after which a session ends."""
ABSOLUTE = 30 * 86_400.0
"""Seconds after which a session ends in any case."""
MOST_SESSIONS = 1_000
FREE_TRIES = 2
"""A slip of the finger costs no waiting."""
LONGEST_WAIT = 900.0
FORGIVEN_AFTER = 3_600.0
MOST_ADDRESSES = 4_096
MOST_WAITING = 40
"""Tries that may wait for their turn; a hash takes some 50 ms."""
A_MOMENT = 2.0


class _Session(Struct, frozen=True):
    began: float
    used: float


class Sessions:
    """Open sessions. Only a hash of each id is kept, so that memory and disk hold nothing to sign in with.

    ``login`` is what they were opened with: where it is another one, none of them is known any more.
    """

    def __init__(self, clock: Clock, login: str = "") -> None:
        self._clock, self._login = clock, login.encode("utf-8", "surrogatepass")
        self._open: OrderedDict[bytes, _Session] = OrderedDict()

    @property
    def rows(self) -> list[SessionRow]:
        """To be kept over a restart; those used least recently first."""
        return [(key, session.began, session.used) for key, session in self._open.items()]

    def restore(self, rows: Iterable[SessionRow]) -> None:
        """Those of before, behind what was opened since."""
        before = {key: _Session(began, used) for key, began, used in rows}
        self._open = OrderedDict({**before, **self._open})

    def begin(self) -> str:
        """A new session's id, 256 random bits."""
        id_, now = secrets.token_urlsafe(32), self._now()
        self._open[self._key(id_)] = _Session(now, now)
        while len(self._open) > MOST_SESSIONS:
            self._open.popitem(last=False)
        return id_

    def is_open(self, ids: Iterable[str]) -> bool:
        """Whether one of these is a session; that keeps it from going idle."""
        return any(self._use(self._key(id_)) for id_ in ids)

    def end(self, ids: Iterable[str]) -> None:
        for id_ in ids:
            self._open.pop(self._key(id_), None)

    def _use(self, key: bytes) -> bool:
        session, now = self._open.pop(key, None), self._now()
        if session is None or now - session.used >= IDLE or now - session.began >= ABSOLUTE:
            return False
        self._open[key] = _Session(session.began, now)
        return True

    def _key(self, id_: str) -> bytes:
        return hashlib.sha256(b"\0".join([id_.encode("utf-8", "surrogatepass"), self._login])).digest()

    def _now(self) -> float:
        """By the wall, as sessions outlive the process."""
        return self._clock.now().timestamp()


class _Tries(Struct, frozen=True):
    failed: int
    last: float
    until: float


class TooSoon(Exception):
    """A try that is not looked at before so many ``seconds`` are over."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Attempts:
    """Failed sign-ins by address: each one after the first few doubles the wait until the next is looked at."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._by_place: OrderedDict[str, _Tries] = OrderedDict()
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def tried(self, address: str, fits: Callable[[], bool]) -> bool:
        """Whether it ``fits``, which is called in a thread and noted. Raises ``TooSoon``.

        One after the other, whoever tries: many at once get no more tries than one after the other, and keep neither
        the processor nor the threads from everything else.
        """
        if self._waiting >= MOST_WAITING:
            raise TooSoon(A_MOMENT)
        self._waiting += 1
        try:
            async with self._turn:
                return await self._judged(address, fits)
        finally:
            self._waiting -= 1

    async def _judged(self, address: str, fits: Callable[[], bool]) -> bool:
        if wait := self.wait(address):
            raise TooSoon(wait)
        does_fit = await asyncio.to_thread(fits)
        (self.succeeded if does_fit else self.failed)(address)
        return does_fit

    def wait(self, address: str) -> float:
        """Seconds until somebody there may try again; 0 for now."""
        tries = self._by_place.get(place_of(address))
        return max(0.0, tries.until - self._clock.monotonic()) if tries else 0.0

    def failed(self, address: str) -> None:
        place, now = place_of(address), self._clock.monotonic()
        before = self._by_place.pop(place, None)
        forgiven = before is None or now - before.last >= FORGIVEN_AFTER
        count = 1 if before is None or forgiven else before.failed + 1
        wait = 0.0 if count <= FREE_TRIES else min(LONGEST_WAIT, 2.0 ** min(count - FREE_TRIES, 20))
        self._by_place[place] = _Tries(count, now, now + wait)
        while len(self._by_place) > MOST_ADDRESSES:
            self._by_place.popitem(last=False)

    def succeeded(self, address: str) -> None:
        self._by_place.pop(place_of(address), None)
