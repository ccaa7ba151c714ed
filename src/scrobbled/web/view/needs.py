"""What only a person can decide: one card each, with the answer as one or two buttons."""

from __future__ import annotations

import shlex
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from scrobbled.core.outcomes import UNDATED, PlayOutcome, advised, told
from scrobbled.floods import FloodStory
from scrobbled.summary import AccountStatus, QueuedChange
from scrobbled.web.desk import NEEDS_YOU, Facts
from scrobbled.web.view import words


@dataclass(frozen=True, slots=True)
class Button:
    """Posts ``action`` to the queue; without an id for everything it applies to."""

    action: str
    label: str


@dataclass(frozen=True, slots=True)
class NeedCard:
    """``id`` is the change, empty for an account."""

    id: str
    play_id: str
    tone: str
    icon: str
    code: str
    question: str
    about: str
    reason: str
    candidates: list[str]
    button: Button | None
    may_drop: bool
    command: str = ""
    """What says more than a button can."""
    many: bool = False


@dataclass(frozen=True, slots=True)
class Needs:
    cards: list[NeedCard]
    more: int
    """How many are not shown."""
    for_all: list[Button]


def needs(facts: Facts, active: Collection[tuple[str, str]]) -> Needs:
    accounts = [_account(row) for row in facts.glance.trackers if (row.viewer, row.tracker) in active]
    asking = [card for card in accounts if card]
    held = facts.counts.get(PlayOutcome.HELD, 0)
    together = sum(flood.held for flood in facts.floods)
    total = sum(facts.counts.get(state, 0) for state in NEEDS_YOU) - together
    for_all = []
    if total + together - held > 1:
        for_all.append(Button("retry", "Try everything again"))
    held_plays = [card for card in facts.needs if card.state == PlayOutcome.HELD and not card.change]
    dated = sum(card.watched_at is not None for card in held_plays)
    if dated > 1 and not facts.floods:  # nobody shall let a flood go who only wanted to send a few plays
        for_all.append(Button("approve", "Send all that is held"))
    cards = [*asking, *map(_flood, facts.floods), *map(_change, facts.needs)]
    return Needs(cards, max(0, total - len(facts.needs)), for_all)


def _flood(flood: FloodStory) -> NeedCard:
    tracker = words.name(flood.tracker)
    return NeedCard(
        id=flood.id,
        play_id="",
        tone="held",
        icon="pause",
        code=PlayOutcome.HELD,
        question=f"Should {words.plural(flood.held, 'play')} go to {tracker}?",
        about=f"{flood.viewer} · {tracker} · {'; '.join(flood.samples)}" + " …" * (flood.held > len(flood.samples)),
        reason=f"{told(flood.text)} {told(flood.reason)}",
        candidates=[],
        button=Button("approve", "Send them"),
        may_drop=True,
        many=flood.held != 1,
    )


def _account(row: AccountStatus) -> NeedCard | None:
    if row.state not in _ACCOUNTS:
        return None
    icon, question = _ACCOUNTS[row.state]
    tracker = words.name(row.tracker)
    command = f"scrobbled auth {row.tracker} --viewer {shlex.quote(row.viewer)}"
    return NeedCard(
        id="",
        play_id="",
        tone="need",
        icon=icon,
        code=row.state,
        question=question.format(tracker=tracker, viewer=row.viewer),
        about=f"{row.viewer} · {tracker}",
        reason=f"{told(advised(row.state, row.reason, command))} {_KEPT}",
        candidates=[],
        button=Button("retry", "Try again now"),
        may_drop=False,
    )


def _change(change: QueuedChange) -> NeedCard:
    tone, icon, question = _UNDATED if _is_undated(change) else _CHANGES[PlayOutcome(change.outcome)]
    tracker = words.name(change.tracker)
    if change.change and change.outcome == PlayOutcome.HELD:
        question = "Should this be changed at {tracker}?"
    about = f"{change.label} · {change.change}" if change.change else change.label
    return NeedCard(
        id=change.id,
        play_id=change.play_id,
        tone=tone,
        icon=icon,
        code=change.outcome,
        question=question.format(tracker=tracker, label=change.label),
        about=f"{about} · {change.viewer} · {tracker}",
        reason=UNDATED if _is_undated(change) else told(change.reason) or change.next_step,
        candidates=[_candidate(candidate) for candidate in change.candidates],
        button=_button(change),
        may_drop=True,
        command="" if change.change or change.outcome != PlayOutcome.UNMATCHED else _CORRECT.format(id=change.id),
    )


def _button(change: QueuedChange) -> Button | None:
    """What has no date cannot be sent truthfully, so it can only be dropped."""
    if change.outcome == PlayOutcome.HELD:
        return None if _is_undated(change) else Button("approve", "Change it" if change.change else "Send it")
    return Button("retry", "Look again" if change.outcome == PlayOutcome.UNMATCHED else "Try again")


def _is_undated(change: QueuedChange) -> bool:
    return change.outcome == PlayOutcome.HELD and change.watched_at is None and not change.change


def _candidate(candidate: dict[str, Any]) -> str:
    year = f" ({candidate['year']})" if "year" in candidate else ""
    place = f" S{candidate['season']} E{candidate['number']}" if {"season", "number"} <= candidate.keys() else ""
    tmdb = f", TMDB {candidate['tmdb']}" if "tmdb" in candidate else ""
    why = f": {candidate['why']}" if "why" in candidate else ""
    return f"{candidate.get('title', 'without a title')}{year}{place}{tmdb}{why}"


_CORRECT = "scrobbled map set {id} --to ADDRESS"
_KEPT = "Plays are kept and sent when it works again."
_ACCOUNTS = {
    "sign-in": ("key", "{tracker} needs {viewer} to sign in"),
    "stopped": ("stop", "{tracker} has shut {viewer} out"),
    "drift": ("alert", "{tracker} answers in a way we do not know"),
}
_UNDATED = ("held", "pause", "Nobody said when this was watched")
_CHANGES = {
    PlayOutcome.HELD: ("held", "pause", "Should this go to {tracker}?"),
    PlayOutcome.UNMATCHED: ("need", "question", "Which one is this at {tracker}?"),
    PlayOutcome.DEAD: ("dead", "cross", "{tracker} refused this"),
}
