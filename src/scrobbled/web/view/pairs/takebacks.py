"""What taking a run back would do, for the page."""

from __future__ import annotations

from collections import Counter

from msgspec import Struct

from scrobbled.desk import words
from scrobbled.desk.pairs.lines import RunProgress
from scrobbled.desk.undo import UndoReport
from scrobbled.desk.undo.steps import UndoStep

SHOWN = 100
WORDS = {
    "remove": ("minus", "dead", "taken back from {there}"),
    "restore": ("undo", "waiting", "set back at {there}"),
    "drop": ("minus", "calm", "not sent to {there} any more"),
    "wait": ("clock", "waiting", "being sent to {there}, and taken back after that"),
    "under-way": ("clock", "waiting", "being taken back from {there} already"),
    "leave": ("check", "calm", "left as it is on {there}"),
}
"""By action of a step: icon, tone, and what becomes of it."""
OF_STATES = {
    "delivered": "remove",
    "queued": "drop",
    "parked": "drop",
    "unmatched": "drop",
    "dead": "drop",
    "held": "drop",
}
"""What becomes of a change in such a state, where there are too many to look at each."""


class Total(Struct, frozen=True):
    icon: str
    tone: str
    text: str


class UndoPage(Struct, frozen=True):
    """``button`` is empty where there is nothing to take back; ``more`` are steps that are not shown."""

    totals: list[Total]
    steps: list[UndoStep]
    more: int
    button: str


def page(found: RunProgress, report: UndoReport | None) -> UndoPage:
    """Without ``report`` there are so many changes that they are only counted."""
    steps = report.steps if report else []
    counts = Counter((step.action, step.tracker) for step in steps) if report else _by_state(found)
    does = sum(count for (action, _), count in counts.items() if action in ("remove", "restore", "drop", "wait"))
    return UndoPage(
        totals=[_total(action, tracker, count) for (action, tracker), count in counts.most_common()],
        steps=steps[:SHOWN],
        more=max(0, len(steps) - SHOWN),
        button=f"Take back {words.plural(does, 'change')}" if does else "",
    )


def _by_state(found: RunProgress) -> Counter[tuple[str, str]]:
    counts: Counter[tuple[str, str]] = Counter()
    for one in found.changes:
        action = OF_STATES.get(one.outcome, "leave")
        amended = one.action not in ("add", "tick") and action == "remove"
        counts["restore" if amended else action, one.tracker] += one.count
    return counts


def _total(action: str, tracker: str, count: int) -> Total:
    icon, tone, text = word(action)
    return Total(icon, tone, f"{words.plural(count, 'change')} {text.format(there=words.name(tracker))}")


def word(action: str) -> tuple[str, str, str]:
    """Icon and tone of a step, and what becomes of what it is about."""
    return WORDS.get(action, WORDS["leave"])
