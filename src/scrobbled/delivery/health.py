"""How one account is, who is told about it, and how long it rests after trouble."""

from __future__ import annotations

import shlex
from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import StrEnum

import structlog
from msgspec import Struct

from scrobbled.alerts import Alerts, Trouble, full_list
from scrobbled.core.errors import AccountStopped, ContractDrift, LoginNeeded, NeverSignedIn, TrackerError, TryLater
from scrobbled.core.kinds import Kind
from scrobbled.core.sending.retry import Dice, backoff, probe
from scrobbled.core.words.outcomes import PLAY_NEXT_STEP, PlayOutcome, told
from scrobbled.plumbing.clock import Clock

TELL_AFTER = 120.0
"""Seconds of continuous failure before a tracker that does not answer is worth an alert."""
OUTAGE = 4
"""So many failures in a row are the service's trouble and not one change's."""
log = structlog.get_logger("health")


class HealthState(StrEnum):
    """How an account is. Everything but ``ok`` comes with a reason."""

    NEW = "new"
    OK = "ok"
    DOWN = "down"
    SIGN_IN = "sign-in"
    STOPPED = "stopped"
    DRIFT = "drift"


class HealthReport(Struct, frozen=True):
    """An account as ``status``, metrics and dashboard show it. ``since`` is when this state began."""

    viewer: str
    tracker: str
    state: HealthState
    reason: str
    since: datetime
    expires_at: datetime | None


FOR_THE_FIRST_SIGN_IN = 600.0
"""Seconds in which somebody who has just added an account signs in to it."""
Save = Callable[[HealthReport], Awaitable[None]]


IsNew = Callable[[], Awaitable[bool]]


async def _is_new() -> bool:
    return True


