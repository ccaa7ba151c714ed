"""Sign-ins that people have begun in the running service: one for each account, seen alike from every open page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import httpx
import structlog
from msgspec import Struct
from msgspec.structs import replace

from scrobbled.config import Config
from scrobbled.config.people import section
from scrobbled.core.errors import ConfigError, ScrobbledError, TrackerError
from scrobbled.core.places import home_of
from scrobbled.core.standing import AccountKey
from scrobbled.desk.sign_in.leaving import sign_out
from scrobbled.desk.sign_in.ways import WAYS, SignInWay, of_house
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.http import Http
from scrobbled.plumbing.pools import Pools
from scrobbled.plumbing.redact import Redactor
from scrobbled.store import Store
from scrobbled.store.accounts import sign_ins
from scrobbled.store.accounts.sign_ins import StoredTokens
from scrobbled.trackers import known_as
from scrobbled.trackers.given import SignIn, SignInCode, SignInField

HOUSE = ""
"""In place of a viewer: the sign-in of the house's own server."""
LONGEST_TYPED = 8_192
KEPT = timedelta(minutes=30)
"""How long the end of a sign-in is told."""
log = structlog.get_logger("sign-in")


class SignInState(StrEnum):
    """``over`` is also for what was refused; it may be begun again."""

    NONE = "none"
    BEGINNING = "beginning"
    WAITING = "waiting"
    DONE = "done"
    OVER = "over"


class SignInProgress(Struct, frozen=True):
    """How far a sign-in is. ``code`` is there while it waits; it is no secret, as it is worth nothing without a person.

    ``text`` is whose account it is where it is done, and why it ended where it is over.
    """

    state: SignInState = SignInState.NONE
    code: SignInCode | None = None
    until: datetime | None = None
    at: datetime | None = None
    text: str = ""


def home_for(viewer: str, settings: Mapping[str, Any]) -> str:
    """Where the account is: that of a viewer where its tracker is, that of the house where Plex itself is."""
    return home_of({"url": settings.get("account_url")} if viewer == HOUSE else settings)


@dataclass(slots=True)
class _Flow:
    progress: SignInProgress
    task: asyncio.Task[None] | None = None
    shown: asyncio.Event = field(default_factory=asyncio.Event)
    """There is a code to show, or it has ended already."""


