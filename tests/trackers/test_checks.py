"""What a change of a service looks like from here, one fault at a time, without ever writing or signing in."""

import json
from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from msgspec.structs import asdict

from conftest import FakeClock
from scrobbled.catalogues import tmdb_checks
from scrobbled.core.words.checks import Check, CheckVerdict
from scrobbled.plumbing import checks as common
from scrobbled.plumbing.http import Http
from scrobbled.sandbox.faults import Fault
from scrobbled.sandbox.server import Sandbox
from scrobbled.servers.plex import checks as plex_checks
from trackers.doubles import KeptTokens
from trackers.serializd_setup import LOGIN, Setup
from trackers.trakt_bench import TraktBench

SETTINGS = "GET /users/settings"
DIARY = "GET /user/…/diary"
KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def serializd(clock: FakeClock) -> Setup:
    return Setup(clock)


def named(checks: Sequence[Check], name: str) -> Check:
    return next(check for check in checks if check.name == name)


def states(checks: Sequence[Check]) -> set[CheckVerdict]:
    return {check.state for check in checks}


async def examined(trakt: TraktBench, **settings: Any) -> Sequence[Check]:
    tracker = trakt.tracker(**settings)
    try:
        return await tracker.examine()
    finally:
        await tracker.aclose()


@pytest.mark.parametrize(
    ("fault", "state", "said"),
    [
        ({"kind": "html"}, CheckVerdict.PROBLEM, "HTML instead of JSON"),
        ({"kind": "malformed"}, CheckVerdict.PROBLEM, "not JSON"),
        ({"status": 200, "body": {"user": {"username": 7}}}, CheckVerdict.PROBLEM, "user.username is a whole number"),
        ({"status": 200, "body": {"user": {"username": 7}}}, CheckVerdict.PROBLEM, "user.ids is missing"),
        ({"status": 401}, CheckVerdict.PROBLEM, "does not accept the stored sign-in"),
        ({"status": 403, "body": "Forbidden"}, CheckVerdict.PROBLEM, "not allowed any more"),
        ({"kind": "html", "status": 403}, CheckVerdict.PROBLEM, "blocked the request"),
        ({"status": 423}, CheckVerdict.PROBLEM, "locked"),
        ({"status": 429, "headers": {"retry-after": "30"}}, CheckVerdict.WARNING, "429"),
        ({"status": 503}, CheckVerdict.PROBLEM, "answered 503"),
        ({"kind": "drop"}, CheckVerdict.PROBLEM, "broke"),
    ],
)
async def test_each_fault_of_trakt_is_told_as_what_it_is(
    trakt: TraktBench, fault: dict[str, Any], state: CheckVerdict, said: str
) -> None:
    trakt.fail(SETTINGS, **fault)
    checks = await examined(trakt)
    found = named(checks, SETTINGS)
    assert (found.state, said in found.text) == (state, True), found
    assert found.next_step
    assert states([check for check in checks if check.name != SETTINGS]) == {CheckVerdict.OK}


async def test_a_history_without_page_numbers_is_told_as_it_would_be_read_in_part(trakt: TraktBench) -> None:
    trakt.fail("GET /sync/history", status=200, body=[])
    assert "X-Pagination-Page-Count" in named(await examined(trakt), "GET /sync/history").text


@pytest.mark.parametrize(
    ("told", "state", "said"),
    [
        ({"webhook": {"url": "x", "last_event_at": "2026-11-10T18:00:00Z"}}, CheckVerdict.WARNING, "own webhook"),
        ({"sync": {"configured": True}}, CheckVerdict.WARNING, "own import"),
        ({"webhook": {"url": "x", "last_event_at": "long ago"}}, CheckVerdict.OK, "Not active"),
        ({"webhook": {"url": None, "last_event_at": "2026-11-10T18:00:00Z"}}, CheckVerdict.OK, "Not active"),
        (["?"], CheckVerdict.SKIPPED, "does not tell"),
        ({"message": "ok"}, CheckVerdict.SKIPPED, "does not tell"),
        (None, CheckVerdict.SKIPPED, "does not tell"),
    ],
)
async def test_that_trakt_itself_takes_what_is_watched_is_told(
    trakt: TraktBench, told: Any, state: CheckVerdict, said: str
) -> None:
    trakt.api.account_of("anna").plex = told
    found = named(await examined(trakt), "Trakt's own Plex import")
    assert (found.state, said in found.text) == (state, True), found


