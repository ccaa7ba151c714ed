"""A Jellyfin library as a tracker: what one person watched and rated there."""

from __future__ import annotations

from scrobbled.clients.mediabrowser import DIALECTS
from scrobbled.trackers.base import Tracker
from scrobbled.trackers.given import Context
from scrobbled.trackers.mediabrowser.tracker import MediaBrowserTracker, able, in_words

__all__ = ["CAN", "build", "in_words"]

CAN = able("jellyfin", "your Jellyfin server")


def build(context: Context) -> Tracker:
    """The tracker of one viewer. Asks nobody anything yet."""
    return MediaBrowserTracker(DIALECTS["jellyfin"], CAN, context)
