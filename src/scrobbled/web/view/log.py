"""From lines of the log to what stands on its page. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import urlencode

from msgspec import Struct

from scrobbled.desk import words
from scrobbled.plumbing.logbook import LEVELS, LineFilter, LogLine
from scrobbled.web.log_live import LogPage

TONES = {"debug": "calm", "info": "waiting", "warning": "need", "error": "dead", "critical": "dead"}
CHOICES = {"debug": "Debug", "info": "Info", "warning": "Warnings", "error": "Errors"}
STORIES = {"p": "plays/", "e": "events/", "r": "sync/runs/"}
"""Where the story of an id is told, by its letter."""
TITLES = frozenset({"title", "label", "name", "item"})
"""Fields in which "e5" is no id."""
_ID = re.compile(r"(?<![\w.:/-])([per])(\d{1,15})(?![\w.:/-])", re.ASCII)


class FieldPart(Struct, frozen=True):
    """A piece of a field; ``place`` is the address of the story it names, relative to our root, or empty."""

    text: str
    place: str = ""


class LogField(Struct, frozen=True):
    """A field. One ``is_long`` that has lines of its own, like a traceback."""

    name: str
    parts: list[FieldPart]
    is_long: bool


class LogRow(Struct, frozen=True):
    """A line. ``at`` is for machines, ``clock`` for people, ``exact`` for whoever holds the pointer over it."""

    at: str
    clock: str
    exact: str
    level: str
    tone: str
    component: str
    message: str
    fields: list[LogField]


class LogView(Struct, frozen=True):
    """``query`` are the filters as an address has them, ``next`` is where the stream goes on."""

    entries: list[LogRow]
    skipped: str
    wanted: LineFilter
    levels: dict[str, str]
    components: list[str]
    query: str
    next: str
    is_filtered: bool
    hint: str


def page(found: LogPage, wanted: LineFilter, now: datetime, *, lowest: str) -> LogView:
    """``now`` is in the zone of the house; below the level ``lowest`` nothing is logged."""
    query = {"level": wanted.level, "component": wanted.component, "text": wanted.text, "run": wanted.run}
    return LogView(
        entries=[_entry(line, now) for line in found.lines],
        skipped=skipped(found.skipped),
        wanted=wanted,
        levels=CHOICES,
        components=sorted({*found.components, *([wanted.component] if wanted.component else [])}),
        query=urlencode({name: value for name, value in query.items() if value}),
        next=found.next,
        is_filtered=bool(wanted.component or wanted.text or wanted.run or wanted.level not in ("debug", "info")),
        hint=_hint(wanted.level, lowest),
    )


def skipped(count: int) -> str:
    """Empty for none."""
    return f"{words.plural(count, 'older line')} not shown here" if count else ""


def _hint(level: str, lowest: str) -> str:
    if LEVELS.index(level) >= LEVELS.index(lowest):
        return ""
    return f"Lines below {lowest} are not logged; set logging.level to {level} for more."


def _entry(line: LogLine, now: datetime) -> LogRow:
    clock, exact = _times(line.at, now)
    fields = [LogField(name, list(parts(name, value)), "\n" in value) for name, value in line.fields.items()]
    tone = TONES.get(line.level, "calm")
    return LogRow(line.at, clock, exact, line.level, tone, line.component, line.message, fields)


def _times(at: str, now: datetime) -> tuple[str, str]:
    try:
        local = datetime.fromisoformat(at).astimezone(now.tzinfo)
    except ValueError:
        return at[:24], at[:64]
    clock = f"{local:%H:%M:%S}"
    return (clock if local.date() == now.date() else f"{words.date(local, now)}, {clock}"), words.exact(local, now)


def parts(name: str, value: str) -> Iterator[FieldPart]:
    """A value, cut where it names something that has a story."""
    done = 0
    for found in _ID.finditer(value) if name not in TITLES else ():
        if found.start() > done:
            yield FieldPart(value[done : found.start()])
        yield FieldPart(found[0], f"{STORIES[found[1]]}{found[0]}")
        done = found.end()
    if done < len(value) or not value:
        yield FieldPart(value[done:])
