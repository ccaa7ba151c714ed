"""Delivering to Serializd: the contract, what exactly is sent, and what its answers are taken for."""

from datetime import timedelta, timezone
from itertools import pairwise

import httpx
import pytest
from msgspec.structs import replace

from conftest import FakeClock
from scrobbled.core.errors import AccountStopped, ContractDrift, LoginNeeded, NotInCatalogue, Refused, TryLater
from scrobbled.core.naming.ids import ShowIds
from scrobbled.core.naming.items import Movie
from scrobbled.plumbing.http import Http
from scrobbled.trackers import TRACKERS
from scrobbled.trackers.base import Addition, Address, Receipt
from scrobbled.trackers.serializd.tracker import build
from trackers.contract import EVENING, Bench, Doorman, TrackerContract, add, play_of
from trackers.serializd_setup import ADD, TICK, Setup, has_app_headers


class TestSerializd(TrackerContract):
    @pytest.fixture
    def bench(self, clock: FakeClock) -> Bench:
        setup, stranger = Setup(clock), Setup(clock, settings={"url": "http://serializd/api"})
        return Bench(
            tracker=setup.tracker(),
            item=setup.episode(),
            other=setup.episode(show=1, season=0, number=1),
            unknown=setup.episode(show_ids=ShowIds(tmdb=4)),
            stranger=stranger.tracker(),
            lose_next_answer=lambda: setup.fail(ADD, "drop", when="after"),
            lose_next_write=lambda: setup.fail(ADD, "drop"),
            go_down=lambda: setup.service.faults.start_outage(drop=True),
        )


async def test_a_play_is_a_tick_and_a_complete_diary_row(setup: Setup) -> None:
    tracker = setup.tracker()
    play = await play_of(tracker, setup.episode())
    before = setup.asked()
    (receipt,) = await add(tracker, [play])
    tick, row = setup.service.calls()[before:]
    assert tick.path == "/api/episode_log/add"
    assert tick.body == {"show_id": 90000, "season_id": 140001, "episode_numbers": [4]}
    assert row.path == "/api/show/reviews/add"
    assert row.body == {
        "show_id": 90000,
        "season_id": 140001,
        "episode_number": 4,
        "review_text": "",
        "rating": 0,
        "contains_spoiler": False,
        "backdate": "2026-11-10T20:14:37Z",
        "is_log": True,
        "is_rewatch": False,
        "tags": [],
        "allows_comments": True,
        "like": False,
    }
    assert receipt.remote_id == str(setup.rows()[0]["id"])


async def test_every_request_carries_the_headers_of_the_app(setup: Setup) -> None:
    tracker = setup.tracker()
    play = await play_of(tracker, setup.episode())
    await add(tracker, [play])
    await tracker.find_plays([play])
    await tracker.sign_in()
    assert all(has_app_headers(call.headers) for call in setup.service.calls())
    assert {call.route for call in setup.service.calls()} >= {
        "GET /api/show/{show:int}/season/{number:int}",
        "GET /mobile/page/show/{show:int}/season_v2_part_3/{number:int}",
        "POST /api/validateauthtoken",
    }


async def test_nothing_is_asked_to_locate_what_is_in_the_cache(setup: Setup) -> None:
    await setup.tracker().locate(setup.episode())
    before = setup.asked()
    address = await setup.tracker().locate(setup.episode(number=5))
    assert address.key == "90000:140001:5"
    assert setup.asked() == before


async def test_a_movie_has_no_place_there(setup: Setup) -> None:
    tracker = setup.tracker()
    assert tracker.can.media == {"episode"}
    with pytest.raises(Refused, match="TV only"):
        await tracker.locate(Movie("Harbour Atlas", 2019))
    assert setup.asked() == 0


async def test_the_row_waits_for_both_the_tick_and_the_permission(setup: Setup) -> None:
    tracker = setup.tracker()
    play = await play_of(tracker, setup.episode())

    async def look() -> None:
        assert setup.asked(ADD) == 0

    await tracker.add_plays([play], Doorman(look=look))
    assert [setup.asked(TICK), setup.asked(ADD)] == [1, 1]


