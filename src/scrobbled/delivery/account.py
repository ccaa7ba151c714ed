"""The account that is written to: whether it can be asked now, and what its trouble and its recovery mean for all."""

from __future__ import annotations

import random

from scrobbled.core.errors import TrackerError, TryLater
from scrobbled.core.sending.judge import Later
from scrobbled.core.sending.retry import LOOK_UP_BACKOFF, backoff, own_wait
from scrobbled.delivery.health import Health
from scrobbled.plumbing.clock import Clock
from scrobbled.store.file.database import Store
from scrobbled.store.queue import amendments, outbox
from scrobbled.trackers.base import Tracker

SIGN_IN_EVERY = 3_600.0


class TrackerAccount:
    """One viewer's account at one tracker, as everything here that asks or changes it knows it."""

    def __init__(
        self, tracker: Tracker, health: Health, *, store: Store, clock: Clock, random_seed: int | None = None
    ) -> None:
        self.tracker, self.health, self.store, self.clock = tracker, health, store, clock
        self.viewer, self.name = health.report.viewer, health.report.tracker
        self._dice = random.Random(random_seed).random
        self._signed_in_at: float | None = None

    def now(self) -> float:
        """Unix seconds."""
        return self.clock.now().timestamp()

    def rests(self) -> float:
        """Seconds in which nothing is asked of it, because of trouble."""
        return self.health.pause(self.clock.monotonic())

    def try_now(self) -> None:
        """Somebody signed in, or wants a retry: rest no longer, and look at the sign-in again."""
        self.health.try_now()
        self._signed_in_at = None

    async def trouble(self, error: TrackerError) -> None:
        await self.health.trouble(error, self.clock.monotonic(), self._dice)

    async def succeeded(self) -> None:
        """It did what was asked. After an outage, what was put off because of it is due now."""
        if await self.health.success(self.tracker.expires_at()):
            await self.store.write(
                lambda db: (
                    outbox.release(db, self.viewer, self.name),
                    amendments.release(db, self.viewer, self.name),
                )
            )

    def sign_in_is_due(self) -> bool:
        last = self._signed_in_at
        # in trouble it is also the question whether the service answers again: asking harms nothing, unlike a write
        return self.health.in_trouble or last is None or self.clock.monotonic() - last >= SIGN_IN_EVERY

    async def sign_in(self) -> bool:
        """Keep the sign-in alive ahead of need; true when it is, and where it failed, that is booked.

        It may need no request at all, so it ends no trouble while there is a change whose delivery can tell.
        """
        try:
            await self.tracker.sign_in()
        except TrackerError as error:
            await self.trouble(error)
            return False
        self._signed_in_at = self.clock.monotonic()
        if not self.health.in_trouble:
            await self.succeeded()
        return True

    async def not_looked_up(self, error: TrackerError, attempts: int) -> Later | None:
        """What becomes of a change with so many attempts; ``None`` where the account is in trouble, which is booked."""
        if not isinstance(error, TryLater):
            await self.trouble(error)
        elif await self.sign_in():
            # whoever was asked about this one is down, and the account is fine, so others go on
            wait = backoff(attempts + 1, self._dice, asked=error.after, longest=LOOK_UP_BACKOFF)
            return Later(error.coded, wait)
        return None

    def put_off(self, error: TrackerError, attempts: int) -> Later:
        """A change with so many attempts, where trouble is none of the account: see ``Capabilities.beyond``."""
        after = error.after if isinstance(error, TryLater) else None
        return Later(error.coded, backoff(attempts + 1, self._dice, asked=after, longest=LOOK_UP_BACKOFF))

    def own_wait(self, attempts: int) -> float:
        """Seconds that a change waits which failed so often, beside those that the account rests."""
        return own_wait(attempts, self._dice, in_outage=self.health.in_outage)

    async def waits(self) -> bool:
        """Whether a change is on its way to it, due or put off."""
        whose = self.viewer, self.name
        return await self.store.read(lambda db: outbox.waits(db, *whose) or amendments.waits(db, *whose))
