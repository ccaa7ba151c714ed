"""The changes of a run for the page, one by one, and how many of them are alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from scrobbled.core.kinds import KINDS, KindEntry, KindShape
from scrobbled.core.sending.change import WITHOUT_DATE
from scrobbled.core.words.outcomes import PlayOutcome, told
from scrobbled.core.words.reasons import Code
from scrobbled.desk import words
from scrobbled.desk.facts.pairs import ChangeCount
from scrobbled.desk.facts.run_words import clock
from scrobbled.store.notes.shelf import LineStory
from scrobbled.store.queue.run_items import ItemStory
from scrobbled.web.view.looks import OUTCOMES, Look
from scrobbled.web.view.pairs import deeds


class OutcomeFilter(Struct, frozen=True):
    """A filter of the changes: how many of a tracker came to an outcome."""

    tracker: str
    outcome: str
    label: str
    look: Look
    count: int


def chips(changes: Sequence[ChangeCount]) -> list[OutcomeFilter]:
    """Most of what is alike first."""
    found: dict[tuple[str, str], int] = {}
    for one in changes:
        found[one.tracker, one.outcome] = found.get((one.tracker, one.outcome), 0) + one.count
    rows = sorted(found.items(), key=lambda entry: (-entry[1], entry[0]))
    return [
        OutcomeFilter(tracker, outcome, f"{words.name(tracker)}: {outcome}", outcome_look(outcome), count)
        for (tracker, outcome), count in rows
    ]


def outcome_look(outcome: str) -> Look:
    known = {str(code): look for code, look in OUTCOMES.items()}
    return Look(*known.get(outcome, ("calm", "minus")), outcome)


def tone(one: ItemStory) -> str:
    """Of what it does, once that was done."""
    return deeds.sort(one.action).tone if one.outcome == PlayOutcome.DELIVERED else "calm"


def reason(one: ItemStory) -> str:
    """Why it came to what it did, where that does not say it all."""
    return told(one.reason) if one.outcome not in ("delivered", "queued") and one.reason_code != Code.CANCELLED else ""


def does(one: ItemStory | LineStory, now: datetime) -> str:
    """What a change is to do, whether or not it was done, where icon and time do not say all: "rating 6 to 8"."""
    kind = KINDS[one.kind]
    if kind.shape is not KindShape.RECORDS:
        return _gives(kind, one)
    if one.action == "retime":
        return f"{clock(one.before, now)} to {clock(one.after, now)}"
    others = {"remove": "remove the play", "flag": "mark as rewatch", "tick": "tick off", "untick": "untick"}
    told = others.get(one.action, "add the play")
    return f"{told} {WITHOUT_DATE}" if one.action == "add" and _at(one) is None else told


def _at(one: ItemStory | LineStory) -> str | None:
    return one.at if isinstance(one, LineStory) else one.watched_at


def _gives(kind: KindEntry, one: ItemStory | LineStory) -> str:
    """What is done to a value."""
    if one.action == kind.cleared:
        return f"clear {kind.held} {one.before}" if kind.shape is KindShape.REGISTER else f"no longer {kind.held}"
    return f"{kind.held} {one.before} to {one.after}" if one.before else f"{kind.held} {one.after}".rstrip()
