"""The Grafana dashboard, the alert rules and what loads them, judged by reading. .ci/queries.py asks a Prometheus."""

import ast
import itertools
import json
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from scrobbled.core.words.outcomes import WAITING, EventOutcome, Hold, PlayOutcome
from scrobbled.plumbing.metrics import MEDIA, RUN_OUTCOMES, Metrics

ROOT = Path(__file__).resolve().parent.parent.parent
DASHBOARD = "config/grafana/dashboards/scrobbled.json"
RULES = "config/prometheus/scrobbled.rules.yml"
OLDEST_GRAFANA = 38
"""The schema of the oldest version that docs/monitoring.md names; newer ones read older schemas."""
KINDS = {"stat", "timeseries", "bargauge", "heatmap", "state-timeline", "table"}
LIMIT_OF_TRAKT = "Share of Trakt's limits in use"
"""Counts over the five minutes that the limit itself speaks of."""


@cache
def read(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))  # JSON is YAML


def everything() -> list[dict[str, Any]]:
    return read(DASHBOARD)["panels"]


def panels() -> list[dict[str, Any]]:
    return [panel for panel in everything() if panel["type"] != "row"]


def queries() -> list[str]:
    return [target["expr"] for panel in panels() for target in panel["targets"]]


def choices() -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in read(DASHBOARD)["templating"]["list"]}


def alert_rules() -> list[dict[str, Any]]:
    (group,) = read(RULES)["groups"]
    return group["rules"]


def expressions() -> list[str]:
    return [*queries(), *(rule["expr"] for rule in alert_rules())]


# What there is to ask for


SUFFIXES = {"_counter": ("_total",), "_histogram": ("_bucket", "_count", "_sum"), "watch": ("",)}
"""How the program registers a metric, and what Prometheus then calls it."""


@cache
def registered() -> frozenset[str]:
    asked = set(itertools.chain.from_iterable(map(_watched, (ROOT / "src" / "scrobbled").rglob("*.py"))))
    always = {sample.name for family in Metrics().registry.collect() for sample in family.samples}
    return frozenset(asked | always | {"up", "ALERTS"})


