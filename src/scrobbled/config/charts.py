"""Whose plays go into which database of charts, and when."""

# ruff: noqa: RUF009 - setting() and section() make dataclass fields

from __future__ import annotations

import re
from dataclasses import dataclass

from scrobbled.config.addresses import HttpUrl
from scrobbled.config.durations import UNITS
from scrobbled.config.fields import Brief, ListOf, setting, table_of
from scrobbled.config.trackers import CHARTED
from scrobbled.config.values import Choice, Duration, Integer, Switch, TextValue, Value, WhenValue, ZoneValue
from scrobbled.core.cron import Cron
from scrobbled.core.cron import parse as cron

_SECRET = TextValue(exact=True)
_NAME = TextValue(longest=200)
_MINUTE, _HOUR, _DAY = UNITS["m"], UNITS["h"], UNITS["d"]
LEDGER = "ledger"
CHART_SOURCES = (*CHARTED, LEDGER)
"""Where the plays of a viewer's charts come from: one account, or what is kept here."""
CHART_SERVERS = ("auto", "influx2", "influx3", "influx1", "victoriametrics")


class BucketName(Value):
    """A bucket of InfluxDB 2, a database of 3 or 1.x, or ``database/policy`` of 1.x."""

    def parse(self, text: str) -> str:
        text = text.strip()
        if not text or len(text) > 200 or re.search(r"[\x00-\x1f\"'\\]", text):
            raise ValueError(
                "is no name of a bucket: without quotes, backslashes and line breaks, up to 200 characters"
            )
        if text.startswith("_"):
            raise ValueError("is no name of a bucket: those that begin with _ are the server's own")
        return text

    def schema(self) -> dict[str, object]:
        return {"type": "string", "pattern": "^[^_\"'\\\\][^\"'\\\\]*$", "maxLength": 200}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartViewerConfig:
    """A viewer who has charts, with what is different for this one."""

    name: str = setting(_NAME, "The viewer's name.", required=True)
    origin: str | None = setting(
        Choice(CHART_SOURCES), "Where this viewer's plays are taken from. Unset: as for everybody.", key="from"
    )
    timezone: str | None = setting(ZoneValue(), "The zone of this viewer's days. Unset: as for everybody.")


@dataclass(frozen=True, slots=True, kw_only=True)
class InfluxConfig:
    """Charts of everything watched, in InfluxDB 2, 3 or 1.x, or in VictoriaMetrics."""

    enabled: bool = setting(Switch(), "Whether plays are exported.", True)
    url: str = setting(HttpUrl(), "The server, such as http://influxdb:8086.", required=True)
    server: str = setting(Choice(CHART_SERVERS), "Which server that is; auto finds out.", "auto")
    token: str | None = setting(_SECRET, "A token that may write to both buckets.", secret=True)
    username: str | None = setting(_NAME, "For InfluxDB 1.x: the name to sign in with.")
    password: str | None = setting(_SECRET, "For InfluxDB 1.x: the password to sign in with.", secret=True)
    org: str | None = setting(_NAME, "For InfluxDB 2: the organisation, by name or id.")
    bucket_raw: str = setting(
        BucketName(),
        "The bucket for single plays; of 3 and 1.x the database, of 1.x also database/policy.",
        "trakt_raw",
    )
    bucket_daily: str = setting(BucketName(), "The bucket for daily sums; may be the same.", "trakt_agg")
    viewers: tuple[ChartViewerConfig, ...] = setting(
        ListOf(Brief(table_of(ChartViewerConfig), "name")),
        "Who has charts. One with a from or timezone of their own is written as a section. Empty: everybody.",
        (),
    )
    origin: str | None = setting(
        Choice(CHART_SOURCES),
        "Where plays are taken from: one account, or the ledger of what was watched here. Unset: trakt for a viewer "
        "who has it, else ledger.",
        key="from",
    )
    timezone: str | None = setting(ZoneValue(), "The zone of days and schedules. Unset: server.time_zone.")
    tag_viewer: bool | None = setting(
        Switch(), "Whether points have a tag viewer. Unset: as soon as several viewers are exported."
    )
    incremental: float | Cron = setting(
        WhenValue(_MINUTE),
        "When news of an account is exported: a time between runs, or five cron fields.",
        15 * _MINUTE,
    )
    reconcile: float | Cron = setting(
        WhenValue(_MINUTE),
        "When it is looked for removals: a time between runs, or five cron fields.",
        cron("30 3 * * *"),
    )
    overlap: float = setting(Duration(), "How much of what was read already is read again (seconds).", 24 * _HOUR)
    window: float = setting(Duration(_HOUR), "How far back a reconcile reads everything (seconds).", 7 * _DAY)
    batch: int = setting(Integer(1, 10_000), "Points in one request at most.", 5000)
