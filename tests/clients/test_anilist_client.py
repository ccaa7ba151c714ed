"""AniList is asked at its pace, whoever comes first, and none of its failures is an answer."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import httpx
import pytest

from conftest import FakeClock
from scrobbled.clients.anilist import A_MINUTE, AT_ONCE, BURST, REST, SLOWED, AniList, AniListPace
from scrobbled.core.errors import AccountStopped, ContractDrift, LoginNeeded, TryLater
from scrobbled.plumbing.http import Http
from scrobbled.sandbox import world as worlds
from scrobbled.sandbox.anilist.app import AniListStandIn
from scrobbled.sandbox.faults import Fault

pytestmark = pytest.mark.anyio
URL = "http://anilist.test"
WHO = "{ Viewer { id name } }"
USER = "query ($name: String) { User(name: $name) { id } }"


@pytest.fixture
def service(clock: FakeClock) -> AniListStandIn:
    return AniListStandIn(worlds.build(), now=clock.now)


def client(service: Any, pace: AniListPace, token: str = "sandbox-anilist-token-anna") -> AniList:
    return AniList(Http(URL, transport=httpx.ASGITransport(app=service)), pace, token, at=URL)


def answering(clock: FakeClock, *answers: httpx.Response) -> AniList:
    waiting = list(answers)
    transport = httpx.MockTransport(lambda request: waiting.pop(0) if len(waiting) > 1 else waiting[0])
    return AniList(Http(URL, transport=transport), AniListPace(clock), at=URL)


def failing(message: str, status: int, *, code: int | None = None, data: Any = None) -> httpx.Response:
    body = {"data": data, "errors": [{"message": message, "status": status}]}
    return httpx.Response(code or status, json=body)


async def test_it_tells_the_part_that_was_asked_for(service: AniListStandIn, clock: FakeClock) -> None:
    pace = AniListPace(clock)
    assert await client(service, pace).ask(WHO, "Viewer", {}) == {"id": 770_011, "name": "anna"}
    assert await client(service, pace, "").ask(USER, "User", {"name": "ben"}) == {"id": 770_012}


async def test_a_limit_that_no_header_tells_is_never_met(service: AniListStandIn, clock: FakeClock) -> None:
    asking = client(service, AniListPace(clock))
    began = clock.monotonic()
    for _ in range(100):
        await asking.ask(WHO, "Viewer", {})
    assert {recorded.status for recorded in service.calls()} == {200}
    assert clock.monotonic() - began == pytest.approx((100 - BURST) * 60 / A_MINUTE)


async def test_no_more_than_three_are_under_way(service: AniListStandIn, clock: FakeClock) -> None:
    released = asyncio.Event()

    async def hold(seconds: float) -> None:
        await released.wait()

    service.sleep = hold
    service.faults.add(Fault(kind="latency", when="after"))
    asking = client(service, AniListPace(clock))
    all_ = [asyncio.create_task(asking.ask(WHO, "Viewer", {})) for _ in range(9)]
    for _ in range(500):
        await asyncio.sleep(0)
    assert service.in_flight == AT_ONCE
    released.set()
    await asyncio.gather(*all_)
    assert service.peak_in_flight == AT_ONCE


async def test_what_somebody_waits_for_goes_before_what_the_clock_wants(clock: FakeClock) -> None:
    pace, went = AniListPace(clock), list[str]()

    async def go(name: str, *, awaited: bool) -> None:
        async with pace.turn(awaited=awaited):
            went.append(name)

    waiting: list[Awaitable[None]] = [go(f"clock {n}", awaited=False) for n in range(6)]
    waiting += [go(f"person {n}", awaited=True) for n in range(2)]
    await asyncio.gather(*waiting)
    assert went.index("person 1") < went.index("clock 4")
    assert [name for name in went if name.startswith("person")] == ["person 0", "person 1"]
    assert [name for name in went if name.startswith("clock")] == [f"clock {n}" for n in range(6)]


async def test_who_gives_up_while_waiting_holds_up_nobody(clock: FakeClock) -> None:
    pace = AniListPace(clock)
    held = asyncio.Event()

    async def hold() -> None:
        async with pace.turn(awaited=False):
            await held.wait()

    holding = [asyncio.create_task(hold()) for _ in range(AT_ONCE)]
    await asyncio.sleep(0)
    gone = asyncio.create_task(hold())
    await asyncio.sleep(0)
    gone.cancel()
    last = asyncio.create_task(hold())
    await asyncio.sleep(0)
    held.set()
    await asyncio.gather(*holding, last)
    assert gone.cancelled()


@pytest.mark.parametrize("bare", [False, True])
async def test_a_refusal_is_waited_for_and_it_goes_on_at_half_the_pace(
    service: AniListStandIn, clock: FakeClock, bare: bool
) -> None:
    service.limits.bare_refusals = bare
    service.limits.limit = 2
    asking = client(service, AniListPace(clock))
    for _ in range(2):
        await asking.ask(WHO, "Viewer", {})
    service.limits.limit = 30
    service.limits._until = None
    service.faults.add(Fault(kind="status", status=429, headers={} if bare else {"retry-after": "7"}, times=1))
    began = clock.monotonic()
    await asking.ask(WHO, "Viewer", {})
    assert clock.monotonic() - began >= (REST if bare else 7)
    began = clock.monotonic()
    for _ in range(20):
        await asking.ask(WHO, "Viewer", {})
    assert clock.monotonic() - began >= (20 - BURST) * 2 * 60 / A_MINUTE
    clock.advance(SLOWED)
    await asking.ask(WHO, "Viewer", {})
    clock.advance(60)
    began = clock.monotonic()
    for _ in range(20):
        await asking.ask(WHO, "Viewer", {})
    assert clock.monotonic() - began <= 20 * 60 / A_MINUTE


async def test_one_that_is_refused_again_and_again_is_for_later(service: AniListStandIn, clock: FakeClock) -> None:
    service.faults.add(Fault(kind="status", status=429))
    with pytest.raises(TryLater):
        await client(service, AniListPace(clock)).ask(WHO, "Viewer", {})
    assert len(service.calls()) == 3


async def test_a_lower_limit_is_obeyed_and_a_higher_one_not_believed(service: AniListStandIn, clock: FakeClock) -> None:
    service.limits.told = 5
    asking = client(service, AniListPace(clock))
    await asking.ask(WHO, "Viewer", {})
    began = clock.monotonic()
    for _ in range(12):
        await asking.ask(WHO, "Viewer", {})
    assert clock.monotonic() - began >= (12 - BURST) * 12
    service.limits.told = 900
    await asking.ask(WHO, "Viewer", {})
    began = clock.monotonic()
    for _ in range(12):
        await asking.ask(WHO, "Viewer", {})
    assert clock.monotonic() - began >= (12 - BURST) * 60 / A_MINUTE


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        (failing("Invalid token", 400), LoginNeeded),
        (failing("Unauthorized.", 401), LoginNeeded),
        (failing("Private User", 404), LoginNeeded),
        (failing("User not found", 404), AccountStopped),
        (failing("The API has been temporarily disabled", 403), TryLater),
        (failing("Internal Server Error", 500, code=200), TryLater),
        (failing("Internal Server Error", 500, code=200, data={"Viewer": {"id": 1}}), TryLater),
        (failing("something", 400, code=200, data={"Viewer": {"id": 1}}), TryLater),
        (failing("Cannot query field", 400), ContractDrift),
        (httpx.Response(200, json={"data": {"Viewer": None}}), TryLater),
        (httpx.Response(200, json={"data": {"User": {"id": 1}}}), TryLater),
        (httpx.Response(200, json={"data": None}), TryLater),
        (httpx.Response(200, json=[]), ContractDrift),
        (httpx.Response(200, json={"data": {"Viewer": {"id": 1}}, "errors": ["?"]}), TryLater),
        (httpx.Response(200, text="<html>", headers={"content-type": "text/html"}), TryLater),
        (httpx.Response(403, text="<html>", headers={"content-type": "text/html"}), TryLater),
        (httpx.Response(502, text="<html>"), TryLater),
        (httpx.Response(404, json={"message": "gone"}), ContractDrift),
    ],
    ids=lambda value: value.text[:60] if isinstance(value, httpx.Response) else value.__name__,
)
async def test_no_failure_is_an_answer(clock: FakeClock, answer: httpx.Response, meaning: type[Exception]) -> None:
    with pytest.raises(meaning):
        await answering(clock, answer).ask(WHO, "Viewer", {})


@pytest.mark.parametrize("kind", ["drop", "malformed", "html"])
async def test_an_answer_that_is_cut_is_none(service: AniListStandIn, clock: FakeClock, kind: Any) -> None:
    service.faults.add(Fault(kind=kind))
    with pytest.raises((TryLater, ContractDrift)):
        await client(service, AniListPace(clock)).ask(WHO, "Viewer", {})


async def test_the_token_stands_in_no_error(service: AniListStandIn, clock: FakeClock) -> None:
    with pytest.raises(LoginNeeded) as caught:
        await client(service, AniListPace(clock), "token-of-somebody-4711").ask(WHO, "Viewer", {})
    assert "4711" not in str(caught.value)
