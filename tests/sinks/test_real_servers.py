"""The sink for charts against InfluxDB 1.6 and VictoriaMetrics themselves, where Debian's packages are installed."""

import asyncio
import contextlib
import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from charts_bench import BUCKETS, event, events, of

from e2e.harness import free_port
from patience import until
from scrobbled.core.charts.days import ChartDay, DayEntry
from scrobbled.core.charts.days import points as days
from scrobbled.core.charts.points import SECOND, ChartPoint, Span, tags_of
from scrobbled.core.errors import LoginNeeded
from scrobbled.plumbing.http import Http
from scrobbled.sandbox.influx.lines import parse
from scrobbled.sandbox.influx.server import PASSWORD, USER
from scrobbled.sandbox.server import Sandbox
from scrobbled.sinks.base import BucketMissing
from scrobbled.sinks.influx import InfluxAccess, InfluxSink
from scrobbled.sinks.influx.grafana import dashboard
from scrobbled.sinks.influx.lines import line

INFLUX = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:{port}"
  auth-enabled = true
"""
AUTH = ("admin", "admin-password")
TAGS = event(0).tags


def program(name: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"for want of {package}: sudo apt install {package}")
    return found


def running(words: list[str], base: str, folder: Path) -> Iterator[str]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(words, cwd=folder, stdout=log, stderr=log)
    try:
        asyncio.run(until(lambda: _answers(base, process), f"{words[0]} answers"))
        yield base
    finally:
        process.kill()
        process.wait()


def _answers(base: str, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "it ended by itself"
    try:
        return httpx.get(f"{base}/ping", timeout=5).status_code == 204
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    found, folder, port = program("influxd", "influxdb"), tmp_path_factory.mktemp("influx"), free_port()
    (folder / "conf").write_text(INFLUX.format(folder=folder, port=port, rpc=free_port()))
    for base in running([found, "-config", str(folder / "conf")], f"http://127.0.0.1:{port}", folder):
        say(base, f"CREATE USER {AUTH[0]} WITH PASSWORD '{AUTH[1]}' WITH ALL PRIVILEGES")
        for name in BUCKETS.values():
            say(base, f'CREATE DATABASE "{name}"')
        yield base


@pytest.fixture(scope="module")
def victoria(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    found, folder = program("victoria-metrics", "victoria-metrics"), tmp_path_factory.mktemp("victoria")
    address = f"127.0.0.1:{free_port()}"
    words = [found, f"-storageDataPath={folder}/data", f"-httpListenAddr={address}", "-retentionPeriod=100y"]
    yield from running(words, f"http://{address}", folder)


def say(base: str, text: str) -> list[Any]:
    params = {"db": "trakt_raw", "epoch": "ns"}
    answer = httpx.post(f"{base}/query", params=params, data={"q": text}, auth=AUTH, timeout=60)
    (result,) = answer.json()["results"]
    assert "error" not in result, result
    return [dict(zip(one["columns"], row, strict=True)) for one in result.get("series", ()) for row in one["values"]]


@contextlib.asynccontextmanager
async def sink(base: str, **access: Any) -> AsyncIterator[InfluxSink]:
    made = InfluxSink(Http(base), InfluxAccess(base, **{"buckets": BUCKETS, **access}))  # type: ignore[arg-type]
    async with contextlib.aclosing(made):
        yield made


def emptied(base: str, **access: Any) -> contextlib.AbstractAsyncContextManager[InfluxSink]:
    say(base, 'DROP SERIES FROM "watch_event"')
    return sink(base, username=AUTH[0], password=AUTH[1], **access)


def times(base: str) -> list[int]:
    return [row["time"] for row in say(base, 'SELECT history_id FROM "watch_event"')]


async def test_its_own_parser_reads_every_value_as_it_was(influx: str) -> None:
    async with emptied(influx) as one:
        assert (await one.ping()).kind == "influx1"
        odd = ['a, "b" = c', "ends in \\", "two\nlines", "\\\\ \\, \\= \\ ", "é😀" * 200, "#", "'"]
        points = [event(at, title=title, show_title=title, viewer=title, year=at) for at, title in enumerate(odd, 1)]
        assert (await one.write("raw", points)).refused == ()
        rows = say(influx, 'SELECT * FROM "watch_event"')
        assert len(rows) == len(odd)
        for row, point in zip(rows, points, strict=True):
            meant = parse(line(point))  # as the stand-in reads it
            told = {name: value for name, value in row.items() if value is not None}
            assert told == {"time": point.at, **dict(meant.tags), **meant.fields}


async def test_as_many_points_stand_there_as_were_written_and_the_same_twice_is_one(influx: str) -> None:
    points = [*events(6000), *events(200, first=-200)]
    async with emptied(influx) as one:
        for _ in range(2):
            assert await one.write("raw", points) == await one.write("raw", [])
    assert times(influx) == of(points)


async def test_exactly_a_span_goes_and_its_neighbours_stay(influx: str) -> None:
    async with emptied(influx) as one:
        again = ChartPoint(
            "watch_event", tags_of(media_type="episode", source="trakt", is_rewatch="true"), {"history_id": 5}, 5
        )
        await one.write("raw", [*(event(at) for at in range(-3, 10)), again])
        await one.delete([Span("watch_event", TAGS, 5, 5), Span("watch_event", TAGS, -2, 0)])
        assert times(influx) == [-3, 1, 2, 3, 4, 5, 6, 7, 8, 9]
        await one.clear("raw", "watch_event")
        assert times(influx) == []


async def test_what_it_refuses_is_found(influx: str) -> None:
    async with emptied(influx) as one:
        await one.write("raw", [event(SECOND)])
        points = [event(at * SECOND, runtime_min=at) if at == 7 else event(at * SECOND) for at in range(2, 20)]
        told = await one.write("raw", points)
        assert [points[row.index].at for row in told.refused] == [7 * SECOND]
        assert len(times(influx)) == 18


async def test_a_policy_that_forgets_a_wrong_password_and_a_missing_database(influx: str) -> None:
    say(influx, 'CREATE DATABASE "short" WITH DURATION 2h')
    async with emptied(influx, buckets={"raw": "short", "daily": "gone/policy"}) as short:
        told = await short.write("raw", events(50))
        assert (told.too_old, told.refused, told.keeps_from is not None) == (tuple(range(50)), (), True)
        with pytest.raises(BucketMissing, match='CREATE DATABASE "gone"'):
            await short.write("daily", [event(1)])
    async with sink(influx, username=AUTH[0], password="wrong") as wrong:
        with pytest.raises(LoginNeeded):
            await wrong.write("raw", [event(1)])


async def test_every_check_is_good(influx: str) -> None:
    async with emptied(influx) as one:
        assert [row for row in await one.check() if not row.good] == []
        assert times(influx) == []


async def test_the_stand_in_answers_in_the_same_words(influx: str) -> None:
    sandbox = Sandbox(only=("influx",))
    sandbox["influx"].become("influx1")
    ours: Any = {
        "transport": httpx.ASGITransport(app=sandbox),
        "base_url": "http://box/influx",
        "auth": (USER, PASSWORD),
    }
    theirs: Any = {"base_url": influx, "auth": AUTH, "timeout": 60}
    asked = [
        "n f=1 1",
        "n,a= f=1 1",
        "n f=1i 2",
        "n,a=1,a=2 f=1 1",
        "n f=1",
        "n",
        "n f=nan 1",
        'n f="x 1',
        "n f=1 soon",
    ]
    told = []
    for settings in (ours, theirs):
        async with httpx.AsyncClient(**settings) as client:
            answers = [await client.post("/write", params={"db": "trakt_agg"}, content=text) for text in asked]
        told.append([(one.status_code, "partial write" in one.text) for one in answers])
    assert told[0] == told[1]


FILM = tags_of(media_type="movie", source="trakt", is_rewatch="false")
WATCHED = [
    ChartPoint("watch_event", FILM, {"history_id": at, "title": f"Film {at % 3}", "year": 2000}, at * SECOND)
    for at in range(1, 8)
]
EACH_DAY = [point for day in (0, 1) for point in days(ChartDay(day), [DayEntry("x", "movie", day == 1, 60.0)] * 7)]
FIGURES = {"Minutes": 840, "Hours": 14, "Plays": 14, "Films": 14, "Episodes": 0, "Rewatches": 7}


async def test_every_query_of_the_dashboard_is_answered_with_the_figures_there_are(influx: str) -> None:
    say(influx, 'DROP SERIES FROM "watch_daily"')
    async with emptied(influx) as one:
        await one.write("raw", WATCHED)
        await one.write("daily", EACH_DAY)
    names = {"${bucket_raw}": "trakt_raw", "${bucket_daily}": "trakt_agg", "${viewer:regex}": ".*"}
    found: dict[str, list[Any]] = {}
    for panel in json.loads(dashboard("influxql", BUCKETS))["panels"]:
        for target in panel.get("targets", ()):
            text = target["query"].replace("$timeFilter", "time >= 0 AND time < 30d")
            for name, value in names.items():
                text = text.replace(name, value)
            found.setdefault(panel["title"], []).extend(say(influx, text))
    assert {title: found[title][0]["sum"] for title in FIGURES} == FIGURES
    assert len(found["Every day"]) == 4
    assert [row["Again"] for row in found["First time or again"] if "Again" in row] == [7]
    assert [row["title"] for row in found["Latest films"]][:2] == ["Film 1", "Film 0"]
    assert (len(found["Films watched most"]), len(found["By hour"])) == (7, 7)


async def values(base: str, measurement: str) -> dict[tuple[str, int], list[float]]:
    """By kind and milliseconds, all there are of the count of plays."""
    async with httpx.AsyncClient(timeout=60) as client:
        await client.get(f"{base}/internal/force_flush")
        told = await client.get(f"{base}/api/v1/export", params={"match[]": f"{measurement}_events_count"})
    rows = [httpx.Response(200, text=text).json() for text in told.text.splitlines()]
    found: dict[tuple[str, int], list[float]] = {}
    for row in rows:
        for at, value in zip(row["timestamps"], row["values"], strict=True):
            found.setdefault((row["metric"]["media_type"], at), []).append(value)
    return found


async def test_victoria_keeps_days_and_a_day_that_changed_has_one_value(victoria: str) -> None:
    day, at = ChartDay(20_000), 20_000 * 86_400_000
    seen = DayEntry("x", "movie", False, 90.0)
    async with sink(victoria) as charts:
        server = await charts.ping()
        assert (server.kind, server.can.overwrites, server.can.strings) == ("victoriametrics", False, False)
        await charts.write("daily", [*days(day, [seen] * 3), *days(ChartDay(20_000, True), ())])
        assert await values(victoria, "watch_daily") == {("all", at): [3], ("movie", at): [3], ("episode", at): [0]}
        await charts.clear("daily", "watch_daily")
        assert await values(victoria, "watch_daily") == {}
        assert len(await values(victoria, "watch_daily_utc")) == 3
        await charts.write("daily", days(day, [seen]))
        assert await values(victoria, "watch_daily") == {("all", at): [1], ("movie", at): [1], ("episode", at): [0]}
        assert [row for row in await charts.check() if not row.good] == []
        await charts.clear("daily", "watch_daily")
        await charts.write("daily", [*days(ChartDay(20_000), [seen] * 2), *days(ChartDay(20_001), [seen] * 3)])
    await values(victoria, "watch_daily")
    told = await figures(victoria, 20_002 * 86_400)
    assert told == {"Minutes": 450, "Hours": 7.5, "Plays": 5, "Films": 5, "Episodes": 0, "Rewatches": 0}


async def figures(base: str, at: int) -> dict[str, float]:
    """What each figure of the dashboard shows of the thirty days before ``at`` (Unix seconds)."""
    found = {}
    async with httpx.AsyncClient(timeout=60) as client:
        for panel in json.loads(dashboard("victoriametrics", BUCKETS))["panels"]:
            for target in panel.get("targets", ()):
                text = target["expr"].replace("$__range", "30d").replace("$viewer", ".*")
                answer = (await client.get(f"{base}/api/v1/query", params={"query": text, "time": at})).json()
                assert answer["status"] == "success", text
                if panel["type"] == "stat":
                    found[panel["title"]] = float(answer["data"]["result"][0]["value"][1])
    return found
