"""The contract of a source: a media server or player that tells us what happens, and is never asked anything."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from scrobbled.core.events import PlaybackEvent

LIBRARY = "scrobbled-library"
"""A member of a payload that no media server sends: the title of the item's library, which we have asked for."""


class Ignored(Exception):
    """Authentic, but nothing we act on; its text is the reason."""


class Source(Protocol):
    """Turns one decoded webhook into events; pure, so that a stored webhook can be run again at any time.

    ``name`` is the word of the URL and of the configuration. ``parse`` never raises on an object, whatever is in it:
    what we do not act on becomes one event of kind ``IGNORED`` with a short ``reason``. It yields at least one event;
    a file that holds several episodes yields one for each.
    """

    @property
    def name(self) -> str: ...

    def parse(self, payload: Mapping[str, Any], received_at: datetime) -> tuple[PlaybackEvent, ...]:
        """``received_at`` is aware; it is the time of every event for which the source states none."""
        ...
