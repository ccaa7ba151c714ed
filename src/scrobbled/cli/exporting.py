"""``scrobbled export``: runs of the export for charts, how it stands, and whether the database takes it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import rich_click as click

from scrobbled.charting.means import ChartSettings
from scrobbled.cli.common import configured, opened, print_json, run, say
from scrobbled.cli.ending import until_told
from scrobbled.cli.served import service
from scrobbled.config import Config
from scrobbled.core.naming.names import called
from scrobbled.plumbing.clock import SystemClock
from scrobbled.runtime import charts
from scrobbled.store import Store
from scrobbled.store.charts import exports, runs, waiting
from scrobbled.store.charts.exports import LEDGER, Charted
from scrobbled.store.charts.runs import ChartRun
from scrobbled.store.charts.waiting import ChartCounts
from scrobbled.store.file.codec import iso_or_none

LOOK_EVERY = 0.3
NOBODY = (
    "No sink is configured. Add sinks: {influx: {url: http://influxdb:8086, token: …, org: …}}; see docs/analytics.md."
)
LEFT = "Stopped. What was exported stays, and the next export goes on with the rest."


def once(path: str | None, viewer: str | None, job: str, options: frozenset[str], *, as_json: bool) -> int:
    """1 when a run failed."""
    config = configured(path)
    chosen = _viewers(config, _settings(config), viewer)
    code = until_told(_made(config, chosen, job, options, as_json=as_json), LEFT)
    return 1 if code is None else code


async def _made(config: Config, viewers: Iterable[str], job: str, options: frozenset[str], *, as_json: bool) -> int:
    now = SystemClock().now
    async with service(config) as served:
        ids = [
            await served.store.write(
                lambda db, viewer=viewer: runs.ask(  # type: ignore[misc]
                    db, charts.SINK, viewer, job, "by hand", options, now().timestamp()
                )
            )
            for viewer in viewers
        ]
        ended = [await _ended(served.store, one) for one in ids]
        if not options & {runs.DRY} and all(one.outcome == runs.DONE for one in ended):
            await _written(served.store)
    if as_json:
        print_json([_told(one) for one in ended])
    for one in ended if not as_json else ():
        say(_sentence(one), err=one.outcome != runs.DONE)
    return 0 if all(one.outcome == runs.DONE for one in ended) else 1


async def _ended(store: Store, run: int) -> ChartRun:
    while True:
        found = await store.read(lambda db: runs.get(db, run))
        if found is not None and found.ended_at is not None:
            return found
        await asyncio.sleep(LOOK_EVERY)


async def _written(store: Store) -> None:
    """It ends when the points are written."""
    while await store.read(lambda db: waiting.is_waiting(db, charts.SINK)):  # noqa: ASYNC110 - another process
        await asyncio.sleep(LOOK_EVERY)


def _told(one: ChartRun) -> Mapping[str, Any]:
    told = {"run_id": one.id, "viewer": one.viewer, "job": one.job, "outcome": one.outcome, "reason": one.reason}
    return {**told, "counts": dict(one.counts)}


def _sentence(one: ChartRun) -> str:
    if one.reason:
        return f"{one.viewer}: {one.job}: {one.reason}"
    counts = one.counts
    told = f"{counts.get('written', 0):,} points written, {counts.get('removed', 0):,} removed"
    return f"{one.viewer}: {one.job} done: {told}, {counts.get('days', 0):,} days counted."


def status(path: str | None, viewer: str | None, *, as_json: bool) -> int:
    """How each viewer stands."""
    config = configured(path)
    wanted = set(_viewers(config, _settings(config), viewer))
    found = [(one, counts) for one, counts in run(_standing(config)) if one.viewer in wanted]
    if as_json:
        print_json([_stands(one, counts) for one, counts in found])
        return 0
    for name in sorted(wanted - {one.viewer for one, _ in found}):
        say(f"{name}: nothing was exported yet; it begins by itself while scrobbled serve runs.")
    for one, counts in found:
        say(_line(one, counts))
    return 0


async def _standing(config: Config) -> list[tuple[Charted, ChartCounts]]:
    async with opened(config) as store:
        return await store.read(lambda db: [(one, waiting.counts(db, one)) for one in exports.all_of(db, charts.SINK)])


def _stands(one: Charted, counts: ChartCounts) -> Mapping[str, Any]:
    return {
        "viewer": one.viewer,
        "from": one.origin,
        "plays": counts.booked,
        "exported": counts.written,
        "waiting": counts.waiting,
        "dead_letters": counts.refused,
        "left_out": dict(counts.left_out),
        "built_at": iso_or_none(one.built_at),
    }


def _line(one: Charted, counts: ChartCounts) -> str:
    whence = "our own ledger" if one.origin == LEDGER else called(one.origin)
    left = ", ".join(f"{count:,} {why}" for why, count in sorted(counts.left_out.items()))
    told = (
        f"{one.viewer}, from {whence}: {counts.booked:,} plays, {counts.written:,} exported, {counts.waiting:,} waiting"
    )
    told += f", {counts.refused:,} refused" if counts.refused else ""
    return f"{told}, left out: {left}." if left else f"{told}."


def test(path: str | None, *, as_json: bool) -> int:
    """1 when anything is not as it should be."""
    config = configured(path)
    _settings(config)
    found = run(_checked(config))
    if as_json:
        print_json([{"name": one.name, "good": one.good, "text": one.text} for one in found])
    for one in found if not as_json else ():
        say(f"{'ok ' if one.good else 'NOT'}  {one.name}: {one.text}")
    return 0 if all(one.good for one in found) else 1


async def _checked(config: Config) -> Any:
    made = charts.sink(config, None)
    try:
        return await made.check()
    finally:
        await made.aclose()


def dashboard(path: str | None, language: str, file: str) -> int:
    """``-`` is standard output."""
    from scrobbled.sinks.influx import grafana

    influx = configured(path).sinks.influx
    if influx is None:
        raise click.UsageError(NOBODY)
    text = grafana.dashboard(language, {"raw": influx.bucket_raw, "daily": influx.bucket_daily})
    with click.open_file(file, "w", encoding="utf-8") as opened_file:
        opened_file.write(text)
    if file != "-":
        say(f"Written to {file}. In Grafana: Dashboards, New, Import.")
    return 0


def remove(path: str | None, viewer: str) -> int:
    """1 where nothing of that viewer was ever exported."""
    config = configured(path)
    _settings(config)
    found = run(_dropped(config, viewer))
    if found is None:
        say(f"Nothing of {viewer} was exported.", err=True)
        return 1
    say(f"The points of {viewer} go with the next export. List the others under sinks: influx: viewers.")
    return 0


async def _dropped(config: Config, viewer: str) -> Charted | None:
    async with opened(config) as store:
        return await store.write(lambda db: exports.drop(db, charts.SINK, viewer))


def reset_sink(path: str | None, sink: str, *, sure: bool) -> int:
    """What was exported is forgotten; sign-ins, plays and what accounts hold stay."""
    config = configured(path)
    if not sure:
        click.confirm("Forget what was exported? The next export clears what is there and writes it anew", abort=True)
    run(_reset(config, sink))
    say("Forgotten. The next export is a rebuild.")
    return 0


async def _reset(config: Config, sink: str) -> int:
    async with opened(config) as store:
        return await store.write(lambda db: exports.forget(db, sink))


def _settings(config: Config) -> ChartSettings:
    found = charts.settings(config)
    if found is None:
        raise click.UsageError(NOBODY)
    return found


def _viewers(config: Config, settings: ChartSettings, viewer: str | None) -> list[str]:
    """Raises ``UsageError`` for one who is not exported."""
    names = [wish.viewer for wish in settings.wishes]
    person = config.viewer(viewer) if viewer else None
    if viewer and (person is None or person.name not in names):
        raise click.UsageError(f"{viewer} is not exported; there is {', '.join(names) or 'nobody'}.")
    return [person.name] if person else names
