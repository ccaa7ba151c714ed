"""Takes out of a text whatever tells whose it is, so that it can be shown to strangers."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import sqlite3
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from urllib.parse import urlsplit

from scrobbled.config import SOURCE_NAMES
from scrobbled.core.services import SERVICES
from scrobbled.desk.doctor.bounded import in_thread
from scrobbled.desk.doctor.patient import Patient
from scrobbled.store.accounts import sign_ins
from scrobbled.store.history import titles
from scrobbled.store.inbox import servers
from scrobbled.store.mirror import library
from scrobbled.store.queue import overview

HOSTS = ("localhost", *(host for service in SERVICES.values() for host in service.hosts))
"""Hosts that everybody asks; they and what is below them tell nothing."""
MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
ADDRESS = re.compile(
    r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])|(?<![\w:])(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{0,4}(?![\w:])", re.I
)
TITLES = 500
"""The newest plays; no check names one, but services may quote what they were asked."""
STORED_WITHIN = 10.0
NAMING = ("email", "home_user")
"""Keys of a tracker's section that say who somebody is there."""
LIBRARIES = "libraries"
SHORTEST, SHORTEST_TITLE = 2, 5
"""Characters: shorter titles are words that stand everywhere, and give nobody away."""


class Disguise:
    """Replaces people, hosts, folders and titles by words like ``viewer1``. Case does not matter."""

    def __init__(self, words: Iterable[tuple[str, str]]) -> None:
        """Pairs of a word and what stands for it; the first for a word counts."""
        self._words: dict[str, str] = {}
        for word, alias in words:
            if len(word.strip()) >= SHORTEST:
                self._words.setdefault(word.strip().casefold(), alias)
        longest = sorted(self._words, key=len, reverse=True)
        body = "|".join(map(re.escape, longest))
        self._pattern = re.compile(rf"(?<!\w)(?:{body})(?!\w)", re.IGNORECASE) if longest else None

    def text(self, text: str) -> str:
        text = MAIL.sub("<mail>", text)
        if self._pattern is not None:
            text = self._pattern.sub(lambda match: self._words.get(match[0].casefold(), "<name>"), text)
        return ADDRESS.sub(lambda match: match[0] if match[0] in ("127.0.0.1", "0.0.0.0") else "<address>", text)


async def disguise_of(patient: Patient) -> Disguise:
    """Everything of this configuration and database that tells whose it is.

    A database that does not answer in time is left out: then nothing that it holds was asked or sent either.
    """
    stored: list[tuple[str, str]] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(STORED_WITHIN):
            stored = await in_thread(lambda: _stored(patient))
    return Disguise(chain(_paths(patient), _hosts(patient), _people(patient), stored))


def _paths(patient: Patient) -> Iterator[tuple[str, str]]:
    storage = patient.config.storage
    yield str(patient.database), "<database>"
    for path in (patient.database.parent, storage.backup.folder, patient.config.path, Path.home(), Path.cwd()):
        if path is not None and len(path.parts) > 1:
            yield str(path), "<folder>" if path.suffix == "" else "<file>"
    if patient.config.path is not None:
        yield patient.config.path.name, "<configuration>"


def _hosts(patient: Patient) -> Iterator[tuple[str, str]]:
    config = patient.config
    urls = [url for source in config.sources.values() for url in (source.url, source.account_url)]
    urls += [config.server.public_url, config.metadata.tmdb.url, config.metadata.tmdb.image_url]
    urls += [config.sinks.influx.url if config.sinks.influx else None, config.sinks.mqtt.url]
    urls += [word for viewer in config.viewers for one in viewer.trackers.values() for word in _words(one)]
    urls += [entry.url for entry in config.alerts.urls]
    urls += [proxy if "://" in proxy else f"http://{proxy}" for proxy in urllib.request.getproxies().values()]
    hosts = [urlsplit(url).hostname for url in urls if url and "://" in url]
    own = [socket.gethostname(), config.server.host, *config.server.allowed_hosts]
    for number, host in enumerate(dict.fromkeys(filter(None, [*hosts, *own])), 1):
        if not any(host == known or host.endswith(f".{known}") for known in HOSTS):
            yield host, f"host{number}"


def _words(value: object) -> Iterator[str]:
    """All texts of a section of the configuration, however deep."""
    if isinstance(value, Mapping):
        for one in value.values():
            yield from _words(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _words(one)
    elif isinstance(value, str):
        yield value


def _people(patient: Patient) -> Iterator[tuple[str, str]]:
    libraries = [title for source in patient.config.sources.values() for title in source.libraries]
    for number, viewer in enumerate(patient.config.viewers, 1):
        yield viewer.name, f"viewer{number}"
        for accounts in viewer.accounts.values():
            yield from ((account, f"account{number}") for account in accounts)
        for one in viewer.trackers.values():
            yield from ((str(one.get(key) or ""), f"account{number}") for key in NAMING)
            libraries += [part for title in _words(one.get(LIBRARIES, ())) for part in (title, *title.split("/"))]
        libraries += viewer.libraries
    if patient.config.server.login:
        yield patient.config.server.login.username, "<login>"
    yield from ((title, "<library>") for title in libraries if len(title) >= SHORTEST_TITLE)


def _stored(patient: Patient) -> list[tuple[str, str]]:
    """User names at services, accounts nobody listed, media servers, and titles."""
    found: list[tuple[str, str]] = []
    with contextlib.suppress(sqlite3.Error), patient.reading() as db:
        found += [(name, "<user>") for name in sign_ins.user_names(db)]
        found += [(one.account, "<account>") for one in overview.unclaimed_accounts(db)]
        found += _servers(db)
        accounts = [(viewer.name, name) for viewer in patient.config.viewers for name in viewer.trackers]
        held = (title for account in accounts for title in library.titles(db, account))
        found += [(title, "<library>") for title in held if len(title) >= SHORTEST_TITLE]
        found += [(title, "<title>") for title in titles.names(db, TITLES) if len(title) >= SHORTEST_TITLE]
    return found


def _servers(db: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Some are called like what they are, and that word tells nothing."""
    for number, one in enumerate(servers.listed(db), 1):
        words = (word for word in (one.name, one.server) if word.casefold() not in SOURCE_NAMES)
        yield from ((word, f"server{number}") for word in words)
