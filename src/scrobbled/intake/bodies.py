"""The events in stored bodies, by today's parser."""

from __future__ import annotations

from collections.abc import Sequence

from scrobbled.core.errors import BadPayload
from scrobbled.core.watching.events import PlaybackEvent
from scrobbled.sources.parsing import parsed_again
from scrobbled.store.file.codec import instant
from scrobbled.store.inbox.archive import StoredEvent

KEPT = 64
"""Parsed bodies that are remembered, as the events of one webhook are met one by one."""


class Bodies:
    """Reads each body once, although the events in it are asked for one by one."""

    def __init__(self) -> None:
        self._parsed: dict[int, Sequence[PlaybackEvent] | BadPayload] = {}

    def events(self, stored: StoredEvent) -> Sequence[PlaybackEvent]:
        """All that are in the body ``stored`` came in; raises ``BadPayload``."""
        found = self._parsed.get(stored.webhook)
        if found is None:
            found = self._parsed[stored.webhook] = _parsed(stored)
            if len(self._parsed) > KEPT:
                self._parsed.pop(next(iter(self._parsed)))
        if isinstance(found, BadPayload):
            raise found
        return found

    def event(self, stored: StoredEvent) -> PlaybackEvent | None:
        """``None`` where the body is gone, cannot be read, or holds no such event any more."""
        if stored.raw is None:
            return None
        try:
            events = self.events(stored)
        except BadPayload:
            return None
        return events[stored.part] if stored.part < len(events) else None


def event_in(stored: StoredEvent) -> PlaybackEvent | None:
    """What is in it; ``None`` where that cannot be told any more."""
    return Bodies().event(stored)


def _parsed(stored: StoredEvent) -> Sequence[PlaybackEvent] | BadPayload:
    try:
        return parsed_again(stored.source, stored.raw or "", instant(stored.received_at))
    except BadPayload as error:
        return error
