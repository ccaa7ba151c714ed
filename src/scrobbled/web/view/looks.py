"""How states are shown: colour, icon and word, never colour alone."""

from __future__ import annotations

from msgspec import Struct

from scrobbled.core.standing import Standing
from scrobbled.core.words.outcomes import PlayOutcome


class Look(Struct, frozen=True):
    tone: str
    icon: str
    word: str


ICONS = {
    "ok": "check",
    "in-step": "check",
    "new": "clock",
    "down": "cloud",
    "sign-in": "key",
    "stopped": "stop",
    "drift": "alert",
    "unused": "minus",
    "catching-up": "clock",
    "asks": "alert",
    "parked": "clock",
    "off": "minus",
    "unreadable": "minus",
    "comparing": "sync",
    "plan": "alert",
    "refused": "stop",
    "failed": "cloud",
    "incomplete": "alert",
    "cancelled": "undo",
    "part": "clock",
    "doubted": "alert",
    "overdue": "clock",
    "empty": "sync",
    "paused": "pause",
}
"""By the code of a standing."""


def stands(found: Standing) -> Look:
    """How an account, a pair or the house stands."""
    return Look(found.tone, ICONS[found.code], found.word)


OUTCOMES = {
    PlayOutcome.QUEUED: ("waiting", "clock"),
    PlayOutcome.DELIVERED: ("ok", "check"),
    PlayOutcome.ALREADY_THERE: ("ok", "checks"),
    PlayOutcome.ECHO: ("ok", "checks"),
    PlayOutcome.UNWANTED: ("calm", "minus"),
    PlayOutcome.HELD: ("held", "pause"),
    PlayOutcome.PARKED: ("waiting", "clock"),
    PlayOutcome.UNMATCHED: ("need", "question"),
    PlayOutcome.DEAD: ("dead", "cross"),
    PlayOutcome.UNDONE: ("calm", "undo"),
}
"""Tone and icon; the word is the code itself, the same as everywhere."""
