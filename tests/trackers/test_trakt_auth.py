"""Signing in to Trakt and staying so."""

import asyncio
import itertools
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from conftest import FakeClock
from scrobbled.core.errors import AccountStopped, ContractDrift, LoginNeeded, StoreError, TryLater
from scrobbled.trackers import TRACKERS
from scrobbled.trackers.base import Tracker
from scrobbled.trackers.given import SignIn
from scrobbled.trackers.trakt.auth import device_sign_in
from scrobbled.trackers.trakt.oauth import DeviceCode, TokenPair
from scrobbled.trackers.trakt.settings import TraktSettings
from trackers.contract import Doorman, play_of
from trackers.doubles import KeptTokens
from trackers.trakt_bench import ADD, TraktBench

REFRESH = "POST /oauth/token"
POLL = "POST /oauth/device/token"
HALF = 302_400


@pytest.fixture
def trakt(clock: FakeClock) -> TraktBench:
    bench = TraktBench(clock)
    bench.tokens.saves = 0
    return bench


async def watch_film(trakt: TraktBench, tracker: Tracker) -> None:
    """One play more in the history."""
    before = len(trakt.history())
    await tracker.add_plays([await play_of(tracker, trakt.film())], Doorman())
    assert len(trakt.history()) == before + 1


def refreshes(trakt: TraktBench) -> int:
    return len(trakt.auth.calls(REFRESH))


def renewed_grant(trakt: TraktBench) -> dict[str, Any]:
    """Another process renews the pair, and has not stored it yet."""
    old = trakt.tokens.values or {}
    body = {"refresh_token": old["refresh_token"], "redirect_uri": old["redirect_uri"]}
    client = trakt.api.oauth.clients["sandbox-client"]
    return {**old, **trakt.api.oauth.refresh(body, client, trakt.clock.now()).answer()}


# Device flow


async def sign_in(trakt: TraktBench, *, shown: list[DeviceCode] | None = None, **settings: Any) -> KeptTokens:
    tokens = KeptTokens()
    show = shown.append if shown is not None else lambda code: approve(trakt, code)
    http = trakt.http()
    try:
        await device_sign_in(
            http, TraktSettings.of({**trakt.settings, **settings}), tokens, show=show, clock=trakt.clock
        )
    finally:
        await http.aclose()
    return tokens


def approve(trakt: TraktBench, code: DeviceCode, *, deny: bool = False) -> None:
    assert trakt.api.oauth.settle_device(code.user_code, username="anna", deny=deny)


async def test_a_person_signs_in_with_the_code_and_the_tokens_are_stored(trakt: TraktBench) -> None:
    tokens = await sign_in(trakt)
    assert tokens.values is not None
    assert set(tokens.values) == {
        "access_token",
        "refresh_token",
        "created_at",
        "expires_in",
        "redirect_uri",
        "client_id",
    }
    assert tokens.values["redirect_uri"] == "urn:ietf:wg:oauth:2.0:oob"
    tracker = trakt.tracker(tokens=tokens)
    await watch_film(trakt, tracker)
    await tracker.aclose()


async def test_the_code_is_shown_with_the_page_that_trakt_names(trakt: TraktBench) -> None:
    seen: list[DeviceCode] = []

    def show(code: DeviceCode) -> None:
        seen.append(code)
        approve(trakt, code)

    tokens, http = KeptTokens(), trakt.http()
    await device_sign_in(http, TraktSettings.of(trakt.settings), tokens, show=show, clock=trakt.clock)
    await http.aclose()
    (code,) = seen
    assert code.verification_url == "http://sandbox/trakt-auth/activate"
    assert code.link == f"http://sandbox/trakt-auth/activate/{code.user_code}"
    assert code.device_code not in repr(code)


async def test_waiting_asks_at_the_interval_and_slower_after_a_429(trakt: TraktBench) -> None:
    trakt.fail(POLL, status=429, skip=1)
    trakt.fail(POLL, status=429, skip=2, headers={"retry-after": "30"})
    with pytest.raises(LoginNeeded, match="ran out"):
        await sign_in(trakt, shown=[])
    times = [call.at for call in trakt.auth.calls(POLL)]
    gaps = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(times)]
    assert gaps[:5] == [5, 10, 10, 30, 15]
    assert (times[-1] - times[0]).total_seconds() < 600


