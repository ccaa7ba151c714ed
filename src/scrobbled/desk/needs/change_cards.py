"""Questions about what is to be sent, changed or removed: one card for all that one answer settles."""

from __future__ import annotations

from msgspec import Struct

from scrobbled.core.kinds import KINDS
from scrobbled.core.words.outcomes import NO_ROOM, UNDATED, PlayOutcome, told
from scrobbled.core.words.reasons import Code
from scrobbled.desk import words
from scrobbled.desk.needs.card import Card, NeedAnswer, about, trackers
from scrobbled.desk.needs.floods import FloodStory
from scrobbled.store.queue.asking import ChangeGroup, Conflicts, Disagreement

FOR_GOOD = "It is then never sent there. This cannot be taken back."
ALL_FOR_GOOD = "They are then never sent there. This cannot be taken back."


def flood_card(story: FloodStory) -> Card:
    tracker = words.name(story.tracker)
    them = "them" if story.held != 1 else "it"
    return Card(
        id=story.id,
        kind="held",
        code=PlayOutcome.HELD,
        tone="held",
        icon="pause",
        question=f"Should {words.plural(story.held, 'play')} go to {tracker}?",
        about=about(story.viewer, tracker),
        text=f"{told(story.text)} {told(story.reason)}",
        answers=(
            NeedAnswer("approve", f"Send {them}"),
            NeedAnswer("drop", f"Leave {them} out", warning=ALL_FOR_GOOD if story.held != 1 else FOR_GOOD),
        ),
        many=story.held,
        samples=tuple(story.samples),
        since=story.began,
    )


def group_card(group: ChangeGroup) -> Card:
    kind, tone, icon = _LOOKS[group.state]
    count, tracker = group.plays, trackers(group.trackers)
    return Card(
        id=group.key,
        kind=kind,
        code=group.state,
        tone=tone,
        icon=icon,
        question=_question(group, count, tracker),
        about=about(words.joined(group.viewers), tracker, words.plural(count, "play") if not group.action else ""),
        text=_text(group),
        answers=_answers(group, count),
        many=group.plays,
        samples=tuple(_without(group.title, label) for label in group.samples),
        title=group.title,
        media=group.media,
        play="" if group.play is None else f"p{group.play}",
    )


def _without(title: str, label: str) -> str:
    """ "S1 E2 Ebb": the title stands above."""
    return label.removeprefix(title).strip(" ·") or label


def _question(group: ChangeGroup, count: int, tracker: str) -> str:
    them = "this" if count == 1 else f"these {count:,}"
    if group.action:
        return _changed(group, count, tracker)
    if group.is_several:
        return f"Which films are these {count:,}?"
    if group.state is PlayOutcome.UNMATCHED:
        return f"Which {'film' if group.media == 'movie' else 'show'} is {group.title}?"
    if group.state is PlayOutcome.PARKED:
        return f"{tracker} does not know {group.title} yet"
    if group.state is PlayOutcome.DEAD:
        return f"{tracker} refused {them}"
    if not group.dated:
        return "When was this watched?" if count == 1 else f"When were {them} watched?"
    return f"Should {them} go to {tracker}?"


def _changed(group: ChangeGroup, count: int, tracker: str) -> str:
    """Of something that a tracker holds already."""
    thing = words.plural(count, KINDS[group.kind].noun[0])
    if group.code == Code.LIST_CLOSED:
        return f"{thing} {'waits' if count == 1 else 'wait'} for room at {tracker}"
    if group.state is PlayOutcome.HELD:
        done = "removed from" if group.action == "remove" else "changed at"
        return f"Should {thing} be {done} {tracker}?"
    if group.state is PlayOutcome.DEAD:
        return f"{tracker} refused to change {thing}"
    found = "cannot be found" if group.state is PlayOutcome.UNMATCHED else "cannot be found yet"
    return f"{group.title} {found} at {tracker}"


