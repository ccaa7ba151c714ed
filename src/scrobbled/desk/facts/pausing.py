"""A pause of delivery, as command, API and page tell it."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from scrobbled.store.file.codec import iso, iso_or_none
from scrobbled.store.queue.pausing import Pause

KEPT = "Plays are taken and kept, and go out after that."
LENGTHS = {"hour": 3_600.0, "day": 86_400.0, "week": 7 * 86_400.0, "open": None}
"""How long people pause, in seconds, by the word of a form; ``None`` is until they say otherwise."""


class PauseStory(Struct, frozen=True):
    """Since when, and until when; without ``until`` it lasts until somebody ends it."""

    since: str
    until: str | None


class Paused(Struct, frozen=True):
    """Whether delivery is paused: ``pause`` is ``None`` where it is not."""

    pause: PauseStory | None


def story(found: Pause | None) -> PauseStory | None:
    return None if found is None else PauseStory(iso(found.since), iso_or_none(found.until))


def sentence(found: PauseStory | None, clock: Callable[[str], str], what: str = "Delivery is") -> str:
    """ "Delivery is paused until 19:40"; ``clock`` tells an instant (ISO 8601). Empty where nothing is paused."""
    if found is None:
        return ""
    until = clock(found.until) if found.until else ""
    return f"{what} paused until {until}" if until else f"{what} paused"
