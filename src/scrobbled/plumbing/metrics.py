"""All metrics in one place, with their own registry so that several runtimes can live in one process."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily

from scrobbled import __version__
from scrobbled.core.words.outcomes import EventOutcome, PlayOutcome
from scrobbled.core.words.troubles import TROUBLE_KINDS
from scrobbled.plumbing.behalf import RunRequests

ACK_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
DELIVERY_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 3600.0, 21600.0, 86400.0)
REQUEST_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 90.0)
MEDIA = ("episode", "movie")
RUN_OUTCOMES = ("done", "nothing", "incomplete", "approval", "refused", "cancelled", "failed")
"""How a reconciliation can end."""

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series beside each counter helps nobody

Sample = tuple[tuple[str, ...], float]
"""Label values in the order of the metric's labels, and the value."""


class Metrics:
    """Counters and histograms are written where things happen; what is a state is asked for when scraped."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.run_requests = RunRequests()
        """No metric: they are kept with the runs."""
        self.events = self._counter("events", "Webhooks stored, by what became of them", ("source", "outcome"))
        self.ack = self._histogram("event_ack_seconds", "Request read to answer sent", ("source",), ACK_BUCKETS)
        self.plays = self._counter("plays", "Plays made of webhooks", ("viewer", "source", "media"))
        self.deliveries = self._counter(
            "deliveries", "Changes that reached an outcome at a tracker", ("viewer", "tracker", "kind", "outcome")
        )
        self.delivery = self._histogram(
            "delivery_seconds", "Webhook received to confirmed by the tracker", ("tracker",), DELIVERY_BUCKETS
        )
        self.requests = self._counter("tracker_requests", "Requests sent to trackers", ("tracker", "method", "status"))
        self.request = self._histogram(
            "tracker_request_seconds", "Duration of requests to trackers", ("tracker",), REQUEST_BUCKETS
        )
        self.alerts = self._counter("alerts", "Alerts, by whether they could be sent", ("kind", "outcome"))
        for kind, outcome in itertools.product(TROUBLE_KINDS, ("sent", "failed")):
            self.alerts.labels(kind, outcome)  # at zero, so that the first failure shows as an increase
        self.reconcile_runs = self._counter("reconcile_runs", "Reconciliations", ("viewer", "pair", "outcome"))
        self.reconcile_changes = self._counter("reconcile_changes", "Changes planned", ("pair", "change"))
        self.reconcile_skipped = self._counter(
            "reconcile_skipped", "What reconciliations compared and left alone", ("pair", "kind", "reason")
        )
        self.reconcile = self._histogram("reconcile_seconds", "Duration of reconciliations", ("pair",), REQUEST_BUCKETS)
        self.echoes = self._counter("echoes_dropped", "Own writes recognised when they came back", ("tracker",))
        labels = ("sink", "measurement", "outcome")
        self.sink_points = self._counter("sink_points", "Points sent to databases of charts", labels)
        labels = ("sink", "method", "status")
        self.sink_requests = self._counter("sink_requests", "Requests sent to databases of charts", labels)
        text = "Duration of requests to databases of charts"
        self.sink_request = self._histogram("sink_request_seconds", text, ("sink",), REQUEST_BUCKETS)
        self.sink_runs = self._counter("sink_runs", "Exports for charts", ("sink", "viewer", "job", "outcome"))
        self.sink_run = self._histogram("sink_run_seconds", "Duration of exports", ("sink", "job"), REQUEST_BUCKETS)
        info = Gauge("scrobbled_build_info", "Always 1", ("version",), registry=self.registry)
        info.labels(__version__).set(1)
        ProcessCollector(registry=self.registry)  # memory, computing time and files, under the names all programs use

    def prepare_source(self, source: str) -> None:
        """Start a source's counters at zero, so that the first event shows as an increase."""
        for outcome in EventOutcome:
            self.events.labels(source, outcome)
        self.ack.labels(source)

    def prepare_account(self, viewer: str, tracker: str) -> None:
        """Start an account's counters at zero, so that its first failure shows as an increase."""
        for outcome in PlayOutcome:
            self.deliveries.labels(viewer, tracker, "plays", outcome)
        self.delivery.labels(tracker)
        self.request.labels(tracker)
        self.echoes.labels(tracker)
        for method in ("GET", "POST"):
            self.requests.labels(tracker, method, "429")

    def prepare_person(self, viewer: str, source: str) -> None:
        """Start the plays of a person from a source at zero, so that the first one shows as an increase."""
        for media in MEDIA:
            self.plays.labels(viewer, source, media)

    def prepare_pair(self, viewer: str, pair: str, actions: Iterable[str]) -> None:
        """Start a pair's counters at zero, so that its first failure shows as an increase."""
        for outcome in RUN_OUTCOMES:
            self.reconcile_runs.labels(viewer, pair, outcome)
        for action in actions:
            self.reconcile_changes.labels(pair, action)
        self.reconcile.labels(pair)

    def watch(self, name: str, text: str, labels: tuple[str, ...], read: Callable[[], Iterable[Sample]]) -> None:
        """Ask ``read`` for the gauge ``scrobbled_<name>`` at every scrape."""
        self.registry.register(_Asked(f"scrobbled_{name}", text, labels, read))

    def text(self) -> bytes:
        """The exposition format, version 0.0.4."""
        return generate_latest(self.registry)

    def _counter(self, name: str, text: str, labels: tuple[str, ...]) -> Counter:
        return Counter(f"scrobbled_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, labels: tuple[str, ...], buckets: tuple[float, ...]) -> Histogram:
        return Histogram(f"scrobbled_{name}", text, labels, buckets=buckets, registry=self.registry)


class _Asked:
    def __init__(self, name: str, text: str, labels: tuple[str, ...], read: Callable[[], Iterable[Sample]]) -> None:
        self._name, self._text, self._labels, self._read = name, text, labels, read

    def describe(self) -> Iterable[Any]:
        return [GaugeMetricFamily(self._name, self._text, labels=self._labels)]

    def collect(self) -> Iterable[Any]:
        family = GaugeMetricFamily(self._name, self._text, labels=self._labels)
        for values, number in self._read():
            family.add_metric(values, number)
        yield family