async def test_a_failed_tick_adds_no_row_and_leaves_no_doubt(setup: Setup) -> None:
    tracker = setup.tracker()
    play = await play_of(tracker, setup.episode())
    setup.fail(TICK, status=502)
    door = Doorman()
    with pytest.raises(TryLater) as caught:
        await tracker.add_plays([play], door)
    assert not caught.value.in_doubt
    assert door.calls == 1
    assert setup.asked(ADD) == 0


async def test_a_web_page_instead_of_a_tick_stops_the_row(setup: Setup) -> None:
    tracker = setup.tracker()
    play = await play_of(tracker, setup.episode())
    setup.fail(TICK, "html")
    with pytest.raises(ContractDrift, match="web page") as caught:
        await tracker.add_plays([play], Doorman())
    assert not caught.value.in_doubt
    assert setup.asked(ADD) == 0


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("kind", "status"), [("status", 502), ("status", 500), ("status", 408), ("drop", None)])
async def test_an_unclear_answer_to_the_row_is_in_doubt(setup: Setup, kind: str, status: int, when: str) -> None:
    tracker = setup.tracker()
    play = await play_of(tracker, setup.episode())
    setup.fail(ADD, kind, status=status, when=when)
    with pytest.raises(TryLater) as caught:
        await tracker.add_plays([play], Doorman())
    assert caught.value.in_doubt
    found = await tracker.find_plays([play])
    assert [f is not None for f in found] == [when == "after"]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "html"},
        {"kind": "malformed"},
        {"body": {"message": "done"}, "status": 200},
        {"body": [], "status": 200},
    ],
    ids=["page", "cut", "no id", "list"],
)
async def test_an_accepted_row_whose_answer_makes_no_sense_is_in_doubt(setup: Setup, fault: dict) -> None:
    tracker = setup.tracker()
    play = await play_of(tracker, setup.episode())
    setup.fail(ADD, when="after", **fault)
    with pytest.raises(ContractDrift) as caught:
        await tracker.add_plays([play], Doorman())
    assert caught.value.in_doubt
    assert (await tracker.find_plays([play]))[0] is not None


@pytest.mark.parametrize("status", [400, 409, 422])
async def test_a_refused_row_is_refused_with_what_the_service_said(setup: Setup, status: int) -> None:
    tracker = setup.tracker()
    play = await play_of(tracker, setup.episode())
    said = {"message": "No log for anna@example.org with eyJhbGciOi.eyJleHAi.c2lnbmF0dXJl today. " + "x" * 500}
    setup.fail(ADD, status=status, body=said)
    (result,) = await tracker.add_plays([play], Doorman())
    assert isinstance(result, Refused)
    assert not result.in_doubt
    assert "No log for" in result.reason
    assert "anna@" not in result.reason
    assert "eyJ" not in result.reason
    assert len(result.reason) < 250


async def test_who_is_not_let_in_loses_no_play_and_keeps_the_sign_in(setup: Setup) -> None:
    tracker = setup.tracker()
    play = await play_of(tracker, setup.episode())
    setup.fail("*", times=None, status=403, body={"message": "Forbidden"})
    with pytest.raises(AccountStopped, match="403: Forbidden") as caught:
        await tracker.add_plays([play], Doorman())
    assert not caught.value.in_doubt
    with pytest.raises(AccountStopped):
        await tracker.sign_in()
    setup.service.faults.clear()
    await tracker.sign_in()
    assert not isinstance((await tracker.add_plays([play], Doorman()))[0], Exception)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"kind": "html", "status": 404}, "no longer offers"),
        ({"status": 404}, "no longer offers"),
        ({"status": 405}, "no longer offers"),
        ({"kind": "html", "status": 403}, "bot check"),
        ({"status": 301, "headers": {"location": "https://elsewhere.example"}}, "moved"),
    ],
    ids=["page", "bare", "verb", "bot check", "moved"],
)
async def test_what_only_another_program_would_answer_is_drift(setup: Setup, fault: dict, words: str) -> None:
    tracker = setup.tracker()
    play = await play_of(tracker, setup.episode())
    setup.fail(ADD, **fault)
    with pytest.raises(ContractDrift, match=words) as caught:
        await tracker.add_plays([play], Doorman())
    assert not caught.value.in_doubt
    assert await tracker.find_plays([play]) == [None]


