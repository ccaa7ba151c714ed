"""Revising the configuration file from afar: read, checked, compared, and put in place as a whole with a copy beside.

Nothing is ever written that is not valid, nor over what somebody else wrote meanwhile.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Hashable, Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path

import yaml
from msgspec import Struct

from scrobbled import config as configuration
from scrobbled.alerts import is_alert_url
from scrobbled.config import Config
from scrobbled.config.guarding import Revision, objections
from scrobbled.config.loading import studied
from scrobbled.config.problems import Problem
from scrobbled.config.replacing import COPY, read, replaced
from scrobbled.config.veil import Veil
from scrobbled.core.errors import NotWritten
from scrobbled.desk.masking import WholeText
from scrobbled.intake.household import impossible, without_effect
from scrobbled.plumbing.redact import Redactor

LARGEST = 128 * 1024
"""Bytes of a file that can be edited here. It is read several times for a page, and real ones have a tenth of that."""
MOST_VALUES = 5_000
MOST_LINES = 5_000
"""Of such a file: reading it takes a moment for each. Real ones have a tenth of that, too."""
_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LINE = re.compile(r"(?=.|\r|\n)([^\r\n]*)(\r\n|\r|\n|\Z)")
_KEY = secrets.token_bytes(32)
"""Of this process: a plain hash of the file would let its secrets be guessed by whoever sees the rest of it."""


class Opened(Struct, frozen=True):
    """The file at one moment. ``locked`` says why it cannot be changed, and is empty where it can."""

    path: Path
    content: bytes
    text: str
    etag: str
    locked: str


class SettingsDraft(Struct, frozen=True):
    """What the file is to say. ``config`` is ``None`` where that is not valid; then there are problems."""

    text: str
    config: Config | None
    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]


class DiffLine(Struct, frozen=True):
    """One line of a comparison, without secrets. ``change`` is ``added``, ``removed`` or empty."""

    number: int | None
    """In the text after; ``None`` for one that is gone."""
    text: str
    change: str


class Meanwhile(NotWritten):
    """Somebody else changed the file. ``etag`` is that of the file as it is now."""

    def __init__(self, etag: str) -> None:
        super().__init__("The file was changed meanwhile, so nothing was saved. Look at what it says now first.")
        self.etag = etag


def opened(path: Path | None) -> Opened:
    """Raises ``NotWritten`` where there is no file, or none that can be read as text."""
    if path is None:
        raise NotWritten("The configuration did not come from a file, so there is nothing to change.")
    content = read(path)
    if len(content) > LARGEST:
        raise NotWritten(f"{path} is larger than {LARGEST // 1024} KB, which is too much to be edited here.")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise NotWritten(f"{path} is not UTF-8 text; save it in UTF-8.") from None
    return Opened(path, content, text, etag(content), _locked(path))


def etag(content: bytes) -> str:
    """Changes with every byte, and with a restart."""
    return hmac.new(_KEY, content, hashlib.sha256).hexdigest()[:24]


def drafted(before: Opened, revision: Revision, environ: Mapping[str, str], in_force: Config) -> SettingsDraft:
    """Looked through as ``scrobbled config check`` does, alert addresses only where they changed.

    What was typed afar must also not tell or send elsewhere what whoever typed it does not know. A webhook's secret
    that is new must be no short one.
    """
    text = revision.text
    if (large := too_large(text)) is not None:
        return SettingsDraft(text, None, (large,), ())
    if found := objections(before.text, revision):  # before anything outside the text is looked at
        return SettingsDraft(text, None, found, ())
    config, problems = studied(text, environ, path=before.path)
    if config is not None and config.alerts.urls != in_force.alerts.urls:
        config, problems = studied(text, environ, path=before.path, check_alert_url=is_alert_url)
    if config is not None and (short := configuration.short_tokens(config, in_force)):
        config, problems = None, short
    if config is not None and (closed := tuple(impossible(config))):
        config, problems = None, closed
    warnings = () if config is None else (*configuration.warnings(config), *without_effect(config))
    return SettingsDraft(text, config, problems, warnings)


def too_large(text: str) -> Problem | None:
    """What is wrong with a text that nobody has to read."""
    for is_so, what in (
        (len(text.encode("utf-8", "replace")) > LARGEST, f"larger than {LARGEST // 1024} KB"),
        (text.count("\n") > MOST_LINES, f"longer than {MOST_LINES:,} lines"),
        (_holds_too_much(text), f"more than {MOST_VALUES:,} names and values"),
    ):
        if is_so:
            return Problem(0, "configuration", f"{what}; this is not a configuration")
    return None


def _holds_too_much(text: str) -> bool:
    """Looked through no farther than that; what is no YAML is told by whoever reads it."""
    try:
        return any(at > MOST_VALUES for at, _ in enumerate(yaml.parse(text, Loader=_PARSER)))
    except (yaml.YAMLError, ValueError):
        return False


def put_down(before: Opened, text: str) -> Path | None:
    """Write it; returns the copy of what was there, ``None`` where nothing changed.

    Raises ``Meanwhile`` where the file is not as it was ``before``, and ``NotWritten`` where it cannot be written.
    """
    now = read(before.path)
    if now != before.content:
        raise Meanwhile(etag(now))
    after = text.encode("utf-8")
    return None if after == now else replaced(before.path, now, after)


def previous(path: Path) -> str | None:
    """The text before the last change that was made by us; ``None`` where there is none."""
    copy = path.resolve().with_name(path.resolve().name + COPY)
    try:
        content = copy.read_bytes() if copy.stat().st_size <= LARGEST else None
        return None if content is None else content.decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def compared(before: str, after: str, redactor: Redactor, *, around: int | None = None) -> list[DiffLine]:
    """All lines of ``after``, with those of ``before`` that are gone; with ``around``, only so many beside a change."""
    old, new = before.splitlines(), after.splitlines()
    old_shown = Veil(before, redactor).lines()
    new_shown = old_shown if after == before else Veil(after, redactor).lines()
    lines: list[DiffLine] = []
    for what, start, end, first, last in _opcodes(old, new):
        if what != "equal":
            lines += [DiffLine(None, WholeText(old_shown[at]), "removed") for at in range(start, end)]
        lines += [
            DiffLine(at + 1, WholeText(new_shown[at]), "" if what == "equal" else "added") for at in range(first, last)
        ]
    return lines if around is None else _near(lines, around)


def as_written(text: str, like: str) -> str:
    """``text`` as a browser sends it, with the line ends of ``like`` and the mark at its beginning.

    A line that stood there before ends as it did; a new one as the first of ``like``.
    """
    old, new = (_LINE.findall(one.removeprefix("\ufeff")) for one in (like, text))
    end = next((end for _, end in old), "\n")
    lines: list[tuple[str, str]] = []
    for what, start, stop, first, last in _opcodes(*([(line, bool(end)) for line, end in one] for one in (old, new))):
        lines += old[start:stop] if what == "equal" else [(line, end if ends else "") for line, ends in new[first:last]]
    return ("\ufeff" if like.startswith("\ufeff") else "") + "".join(line + end for line, end in lines)


def _locked(path: Path) -> str:
    place = path.resolve()
    if not os.access(place, os.W_OK):
        return f"{path} is read-only."
    if not os.access(place.parent, os.W_OK):
        return f"The folder {path.parent} is read-only, so the file in it cannot be replaced."
    return ""


def _opcodes(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[tuple[str, int, int, int, int]]:
    """What is the same at both ends is not compared: that is nearly all of it."""
    most = min(len(old), len(new))
    head = next((at for at in range(most) if old[at] != new[at]), most)
    tail = next((at for at in range(most - head) if old[-1 - at] != new[-1 - at]), most - head)
    found = SequenceMatcher(None, old[head : len(old) - tail], new[head : len(new) - tail]).get_opcodes()
    moved = [(what, a + head, b + head, c + head, d + head) for what, a, b, c, d in found]
    ends = ("equal", len(old) - tail, len(old), len(new) - tail, len(new))
    return [("equal", 0, head, 0, head), *moved, ends]


def _near(lines: Sequence[DiffLine], around: int) -> list[DiffLine]:
    changes = [at for at, line in enumerate(lines) if line.change]
    wanted = {at for change in changes for at in range(change - around, change + around + 1)}
    return [line for at, line in enumerate(lines) if at in wanted]
