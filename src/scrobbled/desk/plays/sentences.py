"""A story in words, for people who are no programmers: short paragraphs in the order in which things happened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo

from msgspec import Struct

from scrobbled.config import BY_VIEWER
from scrobbled.core.naming.matching import Confidence
from scrobbled.core.naming.names import name
from scrobbled.core.watching.events import EventKind
from scrobbled.core.words.outcomes import ATTEMPTS, EventOutcome, PlayOutcome, told
from scrobbled.desk.plays.story import Amended, Explanation, PlayTold, TrackerStory, ViewingEvent

NOTHING = "Nothing to do."
MOST_CANDIDATES = 5
KINDS = {
    EventKind.START: "playing began",
    EventKind.PAUSE: "paused",
    EventKind.RESUME: "went on",
    EventKind.PROGRESS: "still playing",
    EventKind.STOP: "stopped",
    EventKind.WATCHED: "reported as watched",
    EventKind.UNWATCHED: "marked as not watched",
    EventKind.RATED: "rated",
    EventKind.UNRATED: "rating taken back",
    EventKind.ADDED: "added to the library",
}
_CONFIDENCE = {
    "certain": "That is certain.",
    "likely": "That is likely, though no id or title proves it.",
}


class TextSection(Struct, frozen=True):
    """Some lines below a title."""

    title: str
    lines: list[str]


class Telling(Struct, frozen=True):
    """``to_do`` is never empty: it says so where there is nothing to do."""

    title: str
    lead: str
    sections: list[TextSection]
    to_do: list[str]


def tell(story: Explanation, zone: tzinfo | None = None) -> Telling:
    """Times in ``zone``, by default the one of this machine."""
    when = _Clock(zone)
    sections = [
        TextSection("What came in", list(_events(story, when))),
        TextSection("Who it belongs to", list(_who(story))),
        *(section for play in story.plays for section in _play(play, when)),
        TextSection("What else it changes", [_change(one, when) for one in story.changes]),
        TextSection("The same in codes, for the log, the API and the metrics", list(_codes(story))),
    ]
    return Telling(
        title=story.label or (f"A message from {sender(story.source)}" if story.source else "A play"),
        lead=_lead(story, when),
        sections=[section for section in sections if section.lines],
        to_do=story.to_do or [NOTHING],
    )


class _Clock:
    def __init__(self, zone: tzinfo | None) -> None:
        self._zone = zone

    def __call__(self, iso: str) -> str:
        """ "14 Nov 2026, 21:00:05 +01:00"; what is no time is left as it is."""
        try:
            local = datetime.fromisoformat(iso).astimezone(self._zone)
        except ValueError:
            return iso
        offset = f"{local:%z}"
        return f"{local.day} {local:%b %Y, %H:%M:%S} {offset[:3]}:{offset[3:5]}"


def _lead(story: Explanation, when: _Clock) -> str:
    told_of = [play for play in story.plays if play.id == story.play_id] or story.plays
    if not told_of and story.changes:
        changes = dict.fromkeys(f"{name(one.tracker)}: {one.change}, {one.outcome}" for one in story.changes)
        return f"It is no play, but changes something. {'; '.join(changes)}."
    if not told_of:
        if story.outcome == EventOutcome.ACCEPTED:
            return f"No play came of this yet. {story.why}" if story.why else _unfinished(story)
        return f"No play came of this. {story.why}".strip()
    play = told_of[0]
    watched = f"on {when(play.watched_at)}" if play.watched_at else "at a time nobody knows"
    places = [f"{name(delivery.tracker)}: {_outcome(delivery)}" for delivery in play.deliveries]
    return f"{play.viewer} watched it {watched}. {'; '.join(places) or 'There is no tracker to send it to'}."


def _codes(story: Explanation) -> Iterator[str]:
    """The outcomes and reasons as they are kept, with whatever has the same ones in one line."""
    told_of: dict[tuple[str, str, str], list[str]] = {}
    deliveries = [delivery for play in story.plays for delivery in play.deliveries]
    changes = [*(one for delivery in deliveries for one in delivery.amendments), *story.changes]
    everything: tuple[ViewingEvent | TrackerStory | Amended, ...] = (*story.events, *deliveries, *changes)
    for one in everything:
        told_of.setdefault((one.outcome, one.reason_code, one.reason), []).append(one.id)
    for claim in story.who:
        told_of.setdefault((claim.outcome, claim.reason_code, claim.reason), []).append(f"for {claim.viewer}")
    for (outcome, code, reason), ids in told_of.items():
        codes = f"{outcome}, {code}" if code else outcome
        yield f"{', '.join(dict.fromkeys(ids))}: {codes}{f' ({reason})' if reason else ''}"


def _unfinished(story: Explanation) -> str:
    farthest = max((event.percent for event in story.events if event.percent is not None), default=None)
    needed = min((claim.threshold for claim in story.who if claim.threshold is not None), default=None)
    figures = f" It was stopped or seen at {farthest:.0f} %." if farthest is not None else ""
    counts = f" It counts from {needed:g} % on (threshold)." if needed is not None else ""
    return f"No play came of this yet: nothing says that it was watched to the end.{figures}{counts}"


def _outcome(delivery: TrackerStory) -> str:
    return delivery.outcome.replace("-", " ")


def sender(source: str) -> str:
    """Who told of it; not to be taken for the tracker of the same name."""
    return "a player that speaks to Trakt" if source in BY_VIEWER else name(source)


def _events(story: Explanation, when: _Clock) -> Iterator[str]:
    before = None
    for event in story.events:
        why = "" if before and (before.outcome, before.why) == (event.outcome, event.why) else event.why
        yield _event(event, story, when, why)
        before = event
    if story.more_events:
        yield f"… and at least {story.more_events:,} more like these."
    if replayed := [event.replayed_at for event in story.events if event.is_asked and event.replayed_at]:
        yield f"It was run again on {when(replayed[0])}."
    yield story.body_note


def happened(event: ViewingEvent) -> str:
    """ "paused at 40 %"."""
    kind = KINDS.get(EventKind(event.kind), "") if event.kind in set(EventKind) else ""
    percent = "" if event.percent is None else f" at {event.percent:.0f} %"
    return f"{kind or 'a message'}{percent}"


def unmeasured(event: ViewingEvent) -> str:
    """What is added to an end that counts for nothing, as nobody said how far it was."""
    unknown = event.kind == EventKind.STOP and event.percent is None and not event.plays
    return ", and nobody said how far it was" if unknown and event.outcome == EventOutcome.ACCEPTED else ""


def _event(event: ViewingEvent, story: Explanation, when: _Clock, why: str) -> str:
    facts = [happened(event), f"on {event.player}" if event.player and event.player != story.source else ""]
    mark = " (the one you asked about)" if event.is_asked and len(story.events) > 1 else ""
    last = " No end was told after it, so it was taken for the end." if event.was_last else ""
    came = f"{last} This made {' and '.join(event.plays)}." if event.plays else ""
    text = f"{when(event.received_at)} · {event.id}{mark}: {' '.join(filter(None, facts))}{unmeasured(event)}."
    return f"{text} {event.outcome.capitalize()}.{f' {why}' if why else ''}{came}"


def _change(one: Amended, when: _Clock) -> str:
    why = f" {one.why}" if one.why else ""
    return f"{when(one.at)} · At {name(one.tracker)} for {one.viewer}: {one.change} ({one.id}): {one.outcome}.{why}"


def _who(story: Explanation) -> Iterator[str]:
    if story.outcome is None or story.outcome == EventOutcome.UNREADABLE:
        return
    account = f"the account {story.account}" if story.account else "no account"
    told_by = sender(story.source or "")
    told_by = told_by[:1].upper() + told_by[1:]
    yield f"{told_by} named {account}."
    for claim in story.who:
        names = f" (as {', '.join(claim.listed_as)})" if claim.listed_as else ""
        lists = (
            f"The viewer {claim.viewer} lists it{names}."
            if claim.claims
            else f"The viewer {claim.viewer} listed it then, and no longer does."
        )
        differs = (claim.outcome, claim.reason) != (story.outcome, story.reason)
        decided = f"For {claim.viewer} it was {claim.outcome}. {claim.why}" if differs else ""
        yield f"{lists} {decided}".strip()
    if story.account and not story.who:
        yield "No viewer lists it."


def _play(play: PlayTold, when: _Clock) -> Iterator[TextSection]:
    watched = when(play.watched_at) if play.watched_at else "nobody knows when"
    lines = [f"Watched: {watched}. Received: {when(play.received_at)}."]
    if not play.deliveries:
        lines.append(f"{play.viewer} has no tracker to send it to.")
    yield TextSection(f"{play.viewer}'s play {play.id}", lines)
    for delivery in play.deliveries:
        title = f"At {name(delivery.tracker)} for {play.viewer} ({delivery.id})"
        yield TextSection(title, list(_delivery(delivery, when)))


def _delivery(delivery: TrackerStory, when: _Clock) -> Iterator[str]:
    yield f"{_outcome(delivery).capitalize()}.{f' {delivery.why}' if delivery.why else ''}"
    if delivery.confidence == Confidence.UNSURE:
        yield "Not matched: what is known is not sure enough to send anything."
    elif delivery.confidence:
        yield f"{matched(delivery.method)}. {_CONFIDENCE.get(delivery.confidence, '')}"
    if delivery.place:
        yield f"Where it belongs: {delivery.place}."
    if delivery.candidates:
        yield f"It may be: {'; '.join(candidate(found) for found in delivery.candidates[:MOST_CANDIDATES])}."
    yield from rewatch(delivery)
    for attempt in delivery.attempts:
        words = ATTEMPTS.get(attempt.outcome, told(attempt.outcome))
        detail = told(attempt.detail)
        yield f"{when(attempt.at)} · {words}{f' {detail}' if detail and detail != delivery.why else ''}"
    for one in delivery.amendments:
        why = f" {one.why}" if one.why and one.why != delivery.why else ""
        yield f"{when(one.at)} · {one.change.capitalize()} ({one.id}): {one.outcome}.{why}"
    yield from _end(delivery, when)


def matched(method: str | None) -> str:
    """ "Matched by title and year, then number"."""
    if not method:
        return "Matched"
    return f"Matched: {method}" if "show by " in method else f"Matched by {method}"


def rewatch(delivery: TrackerStory) -> Iterator[str]:
    """Whether it counts as a rewatch there, where that is known."""
    if delivery.confidence is None or delivery.outcome not in (PlayOutcome.QUEUED, PlayOutcome.DELIVERED):
        return
    if not delivery.rewatch:
        yield "It is the first viewing we know of, so it does not count as a rewatch."
    elif delivery.rewatch_of:
        yield f"It counts as a rewatch, as it was watched before (play {delivery.rewatch_of})."
    else:
        yield "It counts as a rewatch, as it was watched before."


def _end(delivery: TrackerStory, when: _Clock) -> Iterator[str]:
    if delivery.seconds is not None:
        handle = f" There it has the id {delivery.remote_id}." if delivery.remote_id else ""
        yield f"It took {span(delivery.seconds)} from the message to {name(delivery.tracker)}.{handle}"
    if delivery.trouble:  # then nothing is tried before that is over
        if not delivery.needs_a_person:
            yield delivery.trouble
    elif delivery.outcome in (PlayOutcome.QUEUED, PlayOutcome.PARKED) and delivery.next_at:
        yield f"The next try is on {when(delivery.next_at)}, or before that with scrobbled queue retry {delivery.id}."


def candidate(found: dict[str, object]) -> str:
    """What a play may be: "Harbour Lights (2019) S2 E5, TMDB 1399, title"."""
    year = f" ({found['year']})" if found.get("year") else ""
    place = f" S{found['season']} E{found['number']}" if {"season", "number"} <= found.keys() else ""
    tmdb = f", TMDB {found['tmdb']}" if found.get("tmdb") else ""
    why = f", {found['why']}" if found.get("why") else ""
    return f"{found.get('title', 'without a title')}{year}{place}{tmdb}{why}"


def span(seconds: float) -> str:
    """ "14 days", "1 hour", "less than a second"."""
    for size, unit in ((86_400.0, "day"), (3_600.0, "hour"), (60.0, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
    return f"{seconds:.0f} seconds" if seconds >= 1.5 else "1 second" if seconds >= 1 else "less than a second"


def text(telling: Telling, messages: Sequence[TextSection] = ()) -> str:
    """As a terminal shows it: the answer first, then what there is to do; ``messages`` come last."""
    parts = [telling.title, telling.lead, _to_do(telling.to_do)]
    for section in (*telling.sections, *messages):
        parts.append("\n".join([section.title, *(f"  {line}" for line in section.lines)]))
    return "\n\n".join(parts)


def _to_do(steps: Sequence[str]) -> str:
    if list(steps) == [NOTHING]:
        return NOTHING
    return "\n".join(f"What to do: {step}" for step in steps)