@pytest.mark.parametrize(
    ("fault", "says"), [({"status": 404}, "any more"), ({"status": 409}, "used already"), ({"status": 410}, "ran out")]
)
async def test_a_code_that_is_over_ends_the_wait(trakt: TraktBench, fault: dict[str, Any], says: str) -> None:
    trakt.fail(POLL, skip=1, **fault)
    with pytest.raises(LoginNeeded, match=says):
        await sign_in(trakt, shown=[])
    assert len(trakt.auth.calls(POLL)) == 2


async def test_a_person_who_declines_is_told_so(trakt: TraktBench) -> None:
    tokens, http = KeptTokens(), trakt.http()
    with pytest.raises(LoginNeeded, match="declined"):
        await device_sign_in(
            http,
            TraktSettings.of(trakt.settings),
            tokens,
            show=lambda code: approve(trakt, code, deny=True),
            clock=trakt.clock,
        )
    await http.aclose()
    assert tokens.values is None


async def test_trouble_while_waiting_is_waited_out(trakt: TraktBench) -> None:
    trakt.fail(POLL, kind="drop")
    trakt.fail(POLL, status=503)
    assert (await sign_in(trakt)).values is not None


async def test_trouble_at_the_start_is_told_at_once(trakt: TraktBench) -> None:
    trakt.auth.faults.start_outage()
    with pytest.raises(TryLater):
        await sign_in(trakt)


@pytest.mark.parametrize("settings", [{"client_id": "nobody"}, {"client_secret": "wrong"}])
async def test_an_unknown_app_is_a_matter_for_the_developer_page(trakt: TraktBench, settings: dict[str, str]) -> None:
    with pytest.raises(AccountStopped, match="client_id and client_secret"):
        await sign_in(trakt, **settings)


async def test_an_app_without_a_secret_sends_none(trakt: TraktBench) -> None:
    assert (await sign_in(trakt, client_secret="")).values is not None
    assert all("client_secret" not in call.body for call in trakt.auth.calls())


async def test_a_sign_in_answer_without_tokens_is_drift(trakt: TraktBench) -> None:
    trakt.fail(POLL, status=200, body={"access_token": "a"})
    with pytest.raises(ContractDrift, match="refresh_token"):
        await sign_in(trakt)


async def test_every_request_to_the_sign_in_host_carries_the_headers(trakt: TraktBench) -> None:
    await sign_in(trakt)
    for call in trakt.auth.calls():
        assert call.headers["trakt-api-key"] == "sandbox-client"
        assert call.headers["trakt-api-version"] == "2"
        assert call.headers["content-type"] == "application/json"
        assert call.headers["user-agent"].startswith("scrobbled/")


async def by_command(trakt: TraktBench, tokens: KeptTokens) -> tuple[str, list[str]]:
    """What ``scrobbled auth trakt`` returns and tells; somebody enters the code that stands on a line of its own."""
    told: list[str] = []

    def tell(line: str) -> None:
        told.append(line)
        trakt.api.oauth.settle_device(line, username="ben")

    http = trakt.http()
    request = SignIn("anna", trakt.settings, http, tokens, trakt.clock, tell=tell, ask=str)
    try:
        return await TRACKERS["trakt"].sign_in(request), told
    finally:
        await http.aclose()


async def test_the_command_tells_the_code_and_whose_account_it_is(trakt: TraktBench) -> None:
    tokens = KeptTokens()
    name, told = await by_command(trakt, tokens)
    assert name == "ben"
    assert tokens.saves == 1
    assert "http://sandbox/trakt-auth/activate" in told[0]
    assert told[2].endswith(f"/activate/{told[1]}")


@pytest.mark.parametrize("fault", [{"status": 503}, {"kind": "html"}, {"status": 200, "body": []}, {"status": 401}])
async def test_a_name_that_cannot_be_told_does_not_spoil_the_sign_in(trakt: TraktBench, fault: dict[str, Any]) -> None:
    tokens = KeptTokens()
    trakt.fail("GET /users/settings", **fault)
    name, _ = await by_command(trakt, tokens)
    assert name == ""
    assert tokens.values is not None


async def test_who_signs_in_is_told_that_trakt_itself_takes_what_is_watched(trakt: TraktBench) -> None:
    trakt.api.account_of("ben").plex = {"sync": {"configured": True}}
    name, told = await by_command(trakt, KeptTokens())
    assert (name, "by its own import" in told[-1]) == ("ben", True)


# Staying signed in


async def test_a_young_token_is_left_alone(trakt: TraktBench, tracker: Tracker, clock: FakeClock) -> None:
    assert tracker.expires_at() is None
    await tracker.sign_in()
    assert tracker.expires_at() == clock.now() + timedelta(days=7)
    clock.advance(HALF - 60)
    await watch_film(trakt, tracker)
    assert refreshes(trakt) == 0


