"""Faults, control and transport, which all stand-ins share."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
import uvloop
import yaml

from scrobbled.sandbox import world as worlds
from scrobbled.sandbox.base import Reply, Request, StandIn, route
from scrobbled.sandbox.faults import Fault, Faults
from scrobbled.sandbox.server import Sandbox, serve


class Notes(StandIn):
    """A service that keeps notes."""

    name = "notes"

    def __init__(self, **options: Any) -> None:
        super().__init__(worlds.build(shows=1, movies=0), **options)
        self.notes: list[Any] = []

    @route("POST", "/notes")
    def add(self, request: Request) -> Reply:
        self.notes += request.portion(request.json())
        return Reply(200, {"count": len(self.notes)})

    @route("GET", "/notes/{number:int}")
    async def one(self, request: Request, number: int) -> Reply:
        await asyncio.sleep(0)
        return Reply(200, {"note": self.notes[number], "stale": request.stale})

    @route("GET", "/notes/{name}/author")
    def author(self, request: Request, name: str) -> Reply:
        return Reply(200, f"{name} at {request.root}")

    def state(self) -> Any:
        return self.notes


@pytest.fixture
def notes(clock: Any) -> Notes:
    return Notes(now=clock.now)


@pytest.fixture
async def client(notes: Notes) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=notes), base_url="http://notes.test") as client:
        yield client


async def test_routes_tell_unknown_paths_from_wrong_methods(client: httpx.AsyncClient, notes: Notes) -> None:
    notes.notes = ["first"]
    assert (await client.get("/notes/0")).json() == {"note": "first", "stale": False}
    assert (await client.get("/notes/a%20b/author")).text == "a b at http://notes.test"
    assert (await client.get("/notes/first")).status_code == 404
    answer = await client.delete("/notes")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_status_fault_before_leaves_the_service_untouched(client: httpx.AsyncClient, notes: Notes) -> None:
    notes.faults.add(Fault("POST /notes", status=429, headers={"Retry-After": "7"}, times=1))
    answer = await client.post("/notes", json=["a"])
    assert (answer.status_code, answer.headers["retry-after"], notes.notes) == (429, "7", [])
    assert (await client.post("/notes", json=["a"])).json() == {"count": 1}


async def test_status_fault_after_commits_and_loses_the_answer(client: httpx.AsyncClient, notes: Notes) -> None:
    notes.faults.add(Fault("POST /notes", status=502, when="after", times=1))
    answer = await client.post("/notes", json=["a"])
    assert (answer.status_code, "html" in answer.headers["content-type"], notes.notes) == (502, True, ["a"])


async def test_fault_without_times_stays_until_it_is_cleared(client: httpx.AsyncClient, notes: Notes) -> None:
    notes.faults.add(Fault("POST *"))
    assert [(await client.post("/notes", json=[])).status_code for _ in range(3)] == [503] * 3
    assert (await client.get("/notes/x/author")).status_code == 200
    notes.faults.clear("POST *")
    assert (await client.post("/notes", json=[])).status_code == 200


async def test_skipped_requests_pass_before_a_fault_hits(client: httpx.AsyncClient, notes: Notes) -> None:
    notes.faults.add(Fault("/notes", skip=2, times=1))
    assert [(await client.post("/notes", json=[])).status_code for _ in range(4)] == [200, 200, 503, 200]


async def test_half_fault_takes_half_of_the_batch(client: httpx.AsyncClient, notes: Notes) -> None:
    notes.faults.add(Fault("POST /notes", kind="half", times=1))
    answer = await client.post("/notes", json=[1, 2, 3, 4, 5])
    assert (answer.status_code, notes.notes) == (502, [1, 2])


@pytest.mark.parametrize("when", ["before", "after"])
async def test_malformed_fault_answers_broken_json(client: httpx.AsyncClient, notes: Notes, when: Any) -> None:
    notes.faults.add(Fault(kind="malformed", when=when))
    answer = await client.post("/notes", json=["a"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    with pytest.raises(ValueError, match=r".+"):
        answer.json()
    assert notes.notes == (["a"] if when == "after" else [])


async def test_html_fault_answers_a_page(client: httpx.AsyncClient, notes: Notes) -> None:
    notes.faults.add(Fault(kind="html"))
    answer = await client.post("/notes", json=[])
    assert (answer.status_code, answer.text[:9]) == (200, "<!DOCTYPE")


async def test_stale_fault_reaches_the_handler(client: httpx.AsyncClient, notes: Notes) -> None:
    notes.notes = ["first"]
    notes.faults.add(Fault("GET /notes/*", kind="stale", times=1))
    assert (await client.get("/notes/0")).json()["stale"] is True
    assert (await client.get("/notes/0")).json()["stale"] is False


async def test_latency_waits_and_then_answers_beside_other_faults(client: httpx.AsyncClient, notes: Notes) -> None:
    waited: list[float] = []

    async def wait(seconds: float) -> None:
        waited.append(seconds)

    notes.sleep = wait
    notes.faults.add(Fault(kind="latency", seconds=20.0, times=1))
    notes.faults.add(Fault(status=500, times=1))
    assert (await client.post("/notes", json=[])).status_code == 500
    assert (await client.post("/notes", json=[])).status_code == 200
    assert waited == [20.0]


async def test_requests_in_flight_are_counted(client: httpx.AsyncClient, notes: Notes) -> None:
    notes.faults.add(Fault(kind="latency", seconds=0.0))
    notes.sleep = lambda seconds: asyncio.sleep(0)
    await asyncio.gather(*(client.post("/notes", json=[n]) for n in range(5)))
    assert (notes.peak_in_flight, notes.in_flight) == (5, 0)


async def test_outage_ends_by_itself(client: httpx.AsyncClient, notes: Notes, clock: Any) -> None:
    assert (await client.post("/_sandbox/outage", json={"seconds": 60})).json()["outage"] is True
    assert (await client.post("/notes", json=["a"])).status_code == 503
    assert (await client.get("/_sandbox/state")).json() == []
    clock.advance(60)
    assert (await client.post("/notes", json=["a"])).status_code == 200


async def test_outage_without_an_end_is_ended_by_delete(client: httpx.AsyncClient, notes: Notes, clock: Any) -> None:
    await client.post("/_sandbox/outage", json={"seconds": None, "drop": True})
    clock.advance(86_400)
    with pytest.raises(httpx.RemoteProtocolError):
        await client.post("/notes", json=["a"])
    await client.delete("/_sandbox/outage")
    assert (await client.post("/notes", json=["a"])).status_code == 200


async def test_faults_are_armed_listed_and_cleared_over_http(client: httpx.AsyncClient) -> None:
    armed = await client.post("/_sandbox/faults", json=[{"match": "POST /notes", "kind": "status", "times": 2}])
    assert [(fault["match"], fault["left"]) for fault in armed.json()["faults"]] == [("POST /notes", 2)]
    await client.post("/notes", json=[])
    assert (await client.get("/_sandbox/faults")).json()["faults"][0]["left"] == 1
    assert (await client.delete("/_sandbox/faults")).json()["faults"] == []
    assert (await client.post("/notes", json=[])).status_code == 200


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"kind": "slow"}, "latency"),
        ({"matches": "*"}, "match"),
        ({"times": 0}, "times"),
        ({"when": "later"}, "before"),
    ],
)
async def test_wrong_fault_is_refused_with_what_to_write(
    client: httpx.AsyncClient, given: dict[str, Any], named: str
) -> None:
    answer = await client.post("/_sandbox/faults", json=given)
    assert answer.status_code == 400
    assert named in answer.json()["message"]


async def test_log_keeps_what_was_sent_and_shows_it_without_secrets(client: httpx.AsyncClient, notes: Notes) -> None:
    notes.faults.add(Fault("POST /notes", times=1))
    await client.post("/notes", json=[{"text": "x", "password": "hunter"}], params={"access_token": "abc"})
    await client.get("/notes/n/author")
    recorded = notes.calls("POST /notes")[0]
    assert (recorded.status, recorded.query, recorded.body[0]["password"]) == (503, {"access_token": "abc"}, "hunter")
    assert recorded.headers["content-type"] == "application/json"
    shown = (await client.get("/_sandbox/requests", params={"n": 2})).json()
    assert shown["counts"] == {"POST /notes": 1, "GET /notes/{name}/author": 1}
    assert [row["path"] for row in shown["last"]] == ["/notes", "/notes/n/author"]
    assert "hunter" not in str(shown)
    assert "abc" not in str(shown)


async def test_date_header_follows_the_clock(client: httpx.AsyncClient, clock: Any) -> None:
    clock.advance(3600)
    assert (await client.get("/notes/n/author")).headers["date"] == "Sat, 14 Nov 2026 21:00:00 GMT"


async def test_dropped_request_is_recorded_with_status_zero(client: httpx.AsyncClient, notes: Notes) -> None:
    notes.faults.add(Fault("POST /notes", kind="drop", when="after", times=1))
    with pytest.raises(httpx.RemoteProtocolError):
        await client.post("/notes", json=["a"])
    assert (notes.notes, notes.calls()[0].status) == (["a"], 0)


def test_take_goes_by_method_path_and_kind() -> None:
    faults = Faults()
    faults.add(Fault("POST /sync/*", kind="stale", times=1))
    assert faults.take(Request("GET", "/sync/history")) is None
    assert faults.take(Request("POST", "/sync/history"), ("drop",)) is None
    fault = faults.take(Request("POST", "/sync/history"))
    assert fault is not None
    assert fault.kind == "stale"
    assert faults.take(Request("POST", "/sync/history")) is None


@pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_drop_cuts_the_connection_on_a_real_port(
    loop_factory: Callable[[], asyncio.AbstractEventLoop], caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        sandbox = Sandbox(only=("tmdb",))
        sandbox["tmdb"].faults.add(Fault(kind="drop", times=1))
        async with sandbox.running() as base, httpx.AsyncClient(timeout=60) as client:
            with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
                await client.get(f"{base}/tmdb/3/configuration")
            assert (await client.get(f"{base}/tmdb/3/configuration")).status_code == 401
        async with httpx.AsyncClient(timeout=60) as client:
            with pytest.raises(httpx.ConnectError):
                await client.get(base)

    with caplog.at_level(logging.WARNING, "uvicorn"), asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(scenario())
    assert caplog.records == []


async def test_sandbox_dispatches_by_the_first_segment(clock: Any) -> None:
    sandbox = Sandbox(only=("tmdb", "serializd"), now=clock.now)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox), base_url="http://box") as client:
        assert (await client.get("/tmdb/_sandbox/state")).json()["shows"] == [s.tmdb for s in sandbox.world.shows]
        assert (await client.get("/serializd/_sandbox/state")).json().keys() == {"accounts"}
        unknown = await client.get("/trakt/shows")
    assert (unknown.status_code, "tmdb, serializd" in unknown.text) == (404, True)
    assert list(sandbox) == ["tmdb", "serializd"]


async def test_front_page_is_text_with_yaml_to_paste() -> None:
    async with Sandbox(only=("tmdb", "serializd")).running() as base, httpx.AsyncClient(timeout=60) as client:
        page = await client.get(base)
    _, _, rest = page.text.partition("metadata:")
    pasted = yaml.safe_load("metadata:" + rest.partition("\nEach root")[0])
    assert page.headers["content-type"].startswith("text/plain")
    assert f"  {base}/serializd\n" in page.text
    assert pasted["viewers"][0]["trackers"]["serializd"]["url"] == f"{base}/serializd/api"


async def test_preload_gives_a_past_to_the_stand_ins_that_are_there() -> None:
    sandbox = Sandbox(only=("serializd", "tmdb"))
    sandbox.preload(30, "ben")
    assert [len(account.reviews) for account in sandbox["serializd"].accounts.values()] == [0, 30]


def test_serve_runs_until_interrupted_and_says_where() -> None:
    said: list[str] = []

    def interrupt(text: str) -> None:
        said.append(text)
        signal.raise_signal(signal.SIGINT)

    serve(Sandbox(only=("tmdb",)), port=0, say=interrupt)
    assert "/tmdb/3" in said[0]


async def test_two_sandboxes_run_side_by_side_and_the_same_seed_gives_the_same_world() -> None:
    first, second = Sandbox(only=("tmdb",), seed=3), Sandbox(only=("tmdb",), seed=3)
    async with first.running() as one, second.running() as two:
        assert one != two
    assert first.world == second.world
