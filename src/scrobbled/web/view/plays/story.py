"""From an explanation to a story: who watched what, a timeline for each tracker, and what can be done. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import Struct, field

from scrobbled.config import BY_VIEWER
from scrobbled.core.naming.matching import Confidence
from scrobbled.core.words.outcomes import ATTEMPTS, EventOutcome, PlayOutcome, told
from scrobbled.desk import words
from scrobbled.desk.facts.plays import PlayStory
from scrobbled.desk.plays.sentences import (
    MOST_CANDIDATES,
    candidate,
    happened,
    matched,
    rewatch,
    sender,
    span,
    unmeasured,
)
from scrobbled.desk.plays.story import Explanation, PlayTold, TrackerStory, ViewerOutcome, ViewingEvent
from scrobbled.web.view import brought, next_steps
from scrobbled.web.view.looks import Look
from scrobbled.web.view.moments import Moment, moment
from scrobbled.web.view.plays.answers import ASKING, Button, PlayNeed, asks, buttons_for, look_of
from scrobbled.web.view.plays.history import place

MOST_TOLD = 6
"""Messages of one viewing that are told one by one; of more, those in the middle are folded."""
_CALM, _OK = ("calm", "minus"), ("ok", "check")
_SETTLED = (PlayOutcome.UNDONE, PlayOutcome.ALREADY_THERE, PlayOutcome.ECHO, PlayOutcome.UNWANTED)
_ATTEMPTS = {
    "delivered": _OK,
    "already-there": ("ok", "checks"),
    "dead": ("dead", "cross"),
    "held": ("held", "pause"),
    "unmatched": ("need", "question"),
    "undone": ("calm", "undo"),
    "unwanted": _CALM,
}
"""Tone and icon of an attempt; any other waits for the next."""


class StoryStep(Struct, frozen=True):
    """One thing that happened, or that was found out; ``notes`` are what is to be known of it."""

    text: str
    tone: str = "calm"
    icon: str = "dot"
    when: Moment | None = None
    notes: list[str] = field(default_factory=list)


class StoryPart(Struct, frozen=True):
    """A piece of the story. ``folded`` steps are shown on demand, ``later`` ones come after them.

    ``change`` is what ``buttons`` are about.
    """

    title: str
    steps: list[StoryStep]
    folded: list[StoryStep] = field(default_factory=list)
    later: list[StoryStep] = field(default_factory=list)
    look: Look | None = None
    change: str = ""
    buttons: list[Button] = field(default_factory=list)


class StoryPage(Struct, frozen=True):
    """``play_id`` is empty where no play came of it. ``to_do`` is for messages that became nothing;
    ``is_asked`` where it is done under Needs you.
    """

    id: str
    play_id: str
    title: str
    place: str
    subtitle: str
    lead: str
    when: Moment | None
    ways: list[tuple[str, Look]]
    to_do: list[str]
    is_asked: bool
    asks: list[PlayNeed]
    parts: list[StoryPart]
    raw: str
    body_note: str
    may_undo: bool
    may_correct: bool


def story(told_of: Explanation, play: PlayStory | None, now: datetime) -> StoryPage:
    """``play`` is the one in question; ``now`` is in the zone of the house."""
    ours = [one for one in told_of.plays if play is None or one.id == play.id] or told_of.plays
    deliveries = [delivery for one in ours for delivery in one.deliveries]
    label = told_of.label or (f"A message from {sender(told_of.source)}" if told_of.source else "A play")
    return StoryPage(
        id=told_of.id,
        play_id=play.id if play else "",
        title=play.title if play else label,
        place=place(play) if play else "",
        subtitle=(play.episode_title or "") if play else "",
        lead=_lead(told_of, ours),
        when=moment(play.watched_at, now) if play else None,
        ways=[*_brought(ours), *((words.name(one.tracker), look_of(one)) for one in deliveries)] if play else [],
        to_do=_to_do(told_of),
        is_asked=not told_of.plays and _is_asked(told_of),
        asks=list(asks(told_of)),
        parts=list(_parts(told_of, now)),
        raw=told_of.raw or "",
        body_note="" if told_of.body == "none" else told_of.body_note,
        may_undo=play is not None and any(one.outcome not in _SETTLED for one in deliveries),
        may_correct=play is not None,
    )


def _brought(ours: Sequence[PlayTold]) -> list[tuple[str, Look]]:
    """Where it was first, and is."""
    origins = dict.fromkeys(origin for one in ours if (origin := brought.origin(one)))
    return [(words.name(origin), brought.LOOK) for origin in origins]


def _lead(told_of: Explanation, ours: Sequence[PlayTold]) -> str:
    if ours:
        people = words.joined(list(dict.fromkeys(one.viewer for one in ours)))
        source = f" with {_source(told_of)}" if told_of.source else ""
        if _is_brought_over(told_of):
            source = f", as {words.name(ours[0].source)} says,"
        return f"{people} watched it{source}" + (" on" if ours[0].watched_at else ", and nobody said when.")
    if told_of.changes:
        return "It is no play, but changes something."
    if told_of.outcome != EventOutcome.ACCEPTED:
        return f"No play came of this. {told_of.why}".strip()
    return "No play came of this yet: nothing says that it was watched to the end."


def _is_brought_over(told_of: Explanation) -> bool:
    """From another tracker or a file, and not told by a media server."""
    return told_of.body == "none" and bool(told_of.plays)


def _source(told_of: Explanation) -> str:
    """Not to be taken for the tracker of the same name."""
    return "a player that speaks to Trakt" if told_of.source in BY_VIEWER else words.name(told_of.source or "")


def _to_do(told_of: Explanation) -> list[str]:
    """Of messages alone: what is to be done about plays has buttons."""
    if told_of.plays or not told_of.to_do:
        return []
    return [next_steps.of_event(EventOutcome.UNCLAIMED)] if _is_asked(told_of) else told_of.to_do


def _is_asked(told_of: Explanation) -> bool:
    """Whose account it is stands under Needs you; of a message without an account nobody is asked."""
    return told_of.outcome == EventOutcome.UNCLAIMED and bool(told_of.account)


def _parts(told_of: Explanation, now: datetime) -> Iterator[StoryPart]:
    heard = [_heard(event, told_of, now) for event in told_of.events]
    heard[:0] = [] if heard else [_nothing_heard(told_of)]
    half = MOST_TOLD // 2
    few = len(heard) <= MOST_TOLD
    yield StoryPart(
        "What came in",
        steps=heard if few else heard[:half],
        folded=[] if few else heard[half:-half],
        later=[] if few else heard[-half:],
    )
    if who := list(_who(told_of)):
        yield StoryPart("Whose it is", who)
    several = len(told_of.plays) > 1
    for play in told_of.plays:
        whose = f" for {play.viewer}" if several else ""
        if not play.deliveries:
            yield StoryPart(f"Trackers{whose}", [StoryStep(f"{play.viewer} has no tracker to send it to.")])
        for delivery in play.deliveries:
            yield _delivery(delivery, whose, now)
    if told_of.changes:
        changes = [
            StoryStep(
                f"{words.name(one.tracker)} for {one.viewer}: {one.change}",
                *_tried(one.outcome),
                _at(one.at, now),
                [one.why],
            )
            for one in told_of.changes
        ]
        yield StoryPart("What else it changes", changes)


def _nothing_heard(told_of: Explanation) -> StoryStep:
    if not _is_brought_over(told_of):
        return StoryStep(told_of.body_note)
    origin = words.name(told_of.plays[0].source)
    return StoryStep(f"No media server told of it. {origin} had it, and it was brought over from there.", icon="sync")


def _heard(event: ViewingEvent, told_of: Explanation, now: datetime) -> StoryStep:
    player = f", on {event.player}" if event.player and event.player != told_of.source else ""
    text = f"{words.name(told_of.source or '')}: {happened(event)}{player}{unmeasured(event)}"
    notes = [] if event.outcome == EventOutcome.ACCEPTED else [event.why or event.outcome]
    if event.was_last:
        notes.append("No end was told after it, so it was taken for the end.")
    if event.replayed_at and (again := _at(event.replayed_at, now)):
        notes.append(f"It was run again on {again.exact}.")
    counts = ("ok", "play") if event.plays else ("calm", "dot")
    return StoryStep(
        f"{text}{'. This made it a play' if event.plays else ''}", *counts, _at(event.received_at, now), notes
    )


def _who(told_of: Explanation) -> Iterator[StoryStep]:
    if told_of.outcome is None or told_of.outcome == EventOutcome.UNREADABLE:
        return
    account = f"The account {told_of.account}" if told_of.account else "A message without an account"
    place = f"{account} on {words.name(told_of.source or '')}"
    for claim in told_of.who:
        yield _claimed(claim, place, told_of)
    if told_of.account and not told_of.who:
        yield StoryStep(f"{place} is listed for nobody, so nothing was sent.", "need", "question")


def _claimed(claim: ViewerOutcome, place: str, told_of: Explanation) -> StoryStep:
    verb = "is" if claim.claims else "was then, and is no longer,"
    text = f"{place} {verb} listed for {claim.viewer}."
    differs = (claim.outcome, claim.reason) != (told_of.outcome, told_of.reason)
    notes = [f"For {claim.viewer} it was {claim.outcome}. {claim.why}".strip()] if differs else []
    return StoryStep(text, icon="person", notes=notes)


def _delivery(delivery: TrackerStory, whose: str, now: datetime) -> StoryPart:
    return StoryPart(
        title=f"{words.name(delivery.tracker)}{whose}",
        steps=[*_matched(delivery), *_attempts(delivery, now), *_amended(delivery, now), _end(delivery, now)],
        look=look_of(delivery),
        change=delivery.id,
        buttons=[] if delivery.outcome in ASKING else buttons_for(delivery, is_dated=True),
    )


def _matched(delivery: TrackerStory) -> Iterator[StoryStep]:
    notes = [f"Where it belongs: {delivery.place}."] if delivery.place else []
    notes += [candidate(found) for found in delivery.candidates[:MOST_CANDIDATES]]
    if delivery.confidence == Confidence.UNSURE:
        text = "It is not sure enough what this is. It may be:" if delivery.candidates else "It was not found."
        yield StoryStep(text, "need", "question", notes=notes)
    elif delivery.confidence:
        sure = "Certain." if delivery.confidence == Confidence.CERTAIN else "Likely, though nothing proves it."
        yield StoryStep(f"{matched(delivery.method)}. {sure}", *_OK, notes=[*notes, *rewatch(delivery)])


def _attempts(delivery: TrackerStory, now: datetime) -> Iterator[StoryStep]:
    last = delivery.attempts[-1:] if delivery.attempts and delivery.attempts[-1].outcome == delivery.outcome else []
    for attempt in delivery.attempts[: -len(last) or None]:  # the last is how it stands, which is told at the end
        detail = told(attempt.detail)
        notes = [detail] if detail and detail != delivery.why else []
        text = ATTEMPTS.get(attempt.outcome, told(attempt.outcome))
        yield StoryStep(text, *_tried(attempt.outcome), _at(attempt.at, now), notes)


def _amended(delivery: TrackerStory, now: datetime) -> Iterator[StoryStep]:
    for one in delivery.amendments:
        notes = [one.why] if one.why and one.why != delivery.why else []
        yield StoryStep(f"{one.change.capitalize()}: {one.outcome}.", *_tried(one.outcome), _at(one.at, now), notes)


def _end(delivery: TrackerStory, now: datetime) -> StoryStep:
    look = look_of(delivery)
    notes = [delivery.why] if delivery.why else []
    if delivery.seconds is not None:
        notes.append(f"It took {span(delivery.seconds)} from the message to {words.name(delivery.tracker)}.")
    if delivery.remote_id and delivery.outcome == PlayOutcome.DELIVERED:
        notes.append(f"There it has the id {delivery.remote_id}.")
    if delivery.trouble:
        notes.append(delivery.trouble)
    elif delivery.outcome in (PlayOutcome.QUEUED, PlayOutcome.PARKED) and (then := _at(delivery.next_at, now)):
        notes.append(f"It is tried again by itself: {then.exact}.")
    return StoryStep(
        f"{look.word[:1].upper()}{look.word[1:]}.", look.tone, look.icon, _at(delivery.settled_at, now), notes
    )


def _tried(outcome: str) -> tuple[str, str]:
    return _ATTEMPTS.get(outcome, ("waiting", "clock"))


def _at(iso: str | None, now: datetime) -> Moment | None:
    return moment(iso, now)
