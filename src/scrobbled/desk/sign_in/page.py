"""What API and page ask about signing in to trackers, and to the Plex server of the house."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from msgspec import Struct

from scrobbled.clients.plextv import AccountServer, client_id, machine_at
from scrobbled.core.errors import ConfigError, TrackerError
from scrobbled.core.words.outcomes import told
from scrobbled.desk.settings.scribe import Scribe
from scrobbled.desk.settings.starting import with_source
from scrobbled.desk.sign_in import (
    HOUSE,
    WAYS,
    SignInProgress,
    SignIns,
    SignInState,
    asked_for,
    home_for,
    of_house,
    offered,
    plex,
)
from scrobbled.plumbing.http import Http
from scrobbled.plumbing.pools import Pools
from scrobbled.runtime.service import Runtime
from scrobbled.store.accounts.sign_ins import StoredTokens
from scrobbled.store.file.codec import iso
from scrobbled.store.queue import outbox, overview
from scrobbled.trackers import TRACKERS
from scrobbled.trackers.given import SignInField


class SignInPrompt(Struct, frozen=True):
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
    is false where this version sends nothing to that service yet, and ``waits`` true where plays wait for it.
    ``libraries`` says that it has libraries to choose from.
    """

    viewer: str
    tracker: str
    asks: tuple[SignInField, ...]
    account: str
    signed_in: bool
    state: str
    reason: str
    step: str
    text: str
    waiting: SignInPrompt | None
    delivers: bool
    waits: bool
    libraries: bool


class ServerAddress(Struct, frozen=True):
    """An address of a Plex server, and whether a server answered there just now."""

    url: str
    answers: bool


class FoundServer(Struct, frozen=True):
    """A Plex server of the account that signed in."""

    id: str
    name: str
    addresses: tuple[ServerAddress, ...]


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
        accounts = [(viewer.name, name) for viewer in config.viewers for name in viewer.trackers if name in offered()]
        return [await self.story(*account) for account in accounts]

    async def story(self, viewer: str, tracker: str) -> SignInStory:
        """Raises ``ConfigError`` for an account that is not configured."""
        name, settings = self._account(viewer, tracker)
        states, known, waits = await self._runtime.store.read(
            lambda db: (overview.account_states(db), overview.signed_in(db), outbox.waits(db, name, tracker))
        )
        state, reason = states.get((name, tracker), ("new", ""))[:2]
        progress = self._sign_ins.progress(name, tracker)
        return SignInStory(
            viewer=name,
            tracker=tracker,
            asks=asked_for(WAYS[tracker], settings),
            account=str(settings.get("email") or ""),
            signed_in=((name, tracker) in known or bool(settings.get("server_token")) or state == "ok")
            and state != "sign-in",
            state=state,
            reason=reason,
            step=str(progress.state),
            text=progress.text,
            waiting=self._waiting(progress),
            delivers=tracker in TRACKERS or viewer == HOUSE,
            waits=waits,
            libraries=viewer != HOUSE and tracker in TRACKERS and TRACKERS[tracker].can().is_library,
        )

    async def of_house(self) -> list[SignInStory]:
        """The sign-ins for the server of the house, where there is one to sign in to."""
        there = [name for name in WAYS if of_house(self._runtime.config, name)]
        return [await self.story(HOUSE, name) for name in there]

    async def begin(
        self,
        viewer: str,
        tracker: str,
        typed: Mapping[str, str] | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> SignInProgress:
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

    async def sign_out(self, viewer: str, tracker: str) -> str:
        """End the account's sign-in, and forget it; returns what is left to do elsewhere. Raises ``ConfigError``."""
        viewer, _ = self._account(viewer, tracker)
        return await self._sign_ins.sign_out(viewer, tracker)

    def said(self, error: TrackerError) -> str:
        """What a service said, as a sentence for people."""
        return told(error.reason)

    async def servers(self) -> list[FoundServer]:
        """The Plex servers of the account that signed in for the house, with addresses tried just now.

        Raises ``ConfigError`` where nobody signed in, and ``TrackerError``.
        """
        http = Pools(self._runtime.transport).to(plex.SERVICE)
        try:
            found = await self._plex_servers(http)
            urls = list(dict.fromkeys(url for server in found for url in server.addresses))
            ids = await asyncio.gather(*(machine_at(http, url) for url in urls))
        finally:
            await http.aclose()
        there = {url: bool(id_) for url, id_ in zip(urls, ids, strict=True)}
        return [
            FoundServer(one.id, one.name, tuple(ServerAddress(u, there[u]) for u in one.addresses)) for one in found
        ]

    async def choose(self, server: str, url: str) -> None:
        """Have that server of the account looked things up at, by an address that Plex knows of it. Raises as
        ``servers``, and ``NotWritten``.
        """
        url = url.strip().rstrip("/")
        http = Pools(self._runtime.transport).to(plex.SERVICE)
        try:
            found = await self._plex_servers(http)
        finally:
            await http.aclose()
        chosen = next((one for one in found if one.id == server), None)
        if chosen is None:
            raise ConfigError(["That server does not belong to the account. Choose one of those that are listed."])
        if url not in {
            one.rstrip("/") for one in chosen.addresses
        }:  # whoever asks was not told the server's token, which would be sent there
            raise ConfigError(["Plex does not know the server by that address. Choose one of those that are listed."])
        self._runtime.redactor.add(chosen.token)
        settings = {"url": url, "server_token": chosen.token}
        await self._scribe.change(lambda text: with_source(text, plex.SERVICE, settings), settings.values())

    async def _plex_servers(self, http: Http) -> list[AccountServer]:
        runtime = self._runtime
        _, settings = self._account(HOUSE, plex.SERVICE)
        whose = (runtime.store, HOUSE, plex.SERVICE, lambda values: None, runtime.clock.now, home_for(HOUSE, settings))
        tokens = StoredTokens(*whose)
        stored = await tokens.load() or {}
        token, client = stored.get("token"), await client_id(tokens)
        if not isinstance(token, str) or not token:
            raise ConfigError(["Nobody has signed in at Plex for the server yet."])
        runtime.redactor.add(token)
        known = await plex.account(http, settings, client, token).servers()
        return [server for server in known if server.owned]

    def _account(self, viewer: str, tracker: str) -> tuple[str, Mapping[str, object]]:
        """The viewer's name as it is written, and the settings."""
        config = self._runtime.config
        if viewer == HOUSE and (source := of_house(config, tracker)):
            return HOUSE, {"account_url": source.account_url, "server_token": source.server_token}
        person = config.viewer(viewer)
        if person is None or tracker not in person.trackers or tracker not in offered():
            raise ConfigError([f"viewers: {viewer[:64]} has no tracker {tracker[:32]} to sign in to"])
        return person.name, person.trackers[tracker]

    def _waiting(self, progress: SignInProgress) -> SignInPrompt | None:
        code, until = progress.code, progress.until
        if progress.state is not SignInState.WAITING or code is None or until is None:
            return None
        left = max(0, int((until - self._runtime.clock.now()).total_seconds()))
        return SignInPrompt(code.code, code.url, code.link, iso(until.timestamp()), left)
