"""The first start: where there is no configuration yet, people are led to one, step by step.

The file is written as they go, so that they can stop at any time and go on later, also after a restart.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from scrobbled.config import Config, ServerConfig, StorageConfig, find_config, preset
from scrobbled.config.changing import Append, Put, changed
from scrobbled.config.loading import PLACES, is_there
from scrobbled.config.plain import plain
from scrobbled.config.spelling import member
from scrobbled.core.errors import ConfigError
from scrobbled.intake.household import is_destination

HEADER = """\
# scrobbled: the configuration, as the guided set-up wrote it.
#
# Change it as you like, here or on the page under Settings: it is taken up within seconds. "scrobbled config check"
# tells what is wrong, "scrobbled config show" lists every setting and where its value comes from.
#
# ${NAME} is replaced from the environment, and any key also works with _file appended (password_file: /run/secrets/x).
"""
COMMENTS = {
    "server": "Who may open the page and the API. The password is kept as a hash.",
    "storage": "One SQLite file holds everything.",
    "sources": "What reports to us. Each opens POST /webhooks/<source>/<token>; the token is the secret in it.",
    "viewers": "The people. accounts: under which names a source knows them; trackers: where their plays go.",
}
LETTERS = "BCDFGHJKLMNPQRSTVWXZ23456789"
"""Without vowels and look-alikes: somebody types them on a phone."""
CODE_LENGTH = 8
PORT = "SCROBBLED_PORT"


class SetupStep(StrEnum):
    """In their order."""

    PASSWORD = "password"
    YOU = "you"
    TRACKERS = "trackers"
    SERVER = "server"
    EVENT = "event"


def place(explicit: str | Path | None, environ: Mapping[str, str], places: Sequence[Path] = PLACES) -> Path | None:
    """Where the first configuration is to be; ``None`` where there is one already, be it right or wrong."""
    try:
        found = find_config(explicit, environ, places)
    except ConfigError:
        return next((one for one in places if is_there(one.parent)), places[-1])
    _refuse_a_slip(found)
    return found if is_empty(found) and found.parent.is_dir() else None


def _refuse_a_slip(named: Path) -> None:
    """A file that was named and is not there, beside another configuration, is a typing mistake.

    Raises ``ConfigError``, so that no second set-up begins beside the real one.
    """
    if is_there(named):
        return
    try:
        others = sorted(one.name for one in named.parent.glob("*.y*ml"))
    except OSError:
        return
    if others:
        raise ConfigError([f"There is no {named}, but there is {' and '.join(others)} beside it. Check the path."])


def is_empty(path: Path) -> bool:
    """Whether there is no such file, or nothing in it but blanks and comments.

    One that cannot be read is not empty: loading it tells what is wrong.
    """
    try:
        lines = (line.strip() for line in path.read_bytes().splitlines())
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return not any(line and not line.startswith(b"#") for line in lines)


def first(path: Path, environ: Mapping[str, str]) -> Config:
    """The configuration to begin with: nobody is let in but from this machine, and nothing is sent anywhere.

    Home Assistant's options count already; raises ``ConfigError`` where they are wrong. ``SCROBBLED_PORT`` says where
    to listen; the database is beside the file where its usual folder is missing.
    """
    usual = StorageConfig().path
    fits = usual.parent.is_dir() and os.access(usual.parent, os.W_OK)
    port = environ.get(PORT, "")
    said = preset(environ)
    return replace(
        said,
        path=path,
        server=replace(said.server, port=int(port)) if re.fullmatch(r"[1-9]\d{0,4}", port, re.ASCII) else said.server,
        storage=StorageConfig(path=usual if fits else path.resolve().parent / usual.name),
    )


def beginning(config: Config) -> str:
    """The text of the file before anything was said."""
    text = HEADER
    if config.storage.path != StorageConfig().path:
        text = _with_section(text, "storage", {"path": literal(str(config.storage.path))})
    if config.server.port != ServerConfig().port:
        text = _with_section(text, "server", {"port": str(config.server.port)})
    return text


def code() -> str:
    """A fresh one-time code, by which somebody who reads the log is let in from another machine."""
    return "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))


def steps_done(config: Config, heard: bool) -> frozenset[SetupStep]:
    """``heard`` says that some source has reported something real."""
    facts = {
        SetupStep.PASSWORD: config.server.login is not None,
        SetupStep.YOU: bool(config.viewers),
        SetupStep.TRACKERS: any(is_destination(name) for viewer in config.viewers for name in viewer.trackers),
        SetupStep.SERVER: bool(config.sources),
        SetupStep.EVENT: heard,
    }
    return frozenset(step for step, is_done in facts.items() if is_done)


def next_step(done: frozenset[SetupStep]) -> SetupStep | None:
    """The first that is not done; ``None`` where all are."""
    return next((step for step in SetupStep if step not in done), None)


def with_login(text: str, username: str, password: str) -> str:
    """``password`` may be a hash. All of these raise ``NotWritten`` where the text cannot be added to."""
    login = {"username": literal(username), "password": literal(password)}
    if _at(text, "server"):
        return changed(text, [Put(("server", "login"), login)])
    return _with_section(text, "server", {"login": login})


def with_viewer(text: str, name: str) -> str:
    entry = {"name": literal(name)}
    if _at(text, "viewers"):
        return changed(text, [Append(("viewers",), entry)])
    return _with_section(text, "viewers", [entry])


def with_tracker(text: str, at: int, tracker: str, settings: Mapping[str, str]) -> str:
    """For the viewer at that place of the list; what stands there already and is not named stays."""
    there = (("viewers", at, "trackers", tracker, key) for key in settings)
    if _at(text, "viewers", at, "trackers", tracker):
        return changed(text, [Put(path, literal(settings[str(path[-1])])) for path in there])
    values = {key: literal(value) for key, value in settings.items()}
    return changed(text, [Put(("viewers", at, "trackers", tracker), values)])


def with_pair(text: str, at: int, pair: Mapping[str, Any]) -> str:
    """One more for the viewer at that place of the list."""
    return changed(text, [Append(("viewers", at, "pairs"), pair)])


def with_source(text: str, source: str, settings: Mapping[str, str]) -> str:
    """Adds the source, or these settings of it."""
    values = {key: literal(value) for key, value in settings.items()}
    if _at(text, "sources", source):
        return changed(text, [Put(("sources", source, key), value) for key, value in values.items()])
    if _at(text, "sources"):
        return changed(text, [Put(("sources", source), values)])
    return _with_section(text, "sources", {source: values})


def with_token(text: str, source: str, viewer: str, token: str) -> str:
    """One for what this viewer's programs tell; opens the source where it is not there."""
    if _at(text, "sources", source, "tokens"):
        return changed(text, [Put(("sources", source, "tokens", viewer), literal(token))])
    values = {"tokens": {viewer: literal(token)}}
    if _at(text, "sources", source):
        return changed(text, [Put(("sources", source, "tokens"), values["tokens"])])
    if _at(text, "sources"):
        return changed(text, [Put(("sources", source), values)])
    return _with_section(text, "sources", {source: values})


def _with_section(text: str, key: str, data: Any) -> str:
    """At the end, below a comment; an empty one of that name makes place for it.

    People stay last: what is added to the last of them later must not stand below the comment of another section.
    """
    if key in (plain(text) or {}):
        return changed(text, [Put((key,), data)])
    break_ = "\r\n" if "\r\n" in text else "\n"
    added = break_.join([f"# {COMMENTS[key]}", *member(key, data, 2, 2)]) + break_
    before, people, after = text.partition(f"# {COMMENTS['viewers']}")
    if people and key != "viewers":
        return f"{before}{added}{break_}{people}{after}"
    return f"{text.rstrip()}{break_ * 2 if text.strip() else ''}{added}"


def _at(text: str, *path: str | int) -> Any:
    node = plain(text)
    for part in path:
        try:
            node = node[part]
        except (KeyError, IndexError, TypeError):
            return None
    return node


def literal(text: str) -> str:
    """As it is written in the file: what is typed does not begin a variable."""
    return text.replace("${", "$${")
