"""The Grafana dashboards of charts, one for each language: python3 .ci/grafana charts FOLDER writes all three.

What a panel shows is said once, as an ``Ask``; a language makes it into a query. No bucket's name stands in one: they
are choices on top, like the data source and the person. Days are points at 00:00 UTC of their date, so the clock of the
dashboard is UTC, and a bar stands at its date in every zone.
"""

import json
from dataclasses import dataclass

from looks import Query, bars, lengths, placed, stat, table, written

TOP, LATEST = 10, 20
COLUMNS = {"episode": ("show_title", "season_number", "episode_number", "title"), "movie": ("title", "year")}
NAMED = {
    "show_title": "Show",
    "season_number": "Season",
    "episode_number": "Episode",
    "title": "Title",
    "year": "Year",
    "_time": "Time",
    "_value": "Plays",
}


@dataclass(frozen=True)
class Ask:
    """``what`` is ``total``, ``days``, ``kinds``, ``people``, ``again``, ``top``, ``latest`` or ``moments``.

    ``field`` is of a day or a play, and of moments the form in which they are told.
    """

    what: str
    field: str = ""
    media: str = "all"
    over: int = 1


def told(ask):
    """As the text that a query of ``looks`` holds."""
    return json.dumps([ask.what, ask.field, ask.media, ask.over])


def figure(title, text, field, media="all", over=1):
    return stat(title, text, told(Ask("total", field, media, over)))


def daily(title, text, field):
    return bars(title, text, Query(told(Ask("days", field, "each"))), every="1d")


ALL = "Of all days in the range above."
GLANCE = (
    figure("Minutes", f"{ALL} Plays of unknown length are not in it.", "watch_minutes_total"),
    figure("Hours", f"{ALL} Plays of unknown length are not in it.", "watch_minutes_total", over=60),
    figure("Plays", ALL, "events_count"),
    figure("Films", ALL, "events_count", "movie"),
    figure("Episodes", ALL, "events_count", "episode"),
    figure("Rewatches", f"{ALL} What was watched before, counted with all that is known of earlier years.",
           "rewatch_events_count"),
)  # fmt: skip
DAYS = (
    daily("Every day", "Films and episodes; a bar stands at its date.", "events_count"),
    daily("Minutes of every day", "Of what is known.", "watch_minutes_total"),
    lengths("By kind", ALL, told(Ask("kinds", "events_count", "each")), "{{media_type}}", width=8),
    lengths("By person", "Where points have a tag viewer.", told(Ask("people", "events_count")), "{{viewer}}", width=8),
    lengths("First time or again", ALL, told(Ask("again")), "", width=8),
)  # fmt: skip
TITLES = (
    table("Shows watched most", "By episodes.", told(Ask("top", "show_title", "episode")), "Plays", "none"),
    table("Films watched most", "By plays.", told(Ask("top", "title", "movie")), "Plays", "none"),
    table("Latest episodes", "The newest above.", told(Ask("latest", media="episode")), "Time", "none"),
    table("Latest films", "The newest above.", told(Ask("latest", media="movie")), "Time", "none"),
    table("By weekday", "All plays in the range above.", told(Ask("moments", "dddd")), "Plays", "none"),
    table("By hour", "All plays in the range above.", told(Ask("moments", "HH")), "Plays", "none"),
)


