"""Points brought to each kind of server, whatever it answers: exactly these, and nothing twice."""

from typing import Any

import httpx
import pytest
from charts_bench import ChartsBench, event, events, of

from conftest import FakeClock
from scrobbled.core.charts.points import SECOND, ChartPoint, Span, tags_of
from scrobbled.core.errors import ContractDrift, LoginNeeded, TryLater
from scrobbled.plumbing.http import Http
from scrobbled.sandbox.faults import Fault
from scrobbled.sandbox.influx.server import PASSWORD, TOKEN, USER
from scrobbled.sinks.base import BucketMissing
from scrobbled.sinks.influx.access import ONE, THREE, TWO, InfluxAccess
from scrobbled.sinks.influx.sink import InfluxSink

SERVERS = [TWO, THREE, ONE]
WITH_DELETES = [TWO, ONE]
TAGS = event(0).tags


@pytest.fixture(params=SERVERS)
def bench(request: Any, clock: FakeClock) -> ChartsBench:
    return ChartsBench(clock, request.param)


@pytest.mark.parametrize("server", SERVERS)
async def test_the_server_is_found_out(clock: FakeClock, server: str) -> None:
    found = await ChartsBench(clock, server).sink.ping()
    assert (found.kind, bool(found.version)) == (server, True)
    assert found.can.deletes == (server != THREE)
    assert (found.can.overwrites, found.can.strings) == (True, True)


async def test_points_are_written_with_their_types_and_nanoseconds(bench: ChartsBench) -> None:
    points = [event(1_700_000_000_000_000_001, year=1999, title='a, "b" = \\'), event(1_700_000_000_000_000_002)]
    told = await bench.sink.write("raw", points)
    assert (told.refused, told.too_old) == ((), ())
    assert bench.held() == [(point.at, dict(point.tags), dict(point.fields)) for point in points], (
        "the same, tag by tag and field by field"
    )
    types = [type(value) for value in bench.held()[0][2].values()]
    assert types == [int, float, str, int]


async def test_a_batch_is_bounded(clock: FakeClock) -> None:
    bench = ChartsBench(clock, TWO, batch=100)
    await bench.sink.write("raw", events(250))
    assert (bench.writes(), len(bench.times())) == (3, 250)
    packed = [one.headers["content-encoding"] for one in bench.server.log if one.method == "POST"]
    assert packed == ["gzip"] * 3


@pytest.mark.parametrize("kind", ["drop", "status", "half"])
async def test_a_lost_answer_doubles_nothing(bench: ChartsBench, kind: str) -> None:
    await bench.sink.ping()
    fault: Any = {"kind": kind, "when": "before" if kind == "half" else "after"}
    bench.server.faults.add(Fault("POST *", times=1, **fault))
    points = events(10)
    with pytest.raises(TryLater):
        await bench.sink.write("raw", points)
    await bench.sink.write("raw", points)
    assert bench.times() == of(points)


async def test_what_is_refused_is_found_and_all_others_are_written(bench: ChartsBench) -> None:
    await bench.sink.write("raw", [event(1)])
    points = [event(at, runtime_min=at) if at in (7, 23) else event(at) for at in range(2, 40)]
    told = await bench.sink.write("raw", points)
    assert [points[one.index].at for one in told.refused] == [7, 23]
    assert all("runtime_min" in one.words for one in told.refused)
    assert bench.times() == [at for at in range(1, 40) if at not in (7, 23)]


async def test_a_batch_of_which_nothing_is_taken_is_not_halved_to_its_end(clock: FakeClock) -> None:
    bench = ChartsBench(clock, TWO)
    await bench.sink.write("raw", [event(1)])
    told = await bench.sink.write("raw", [event(at, runtime_min=1) for at in range(2, 1000)])
    assert (len(told.refused), bench.writes()) == (998, 2)


async def test_a_server_that_refuses_a_batch_whole_gets_the_good_lines_all_the_same(clock: FakeClock) -> None:
    bench = ChartsBench(clock, TWO)
    bench.server.whole = True
    await bench.sink.write("raw", [event(1)])
    told = await bench.sink.write("raw", [event(2), event(3, runtime_min=3), event(4)])
    assert ([one.index for one in told.refused], bench.times()) == ([1], [1, 2, 4])


