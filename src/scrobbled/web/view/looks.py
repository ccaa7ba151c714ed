"""How states are shown: colour, icon and word, never colour alone."""

from __future__ import annotations

from msgspec import Struct

from scrobbled.core.outcomes import STATES as WORDS
from scrobbled.core.outcomes import PlayOutcome


class Look(Struct, frozen=True):
    tone: str
    icon: str
    word: str


NOT_USED = Look("calm", "minus", "not used yet")
CATCHING_UP = Look("waiting", "clock", "catching up")
STATES = {
    "ok": Look("ok", "check", WORDS["ok"]),
    "new": Look("calm", "clock", WORDS["new"]),
    "down": Look("down", "cloud", WORDS["down"]),
    "sign-in": Look("need", "key", WORDS["sign-in"]),
    "stopped": Look("need", "stop", WORDS["stopped"]),
    "drift": Look("need", "alert", WORDS["drift"]),
}
"""By the state of an account."""
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