class Flux:
    """InfluxDB 2."""

    name, title, kind, people = (
        "flux",
        "InfluxDB 2 (Flux)",
        "influxdb",
        ('import "influxdata/influxdb/schema" schema.tagValues(bucket: "${bucket_daily}", tag: "viewer")'),
    )
    rows = (("At a glance", GLANCE), ("Day by day", DAYS), ("Titles and times", TITLES))

    def queries(self, ask):
        if ask.what == "again":
            fields = {"First time": "first_watch_events_count", "Again": "rewatch_events_count"}
            return [f'{self._days(one, "all")} |> group() |> sum() |> set(key: "_field", value: "{name}")'
                    for name, one in fields.items()]  # fmt: skip
        return [getattr(self, f"asked_{ask.what}")(ask)]

    def _from(self, bucket, measurement, media):
        chosen = {"all": ' and r.media_type == "all"', "each": ' and r.media_type != "all"', "": ""}
        kind = chosen.get(media, f' and r.media_type == "{media}"')
        return (
            f'from(bucket: "${{{bucket}}}") |> range(start: v.timeRangeStart, stop: v.timeRangeStop)'
            f' |> filter(fn: (r) => r._measurement == "{measurement}"{kind})'
            ' |> filter(fn: (r) => (if exists r.viewer then r.viewer else "") =~ /^${viewer:regex}$/)'
        )

    def _days(self, field, media):
        return f'{self._from("bucket_daily", "watch_daily", media)} |> filter(fn: (r) => r._field == "{field}")'

    def asked_total(self, ask):
        over = f" |> map(fn: (r) => ({{r with _value: float(v: r._value) / {ask.over}.0}}))" if ask.over > 1 else ""
        return f"{self._days(ask.field, ask.media)} |> group() |> sum(){over}"

    def asked_days(self, ask):
        window = 'aggregateWindow(every: 1d, fn: sum, timeSrc: "_start", createEmpty: false)'
        return f'{self._days(ask.field, ask.media)} |> group(columns: ["media_type"]) |> {window}'

    def asked_kinds(self, ask):
        return f'{self._days(ask.field, ask.media)} |> group(columns: ["media_type"]) |> sum()'

    def asked_people(self, ask):
        return f'{self._days(ask.field, ask.media)} |> group(columns: ["viewer"]) |> sum()'

    def asked_top(self, ask):
        return (
            f'{self._from("bucket_raw", "watch_event", ask.media)} |> filter(fn: (r) => r._field == "{ask.field}")'
            f' |> duplicate(column: "_value", as: "{ask.field}") |> group(columns: ["{ask.field}"]) |> count()'
            f' |> group() |> sort(columns: ["_value"], desc: true) |> limit(n: {TOP})'
        )

    def asked_latest(self, ask):
        names = ", ".join(f'"{name}"' for name in ("_time", *COLUMNS[ask.media]))
        wanted = " or ".join(f'r._field == "{name}"' for name in COLUMNS[ask.media])
        return (
            f"{self._from('bucket_raw', 'watch_event', ask.media)} |> filter(fn: (r) => {wanted})"
            ' |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value") |> group()'
            f' |> sort(columns: ["_time"], desc: true) |> limit(n: {LATEST}) |> keep(columns: [{names}])'
        )

    def asked_moments(self, ask):
        narrowed = 'filter(fn: (r) => r._field == "history_id") |> group() |> keep(columns: ["_time", "_value"])'
        return f"{self._from('bucket_raw', 'watch_event', '')} |> {narrowed}"

    def target(self, query, ask):
        return {"query": query}


