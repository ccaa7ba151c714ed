"""Signing in to Serializd: e-mail and password, or a token copied from the website; there is no other way in.

A token is good for about a year and cannot be refreshed; when it ends, we sign in again.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from scrobbled.core.errors import AccountStopped, ContractDrift, LoginNeeded, NeverSignedIn, NotInCatalogue, Refused
from scrobbled.trackers.given import Tokens
from scrobbled.trackers.serializd import codec
from scrobbled.trackers.serializd.client import SerializdClient, Unauthorized

LOGIN_SECONDS = 60.0
"""The host sleeps when nobody calls, and wakes slowly."""
_REFUSED_TWICE = (
    "Serializd refused just this e-mail and password twice, so they were not sent again. Type others. If they are "
    "right by now, run: scrobbled auth serializd --viewer {viewer}"
)
MOST_REFUSALS = 2
"""Logins with one password that may be refused, in all: after that a person has to look, whatever restarts."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the configuration says; every part may be empty."""

    email: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Credentials:
        values = (str(settings.get(key) or "").strip() for key in ("email", "token"))
        email, token = values
        return cls(email, str(settings.get("password") or ""), token)

    @property
    def complete(self) -> bool:
        return bool(self.email and self.password)

    @property
    def account(self) -> str:
        """Tells one account from another without naming it; empty when the configuration names none."""
        return _digest(f"email:{self.email.casefold()}") if self.email else self.pasted

    @property
    def pasted(self) -> str:
        """Tells one token of the configuration from another; empty where there is none."""
        return _digest(f"token:{self.token}") if self.token else ""


@dataclass(frozen=True, slots=True)
class SerializdToken:
    """A token and whose it is."""

    token: str = field(repr=False)
    username: str


class _CredentialsRefused(LoginNeeded):
    """The service answered, and the answer was no."""


