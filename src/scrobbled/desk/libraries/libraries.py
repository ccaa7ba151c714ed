"""What command, API and page ask about libraries, and choosing from them.

Asked of every account whose tracker is a library; which of its libraries count stands under ``libraries`` of its
section.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.config import Config, ViewerConfig, loads
from scrobbled.config.changing import Put, changed
from scrobbled.config.replacing import read, replaced
from scrobbled.core.errors import ConfigError, TrackerError
from scrobbled.core.naming.libraries import is_chosen, is_named, whole_name
from scrobbled.core.standing import AccountKey
from scrobbled.core.words.meant import meant
from scrobbled.core.words.outcomes import told
from scrobbled.desk import words
from scrobbled.desk.settings.scribe import Scribe
from scrobbled.desk.settings.starting import literal
from scrobbled.runtime.service import Runtime
from scrobbled.trackers import TRACKERS
from scrobbled.trackers.base import Tracker
from scrobbled.trackers.offers import LibraryOffer

NOUNS = {"movie": "film", "show": "episode"}
KEY = "libraries"
"""Of a tracker's section: the names of those that count, none for all."""
PATIENCE = 40.0
"""Seconds for all servers of an account together."""


class LibraryChoice(Struct, frozen=True):
    """One library. ``kind`` is ``movie`` or ``show``; of shows the episodes are counted. ``None`` is not told.

    ``name`` is what chooses this one and no other: its title, with the server before it where another has one so.
    """

    title: str
    name: str
    kind: str
    items: int | None
    watched: int | None
    chosen: bool

    @property
    def count(self) -> str:
        """ "1,204 episodes, 880 watched"."""
        if self.items is None:
            return f"{NOUNS[self.kind]}s, which the server does not count"
        watched = "" if self.watched is None else f", {self.watched:,} watched"
        return f"{words.plural(self.items, NOUNS[self.kind])}{watched}"


class ServerLibraries(Struct, frozen=True):
    """One media server; ``why`` says why it tells nothing, and is empty where it does."""

    server: str
    libraries: tuple[LibraryChoice, ...]
    why: str = ""


class AccountLibraries(Struct, frozen=True):
    """What one viewer's account can see. ``all`` says that none is named, so that all count, also those to come.

    ``absent`` are names in the configuration that no server which answers has. ``error`` says why nothing is known.
    """

    viewer: str
    tracker: str
    servers: tuple[ServerLibraries, ...] = ()
    all: bool = True
    absent: tuple[str, ...] = ()
    error: str = ""

    @property
    def libraries(self) -> list[LibraryChoice]:
        return [library for server in self.servers for library in server.libraries]

    @property
    def silent(self) -> list[ServerLibraries]:
        return [server for server in self.servers if server.why]


class ChoiceWritten(Struct, frozen=True):
    """What stands in the configuration now, and its copy from before; ``None`` where nothing was to be changed."""

    libraries: tuple[str, ...]
    file: str
    copy: str | None