def _text(group: ChangeGroup) -> str:
    if group.state is PlayOutcome.HELD and not group.dated:
        return UNDATED
    reason = told(group.reason)
    if group.code == Code.LIST_CLOSED:
        return f"{reason} {NO_ROOM}"
    if group.state is PlayOutcome.PARKED:
        return f"{reason} It is looked up again by itself, less and less often.".strip()
    if group.state is PlayOutcome.UNMATCHED and not group.action:
        return f"{reason} Nothing was sent, and nothing is lost: what you choose is sent at once.".strip()
    return reason


def _answers(group: ChangeGroup, count: int) -> tuple[NeedAnswer, ...]:
    them = {1: "it", 2: "both"}.get(count, f"all {count:,}")
    leave = NeedAnswer("drop", f"Leave {them} out", warning=FOR_GOOD if count == 1 else ALL_FOR_GOOD)
    choose = NeedAnswer("open", "Choose what it is", to=f"correct/{group.names[0]}")
    if group.is_several:  # each is chosen for itself, where they are unfolded
        return NeedAnswer("retry", "Look again"), leave
    if group.state is PlayOutcome.UNMATCHED:
        return choose, NeedAnswer("retry", "Look again"), leave
    if group.state is PlayOutcome.PARKED:
        return NeedAnswer("retry", "Look again now"), choose, leave
    if group.state is PlayOutcome.DEAD:
        missing = group.code == Code.NOT_FOUND
        return (NeedAnswer("retry", f"Try {them} again"), *([choose] if missing and not group.action else []), leave)
    if group.code == Code.LIST_CLOSED:
        return NeedAnswer("retry", "Try again now"), leave
    if group.action == "remove":
        return NeedAnswer("approve", f"Remove {them}"), NeedAnswer("drop", f"Keep {them}")
    if group.action:
        return NeedAnswer("approve", f"Change {them}"), NeedAnswer("drop", "Leave as it is")
    return (NeedAnswer("approve", f"Send {them}"), leave) if group.dated else (leave,)


def conflict_card(found: Conflicts) -> Card:
    one = found.each[0] if len(found.each) == 1 else None
    thing = "time" if found.action == "retime" else "rating"
    which = f"Which {thing} of {one.label} holds?" if one else f"Which {thing}s hold, for {len(found.each):,} titles?"
    return Card(
        id=found.key,
        kind="conflict",
        code=PlayOutcome.HELD,
        tone="held",
        icon="question",
        question=which,
        about=about(found.viewer, trackers(found.trackers)),
        text=_both(one) if one else f"Both sides changed them, and the {thing}s differ.",
        answers=(*_verdicts(found), NeedAnswer("drop", "Leave both as they are")),
        many=len(found.each),
        samples=tuple(each.label for each in found.each[:3]),
    )


def _both(one: Disagreement) -> str:
    """ "Serializd says 6, Trakt says 8."."""
    return ", ".join(f"{words.name(side.tracker)} says {side.before or 'nothing'}" for side in one.choices) + "."


class QuestionSide(Struct, frozen=True):
    """What one tracker says; ``id`` is the amendment by which it holds."""

    id: str
    tracker: str
    says: str


def sides_of(one: Disagreement) -> list[QuestionSide]:
    """Both sides, each with what has to be approved so that it holds: the change of the other one."""
    return [
        QuestionSide(f"a{other.id}", words.name(mine.tracker), mine.before or "nothing")
        for mine in one.choices
        for other in one.choices
        if other.tracker != mine.tracker
    ]


def _verdicts(found: Conflicts) -> tuple[NeedAnswer, ...]:
    """One answer for each side."""
    if len(found.each) > 1:
        return tuple(
            NeedAnswer("approve", f"{words.name(name)}'s, for all {len(found.each):,}", value=name)
            for name in found.trackers
        )
    says = {one.tracker: one.before or "nothing" for one in found.each[0].choices}
    return tuple(
        NeedAnswer("approve", f"{says[name]}, as on {words.name(name)}", value=name) for name in found.trackers
    )


_LOOKS = {
    PlayOutcome.UNMATCHED: ("match", "need", "question"),
    PlayOutcome.DEAD: ("refused", "dead", "cross"),
    PlayOutcome.HELD: ("held", "held", "pause"),
    PlayOutcome.PARKED: ("waiting", "waiting", "clock"),
}
