"""Trakt's sign-in: apps, device codes and tokens, with the rules that bite (single-use refresh, redirect check)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

OOB = "urn:ietf:wg:oauth:2.0:oob"
"""What a device sign-in counts as its ``redirect_uri``; a refresh has to repeat it."""
WEEK = 604_800
CODES = "BCDFGHJKLMNPQRSTVWXZ23456789"


class OAuthError(Exception):
    """A refusal with its HTTP status; ``error`` empty means an answer without a body."""

    def __init__(self, status: int, error: str = "", description: str = "") -> None:
        super().__init__(error or str(status))
        self.status = status
        self.body = {"error": error, "error_description": description} if error else None


@dataclass(slots=True)
class ApiApp:
    """An API app. New ones have no secret. ``blocked`` shuts it out of the API while sign-in still answers."""

    id: str
    secret: str | None = field(default=None, repr=False)
    redirect_uri: str = OOB
    blocked: bool = False
    deleted: bool = False


@dataclass(slots=True)
class WaitingDevice:
    """A device waiting for its user."""

    code: str = field(repr=False)
    user_code: str
    client: ApiApp
    expires_at: datetime
    state: str = "pending"
    """``pending``, ``approved``, ``denied`` or ``used``."""
    username: str = ""
    polled_at: datetime | None = None


@dataclass(slots=True)
class OAuthToken:
    """One pair. A pair is over for refreshing once ``spent``, and altogether once ``revoked``."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    username: str
    client: ApiApp
    created_at: datetime
    expires_at: datetime
    redirect_uri: str = OOB
    spent: bool = False
    revoked: bool = False
    lost_session: bool = False
    """From before a migration of the sign-in: only a new authorisation helps."""

    def valid(self, now: datetime) -> bool:
        return not self.revoked and now < self.expires_at

    def answer(self) -> dict[str, Any]:
        return {
            "access_token": self.access,
            "token_type": "bearer",
            "expires_in": round((self.expires_at - self.created_at).total_seconds()),
            "refresh_token": self.refresh,
            "scope": "public",
            "created_at": int(self.created_at.timestamp()),
        }


class OAuthServer:
    """State and rules; times are handed in. Both hosts of the stand-in share one."""

    def __init__(self) -> None:
        self.clients = {"sandbox-client": ApiApp("sandbox-client", "sandbox-secret")}
        self.lifetime = WEEK
        self.interval = 5
        self.device_lifetime = 600
        self.devices: dict[str, WaitingDevice] = {}
        self.tokens: dict[str, OAuthToken] = {}
        self._by_refresh: dict[str, OAuthToken] = {}
        self._serial = count(1)

    def client(self, body: Mapping[str, Any]) -> ApiApp:
        """Credentials count only in the JSON body. The secret is optional, but a wrong one is refused."""
        client = self.clients.get(str(body.get("client_id")))
        secret = body.get("client_secret")
        wrong_secret = client is not None and client.secret is not None and secret not in (None, "", client.secret)
        if client is None or client.deleted or wrong_secret:
            raise OAuthError(401, "invalid_client", "Client authentication failed due to unknown client.")
        return client

    def start_device(self, client: ApiApp, now: datetime) -> WaitingDevice:
        serial = next(self._serial)
        device = WaitingDevice(
            code=f"{serial:064x}",
            user_code=_user_code(serial),
            client=client,
            expires_at=now + timedelta(seconds=self.device_lifetime),
        )
        self.devices[device.code] = device
        return device

    def settle_device(self, user_code: str, *, username: str, deny: bool = False) -> bool:
        """The user's answer on the activation page; ``False`` for a code that is not waiting."""
        waiting = [d for d in self.devices.values() if d.user_code == user_code.upper() and d.state == "pending"]
        for device in waiting:
            device.state = "denied" if deny else "approved"
            device.username = username
        return bool(waiting)

    def poll_device(self, code: str, client: ApiApp, now: datetime) -> OAuthToken:
        """A token once approved, else the refusal that says how it stands."""
        device = self.devices.get(code)
        if device is None or device.client is not client:
            raise OAuthError(404)
        too_fast = device.polled_at is not None and (now - device.polled_at).total_seconds() < self.interval
        device.polled_at = now
        if too_fast:
            raise OAuthError(429)
        if device.state == "pending" and now >= device.expires_at:
            raise OAuthError(410)
        if refusal := {"pending": 400, "denied": 418, "used": 409}.get(device.state):
            raise OAuthError(refusal)
        device.state = "used"
        return self.issue(device.username, client, now)

    def issue(self, username: str, client: ApiApp, now: datetime, redirect_uri: str = OOB) -> OAuthToken:
        serial = next(self._serial)
        token = OAuthToken(
            access=f"sandbox-access-{serial}-{username}",
            refresh=f"sandbox-refresh-{serial}-{username}",
            username=username,
            client=client,
            created_at=now,
            expires_at=now + timedelta(seconds=self.lifetime),
            redirect_uri=redirect_uri,
        )
        self.tokens[token.access] = self._by_refresh[token.refresh] = token
        return token

    def refresh(self, body: Mapping[str, Any], client: ApiApp, now: datetime) -> OAuthToken:
        """Trades a refresh token, which works once, for a new pair."""
        old = self._by_refresh.get(str(body.get("refresh_token")))
        if old is not None and old.lost_session:
            raise OAuthError(400, "invalid_grant", "session not found")
        if old is None or old.spent or old.revoked or old.client is not client:
            raise OAuthError(400, "invalid_grant", "The refresh token is invalid, expired or revoked.")
        if body.get("redirect_uri") != old.redirect_uri:
            raise OAuthError(400, "invalid_grant", "The redirect_uri does not match the one of the authorization.")
        old.spent = True
        return self.issue(old.username, client, now, old.redirect_uri)

    def revoke(self, text: str) -> None:
        """Ends the pair that holds this access or refresh token; unknown ones are no error."""
        token = self.tokens.get(text) or self._by_refresh.get(text)
        if token is not None:
            token.revoked = True

    def end_all(self, username: str, how: str, now: datetime) -> int:
        """Ends a user's tokens: ``expire`` the access only, ``revoke`` all, ``migrate`` leaves lost sessions behind."""
        mine = [token for token in self.tokens.values() if token.username == username and not token.revoked]
        for token in mine:
            token.expires_at = min(token.expires_at, now)
            token.revoked = how == "revoke"
            token.lost_session = how == "migrate"
        return len(mine)

    def token(self, access: str, now: datetime) -> OAuthToken | None:
        """The valid token, or nothing."""
        found = self.tokens.get(access)
        return found if found is not None and found.valid(now) else None


def _user_code(serial: int) -> str:
    """Eight characters without vowels and look-alikes; the same serial gives the same code."""
    number = serial * 7_368_787 % len(CODES) ** 8
    code = ""
    for _ in range(8):
        number, digit = divmod(number, len(CODES))
        code += CODES[digit]
    return code
