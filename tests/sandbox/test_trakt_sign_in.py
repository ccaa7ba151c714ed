"""Signing in at the Trakt stand-in: device codes, single-use refresh, ends of all kinds."""

from typing import Any

import pytest

from sandbox.trakt_caller import CLIENT, OOB, Caller


def device(trakt: Caller) -> dict[str, Any]:
    answer = trakt.oauth("device/code", {"client_id": CLIENT["client_id"]})
    assert answer.status_code == 200
    return dict(answer.json())


def poll(trakt: Caller, code: str, wait: float = 5) -> int:
    trakt.clock.advance(wait)
    return trakt.oauth("device/token", {"code": code, **CLIENT}).status_code


def signed_in(trakt: Caller) -> dict[str, Any]:
    code = device(trakt)
    trakt.control("approve", {"user_code": code["user_code"]}, "/trakt-auth")
    return dict(trakt.oauth("device/token", {"code": code["device_code"], **CLIENT}).json())


def refresh(trakt: Caller, token: str, **values: Any) -> Any:
    body = {"refresh_token": token, "redirect_uri": OOB, "grant_type": "refresh_token", **CLIENT, **values}
    return trakt.oauth("token", {name: value for name, value in body.items() if value is not None})


def test_a_device_waits_is_approved_and_is_used_up(trakt: Caller) -> None:
    code = device(trakt)
    assert (code["expires_in"], code["interval"], len(code["device_code"])) == (600, 5, 64)
    assert code["verification_url"] == "http://sandbox/trakt-auth/activate"
    pending = trakt.oauth("device/token", {"code": code["device_code"], **CLIENT})
    assert (pending.status_code, pending.content) == (400, b"")
    trakt.control("approve", {"user_code": code["user_code"], "username": "ben"}, "/trakt-auth")
    trakt.clock.advance(5)
    token = trakt.oauth("device/token", {"code": code["device_code"], **CLIENT}).json()
    assert (token["token_type"], token["expires_in"]) == ("bearer", 604_800)
    assert token["created_at"] == int(trakt.clock.now().timestamp())
    me = trakt.get("/users/settings", Authorization=f"Bearer {token['access_token']}").json()
    assert me["user"]["ids"]["slug"] == "ben"
    assert poll(trakt, code["device_code"]) == 409


def test_every_other_end_of_a_device_has_its_status(trakt: Caller) -> None:
    assert poll(trakt, "made-up") == 404
    denied = device(trakt)
    trakt.control("approve", {"user_code": denied["user_code"], "deny": True}, "/trakt-auth")
    assert poll(trakt, denied["device_code"]) == 418
    expired = device(trakt)
    assert poll(trakt, expired["device_code"], 600) == 410
    hasty = device(trakt)
    assert poll(trakt, hasty["device_code"]) == 400
    assert poll(trakt, hasty["device_code"], 0) == 429


def test_a_user_code_that_nobody_waits_for_cannot_be_approved(trakt: Caller) -> None:
    assert trakt.ask("POST", "/_sandbox/approve", {"user_code": "NOPE"}, root="/trakt-auth").status_code == 404


def test_a_refresh_token_works_once(trakt: Caller) -> None:
    first = signed_in(trakt)
    second = refresh(trakt, first["refresh_token"])
    assert second.status_code == 200
    assert second.json()["refresh_token"] != first["refresh_token"]
    again = refresh(trakt, first["refresh_token"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert refresh(trakt, second.json()["refresh_token"], client_secret=None).status_code == 200


@pytest.mark.parametrize("redirect", [None, "https://example.org/callback"])
def test_the_redirect_of_the_sign_in_has_to_be_repeated(trakt: Caller, redirect: str | None) -> None:
    first = signed_in(trakt)
    assert refresh(trakt, first["refresh_token"], redirect_uri=redirect).status_code == 400
    assert refresh(trakt, first["refresh_token"]).status_code == 200


@pytest.mark.parametrize("wrong", [{"client_secret": "guessed"}, {"client_id": "other"}])
def test_wrong_credentials_are_an_invalid_client(trakt: Caller, wrong: dict[str, str]) -> None:
    answer = refresh(trakt, signed_in(trakt)["refresh_token"], **wrong)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_tokens_end_by_time(trakt: Caller) -> None:
    trakt.control("tokens", {"lifetime": 60}, "/trakt-auth")
    token = signed_in(trakt)
    bearer = f"Bearer {token['access_token']}"
    assert token["expires_in"] == 60
    assert trakt.get("/users/settings", Authorization=bearer).status_code == 200
    trakt.clock.advance(60)
    assert trakt.get("/users/settings", Authorization=bearer).status_code == 401
    assert refresh(trakt, token["refresh_token"]).status_code == 200


@pytest.mark.parametrize(
    ("how", "status", "description"),
    [("expire", 200, None), ("migrate", 400, "session not found"), ("revoke", 400, None)],
)
def test_tokens_end_by_somebodys_hand(trakt: Caller, how: str, status: int, description: str | None) -> None:
    token = signed_in(trakt)
    trakt.control("revoke", {"username": "anna", "how": how})
    assert trakt.get("/users/settings").status_code == 401
    answer = refresh(trakt, token["refresh_token"])
    assert answer.status_code == status
    if description:
        assert answer.json()["error_description"] == description


def test_a_revoked_pair_is_over(trakt: Caller) -> None:
    token = signed_in(trakt)
    answer = trakt.oauth("revoke", {"token": token["access_token"], **CLIENT})
    assert (answer.status_code, answer.content) == (200, b"")
    assert refresh(trakt, token["refresh_token"]).status_code == 400


def test_a_blocked_app_is_shut_out_while_sign_in_still_answers(trakt: Caller) -> None:
    token = signed_in(trakt)
    trakt.control("clients", {"client_id": "sandbox-client", "blocked": True})
    assert trakt.get("/users/settings").status_code == 403
    assert refresh(trakt, token["refresh_token"]).status_code == 200
    trakt.control("clients", {"client_id": "sandbox-client", "deleted": True})
    assert refresh(trakt, token["refresh_token"]).json()["error"] == "invalid_client"


def test_an_app_without_a_secret_can_be_added(trakt: Caller) -> None:
    trakt.control("clients", {"client_id": "mine"}, "/trakt-auth")
    assert trakt.oauth("device/code", {"client_id": "mine"}).status_code == 200
    assert trakt.ask("POST", "/_sandbox/sign-in", {"client_id": "mine"}).status_code == 200


def test_the_sign_in_host_wants_its_headers_too(trakt: Caller) -> None:
    body = {"client_id": CLIENT["client_id"]}
    path, root = "/oauth/device/code", "/trakt-auth"
    assert trakt.ask("POST", path, body, root=root, leave="User-Agent").status_code == 403
    assert trakt.ask("POST", path, body, root=root, Content_Type="text/plain").status_code == 412


def test_secrets_stay_out_of_representations(trakt: Caller) -> None:
    token = trakt.api.sign_in("anna")
    client = trakt.api.oauth.clients["sandbox-client"]
    shown = repr(token) + repr(client)
    for secret in (token.access, token.refresh, "sandbox-secret"):
        assert secret not in shown


def test_a_code_is_approved_as_the_activation_page_says(trakt: Caller) -> None:
    """By ``curl -d``, which calls every body a form."""
    code = device(trakt)
    body = {"user_code": code["user_code"]}
    form = "application/x-www-form-urlencoded"
    answer = trakt.ask("POST", "/_sandbox/approve", body, root="/trakt-auth", Content_Type=form)
    assert answer.status_code == 200
    assert poll(trakt, code["device_code"]) == 200
