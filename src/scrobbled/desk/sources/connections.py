"""What API and page ask about connecting media servers: adding a source, its steps, and what was heard first."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.config import BY_VIEWER, SourceConfig, fold
from scrobbled.core.errors import ConfigError
from scrobbled.core.services import service
from scrobbled.desk.facts import house, sources
from scrobbled.desk.facts import plays as plays_facts
from scrobbled.desk.facts.house import UnclaimedStatus
from scrobbled.desk.facts.plays import EventStory, PlayStory
from scrobbled.desk.facts.sources import SourceStory
from scrobbled.desk.settings.scribe import Scribe
from scrobbled.desk.settings.starting import with_source, with_token
from scrobbled.desk.sources import guides
from scrobbled.desk.sources.claims import with_account
from scrobbled.desk.sources.guides import NotConfigured
from scrobbled.runtime.service import Runtime
from scrobbled.servers.kinds import SERVERS
from scrobbled.sources import SOURCES
from scrobbled.store.inbox import latest

ADDRESSES = ("url", "server_token")
"""The settings of a source by which its server itself can be asked."""
NEEDED = {"url": "address", "server_token": "token"}
"""What people call them."""
LISTENING = ("live", "both")


class ListeningWay(Struct, frozen=True):
    """``is_on`` says that we listen, to ``url``; ``needs`` are the settings that are missing for it."""

    is_on: bool
    url: str
    needs: tuple[str, ...]
    steps: tuple[str, ...]
    address: str
    """What one looks like."""
    reporting: str
    """What the other way is called."""


class SourceConnection(Struct, frozen=True):
    """How far a source is. ``lacks`` are the settings without which it cannot be registered by us; ``None`` where that
    is not possible at all.

    ``newest`` is the last webhook of it, without its body, ``plays`` what its viewing became, and ``only_tests`` that
    nothing real came lately.
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
    plays: tuple[PlayStory, ...]
    only_tests: bool
    unclaimed: tuple[UnclaimedStatus, ...]
    listening: ListeningWay | None = None
    """Without anything reporting to us; ``None`` where that is not possible."""

    @property
    def works(self) -> bool:
        """Something real has arrived."""
        return self.events > 0 and not self.only_tests


