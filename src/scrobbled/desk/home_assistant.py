"""What Home Assistant is shown of a running service: one look at it, and the sensors that tell it."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from functools import partial

from scrobbled import needs
from scrobbled.mqtt import Account, Facts, LastPlay, Sensors, Supervisor
from scrobbled.mqtt.sensors import DOWN, OK, SIGN_IN, Means
from scrobbled.redact import Redactor
from scrobbled.runtime import Runtime
from scrobbled.store import overview, wall
from scrobbled.store.codec import iso
from scrobbled.store.overview import PlayRow
from scrobbled.store.wall import Filters
from scrobbled.vitals import Component

NAME = "sensors"
TELLING = (OK, DOWN, SIGN_IN)
"""States in which there is a broker to tell."""


@contextlib.asynccontextmanager
async def sensing(runtime: Runtime, environ: Mapping[str, str]) -> AsyncIterator[Sensors]:
    """Tell Home Assistant until the block ends, where there is a broker; it is never waited for."""
    supervisor = Supervisor(environ, runtime.transport)
    runtime.redactor.add(supervisor.token)
    means = Means(
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


async def look(runtime: Runtime) -> Facts:
    """Without a secret in any text. The questions are those that the page under Needs you asks."""
    active, now = frozenset(runtime.couriers), runtime.clock.now().timestamp()
    config, redactor = runtime.config, runtime.redactor
    spots = await wall.look(runtime.store, Filters(), 1, start=None)

    def seen(db: sqlite3.Connection) -> tuple[PlayRow | None, dict[str, int]]:
        return overview.play(db, spots[0].play) if spots else None, _queue(db)

    play, queue = await runtime.store.read(seen)  # and webhooks have the database between this and the next
    questions = await runtime.store.read(lambda db: needs.number(needs.facts(db, config, active, now)))
    asked = (*runtime.catching_up.conditions, *runtime.listening.conditions)
    servers = {one.source for one in asked if one.state in needs.BROKEN}
    told = [trouble for trouble in await runtime.alerts.open() if trouble.kind in needs.TOLD]
    return Facts(
        last=None if play is None else _last(play, redactor),
        queue=queue,
        troubled=_troubled(runtime, redactor),
        questions=questions + len(servers) + len(told),
    )


def _queue(db: sqlite3.Connection) -> dict[str, int]:
    """By tracker, whatever it waits for."""
    found: Counter[str] = Counter()
    for row in overview.waiting(db):
        found[row.tracker] += row.count
    return dict(sorted(found.items()))


def _last(play: PlayRow, redactor: Redactor) -> LastPlay:
    return LastPlay(
        label=redactor.text(play.label),
        media=play.media,
        viewer=redactor.text(play.viewer),
        source=play.source,
        watched_at=None if play.watched_at is None else iso(play.watched_at),
        outcomes={one.tracker: one.state for one in play.deliveries},
    )


def _troubled(runtime: Runtime, redactor: Redactor) -> tuple[Account, ...]:
    return tuple(
        Account(redactor.text(report.viewer), report.tracker, str(report.state), redactor.text(report.reason))
        for courier in runtime.couriers.values()
        if courier.health.in_trouble and (report := courier.health.report)
    )


def _components(sensors: Sensors) -> list[Component]:
    return [Component(NAME, sensors.state, sensors.reason)] if sensors.state in TELLING else []