async def test_a_token_is_renewed_at_half_its_life(trakt: TraktBench, tracker: Tracker, clock: FakeClock) -> None:
    clock.advance(HALF)
    await tracker.sign_in()
    assert refreshes(trakt) == 1
    assert tracker.expires_at() == clock.now() + timedelta(days=7)
    await watch_film(trakt, tracker)
    assert refreshes(trakt) == 1


async def test_the_new_pair_is_stored_and_survives_a_restart(
    trakt: TraktBench, tracker: Tracker, clock: FakeClock
) -> None:
    clock.advance(HALF)
    await tracker.sign_in()
    again = trakt.tracker()
    await watch_film(trakt, again)
    clock.advance(HALF)
    await again.sign_in()
    assert refreshes(trakt) == 2
    await again.aclose()


async def test_an_expired_token_is_renewed_before_the_point_of_no_return(
    trakt: TraktBench, tracker: Tracker, clock: FakeClock
) -> None:
    clock.advance(8 * 86_400)
    play = await play_of(tracker, trakt.film())
    seen: list[int] = []

    async def sending() -> None:
        seen.append(refreshes(trakt))

    await tracker.add_plays([play], sending)
    assert seen == [1]
    assert trakt.added() == 1


async def test_the_pair_is_stored_before_it_is_used(trakt: TraktBench, clock: FakeClock) -> None:
    class FullDisk(KeptTokens):
        full = True

        async def save(self, values: Mapping[str, Any]) -> None:
            if self.full:
                raise StoreError("the disk is full")
            await super().save(values)

    disk = FullDisk(trakt.tokens.values)
    tracker = trakt.tracker(tokens=disk)
    clock.advance(HALF)
    with pytest.raises(StoreError):
        await tracker.find_plays([await play_of(tracker, trakt.film())])
    assert trakt.api.calls() == [], "the new token was not shown to anybody"
    disk.full = False
    await watch_film(trakt, tracker)
    assert refreshes(trakt) == 1, "the pair that could not be stored was not lost"
    assert disk.saves == 1
    await tracker.aclose()


async def test_a_401_renews_the_token_and_repeats_the_request_once(trakt: TraktBench, tracker: Tracker) -> None:
    trakt.api.oauth.end_all("anna", "expire", trakt.clock.now())
    await watch_film(trakt, tracker)
    assert refreshes(trakt) == 1
    assert [call.status for call in trakt.api.calls(ADD)] == [401, 201]


async def test_a_401_right_after_renewing_needs_a_person(trakt: TraktBench, tracker: Tracker) -> None:
    trakt.fail(ADD, status=401, times=2)
    with pytest.raises(LoginNeeded, match="scrobbled auth trakt --viewer anna"):
        await watch_film(trakt, tracker)
    assert trakt.added() == 2
    assert refreshes(trakt) == 1


async def test_a_sign_in_that_was_refused_is_called_good_only_once_trakt_says_so(
    trakt: TraktBench, tracker: Tracker
) -> None:
    trakt.fail(ADD, status=401, times=2)
    with pytest.raises(LoginNeeded):
        await watch_film(trakt, tracker)
    trakt.fail("GET /sync/history", status=401, times=2)
    with pytest.raises(LoginNeeded):
        await tracker.sign_in()
    await tracker.sign_in()
    assert trakt.api.calls()[-1].status == 200


async def test_a_dead_sign_in_is_not_called_good_because_its_time_is_not_up(
    trakt: TraktBench, tracker: Tracker
) -> None:
    trakt.api.oauth.end_all("anna", "migrate", trakt.clock.now())
    with pytest.raises(LoginNeeded):
        await watch_film(trakt, tracker)
    for _ in range(2):
        with pytest.raises(LoginNeeded, match="session not found"):
            await tracker.sign_in()
    assert refreshes(trakt) == 1
    await trakt.tokens.save(trakt.grant())
    await tracker.sign_in()


async def test_requests_at_the_same_time_share_one_refresh(trakt: TraktBench, tracker: Tracker) -> None:
    plays = [await play_of(tracker, item) for item in (trakt.film(), trakt.episode())]
    trakt.api.oauth.end_all("anna", "expire", trakt.clock.now())
    trakt.auth.sleep = pause
    trakt.fail(REFRESH, kind="latency", seconds=1)
    await asyncio.gather(*(tracker.find_plays([play]) for play in plays * 4))
    assert refreshes(trakt) == 1
    assert trakt.tokens.saves == 1


