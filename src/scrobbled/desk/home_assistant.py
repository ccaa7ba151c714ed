"""What Home Assistant is shown of a running service: one look at it, and the sensors that tell it."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from functools import partial

from scrobbled.desk.facts import standings
from scrobbled.desk.masking import masked
from scrobbled.desk.needs import questions as needs
from scrobbled.runtime.service import Runtime
from scrobbled.runtime.vitals import Component
from scrobbled.sinks.mqtt import LastPlay, SensorFacts, Sensors, Supervisor, TroubledAccount
from scrobbled.sinks.mqtt.sensors import DOWN, OK, SIGN_IN, SensorMeans
from scrobbled.store.file.codec import iso
from scrobbled.store.queue import overview, recent
from scrobbled.store.queue.recent import PlayRow
from scrobbled.store.works import wall
from scrobbled.store.works.wall import Filters

NAME = "sensors"
TELLING = (OK, DOWN, SIGN_IN)
"""States in which there is a broker to tell."""


@contextlib.asynccontextmanager
async def sensing(runtime: Runtime, environ: Mapping[str, str]) -> AsyncIterator[Sensors]:
    """Tell Home Assistant until the block ends, where there is a broker; it is never waited for."""
    supervisor = Supervisor(environ, runtime.transport)
    runtime.redactor.add(supervisor.token)
    means = SensorMeans(
        config=lambda: runtime.config,
        look=partial(look, runtime),
        supervisor=supervisor,
        learn=runtime.redactor.add,
        clock=runtime.clock,
    )
    sensors = Sensors(means)
    runtime.on_change(sensors.news)
    runtime.on_reload(sensors.use)
    runtime.vitals.also(lambda: _components(sensors))
    runtime.metrics.watch(
        "mqtt_connected",
        "1 while the sensors' broker takes what it is told, 0 while it does not",
        (),
        lambda: [((), float(sensors.state == OK))] if sensors.state in TELLING else [],
    )
    task = asyncio.create_task(sensors.run())
    try:
        yield sensors
    finally:
        sensors.stop()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def look(runtime: Runtime) -> SensorFacts:
    """Without a secret in any text. The questions are those that the page under Needs you asks."""
    active, now = frozenset(runtime.couriers), runtime.clock.now().timestamp()
    config = runtime.config
    spots = await wall.look(runtime.store, Filters(), 1, start=None)

    def seen(db: sqlite3.Connection) -> tuple[PlayRow | None, dict[str, int], standings.Standings]:
        play = recent.play(db, spots[0].play) if spots else None
        return play, _queue(db), standings.facts(db, config, now)

    play, queue, stood = await runtime.store.read(seen)  # and webhooks have the database between this and the next
    questions = await runtime.store.read(lambda db: needs.number(needs.facts(db, config, active, now)))
    asked = (*runtime.catching_up.conditions, *runtime.listening.conditions)
    servers = {one.source for one in asked if one.state in needs.BROKEN}
    told = [trouble for trouble in await runtime.alerts.open() if trouble.kind in needs.TOLD]
    asks = questions + len(servers) + len(told)
    last = None if play is None else _last(play)
    return masked(SensorFacts(last, queue, _troubled(runtime), asks, stood.house(asks)), runtime.redactor)


def _queue(db: sqlite3.Connection) -> dict[str, int]:
    """By tracker, whatever it waits for."""
    found: Counter[str] = Counter()
    for row in overview.waiting(db):
        found[row.tracker] += row.count
    return dict(sorted(found.items()))


def _last(play: PlayRow) -> LastPlay:
    return LastPlay(
        label=play.label,
        media=play.media,
        viewer=play.viewer,
        source=play.source,
        watched_at=None if play.watched_at is None else iso(play.watched_at),
        outcomes={one.tracker: one.state for one in play.deliveries},
    )


def _troubled(runtime: Runtime) -> tuple[TroubledAccount, ...]:
    return tuple(
        TroubledAccount(report.viewer, report.tracker, str(report.state), report.reason)
        for courier in runtime.couriers.values()
        if courier.health.in_trouble and (report := courier.health.report)
    )


def _components(sensors: Sensors) -> list[Component]:
    return [Component(NAME, sensors.state, sensors.reason)] if sensors.state in TELLING else []