@pytest.mark.parametrize("status", [401, 403, 423, 429, 503])
async def test_where_trakt_keeps_that_for_its_own_apps_nothing_is_wrong(trakt: TraktBench, status: int) -> None:
    trakt.fail("GET /users/settings/plex", status=status)
    assert states(await examined(trakt)) == {CheckVerdict.OK, CheckVerdict.SKIPPED}


async def test_trakt_is_only_read_and_no_token_is_renewed(trakt: TraktBench, clock: FakeClock) -> None:
    clock.advance(trakt.tokens.values["expires_in"] + 1)  # type: ignore[index]  # the bench has signed in
    before = dict(trakt.tokens.values or {})
    checks = await examined(trakt)
    assert named(checks, "sign-in").state is CheckVerdict.WARNING
    assert named(checks, SETTINGS).state is CheckVerdict.SKIPPED
    assert {call.method for call in trakt.api.calls()} == {"GET"}
    assert trakt.auth.calls() == []
    assert (trakt.tokens.values, trakt.tokens.saves) == (before, 0)


async def test_a_refused_token_is_not_renewed_either(trakt: TraktBench) -> None:
    trakt.fail("*", status=401, times=None)
    assert CheckVerdict.PROBLEM in states(await examined(trakt))
    assert trakt.auth.calls() == []


@pytest.mark.parametrize(("passed", "state"), [(0.4, CheckVerdict.OK), (0.85, CheckVerdict.WARNING)])
async def test_a_token_that_should_have_been_renewed_is_a_warning(
    trakt: TraktBench, clock: FakeClock, passed: float, state: CheckVerdict
) -> None:
    clock.advance(passed * trakt.tokens.values["expires_in"])  # type: ignore[index]
    assert named(await examined(trakt), "sign-in").state is state


async def test_the_sign_in_of_another_app_is_not_used(trakt: TraktBench) -> None:
    checks = await examined(trakt, client_id="another")
    assert "another client_id" in named(checks, "sign-in").text
    assert all(call.headers.get("authorization") is None for call in trakt.api.calls())


async def test_reads_are_counted_for_five_minutes(trakt: TraktBench, clock: FakeClock) -> None:
    tracker = trakt.tracker()
    await tracker.examine()
    used = named(await tracker.examine(), "requests left").figures["reads"]
    assert used == len(trakt.api.calls())
    clock.advance(301)
    assert named(await tracker.examine(), "requests left").figures["reads"] == used / 2
    await tracker.aclose()


@pytest.mark.parametrize(
    ("match", "name", "fault", "said"),
    [
        ("GET /api/user/*/diary", DIARY, {"kind": "html"}, "HTML instead of JSON"),
        (
            "GET /api/user/*/diary",
            DIARY,
            {"status": 200, "body": {"reviews": [{"id": 1}]}},
            "reviews[].showId is missing",
        ),
        ("GET /api/search/shows", "GET /search/shows", {"status": 200, "body": {"hits": []}}, "results is missing"),
        ("GET /api/show/*", "GET /show/…", {"kind": "html", "status": 404}, "no longer offers this call"),
        ("GET /api/show/*", "GET /show/…", {"status": 500, "body": "x"}, "answered 500"),
        ("POST /api/validateauthtoken", "POST /validateauthtoken", {"status": 200, "body": {}}, "isValid is missing"),
    ],
)
async def test_each_fault_of_serializd_is_told_as_what_it_is(
    serializd: Setup, match: str, name: str, fault: dict[str, Any], said: str
) -> None:
    await serializd.tracker().sign_in()
    serializd.fail(match, **fault)
    found = named(await serializd.tracker().examine(), name)
    assert (found.state, said in found.text) == (CheckVerdict.PROBLEM, True), found


async def test_at_serializd_nobody_signs_in_whatever_is_wrong(serializd: Setup) -> None:
    assert named(await serializd.tracker().examine(), "sign-in").state is CheckVerdict.SKIPPED
    assert serializd.asked(LOGIN) == 0
    await serializd.tracker().sign_in()
    serializd.service.revoke()
    saves, logins = serializd.tokens.saves, serializd.asked(LOGIN)
    checks = await serializd.tracker().examine()
    assert named(checks, "POST /validateauthtoken").state is CheckVerdict.WARNING  # serve signs in by itself
    assert named(checks, DIARY).state is CheckVerdict.OK  # a public profile
    assert (serializd.tokens.saves, serializd.asked(LOGIN)) == (saves, logins)


