"""What API and page ask about signing in to trackers, and to the Plex server of the house."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from msgspec import Struct

from scrobbled.core.errors import ConfigError, TrackerError
from scrobbled.core.outcomes import told
from scrobbled.http import Http
from scrobbled.runtime import Runtime
from scrobbled.signing_in import HOUSE, WAYS, Progress, SignIns, State, asked_for, plex
from scrobbled.starting import with_source
from scrobbled.store import overview
from scrobbled.store.accounts import StoredTokens
from scrobbled.store.codec import iso
from scrobbled.trackers import TRACKERS
from scrobbled.trackers.given import Asked
from scrobbled.web.scribe import Scribe


class Waiting(Struct, frozen=True):
    """What somebody does on the service's own page. ``code`` is empty where only the link has to be opened."""

    code: str
    url: str
    link: str
    until: str
    seconds_left: int


class SignInStory(Struct, frozen=True):
    """One account and its sign-in. ``viewer`` is empty for the house's own Plex server.

    ``asks`` is what to type; nothing where a code is shown instead. ``account`` is what the configuration says of
    whose it is. ``state`` and ``reason`` are those of the account in use; ``step`` is how far a sign-in begun here is:
    ``none``, ``beginning``, ``waiting``, ``done`` or ``over``, and ``text`` whose it is or why it ended. ``delivers``
    is false where this version sends nothing to that service yet.
    """

    viewer: str
    tracker: str
    asks: tuple[Asked, ...]
    account: str
    signed_in: bool
    state: str
    reason: str
    step: str
    text: str
    waiting: Waiting | None
    delivers: bool


class Reached(Struct, frozen=True):
    """An address of a Plex server, and whether a server answered there just now."""

    url: str
    answers: bool


class FoundServer(Struct, frozen=True):
    """A Plex server of the account that signed in."""

    id: str
    name: str
    addresses: tuple[Reached, ...]


class Signing:
    """Nothing secret leaves here: neither what was typed, nor a token."""

    def __init__(self, runtime: Runtime, scribe: Scribe) -> None:
        self._runtime, self._scribe = runtime, scribe
        self._sign_ins = SignIns(
            runtime.store,
            config=lambda: runtime.config,
            clock=runtime.clock,
            redactor=runtime.redactor,
            transport=runtime.transport,
            changed=runtime.changed,
            signed_in=lambda: runtime.look_again(try_now=True),
        )
        runtime.on_close(self._sign_ins.aclose)

    async def listed(self) -> list[SignInStory]:
        """Every account of every viewer, in the order of the configuration."""
        config = self._runtime.config
        accounts = [(viewer.name, name) for viewer in config.viewers for name in viewer.trackers if name in WAYS]
        return [await self.story(*account) for account in accounts]

    async def story(self, viewer: str, tracker: str) -> SignInStory:
        """Raises ``ConfigError`` for an account that is not configured."""
        name, settings = self._account(viewer, tracker)
        states, known = await self._runtime.store.read(lambda db: (overview.account_states(db), overview.signed_in(db)))
        state, reason = states.get((name, tracker), ("new", ""))[:2]
        progress = self._sign_ins.progress(name, tracker)
        return SignInStory(
            viewer=name,
            tracker=tracker,
            asks=asked_for(WAYS[tracker], settings),
            account=str(settings.get("email") or ""),
            signed_in=((name, tracker) in known or bool(settings.get("server_token"))) and state != "sign-in",
            state=state,
            reason=self._runtime.redactor.text(reason),
            step=str(progress.state),
            text=progress.text,
            waiting=self._waiting(progress),
            delivers=tracker in TRACKERS or viewer == HOUSE,
        )

    async def begin(
        self,
        viewer: str,
        tracker: str,
        typed: Mapping[str, str] | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> Progress:
        """Sign in, or show a code; see ``SignIns.begin``. Raises ``ConfigError``."""
        if settings is None:
            viewer, _ = self._account(viewer, tracker)
        return await self._sign_ins.begin(viewer, tracker, typed, settings)

    async def forget(self, viewer: str, tracker: str) -> None:
        """Whatever was begun for an account that is about to be configured anew."""
        await self._sign_ins.cancel(viewer, tracker)

    async def cancel(self, viewer: str, tracker: str) -> None:
        viewer, _ = self._account(viewer, tracker)
        await self._sign_ins.cancel(viewer, tracker)

    def said(self, error: TrackerError) -> str:
        """What a service said, as a sentence for people."""
        return told(self._runtime.redactor.text(error.reason))

    async def servers(self) -> list[FoundServer]:
        """The Plex servers of the account that signed in for the house, with addresses tried just now.

        Raises ``ConfigError`` where nobody signed in, and ``TrackerError``.
        """
        http = Http("", transport=self._runtime.transport)
        try:
            found = await self._plex_servers(http)
            urls = list(dict.fromkeys(url for server in found for url in server.addresses))
            answers = dict(zip(urls, await asyncio.gather(*(plex.answers(http, url) for url in urls)), strict=True))
        finally:
            await http.aclose()
        return [FoundServer(one.id, one.name, tuple(Reached(u, answers[u]) for u in one.addresses)) for one in found]

    async def choose(self, server: str, url: str) -> None:
        """Have that server of the account looked things up at, by that address. Raises as ``servers``, and
        ``NotWritten``.
        """
        url = url.strip().rstrip("/")
        if not url:
            raise ConfigError(["Choose an address, or type one."])
        http = Http("", transport=self._runtime.transport)
        try:
            found = await self._plex_servers(http)
        finally:
            await http.aclose()
        chosen = next((one for one in found if one.id == server), None)
        if chosen is None:
            raise ConfigError(["That server does not belong to the account. Choose one of those that are listed."])
        self._runtime.redactor.add(chosen.token)
        settings = {"url": url, "server_token": chosen.token}
        await self._scribe.change(lambda text: with_source(text, "plex", settings))

    async def _plex_servers(self, http: Http) -> list[plex.PlexServer]:
        runtime = self._runtime
        _, settings = self._account(HOUSE, "plex")
        tokens = StoredTokens(runtime.store, HOUSE, "plex", lambda values: None, runtime.clock.now)
        stored = await tokens.load() or {}
        token, client = stored.get("token"), await plex.client_id(tokens)
        if not isinstance(token, str) or not token:
            raise ConfigError(["Nobody has signed in at Plex for the server yet."])
        runtime.redactor.add(token)
        return await plex.servers(plex.http_of(http, settings), client, token)

    def _account(self, viewer: str, tracker: str) -> tuple[str, Mapping[str, object]]:
        """The viewer's name as it is written, and the settings."""
        config = self._runtime.config
        if viewer == HOUSE and tracker == "plex" and (source := config.sources.get("plex")):
            return HOUSE, {"account_url": source.account_url, "server_token": source.server_token}
        person = config.viewer(viewer)
        if person is None or tracker not in person.trackers or tracker not in WAYS:
            raise ConfigError([f"viewers: {viewer[:64]} has no tracker {tracker[:32]} to sign in to"])
        return person.name, person.trackers[tracker]

    def _waiting(self, progress: Progress) -> Waiting | None:
        code, until = progress.code, progress.until
        if progress.state is not State.WAITING or code is None or until is None:
            return None
        left = max(0, int((until - self._runtime.clock.now()).total_seconds()))
        return Waiting(code.code, code.url, code.link, iso(until.timestamp()), left)
