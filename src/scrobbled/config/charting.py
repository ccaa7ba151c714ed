"""What of the charts contradicts the rest of the configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scrobbled.config.charts import LEDGER
from scrobbled.config.model import fold
from scrobbled.core.words.meant import meant

_Values = Mapping[str, Any]
_TOKEN = "is missing. A token that may write to both buckets."
_PASSWORD = "username is given as well; write the password, too"


def charted(values: _Values) -> Iterator[tuple[str, str]]:
    """Paths below ``sinks.influx``, each with what is wrong there."""
    sink = values.get("sinks", {}).get("influx") or {}
    trackers = {fold(one["name"]): one.get("trackers", {}) for one in values.get("viewers", ()) if "name" in one}
    for key, text in (*_access(sink), *_people(sink, trackers)):
        yield f"sinks.influx.{key}", text


def _access(sink: _Values) -> Iterator[tuple[str, str]]:
    server = sink.get("server", "auto")
    if server in ("influx2", "influx3") and not sink.get("token"):
        yield "token", _TOKEN
    if server == "influx2" and not sink.get("org"):
        yield "org", "is missing. The organisation, by name or id."
    if sink.get("username") and not sink.get("password") and not sink.get("token"):
        yield "password", _PASSWORD
    if "/" in sink.get("bucket_raw", "") + sink.get("bucket_daily", "") and server in ("influx2", "influx3"):
        yield "bucket_raw", "only InfluxDB 1.x has policies; write the name of a bucket without a slash"


def _people(sink: _Values, trackers: Mapping[str, _Values]) -> Iterator[tuple[str, str]]:
    first: dict[str, int] = {}
    for at, viewer in enumerate(sink.get("viewers", ())):
        name, place = fold(viewer.get("name", "")), f"viewers[{at}]"
        if name and name not in trackers:
            yield place, f'no viewer is called "{viewer["name"]}"; {meant(viewer["name"], sorted(trackers))}'
        elif name in first:
            yield place, f"the same as viewers[{first[name]}]; each viewer has one source, or plays would count twice"
        elif viewer.get("from", LEDGER) not in (LEDGER, *trackers.get(name, ())):
            yield f"{place}.from", f"this viewer has no {viewer['from']}; add it under trackers, or write ledger"
        first.setdefault(name, at)
