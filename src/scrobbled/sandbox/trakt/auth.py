"""Trakt's sign-in host: device codes, refresh, revoke."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from html import escape
from typing import Any

from scrobbled.sandbox.base import ALONE, AnsweredEarly, Beside, Reply, Request, StandIn, control_body, route, utc_now
from scrobbled.sandbox.pages import page
from scrobbled.sandbox.trakt.core import edge_block, json_object, wrong_type
from scrobbled.sandbox.trakt.oauth import ApiApp, OAuthError, OAuthServer
from scrobbled.sandbox.world import World


class SignInControls(StandIn):
    """What a person does on Trakt's web site, for both hosts; ``oauth`` is their common state."""

    def sign_ins(self) -> OAuthServer:
        raise NotImplementedError

    @route("POST", "/_sandbox/approve")
    def approve(self, request: Request) -> Reply:
        """``{"user_code": "…", "username": "anna", "deny": false}``: the answer on the activation page."""
        given = control_body(request, dict)
        username, deny = str(given.get("username") or "anna"), bool(given.get("deny"))
        if not self.sign_ins().settle_device(str(given.get("user_code", "")), username=username, deny=deny):
            return Reply(404, {"message": "no device is waiting with that code"})
        return Reply(200, {"username": username, "approved": not deny})

    @route("POST", "/_sandbox/tokens")
    def set_lifetimes(self, request: Request) -> Reply:
        """Seconds: ``lifetime`` of new tokens, ``device_lifetime`` and polling ``interval`` of new device codes."""
        given, oauth = control_body(request, dict), self.sign_ins()
        for name in ("lifetime", "device_lifetime", "interval"):
            if name in given:
                setattr(oauth, name, _seconds(given[name]))
        return Reply(200, {n: getattr(oauth, n) for n in ("lifetime", "device_lifetime", "interval")})

    @route("POST", "/_sandbox/sign-in")
    def issue(self, request: Request) -> Reply:
        """``{"username": "anna", "client_id": "sandbox-client"}``: a pair of tokens without the device flow."""
        given, oauth = control_body(request, dict), self.sign_ins()
        client = oauth.clients.get(str(given.get("client_id") or "sandbox-client"))
        if client is None:
            return Reply(404, {"message": "no such client"})
        return Reply(200, oauth.issue(str(given.get("username") or "anna"), client, self.now()).answer())

    @route("POST", "/_sandbox/revoke")
    def end_tokens(self, request: Request) -> Reply:
        """``{"username": "anna", "how": "revoke"}``, ``expire`` (refresh helps) or ``migrate`` (session not found)."""
        given = control_body(request, dict)
        how = str(given.get("how") or "revoke")
        if how not in ("revoke", "expire", "migrate"):
            return Reply(400, {"message": "how is revoke, expire or migrate"})
        ended = self.sign_ins().end_all(str(given.get("username") or "anna"), how, self.now())
        return Reply(200, {"ended": ended})

    @route("POST", "/_sandbox/clients")
    def set_client(self, request: Request) -> Reply:
        """Adds or changes an app: ``client_id``, ``client_secret``, ``redirect_uri``, ``blocked``, ``deleted``."""
        given, clients = control_body(request, dict), self.sign_ins().clients
        name = str(given.get("client_id") or "sandbox-client")
        client = clients.setdefault(name, ApiApp(name))
        client.secret = given.get("client_secret", client.secret)
        client.redirect_uri = str(given.get("redirect_uri", client.redirect_uri))
        client.blocked = bool(given.get("blocked", client.blocked))
        client.deleted = bool(given.get("deleted", client.deleted))
        told = {"client_id": client.id, "has_secret": client.secret is not None}
        return Reply(200, {**told, "blocked": client.blocked, "deleted": client.deleted})


