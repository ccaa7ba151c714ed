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

from scrobbled.clock import Clock
from scrobbled.config import Config
from scrobbled.core.errors import ConfigError, ScrobbledError, TrackerError
from scrobbled.http import Http
from scrobbled.redact import Redactor
from scrobbled.signing_in.ways import WAYS, Way
from scrobbled.store import Store, accounts
from scrobbled.store.accounts import StoredTokens
from scrobbled.trackers.given import Asked, Code, SignIn

HOUSE = ""
"""In place of a viewer: the sign-in of the house's own server."""
LONGEST_TYPED = 8_192
KEPT = timedelta(minutes=30)
"""How long the end of a sign-in is told."""
Account = tuple[str, str]
log = structlog.get_logger("sign-in")


class State(StrEnum):
    """``over`` is also for what was refused; it may be begun again."""

    NONE = "none"
    BEGINNING = "beginning"
    WAITING = "waiting"
    DONE = "done"
    OVER = "over"


class Progress(Struct, frozen=True):
    """How far a sign-in is. ``code`` is there while it waits; it is no secret, as it is worth nothing without a person.

    ``text`` is whose account it is where it is done, and why it ended where it is over.
    """

    state: State = State.NONE
    code: Code | None = None
    until: datetime | None = None
    at: datetime | None = None
    text: str = ""


@dataclass(slots=True)
class _Flow:
    progress: Progress
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
        self._flows: dict[Account, _Flow] = {}

    def progress(self, viewer: str, tracker: str) -> Progress:
        """Of the account's sign-in; ``none`` where there is none, or its end is long past."""
        flow = self._flows.get((viewer, tracker))
        if flow is None:
            return Progress()
        told = flow.progress
        if told.state in (State.DONE, State.OVER) and told.at and self._clock.now() - told.at > KEPT:
            del self._flows[viewer, tracker]
            return Progress()
        return told

    async def begin(
        self,
        viewer: str,
        tracker: str,
        typed: Mapping[str, str] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> Progress:
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
        if before is not None and before.progress.state in (State.BEGINNING, State.WAITING):
            await before.shown.wait()
            return before.progress
        known = {**known, **_checked(way, known, typed or {})}
        flow = _Flow(Progress(State.BEGINNING, at=self._clock.now()))
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

    async def aclose(self) -> None:
        tasks = [flow.task for flow in self._flows.values() if flow.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _settings(self, viewer: str, tracker: str) -> dict[str, Any]:
        config = self._config()
        if viewer == HOUSE:
            plex = config.sources.get("plex")
            if tracker != "plex" or plex is None:
                raise ConfigError(["sources.plex is not configured, so there is no server to sign in to"])
            return {"account_url": plex.account_url}
        person = config.viewer(viewer)
        if person is None or tracker not in person.trackers:
            raise ConfigError([f"viewers: {viewer[:64]} has no tracker {tracker[:32]}"])
        plex = config.sources.get("plex")
        extra = {"account_url": plex.account_url} if tracker == "plex" and plex else {}
        return {**person.trackers[tracker], **extra}

    async def _run(self, flow: _Flow, way: Way, account: Account, settings: Mapping[str, Any]) -> None:
        http = Http("", transport=self._transport)
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

    async def _attempt(self, flow: _Flow, way: Way, account: Account, settings: Mapping[str, Any], http: Http) -> None:
        viewer, tracker = account
        request = SignIn(
            viewer=viewer,
            settings=settings,
            http=http,
            tokens=StoredTokens(self._store, viewer, tracker, self._learn, self._clock.now),
            clock=self._clock,
            tell=lambda text: None,
            ask=lambda question: "",
            show=lambda code: self._show(flow, code),
            careful=True,
        )
        who = await way.sign_in(request)
        now = self._clock.now().timestamp()
        await self._store.write(lambda db: accounts.signed_in(db, viewer, tracker, now))
        flow.progress = Progress(State.DONE, at=self._clock.now(), text=who)
        log.info("signed in to a tracker", action="sign-in", account="/".join(account))
        self._signed_in()
        self._changed()

    def _show(self, flow: _Flow, code: Code) -> None:
        until = self._clock.now() + timedelta(seconds=code.lasts)
        flow.progress = replace(flow.progress, state=State.WAITING, code=code, until=until)
        flow.shown.set()
        self._changed()

    def _over(self, flow: _Flow, account: Account, reason: str) -> None:
        flow.progress = Progress(State.OVER, at=self._clock.now(), text=self._redactor.text(reason))
        log.warning("a sign-in did not succeed", action="sign-in", account="/".join(account), why=reason)
        self._changed()

    def _learn(self, values: Mapping[str, Any] | None) -> None:
        self._redactor.add(*accounts.secrets_of(values))


def asked_for(way: Way, settings: Mapping[str, Any]) -> tuple[Asked, ...]:
    """What a person has to type: every secret, and of the rest what the configuration does not say.

    A sign-in serves the account that is configured, so nobody can type another one.
    """
    return tuple(asked for asked in way.asks if asked.secret or not settings.get(asked.key))


def _checked(way: Way, settings: Mapping[str, Any], typed: Mapping[str, str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for asked in asked_for(way, settings):
        text = typed.get(asked.key, "")
        text = text if asked.secret else text.strip()
        if not text or len(text) > LONGEST_TYPED:
            raise ConfigError([f"{asked.label}: {'is too long' if text else 'type it in, then try again'}."])
        given[asked.key] = text
    return given
