"""The changes of a run for the page, one by one, and how many of them are alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from scrobbled.core.outcomes import told
from scrobbled.store.outbox import CANCELLED
from scrobbled.web.run_stories import Count, ItemStory
from scrobbled.web.view import deeds, poster, words
from scrobbled.web.view.looks import OUTCOMES, Look
from scrobbled.web.view.moments import Moment, moment
from scrobbled.web.view.wishes import clock


class Chip(Struct, frozen=True):
    """A filter of the changes: how many of a tracker came to an outcome."""

    tracker: str
    outcome: str
    label: str
    look: Look
    count: int


class ItemRow(Struct, frozen=True):
    """One change. ``text`` is what it does, ``look`` what became of it."""

    id: str
    play_id: str | None
    label: str
    title: str
    seed: str
    art: str
    tracker: str
    tone: str
    icon: str
    text: str
    when: Moment | None
    look: Look
    reason: str


def chips(changes: Sequence[Count]) -> list[Chip]:
    """Most of what is alike first."""
    found: dict[tuple[str, str], int] = {}
    for one in changes:
        found[one.tracker, one.outcome] = found.get((one.tracker, one.outcome), 0) + one.count
    rows = sorted(found.items(), key=lambda entry: (-entry[1], entry[0]))
    return [
        Chip(tracker, outcome, f"{words.name(tracker)}: {outcome}", outcome_look(outcome), count)
        for (tracker, outcome), count in rows
    ]


def outcome_look(outcome: str) -> Look:
    known = {str(code): look for code, look in OUTCOMES.items()}
    return Look(*known.get(outcome, ("calm", "minus")), outcome)


def item(one: ItemStory, now: datetime) -> ItemRow:
    sort = deeds.SORTS.get(one.action, deeds.SORTS["add"])
    return ItemRow(
        id=one.id,
        play_id=one.play_id,
        label=one.label,
        title=one.title,
        seed=poster.seed(one.title),
        art=one.poster,
        tracker=words.name(one.tracker),
        tone=sort.tone,
        icon=sort.icon,
        text=does(one.action, one.before, one.after, now),
        when=moment(one.watched_at, now),
        look=outcome_look(one.outcome),
        reason=told(one.reason) if one.outcome not in ("delivered", "queued") and one.reason != CANCELLED else "",
    )


def does(action: str, before: str, after: str, now: datetime) -> str:
    """What a change does, where its icon and its time do not say all: "rating 6 to 8"."""
    if action == "rate":
        return f"rating {before} to {after}" if before else f"rating {after}"
    if action == "unrate":
        return f"rating {before} is cleared"
    if action == "retime":
        return f"{clock(before, now)} to {clock(after, now)}"
    return {"remove": "the play is removed", "flag": "marked as rewatch", "tick": "ticked off"}.get(
        action, "play added"
    )
