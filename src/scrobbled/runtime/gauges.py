"""Metrics that are states and not counts: asked for at every scrape."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from scrobbled.config import Config
from scrobbled.core.sending.room import ListRoom
from scrobbled.core.standing import AccountKey
from scrobbled.core.words.outcomes import WAITING, PlayOutcome
from scrobbled.delivery.courier import Courier
from scrobbled.delivery.health import HealthState
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.metrics import Metrics, Sample
from scrobbled.store.queue.overview import WaitingCount

WORKING = (HealthState.OK, HealthState.NEW)


CouriersNow = Callable[[], Mapping[tuple[str, str], Courier]]


def describe(
    metrics: Metrics,
    couriers: CouriersNow,
    waiting: Callable[[], Sequence[WaitingCount]],
    held: Callable[[], Mapping[str, int]],
    heard: Callable[[], Mapping[str, float]],
    rooms: Callable[[], Sequence[tuple[AccountKey, ListRoom]]],
    clock: Clock,
) -> None:
    """Register the gauges. ``waiting`` is the outbox, ``held`` counts what is held in it by reason.

    ``heard`` is when each source last sent a webhook, in Unix seconds; also before this process began. ``rooms`` are
    the lists of all accounts.
    """
    _lists(metrics, rooms)
    _outbox(metrics, couriers, waiting, clock)
    _accounts(metrics, couriers, clock)
    metrics.watch("held_changes", "Changes held back, by reason", ("reason",), lambda: _by_one(held()))
    text = "When a source last sent a webhook"
    metrics.watch("source_last_event_timestamp_seconds", text, ("source",), lambda: _by_one(heard()))


def prepare(metrics: Metrics, config: Config, accounts: Iterable[tuple[str, str]]) -> None:
    """Start the counters of every source, person and account at zero; those that count already go on."""
    for source in config.sources:
        metrics.prepare_source(source)
        for viewer in config.viewers:
            metrics.prepare_person(viewer.name, source)
    for account in accounts:
        metrics.prepare_account(*account)


def _outbox(
    metrics: Metrics, couriers: CouriersNow, waiting: Callable[[], Sequence[WaitingCount]], clock: Clock
) -> None:
    def names() -> list[str]:
        return sorted({tracker for _, tracker in couriers()})

    metrics.watch(
        "outbox_changes", "Changes not delivered yet", ("tracker", "state"), lambda: _by_state(names(), waiting())
    )
    metrics.watch(
        "unmatched_items",
        "Changes that wait as a tracker does not know what they are about",
        ("viewer", "tracker"),
        lambda: _unmatched(couriers(), waiting()),
    )
    metrics.watch(
        "outbox_oldest_seconds",
        "Age of the oldest change that waits to be sent",
        ("tracker",),
        lambda: _oldest(names(), waiting(), clock.now().timestamp()),
    )


def _accounts(metrics: Metrics, couriers: CouriersNow, clock: Clock) -> None:
    def expiries() -> list[Sample]:
        ends = ((account, courier.health.report.expires_at) for account, courier in couriers().items())
        return [(account, (at - clock.now()).total_seconds()) for account, at in ends if at is not None]

    metrics.watch(
        "tracker_up",
        "1 while the account works, 0 while it does not",
        ("viewer", "tracker"),
        lambda: [(account, float(c.health.report.state in WORKING)) for account, c in couriers().items()],
    )
    metrics.watch("token_expires_seconds", "Seconds until the sign-in ends by itself", ("viewer", "tracker"), expiries)


def _lists(metrics: Metrics, rooms: Callable[[], Sequence[tuple[AccountKey, ListRoom]]]) -> None:
    account, names = ("viewer", "tracker"), ("viewer", "tracker", "list")
    metrics.watch(
        "account_items",
        "Entries of a list of an account",
        names,
        lambda: [((*whose, one.kind), float(one.held)) for whose, one in rooms()],
    )
    metrics.watch(
        "account_limit",
        "Entries that a list of an account may have, where that is known",
        names,
        lambda: [((*whose, one.kind), float(one.most)) for whose, one in rooms() if one.most is not None],
    )
    metrics.watch(
        "account_vip",
        "1 where an account is paid for, where that is known",
        account,
        lambda: list({whose: (whose, float(one.vip)) for whose, one in rooms() if one.vip is not None}.values()),
    )


def _by_state(trackers: Iterable[str], waiting: Sequence[WaitingCount]) -> list[Sample]:
    counts: dict[tuple[str, ...], float] = {(tracker, state): 0.0 for tracker in trackers for state in sorted(WAITING)}
    for row in waiting:
        counts[row.tracker, row.state] = counts.get((row.tracker, row.state), 0.0) + row.count
    return list(counts.items())


def _unmatched(accounts: Iterable[tuple[str, str]], waiting: Sequence[WaitingCount]) -> list[Sample]:
    counts: dict[tuple[str, ...], float] = dict.fromkeys(accounts, 0.0)
    for row in waiting:
        if row.state in (PlayOutcome.UNMATCHED, PlayOutcome.PARKED):
            counts[row.viewer, row.tracker] = counts.get((row.viewer, row.tracker), 0.0) + row.count
    return list(counts.items())


def _oldest(trackers: Iterable[str], waiting: Sequence[WaitingCount], now: float) -> list[Sample]:
    """Only what is to be sent: what waits for a person or a catalogue is no sign of trouble with the tracker."""
    ages: dict[tuple[str, ...], float] = {(tracker,): 0.0 for tracker in trackers}
    for row in waiting:
        if row.state == PlayOutcome.QUEUED:
            ages[row.tracker,] = max(ages.get((row.tracker,), 0.0), now - row.oldest)
    return list(ages.items())


def _by_one(values: Mapping[str, float]) -> list[Sample]:
    return [((label,), float(value)) for label, value in values.items()]
