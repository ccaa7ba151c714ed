"""How asking one server goes: shown by ``/health/ready``, kept for doctor, and told where a person has to act."""

from __future__ import annotations

import contextlib
from typing import Literal

import structlog

from scrobbled.alerts import Alerts, Trouble
from scrobbled.core.errors import LoginNeeded, StoreError, TrackerError, TryLater
from scrobbled.plumbing.clock import Clock
from scrobbled.store import Store
from scrobbled.store.inbox import cursors
from scrobbled.store.inbox.cursors import ServerState

ListeningMode = Literal["poll", "live"]
KIND = "server"
TELL_AFTER = 86_400.0
"""Seconds without an answer; servers at home are switched off at night."""
OK, NEW, DOWN, SIGN_IN, DRIFT = "ok", "new", "down", "sign-in", "drift"
log = structlog.get_logger("servers")
_WORDS = {
    "poll": "scrobbled asks it what was watched, to make up for webhooks that were lost. Webhooks still count.",
    "live": "What is watched there meanwhile is heard by its webhooks alone, where it has any.",
}


class Condition:
    """Of one way of asking one source. ``state`` is ``new``, ``ok``, ``down``, ``sign-in`` or ``drift``."""

    def __init__(self, source: str, way: ListeningMode, *, store: Store, alerts: Alerts, clock: Clock) -> None:
        self.source, self.way = source, way
        self._store, self._alerts, self._clock = store, alerts, clock
        self._last_good = clock.monotonic()
        self.state, self.reason = NEW, ""

    @property
    def name(self) -> str:
        """``plex poll``, ``plex live``."""
        return f"{self.source} {self.way}"

    async def good(self, reason: str = "") -> None:
        """It answered; ``reason`` is what there is to say all the same."""
        before, self._last_good = self.state, self._clock.monotonic()
        await self._turn(OK, reason)
        if before == OK:
            return
        with contextlib.suppress(StoreError):
            await self._alerts.recovered(KIND, self.name, f"{self.source}: the media server answers again", "")

    async def bad(self, error: TrackerError) -> None:
        """It did not do what was asked. Who is told of a server that does not answer, has waited a day."""
        state = SIGN_IN if isinstance(error, LoginNeeded) else DOWN if isinstance(error, TryLater) else DRIFT
        await self._turn(state, error.reason)
        if state != DOWN or self._clock.monotonic() - self._last_good >= TELL_AFTER:
            with contextlib.suppress(StoreError):
                await self._alerts.report(
                    Trouble(
                        kind=KIND,
                        subject=self.name,
                        title=f"{self.source}: the media server cannot be asked",
                        text=f"{error.reason.rstrip('.')}. {_WORDS[self.way]}",
                    )
                )

    async def _turn(self, state: str, reason: str) -> None:
        if (state, reason) == (self.state, self.reason):
            return
        if state != self.state:
            level = log.info if state == OK else log.warning
            level("media server", action="ask", source=self.source, way=self.way, state=state, why=reason or None)
        self.state, self.reason = state, reason
        told = ServerState(self.source, self.way, state, reason, self._clock.now().timestamp())
        with contextlib.suppress(StoreError):
            await self._store.write(lambda db: cursors.save_state(db, told))
