"""VictoriaMetrics: numbers only, no point is ever overwritten, and only whole series can be removed."""

from __future__ import annotations

import re
import time

from scrobbled.core.charts.days import ChartDay
from scrobbled.core.charts.days import points as days
from scrobbled.core.charts.points import Tags
from scrobbled.plumbing.http import Answer
from scrobbled.sinks.base import SinkAbilities
from scrobbled.sinks.influx.access import VICTORIA
from scrobbled.sinks.influx.answers import LinesVerdict, judged, refused, strange
from scrobbled.sinks.influx.dialect import ChartsDialect, held, quoted

NAMES = (*days(ChartDay(0), ())[0].fields, "ok")
"""Of the fields of a day and of a try; each is a metric of its own."""
DAY = 86_400
FOREVER = 50 * 365 * DAY
"""Seconds. It has no other word for it, and takes nothing from before 1970 anyway."""
_SPANS = {"h": 3600, "d": DAY, "w": 7 * DAY, "y": 365 * DAY, "": 31 * DAY}
"""Seconds of what its ``-retentionPeriod`` counts; without a unit it counts months."""
_RETENTION = re.compile(r'^flag\{name="retentionPeriod", ?value="(\d+(?:\.\d+)?)([hdwy]?)"', re.MULTILINE)


class Victoria(ChartsDialect):
    """One database, whatever the bucket is called. Moments are kept in milliseconds, and 0 would be taken for now."""

    kind, in_words = VICTORIA, "VictoriaMetrics"
    can = SinkAbilities(overwrites=False, strings=False, deletes=False, earliest=DAY)

    async def post(self, bucket: str, body: bytes) -> LinesVerdict:
        return judged(await self._lines("/api/v2/write", {"bucket": bucket, "precision": "ns"}, body))

    async def clear(self, bucket: str, measurement: str, tags: Tags) -> None:
        """All series of the measurement; what is written anew is seen again after some seconds."""
        names = "|".join(f"{measurement}_{name}" for name in NAMES)
        labels = [f"__name__=~{quoted(names)}", *(f"{name}={quoted(value)}" for name, value in held(tags))]
        params: dict[str, str | int] = {"match[]": f"{{{','.join(labels)}}}"}
        answer = await self._ask("POST", "/api/v1/admin/tsdb/delete_series", params)
        refused(answer)
        if not answer.ok:
            raise strange(answer)

    async def keeps(self, bucket: str) -> float | None:
        """By its flag, which a proxy before it may hide."""
        answer = await self._metrics()
        found = _RETENTION.search(answer.body.decode("utf-8", "replace")) if answer.ok else None
        seconds = float(found[1]) * _SPANS[found[2]] if found else None
        return 0.0 if seconds and seconds > FOREVER else seconds

    async def learn(self) -> None:
        """Older points than its retention are dropped without a word."""
        kept = await self.keeps("")
        if kept:
            earliest = max(DAY, int(time.time() - kept))
            self.can = SinkAbilities(overwrites=False, strings=False, deletes=False, earliest=earliest)

    async def _metrics(self) -> Answer:
        return await self._ask("GET", "/metrics", {})