async def test_an_episode_that_vanished_is_not_in_the_catalogue_and_is_read_anew(setup: Setup) -> None:
    tracker = setup.tracker()
    play = await play_of(tracker, setup.episode())
    setup.service.catalogue.change(hide=[(90000, 1, 4)])
    (result,) = await tracker.add_plays([play], Doorman())
    assert isinstance(result, NotInCatalogue)
    with pytest.raises(NotInCatalogue):
        await tracker.locate(setup.episode())
    assert setup.rows() == []


async def test_too_many_requests_say_when_to_come_back(setup: Setup) -> None:
    tracker = setup.tracker()
    play = await play_of(tracker, setup.episode())
    setup.fail(ADD, status=429, headers={"retry-after": "17"})
    with pytest.raises(TryLater) as caught:
        await tracker.add_plays([play], Doorman())
    assert caught.value.after == 17
    assert not caught.value.in_doubt


async def test_a_place_that_is_incomplete_is_refused_without_a_request(setup: Setup) -> None:
    tracker = setup.tracker()
    broken = Addition(1, Address("x", {"show_id": 90000, "season_id": None}), EVENING)
    (result,) = await tracker.add_plays([broken], Doorman())
    assert isinstance(result, Refused)
    assert setup.asked() == 0


async def test_one_play_at_a_time(setup: Setup) -> None:
    tracker = setup.tracker()
    play = await play_of(tracker, setup.episode())
    with pytest.raises(ValueError, match="one play"):
        await tracker.add_plays([play, play], Doorman())


async def test_a_local_time_becomes_the_same_instant(setup: Setup) -> None:
    tracker = setup.tracker()
    play = await play_of(tracker, setup.episode())
    eastern = play.watched_at.astimezone(timezone(-timedelta(hours=5)))
    await add(tracker, [replace(play, watched_at=eastern)])
    assert setup.rows()[0]["backdate"] == "2026-11-10T20:14:37Z"


async def test_plays_keep_two_intervals_apart_and_a_single_one_never_waits(setup: Setup, clock: FakeClock) -> None:
    tracker = setup.tracker()
    plays = [await play_of(tracker, setup.episode(number=n)) for n in (1, 2, 3)]
    starts: list[float] = []
    for play in plays:
        clock.advance(tracker.delay())
        starts.append(clock.monotonic())
        await add(tracker, [play])
        assert clock.monotonic() == starts[-1], "tick and row go out back to back"
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert gaps == pytest.approx([0.6, 0.6])


async def test_the_pace_can_be_set(setup: Setup) -> None:
    tracker = setup.tracker(pace=0)
    for number in (1, 2, 3):
        await add(tracker, [await play_of(tracker, setup.episode(number=number))])
        assert tracker.delay() == 0


async def test_a_revoked_token_is_replaced_while_delivering(setup: Setup) -> None:
    tracker = setup.tracker()
    play = await play_of(tracker, setup.episode())
    setup.service.revoke()
    await add(tracker, [play])
    assert len(setup.rows()) == 1


async def test_a_token_that_is_refused_between_tick_and_row_leaves_no_doubt_and_one_row(setup: Setup) -> None:
    tracker = setup.tracker()
    play = await play_of(tracker, setup.episode())
    setup.fail(ADD, status=401, body={"message": "You must be logged in"})
    door = Doorman()
    (result,) = await tracker.add_plays([play], door)
    assert isinstance(result, Receipt)
    assert door.calls == 1
    assert len(setup.rows()) == 1