class Libraries:
    """For API and page: asks the accounts that are in use, and writes into the configuration in force."""

    def __init__(self, runtime: Runtime, scribe: Scribe) -> None:
        self._runtime, self._scribe = runtime, scribe

    def accounts(self, viewer: str | None = None) -> list[AccountKey]:
        """See ``accounts``."""
        return accounts(self._runtime.config, viewer)

    def account(self, viewer: str, tracker: str | None = None) -> AccountKey:
        """The one that is meant. Raises ``ConfigError`` where there is none, or several."""
        found = [one for one in self.accounts(viewer) if tracker in (None, one[1])]
        if len(found) != 1:
            known = ", ".join(one for _, one in self.accounts(viewer)) or "none"
            raise ConfigError(
                [f"tracker: say at which tracker of {viewer[:64]} libraries are chosen; there is {known}"]
            )
        return found[0]

    async def of(self, account: AccountKey) -> AccountLibraries:
        """Raises ``ConfigError`` for an account that has no libraries."""
        viewer, tracker = account_of(self._runtime.config, *account)
        courier = self._runtime.couriers.get((viewer.name, tracker))
        if courier is None:
            raise ConfigError([f"{viewer.name} has no {tracker} that can be asked"])
        return await asked(viewer, tracker, courier.tracker)

    async def listed(self, viewer: str | None = None) -> list[AccountLibraries]:
        """Of every account, or one viewer's."""
        return list(await asyncio.gather(*map(self.of, self.accounts(viewer))))

    async def choose(self, account: AccountKey, names: Sequence[str] | None) -> AccountLibraries:
        """Have these count from now on; ``None`` is all. Raises ``ConfigError``, and ``NotWritten``."""
        found = await self.of(account)
        wanted = () if names is None else picked(found, names)
        config = self._runtime.config
        at = config.viewers.index(account_of(config, *account)[0])
        await self._scribe.change(lambda text: with_choice(text, at, found.tracker, wanted))
        return as_chosen(found, wanted)


def accounts(config: Config, viewer: str | None = None) -> list[AccountKey]:
    """Every account whose tracker is a library. Raises ``ConfigError`` for a viewer who is not there."""
    if viewer is not None and config.viewer(viewer) is None:
        names = [one.name for one in config.viewers]
        raise ConfigError([f"viewers: nobody is called {viewer[:64]}; {meant(viewer, names)}"])
    whose = [one for one in config.viewers if viewer is None or one is config.viewer(viewer)]
    return [(one.name, tracker) for one in whose for tracker in one.trackers if _is_library(tracker)]


def account_of(config: Config, viewer: str, tracker: str) -> tuple[ViewerConfig, str]:
    """Raises ``ConfigError`` where that is no account with libraries."""
    person = config.viewer(viewer)
    if person is None or tracker not in person.trackers or not _is_library(tracker):
        raise ConfigError([f"viewers: {viewer[:64]} has no {tracker[:32]} with libraries to choose from"])
    return person, tracker


def _is_library(tracker: str) -> bool:
    return tracker in TRACKERS and TRACKERS[tracker].can().is_library


async def asked(viewer: ViewerConfig, tracker: str, account: Tracker) -> AccountLibraries:
    """What the account tells now, with what the configuration says of it. Never raises what a service did."""
    written = tuple(viewer.trackers[tracker].get(KEY) or ())
    try:
        async with asyncio.timeout(PATIENCE):
            offer = await account.offers.offered()
    except TimeoutError:
        return AccountLibraries(viewer.name, tracker, all=not written, error=f"No answer within {PATIENCE:.0f} s.")
    except TrackerError as error:
        return AccountLibraries(viewer.name, tracker, all=not written, error=told(error.reason))
    return AccountLibraries(viewer.name, tracker, tuple(_servers(offer, written)), not written, _absent(offer, written))


def _servers(offer: LibraryOffer, written: Sequence[str]) -> Iterable[ServerLibraries]:
    titles = [one.title.strip().casefold() for one in offer.libraries]
    rows: dict[str, list[LibraryChoice]] = {}
    for one in offer.libraries:
        name = one.title if titles.count(one.title.strip().casefold()) == 1 else whole_name(one.server, one.title)
        is_in = is_chosen(written, one.server, one.title)
        row = LibraryChoice(one.title, name, one.kind, one.items, one.watched, is_in)
        rows.setdefault(one.server, []).append(row)
    yield from (ServerLibraries(server, tuple(found)) for server, found in rows.items())
    yield from (ServerLibraries(one.name, (), told(one.why)) for one in offer.silent)


def _absent(offer: LibraryOffer, written: Sequence[str]) -> tuple[str, ...]:
    there = offer.libraries
    return tuple(name for name in written if not any(is_named(name, one.server, one.title) for one in there))