class InfluxQl:
    """InfluxDB 1.x, and 3."""

    name, title, kind, people = (
        "influxql",
        "InfluxDB 1.x and 3 (InfluxQL)",
        "influxdb",
        ('SHOW TAG VALUES ON "${bucket_daily}" FROM "watch_daily" WITH KEY = "viewer"'),
    )
    rows = (("At a glance", GLANCE), ("Day by day", DAYS), ("Titles and times", TITLES))

    def queries(self, ask):
        if ask.what == "again":
            fields = {"First time": "first_watch_events_count", "Again": "rewatch_events_count"}
            return [self._days(f'sum("{one}") AS "{name}"', "all") for name, one in fields.items()]
        return [getattr(self, f"asked_{ask.what}")(ask)]

    def _where(self, media):
        chosen = {"all": "\"media_type\" = 'all' AND ", "each": "\"media_type\" <> 'all' AND ", "": ""}
        kind = chosen.get(media, f"\"media_type\" = '{media}' AND ")
        return f'WHERE {kind}"viewer" =~ /^${{viewer:regex}}$/ AND $timeFilter'

    def _days(self, what, media):
        return f'SELECT {what} FROM "${{bucket_daily}}".."watch_daily" {self._where(media)}'

    def _plays(self, what, media):
        return f'SELECT {what} FROM "${{bucket_raw}}".."watch_event" {self._where(media)}'

    def asked_total(self, ask):
        over = f" / {ask.over}" if ask.over > 1 else ""
        return self._days(f'sum("{ask.field}"){over}', ask.media)

    def asked_days(self, ask):
        return self._days(f'sum("{ask.field}")', ask.media) + ' GROUP BY time(1d), "media_type" fill(none)'

    def asked_kinds(self, ask):
        return self._days(f'sum("{ask.field}")', ask.media) + ' GROUP BY "media_type"'

    def asked_people(self, ask):
        return self._days(f'sum("{ask.field}")', ask.media) + ' GROUP BY "viewer"'

    def asked_top(self, ask):
        return self._plays(f'"{ask.field}", "removed"', ask.media)

    def asked_latest(self, ask):
        names = ", ".join(f'"{name}"' for name in (*COLUMNS[ask.media], "removed"))
        return f"{self._plays(names, ask.media)} ORDER BY time DESC LIMIT {LATEST}"

    def asked_moments(self, ask):
        return self._plays('"history_id", "removed"', "")

    def target(self, query, ask):
        form = "table" if ask.what in ("top", "latest", "moments") else "time_series"
        named = {"days": "$tag_media_type", "kinds": "$tag_media_type", "people": "$tag_viewer"}
        alias = {"alias": named[ask.what]} if ask.what in named else {}
        return {"query": query, "rawQuery": True, "resultFormat": form, **alias}


class MetricsQl:
    """VictoriaMetrics, which keeps days and no titles."""

    name, title, kind, people = (
        "victoriametrics",
        "VictoriaMetrics",
        "prometheus",
        ("label_values(watch_daily_events_count, viewer)"),
    )
    rows = (("At a glance", GLANCE), ("Day by day", DAYS))

    def queries(self, ask):
        if ask.what == "again":
            fields = {"First time": "first_watch_events_count", "Again": "rewatch_events_count"}
            return [f'label_set({self._sum(one, "all", "$__range")}, "kind", "{name}")' for name, one in fields.items()]
        by = {"kinds": " by (media_type)", "people": " by (viewer)", "days": " by (media_type)"}.get(ask.what, "")
        stretch = "1d" if ask.what == "days" else "$__range"
        over = f" / {ask.over}" if ask.over > 1 else ""
        return [self._sum(ask.field, ask.media, stretch, by) + over]

    def _sum(self, field, media, stretch, by=""):
        kind = {"each": 'media_type!="all"'}.get(media, f'media_type="{media}"')
        return f'sum{by}(sum_over_time(watch_daily_{field}{{{kind},viewer=~"$viewer"}}[{stretch}]))'

    def target(self, query, ask):
        legend = {"kinds": "{{media_type}}", "days": "{{media_type}}", "people": "{{viewer}}", "again": "{{kind}}"}
        days = ask.what == "days"
        found = {"expr": query, "instant": not days, "range": days, "legendFormat": legend.get(ask.what, "__auto")}
        return {**found, "interval": "1d"} if days else found


LANGUAGES = (Flux(), InfluxQl(), MetricsQl())


def choice(name, label, text):
    """A name to be typed: a bucket has no list that every token may see."""
    current = {"selected": True, "text": text, "value": text}
    return {"type": "textbox", "name": name, "label": label, "query": text, "current": current, "hide": 0,
            "options": [{**current}]}  # fmt: skip


