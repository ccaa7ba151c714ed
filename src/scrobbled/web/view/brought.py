"""Plays that nobody told us of: they were brought over from a tracker, which holds them already."""

from __future__ import annotations

from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.desk.facts.plays import PlayStory
from scrobbled.desk.plays.story import PlayTold
from scrobbled.trackers import TRACKERS
from scrobbled.web.view.looks import OUTCOMES, Look

LOOK = Look(*OUTCOMES[PlayOutcome.ALREADY_THERE], "there already")
WHY = "It came from there."


def origin(play: PlayStory | PlayTold) -> str:
    """The tracker that it was brought from; empty where it was heard of, or comes from a file."""
    heard = play.event_id is not None or any(delivery.tracker == play.source for delivery in play.deliveries)
    return play.source if play.source in TRACKERS and not heard else ""
