"""What a check found: the words that ``doctor`` and everyone who examines something for it share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from msgspec import Struct, field

CheckValue = str | int | float | bool | None


class CheckVerdict(StrEnum):
    """In the order of what has to be done about it."""

    OK = "ok"
    SKIPPED = "not checked"
    WARNING = "warning"
    PROBLEM = "problem"


class Check(Struct, frozen=True):
    """One thing that was looked at. ``text`` is a sentence, and so is ``next_step`` where there is something to do.

    ``figures`` are numbers and words out of a short list. No check holds a title or a secret.
    """

    name: str
    state: CheckVerdict
    text: str
    next_step: str = ""
    figures: Mapping[str, CheckValue] = field(default_factory=dict)


def ok(name: str, text: str, **figures: CheckValue) -> Check:
    return Check(name, CheckVerdict.OK, text, "", figures)


def skipped(name: str, text: str, next_step: str = "", **figures: CheckValue) -> Check:
    """Not looked at, and ``text`` says why."""
    return Check(name, CheckVerdict.SKIPPED, text, next_step, figures)


def warning(name: str, text: str, next_step: str, **figures: CheckValue) -> Check:
    """It works, and may not go on working."""
    return Check(name, CheckVerdict.WARNING, text, next_step, figures)


def problem(name: str, text: str, next_step: str, **figures: CheckValue) -> Check:
    """It does not work."""
    return Check(name, CheckVerdict.PROBLEM, text, next_step, figures)


def worst(checks: Iterable[Check]) -> CheckVerdict:
    """The most urgent verdict; ``ok`` for none at all."""
    order = list(CheckVerdict)
    return max((check.state for check in checks), key=order.index, default=CheckVerdict.OK)
