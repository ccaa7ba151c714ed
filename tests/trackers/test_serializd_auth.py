"""Signing in to Serializd: seldom, stored first, and never in a loop."""

import asyncio
import json
from datetime import timedelta

import httpx
import pytest

from conftest import FakeClock
from scrobbled.core.errors import ContractDrift, LoginNeeded, TryLater
from scrobbled.plumbing.http import Http
from scrobbled.trackers.serializd.auth import Credentials, SerializdToken
from scrobbled.trackers.serializd.tracker import build
from trackers.contract import Doorman, add, play_of
from trackers.serializd_setup import LOGIN, TICK, URL, Setup

VALIDATE = "POST /api/validateauthtoken"


async def test_email_and_password_are_enough(setup: Setup) -> None:
    tracker = setup.tracker()
    assert tracker.expires_at() is None
    await tracker.sign_in()
    assert setup.asked(LOGIN) == 1
    stored = setup.tokens.values
    assert stored is not None
    assert stored["username"] == "anna"
    assert stored["token"] in setup.service.tokens


async def test_the_end_of_a_token_is_known(setup: Setup, clock: FakeClock) -> None:
    tracker = setup.tracker()
    await tracker.sign_in()
    assert tracker.expires_at() == clock.now() + timedelta(days=365)


async def test_a_restart_uses_the_stored_token(setup: Setup) -> None:
    await setup.tracker().sign_in()
    restarted = setup.tracker()
    await add(restarted, [await play_of(restarted, setup.episode())])
    assert setup.asked(LOGIN) == 1


async def test_a_token_is_stored_before_it_is_used(setup: Setup) -> None:
    async def broken(values: object) -> None:
        raise OSError("the disk is full")

    setup.tokens.save = broken  # type: ignore[method-assign]
    tracker = setup.tracker()
    with pytest.raises(OSError, match="full"):
        await tracker.find_plays([await play_of(Setup(setup.clock).tracker(), setup.episode())])
    assert setup.asked() == setup.asked(LOGIN)


async def test_many_callers_with_one_stale_token_sign_in_once(setup: Setup) -> None:
    setup.service.add_account("anna@example.org", "anna-secret", "anna", private=True)
    tracker = setup.tracker()
    play = await play_of(tracker, setup.episode())
    setup.service.revoke()
    await asyncio.gather(*(tracker.find_plays([play]) for _ in range(6)))
    assert setup.asked(LOGIN) == 2


async def test_sign_in_notices_a_revoked_token(setup: Setup) -> None:
    tracker = setup.tracker()
    await tracker.sign_in()
    setup.service.revoke()
    await tracker.sign_in()
    assert setup.asked(LOGIN) == 2


async def test_a_revoked_token_without_a_password_needs_a_person(setup: Setup) -> None:
    tracker = setup.tracker(password="", email="", token=setup.service.issue("anna"))
    await tracker.sign_in()
    setup.service.revoke()
    with pytest.raises(LoginNeeded, match="scrobbled auth serializd --viewer anna"):
        await tracker.sign_in()


# A pasted token


async def test_the_name_behind_a_pasted_token_is_found_out_once(setup: Setup) -> None:
    token = setup.service.issue("ben")
    tracker = setup.tracker(email="", password="", token=token)
    play = await play_of(tracker, setup.episode())
    await add(tracker, [play])
    assert setup.rows("ben")
    restarted = setup.tracker(email="", password="", token=token)
    assert (await restarted.find_plays([play]))[0] is not None
    assert [setup.asked(LOGIN), setup.asked(VALIDATE)] == [0, 1]


async def test_an_invalid_pasted_token_gives_way_to_the_password(setup: Setup) -> None:
    tracker = setup.tracker(token="made-up")
    await tracker.sign_in()
    assert setup.asked(LOGIN) == 1


async def test_a_newly_pasted_token_replaces_the_stored_one(setup: Setup) -> None:
    await setup.tracker(email="", password="", token=setup.service.issue("anna")).sign_in()
    tracker = setup.tracker(email="", password="", token=setup.service.issue("ben"))
    await tracker.sign_in()
    assert setup.tokens.values is not None
    assert setup.tokens.values["username"] == "ben"


