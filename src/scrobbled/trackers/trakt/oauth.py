"""Requests to Trakt's sign-in host, and the pair of tokens they yield."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from scrobbled.core.errors import AccountStopped, ContractDrift, LoginNeeded, TryLater
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.http import Answer, Http
from scrobbled.trackers.trakt.client import DEVELOPER_PAGE, headers, judge, short_reason
from scrobbled.trackers.trakt.codec import whole
from scrobbled.trackers.trakt.settings import NO_REDIRECT, TraktSettings

SHORTEST_LIFE = 86_400
"""Seconds; what is assumed when the answer does not say. Trakt has used three months, one day and seven days."""


@dataclass(frozen=True, slots=True)
class TokenPair:
    """One pair of tokens. ``redirect_uri`` belongs to it: a refresh with another one fails."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    created_at: int
    """Unix seconds."""
    expires_in: int
    """Seconds."""
    redirect_uri: str = NO_REDIRECT
    client_id: str = ""

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self | None:
        """As stored; ``None`` for what is no grant."""
        access, refresh = values.get("access_token"), values.get("refresh_token")
        if not (isinstance(access, str) and access and isinstance(refresh, str)):
            return None
        created, lasts = whole(values.get("created_at")), whole(values.get("expires_in"))
        redirect = values.get("redirect_uri") or NO_REDIRECT
        return cls(access, refresh, created or 0, lasts or SHORTEST_LIFE, redirect, values.get("client_id") or "")

    def values(self) -> dict[str, Any]:
        """For the token store."""
        return {name: getattr(self, name) for name in self.__slots__}

    @property
    def expires_at(self) -> datetime:
        return datetime.fromtimestamp(self.created_at, UTC) + timedelta(seconds=self.expires_in)

    def half_spent(self, now: datetime) -> bool:
        return now >= self.expires_at - timedelta(seconds=self.expires_in / 2)


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What a person types in: ``user_code`` at ``verification_url``, within ``expires_in`` seconds."""

    user_code: str
    verification_url: str
    """As Trakt delivers it: codes typed in on older pages are refused."""
    expires_in: int
    interval: int
    """Seconds between two questions whether it is done."""
    device_code: str = field(repr=False)

    @property
    def link(self) -> str:
        """The page with the code filled in already, for a QR code."""
        return f"{self.verification_url.rstrip('/')}/{self.user_code}"


class OAuthClient:
    """Requests to the sign-in host. The app's credentials go into the body; HTTP Basic is not accepted."""

    def __init__(self, http: Http, settings: TraktSettings, clock: Clock) -> None:
        self._http = http.at(settings.auth_url)
        self._settings = settings
        self._clock = clock

    async def device_code(self) -> DeviceCode:
        answer = _judged(await self._post("/oauth/device/code", {"client_id": self._settings.client_id}), _NOT_STARTED)
        raw = _object(answer)
        texts = [_text(raw, name, answer) for name in ("user_code", "verification_url", "device_code")]
        lasts, interval = whole(raw.get("expires_in")) or 600, whole(raw.get("interval")) or 5
        return DeviceCode(texts[0], texts[1], lasts, interval, texts[2])

    async def poll(self, device: DeviceCode) -> TokenPair | None:
        """The grant once the person has agreed, ``None`` while we wait; ``LoginNeeded`` says why it is over.

        ``TryLater`` is also for a question that came too soon.
        """
        answer = await self._post("/oauth/device/token", {"code": device.device_code, **self._app()})
        if answer.status == 400 and short_reason(answer).startswith(_TOO_SOON):
            raise TryLater("Trakt wants to be asked less often")
        if answer.status == 400 and short_reason(answer) in _PENDING:
            return None
        if over := _OVER.get(answer.status):
            raise LoginNeeded(over)
        return self._grant(_judged(answer, _NOT_STARTED), self._settings.redirect_uri)

    async def refresh(self, grant: TokenPair) -> TokenPair:
        """A new pair for ``grant``; ``LoginNeeded`` when its refresh token is not accepted (any more)."""
        body = {"refresh_token": grant.refresh_token, "redirect_uri": grant.redirect_uri, "grant_type": "refresh_token"}
        answer = await self._post("/oauth/token", {**body, **self._app()})
        return self._grant(_judged(answer, _NOT_RENEWED), grant.redirect_uri)

    async def revoke(self, grant: TokenPair) -> None:
        """End the pair; one that is over already counts as ended."""
        answer = await self._post("/oauth/revoke", {"token": grant.access_token, **self._app()})
        if answer.status not in (400, 401):
            judge(answer)

    def _app(self) -> dict[str, str]:
        """New apps have no secret, older ones must send theirs."""
        secret = self._settings.client_secret
        known = {"client_id": self._settings.client_id}
        return {**known, "client_secret": secret} if secret else known

    async def _post(self, path: str, body: Mapping[str, str]) -> Answer:
        return await self._http.send("POST", path, json=body, headers=headers(self._settings.client_id))

    def _grant(self, answer: Answer, redirect_uri: str) -> TokenPair:
        raw = _object(answer)
        created = whole(raw.get("created_at")) or int(self._clock.now().timestamp())
        return TokenPair(
            access_token=_text(raw, "access_token", answer),
            refresh_token=_text(raw, "refresh_token", answer),
            created_at=created,
            expires_in=whole(raw.get("expires_in")) or SHORTEST_LIFE,
            redirect_uri=redirect_uri,
            client_id=self._settings.client_id,
        )


_PENDING = ("", "authorization_pending")
"""Trakt sends 400 without a body while it waits; the words are those of RFC 8628."""
_TOO_SOON = "slow_down"
"""Trakt's own way to say it is 429."""
RAN_OUT = "the code ran out before it was entered. Start the sign-in again"
_OVER = {
    404: "Trakt does not know this code any more. Start the sign-in again",
    409: "this code was used already. Start the sign-in again",
    410: RAN_OUT,
    418: "the sign-in was declined on Trakt. Start it again if that was a mistake",
}


def _judged(answer: Answer, refusal: str) -> Answer:
    """A usable answer; ``refusal`` begins the message where sign-in or app are not accepted."""
    if answer.status not in (400, 401):
        return judge(answer)
    said = short_reason(answer)
    detail = f" ({said})" if said else ""
    if said.startswith(("invalid_client", "unauthorized_client")):
        raise AccountStopped(
            f"Trakt does not know this app or its secret{detail}. Check client_id and client_secret on {DEVELOPER_PAGE}"
        )
    if "session not found" in said:
        raise LoginNeeded("Trakt has ended this sign-in (session not found) and wants a new authorisation")
    raise LoginNeeded(refusal.format(detail))


_NOT_STARTED = "Trakt refused to start a sign-in{}"
_NOT_RENEWED = (
    "Trakt does not renew the sign-in{}: it was revoked, replaced, or pushed out by another app, of which a free "
    "account may have only a few"
)


def _object(answer: Answer) -> Mapping[str, Any]:
    raw = answer.json()
    if not isinstance(raw, dict):
        raise ContractDrift(f"{answer.what} answered with something that is no object")
    return raw


def _text(raw: Mapping[str, Any], name: str, answer: Answer) -> str:
    value = raw.get(name)
    if not isinstance(value, str) or not value:
        raise ContractDrift(f"{answer.what} answered without {name}")
    return value