class Health:
    """State of one account. Changes are logged, saved and told once each; waiting uses monotonic seconds."""

    def __init__(
        self,
        viewer: str,
        tracker: str,
        site: str,
        *,
        alerts: Alerts,
        clock: Clock,
        save: Save,
        patience: float = 0.0,
        is_new: IsNew = _is_new,
    ) -> None:
        """``patience`` is how many seconds somebody has for the first sign-in, before anybody is told of it.

        ``is_new`` says whether nothing was ever saved of this account: one that worked before is no such case.
        """
        self._patience, self._asked_at, self._is_new = patience, -1.0, is_new
        self._alerts, self._clock, self._save, self._site = alerts, clock, save, site
        self._failures = 0
        self._probes = 0
        self._until = 0.0
        self._down_since: float | None = None
        self.report = HealthReport(viewer, tracker, HealthState.NEW, "", clock.now(), None)

    @property
    def subject(self) -> str:
        return f"{self.report.viewer}/{self.report.tracker}"

    @property
    def in_trouble(self) -> bool:
        """The last thing that was asked of the account as a whole failed."""
        return self.report.state not in (HealthState.NEW, HealthState.OK)

    @property
    def in_outage(self) -> bool:
        return self._failures >= OUTAGE

    def pause(self, monotonic: float) -> float:
        """Seconds this account still rests."""
        return max(0.0, self._until - monotonic)

    def try_now(self) -> None:
        """Somebody did something about it: a new sign-in, or a retry by hand."""
        self._until = 0.0
        self._probes = 0

    async def trouble(self, error: TrackerError, monotonic: float, dice: Dice) -> None:
        """Book a failure that concerns the whole account, and rest."""
        left = self._time_to_sign_in(monotonic) if isinstance(error, NeverSignedIn) else 0.0
        if left > 0.0 and await self._is_new():
            self._until = monotonic + min(left, probe(0))
            return
        self._failures += 1
        if isinstance(error, TryLater):
            self._until = monotonic + backoff(self._failures, dice, asked=error.after)
            if self._down_since is None:
                self._down_since = monotonic
            await self._turn(HealthState.DOWN, error.reason)
            if monotonic - self._down_since >= TELL_AFTER:
                await self._alerts.report(self._trouble_text(HealthState.DOWN, error.reason))
            return
        self._probes += 1
        self._until = monotonic + probe(self._probes)
        state = next((state for kind, state in _STATES.items() if isinstance(error, kind)), HealthState.STOPPED)
        await self._turn(state, error.reason)
        await self._alerts.report(self._trouble_text(state, error.reason))

    def _time_to_sign_in(self, monotonic: float) -> float:
        """Seconds, where this account has only just been added and nothing is known of it."""
        if self.report.state is not HealthState.NEW:
            return 0.0
        if self._asked_at < 0.0:
            self._asked_at = monotonic
        return self._asked_at + self._patience - monotonic

    async def success(self, expires_at: datetime | None) -> bool:
        """The service did what was asked. True when that ends an outage, so that what was put off may go now."""
        if self.report.state is not HealthState.OK or expires_at not in (None, self.report.expires_at):
            for state in (HealthState.DOWN, HealthState.SIGN_IN, HealthState.STOPPED, HealthState.DRIFT):
                await self._alerts.recovered(
                    state, self.subject, f"{self.subject} works again", "What waited is being delivered."
                )
            await self._turn(HealthState.OK, "", expires_at)
        was_outage = self.in_outage
        self._failures, self._probes, self._down_since, self._until = 0, 0, None, 0.0
        return was_outage

    async def was_read(self, expires_at: datetime | None) -> None:
        """It answered whoever reads it: then a sign-in is good again, and nothing more is said by it of deliveries."""
        if self.report.state is HealthState.SIGN_IN:
            await self.success(expires_at)

    async def needs_a_person(
        self, outcome: PlayOutcome, label: str, reason: str, *, thing: str = "play", done: str = "delivered"
    ) -> None:
        """A play, or another ``thing``, that only a person can help along; told grouped, not one by one.

        ``label`` names it, and ``done`` is what it was not.
        """
        await self._alerts.report(
            Trouble(
                kind=str(outcome),
                subject=self.subject,
                title=f"{self.subject}: a {thing} needs you",
                text=f"{label} was not {done} ({outcome}): {reason.rstrip('.')}. {PLAY_NEXT_STEP[outcome]}",
                viewer=self.report.viewer,
                link="/#needs",
            )
        )

    async def list_closed(self, kind: Kind, text: str) -> None:
        """A list of the account takes nothing more. The account as such works."""
        await self._alerts.report(full_list(self.report.viewer, self.report.tracker, kind, text))

    async def _turn(self, state: HealthState, reason: str, expires_at: datetime | None = None) -> None:
        """Holds once it is saved: where that fails, the next time is news again."""
        before = self.report
        since = before.since if before.state is state else self._clock.now()
        found = HealthReport(before.viewer, before.tracker, state, reason, since, expires_at or before.expires_at)
        if before != found:
            await self._save(found)
        self.report = found
        if before.state is not state:
            level = log.info if state is HealthState.OK else log.warning
            level("account", action="health", account=self.subject, state=state, why=reason or None)

    def _trouble_text(self, state: HealthState, reason: str) -> Trouble:
        title, advice = _WORDS[state]
        if state is HealthState.SIGN_IN and "scrobbled auth" not in reason:
            reason = f"{told(reason)} Sign in again on the page, or run: {sign_in_command(self.report)}"
        return Trouble(
            kind=str(state),
            subject=self.subject,
            title=title.format(account=self.subject),
            text=f"{told(reason)} {advice.format(site=self._site)}",
            viewer=self.report.viewer,
            link="/#needs" if state is HealthState.SIGN_IN else "/#accounts",
        )


def sign_in_command(report: HealthReport) -> str:
    return f"scrobbled auth {report.tracker} --viewer {shlex.quote(report.viewer)}"


_STATES: dict[type[TrackerError], HealthState] = {
    LoginNeeded: HealthState.SIGN_IN,
    AccountStopped: HealthState.STOPPED,
    ContractDrift: HealthState.DRIFT,
}
_KEPT = "Plays are kept and will be sent when it works again."
_WORDS = {
    HealthState.DOWN: (
        "{account} does not answer",
        f"{_KEPT} It is tried again every minute, so there is nothing to do.",
    ),
    HealthState.SIGN_IN: ("{account} needs you to sign in", _KEPT),
    HealthState.STOPPED: (
        "{account} is shut out",
        f"{_KEPT} Look at your account on {{site}}; to try at once run: scrobbled queue retry",
    ),
    HealthState.DRIFT: (
        "{account} answers in a way we do not know",
        f"Writing there has stopped, so that nothing is damaged. {_KEPT} It is tried again by itself, at least every "
        "hour, and often that is all it takes; if it lasts for a day, check for an update of scrobbled.",
    ),
}