@pytest.mark.parametrize("server", WITH_DELETES)
async def test_what_is_older_than_a_bucket_keeps_is_told_apart_and_costs_few_requests(
    clock: FakeClock, server: str
) -> None:
    bench = ChartsBench(clock, server)
    bench.server.add_bucket("trakt_raw", retention=500)
    now = int(clock.now().timestamp())
    points = [event((now - age) * SECOND) for age in range(1000)]
    told = await bench.sink.write("raw", points)
    assert [(now * SECOND - points[index].at) // SECOND for index in told.too_old] == list(range(501, 1000))
    assert (told.refused, told.keeps_from) == ((), now - 500)
    assert (bench.times(), bench.writes() < 20) == (of(points[:501]), True)


async def test_a_body_that_is_too_large_is_sent_in_parts(bench: ChartsBench) -> None:
    bench.server.largest = 1000
    points = [*events(20), event(5, title="x" * 2000)]
    told = await bench.sink.write("raw", points)
    assert [one.index for one in told.refused] == [20]
    assert bench.times() == of(points[:20])


async def test_a_server_that_wants_time_says_how_long(bench: ChartsBench) -> None:
    await bench.sink.ping()
    bench.server.faults.add(Fault(status=429, headers={"Retry-After": "7"}, times=1))
    with pytest.raises(TryLater) as caught:
        await bench.sink.write("raw", [event(1)])
    assert (caught.value.after, caught.value.limited) == (7.0, True)
    bench.server.faults.add(Fault(status=503, headers={"Retry-After": "9"}, times=1))
    with pytest.raises(TryLater) as caught:
        await bench.sink.write("raw", [event(1)])
    assert caught.value.after == 9.0


async def test_who_may_not_is_told_so_without_the_secret(bench: ChartsBench) -> None:
    wrong = bench.another(token="wrong-and-secret", org="home", server=bench.server.server)
    with pytest.raises(LoginNeeded) as caught:
        await wrong.write("raw", [event(1)])
    assert "wrong-and-secret" not in str(caught.value)
    assert bench.times() == []


@pytest.mark.parametrize(("server", "step"), [(TWO, "influx bucket create"), (ONE, "CREATE DATABASE")])
async def test_a_missing_bucket_is_told_with_the_command_that_makes_it(
    clock: FakeClock, server: str, step: str
) -> None:
    bench = ChartsBench(clock, server)
    del bench.server.buckets["trakt_raw"]
    with pytest.raises(BucketMissing, match=step) as caught:
        await bench.sink.write("raw", [event(1)])
    assert "trakt_raw" in str(caught.value)
    assert not isinstance(caught.value, TryLater)
    bench.server.add_bucket("trakt_raw")
    await bench.sink.write("raw", [event(1)])
    assert bench.times() == [1]


async def test_a_404_in_other_words_is_a_missing_bucket_where_it_is_no_missing_page(clock: FakeClock) -> None:
    bench = ChartsBench(clock, TWO)
    await bench.sink.ping()
    bench.server.faults.add(Fault("POST *", status=404, body={"code": "not found", "message": "not found"}, times=1))
    with pytest.raises(BucketMissing):
        await bench.sink.write("raw", [event(1)])


async def test_a_missing_organisation_or_policy_is_told(clock: FakeClock) -> None:
    abroad = ChartsBench(clock, TWO, org="abroad")
    with pytest.raises(BucketMissing, match="organisation abroad"):
        await abroad.sink.write("raw", [event(1)])
    policy = ChartsBench(clock, ONE, buckets={"raw": "trakt_raw/weekly", "daily": "trakt_agg"})
    with pytest.raises(BucketMissing, match='CREATE RETENTION POLICY "weekly" ON "trakt_raw"'):
        await policy.sink.write("raw", [event(1)])
    policy.server.add_bucket("trakt_raw/weekly")
    await policy.sink.write("raw", [event(1)])
    assert (policy.times("trakt_raw/weekly"), policy.times()) == ([1], [])


@pytest.mark.parametrize("server", WITH_DELETES)
async def test_exactly_the_points_of_a_span_go(clock: FakeClock, server: str) -> None:
    bench = ChartsBench(clock, server)
    again = tags_of(media_type="episode", source="trakt", is_rewatch="true")
    others = [ChartPoint("watch_event", again, {"a": 1}, 5), event(4), event(6), event(5, viewer='o\'neil "x" \\ y')]
    await bench.sink.write("raw", [event(5), *others[:3]])
    await bench.sink.delete([Span("watch_event", TAGS, 5, 5)])
    assert bench.times() == [4, 5, 6]
    await bench.sink.write("raw", [others[3]])
    await bench.sink.delete([Span("watch_event", others[3].tags, 5, 5)])
    assert bench.times() == [4, 5, 6], "values with quotes are found, too"
    await bench.sink.delete([Span("watch_event", TAGS, 4, 6)])
    assert bench.held() == [(5, dict(again), {"a": 1})]


@pytest.mark.parametrize("server", WITH_DELETES)
async def test_all_of_a_measurement_or_of_a_viewer_is_cleared(clock: FakeClock, server: str) -> None:
    bench = ChartsBench(clock, server)
    old = [event(-SECOND * 86_400 * 300, viewer="anna"), event(-5), event(SECOND, viewer="ben")]
    await bench.sink.write("raw", [*old, ChartPoint("another", (), {"a": 1}, 7)])
    await bench.sink.clear("raw", "watch_event", "anna")
    assert bench.times() == [-5, 7, SECOND]
    await bench.sink.clear("raw", "watch_event")
    assert bench.times() == [7]


async def test_a_hosted_server_that_deletes_nothing_is_found_out(clock: FakeClock) -> None:
    bench = ChartsBench(clock, TWO)
    bench.server.hosted = True
    assert (await bench.sink.ping()).can.deletes
    with pytest.raises(TryLater, match="deletes nothing"):
        await bench.sink.delete([Span("watch_event", TAGS, 5, 5)])
    assert not (await bench.sink.ping()).can.deletes


PAGES = [
    httpx.Response(200, html="<html>router</html>"),
    httpx.Response(302, headers={"location": "/login"}),
    httpx.Response(200, json={"hello": "I am another program"}),
    httpx.Response(404, text="404 page not found"),
]


@pytest.mark.parametrize("page", PAGES, ids=["page", "login", "program", "nothing"])
@pytest.mark.parametrize("server", ["auto", *SERVERS])
async def test_something_else_at_that_address_is_named_and_nothing_counts_as_written(
    page: httpx.Response, server: str
) -> None:
    access = InfluxAccess("http://charts", {"raw": "r", "daily": "d"}, server=server, token="t", org="o")
    sink = InfluxSink(Http(access.url, transport=httpx.MockTransport(lambda _: page)), access)
    with pytest.raises(ContractDrift):
        await sink.write("raw", [event(1)])


async def test_every_check_is_good_where_all_is_well(bench: ChartsBench) -> None:
    told = await bench.sink.check()
    assert [one for one in told if not one.good] == []
    names = [one.name for one in told]
    assert names[:2] == ["address", "server"]
    assert {"bucket trakt_raw", "reading trakt_raw", "bucket trakt_agg", "reading trakt_agg"} <= set(names)
    left = 0 if bench.server.server != THREE else 1
    assert (len(bench.times()), len(bench.times("trakt_agg"))) == (left, left)
    assert ("removing from trakt_raw" in names) == (bench.server.server != THREE)


async def test_each_check_that_fails_says_what_to_do(clock: FakeClock) -> None:
    bench = ChartsBench(clock, TWO)
    del bench.server.buckets["trakt_agg"]
    bench.server.add_bucket("trakt_raw", retention=86_400 * 30)
    told = {one.name: one for one in await bench.sink.check()}
    assert "influx bucket create" in told["bucket trakt_agg"].text
    assert told["retention of trakt_raw"].text.startswith("It keeps 30 days")
    wrong = await bench.another(token="wrong", org="home").check()
    assert [(one.good, "sinks.influx.token" in one.text) for one in wrong if one.name.startswith("bucket")] == [
        (False, True),
        (False, True),
    ]
    bench.server.faults.start_outage(drop=True)
    assert [(one.name, one.good) for one in await bench.another(token=TOKEN, org="home").check()] == [
        ("address", False)
    ]


async def test_a_token_that_may_not_read_is_enough(clock: FakeClock) -> None:
    bench = ChartsBench(clock, TWO, token="sandbox-influx-writer")
    told = {one.name: one for one in await bench.sink.check()}
    assert all(one.good for one in told.values())
    assert "may not read" in told["reading trakt_raw"].text


def test_every_form_of_a_secret_is_told_to_whoever_masks_it() -> None:
    one = InfluxAccess("http://charts", {"raw": "r", "daily": "d"}, username=USER, password=PASSWORD)
    assert PASSWORD in one.secrets
    assert one.headers()["Authorization"].removeprefix("Basic ") in one.secrets
    assert InfluxAccess("http://charts", {"raw": "r", "daily": "d"}, token=TOKEN).secrets == (TOKEN,)
