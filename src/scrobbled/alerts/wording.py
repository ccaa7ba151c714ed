"""Troubles in words: one message for all that is to be told at one moment. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from msgspec import Struct

from scrobbled.alerts.troubles import Open
from scrobbled.core.words.troubles import TROUBLE_KINDS

LONGEST_TITLE = 80
LONGEST_TEXT = 1000
"""What the strictest of the common services takes; more would be refused or cut off anywhere."""
LONGEST_PARAGRAPH = 400
MOST_PARAGRAPHS = 6
SAMPLES = 3


class What(Enum):
    """Why something is told."""

    BEGAN = "began"
    BACK = "back"
    STILL = "still"
    OVER = "over"


class TroubleText(Struct, frozen=True):
    """One trouble that is to be told; ``title`` and ``text`` are as things stand now."""

    trouble: Open
    what: What
    title: str
    text: str


class AlertMessage(Struct, frozen=True):
    """What is sent. ``good`` is news of an end."""

    title: str
    text: str
    good: bool


def message(items: Sequence[TroubleText], now: float, root: str, calm: float) -> AlertMessage:
    """``items`` (at least one, all good or all bad) in one message; ``root`` is the page's address, maybe empty."""
    good = items[0].what is What.OVER
    paragraphs = [_paragraph(group, now, calm) for group in _grouped(items)]
    titles = list(dict.fromkeys(_title(item) for item in items))
    others = f", and {len(titles) - 1} more" if len(titles) > 1 else ""
    title = clipped(titles[0], LONGEST_TITLE - len(others)) + others
    if len(paragraphs) == 1 and len(titles) == 1:
        paragraphs = [_sentences(items[0], now, calm)]
    link = _link(items, root)
    return AlertMessage(title, _bounded(paragraphs, link), good)


def clipped(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def span(seconds: float) -> str:
    """ "1 minute", "2 hours", "3 days"; never less than a minute."""
    minutes = max(1, round(seconds / 60))
    if minutes < 120:
        return f"{minutes} minutes" if minutes > 1 else "1 minute"
    return f"{minutes // 60} hours" if minutes < 2880 else f"{minutes // 1440} days"


def _grouped(items: Sequence[TroubleText]) -> list[list[TroubleText]]:
    """By kind and reason where there are many of one; else each by itself. The same words are said once."""
    groups: dict[tuple[str, What], list[TroubleText]] = {}
    for item in items:
        groups.setdefault((item.trouble.kind, item.what), []).append(item)
    result: list[list[TroubleText]] = []
    for group in groups.values():
        different = list({(item.title, item.text): item for item in group}.values())
        result += [different] if len(different) > SAMPLES else [[item] for item in different]
    return result


def _paragraph(group: Sequence[TroubleText], now: float, calm: float) -> str:
    if len(group) == 1:
        return f"{_title(group[0])}: {_sentences(group[0], now, calm)}"
    first = group[0]
    samples = "; ".join(clipped(item.title, LONGEST_TITLE) for item in group[:SAMPLES])
    advice = f" {first.text}" if len({item.text for item in group}) == 1 else ""
    meaning = TROUBLE_KINDS.get(first.trouble.kind, first.trouble.kind)
    intro = "Over" if first.what is What.OVER else "Still" if first.what is What.STILL else "New"
    return f"{intro}, {len(group)} times: {meaning}. {samples} and {len(group) - SAMPLES} more.{advice}"


def _title(item: TroubleText) -> str:
    return f"Still: {item.title}" if item.what is What.STILL else item.title


def _sentences(item: TroubleText, now: float, calm: float) -> str:
    trouble, text = item.trouble, item.text.strip()
    if item.what is What.OVER:
        took = span((trouble.ended_at or now) - trouble.first_seen)
        return f"{text} It took {took}{_came_back(trouble)}."
    if item.what is What.STILL:
        return f"For {span(now - trouble.first_seen)} now{_came_back(trouble)}. {text}"
    if item.what is What.BACK:
        since = span(now - trouble.first_seen)
        return f"It is back, after it began {since} ago. {text} You hear of its end when that holds for {span(calm)}."
    return text


def _came_back(trouble: Open) -> str:
    if not trouble.returns:
        return ""
    return f", and it came back {trouble.returns} times" if trouble.returns > 1 else ", and it came back once"


def _link(items: Sequence[TroubleText], root: str) -> str:
    """The one page where all of it can be seen."""
    places = {item.trouble.link for item in items if item.trouble.link}
    if not root or not places:
        return ""
    return root + (places.pop() if len(places) == 1 else "/")


def _bounded(paragraphs: Sequence[str], link: str) -> str:
    """As many whole paragraphs as there is room for."""
    room = LONGEST_TEXT - len(link) - 40
    shown: list[str] = []
    for paragraph in paragraphs[:MOST_PARAGRAPHS]:
        part = clipped(paragraph, room if len(paragraphs) == 1 else LONGEST_PARAGRAPH)
        if shown and len(part) > room:
            break
        shown.append(part)
        room -= len(part) + 2
    if left := len(paragraphs) - len(shown):
        shown.append(f"And {left} more.")
    return "\n\n".join([*shown, *([link] if link else [])])
