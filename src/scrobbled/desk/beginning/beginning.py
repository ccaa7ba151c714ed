"""What API and page ask about the first start: how far it is, and each step of it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping

from msgspec import Struct

from scrobbled.config import Config, ViewerConfig, fold, loads
from scrobbled.config.fields import Table
from scrobbled.config.trackers import TRACKERS as SECTIONS
from scrobbled.core.errors import ConfigError
from scrobbled.core.services import service
from scrobbled.desk.pairs import usual
from scrobbled.desk.settings import passwords, starting
from scrobbled.desk.settings.scribe import Scribe, Unsaved
from scrobbled.desk.settings.starting import SetupStep
from scrobbled.desk.sign_in import SignInProgress, SignInState
from scrobbled.desk.sign_in.page import Signing
from scrobbled.desk.sources.claims import with_account
from scrobbled.desk.sources.connections import Connecting
from scrobbled.runtime.service import Runtime
from scrobbled.store.inbox import latest
from scrobbled.trackers import TRACKERS

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 1_024
ADDRESSES = ("url", "auth_url", "account_url")
"""Where a tracker is, where it is elsewhere."""
PERSONAL = ("home_user",)
"""What a library may want to know of a person, besides."""


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

    def may_say(self, tracker: str, *, elsewhere: bool) -> tuple[str, ...]:
        """What may be typed for a tracker beside what has to be, by its key, which ``LABELS`` has.

        Of a library that is ``account``, the name by which the source that is the same place knows the viewer.
        ``elsewhere`` adds addresses, for services that are not where they usually are.
        """
        can, known = TRACKERS[tracker].can(), _keys(tracker)
        own = ("account",) if can.place_of else ()
        wanted = (*own, *(PERSONAL if can.place_of else ()), *(ADDRESSES if elsewhere else ()))
        return tuple(key for key in wanted if key in (*own, *known))

    async def add_tracker(self, viewer: str, tracker: str, typed: Mapping[str, str]) -> SignInProgress:
        """Sign the viewer in with what was typed, and write the tracker down once the service knows who it is.

        A tracker that shows a code is written down as soon as there is one. Raises as ``set_login``.
        """
        person = self.config.viewer(viewer)
        if person is None or tracker not in TRACKERS or not TRACKERS[tracker].signs_in:
            raise ConfigError(["Say whose account it is, and at which tracker."])
        settings = self._settings(tracker, typed)
        at = self.config.viewers.index(person)
        self._checked(at, tracker, settings)
        await self._list_account(person, tracker, typed.get("account", "").strip())
        await self._signing.forget(person.name, tracker)
        progress = await self._signing.begin(person.name, tracker, typed, settings)
        if progress.state in (SignInState.WAITING, SignInState.DONE):
            await self._scribe.change(
                lambda text: starting.with_tracker(text, at, tracker, settings), settings.values()
            )
        return progress

    async def _list_account(self, person: ViewerConfig, tracker: str, account: str) -> None:
        """The name under which the place of a library knows somebody, so that nobody else's state is taken for theirs.

        Without any it is the viewer's own; another one is listed for the source, which is opened for that.
        """
        place, path = TRACKERS[tracker].can().place_of, self.config.path
        listed = person.accounts.get(place, () if place in self.config.sources else (person.name,))
        if not (place and account and path) or fold(account) in map(fold, listed):
            return
        await self._connecting.add(place)
        await self._scribe.change(lambda text: with_account(text, path, os.environ, person.name, place, account))

    def possible_pairs(self) -> list[tuple[str, tuple[str, str]]]:
        """Whose trackers could be a pair and are in none: the viewer, and the two. A library stands first."""
        return [
            (viewer.name, between)
            for viewer in self.config.viewers
            for between in usual.between(viewer.trackers)
            if not any(set(between) == set(pair.between) for pair in viewer.pairs)
        ]

    async def add_pair(self, viewer: str, between: tuple[str, str]) -> None:
        """Have the two compared, as ``usual.pair`` has it. Raises as ``set_login``."""
        if (viewer, between) not in self.possible_pairs():
            raise ConfigError([f"{viewer} has no {' and '.join(between)} that could be a pair."])
        at = next(at for at, one in enumerate(self.config.viewers) if one.name == viewer)
        await self._scribe.change(lambda text: starting.with_pair(text, at, usual.pair(between)))

    async def add_source(self, source: str, viewer: str = "") -> None:
        """``viewer`` is whose it is, where that matters and there are several. Raises as ``set_login``."""
        await self._connecting.add(source, viewer)

    def _settings(self, tracker: str, typed: Mapping[str, str]) -> dict[str, str]:
        keys = (*service(tracker).typed, *(key for key in (*ADDRESSES, *PERSONAL) if key in _keys(tracker)))
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


def _keys(tracker: str) -> frozenset[str]:
    shape = SECTIONS.shapes[tracker]
    return frozenset(shape.fields) if isinstance(shape, Table) else frozenset()


def is_secret(tracker: str, key: str) -> bool:
    """Whether what is typed for a key is nobody else's to see."""
    shape = SECTIONS.shapes[tracker]
    return isinstance(shape, Table) and key in shape.fields and shape.fields[key].secret


LABELS = {
    "email": "E-mail",
    "client_id": "Client ID",
    "client_secret": "Client secret",
    "account": "Name or number of {viewer}'s account there",
    "home_user": "Whom of the home its owner signs in for",
    "url": "Address",
    "auth_url": "Address of the sign-in",
    "account_url": "Address of the account's site",
}
