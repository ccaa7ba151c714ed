"""The export of charts, wired: from the configuration and a running service to whoever keeps it up to date."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import tzinfo
from functools import partial
from zoneinfo import ZoneInfo

import httpx
from msgspec import Struct

from scrobbled.alerts import Alerts, Trouble
from scrobbled.charting.exporter import Exported
from scrobbled.charting.keeper import ChartKeeper
from scrobbled.charting.means import DOWN, OK, SIGN_IN, ChartMeans, ChartSettings, ReadAccount
from scrobbled.config import ChartViewerConfig, Config, InfluxConfig, ViewerConfig
from scrobbled.config.trackers import CHARTED
from scrobbled.plumbing.clock import Clock, SystemClock
from scrobbled.plumbing.metrics import Metrics
from scrobbled.plumbing.pools import Pools
from scrobbled.plumbing.zones import MACHINE
from scrobbled.runtime.vitals import Component
from scrobbled.sinks.base import ChartSink
from scrobbled.store import Store
from scrobbled.store.charts import runs
from scrobbled.store.charts.exports import LEDGER, ChartWish
from scrobbled.store.charts.runs import ChartRun

SINK = "influx"
LASTS = 600.0
"""Seconds that it has to last before anybody is told."""


class ChartSurroundings(Struct, frozen=True):
    """What a running service has that the export needs. ``config`` is asked each time, as a reload exchanges it."""

    store: Store
    clock: Clock
    config: Callable[[], Config]
    metrics: Metrics
    alerts: Alerts
    read: ReadAccount
    changed: Callable[[], None]
    transport: httpx.AsyncBaseTransport | None
    by_clock: bool


def keeper(around: ChartSurroundings) -> ChartKeeper:
    """Runs beside everything else, and does nothing where no sink is configured."""
    made = ChartKeeper(
        ChartMeans(
            store=around.store,
            clock=around.clock,
            settings=lambda: settings(around.config()),
            sink=lambda: sink(around.config(), around.transport, around.metrics, around.clock),
            read=around.read,
            zone=zone,
            changed=around.changed,
            ended=partial(_ended, around.metrics),
            sent=partial(_sent, around.metrics),
            by_clock=around.by_clock,
        )
    )
    around.alerts.watch(_Watch(made, around.alerts, around.clock).look)
    around.metrics.watch(
        "sink_up",
        "1 while the database of charts takes what it is sent, 0 while it does not",
        ("sink",),
        lambda: [((SINK,), float(made.state == OK))] if made.state in (OK, DOWN, SIGN_IN) else [],
    )
    return made


def settings(config: Config) -> ChartSettings | None:
    """What is exported; ``None`` where nothing is."""
    influx = config.sinks.influx
    if influx is None or not influx.enabled:
        return None
    chosen = [(one, config.viewer(one.name)) for one in _chosen(config, influx)]
    known = [(one, viewer) for one, viewer in chosen if viewer is not None]
    tagged = len(known) > 1 if influx.tag_viewer is None else influx.tag_viewer
    house = influx.timezone or config.server.time_zone or ""
    wishes = tuple(
        ChartWish(
            viewer.name,
            origin(viewer, one.origin or influx.origin),
            one.timezone or house,
            viewer.name if tagged else "",
        )
        for one, viewer in known
    )
    rhythms = {runs.INCREMENTAL: influx.incremental, runs.RECONCILE: influx.reconcile}
    return ChartSettings(SINK, wishes, rhythms, zone(house), influx.batch, _where(influx))


def _chosen(config: Config, influx: InfluxConfig) -> Iterable[ChartViewerConfig]:
    return influx.viewers or [ChartViewerConfig(name=viewer.name) for viewer in config.viewers]


def origin(viewer: ViewerConfig, said: str | None) -> str:
    """Where the plays of a viewer come from: as is said, else the account that charts are made of, else the ledger.

    An account that the viewer has not means the ledger too.
    """
    if said and (said == LEDGER or said in viewer.trackers):
        return said
    return CHARTED[0] if not said and CHARTED[0] in viewer.trackers else LEDGER


def _where(influx: InfluxConfig) -> tuple[str, ...]:
    told = (influx.url, influx.server, influx.token, influx.username, influx.password, influx.org)
    return tuple(one or "" for one in (*told, influx.bucket_raw, influx.bucket_daily))


def zone(name: str) -> tzinfo:
    """By the name in the book; the machine's own where that is empty."""
    return ZoneInfo(name) if name else MACHINE


def sink(
    config: Config,
    transport: httpx.AsyncBaseTransport | None,
    metrics: Metrics | None = None,
    clock: Clock | None = None,
) -> ChartSink:
    """The configured one. No request is sent; whoever made it closes it."""
    from scrobbled.sinks.influx import InfluxAccess, InfluxSink  # with what only it needs

    influx = config.sinks.influx
    assert influx is not None
    access = InfluxAccess(
        url=influx.url,
        buckets={"raw": influx.bucket_raw, "daily": influx.bucket_daily},
        server=influx.server,
        token=influx.token or "",
        username=influx.username or "",
        password=influx.password or "",
        org=influx.org or "",
        batch=influx.batch,
    )
    http = Pools(transport, partial(_observer, metrics) if metrics else None).to(SINK, influx.url)
    now = (clock or SystemClock()).now
    return InfluxSink(http, access, lambda: now().timestamp())


def _observer(metrics: Metrics, name: str) -> Callable[[str, str, float], None]:
    def observe(method: str, status: str, seconds: float) -> None:
        metrics.sink_requests.labels(name, method, status).inc()
        metrics.sink_request.labels(name).observe(seconds)

    return observe


def components(made: ChartKeeper) -> list[Component]:
    """For ``/health/ready``, which it never turns."""
    known = made.state in (OK, DOWN, SIGN_IN)
    return [Component(f"sinks/{SINK}", made.state, made.reason)] if known else []


def _ended(metrics: Metrics, run: ChartRun, counts: Mapping[str, int], outcome: str, seconds: float) -> None:
    metrics.sink_runs.labels(run.sink, run.viewer, run.job, outcome).inc()
    metrics.sink_run.labels(run.sink, run.job).observe(seconds)


def _sent(metrics: Metrics, sent: Exported) -> None:
    for outcome, points in (("written", sent.written), ("removed", sent.removed), ("refused", sent.refused)):
        if points:
            metrics.sink_points.labels(SINK, "watch_event", outcome).inc(points)
    if sent.days:
        metrics.sink_points.labels(SINK, "watch_daily", "written").inc(sent.days * 3)


class _Watch:
    """Tells of a database of charts that takes nothing, once it has lasted, and when it is well."""

    def __init__(self, made: ChartKeeper, alerts: Alerts, clock: Clock) -> None:
        self._made, self._alerts, self._clock = made, alerts, clock
        self._since: float | None = None

    async def look(self) -> None:
        state = self._made.state
        if state in (DOWN, SIGN_IN):
            self._since = self._since if self._since is not None else self._clock.monotonic()
            if state == SIGN_IN or self._clock.monotonic() - self._since >= LASTS:
                title = "The database of charts takes nothing"
                text = f"{self._made.reason} What waits is kept, and is written as soon as it does."
                await self._alerts.report(Trouble("sink", SINK, title, text))
        else:
            self._since = None
            title = "The database of charts is well again"
            await self._alerts.recovered("sink", SINK, title, "What waited is written.")
