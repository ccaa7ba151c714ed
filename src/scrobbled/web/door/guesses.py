"""Secrets in requests that were wrong: each after the first few has to wait, and a right one never comes here."""

from __future__ import annotations

import math
from typing import Any

from scrobbled.plumbing.clock import Clock
from scrobbled.web.door.access import Access
from scrobbled.web.door.sessions import Attempts


class Guesses:
    """By the address of who guesses, as far as it can be believed."""

    def __init__(self, access: Access, clock: Clock) -> None:
        self._access, self._attempts = access, Attempts(clock)

    def wrong(self, scope: Any) -> float:
        """One more; seconds that its caller has to wait before another one counts, 0 where this one was looked at."""
        address = self._access.caller(scope).address
        wait = self._attempts.wait(address)
        if not wait:
            self._attempts.failed(address)
        return wait


def later(seconds: float) -> dict[str, str]:
    """The header that says when it is worth asking again."""
    return {"Retry-After": str(math.ceil(seconds))}