class TraktAuthStandIn(SignInControls):
    """``auth.trakt.tv``. In a sandbox it shares apps and tokens with the API stand-in."""

    name = "trakt-auth"

    def __init__(self, world: World, *, now: Callable[[], datetime] = utc_now, beside: Beside = ALONE) -> None:
        super().__init__(world, now=now, beside=beside)
        self._own = OAuthServer()

    def sign_ins(self) -> OAuthServer:
        if "trakt" not in self.beside:
            return self._own
        shared: OAuthServer = self.beside["trakt"].oauth
        return shared

    def check(self, request: Request) -> Reply | None:
        if request.path.startswith("/activate"):  # browsers come here, not programs
            return None
        return edge_block(request) or wrong_type(request)

    def missing(self, request: Request) -> Reply:
        return self.check(request) or Reply(404)

    def wrong_method(self, request: Request, allowed: Iterable[str]) -> Reply:
        return Reply(405, None, {"allow": ", ".join(sorted(allowed))})

    def state(self) -> dict[str, Any]:
        """Who is signed in; no tokens."""
        now, oauth = self.now(), self.sign_ins()
        valid = [{"username": t.username, "client_id": t.client.id} for t in oauth.tokens.values() if t.valid(now)]
        waiting = [d.user_code for d in oauth.devices.values() if d.state == "pending" and d.expires_at > now]
        return {"signed_in": valid, "waiting": waiting}

    @route("POST", "/oauth/device/code")
    def device_code(self, request: Request) -> Reply:
        oauth = self.sign_ins()
        device = oauth.start_device(self._client(request), self.now())
        body = {
            "device_code": device.code,
            "user_code": device.user_code,
            "verification_url": f"{request.root}/activate",
            "expires_in": oauth.device_lifetime,
            "interval": oauth.interval,
        }
        return Reply(200, body)

    @route("POST", "/oauth/device/token")
    def device_token(self, request: Request) -> Reply:
        """400 pending, 404 unknown, 409 used, 410 expired, 418 refused, 429 too fast; all without a body."""
        client, code = self._client(request), str(json_object(request).get("code"))
        return self._or_refusal(lambda: self.sign_ins().poll_device(code, client, self.now()).answer())

    @route("POST", "/oauth/token")
    def token(self, request: Request) -> Reply:
        """A refresh token works once. The other grant, by authorisation code, needs a browser and is not offered."""
        body, client = json_object(request), self._client(request)
        if body.get("grant_type") != "refresh_token":
            return Reply(400, {"error": "unsupported_grant_type", "error_description": "Use refresh_token."})
        return self._or_refusal(lambda: self.sign_ins().refresh(body, client, self.now()).answer())

    @route("POST", "/oauth/revoke")
    def revoke(self, request: Request) -> Reply:
        self._client(request)
        self.sign_ins().revoke(str(json_object(request).get("token")))
        return Reply(200)

    @route("GET", "/activate")
    @route("GET", "/activate/{user_code}")
    def activate(self, request: Request, user_code: str = "") -> Reply:
        """A person's browser lands here, and may agree or decline at once."""
        return page(
            "Trakt (stand-in)",
            f'<form method="post" action="{request.root}/activate"><p><label>Code <input name="user_code" '
            f'value="{escape(user_code)}" required></label></p><p><label>As <select name="username">'
            '<option>anna</option><option>ben</option></select></label></p><p><button name="answer" value="yes">Let '
            'scrobbled in</button> <button name="answer" value="no">Decline</button></p></form>',
        )

    @route("POST", "/activate")
    def answered(self, request: Request) -> Reply:
        """The form of that page."""
        given = request.form()
        code, deny = str(given.get("user_code", "")).strip(), given.get("answer") == "no"
        known = self.sign_ins().settle_device(code, username=str(given.get("username") or "anna"), deny=deny)
        said = "Declined." if deny else "Done. Go back to scrobbled." if known else "No device waits with that code."
        return page("Trakt (stand-in)", f"<p>{said}</p>")

    def _client(self, request: Request) -> ApiApp:
        body = json_object(request)
        try:
            return self.sign_ins().client(body)
        except OAuthError as refusal:
            raise AnsweredEarly(Reply(refusal.status, refusal.body)) from None

    @staticmethod
    def _or_refusal(answer: Callable[[], Mapping[str, Any]]) -> Reply:
        try:
            return Reply(200, answer())
        except OAuthError as refusal:
            return Reply(refusal.status, refusal.body)


def _seconds(given: object) -> int:
    if not isinstance(given, int) or given < 0:
        raise AnsweredEarly(Reply(400, {"message": "seconds are whole numbers from 0"}))
    return given
