"""Everything that charts need, looked at once for people: address, server, token, buckets, a point there and back."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping

from scrobbled.core.charts.points import Bucket, ChartPoint, Span
from scrobbled.core.errors import LoginNeeded, TrackerError, TryLater
from scrobbled.sinks.base import BucketMissing, SinkCheck
from scrobbled.sinks.influx.access import THREE, TWO, VICTORIA
from scrobbled.sinks.influx.batches import Bringer, LinePoint
from scrobbled.sinks.influx.dialect import ChartsDialect
from scrobbled.sinks.influx.lines import line

MEASUREMENT = "scrobbled_test"
NO_DELETES = {
    THREE: "This server deletes nothing. A play that is taken back stays, with removed = true, which the dashboard "
    "leaves out; daily sums are always right.",
    VICTORIA: "This server keeps numbers only: there are charts of days, and none of single plays. A day that changes "
    "is its series removed and written again.",
}
_TOKEN = (
    "Check sinks.influx.token (for InfluxDB 1.x username and password): it must be allowed to write to both buckets."
)


async def tried(
    found: Callable[[], Awaitable[tuple[ChartsDialect, str]]], buckets: Mapping[Bucket, str]
) -> list[SinkCheck]:
    """In the order in which they are looked at; what cannot be looked at for want of what is before it is left out.

    ``found`` says how the server is spoken to, and its version.
    """
    try:
        dialect, version = await found()
    except LoginNeeded as error:
        return [SinkCheck("token", False, f"{_sentence(error.reason)} {_TOKEN}")]
    except TryLater as error:
        step = "Is it running, and is sinks.influx.url its address?"
        return [SinkCheck("address", False, f"{_sentence(error.reason)} {step}")]
    except TrackerError as error:
        return [SinkCheck("address", False, _sentence(error.reason))]
    named = f"InfluxDB {version.removeprefix('v')}" if version else dialect.in_words
    told = [SinkCheck("address", True, "It answers."), SinkCheck("server", True, f"{named}.")]
    if not dialect.can.deletes:
        told.append(SinkCheck("removals", True, NO_DELETES.get(dialect.kind, "This server deletes nothing.")))
    for bucket, name in buckets.items():
        if dialect.can.strings or bucket == "daily":
            told += await _bucket(dialect, name)
    return told


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '?', '!')) else '.'}"


async def _bucket(dialect: ChartsDialect, name: str) -> list[SinkCheck]:
    """A point of a measurement of its own: written, read back and taken away."""
    at = time.time_ns()
    point = ChartPoint(MEASUREMENT, (), {"ok": 1}, at)
    bringer = Bringer(lambda body: dialect.post(name, body))
    failed = await _failing(f"bucket {name}", lambda: bringer.bring([LinePoint(0, line(point), at)]))
    if failed:
        return [failed]
    if bringer.outcome.refused or bringer.outcome.too_old:
        words = next((one.words for one in bringer.outcome.refused), "it is older than the bucket keeps")
        return [SinkCheck(f"bucket {name}", False, f"A point of now is refused: {words}.")]
    told = [SinkCheck(f"bucket {name}", True, "A point was written.")]
    told += [one for one in (await _read(dialect, name, at), await _kept(dialect, name)) if one]
    if dialect.can.deletes:
        gone = await _failing(f"removing from {name}", lambda: dialect.remove(name, Span(MEASUREMENT, (), at, at)))
        told.append(gone or SinkCheck(f"removing from {name}", True, "The point was taken away again."))
    elif not dialect.can.overwrites:
        await _failing(f"removing from {name}", lambda: dialect.clear(name, MEASUREMENT, ()))
    return told


async def _failing(name: str, act: Callable[[], Awaitable[None]]) -> SinkCheck | None:
    """What is wrong, ``None`` where nothing is."""
    try:
        await act()
    except LoginNeeded as error:
        return SinkCheck(name, False, f"{_sentence(error.reason)} {_TOKEN}")
    except BucketMissing as error:
        return SinkCheck(name, False, _sentence(error.reason))
    except TrackerError as error:
        return SinkCheck(name, False, f"{_sentence(error.reason)} It is tried again by itself.")
    return None


async def _read(dialect: ChartsDialect, bucket: str, at: int) -> SinkCheck | None:
    try:
        there = await dialect.holds(bucket, MEASUREMENT, at)
    except TrackerError:
        there = None
    if there is None:
        may = "The token may not read, which is enough for charts; an emptied bucket is not noticed, though."
        return None if dialect.kind == VICTORIA else SinkCheck(f"reading {bucket}", True, may)
    text = "The point was read back." if there else "The point that was written is not there; is this the right server?"
    return SinkCheck(f"reading {bucket}", there, text)


async def _kept(dialect: ChartsDialect, bucket: str) -> SinkCheck | None:
    """Said where a bucket forgets, as the oldest plays are then left out."""
    try:
        kept = await dialect.keeps(bucket)
    except TrackerError:
        kept = None
    if not kept:
        return None
    days = f"{kept / 86_400:.0f} days" if kept >= 2 * 86_400 else f"{kept / 3600:.0f} hours"
    step = " Keep all: influx bucket update --id ID --retention 0." if dialect.kind == TWO else ""
    return SinkCheck(f"retention of {bucket}", False, f"It keeps {days}; older plays are left out.{step}")
