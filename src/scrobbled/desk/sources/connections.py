"""What API and page ask about connecting media servers: adding a source, its steps, and what was heard first."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from scrobbled import heard, setting_up, summary
from scrobbled.config import BY_VIEWER, SOURCE_NAMES, fold
from scrobbled.config.editing import with_account
from scrobbled.core.errors import ConfigError
from scrobbled.heard import SourceStory
from scrobbled.registering import WAYS
from scrobbled.runtime import Runtime
from scrobbled.setting_up import NotConfigured
from scrobbled.sources.setup import SETUPS
from scrobbled.starting import with_source
from scrobbled.store import latest
from scrobbled.summary import EventStory, UnclaimedStatus
from scrobbled.web.masking import masked
from scrobbled.web.scribe import Scribe

ADDRESSES = ("url", "server_token")
"""The settings of a source by which its server itself can be asked."""


class Connection(Struct, frozen=True):
    """How far a source is. ``lacks`` are the settings without which it cannot be registered by us; ``None`` where that
    is not possible at all.

    ``newest`` is the last webhook of it, without its body, and ``only_tests`` that nothing real came lately.
    ``unclaimed`` are its accounts that no viewer lists.
    """

    source: str
    title: str
    configured: bool
    lacks: tuple[str, ...] | None
    events: int
    last_heard: str | None
    refused: int
    last_refused: str | None
    newest: EventStory | None
    only_tests: bool
    unclaimed: tuple[UnclaimedStatus, ...]

    @property
    def works(self) -> bool:
        """Something real has arrived."""
        return self.events > 0 and not self.only_tests


class Connecting:
    """Every text that leaves here has passed the redactor."""

    def __init__(self, runtime: Runtime, scribe: Scribe) -> None:
        self._runtime, self._scribe = runtime, scribe

    async def listed(self) -> list[Connection]:
        """Every kind of source there is, those that are configured first."""
        found = await self._runtime.store.read(partial(self._connections, names=tuple(SETUPS)))
        return masked(sorted(found, key=lambda one: not one.configured), self._runtime.redactor)

    async def connection(self, source: str) -> Connection:
        """Raises ``ConfigError`` for what is no source."""
        if source not in SETUPS:
            raise ConfigError([f"no source is called {source[:32]}; there is {', '.join(SETUPS)}"])
        (found,) = await self._runtime.store.read(partial(self._connections, names=(source,)))
        return masked(found, self._runtime.redactor)

    async def add(self, source: str) -> None:
        """Open the source, with a fresh secret; nothing where it is open already. Raises ``NotWritten``."""
        if source not in SOURCE_NAMES or source not in SETUPS:
            raise ConfigError([f"no source is called {source[:32]}"])
        try:
            setting_up.guide(self._runtime.config, source, lambda: "localhost")
        except NotConfigured:
            token = secrets.token_hex(16)
            self._runtime.redactor.add(token)
            await self._scribe.change(lambda text: with_source(text, source, {"token": token}))

    def lines(self, source: str) -> str:
        """The YAML that opens the source, to be added by hand where we cannot write it; empty where it is open."""
        is_open = source in self._runtime.config.sources or source not in SETUPS
        return "" if is_open else setting_up.lines_to_add(self._runtime.config, source)

    async def ask_by(self, source: str, given: Mapping[str, str]) -> None:
        """By which address and key the server itself can be asked; what is empty stays. Raises as ``add``."""
        if source not in self._runtime.config.sources:
            raise ConfigError([f"sources.{source[:32]}: is not configured"])
        settings = {key: given[key].strip() for key in ADDRESSES if given.get(key, "").strip()}
        if not settings:
            raise ConfigError(["Type in what is missing, then try again."])
        self._runtime.redactor.add(settings.get("server_token", ""))
        await self._scribe.change(lambda text: with_source(text, source, settings))

    async def claim(self, source: str, account: str, viewer: str) -> None:
        """List an account for a viewer, and deliver what waited. Raises as ``add``."""
        config = self._runtime.config
        person, path = config.viewer(viewer), config.path
        if person is None or path is None or source not in config.sources or not account.strip():
            raise ConfigError(["Say whose account it is."])
        name, account = person.name, account.strip()
        if fold(account) not in map(fold, person.accounts.get(source, ())):
            await self._scribe.change(lambda text: with_account(text, path, os.environ, name, source, account))

    def _connections(self, db: sqlite3.Connection, names: Sequence[str]) -> list[Connection]:
        stories = {one.source: one for one in heard.sources(db, self._runtime.config)}
        unclaimed = summary.unclaimed(db)
        return [
            self._connection(db, name, stories.get(name), tuple(one for one in unclaimed if one.source == name))
            for name in names
        ]

    def _connection(
        self, db: sqlite3.Connection, source: str, told: SourceStory | None, unclaimed: tuple[UnclaimedStatus, ...]
    ) -> Connection:
        settings = self._runtime.config.sources.get(source)
        number = latest.newest(db, source)
        story = None if number is None else summary.event_story(db, number)
        is_open = settings is not None and (bool(settings.token) or source in BY_VIEWER or settings.mode == "live")
        needed = WAYS[source][1] if source in WAYS else None
        return Connection(
            source=source,
            title=SETUPS[source].title,
            configured=is_open,
            lacks=None if needed is None else tuple(name for name in needed if not getattr(settings, name, None)),
            events=told.events if told else 0,
            last_heard=told.last_heard if told else None,
            refused=told.refused if told else 0,
            last_refused=told.last_refused if told else None,
            newest=story and replace(story, raw=None),
            only_tests=number is not None and latest.only_tests(db, source),
            unclaimed=unclaimed,
        )