async def test_another_account_in_the_configuration_is_another_sign_in(setup: Setup) -> None:
    await setup.tracker().sign_in()
    await setup.tracker(email="ben@example.org", password="ben-secret").sign_in()
    assert setup.tokens.values is not None
    assert setup.tokens.values["username"] == "ben"


async def test_what_a_person_signed_in_to_is_used_by_a_running_tracker(setup: Setup) -> None:
    running = setup.tracker(email="", password="")
    with pytest.raises(LoginNeeded):
        await running.sign_in()
    signed_in = await setup.tracker(email="", password="").session.login(" anna@example.org ", "anna-secret")
    assert signed_in.username == "anna"
    await running.sign_in()
    assert setup.asked(LOGIN) == 1


async def test_a_person_is_told_when_the_typed_password_is_wrong(setup: Setup) -> None:
    with pytest.raises(LoginNeeded, match=r"refused the sign-in: Incorrect password\. Check"):
        await setup.tracker().session.login("anna@example.org", "wrong")


async def test_a_person_replaces_a_token_of_the_configuration_that_has_ended(setup: Setup) -> None:
    pasted = {"email": "", "password": "", "token": setup.service.issue("anna")}
    await setup.tracker(**pasted).sign_in()
    setup.service.revoke()
    await setup.tracker(**{**pasted, "email": "anna@example.org"}).session.login("anna@example.org", "anna-secret")
    await setup.tracker(**pasted).sign_in()
    assert setup.asked(LOGIN) == 1


async def test_a_mistyped_password_leaves_the_present_sign_in_alone(setup: Setup) -> None:
    tracker = setup.tracker()
    await tracker.sign_in()
    before = setup.tokens.values
    with pytest.raises(LoginNeeded):
        await tracker.session.login("anna@example.org", "wrong")
    assert setup.tokens.values == before


# A refused password


async def test_a_refused_password_is_tried_twice_in_all_whatever_restarts(setup: Setup) -> None:
    for _ in range(5):
        with pytest.raises(LoginNeeded, match="Check email and password of viewer anna"):
            await setup.tracker(password="wrong").sign_in()
    assert setup.asked(LOGIN) == 2


async def test_delivering_with_a_refused_password_asks_no_more_often(setup: Setup) -> None:
    tracker = setup.tracker(password="wrong")
    for _ in range(3):
        with pytest.raises(LoginNeeded):
            await tracker.locate(setup.episode())
    assert setup.asked(LOGIN) == 2


@pytest.mark.parametrize(
    "change", [{"password": "anna-secret"}, {"email": "ben@example.org", "password": "ben-secret"}]
)
async def test_new_credentials_are_tried_again(setup: Setup, change: dict) -> None:
    for _ in range(3):
        with pytest.raises(LoginNeeded):
            await setup.tracker(password="wrong").sign_in()
    await setup.tracker(**change).sign_in()
    assert setup.tokens.values is not None
    assert "refused" not in setup.tokens.values


async def test_the_stored_sign_in_gives_no_password_away(setup: Setup) -> None:
    with pytest.raises(LoginNeeded):
        await setup.tracker(password="wrong-but-secret").sign_in()
    kept = json.dumps(setup.tokens.values)
    assert "wrong-but-secret" not in kept
    assert "anna@example.org" not in kept


@pytest.mark.parametrize("status", [502, 429, 500])
async def test_a_service_in_trouble_refuses_nobody(setup: Setup, status: int) -> None:
    setup.fail(LOGIN, status=status, times=3)
    for _ in range(3):
        with pytest.raises(TryLater):
            await setup.tracker().sign_in()
    await setup.tracker().sign_in()


async def test_a_page_instead_of_a_sign_in_is_drift_and_no_refusal(setup: Setup) -> None:
    setup.fail(LOGIN, "html", times=3, status=404)
    for _ in range(3):
        with pytest.raises(ContractDrift):
            await setup.tracker().sign_in()
    await setup.tracker().sign_in()