class Connecting:
    """Writes into the configuration what opens a source, and puts that in force."""

    def __init__(self, runtime: Runtime, scribe: Scribe) -> None:
        self._runtime, self._scribe = runtime, scribe

    async def listed(self) -> list[SourceConnection]:
        """Every kind of source there is, those that are configured first."""
        found = await self._runtime.store.read(partial(self._connections, names=tuple(SOURCES)))
        return sorted(found, key=lambda one: not one.configured)

    async def connection(self, source: str) -> SourceConnection:
        """Raises ``ConfigError`` for what is no source."""
        if source not in SOURCES:
            raise ConfigError([f"no source is called {source[:32]}; there is {', '.join(SOURCES)}"])
        (found,) = await self._runtime.store.read(partial(self._connections, names=(source,)))
        return found

    async def add(self, source: str, viewer: str = "") -> None:
        """Open the source, with a fresh secret; nothing where it is open already. Raises ``NotWritten``.

        What is told by ``BY_VIEWER`` is told in the name of one viewer, whose the secret is; raises ``ConfigError``
        where nobody is named, and there are several.
        """
        if source not in SOURCES:
            raise ConfigError([f"no source is called {source[:32]}"])
        if source in BY_VIEWER:
            return await self._add_for(source, viewer)
        try:
            guides.guide(self._runtime.config, source, lambda: "localhost")
        except NotConfigured:
            token = secrets.token_hex(16)
            self._runtime.redactor.add(token)
            await self._scribe.change(lambda text: with_source(text, source, {"token": token}), [token])

    async def _add_for(self, source: str, viewer: str) -> None:
        people = [one.name for one in self._runtime.config.viewers]
        whose = viewer or (people[0] if len(people) == 1 else "")
        if whose not in people:
            raise ConfigError(["Say whose player it is." if people else "Say who you are first."])
        settings = self._runtime.config.sources.get(source)
        if settings is not None and (settings.token or whose in settings.tokens):
            return
        token = secrets.token_hex(16)
        self._runtime.redactor.add(token)
        await self._scribe.change(lambda text: with_token(text, source, whose, token), [token])

    async def listen(self, source: str, given: Mapping[str, str]) -> None:
        """Listen to the server from now on; a webhook counts all the same where there is one. Raises as ``ask_by``."""
        way = (await self.connection(source)).listening
        if way is None or source not in self._runtime.config.sources:
            raise ConfigError([f"sources.{source[:32]}: nobody can listen to it"])
        settings = {key: given[key].strip() for key in way.needs if given.get(key, "").strip()}
        if missing := [key for key in way.needs if key not in settings]:
            raise ConfigError([f"Type in the {' and the '.join(NEEDED[key] for key in missing)}, then try again."])
        self._runtime.redactor.add(settings.get("server_token", ""))
        mode = "both" if self._runtime.config.sources[source].token else "live"
        await self._scribe.change(lambda text: with_source(text, source, {**settings, "mode": mode}), settings.values())

    def lines(self, source: str) -> str:
        """The YAML that opens the source, to be added by hand where we cannot write it; empty where it is open."""
        is_open = source in self._runtime.config.sources or source not in SOURCES
        return "" if is_open else guides.lines_to_add(self._runtime.config, source)

    async def ask_by(self, source: str, given: Mapping[str, str]) -> None:
        """By which address and key the server itself can be asked; what is empty stays. Raises as ``add``."""
        if source not in self._runtime.config.sources:
            raise ConfigError([f"sources.{source[:32]}: is not configured"])
        settings = {key: given[key].strip() for key in ADDRESSES if given.get(key, "").strip()}
        if not settings:
            raise ConfigError(["Type in what is missing, then try again."])
        self._runtime.redactor.add(settings.get("server_token", ""))
        await self._scribe.change(lambda text: with_source(text, source, settings), settings.values())

    async def claim(self, source: str, account: str, viewer: str) -> None:
        """List an account for a viewer, and deliver what waited. Raises as ``add``."""
        config = self._runtime.config
        person, path = config.viewer(viewer), config.path
        if person is None or path is None or source not in config.sources or not account.strip():
            raise ConfigError(["Say whose account it is."])
        name, account = person.name, account.strip()
        if fold(account) not in map(fold, person.accounts.get(source, ())):
            await self._scribe.change(lambda text: with_account(text, path, os.environ, name, source, account))

    def _connections(self, db: sqlite3.Connection, names: Sequence[str]) -> list[SourceConnection]:
        stories = {one.source: one for one in sources.sources(db, self._runtime.config)}
        unclaimed = house.unclaimed(db)
        return [
            self._connection(db, name, stories.get(name), tuple(one for one in unclaimed if one.source == name))
            for name in names
        ]

    def _connection(
        self, db: sqlite3.Connection, source: str, told: SourceStory | None, unclaimed: tuple[UnclaimedStatus, ...]
    ) -> SourceConnection:
        settings = self._runtime.config.sources.get(source)
        number = latest.newest(db, source)
        story = None if number is None else plays_facts.event_story(db, number)
        is_open = settings is not None and (bool(settings.token) or source in BY_VIEWER or settings.mode == "live")
        kind = SERVERS.get(source)
        needed = kind.needed if kind and kind.register else None
        return SourceConnection(
            source=source,
            title=SOURCES[source].setup.title,
            configured=is_open,
            lacks=None if needed is None else tuple(name for name in needed if not getattr(settings, name, None)),
            events=told.events if told else 0,
            last_heard=told.last_heard if told else None,
            refused=told.refused if told else 0,
            last_refused=told.last_refused if told else None,
            newest=story and replace(story, raw=None),
            plays=_plays(db, number),
            only_tests=number is not None and latest.only_tests(db, source),
            unclaimed=unclaimed,
            listening=_listening(source, settings),
        )


def _listening(source: str, settings: SourceConfig | None) -> ListeningWay | None:
    known, setup = service(source), SOURCES[source].setup
    if not known.listened:
        return None
    return ListeningWay(
        is_on=settings is not None and settings.mode in LISTENING,
        url=(settings and settings.url) or "",
        needs=tuple(name for name in known.needs if not getattr(settings, name, None)),
        steps=setup.listening,
        address=known.address,
        reporting=setup.reporting,
    )


def _plays(db: sqlite3.Connection, number: int | None) -> tuple[PlayStory, ...]:
    """Of the viewing that an event belongs to, whichever event of it counted."""
    counted = None if number is None else latest.counted_by(db, number)
    story = None if counted is None else plays_facts.event_story(db, counted)
    return tuple(story.plays) if story else ()
