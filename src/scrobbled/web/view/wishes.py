"""How a pair, and what somebody wants of a run other than the settings say, is told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from scrobbled.web.view import words


def between(pair: str) -> str:
    """ "Trakt and Serializd"."""
    return words.joined([words.name(name) for name in pair.split(",")])


def asked_for(options: Mapping[str, object], pair: str) -> str:
    """What was other than the configuration says, for this once: "only ratings, Trakt to Serializd"."""
    parts = []
    kinds = options.get("kinds")
    if isinstance(kinds, list | tuple) and kinds:
        parts.append(f"only {words.joined([str(kind) for kind in kinds])}")
    if direction := str(options.get("direction", "")):
        parts.append(direction_words(direction, pair))
    if conflict := str(options.get("conflict", "")):
        parts.append(conflict_words(conflict))
    if options.get("full"):
        parts.append("everything was read")
    return ", ".join(parts)


def direction_words(direction: str, pair: str) -> str:
    """ "both ways", "only Trakt to Serializd"."""
    if direction == "both":
        return "both ways"
    a, b = pair.split(",")
    here, there = (a, b) if direction.startswith(f"{a}-to-") else (b, a)
    return f"only {words.name(here)} to {words.name(there)}"


def conflict_words(conflict: str) -> str:
    """Who wins where both sides changed."""
    if conflict == "ask":
        return "you are asked"
    return "the newer one wins" if conflict == "newest-wins" else f"{words.name(conflict.removesuffix('-wins'))} wins"


def clock(text: str, now: datetime) -> str:
    """A time as plans tell it, to the minute and in UTC, in the zone of the house; any other text as it is."""
    try:
        at = datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    except ValueError:
        return text
    return words.since(at, now)