async def test_app_headers_that_are_no_longer_accepted_are_no_refusal(setup: Setup) -> None:
    setup.fail(LOGIN, status=401, body={"message": "You must be logged in"})
    with pytest.raises(ContractDrift, match="app headers"):
        await setup.tracker().sign_in()
    assert setup.tokens.values is None


# Answers in other shapes


def answering(setup: Setup, *answers: httpx.Response) -> Http:
    left = list(answers)
    return Http(URL, transport=httpx.MockTransport(lambda request: left.pop(0)))


async def test_a_user_name_inside_user_is_read_too(setup: Setup) -> None:
    login = httpx.Response(200, json={"token": "t", "user": {"username": "noraw"}})
    tracker = build(setup.context(answering(setup, login)))
    assert (await tracker.session.current()).username == "noraw"


async def test_a_login_without_a_name_finds_it_out(setup: Setup) -> None:
    login = httpx.Response(200, json={"token": "t", "username": None})
    validity = httpx.Response(200, json={"isValid": True, "username": "noraw"})
    tracker = build(setup.context(answering(setup, login, validity)))
    assert (await tracker.session.current()).username == "noraw"


@pytest.mark.parametrize("settings", [{}, {"token": "pasted"}], ids=["login", "pasted"])
async def test_a_sign_in_that_stays_nameless_is_drift_and_is_not_stored(setup: Setup, settings: dict) -> None:
    login = httpx.Response(200, json={"token": "t", "username": None})
    validity = httpx.Response(200, json={"isValid": True})
    answers = [validity] if settings else [login, validity]
    tracker = build(setup.context(answering(setup, *answers), **settings))
    with pytest.raises(ContractDrift, match="username"):
        await tracker.session.current()
    assert setup.tokens.values is None


async def test_a_check_that_is_no_longer_offered_does_not_end_a_sign_in(setup: Setup) -> None:
    setup.fail(VALIDATE, "html", status=404)
    await setup.tracker().sign_in()
    assert setup.tokens.values is not None


async def test_the_old_name_of_a_renamed_user_is_forgotten(setup: Setup) -> None:
    tracker = setup.tracker()
    play = await play_of(tracker, setup.episode())
    await add(tracker, [play])
    account = setup.service.accounts.pop("anna")
    account.username = "annabel"
    setup.service.accounts["annabel"] = account
    setup.service.tokens = {token: ("annabel", end) for token, (_, end) in setup.service.tokens.items()}
    assert (await tracker.find_plays([play]))[0] is not None
    assert setup.tokens.values is not None
    assert setup.tokens.values["username"] == "annabel"


async def test_a_user_who_does_not_exist_is_drift_and_no_empty_diary(setup: Setup) -> None:
    tracker = setup.tracker()
    play = await play_of(tracker, setup.episode())
    setup.fail("GET /api/user/*", status=404, body={"message": "User not found"}, times=None)
    with pytest.raises(ContractDrift, match="its own user"):
        await tracker.find_plays([play])


async def test_a_sleeping_host_is_waited_for_and_tried_later(setup: Setup) -> None:
    setup.service.cold_start(2)
    tracker = setup.tracker()
    for _ in range(2):
        with pytest.raises(TryLater):
            await tracker.sign_in()
    await tracker.sign_in()


async def test_signing_in_fails_before_the_permission_to_send_is_asked(setup: Setup) -> None:
    play = await play_of(setup.tracker(), setup.episode())
    setup.tokens.values = None
    setup.fail(LOGIN, status=503)
    door = Doorman()
    with pytest.raises(TryLater):
        await setup.tracker().add_plays([play], door)
    assert door.calls == 0
    assert setup.asked(TICK) == 0


def test_secrets_are_in_no_repr() -> None:
    shown = repr(Credentials("anna@example.org", "hunter-seven", "eyJ.x.y")) + repr(SerializdToken("eyJ.x.y", "anna"))
    assert "hunter-seven" not in shown
    assert "eyJ" not in shown