def _watched(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not node.args:
            continue
        if isinstance(node.args[0], ast.Constant) and node.func.attr in SUFFIXES:
            yield from (f"scrobbled_{node.args[0].value}{suffix}" for suffix in SUFFIXES[node.func.attr])


def test_every_query_asks_for_metrics_that_exist() -> None:
    for expr in [*expressions(), *(one["definition"] for one in choices().values() if one["type"] == "query")]:
        used = set(re.findall(r"\b(?:scrobbled|process)_\w+|\bup\b|\bALERTS\b", re.sub(r'"[^"]*"', "", expr)))
        assert used, expr
        assert used <= registered(), expr


CODES = {
    ("scrobbled_events_total", "outcome"): set(EventOutcome),
    ("scrobbled_deliveries_total", "outcome"): set(PlayOutcome),
    ("scrobbled_outbox_changes", "state"): set(WAITING),
    ("scrobbled_held_changes", "reason"): set(Hold),
    ("scrobbled_reconcile_runs_total", "outcome"): set(RUN_OUTCOMES),
    ("scrobbled_plays_total", "media"): set(MEDIA),
    ("scrobbled_alerts_total", "outcome"): {"sent", "failed"},
}
"""The labels whose values are ours."""


def test_every_query_names_only_codes_that_exist() -> None:
    found = [
        (metric, label, set(values.split("|")))
        for expr in expressions()
        for metric, inside in re.findall(r"\b(scrobbled_\w+)\{([^}]*)\}", expr)
        for label, values in re.findall(r'(\w+)=~?"([^"$]*)"', inside)
    ]
    asked = [(metric, label, values) for metric, label, values in found if (metric, label) in CODES]
    assert len(asked) > 10
    for metric, label, values in asked:
        assert values <= CODES[metric, label], (metric, label)


# The dashboard


def test_the_dashboard_is_what_its_description_makes() -> None:
    made = subprocess.run(
        [sys.executable, "-B", ROOT / ".ci/grafana", "-"], capture_output=True, text=True, encoding="utf-8", check=True
    )
    same = made.stdout == (ROOT / DASHBOARD).read_text(encoding="utf-8")
    assert same, "python3 .ci/dev.py dashboard writes it anew"


def test_the_dashboard_is_the_json_that_the_oldest_grafana_reads() -> None:
    found = json.loads((ROOT / DASHBOARD).read_text(encoding="utf-8"))
    assert found["id"] is None
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", found["uid"])
    assert found["schemaVersion"] <= OLDEST_GRAFANA
    assert found["title"]
    assert {panel["type"] for panel in found["panels"]} <= KINDS | {"row"}
    assert "__inputs" not in found  # it would be left unresolved where the dashboard comes as a file


def test_every_panel_has_a_number_of_its_own_and_stands_on_no_other() -> None:
    numbers = [panel["id"] for panel in everything()]
    assert len(set(numbers)) == len(numbers)
    taken: dict[tuple[int, int], str] = {}
    for panel in everything():
        x, y, width, height = (panel["gridPos"][key] for key in "xywh")
        assert x + width <= 24, panel["title"]
        for place in itertools.product(range(x, x + width), range(y, y + height)):
            assert place not in taken, f"{panel['title']} stands on {taken[place]}"
            taken[place] = panel["title"]


def test_every_row_of_the_dashboard_is_filled_to_its_end() -> None:
    widths: dict[int, int] = {}
    for panel in everything():
        widths[panel["gridPos"]["y"]] = widths.get(panel["gridPos"]["y"], 0) + panel["gridPos"]["w"]
    assert set(widths.values()) == {24}


def test_every_panel_asks_the_prometheus_that_was_chosen() -> None:
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    asked = [*panels(), *(target for panel in panels() for target in panel["targets"])]
    asked += [*read(DASHBOARD)["annotations"]["list"], *(one for one in choices().values() if one["type"] == "query")]
    assert all(one["datasource"] == chosen for one in asked)
    assert choices()["datasource"]["query"] == "prometheus"


def test_every_query_is_about_what_was_chosen_on_top() -> None:
    for expr in queries():
        for series in re.findall(r"\b(?:scrobbled_|process_|up\b|ALERTS)\w*(\{[^}]*\})?", expr):
            assert 'job=~"$job"' in series, expr
            assert 'instance=~"$instance"' in series, expr
    assert {name for expr in queries() for name in re.findall(r"\$(\w+)", expr)} == {
        "job", "instance", "viewer", "__range", "__rate_interval",
    }  # fmt: skip
    assert {"job", "instance", "viewer", "datasource"} == choices().keys()


def test_what_is_counted_over_time_follows_the_zoom() -> None:
    for panel in panels():
        stretches = {stretch for target in panel["targets"] for stretch in re.findall(r"\[(.*?)\]", target["expr"])}
        usual = {"$__range"} if panel["targets"][0]["instant"] else {"$__rate_interval"}
        assert stretches <= ({"5m"} if panel["title"] == LIMIT_OF_TRAKT else usual), panel["title"]


def test_every_panel_says_what_its_figures_are_in_and_what_to_do() -> None:
    for panel in panels():
        shown = panel["options"]["yAxis"] if panel["type"] == "heatmap" else panel["fieldConfig"]["defaults"]
        assert shown["unit"], panel["title"]
        assert panel["title"]
        assert len(panel["description"]) > 20, panel["title"]
        assert panel["description"].endswith("."), panel["title"]


def test_letters_tell_the_queries_of_a_panel_apart() -> None:
    for panel in panels():
        letters = [target["refId"] for target in panel["targets"]]
        assert letters == list("ABCDEF"[: len(letters)])
        assert (
            len(letters) == 1
            or all("{{" in target["legendFormat"] for target in panel["targets"])
            or (panel["title"] == LIMIT_OF_TRAKT)
        )


def test_the_dashboard_knows_every_outcome_there_is() -> None:
    measures = runpy.run_path(str(ROOT / ".ci/grafana/measures.py"))
    assert set(measures["EVENTS"]) == set(EventOutcome)
    assert set(measures["PLAYS"]) == set(PlayOutcome)
    assert set(measures["WAITING"]) == set(WAITING)
    assert set(measures["RUNS"]) == set(RUN_OUTCOMES)
    assert set(measures["FLOOD"].split("|")) == set(Hold) - {Hold.NO_DATE, Hold.ASK, Hold.LIMIT}


# What loads them


def test_grafana_is_given_the_folder_of_the_dashboard_and_the_rhythm_of_prometheus() -> None:
    (source,) = read("config/grafana/provisioning/datasources/prometheus.yml")["datasources"]
    assert source["type"] == "prometheus"
    assert source["jsonData"]["timeInterval"] == read("config/prometheus/prometheus.yml")["global"]["scrape_interval"]
    (provider,) = read("config/grafana/provisioning/dashboards/scrobbled.yml")["providers"]
    assert provider["type"] == "file"
    assert provider["options"]["path"] == "/var/lib/grafana/dashboards"


def test_prometheus_scrapes_under_the_name_that_the_rules_know_and_loads_them() -> None:
    config = read("config/prometheus/prometheus.yml")
    (job,) = config["scrape_configs"]
    assert f'up{{job="{job["job_name"]}"}}' in {rule["expr"].removesuffix(" == 0") for rule in alert_rules()}
    assert job["static_configs"] == [{"targets": ["scrobbled:8484"]}]
    assert job.get("metrics_path", "/metrics") == "/metrics"
    assert all((ROOT / "config/prometheus" / name).is_file() for name in config["rule_files"])


# The alert rules


def test_every_alert_has_a_test_that_it_fires_and_one_that_it_does_not() -> None:
    cases = [
        case
        for path in (ROOT / "config/prometheus").glob("*.test.yml")
        for test in read(path.relative_to(ROOT).as_posix())["tests"]
        for case in test["alert_rule_test"]
    ]
    names = [rule["alert"] for rule in alert_rules()]
    assert len(set(names)) == len(names)
    for fires in (True, False):
        assert {case["alertname"] for case in cases if bool(case["exp_alerts"]) is fires} == set(names), fires


@pytest.mark.parametrize("rule", alert_rules(), ids=lambda rule: rule["alert"])
def test_every_alert_has_a_severity_and_says_what_is_wrong_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert rule["annotations"].keys() == {"summary", "description"}
    assert not rule["annotations"]["summary"].endswith(".")
    assert rule["annotations"]["description"].endswith(".")


def test_every_alert_and_every_metric_is_explained() -> None:
    text = (ROOT / "docs/monitoring.md").read_text(encoding="utf-8")
    missing = {rule["alert"] for rule in alert_rules()} - set(re.findall(r"`(Scrobbled\w+)`", text))
    assert not missing
    told = set(re.findall(r"`((?:scrobbled|process)_\w+?)(?:\{|`)", text))
    plain = {re.sub(r"_(?:bucket|count|sum)$", "", name) for name in registered() if name.startswith("scrobbled_")}
    assert plain <= told
    assert {name for name in told if name.startswith("scrobbled_")} <= plain