async def test_a_token_refused_right_after_a_sign_in_asks_for_a_person(setup: Setup) -> None:
    tracker = setup.tracker()
    play = await play_of(tracker, setup.episode())
    setup.fail(TICK, status=401, body={"message": "You must be logged in"}, times=2)
    with pytest.raises(LoginNeeded, match="scrobbled auth serializd"):
        await tracker.add_plays([play], Doorman())


# Rewatches


def watched_before(setup: Setup, hours: float) -> None:
    """The user ticked the episode on the site, so many hours before the viewing."""
    at = (EVENING - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
    setup.service.accounts["anna"].tick(90000, 140001, 4, at)


@pytest.mark.parametrize(("hours", "rewatch"), [(24 * 400, True), (7, True), (5, False), (-1, False)])
async def test_a_tick_from_before_us_makes_a_rewatch_when_it_is_old_enough(
    setup: Setup, hours: float, rewatch: bool
) -> None:
    watched_before(setup, hours)
    tracker = setup.tracker()
    await add(tracker, [await play_of(tracker, setup.episode())])
    assert setup.rows()[0]["isRewatch"] is rewatch


async def test_what_we_know_ourselves_makes_a_rewatch_too(setup: Setup) -> None:
    tracker = setup.tracker()
    await add(tracker, [replace(await play_of(tracker, setup.episode()), rewatch=True)])
    assert setup.rows()[0]["isRewatch"] is True


async def test_our_own_tick_is_no_evidence(setup: Setup, clock: FakeClock) -> None:
    tracker = setup.tracker()
    await add(tracker, [await play_of(tracker, setup.episode())])
    clock.advance(3 * 86_400)
    address = await setup.tracker().locate(setup.episode())
    assert "ticked_at" not in address.data


async def test_ticks_are_read_once_a_day_for_a_season(setup: Setup, clock: FakeClock) -> None:
    tracker = setup.tracker()
    for number in (1, 2, 3):
        await tracker.locate(setup.episode(number=number))
    assert setup.asked("GET /mobile/*") == 1
    clock.advance(86_401)
    await tracker.locate(setup.episode(number=1))
    assert setup.asked("GET /mobile/*") == 2


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 404},
        {"kind": "html"},
        {"status": 503},
        {"kind": "drop"},
        {"body": {}, "status": 200},
        {"status": 401},
    ],
    ids=["gone", "page", "down", "cut", "drift", "unauthorized"],
)
async def test_unreadable_ticks_never_hold_a_play_up(setup: Setup, fault: dict) -> None:
    watched_before(setup, 100)
    setup.fail("GET /mobile/*", times=None, **fault)
    tracker = setup.tracker()
    await add(tracker, [await play_of(tracker, setup.episode())])
    assert setup.rows()[0]["isRewatch"] is False
    await tracker.locate(setup.episode(number=5))
    assert setup.asked("GET /mobile/*") == 1


# Registry


async def test_the_registry_builds_it_without_a_request(setup: Setup) -> None:
    tracker = TRACKERS["serializd"].build(setup.context())
    assert tracker.can.site == "https://www.serializd.com"
    assert setup.asked() == 0
    await tracker.aclose()


async def test_the_default_address_keeps_the_mobile_pages_beside_the_api(setup: Setup) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url.copy_with(query=None)))
        return httpx.Response(503)

    setup.tokens.values = {"token": "t", "username": "anna"}
    await setup.tracker().locate(setup.episode())
    setup.cache.kept = {key: kept for key, kept in setup.cache.kept.items() if ":ticks:" not in key}
    tracker = build(setup.context(Http("http://unused", transport=httpx.MockTransport(answer)), url=None, email=None))
    await tracker.locate(setup.episode())
    with pytest.raises(TryLater):
        await tracker.sign_in()
    root = "https://serializd.onrender.com"
    assert asked == [f"{root}/mobile/page/show/90000/season_v2_part_3/1", f"{root}/api/validateauthtoken"]
