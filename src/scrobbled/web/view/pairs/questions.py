"""What runs of pairs leave to decide, for the page: what each side says, or what is to be removed."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from scrobbled.core.words.outcomes import told
from scrobbled.desk import words
from scrobbled.desk.facts.run_words import clock, with_names
from scrobbled.desk.pairs.questions import QuestionStory


class QuestionValue(Struct, frozen=True):
    """What one side says. ``id`` is the way that makes it stand on both, empty where there is none."""

    name: str
    text: str
    id: str


def values(one: QuestionStory, now: datetime) -> list[QuestionValue]:
    """What there is to choose from; nothing where something is to be removed."""
    return [_value(one, name, now) for name in one.pair.split(",")] if one.action in ("rate", "retime") else []


def why(one: QuestionStory) -> str:
    return told(with_names(one.why, one.pair))


def _value(one: QuestionStory, name: str, now: datetime) -> QuestionValue:
    """A side says what it has, and what the other would get from it is the same."""
    wins = next((way for way in one.ways if way.winner == name), None)
    loses = next((way for way in one.ways if way.tracker == name), None)
    text = wins.after if wins else loses.before if loses else ""
    shown = clock(text, now) if one.action == "retime" else text
    return QuestionValue(words.name(name), shown or "nothing", wins.id if wins else "")