class SerializdSession:
    """The sign-in of one account: stored before it is used, renewed once for any number of callers that need it."""

    def __init__(
        self, client: SerializdClient, tokens: Tokens, settings: Mapping[str, Any], viewer: str, *, next_step: str = ""
    ) -> None:
        """``next_step`` is what somebody should do who is refused, where it is not the usual."""
        self._client = client
        self._asked_for = next_step
        self._tokens = tokens
        self._credentials = Credentials.of(settings)
        self._viewer = viewer
        self._lock = asyncio.Lock()
        self._now: SerializdToken | None = None

    async def current(self) -> SerializdToken:
        """The present sign-in; signs in where there is none. Raises ``LoginNeeded`` where that takes a person."""
        return self._now or await self._renewed(None)

    async def sign_in(self) -> None:
        """Make sure that the token is one that Serializd accepts now."""
        self._now = None  # somebody may have signed in from outside
        present = await self.current()
        try:
            valid, _ = await self._validity(present.token)
        except ContractDrift:
            return  # says nothing about the token; the next call will tell
        if not valid:
            await self._renewed(present.token)

    async def login(self, email: str, password: str, *, careful: bool = False) -> SerializdToken:
        """Sign in with what a person has just typed, and store it. Raises ``LoginNeeded`` when it is refused.

        What is stored serves the configured account, also in place of a token that the configuration holds.
        ``careful`` counts refusals, and sends nothing that was refused twice.
        """
        credentials = Credentials(email.strip(), password)
        async with self._lock:
            if not careful:
                return await self._login(credentials)
            stored = dict(await self._tokens.load() or {})
            if was_refused(stored, credentials):
                raise LoginNeeded(_REFUSED_TWICE.format(viewer=self._viewer))
            return await self._counting(credentials, stored)

    async def call(self, send: Callable[[str], Awaitable[T]]) -> T:
        """``send(token)``, and once more with a new token when that one is not accepted."""
        token = (await self.current()).token
        try:
            return await send(token)
        except Unauthorized:
            token = (await self._renewed(token)).token
        try:
            return await send(token)
        except Unauthorized as error:
            raise LoginNeeded(f"{error.reason}, right after a successful sign-in. {self._next_step()}") from error

    async def of_user(self, read: Callable[[str, str], Awaitable[T]], what: str) -> T:
        """``read(token, user name)`` of a page below the user's own name; ``what`` names the page in errors."""
        username = (await self.current()).username
        try:
            return await self.call(lambda token: read(token, username))
        except NotInCatalogue:
            now = await self.current_username()
        if now == username:
            raise ContractDrift(f"GET {what}: Serializd does not know its own user")
        return await self.call(lambda token: read(token, now))

    async def current_username(self) -> str:
        """As the service has it now: people may rename themselves."""
        present = await self.current()
        valid, username = await self._validity(present.token)
        if valid and username and username != present.username:
            async with self._lock:
                await self._keep(SerializdToken(present.token, username), (await self._tokens.load()) or {})
            return username
        return present.username

    def expires_at(self) -> datetime | None:
        return codec.token_expiry(self._now.token) if self._now else None

    async def _renewed(self, stale: str | None) -> SerializdToken:
        """A token other than ``stale``: another caller's, a stored one, the configured one, or one from a login."""
        async with self._lock:
            if self._now is not None and self._now.token != stale:
                return self._now
            stored = dict(await self._tokens.load() or {})
            found = self._from_store(stored, stale) or await self._from_settings(stored, stale)
            if found is None:
                self._now = None
                found = await self._from_login(stored)
            self._now = found
            return found

    def _from_store(self, stored: Mapping[str, Any], stale: str | None) -> SerializdToken | None:
        found = stored_sign_in(stored, self._credentials)
        return found if found and found.token != stale else None

    async def _from_settings(self, stored: Mapping[str, Any], stale: str | None) -> SerializdToken | None:
        """The token that somebody copied from the website; only the service knows whose it is."""
        token = self._credentials.token
        if not token or token == stale:
            return None
        valid, username = await self._validity(token)
        if not valid:
            return None
        if not username:
            raise ContractDrift("validateauthtoken: no username in the answer")
        return await self._keep(SerializdToken(token, username), stored)

    async def _from_login(self, stored: Mapping[str, Any]) -> SerializdToken:
        credentials = self._credentials
        if not credentials.complete and not credentials.token:
            raise NeverSignedIn(f"Serializd needs a sign-in. {self._next_step()}")
        if not credentials.complete:
            raise LoginNeeded(f"Serializd does not accept the token any more. {self._next_step()}")
        if was_refused(stored, credentials):
            raise LoginNeeded(f"Serializd refused this email and password before. {self._next_step()}")
        return await self._counting(credentials, stored)

    async def _counting(self, credentials: Credentials, stored: Mapping[str, Any]) -> SerializdToken:
        """Sign in; a refusal is remembered."""
        try:
            return await self._login(credentials)
        except _CredentialsRefused:
            await self._remember_refusal(credentials, stored)
            raise

    async def _login(self, credentials: Credentials) -> SerializdToken:
        body = {"email": credentials.email, "password": credentials.password}
        try:
            token, username = codec.login(await self._client.post("/login", body, seconds=LOGIN_SECONDS))
        except (Unauthorized, Refused, NotInCatalogue, AccountStopped) as error:  # a password is never hammered
            said = (error.said if isinstance(error, Unauthorized) else error.reason).rstrip(".")
            _raise_if_headers_are_meant(said)
            raise _CredentialsRefused(f"Serializd refused the sign-in: {said}. {self._next_step()}") from error
        if not username:
            username = (await self._validity(token))[1]
        if not username:
            raise ContractDrift("login: no username in the answer")
        return await self._keep(SerializdToken(token, username), {"account": credentials.account})

    async def _keep(self, found: SerializdToken, stored: Mapping[str, Any]) -> SerializdToken:
        account = self._credentials.account or stored.get("account") or ""
        told = {"token": found.token, "username": found.username}
        await self._tokens.save({**stored, **told, "account": account, "instead_of": self._credentials.pasted})
        self._now = found
        return found

    async def _remember_refusal(self, credentials: Credentials, stored: Mapping[str, Any]) -> None:
        count = _refusals(stored, credentials) + 1
        salt = secrets.token_hex(8)
        refused = {"count": count, "salt": salt, "credentials": _fingerprint(credentials, salt)}
        await self._tokens.save({**stored, "refused": refused})

    async def _validity(self, token: str) -> tuple[bool, str]:
        try:
            return codec.validity(await self._client.post("/validateauthtoken", {"token": token}))
        except (Unauthorized, Refused, NotInCatalogue):
            return False, ""

    def _next_step(self) -> str:
        return self._asked_for or (
            f"Check email and password of viewer {self._viewer} under trackers.serializd and restart, or run: "
            f"scrobbled auth serializd --viewer {self._viewer}"
        )


def stored_sign_in(stored: Mapping[str, Any], credentials: Credentials) -> SerializdToken | None:
    """What is stored, where it belongs to the account that the configuration names."""
    token, username = str(stored.get("token") or ""), str(stored.get("username") or "")
    account = credentials.account
    ours = not account or account in (stored.get("account"), stored.get("instead_of"))
    return SerializdToken(token, username) if token and username and ours else None


def was_refused(stored: Mapping[str, Any], credentials: Credentials) -> bool:
    """Whether just this e-mail and password were refused so often that they are not tried again."""
    return _refusals(stored, credentials) >= MOST_REFUSALS


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _raise_if_headers_are_meant(said: str) -> None:
    """A wrong password is told apart from missing app headers only by the text: both are 401."""
    if "must be logged in" in said.casefold():
        raise ContractDrift("POST login wants a sign-in itself: Serializd no longer accepts our app headers")


def _refusals(stored: Mapping[str, Any], credentials: Credentials) -> int:
    """How often just these credentials were refused."""
    refused = stored.get("refused")
    if not isinstance(refused, Mapping):
        return 0
    same = refused.get("credentials") == _fingerprint(credentials, str(refused.get("salt") or ""))
    count = refused.get("count")
    return count if same and isinstance(count, int) else 0


def _fingerprint(credentials: Credentials, salt: str) -> str:
    """Slow on purpose: it is stored, and must not give a short password away."""
    text = f"{credentials.email.casefold()}\n{credentials.password}"
    return hashlib.scrypt(text.encode(), salt=salt.encode(), n=4096, r=8, p=1, dklen=16).hex()
