"""What API and page ask about the first start: how far it is, and each step of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from msgspec import Struct

from scrobbled.config import Config, loads
from scrobbled.core.errors import ConfigError
from scrobbled.core.services import service
from scrobbled.desk.settings import passwords, starting
from scrobbled.desk.settings.scribe import Scribe, Unsaved
from scrobbled.desk.settings.starting import SetupStep
from scrobbled.desk.sign_in import SignInProgress, SignInState
from scrobbled.desk.sign_in.page import Signing
from scrobbled.desk.sources.connections import Connecting
from scrobbled.runtime.service import Runtime
from scrobbled.store.inbox import latest

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 1_024
ADDRESSES = ("url", "auth_url")
"""Where a tracker is, where it is elsewhere."""


class StartStory(Struct, frozen=True):
    """``done`` are the steps that are done, ``next`` the first that is not; empty where all are.

    ``unsaved`` is there while the file cannot be written, and somebody has to save it.
    """

    steps: tuple[str, ...]
    done: tuple[str, ...]
    next: str
    file: str
    unsaved: Unsaved | None


class Beginning:
    """Each step writes its part of the configuration and puts it in force."""

    def __init__(self, runtime: Runtime, scribe: Scribe, signing: Signing, connecting: Connecting) -> None:
        self._runtime, self._scribe, self._signing, self._connecting = runtime, scribe, signing, connecting

    @property
    def config(self) -> Config:
        return self._runtime.config

    async def story(self) -> StartStory:
        done = starting.steps_done(self.config, await self._runtime.store.read(self._has_heard))
        following = starting.next_step(done)
        return StartStory(
            steps=tuple(map(str, SetupStep)),
            done=tuple(str(step) for step in SetupStep if step in done),
            next=str(following or ""),
            file=str(self.config.path or ""),
            unsaved=self._scribe.unsaved,
        )

    async def set_login(self, username: str, password: str) -> None:
        """The login of the page; it is in force when this returns. Raises ``ConfigError`` and ``NotWritten``."""
        username = username.strip()
        if self.config.server.login is not None:
            raise ConfigError(["There is a password already. Change it under Settings."])
        if not username:
            raise ConfigError(["Choose a name to sign in with."])
        if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            raise ConfigError([f"Take a password of at least {SHORTEST_PASSWORD} characters."])
        hashed = passwords.hashed(password)
        await self._scribe.change(lambda text: starting.with_login(text, username, hashed), [hashed])

    async def add_viewer(self, name: str) -> None:
        """Somebody whose viewing is kept. Raises as ``set_login``."""
        name = name.strip()
        if not name:
            raise ConfigError(["Type a name, then try again."])
        if self.config.viewer(name) is None:
            await self._scribe.change(lambda text: starting.with_viewer(text, name))

    async def add_tracker(self, viewer: str, tracker: str, typed: Mapping[str, str]) -> SignInProgress:
        """Sign the viewer in with what was typed, and write the tracker down once the service knows who it is.

        A tracker that shows a code is written down as soon as there is one. Raises as ``set_login``.
        """
        person = self.config.viewer(viewer)
        if person is None or not service(tracker).typed:
            raise ConfigError(["Say whose account it is, and at which tracker."])
        settings = self._settings(tracker, typed)
        at = self.config.viewers.index(person)
        self._checked(at, tracker, settings)
        await self._signing.forget(person.name, tracker)
        progress = await self._signing.begin(person.name, tracker, typed, settings)
        if progress.state in (SignInState.WAITING, SignInState.DONE):
            await self._scribe.change(
                lambda text: starting.with_tracker(text, at, tracker, settings), settings.values()
            )
        return progress

    async def add_source(self, source: str) -> None:
        """Raises as ``set_login``."""
        await self._connecting.add(source)

    def _settings(self, tracker: str, typed: Mapping[str, str]) -> dict[str, str]:
        keys = (*service(tracker).typed, *ADDRESSES)
        given = {key: typed[key].strip() for key in keys if typed.get(key, "").strip()}
        for key in service(tracker).typed:
            if key not in given and key != "client_secret":  # newer apps have none
                raise ConfigError([f"{LABELS[key]}: type it in, then try again."])
        self._runtime.redactor.add(given.get("client_secret", ""))
        return given

    def _checked(self, at: int, tracker: str, settings: Mapping[str, str]) -> None:
        """Raises ``ConfigError`` before anything is sent where a value could not stand in the configuration."""
        viewers = "viewers:\n" + "".join(f"  - name: v{number}\n" for number in range(at + 1))
        loads(starting.with_tracker(viewers, at, tracker, settings), {}, path=None)

    def _has_heard(self, db: sqlite3.Connection) -> bool:
        sources = [source for source in self.config.sources if latest.newest(db, source) is not None]
        return any(not latest.only_tests(db, source) for source in sources)


LABELS = {"email": "E-mail", "client_id": "Client ID", "client_secret": "Client secret"}
