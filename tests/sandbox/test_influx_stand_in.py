"""The stand-in of InfluxDB: what each version takes, refuses, keeps and removes."""

from __future__ import annotations

import gzip
from typing import Any

import httpx
import pytest

from scrobbled.sandbox.faults import Fault
from scrobbled.sandbox.influx.server import ORG_ID, PASSWORD, READER, TOKEN, USER, WRITER
from scrobbled.sandbox.server import Sandbox

RAW = {"org": "home", "bucket": "trakt_raw"}
SECOND = 1_000_000_000
pytestmark = pytest.mark.anyio


class Charts:
    """One stand-in and who asks it."""

    def __init__(self, clock: Any) -> None:
        self.sandbox = Sandbox(now=clock.now, only=("influx",))
        self.server = self.sandbox["influx"]
        transport = httpx.ASGITransport(app=self.sandbox)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://box/influx")

    async def ask(self, method: str, path: str, *, token: str = TOKEN, **more: Any) -> httpx.Response:
        scheme = "Bearer" if self.server.server == "influx3" else "Token"
        headers = {"authorization": f"{scheme} {token}", **more.pop("headers", {})}
        return await self.client.request(method, path, headers=headers, **more)

    async def write(self, lines: str, params: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        return await self.ask("POST", "/api/v2/write", params={**RAW, **(params or {})}, content=lines, **more)

    async def remove(self, start: str, stop: str, predicate: str = "", **more: Any) -> httpx.Response:
        body = {"start": start, "stop": stop, "predicate": predicate}
        return await self.ask("POST", "/api/v2/delete", params=RAW, json=body, **more)

    def points(self, bucket: str = "trakt_raw") -> list[tuple[str, int, dict[str, str], dict[str, Any]]]:
        rows = self.server.buckets[bucket].state()["points"]
        return [(row["measurement"], row["time"], row["tags"], row["fields"]) for row in rows]

    def times(self) -> list[int]:
        return [time for _, time, _, _ in self.points()]


@pytest.fixture
def charts(clock: Any) -> Charts:
    return Charts(clock)


async def test_points_are_written_and_the_same_point_again_is_merged(charts: Charts) -> None:
    assert (await charts.write("m,a=1 f=1,g=2i 5\nm,a=2 f=1 5")).status_code == 204
    assert (await charts.write('m,a=1 f=3,h="x" 5')).status_code == 204
    assert charts.points() == [("m", 5, {"a": "1"}, {"f": 3.0, "g": 2, "h": "x"}), ("m", 5, {"a": "2"}, {"f": 1.0})]
    assert charts.points("trakt_agg") == []


async def test_precision_gzip_and_bucket_and_organisation_by_id(charts: Charts) -> None:
    packed = {"content": gzip.compress(b"m f=1 7"), "headers": {"content-encoding": "gzip"}}
    there = (await charts.ask("GET", "/api/v2/buckets", params={"name": "trakt_raw"})).json()["buckets"][0]["id"]
    by_id = {"orgID": ORG_ID, "bucket": there, "precision": "s"}
    assert (await charts.ask("POST", "/api/v2/write", params=by_id, **packed)).status_code == 204
    assert charts.times() == [7 * SECOND]
    broken = {"content": b"m f=1 7", "headers": {"content-encoding": "gzip"}}
    assert (await charts.ask("POST", "/api/v2/write", params=RAW, **broken)).status_code == 400
    assert (await charts.write("m f=1 7", {"precision": "weeks"})).status_code == 400


async def test_who_may_not_and_what_is_not_there(charts: Charts) -> None:
    told = [
        await charts.write("m f=1 1", token="wrong"),
        await charts.write("m f=1 1", token=READER),
        await charts.write("m f=1 1", {"bucket": "elsewhere"}),
        await charts.write("m f=1 1", {"org": "abroad"}),
        await charts.write("m f=1 1", {"bucket": ""}),
        await charts.ask("GET", "/api/v2/buckets", params={"org": "home", "name": "trakt_raw"}, token=WRITER),
    ]
    assert [one.status_code for one in told] == [401, 401, 404, 404, 400, 404]
    assert [one.json()["message"] for one in told[2:4]] == [
        'bucket "elsewhere" not found',
        'organization name "abroad" not found',
    ]
    assert charts.points() == []


async def test_a_line_that_is_none_refuses_the_batch_and_a_point_that_does_not_fit_only_itself(charts: Charts) -> None:
    malformed = await charts.write("m f=1 1\nm f= 2\nm f=1 3")
    assert (malformed.status_code, malformed.json()["line"], charts.points()) == (400, 2, [])
    conflict = await charts.write("m f=1 1\nm f=1i 2\nm f=1 3")
    assert (conflict.status_code, charts.times()) == (422, [1, 3])
    assert "partial write: field type conflict" in conflict.json()["message"]
    assert "dropped=1" in conflict.json()["message"]
    charts.server.whole = True
    assert (await charts.write("m f=1 8\nm f=1i 9")).status_code == 422
    assert charts.times() == [1, 3]


async def test_what_is_older_than_the_retention_is_dropped_and_the_rest_stays(charts: Charts) -> None:
    now = charts.server.nanoseconds
    charts.server.add_bucket("trakt_raw", retention=3600)
    told = await charts.write(f"m f=1 {now}\nm f=1 {now - 3601 * SECOND}")
    assert (told.status_code, charts.times()) == (422, [now])
    assert "points beyond retention policy dropped=1" in told.json()["message"]
    rules = (await charts.ask("GET", "/api/v2/buckets", params={"name": "trakt_raw"})).json()["buckets"][0]
    assert rules["retentionRules"] == [{"type": "expire", "everySeconds": 3600}]


async def test_a_body_that_is_too_large_is_refused_whole(charts: Charts) -> None:
    charts.server.largest = 10
    told = await charts.write("m f=1 1\nm f=1 2")
    assert (told.status_code, told.json()["code"], charts.points()) == (413, "request too large", [])


async def test_a_delete_takes_both_ends_of_its_range_and_what_has_the_tags(charts: Charts) -> None:
    await charts.write("m,a=1 f=1 1\nm,a=2 f=1 1\nm,a=1 f=1 2\nm,a=1 f=1 1000000000\nn,a=1 f=1 1")
    gone = await charts.remove("1970-01-01T00:00:00.000000001Z", "1970-01-01T00:00:01Z", '_measurement="m" AND a="1"')
    assert gone.status_code == 204
    assert charts.points() == [("m", 1, {"a": "2"}, {"f": 1.0}), ("n", 1, {"a": "1"}, {"f": 1.0})]
    await charts.remove("1970-01-01T00:00:00Z", "2200-01-01T00:00:00Z")
    assert charts.points() == []


@pytest.mark.parametrize("text", ['a!="1"', 'a="1" OR b="2"', '(a="1")', '_time="1"', '_field="f"', "a=", '_value="1"'])
async def test_a_predicate_is_only_what_is_documented(charts: Charts, text: str) -> None:
    await charts.write("m,a=1 f=1 1")
    assert (await charts.remove("1970-01-01T00:00:00Z", "2200-01-01T00:00:00Z", text)).status_code == 400
    assert charts.times() == [1]


async def test_a_hosted_one_refuses_deletes_and_knows_no_health(charts: Charts) -> None:
    charts.server.hosted = True
    assert (await charts.remove("1970-01-01T00:00:00Z", "2200-01-01T00:00:00Z")).status_code == 501
    assert (await charts.ask("GET", "/health")).status_code == 404


async def test_points_are_read_back_by_flux_whose_range_is_half_open(charts: Charts) -> None:
    await charts.write('m,a=1 f=1,t="a, b" 1000000000\nm,a=2 f=2 2000000000')
    asked = (
        'from(bucket: "trakt_raw") |> range(start: 1970-01-01T00:00:01Z, stop: 1970-01-01T00:00:02Z)'
        ' |> filter(fn: (r) => r._measurement == "m" and r._field == "t") |> limit(n: 5)'
    )
    read = await charts.ask("POST", "/api/v2/query", params={"org": "home"}, json={"query": asked})
    assert read.text.splitlines()[3:5] == [
        ",result,table,_start,_stop,_time,_value,_field,_measurement,a",
        ',,0,1970-01-01T00:00:01Z,1970-01-01T00:00:01.999999999Z,1970-01-01T00:00:01Z,"a, b",t,m,1',
    ]
    assert (await charts.ask("POST", "/api/v2/query", content="from(bucket: 1)")).status_code == 400
    assert (await charts.ask("POST", "/api/v2/query", content=asked, token=WRITER)).status_code == 404


async def test_faults_take_half_or_lose_the_answer(charts: Charts) -> None:
    charts.server.faults.add(Fault("POST /api/v2/write", "half", times=1))
    assert (await charts.write("m f=1 1\nm f=1 2")).status_code == 502
    assert charts.times() == [1]
    charts.server.faults.add(Fault("POST /api/v2/write", "drop", times=1, when="after"))
    with pytest.raises(httpx.RemoteProtocolError):
        await charts.write("m f=1 3")
    assert charts.times() == [1, 3]
    charts.server.faults.add(Fault(status=429, headers={"Retry-After": "7"}, times=1))
    assert (await charts.write("m f=1 4")).headers["retry-after"] == "7"


async def test_one_writes_what_it_can_read_and_removes_by_influxql(charts: Charts) -> None:
    charts.server.become("influx1")
    user = {"u": USER, "p": PASSWORD, "db": "trakt_raw"}
    told = await charts.client.post("/write", params=user, content="m,a=1 f=1 1\nm f= 2\nm,a=1 f=1 3\nm,a=2 f=1 3")
    assert (told.status_code, charts.times()) == (400, [1, 3, 3])
    assert told.json()["error"].startswith("partial write: unable to parse 'm f= 2'")
    conflict = await charts.client.post("/write", params=user, content="m f=1i 4")
    assert (conflict.status_code, "dropped=1" in conflict.text) == (400, True)
    remove = 'DELETE FROM "m" WHERE "a" = \'1\' AND time >= 3 AND time <= 3'
    assert "error" in (await charts.client.get("/query", params={**user, "q": remove})).text
    assert charts.times() == [1, 3, 3]
    assert (await charts.client.post("/query", params=user, data={"q": remove})).json() == {
        "results": [{"statement_id": 0}]
    }
    assert [(time, tags["a"]) for _, time, tags, _ in charts.points()] == [(1, "1"), (3, "2")]
    counted = await charts.client.get("/query", params={**user, "q": 'SELECT count("f") FROM "m"', "epoch": "ns"})
    assert counted.json()["results"][0]["series"][0]["values"] == [[0, 2]]


async def test_one_says_what_is_missing_and_who_is_not_known(charts: Charts) -> None:
    charts.server.become("influx1")
    missing = await charts.client.post("/write", params={"u": USER, "p": PASSWORD, "db": "other"}, content="m f=1 1")
    assert (missing.status_code, missing.json()["error"]) == (404, 'database not found: "other"')
    wrong = await charts.client.post("/write", params={"db": "trakt_raw"}, content="m f=1 1", auth=(USER, "wrong"))
    assert wrong.status_code == 401
    assert (await charts.write("m f=1 1")).status_code == 404, "1.6 has no API of version 2"
    assert (await charts.client.get("/health")).status_code == 404
    assert (await charts.client.get("/ping")).headers["x-influxdb-version"] == "1.6.7"


async def test_three_names_the_lines_it_refuses_and_keeps_the_others(charts: Charts) -> None:
    charts.server.become("influx3")
    lines = "m,a=1 f=1 1\nm f= 2\nm,a=1,b=2 f=1 3\nm a=5 4\nm f=1 5"
    told = await charts.ask("POST", "/api/v3/write_lp", params={"db": "trakt_raw"}, content=lines)
    assert told.status_code == 400
    assert [(one["line_number"], one["original_line"]) for one in told.json()["data"]] == [
        (2, "m f= 2"),
        (3, "m,a=1,b=2 f=1 3"),
        (4, "m a=5 4"),
    ]
    assert charts.times() == [1, 5]


async def test_three_makes_databases_and_deletes_nothing(charts: Charts) -> None:
    charts.server.become("influx3")
    bearer = {"authorization": f"Bearer {TOKEN}"}
    new = await charts.client.post("/api/v3/write_lp", params={"db": "new"}, content="m f=1 1", headers=bearer)
    assert (new.status_code, charts.points("new")) == (204, [("m", 1, {}, {"f": 1.0})])
    assert (await charts.remove("1970-01-01T00:00:00Z", "2200-01-01T00:00:00Z")).status_code == 404
    assert (await charts.client.get("/ping")).status_code == 401
    asked = await charts.ask("GET", "/api/v3/query_influxql", params={"db": "new", "q": "SELECT * FROM m"})
    assert asked.json() == [{"iox::measurement": "m", "time": "1970-01-01T00:00:00.000000001Z", "f": 1.0}]


async def test_buckets_are_made_lost_and_shown_by_control(charts: Charts) -> None:
    await charts.client.post("/_sandbox/buckets", json={"name": "plays", "retention": 60})
    await charts.client.delete("/_sandbox/buckets", params={"name": "trakt_raw"})
    state = (await charts.client.get("/_sandbox/state")).json()
    assert (state["server"], sorted(state["buckets"])) == ("influx2", ["plays", "trakt_agg"])
    assert (await charts.client.post("/_sandbox/server", json={"server": "influx9"})).status_code == 400
    assert (await charts.client.post("/_sandbox/server", json={"server": "influx3"})).status_code == 200
    assert (await charts.ask("GET", "/ping")).json()["version"] == "3.4.2"
