"""How far the reading of a run is, in the same words for command, API and page."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from scrobbled.core.naming.names import name
from scrobbled.store.file.codec import iso
from scrobbled.store.mirror.runs import RunStep

UNITS = {
    "history": "pages",
    "diary": "pages",
    "library": "pages of its libraries",
    "marks": "seasons",
    "places": "titles looked up",
}


class StepStory(Struct, frozen=True):
    """How far a run is with one tracker. ``done`` of ``of`` are read, ``None`` where nobody knows of how many.

    ``what`` is ``history``, ``diary``, ``library``, ``marks`` or ``places``. ``seconds_left`` is ``None`` where nobody
    can say. It rests until ``rests_until`` (ISO 8601 in UTC) where the service limits how much may be asked. ``text``
    is all of it in words.
    """

    tracker: str
    what: str
    done: int
    of: int | None
    seconds_left: float | None
    rests_until: str | None
    text: str
    a_second: float | None = None
    """How quickly it goes; ``None`` while it rests, or where nobody can say yet."""


def step_stories(steps: Mapping[str, RunStep], now: float) -> list[StepStory]:
    """``now`` is Unix seconds."""
    return [_told(tracker, step, now) for tracker, step in sorted(steps.items())]


def steps_so_far(steps: Mapping[str, RunStep], now: float) -> str:
    """ "Serializd: 1,200 of 4,167 pages, about 2 minutes left; Trakt: 400 of 400 pages"."""
    return "; ".join(one.text for one in step_stories(steps, now))


def span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 5_400 else f"{seconds / 3_600:.1f} hours"


def rate(a_second: float | None) -> str:
    """ "3.1 a second, "; empty where that is not known."""
    if not a_second:
        return ""
    return f"{a_second:.1f} a second, " if a_second >= 1 else f"{a_second * 60:.0f} a minute, "


def _told(tracker: str, step: RunStep, now: float) -> StepStory:
    until = step.until if step.until is not None and step.until > now else None
    left = None if until is not None else step.left(now)
    told = f"{name(tracker)}: {step.done:,}" + (f" of {step.of:,}" if step.of else "")
    told = f"{told} {UNITS.get(step.what, step.what)}"
    if until is not None:
        told = f"{told}, then a rest of {span(until - now)}, as its limit wants it"
    elif left and left >= 1:
        told = f"{told}, {rate(step.a_second(now))}about {span(left)} left"
    pace = None if until is not None else step.a_second(now)
    rests, seconds = None if until is None else iso(until), None if left is None else round(left, 1)
    return StepStory(tracker, step.what, step.done, step.of, seconds, rests, told, pace and round(pace, 2))
