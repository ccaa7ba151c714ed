"""Signing in to Trakt: the device flow, and pairs of tokens that renew themselves.

A refresh token works once: using it yields a new pair and ends the old one. So there is one refresh at a time, the
stored pair is read again before each, and a new pair is on disk before it is used.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from scrobbled.core.errors import LoginNeeded, NeverSignedIn, TryLater
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.http import Answer, Http
from scrobbled.trackers.given import Tokens
from scrobbled.trackers.trakt.oauth import RAN_OUT, DeviceCode, OAuthClient, TokenPair
from scrobbled.trackers.trakt.settings import TraktSettings

REFRESH_RETRY = 60.0
REFRESH_ENDS_WITHIN = 5.0
"""Seconds at shutdown; containers are killed soon after."""
OTHER_PROCESS = 2.0
"""Seconds another process may need from receiving a new pair to storing it."""


async def device_sign_in(
    http: Http, settings: TraktSettings, tokens: Tokens, *, show: Callable[[DeviceCode], None], clock: Clock
) -> str:
    """Have a person sign in; returns the access token when the pair is stored.

    ``show`` is called once, at once, with what to display. Raises ``LoginNeeded`` when the code ran out or was
    declined, ``TryLater`` when Trakt cannot be reached to begin with; trouble while waiting is waited out.
    """
    oauth = OAuthClient(http, settings, clock)
    device = await oauth.device_code()
    show(device)
    grant = await _wait_for_grant(oauth, device, clock)
    await tokens.save(grant.values())
    return grant.access_token


async def _wait_for_grant(oauth: OAuthClient, device: DeviceCode, clock: Clock) -> TokenPair:
    ends, interval, pause = clock.monotonic() + device.expires_in, float(device.interval), float(device.interval)
    while clock.monotonic() + pause <= ends:
        await clock.wait(asyncio.Event(), pause)
        try:
            grant = await oauth.poll(device)
        except TryLater as error:  # most likely asked too often
            interval += 5.0
            pause = max(interval, error.after or 0.0)
            continue
        if grant is not None:
            return grant
        pause = interval
    raise LoginNeeded(RAN_OUT)


class Auth:
    """The present pair of one account, shared by all its requests."""

    def __init__(self, oauth: OAuthClient, tokens: Tokens, clock: Clock, *, client_id: str, viewer: str) -> None:
        self._oauth = oauth
        self._tokens = tokens
        self._clock = clock
        self._client_id = client_id
        self._way_in = f"Run: scrobbled auth trakt --viewer {viewer}"
        self._grant: TokenPair | None = None
        self._unsaved: TokenPair | None = None
        self._dead = ("", "")  # the refresh token that was refused, and why
        self._quiet_until = clock.now()
        self._refreshing: asyncio.Task[TokenPair] | None = None

    def expires_at(self) -> datetime | None:
        """When the access token ends; ``None`` before it was first needed."""
        return self._grant.expires_at if self._grant else None

    async def token(self) -> str:
        """An access token that is believed to live, renewed when half its life is over.

        Raises ``LoginNeeded`` when only a person can help, ``TryLater`` when it has run out and cannot be renewed now.
        """
        grant = self._grant or await self.reload()
        if grant.refresh_token == self._dead[0]:
            self._grant = None
            raise self._login_needed(self._dead[1])
        now = self._clock.now()
        if grant.half_spent(now) and (now >= self._quiet_until or now >= grant.expires_at):
            grant = await self._renewed_in_time(grant)
        return grant.access_token

    async def signed(self, call: Callable[[str], Awaitable[Answer]]) -> Answer:
        """The answer of ``call(access token)``, asked once more with a renewed one after a 401, which does nothing."""
        token = await self.token()
        answer = await call(token)
        if answer.status == 401:
            answer = await call((await self._renewed(token)).access_token)
        if answer.status == 401:
            self._grant = None
            raise self._login_needed("Trakt refuses the sign-in right after renewing it (401)")
        return answer

    async def reload(self) -> TokenPair:
        """Take up what is stored: another process (``scrobbled auth``) may have signed in."""
        grant = TokenPair.of(await self._tokens.load() or {})
        if grant is None:
            raise NeverSignedIn(f"not signed in to Trakt. {self._way_in}")
        if grant.client_id not in ("", self._client_id):
            raise self._login_needed("the sign-in to Trakt belongs to another client_id")
        self._grant = grant
        return grant

    async def aclose(self) -> None:
        """Lets a refresh come to its end: a pair that is lost between answer and disk costs a new sign-in."""
        if self._refreshing is not None:
            await asyncio.wait([self._refreshing], timeout=REFRESH_ENDS_WITHIN)

    async def _renewed_in_time(self, grant: TokenPair) -> TokenPair:
        try:
            return await self._renewed(grant.access_token)
        except TryLater as error:
            now = self._clock.now()
            self._quiet_until = now + timedelta(seconds=max(REFRESH_RETRY, error.after or 0.0))
            if now >= grant.expires_at:
                raise
            return grant

    async def _renewed(self, old: str) -> TokenPair:
        """A grant other than the one with access token ``old``; one refresh at a time, whoever waits for it."""
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.create_task(self._renew(old))
            self._refreshing.add_done_callback(_retrieve)
        return await asyncio.shield(self._refreshing)

    async def _renew(self, old: str) -> TokenPair:
        if self._grant is not None and self._grant.access_token != old:
            return self._grant
        grant = await self.reload()
        if grant.access_token != old:
            return grant
        if self._unsaved is not None:
            return await self._stored(self._unsaved)
        if not grant.refresh_token:
            raise self._login_needed("the sign-in to Trakt has ended")
        try:
            return await self._stored(await self._oauth.refresh(grant))
        except LoginNeeded as error:
            return await self._other(grant, error.reason)

    async def _stored(self, grant: TokenPair) -> TokenPair:
        self._unsaved = grant  # kept if the disk is full just now: the old pair is void already
        await self._tokens.save(grant.values())
        self._unsaved = None
        self._grant = grant
        return grant

    async def _other(self, refused: TokenPair, reason: str) -> TokenPair:
        """What another process has stored meanwhile, since its refresh is what ends ours."""
        await self._clock.wait(asyncio.Event(), OTHER_PROCESS)
        grant = await self.reload()
        if grant.refresh_token != refused.refresh_token:
            return grant
        self._dead, self._grant = (refused.refresh_token, reason), None
        raise self._login_needed(reason)

    def _login_needed(self, reason: str) -> LoginNeeded:
        return LoginNeeded(f"{reason}. {self._way_in}")


def _retrieve(task: asyncio.Task[TokenPair]) -> None:
    """Whoever waited may be gone; the error has been told to all others."""
    if not task.cancelled():
        task.exception()
