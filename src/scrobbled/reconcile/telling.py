"""What people are told of runs unasked: that a plan wants their yes, and that a pair cannot be compared for long."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from scrobbled.alerts import Alerts, Trouble, full_list
from scrobbled.config import Config
from scrobbled.core.agreeing.plan import Side, of_side
from scrobbled.core.kinds import KINDS, Kind
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.metrics import Metrics, Sample
from scrobbled.reconcile.pairs import Sides, wired
from scrobbled.reconcile.run import Ended
from scrobbled.store.mirror import runs
from scrobbled.trackers import can_be_compared

TELL_AFTER = 24 * 3_600.0
"""Seconds without a run that succeeded, after which people are told."""


def prepare(metrics: Metrics, config: Config, accounts: Mapping[tuple[str, str], Any]) -> None:
    """Start the counters of every pair at zero; those that count already go on."""
    actions = [words.action for kind in KINDS.values() if can_be_compared(kind.name) for words in kind.actions]
    for one in wired(config, accounts):
        metrics.prepare_pair(one.sides.viewer, one.sides.pair, actions)


class Teller:
    """Whoever asked for a run is told by its end; of the others, ``alerts`` tell."""

    def __init__(self, alerts: Alerts, metrics: Metrics, clock: Clock) -> None:
        self._alerts, self._clock = alerts, clock
        self._succeeded: dict[tuple[str, str], float] = {}
        text = "When a pair was last reconciled without trouble"
        metrics.watch("reconcile_last_success_timestamp_seconds", text, ("viewer", "pair"), self._successes)

    def remember(self, db: sqlite3.Connection, pairs: Iterable[Sides]) -> None:
        """What was before this process."""
        ends = {(one.viewer, one.pair): runs.latest_success(db, one.viewer, one.pair) for one in pairs}
        self._succeeded = {key: at for key, at in ends.items() if at is not None}

    async def tell(self, sides: Sides, ended: Ended, *, unasked: bool) -> None:
        subject = f"{sides.viewer}/{sides.pair}"
        now, key = self._clock.now().timestamp(), (sides.viewer, sides.pair)
        if ended.outcome == "approval" and unasked:
            await self._alerts.report(_wants_a_yes(sides, ended))
        elif ended.outcome in ("done", "nothing", "incomplete"):
            await self._alerts.recovered("plan", subject, f"{subject}: the plan needs no answer any more", "")
        for (side, kind), held in ended.without_room.items():
            await self._tell_room(sides, side, kind, held)
        if ended.outcome in ("done", "nothing"):
            self._succeeded[key] = now
            await self._alerts.recovered("pair", subject, f"{subject} could be compared again", "")
        elif ended.outcome == "failed" and now - self._succeeded.setdefault(key, now) > TELL_AFTER:
            await self._alerts.report(_fails(sides, ended))

    async def _tell_room(self, sides: Sides, side: Side, kind: Kind, held: int) -> None:
        account = "/".join(sides.account(side))
        if held:
            text = f"{held:,} wait for room in the {kind} of {of_side(sides.called, side)}"
            await self._alerts.report(full_list(*sides.account(side), kind, text))
        else:
            await self._alerts.recovered(
                "limit", f"{account}/{kind}", f"{account}: nothing waits for room in the {kind} any more", ""
            )

    def _successes(self) -> list[Sample]:
        return [(key, at) for key, at in self._succeeded.items()]


def _wants_a_yes(sides: Sides, ended: Ended) -> Trouble:
    """A plan that nobody asked for waits for a person."""
    return Trouble(
        kind="plan",
        subject=f"{sides.viewer}/{sides.pair}",
        title=f"{sides.viewer}: a plan for {' and '.join(sides.called)} needs your approval",
        text=f"{ended.reason}. Nothing is changed until then. To look at it, run: scrobbled sync --viewer "
        f"{sides.viewer} --pair {sides.pair} --dry-run; to approve it: scrobbled sync --viewer {sides.viewer} "
        f"--pair {sides.pair} --plan {ended.plan_id}",
        viewer=sides.viewer,
        link="/sync",
    )


def _fails(sides: Sides, ended: Ended) -> Trouble:
    """For a day no run came to its end."""
    return Trouble(
        kind="pair",
        subject=f"{sides.viewer}/{sides.pair}",
        title=f"{sides.viewer}: {' and '.join(sides.called)} could not be compared for a day",
        text=f"{ended.reason}. Plays that come by webhook are not affected.",
        viewer=sides.viewer,
        link="/sync",
    )
