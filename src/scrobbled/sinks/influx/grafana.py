"""The Grafana dashboards of charts, with somebody's own names filled in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources

from scrobbled.core.charts.points import Bucket

LANGUAGES = ("flux", "influxql", "victoriametrics")
"""Flux is for InfluxDB 2, InfluxQL for 1.x and 3."""


def dashboard(language: str, buckets: Mapping[Bucket, str]) -> str:
    """JSON for Grafana 10 and newer, whose choices begin with these names. Raises ``KeyError`` for another language."""
    if language not in LANGUAGES:
        raise KeyError(language)
    file = resources.files("scrobbled.sinks.influx").joinpath("dashboards", f"{language}.json")
    made = json.loads(file.read_text(encoding="utf-8"))
    for bucket, name in buckets.items():
        for one in made["templating"]["list"]:
            if one["name"] == f"bucket_{bucket}":
                chosen = {"selected": True, "text": name, "value": name}
                one.update(query=name, current=chosen, options=[dict(chosen)])
    return json.dumps(made, ensure_ascii=False, indent=2) + "\n"
