"""Metrics: the promised names, the exposition format, and no title, id or secret as a label."""

import re
from collections.abc import Iterable

import pytest

from scrobbled import __version__
from scrobbled.core.words.outcomes import EventOutcome, PlayOutcome
from scrobbled.plumbing.metrics import ACK_BUCKETS, DELIVERY_BUCKETS, REQUEST_BUCKETS, Metrics, Sample

PROMISED = {
    "scrobbled_build_info": {"version"},
    "scrobbled_events_total": {"source", "outcome"},
    "scrobbled_event_ack_seconds": {"source"},
    "scrobbled_plays_total": {"viewer", "source", "media"},
    "scrobbled_deliveries_total": {"viewer", "tracker", "kind", "outcome"},
    "scrobbled_delivery_seconds": {"tracker"},
    "scrobbled_tracker_requests_total": {"tracker", "method", "status"},
    "scrobbled_tracker_request_seconds": {"tracker"},
    "scrobbled_reconcile_runs_total": {"viewer", "pair", "outcome"},
    "scrobbled_reconcile_seconds": {"pair"},
    "scrobbled_reconcile_changes_total": {"pair", "change"},
    "scrobbled_reconcile_skipped_total": {"pair", "kind", "reason"},
    "scrobbled_echoes_dropped_total": {"tracker"},
    "scrobbled_alerts_total": {"kind", "outcome"},
}


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_the_promised_counters_have_the_promised_labels() -> None:
    metrics = Metrics()
    metrics.events.labels("plex", "accepted").inc()
    metrics.ack.labels("plex").observe(0.002)
    metrics.plays.labels("anna", "plex", "movie").inc()
    metrics.deliveries.labels("anna", "trakt", "plays", "delivered").inc()
    metrics.delivery.labels("trakt").observe(1)
    metrics.requests.labels("trakt", "GET", "200").inc()
    metrics.request.labels("trakt").observe(1)
    metrics.reconcile_runs.labels("anna", "trakt-serializd", "ok").inc()
    metrics.reconcile.labels("trakt-serializd").observe(1)
    metrics.reconcile_changes.labels("trakt-serializd", "add").inc()
    metrics.reconcile_skipped.labels("trakt-serializd", "plays", "undated").inc()
    metrics.echoes.labels("trakt").inc()
    metrics.alerts.labels("down", "sent").inc()
    text = metrics.text().decode()
    for name, labels in PROMISED.items():
        series = re.search(rf"^{name}(?:_count)?{{(.*?)}} ", text, re.MULTILINE)
        assert series is not None, name
        assert set(re.findall(r'(\w+)="', series[1])) == labels, name


def test_the_version_is_told() -> None:
    assert value(Metrics(), "scrobbled_build_info", version=__version__) == 1.0


def test_counters_begin_at_zero_so_that_the_first_event_is_an_increase() -> None:
    metrics = Metrics()
    metrics.prepare_source("plex")
    metrics.prepare_account("anna", "trakt")
    metrics.prepare_person("anna", "plex")
    metrics.prepare_pair("anna", "trakt,serializd", ["add", "rate"])
    for outcome in EventOutcome:
        assert value(metrics, "scrobbled_events_total", source="plex", outcome=outcome) == 0.0
    for state in PlayOutcome:
        labels = {"viewer": "anna", "tracker": "trakt", "kind": "plays", "outcome": str(state)}
        assert value(metrics, "scrobbled_deliveries_total", **labels) == 0.0
    assert value(metrics, "scrobbled_event_ack_seconds_count", source="plex") == 0.0
    for media in ("episode", "movie"):
        assert value(metrics, "scrobbled_plays_total", viewer="anna", source="plex", media=media) == 0.0
    for ended in ("done", "nothing", "incomplete", "failed", "refused", "cancelled", "approval"):
        labels = {"viewer": "anna", "pair": "trakt,serializd", "outcome": ended}
        assert value(metrics, "scrobbled_reconcile_runs_total", **labels) == 0.0
    for action in ("add", "rate"):
        labels = {"pair": "trakt,serializd", "change": action}
        assert value(metrics, "scrobbled_reconcile_changes_total", **labels) == 0.0
    for method in ("GET", "POST"):
        labels = {"tracker": "trakt", "method": method, "status": "429"}
        assert value(metrics, "scrobbled_tracker_requests_total", **labels) == 0.0
    metrics.events.labels("plex", "accepted").inc()
    metrics.prepare_source("plex")
    assert value(metrics, "scrobbled_events_total", source="plex", outcome="accepted") == 1.0


def test_a_state_is_asked_for_at_every_scrape() -> None:
    metrics, now = Metrics(), [1.0]
    asked = 0

    def read() -> Iterable[Sample]:
        nonlocal asked
        asked += 1
        return [(("trakt", "queued"), now[0])]

    metrics.watch("outbox_changes", "Changes", ("tracker", "state"), read)
    before = asked
    for number in (1.0, 7.0):
        now[0] = number
        assert f'scrobbled_outbox_changes{{state="queued",tracker="trakt"}} {number}' in metrics.text().decode()
    assert asked == before + 2


def test_nothing_to_say_is_no_series() -> None:
    metrics = Metrics()
    metrics.watch("held_changes", "Held", ("reason",), list)
    assert "scrobbled_held_changes{" not in metrics.text().decode()


def test_the_process_tells_its_memory_and_the_time_it_computed() -> None:
    text = Metrics().text().decode()
    for name in ("process_resident_memory_bytes", "process_cpu_seconds_total", "process_start_time_seconds"):
        assert re.search(rf"^{name} [0-9.e+]+$", text, re.MULTILINE), name


def test_two_runtimes_in_one_process_count_apart() -> None:
    one, other = Metrics(), Metrics()
    one.echoes.labels("trakt").inc()
    assert value(other, "scrobbled_echoes_dropped_total", tracker="trakt") is None


@pytest.mark.parametrize("buckets", [ACK_BUCKETS, DELIVERY_BUCKETS, REQUEST_BUCKETS])
def test_buckets_grow(buckets: tuple[float, ...]) -> None:
    assert list(buckets) == sorted(set(buckets))


def test_counters_end_in_total_and_nothing_is_there_twice() -> None:
    metrics = Metrics()
    metrics.alerts.labels("down", "sent").inc()
    text = metrics.text().decode()
    for name, kind in re.findall(r"^# TYPE (\S+) (\w+)$", text, re.MULTILINE):
        assert name.startswith(("scrobbled_", "process_"))
        assert name.endswith("_total") == (kind == "counter"), name
    assert "_created" not in text
