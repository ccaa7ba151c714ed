"""The metrics that dashboards and alert rules hold on to, scraped after an evening with all its troubles.

``SCROBBLED_METRICS_DUMP`` names a file that the scraped text is written to, for ``promtool check metrics``.
"""

import os
import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from scrobbled import __version__
from scrobbled.sandbox.plex.people import NEIGHBOUR

from .harness import Ledger, Service, Town, Viewing, just_now, serving, until

PROMISED = {
    "scrobbled_build_info": {"version"},
    "scrobbled_events_total": {"source", "outcome"},
    "scrobbled_event_ack_seconds": {"source"},
    "scrobbled_plays_total": {"viewer", "source", "media"},
    "scrobbled_deliveries_total": {"viewer", "tracker", "kind", "outcome"},
    "scrobbled_delivery_seconds": {"tracker"},
    "scrobbled_outbox_changes": {"tracker", "state"},
    "scrobbled_unmatched_items": {"viewer", "tracker"},
    "scrobbled_outbox_oldest_seconds": {"tracker"},
    "scrobbled_tracker_up": {"viewer", "tracker"},
    "scrobbled_tracker_requests_total": {"tracker", "method", "status"},
    "scrobbled_tracker_request_seconds": {"tracker"},
    "scrobbled_token_expires_seconds": {"viewer", "tracker"},
    "scrobbled_reconcile_runs_total": {"viewer", "pair", "outcome"},
    "scrobbled_reconcile_seconds": {"pair"},
    "scrobbled_reconcile_last_success_timestamp_seconds": {"viewer", "pair"},
    "scrobbled_reconcile_changes_total": {"pair", "change"},
    "scrobbled_reconcile_skipped_total": {"pair", "kind", "reason"},
    "scrobbled_echoes_dropped_total": {"tracker"},
    "scrobbled_held_changes": {"reason"},
    "scrobbled_delivery_paused": set(),
    "scrobbled_alerts_total": {"kind", "outcome"},
    "scrobbled_source_last_event_timestamp_seconds": {"source"},
}
MAY_BE_SILENT = {name for name in PROMISED if "_reconcile_" in name}
"""Nothing is reconciled where no pair is configured, and a metric with nothing to say may be absent."""


def test_every_promised_metric_is_there_with_its_labels_after_an_evening(tmp_path: Path) -> None:
    ledger = Ledger()
    with Town() as town, serving(tmp_path, town) as service:
        evening(service, town, ledger)
        text = service.get("/metrics").text
        assert service.get("/metrics").headers["content-type"].startswith("text/plain; version=")
    if dump := os.environ.get("SCROBBLED_METRICS_DUMP"):
        Path(dump).write_text(text)
    families = {sample.name: family for family in text_string_to_metric_families(text) for sample in family.samples}
    for name, labels in PROMISED.items():
        samples = [
            s for f in families.values() for s in f.samples if re.fullmatch(f"{name}(_bucket|_sum|_count)?", s.name)
        ]
        assert samples or name in MAY_BE_SILENT, name
        assert all(set(sample.labels) - {"le"} == labels for sample in samples), name
    ours = {name for name in families if name.startswith("scrobbled_")}
    known = {f"{name}{end}" for name in PROMISED for end in ("", "_bucket", "_sum", "_count")}
    assert {re.sub("_created$", "_total", name) for name in ours} <= known | {
        name.replace("_seconds", "_seconds_total") for name in PROMISED
    }
    assert families["scrobbled_build_info"].samples[0].labels == {"version": __version__}


def test_the_figures_are_right(tmp_path: Path) -> None:
    ledger = Ledger()
    with Town() as town, serving(tmp_path, town) as service:
        evening(service, town, ledger)
        value = figures(service)
        assert value('scrobbled_events_total{outcome="accepted",source="plex"}') == 4
        assert value('scrobbled_events_total{outcome="duplicate",source="plex"}') == 1
        assert value('scrobbled_events_total{outcome="unclaimed",source="plex"}') == 1
        assert value('scrobbled_events_total{outcome="unreadable",source="plex"}') == 1
        assert value('scrobbled_plays_total{media="episode",source="plex",viewer="anna"}') == 3
        assert value('scrobbled_plays_total{media="movie",source="plex",viewer="anna"}') == 1
        sent = 'scrobbled_deliveries_total{{kind="plays",outcome="{}",tracker="{}",viewer="anna"}}'
        assert value(sent.format("delivered", "trakt")) == 4
        assert value(sent.format("delivered", "serializd")) == 2
        assert value(sent.format("parked", "serializd")) == 1
        assert value('scrobbled_outbox_changes{state="parked",tracker="serializd"}') == 1
        assert value('scrobbled_tracker_up{tracker="trakt",viewer="anna"}') == 1
        assert value('scrobbled_delivery_seconds_count{tracker="trakt"}') == 4
        assert 600_000 < value('scrobbled_token_expires_seconds{tracker="trakt",viewer="anna"}') < 604_800
        secret_or_title = (town.episodes()[0].title, town.movie().title, "sandbox-", "anna-secret")
        assert not [word for word in secret_or_title if word in service.get("/metrics").text]


@pytest.mark.parametrize("name", ["serializd", "trakt"])
def test_a_tracker_that_is_down_is_told_while_webhooks_are_taken(tmp_path: Path, name: str) -> None:
    ledger = Ledger()
    with Town() as town, serving(tmp_path, town) as service:
        town.outage(name)
        service.watch(ledger, Viewing(town.episodes()[0], just_now(60)))
        up = f'scrobbled_tracker_up{{tracker="{name}",viewer="anna"}}'
        until(lambda: figures(service)(up) == 0, 10, "it is told to be down")
        ready = service.get("/health/ready")
        assert ready.status_code == 200
        assert ready.json()["components"][f"anna/{name}"]["state"] == "down"
        assert figures(service)(f'scrobbled_outbox_oldest_seconds{{tracker="{name}"}}') > 0
        assert figures(service)(f'scrobbled_outbox_changes{{state="queued",tracker="{name}"}}') == 1


def figures(service: Service):  # type: ignore[no-untyped-def]
    """A function from a sample's full name to its value."""
    lines = [line.rpartition(" ") for line in service.get("/metrics").text.splitlines() if not line.startswith("#")]
    values = {name: float(value) for name, _, value in lines}
    return lambda name: values[name]


def evening(service: Service, town: Town, ledger: Ledger) -> None:
    """Three episodes, one of them unknown to Serializd, a film, a duplicate, a stranger, something unreadable."""
    unknown = town.episodes()[3]
    assert unknown.show is not None
    town.control("serializd", "catalogue", {"hide": [[unknown.show.tmdb]]})
    viewings = [*(Viewing(item, just_now(60)) for item in (*town.episodes()[:2], unknown, town.movie()))]
    service.watch(ledger, *viewings)
    assert service.post(*viewings[0].webhook()).status_code == 200
    assert service.post(*Viewing(town.episodes()[1], just_now(60), NEIGHBOUR).webhook()).status_code == 200
    assert service.post("application/json", b"{").status_code == 400
    until(lambda: service.only_parked("serializd"), 20, "only what Serializd does not know waits")
