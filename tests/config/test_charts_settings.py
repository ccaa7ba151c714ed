"""The settings of charts: usual values, a viewer's own, and schedules in two forms."""

from scrobbled.config import ChartViewerConfig, json_schema, loads, secrets, show
from scrobbled.core.cron import Cron

VIEWERS = "viewers: [{name: anna, trackers: {trakt: {client_id: c, client_secret: s}}}, {name: ben}]\n"


def test_an_address_is_enough_and_the_rest_is_usual() -> None:
    influx = loads("sinks: {influx: {url: 'http://influxdb:8086'}}", {}).sinks.influx
    assert influx is not None
    assert (influx.enabled, influx.server, influx.bucket_raw, influx.bucket_daily) == (
        True,
        "auto",
        "trakt_raw",
        "trakt_agg",
    )
    assert (influx.incremental, influx.reconcile) == (900.0, Cron("30 3 * * *"))
    assert (influx.overlap, influx.window, influx.batch) == (86_400.0, 604_800.0, 5000)
    assert (influx.viewers, influx.origin, influx.tag_viewer, influx.timezone) == ((), None, None, None)


def test_a_viewer_may_be_a_name_or_have_an_origin_and_a_zone_of_their_own() -> None:
    text = VIEWERS + (
        "sinks:\n  influx:\n    url: http://i\n    from: ledger\n"
        "    viewers: [ben, {name: anna, from: trakt, timezone: Asia/Tokyo}]\n    incremental: '0 6,18 * * *'\n"
    )
    config = loads(text, {})
    influx = config.sinks.influx
    assert influx is not None
    assert influx.viewers == (
        ChartViewerConfig(name="ben"),
        ChartViewerConfig(name="anna", origin="trakt", timezone="Asia/Tokyo"),
    )
    assert (influx.origin, influx.incremental) == ("ledger", Cron("0 6,18 * * *"))
    shown = {row.path: (row.value, row.origin) for row in show(config)}
    assert shown["sinks.influx.from"] == ("ledger", "line 5")
    assert shown["sinks.influx.viewers[1].from"] == ("trakt", "line 6")
    assert shown["sinks.influx.incremental"] == ("0 6,18 * * *", "line 7")
    assert shown["sinks.influx.reconcile"] == ("30 3 * * *", "default")


def test_token_and_password_are_secrets() -> None:
    text = "sinks: {influx: {url: 'http://i', token: a-long-token, username: u, password: a-pass-word}}"
    config = loads(text, {})
    assert {"a-long-token", "a-pass-word"} <= set(secrets(config))
    assert "a-long-token" not in repr(config)
    assert "a-pass-word" not in repr(config)


def test_the_schema_knows_both_forms_of_a_schedule() -> None:
    influx = json_schema()["properties"]["sinks"]["properties"]["influx"]["properties"]
    assert {"from", "from_file", "token_file", "password_file"} <= influx.keys()
    assert len(influx["incremental"]["anyOf"][0]["anyOf"]) == 2
