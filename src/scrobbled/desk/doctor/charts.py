"""Does the database of charts answer, which one is it, and what does it keep; of no interest where there is none."""

from __future__ import annotations

import contextlib

from scrobbled.config import InfluxConfig
from scrobbled.core.charts.points import Bucket
from scrobbled.core.errors import LoginNeeded, TrackerError, TryLater
from scrobbled.core.words.checks import Check, ok, problem, warning
from scrobbled.desk.doctor.patient import Patient
from scrobbled.sinks.base import BucketMissing, SinkServer
from scrobbled.sinks.influx import InfluxSink, access

NAME = "charts"
ADDRESS = "Is it running, and is sinks.influx.url its address? Plays are taken and delivered without it."
TOKEN = (
    "Check sinks.influx.token, or for InfluxDB 1.x username and password: it must be allowed to write to both buckets."
)
FOREVER = "Let it keep everything, unless it is meant to forget; older plays are left out of the charts until then."
_DAY = 86_400.0


async def charts(patient: Patient) -> list[Check]:
    """Nothing is written there."""
    settings = patient.config.sinks.influx
    if settings is None or not settings.enabled:
        return []
    known = access(settings)
    for secret in known.secrets:
        patient.redactor.add(secret)
    sink = InfluxSink(patient.http(settings.url), known, lambda: patient.clock.now().timestamp())
    async with contextlib.aclosing(sink):
        try:
            return await _looked(sink, settings)
        except LoginNeeded as error:
            return [problem(NAME, _sentence(error), TOKEN)]
        except TryLater as error:
            return [warning(NAME, _sentence(error), ADDRESS)]
        except TrackerError as error:
            return [problem(NAME, _sentence(error), "Write the address of the database itself as sinks.influx.url.")]


async def _looked(sink: InfluxSink, settings: InfluxConfig) -> list[Check]:
    server = await sink.ping()
    found = [_server(server)]
    names: dict[Bucket, str] = {"raw": settings.bucket_raw, "daily": settings.bucket_daily}
    for bucket, name in names.items():
        found += await _bucket(sink, bucket, name)
    return found


def _server(server: SinkServer) -> Check:
    version = server.version.removeprefix("v")
    text = f"{server.kind} {version} answers.".replace("  ", " ")
    if not server.can.strings:
        text += " It holds numbers only: there are charts of days, and none of single plays."
    elif not server.can.deletes:
        text += " It deletes nothing: a play that is taken back is marked as removed, and daily sums are always right."
    return ok(NAME, text, server=server.kind, version=version, deletes=server.can.deletes)


async def _bucket(sink: InfluxSink, bucket: Bucket, name: str) -> list[Check]:
    try:
        kept = await sink.keeps(bucket)
    except BucketMissing as error:
        return [problem(f"{NAME}: {name}", _sentence(error), "Make it with that command.")]
    if not kept:
        return []
    days = f"{kept / _DAY:.0f} days" if kept >= 2 * _DAY else f"{kept / 3600:.0f} hours"
    return [warning(f"{NAME}: {name}", f"It keeps {days}.", FOREVER, days=round(kept / _DAY, 1))]


def _sentence(error: TrackerError) -> str:
    text = error.reason
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '?')) else '.'}"