class SignIns:
    """What was begun, in memory: who restarts the service begins again. Belongs to the loop it runs in."""

    def __init__(
        self,
        store: Store,
        *,
        config: Callable[[], Config],
        clock: Clock,
        redactor: Redactor,
        transport: httpx.AsyncBaseTransport | None = None,
        changed: Callable[[], None] = lambda: None,
        signed_in: Callable[[], None] = lambda: None,
    ) -> None:
        """``changed`` is told of every step, ``signed_in`` of each that succeeded, when it is stored."""
        self._store, self._config, self._clock, self._redactor = store, config, clock, redactor
        self._transport, self._changed, self._signed_in = transport, changed, signed_in
        self._flows: dict[AccountKey, _Flow] = {}

    def progress(self, viewer: str, tracker: str) -> SignInProgress:
        """Of the account's sign-in; ``none`` where there is none, or its end is long past."""
        flow = self._flows.get((viewer, tracker))
        if flow is None:
            return SignInProgress()
        told = flow.progress
        if told.state in (SignInState.DONE, SignInState.OVER) and told.at and self._clock.now() - told.at > KEPT:
            del self._flows[viewer, tracker]
            return SignInProgress()
        return told

    async def begin(
        self,
        viewer: str,
        tracker: str,
        typed: Mapping[str, str] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> SignInProgress:
        """Sign in with what was ``typed``, or show a code: returns as soon as there is one, or it has ended.

        Where a code waits already, that one is told. ``settings`` are those of an account that is about to be
        configured. Raises ``ConfigError`` for an account that is not configured, and
        where something is missing.
        """
        way = WAYS.get(tracker)
        if way is None:
            raise ConfigError([f"there is no sign-in for {tracker[:32]}"])
        known = self._settings(viewer, tracker) if settings is None else settings
        before = self._flows.get((viewer, tracker))
        if before is not None and before.progress.state in (SignInState.BEGINNING, SignInState.WAITING):
            await before.shown.wait()
            return before.progress
        known = {**known, **_checked(way, known, typed or {})}
        flow = _Flow(SignInProgress(SignInState.BEGINNING, at=self._clock.now()))
        self._flows[viewer, tracker] = flow
        flow.task = asyncio.create_task(self._run(flow, way, (viewer, tracker), known))
        await flow.shown.wait()
        return flow.progress

    async def cancel(self, viewer: str, tracker: str) -> None:
        """Give up on the account's sign-in, whatever it was."""
        flow = self._flows.pop((viewer, tracker), None)
        if flow is not None and flow.task is not None:
            flow.task.cancel()
            await asyncio.gather(flow.task, return_exceptions=True)
            flow.shown.set()
            self._changed()

    async def sign_out(self, viewer: str, tracker: str) -> str:
        """End the account's sign-in; see ``leaving.sign_out``. Raises ``ConfigError`` as ``begin``."""
        await self.cancel(viewer, tracker)
        settings = self._settings(viewer, tracker)
        http = Pools(self._transport).to(tracker)
        try:
            return await sign_out(WAYS[tracker], self._request((viewer, tracker), settings, http), self._store, tracker)
        finally:
            await http.aclose()
            self._signed_in()
            self._changed()

    async def aclose(self) -> None:
        tasks = [flow.task for flow in self._flows.values() if flow.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _settings(self, viewer: str, tracker: str) -> dict[str, Any]:
        config = self._config()
        server = of_house(config, tracker)
        if viewer == HOUSE:
            if server is None:
                raise ConfigError([f"sources.{tracker} is not configured, so there is no server to sign in to"])
            return {"account_url": server.account_url}
        person = config.viewer(viewer)
        if person is None or tracker not in person.trackers:
            raise ConfigError([f"viewers: {viewer[:64]} has no tracker {tracker[:32]}"])
        return dict(section(config, person, tracker))

    async def _run(self, flow: _Flow, way: SignInWay, account: AccountKey, settings: Mapping[str, Any]) -> None:
        http = Pools(self._transport).to(account[1])
        try:
            await self._attempt(flow, way, account, settings, http)
        except TrackerError as error:
            self._over(flow, account, error.reason)
        except ScrobbledError as error:
            self._over(flow, account, str(error))
        except Exception:
            log.exception("a sign-in failed as it never should", action="sign-in", account="/".join(account))
            self._over(flow, account, "Something went wrong here; the log says what")
        finally:
            flow.shown.set()
            await http.aclose()

    async def _attempt(
        self, flow: _Flow, way: SignInWay, account: AccountKey, settings: Mapping[str, Any], http: Http
    ) -> None:
        viewer, tracker = account
        request = self._request(account, settings, http)
        who = await way.sign_in(replace(request, show=lambda code: self._show(flow, code)))
        now = self._clock.now().timestamp()
        await self._store.write(lambda db: sign_ins.signed_in(db, viewer, tracker, now))
        flow.progress = SignInProgress(SignInState.DONE, at=self._clock.now(), text=who)
        log.info("signed in to a tracker", action="sign-in", account="/".join(account))
        self._signed_in()
        self._changed()

    def _request(self, account: AccountKey, settings: Mapping[str, Any], http: Http) -> SignIn:
        viewer, tracker = account
        person = self._config().viewer(viewer)
        return SignIn(
            viewer=viewer,
            settings=settings,
            http=http,
            tokens=StoredTokens(self._store, viewer, tracker, self._learn, self._clock.now, home_for(viewer, settings)),
            clock=self._clock,
            tell=lambda text: None,
            ask=lambda question: "",
            accounts=known_as(tracker, person.accounts if person else {}),
            careful=True,
        )

    def _show(self, flow: _Flow, code: SignInCode) -> None:
        until = self._clock.now() + timedelta(seconds=code.lasts)
        flow.progress = replace(flow.progress, state=SignInState.WAITING, code=code, until=until)
        flow.shown.set()
        self._changed()

    def _over(self, flow: _Flow, account: AccountKey, reason: str) -> None:
        flow.progress = SignInProgress(SignInState.OVER, at=self._clock.now(), text=self._redactor.text(reason))
        log.warning("a sign-in did not succeed", action="sign-in", account="/".join(account), why=reason)
        self._changed()

    def _learn(self, values: Mapping[str, Any] | None) -> None:
        self._redactor.add(*sign_ins.secrets_of(values))


def asked_for(way: SignInWay, settings: Mapping[str, Any]) -> tuple[SignInField, ...]:
    """What a person has to type: every secret, and of the rest what the configuration does not say.

    A sign-in serves the account that is configured, so nobody can type another one.
    """
    fitting = (asked for asked in way.asks if not asked.only_with or settings.get(asked.only_with))
    return tuple(asked for asked in fitting if asked.secret or not settings.get(asked.key))


def _checked(way: SignInWay, settings: Mapping[str, Any], typed: Mapping[str, str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for asked in asked_for(way, settings):
        text = typed.get(asked.key, "")
        text = text if asked.secret else text.strip()
        if not (text or asked.optional) or len(text) > LONGEST_TYPED:
            raise ConfigError([f"{asked.label}: {'is too long' if text else 'type it in, then try again'}."])
        given[asked.key] = text
    return given
