"""The sink for charts against the stand-in of InfluxDB."""

from collections.abc import Sequence
from typing import Any

import httpx

from conftest import FakeClock
from scrobbled.core.charts.points import SECOND, ChartPoint, tags_of
from scrobbled.plumbing.http import Http
from scrobbled.sandbox.influx.server import PASSWORD, TOKEN, USER
from scrobbled.sandbox.server import Sandbox
from scrobbled.sinks.influx.access import ONE, TWO, InfluxAccess
from scrobbled.sinks.influx.sink import InfluxSink

BUCKETS = {"raw": "trakt_raw", "daily": "trakt_agg"}


class ChartsBench:
    """One server of charts and the sink that writes to it."""

    def __init__(self, clock: FakeClock, server: str = TWO, **access: Any) -> None:
        self.clock = clock
        self.sandbox = Sandbox(now=clock.now, only=("influx",))
        self.server = self.sandbox["influx"]
        self.server.become(server)
        known = {"username": USER, "password": PASSWORD} if server == ONE else {"token": TOKEN, "org": "home"}
        self.sink = self.another(**{**known, **access})

    def another(self, **access: Any) -> InfluxSink:
        """One more sink for the same server, as after a restart."""
        settings = InfluxAccess("http://charts/influx", **{"buckets": BUCKETS, **access})  # type: ignore[arg-type]
        http = Http(settings.url, transport=httpx.ASGITransport(app=self.sandbox))
        return InfluxSink(http, settings, lambda: self.clock.now().timestamp())

    def held(self, bucket: str = "trakt_raw") -> list[tuple[int, dict[str, str], dict[str, Any]]]:
        """Time, tags and fields of all points, the oldest first."""
        rows = self.server.buckets[bucket].state()["points"]
        return sorted(((row["time"], row["tags"], row["fields"]) for row in rows), key=str)

    def times(self, bucket: str = "trakt_raw") -> list[int]:
        return sorted(time for time, _, _ in self.held(bucket))

    def writes(self) -> int:
        return len([one for one in self.server.log if one.method == "POST" and "write" in one.path])


def event(at: int, **more: Any) -> ChartPoint:
    """A play; fields are those of ``more``."""
    tags = tags_of(media_type="episode", source="trakt", is_rewatch="false", viewer=more.pop("viewer", ""))
    return ChartPoint("watch_event", tags, {"history_id": at, "runtime_min": 42.0, "title": "Harbour", **more}, at)


def events(count: int, first: int = 1_700_000_000) -> list[ChartPoint]:
    """One in each second."""
    return [event((first + number) * SECOND) for number in range(count)]


def of(points: Sequence[ChartPoint]) -> list[int]:
    return sorted(point.at for point in points)
