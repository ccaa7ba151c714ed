"""What runs of pairs leave to decide, for the page: what each side says, or what is to be removed."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from scrobbled.core.outcomes import told
from scrobbled.web.questions import QuestionStory, WayStory
from scrobbled.web.view import poster, words
from scrobbled.web.view.wishes import clock, with_names


class Value(Struct, frozen=True):
    """What one side says. ``id`` is the way that makes it stand on both, empty where there is none."""

    name: str
    text: str
    id: str


class WayRow(Struct, frozen=True):
    """One answer to a question about a removal."""

    id: str
    label: str


class QuestionRow(Struct, frozen=True):
    """One question. It has ``values`` to choose from, or ``ways``. ``ids``: to leave it means to drop all of them."""

    id: str
    label: str
    title: str
    seed: str
    art: str
    why: str
    values: list[Value]
    ways: list[WayRow]
    ids: list[str]
    leave: str


def question(one: QuestionStory, now: datetime) -> QuestionRow:
    chooses = one.action in ("rate", "retime")
    return QuestionRow(
        id=one.id,
        label=one.label,
        title=one.title,
        seed=poster.seed(one.title),
        art=one.poster,
        why=told(with_names(one.why, one.pair)),
        values=[_value(one, name, now) for name in one.pair.split(",")] if chooses else [],
        ways=[] if chooses else [_answer(one, way) for way in one.ways],
        ids=[way.id for way in one.ways],
        leave="Leave both as they are" if chooses else "Keep it",
    )


def _value(one: QuestionStory, name: str, now: datetime) -> Value:
    """A side says what it has, and what the other would get from it is the same."""
    wins = next((way for way in one.ways if way.winner == name), None)
    loses = next((way for way in one.ways if way.tracker == name), None)
    text = wins.after if wins else loses.before if loses else ""
    shown = clock(text, now) if one.action == "retime" else text
    return Value(words.name(name), shown or "nothing", wins.id if wins else "")


def _answer(one: QuestionStory, way: WayStory) -> WayRow:
    there = words.name(way.tracker)
    return WayRow(way.id, f"Remove it from {there}" if one.action == "remove" else f"Clear it on {there}")
