"""What a story asks of a person: what is held, unmatched or refused, with the buttons that answer it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.desk import words
from scrobbled.desk.plays.story import Explanation, PlayTold, TrackerStory
from scrobbled.web.view.looks import OUTCOMES, Look

ASKING = {
    PlayOutcome.HELD: "It is kept back until you decide.",
    PlayOutcome.UNMATCHED: "So it was not sent. Say what it is.",
    PlayOutcome.DEAD: "The tracker refused it, and it is not tried again by itself.",
}
"""What only a person can move on, and what that means."""


class Button(Struct, frozen=True):
    """``action`` is of the queue; one that cannot be taken back is asked about first."""

    action: str
    label: str
    is_final: bool = False


class PlayNeed(Struct, frozen=True):
    """What only a person can move on, with its answers. ``correct`` is the id to say of what it is, where that helps.

    ``flood`` holds it together with others.
    """

    title: str
    look: Look
    text: str
    changes: list[str]
    buttons: list[Button]
    correct: str
    flood: str


def asks(told_of: Explanation) -> Iterator[PlayNeed]:
    """What is the same for several trackers is asked once."""
    several = len(told_of.plays) > 1
    for play in told_of.plays:
        alike: dict[tuple[str, str, str | None], list[TrackerStory]] = {}
        for one in play.deliveries:
            if one.outcome in ASKING:
                alike.setdefault((one.outcome, one.why, one.flood), []).append(one)
        for deliveries in alike.values():
            yield _ask(deliveries, play, f" for {play.viewer}" if several else "")


def _ask(deliveries: Sequence[TrackerStory], play: PlayTold, whose: str) -> PlayNeed:
    first, is_dated = deliveries[0], play.watched_at is not None
    text = ASKING[PlayOutcome(first.outcome)]
    if first.outcome == PlayOutcome.HELD and not is_dated:
        text = "Without a date it cannot be sent truthfully. Enter it at the tracker yourself if you like."
    if first.outcome == PlayOutcome.UNMATCHED and not first.why:
        text = f"It is not certain what this is. {text}"
    return PlayNeed(
        title=words.joined([words.name(one.tracker) for one in deliveries]) + whose,
        look=look_of(first),
        text=" ".join(filter(None, (first.why, text))),
        changes=[one.id for one in deliveries],
        buttons=buttons_for(first, is_dated=is_dated),
        correct=_to_correct(deliveries, play),
        flood=(first.flood or "") if first.outcome == PlayOutcome.HELD else "",
    )


def _to_correct(deliveries: Sequence[TrackerStory], play: PlayTold) -> str:
    if deliveries[0].outcome != PlayOutcome.UNMATCHED:
        return ""
    return play.id if len(deliveries) > 1 else deliveries[0].id


def buttons_for(delivery: TrackerStory, *, is_dated: bool) -> list[Button]:
    """``is_dated`` is false where nobody said when it was watched: no approval helps then."""
    drop = Button("drop", "Ignore it", is_final=True)
    if delivery.outcome == PlayOutcome.HELD:
        return [Button("approve", "Send it"), drop] if is_dated else [drop]
    if delivery.outcome == PlayOutcome.UNMATCHED:
        return [Button("retry", "Look again"), drop]
    if delivery.outcome == PlayOutcome.DEAD:
        return [Button("retry", "Try again"), drop]
    if delivery.outcome in (PlayOutcome.QUEUED, PlayOutcome.PARKED):
        return [Button("retry", "Try now")]
    return []


def look_of(delivery: TrackerStory) -> Look:
    """As its outcome is shown everywhere."""
    return Look(*OUTCOMES[PlayOutcome(delivery.outcome)], delivery.outcome.replace("-", " "))