def is_there(found: AccountLibraries, name: str) -> bool:
    """Whether some library that is told of has that name."""
    return bool(_matching(found, name))


def as_chosen(found: AccountLibraries, names: Sequence[str]) -> AccountLibraries:
    """The same after these were chosen."""
    servers = tuple(
        replace(
            server,
            libraries=tuple(
                replace(one, chosen=is_chosen(names, server.server, one.title)) for one in server.libraries
            ),
        )
        for server in found.servers
    )
    absent = tuple(name for name in names if not is_there(found, name))
    return replace(found, servers=servers, all=not names, absent=absent)


def picked(found: AccountLibraries, names: Sequence[str]) -> tuple[str, ...]:
    """What is to be written for a choice: each library once, by its title where all that have it were chosen.

    A name that is in the configuration already may be that of a library whose server does not answer. Raises
    ``ConfigError`` for any other that is not there, with what may have been meant, and where nothing is known.
    """
    if found.error:
        raise ConfigError(
            [f"{found.tracker} of {found.viewer} cannot be asked which libraries there are: {found.error}"]
        )
    problems = [_unknown(found, name) for name in names if name not in found.absent and not _matching(found, name)]
    if problems:
        raise ConfigError(problems)
    if not names:
        raise ConfigError(["Choose at least one library, or all of them."])
    chosen = {library.name for name in names for library in _matching(found, name)}
    titles = [_written(found, library, chosen) for library in found.libraries if library.name in chosen]
    return tuple(dict.fromkeys([*titles, *(name for name in names if name in found.absent)]))


def _matching(found: AccountLibraries, name: str) -> list[LibraryChoice]:
    return [
        library
        for server in found.servers
        for library in server.libraries
        if is_named(name, server.server, library.title)
    ]


def _written(found: AccountLibraries, library: LibraryChoice, chosen: set[str]) -> str:
    alike = [one.name for one in found.libraries if one.title.strip().casefold() == library.title.strip().casefold()]
    return library.title if chosen.issuperset(alike) else library.name


def _unknown(found: AccountLibraries, name: str) -> str:
    known = dict.fromkeys(one for library in found.libraries for one in (library.title, library.name))
    silent = "".join(f" {one.server} does not answer, and may have it." for one in found.silent)
    return f"libraries: {found.viewer} has no library {name[:80]} at {found.tracker}; {meant(name, known)}{silent}"


def with_choice(text: str, at: int, tracker: str, names: Sequence[str]) -> str:
    """The configuration with these libraries of that viewer's tracker. Raises ``NotWritten``."""
    return changed(text, [Put(("viewers", at, "trackers", tracker, KEY), [literal(name) for name in names])])


def write(config: Config, environ: Mapping[str, str], account: AccountKey, names: Sequence[str]) -> ChoiceWritten:
    """For a command: into the file of ``config``, which is read afresh. A running service takes it up by itself.

    Raises ``ConfigError`` where the file is not valid, and ``NotWritten``.
    """
    path = config.path
    if path is None:
        raise ConfigError(["the configuration did not come from a file, so nothing can be written into it"])
    content = read(path)
    text, before = _read(content, path, environ)
    person, tracker = account_of(before, *account)
    if tuple(person.trackers[tracker].get(KEY) or ()) == tuple(names):
        return ChoiceWritten(tuple(names), str(path), None)
    after = with_choice(text, before.viewers.index(person), tracker, names)
    loads(after, environ, path=path)
    return ChoiceWritten(tuple(names), str(path), os.fspath(replaced(path, content, after.encode("utf-8"))))


def _read(content: bytes, path: Path, environ: Mapping[str, str]) -> tuple[str, Config]:
    try:
        text = content.decode("utf-8")
        return text, loads(text.removeprefix("\ufeff"), environ, path=path)
    except UnicodeDecodeError:
        raise ConfigError([f"{path.name}: not UTF-8 text; save it in UTF-8"]) from None
