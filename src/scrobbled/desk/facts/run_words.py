"""How a pair, and what somebody wants of a run other than the settings say, is told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode

from scrobbled.config.viewing import PairConfig
from scrobbled.desk import words
from scrobbled.reconcile import Options

_LENGTHS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def when(pair: PairConfig) -> str:
    """When the clock runs it: "every 15 minutes", "at 04:30 every day", or that it is run by hand."""
    if pair.schedule is not None:
        return pair.schedule.words
    if pair.every is None:
        return "by hand"
    length, noun = next((one for one in _LENGTHS if pair.every % one[0] == 0), _LENGTHS[-1])
    count = round(pair.every / length)
    return f"every {noun}" if count == 1 else f"every {words.plural(count, noun)}"


def between(pair: str) -> str:
    """ "Trakt and Serializd"."""
    return words.joined([words.name(name) for name in pair.split(",")])


def with_names(text: str, pair: str) -> str:
    """Both sides by the names they give themselves, where a reason has them as they are written in the settings."""
    for side in pair.split(","):
        text = re.sub(rf"(?<![\w.,/-]){re.escape(side)}(?![\w/-]|[.,]\w)", words.name(side), text)
    return text


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
    if library := str(options.get("library", "")):
        parts.append(f"only the library {library}")
    if options.get("correct_dates"):
        parts.append("dates were corrected")
    if options.get("full"):
        parts.append("everything was read")
    return ", ".join(parts)


def address(place: str, query: Mapping[str, str]) -> str:
    """A page of ours, with what is not empty of ``query``."""
    told = urlencode({name: value for name, value in query.items() if value})
    return f"{place}?{told}" if told else place


def fields(options: Options) -> list[tuple[str, str]]:
    """The same wish once more, as fields of a form."""
    told = [
        ("direction", options.direction),
        ("conflict", options.conflict),
        ("full", "yes" if options.full else ""),
        ("library", options.library),
        ("correct_dates", "yes" if options.correct_dates else ""),
    ]
    return [("kind", kind) for kind in options.kinds] + [(name, value) for name, value in told if value]


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