async def pause(seconds: float) -> None:
    """Lets everybody else run, which is what latency is for."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_whoever_gives_up_waiting_does_not_lose_the_new_pair(trakt: TraktBench, clock: FakeClock) -> None:
    tracker = trakt.tracker()
    clock.advance(HALF)
    trakt.auth.sleep = pause
    trakt.fail(REFRESH, kind="latency", seconds=1, when="after")
    waiting = asyncio.create_task(tracker.sign_in())
    for _ in range(20):
        await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await tracker.aclose()
    assert trakt.tokens.saves == 1
    again = trakt.tracker()
    await watch_film(trakt, again)
    await again.aclose()


async def test_a_refresh_that_fails_for_now_does_no_harm_while_the_token_lives(
    trakt: TraktBench, tracker: Tracker, clock: FakeClock
) -> None:
    clock.advance(HALF)
    trakt.auth.faults.start_outage()
    await watch_film(trakt, tracker)
    await watch_film(trakt, tracker)
    assert refreshes(trakt) == 1, "not asked again within a minute"
    clock.advance(61)
    await watch_film(trakt, tracker)
    assert refreshes(trakt) == 2
    trakt.auth.faults.end_outage()
    clock.advance(61)
    await watch_film(trakt, tracker)
    assert trakt.tokens.saves == 1


async def test_a_refresh_that_fails_for_now_is_tried_later_once_the_token_has_ended(
    trakt: TraktBench, tracker: Tracker, clock: FakeClock
) -> None:
    clock.advance(8 * 86_400)
    trakt.auth.faults.start_outage()
    with pytest.raises(TryLater) as caught:
        await watch_film(trakt, tracker)
    assert not caught.value.in_doubt
    trakt.auth.faults.end_outage()
    await watch_film(trakt, tracker)


async def test_the_edge_blocking_a_refresh_is_no_lost_sign_in(
    trakt: TraktBench, tracker: Tracker, clock: FakeClock
) -> None:
    clock.advance(8 * 86_400)
    trakt.fail(REFRESH, kind="html", status=403)
    with pytest.raises(TryLater) as caught:
        await tracker.sign_in()
    assert caught.value.after == 900


@pytest.mark.parametrize(("how", "says"), [("revoke", "pushed out by another app"), ("migrate", "session not found")])
async def test_a_refused_refresh_says_why_and_what_to_run(
    trakt: TraktBench, tracker: Tracker, how: str, says: str
) -> None:
    trakt.api.oauth.end_all("anna", how, trakt.clock.now())
    with pytest.raises(LoginNeeded, match=says) as caught:
        await watch_film(trakt, tracker)
    assert "scrobbled auth trakt --viewer anna" in caught.value.reason
    assert "sandbox-refresh" not in caught.value.reason


async def test_a_dead_refresh_token_is_shown_once_only(trakt: TraktBench, tracker: Tracker, clock: FakeClock) -> None:
    trakt.api.oauth.end_all("anna", "revoke", trakt.clock.now())
    clock.advance(8 * 86_400)
    for _ in range(3):
        with pytest.raises(LoginNeeded):
            await tracker.sign_in()
    assert refreshes(trakt) == 1


async def test_a_new_sign_in_by_another_process_is_taken_up(
    trakt: TraktBench, tracker: Tracker, clock: FakeClock
) -> None:
    trakt.api.oauth.end_all("anna", "revoke", trakt.clock.now())
    clock.advance(8 * 86_400)
    with pytest.raises(LoginNeeded):
        await tracker.sign_in()
    await trakt.tokens.save(trakt.grant())
    await watch_film(trakt, tracker)


async def test_a_pair_renewed_by_another_process_is_used_without_asking(
    trakt: TraktBench, tracker: Tracker, clock: FakeClock
) -> None:
    await tracker.sign_in()
    clock.advance(HALF)
    await trakt.tokens.save(renewed_grant(trakt))
    await watch_film(trakt, tracker)
    assert refreshes(trakt) == 0


async def test_a_pair_that_another_process_is_just_about_to_store_is_waited_for(
    trakt: TraktBench, clock: FakeClock
) -> None:
    class Slow(KeptTokens):
        """The other process has its new pair already, and stores it a second from now."""

        async def load(self) -> Mapping[str, Any] | None:
            if clock.monotonic() >= HALF + 1:
                self.values = new
            return await super().load()

    clock.advance(HALF)
    tokens = Slow(trakt.tokens.values)
    new = renewed_grant(trakt)
    tracker = trakt.tracker(tokens=tokens)
    await watch_film(trakt, tracker)
    assert refreshes(trakt) == 1
    await tracker.aclose()


async def test_a_pair_that_could_not_be_stored_does_not_replace_a_newer_sign_in(
    trakt: TraktBench, clock: FakeClock
) -> None:
    class FullDisk(KeptTokens):
        async def save(self, values: Mapping[str, Any]) -> None:
            raise StoreError("the disk is full")

    disk = FullDisk(trakt.tokens.values)
    tracker = trakt.tracker(tokens=disk)
    clock.advance(HALF)
    with pytest.raises(StoreError):
        await tracker.sign_in()
    disk.values = trakt.grant()
    await watch_film(trakt, tracker)
    await tracker.aclose()


async def test_the_redirect_of_the_sign_in_stays_with_the_pair(trakt: TraktBench, clock: FakeClock) -> None:
    client = trakt.api.oauth.clients["sandbox-client"]
    issued = trakt.api.oauth.issue("anna", client, clock.now(), "https://nas.example.org/back").answer()
    tokens = KeptTokens({**issued, "redirect_uri": "https://nas.example.org/back", "client_id": client.id})
    for _ in range(2):
        clock.advance(HALF)
        tracker = trakt.tracker(tokens=tokens)
        await watch_film(trakt, tracker)
        await tracker.aclose()
    assert refreshes(trakt) == 2


@pytest.mark.parametrize(
    "stored", [None, {}, {"access_token": ""}, {"access_token": "a", "refresh_token": "b", "client_id": "another-app"}]
)
async def test_without_a_usable_pair_a_person_is_needed(trakt: TraktBench, stored: dict[str, Any] | None) -> None:
    tracker = trakt.tracker(tokens=KeptTokens(stored))
    door = Doorman()
    with pytest.raises(LoginNeeded, match="scrobbled auth trakt --viewer anna"):
        await tracker.add_plays([await play_of(tracker, trakt.film())], door)
    assert door.calls == 0
    assert trakt.asked() == []
    await tracker.aclose()


async def test_a_deleted_app_stops_the_account_at_the_next_refresh(
    trakt: TraktBench, tracker: Tracker, clock: FakeClock
) -> None:
    clock.advance(HALF)
    trakt.api.oauth.clients["sandbox-client"].deleted = True
    with pytest.raises(AccountStopped, match="invalid_client"):
        await tracker.sign_in()


async def test_looking_things_up_needs_no_sign_in(trakt: TraktBench) -> None:
    tracker = trakt.tracker(tokens=KeptTokens())
    address = await tracker.locate(trakt.film(ids=""))
    assert address.data["ids"]["trakt"] == trakt.sandbox.world.movies[0].trakt
    await tracker.aclose()


@pytest.mark.parametrize("status", [400, 401])
async def test_old_and_new_status_of_a_refused_refresh_mean_the_same(
    trakt: TraktBench, tracker: Tracker, clock: FakeClock, status: int
) -> None:
    clock.advance(HALF)
    trakt.fail(REFRESH, status=status, body={"error": "invalid_grant"})
    with pytest.raises(LoginNeeded):
        await tracker.sign_in()


def test_a_grant_goes_through_the_store_and_hides_its_tokens() -> None:
    grant = TokenPair("access-1", "refresh-1", 1_700_000_000, 604_800, client_id="me")
    assert TokenPair.of(grant.values()) == grant
    assert grant.expires_at == datetime.fromisoformat("2023-11-21T22:13:20+00:00")
    assert "access-1" not in repr(grant)
    assert "refresh-1" not in repr(grant)


def test_a_grant_without_a_lifetime_is_taken_for_the_shortest_ever_used() -> None:
    grant = TokenPair.of({"access_token": "a", "refresh_token": "b", "created_at": "1700000000"})
    assert grant is not None
    assert grant.expires_in == 86_400


async def test_signing_out_ends_the_pair_on_trakt(trakt: TraktBench, tracker: Tracker) -> None:
    http = trakt.http()
    request = SignIn("anna", trakt.settings, http, trakt.tokens, trakt.clock, tell=str, ask=str)
    for _ in range(2):  # one that is over already counts as ended
        await TRACKERS["trakt"].sign_out(request)
    await http.aclose()
    with pytest.raises(LoginNeeded):
        await tracker.sign_in()


def test_settings_hide_the_secret() -> None:
    assert "hush" not in repr(TraktSettings.of({"client_id": "me", "client_secret": "hush"}))
