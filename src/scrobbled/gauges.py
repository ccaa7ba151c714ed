"""Metrics that are states and not counts: asked for at every scrape."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from scrobbled.clock import Clock
from scrobbled.core.outcomes import WAITING, PlayOutcome
from scrobbled.deliver import Courier
from scrobbled.health import State
from scrobbled.metrics import Metrics, Sample
from scrobbled.store.overview import Waiting

WORKING = (State.OK, State.NEW)


def describe(
    metrics: Metrics,
    sources: Iterable[str],
    couriers: Mapping[tuple[str, str], Courier],
    waiting: Callable[[], Sequence[Waiting]],
    clock: Clock,
) -> None:
    """Register the gauges, and start the counters of every source and account at zero. ``waiting`` is the outbox."""
    for source in sources:
        metrics.prepare_source(source)
    for account in couriers:
        metrics.prepare_account(*account)
    _outbox(metrics, couriers, waiting, clock)
    _accounts(metrics, couriers, clock)


def _outbox(
    metrics: Metrics,
    couriers: Mapping[tuple[str, str], Courier],
    waiting: Callable[[], Sequence[Waiting]],
    clock: Clock,
) -> None:
    names = sorted({tracker for _, tracker in couriers})
    metrics.watch(
        "outbox_changes", "Changes not delivered yet", ("tracker", "state"), lambda: _by_state(names, waiting())
    )
    metrics.watch(
        "outbox_oldest_seconds",
        "Age of the oldest change that waits to be sent",
        ("tracker",),
        lambda: _oldest(names, waiting(), clock.now().timestamp()),
    )
    metrics.watch("held_changes", "Changes held back, by reason", ("reason",), lambda: _held(waiting()))


def _accounts(metrics: Metrics, couriers: Mapping[tuple[str, str], Courier], clock: Clock) -> None:
    def expiries() -> list[Sample]:
        ends = ((account, courier.health.report.expires_at) for account, courier in couriers.items())
        return [(account, (at - clock.now()).total_seconds()) for account, at in ends if at is not None]

    metrics.watch(
        "tracker_up",
        "1 while the account works, 0 while it does not",
        ("viewer", "tracker"),
        lambda: [(account, float(c.health.report.state in WORKING)) for account, c in couriers.items()],
    )
    metrics.watch("token_expires_seconds", "Seconds until the sign-in ends by itself", ("viewer", "tracker"), expiries)


def _by_state(trackers: Iterable[str], waiting: Sequence[Waiting]) -> list[Sample]:
    counts: dict[tuple[str, ...], float] = {(tracker, state): 0.0 for tracker in trackers for state in sorted(WAITING)}
    for row in waiting:
        counts[row.tracker, row.state] = counts.get((row.tracker, row.state), 0.0) + row.count
    return list(counts.items())


def _oldest(trackers: Iterable[str], waiting: Sequence[Waiting], now: float) -> list[Sample]:
    """Only what is to be sent: what waits for a person or a catalogue is no sign of trouble with the tracker."""
    ages: dict[tuple[str, ...], float] = {(tracker,): 0.0 for tracker in trackers}
    for row in waiting:
        if row.state == PlayOutcome.QUEUED:
            ages[row.tracker,] = max(ages.get((row.tracker,), 0.0), now - row.oldest)
    return list(ages.items())


def _held(waiting: Sequence[Waiting]) -> list[Sample]:
    return [(("no date",), float(sum(row.count for row in waiting if row.state == PlayOutcome.HELD)))]