def choices(language):
    source = {"type": language.kind, "uid": "${datasource}"}
    return [
        {"type": "datasource", "name": "datasource", "label": "Data source", "query": language.kind, "hide": 0,
         "includeAll": False, "multi": False, "options": [], "refresh": 1, "regex": ""},
        *([] if language.name == "victoriametrics" else [
            choice("bucket_raw", "Bucket of plays", "trakt_raw"),
            choice("bucket_daily", "Bucket of days", "trakt_agg"),
        ]),
        {"type": "query", "name": "viewer", "label": "Person", "datasource": source, "definition": language.people,
         "query": language.people, "current": {"selected": True, "text": ["All"], "value": ["$__all"]}, "hide": 0,
         "includeAll": True, "allValue": ".*", "multi": True, "options": [], "refresh": 2, "regex": "", "sort": 1},
    ]  # fmt: skip


GONE = {
    "id": "filterByValue",
    "options": {
        "type": "exclude",
        "match": "any",
        "filters": [{"fieldName": "removed", "config": {"id": "equal", "options": {"value": True}}}],
    },
}
"""InfluxDB 3 deletes nothing: what is gone says so, and no query of its language can leave out what says something."""


def changes(language, ask):
    """What Grafana makes of the rows of a table."""
    return [*([GONE] if language.name == "influxql" else []), *shaped(language, ask)]


def shaped(language, ask):
    rename = {"id": "organize", "options": {"excludeByName": {"removed": True}, "renameByName": NAMED}}
    if ask.what == "moments":
        at = "_time" if language.name == "flux" else "Time"
        value = "_value" if language.name == "flux" else "history_id"
        name = "When"
        formed = {"timeField": at, "outputFormat": ask.field, "useTimezone": True, "timezone": "browser"}
        grouped = {
            at: {"aggregations": [], "operation": "groupby"},
            value: {"aggregations": ["count"], "operation": "aggregate"},
        }
        return [{"id": "formatTime", "options": formed}, {"id": "groupBy", "options": {"fields": grouped}},
                {"id": "organize", "options": {"renameByName": {at: name, f"{value} (count)": "Plays"}}}]  # fmt: skip
    if ask.what == "top" and language.name == "influxql":
        grouped = {ask.field: {"aggregations": ["count"], "operation": "groupby"},
                   "Time": {"aggregations": ["count"], "operation": "aggregate"}}  # fmt: skip
        renamed = {"renameByName": {ask.field: NAMED[ask.field], "Time (count)": "Plays"}}
        return [{"id": "groupBy", "options": {"fields": grouped}}, {"id": "organize", "options": renamed},
                {"id": "sortBy", "options": {"sort": [{"field": "Plays", "desc": True}]}},
                {"id": "limit", "options": {"limitField": str(TOP)}}]  # fmt: skip
    return [rename]


def panel(language, made):
    if made["type"] == "row":
        return made
    ask = Ask(*json.loads(made["targets"][0]["expr"]))
    source = {"type": language.kind, "uid": "${datasource}"}
    targets = [
        {"refId": letter, "datasource": source, **language.target(query, ask)}
        for letter, query in zip("AB", language.queries(ask), strict=False)
    ]
    changed = {"transformations": changes(language, ask)} if made["type"] == "table" else {}
    return {**made, **changed, "datasource": source, "targets": targets}


def charts(language):
    return {
        "id": None,
        "uid": f"scrobbled-charts-{language.name}",
        "title": f"scrobbled: what was watched, {language.title}",
        "description": "Everything watched, by day, person and title.",
        "tags": ["scrobbled"],
        "schemaVersion": 38,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "timezone": "utc",
        "time": {"from": "now-1y", "to": "now"},
        "refresh": "5m",
        "links": [],
        "templating": {"list": choices(language)},
        "annotations": {"list": []},
        "panels": [panel(language, made) for made in placed(language.rows)],
    }


def texts():
    """Each dashboard's file and what stands in it."""
    return {f"{language.name}.json": written(charts(language)) + "\n" for language in LANGUAGES}
