"""Notices a wrong clock: plays are dated by it, and what is old enough to be thrown away is judged by it."""

from __future__ import annotations

from datetime import datetime

from scrobbled.alerts import Alerts, Trouble
from scrobbled.alerts.wording import span
from scrobbled.plumbing.clock import Clock

WRONG = 120.0
"""Seconds away from what services say that are worth an alert."""
MISLEADING = 3_600.0
"""Seconds from which on nothing is thrown away for its age."""
KIND, SUBJECT = "clock", "this machine"


class ClockWatch:
    """Compares our clock with others' (the ``Date`` of every answer), and in between with time that never jumps."""

    def __init__(self, clock: Clock, alerts: Alerts) -> None:
        self._clock, self._alerts = clock, alerts
        self._then, self._ahead_then = self._lead(), 0.0
        self._was_wrong: bool | None = None

    def heard(self, date: datetime, seconds: float) -> None:
        """A service answered after ``seconds`` that it was ``date``, which is told in whole seconds."""
        ahead = (self._clock.now() - date).total_seconds()
        self._then, self._ahead_then = self._lead(), 0.0 if -1.0 <= ahead <= seconds + 1.0 else ahead

    @property
    def ahead(self) -> float:
        """Seconds by which our clock is ahead, as far as can be known; negative where it is behind.

        Before a service was heard it is how far the clock has jumped since we began.
        """
        return self._ahead_then + self._lead() - self._then

    @property
    def is_misleading(self) -> bool:
        return abs(self.ahead) >= MISLEADING

    async def look(self) -> None:
        """Tell when the clock is wrong, and when it is right again. Raises ``StoreError``."""
        wrong = abs(self.ahead) >= WRONG
        if wrong:
            await self._alerts.report(self._trouble())
        elif self._was_wrong is not False:
            await self._alerts.recovered(KIND, SUBJECT, "The clock is right again", "Plays are dated rightly.")
        self._was_wrong = wrong

    def _lead(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic()

    def _trouble(self) -> Trouble:
        way = "ahead" if self.ahead > 0 else "behind"
        return Trouble(
            kind=KIND,
            subject=SUBJECT,
            title=f"The clock of this machine is {span(abs(self.ahead))} {way}",
            text="Plays that come in now are dated wrongly unless the media server tells their time. Nothing is thrown "
            "away meanwhile. Set the clock, or switch on time synchronisation (NTP); scrobbled doctor shows what it "
            "is compared with.",
        )