async def test_a_password_that_was_refused_is_told_and_not_tried(serializd: Setup) -> None:
    wrong = {"password": "not-hers"}
    for _ in range(2):
        with pytest.raises(Exception, match="refused"):
            await serializd.tracker(**wrong).sign_in()
    logins = serializd.asked(LOGIN)
    found = named(await serializd.tracker(**wrong).examine(), "sign-in")
    assert (found.state, serializd.asked(LOGIN)) == (CheckVerdict.PROBLEM, logins)


async def test_no_check_tells_a_value(serializd: Setup, trakt: TraktBench) -> None:
    await serializd.tracker().sign_in()
    tokens = [*(serializd.tokens.values or {}).values(), *(trakt.tokens.values or {}).values()]
    secrets = [value for value in tokens if isinstance(value, str) and len(value) > 12]
    titles = [show.title for show in serializd.world.shows]
    checks = [*await serializd.tracker().examine(), *await examined(trakt)]
    told = json.dumps([asdict(check) for check in checks])
    assert secrets
    assert [word for word in (*secrets, *titles, "anna@example.org", "anna-secret") if word in told] == []


async def test_a_service_that_hangs_costs_no_more_than_one_look_may_last(
    trakt: TraktBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(common, "LONGEST", 0.05)
    trakt.api.faults.add(Fault(kind="latency", seconds=60))
    checks = await examined(trakt)
    assert "No answer within" in named(checks, SETTINGS).text


# Catalogues


def service(sandbox: Sandbox, name: str) -> Http:
    return Http(f"http://sandbox/{name}", transport=httpx.ASGITransport(app=sandbox))  # type: ignore[arg-type]


async def plex(token: str = "sandbox-plex-token", *, libraries: Sequence[str] = (), **fault: Any) -> list[Check]:
    sandbox = Sandbox(only=("plex",))
    if fault:
        sandbox["plex"].faults.add(Fault(**fault))
    http = service(sandbox, "plex")
    found = await plex_checks.examine(http, token, libraries=libraries)
    await http.aclose()
    return found


async def test_a_plex_server_in_order_tells_its_version() -> None:
    checks = await plex()
    assert states(checks) <= {CheckVerdict.OK, CheckVerdict.SKIPPED}
    assert named(checks, "GET /").figures["version"]


async def test_a_token_that_plex_refuses_is_told() -> None:
    checks = await plex("wrong-token")
    assert "server_token" in named(checks, "GET /library/sections").text
    assert named(checks, "GET /identity").state is CheckVerdict.OK


@pytest.mark.parametrize(
    ("told", "state"), [(True, CheckVerdict.OK), ("1", CheckVerdict.OK), (False, CheckVerdict.WARNING)]
)
async def test_plex_pass_is_told_where_the_server_says_so(told: Any, state: CheckVerdict) -> None:
    about = {"MediaContainer": {"machineIdentifier": "m", "version": "1.43", "myPlexSubscription": told}}
    checks = await plex(match="GET /", status=200, body=about)
    assert named(checks, "Plex Pass").state is state


async def test_a_library_that_is_not_on_the_server_is_named() -> None:
    found = named(await plex(libraries=("tv", "Cinema")), "libraries")
    assert found.state is CheckVerdict.WARNING
    assert "Cinema" in found.text


@pytest.mark.parametrize(("key", "state"), [(KEY, CheckVerdict.OK), ("f" * 32, CheckVerdict.PROBLEM)])
async def test_the_key_of_tmdb_is_good_or_not(key: str, state: CheckVerdict) -> None:
    http = service(Sandbox(only=("tmdb",)), "tmdb/3")
    checks = await tmdb_checks.examine(http, key)
    await http.aclose()
    assert states(checks) == {state}
    assert key not in str(checks)


async def test_without_tokens_only_what_is_public_is_asked(trakt: TraktBench) -> None:
    tracker = trakt.tracker(tokens=KeptTokens())
    checks = await tracker.examine()
    await tracker.aclose()
    assert named(checks, "sign-in").next_step == "Run: scrobbled auth trakt --viewer anna"
    assert all("sync" not in call.path for call in trakt.api.calls())
