"""Players that tell every second where they are: what says nothing new is not stored each time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from msgspec import Struct

from scrobbled.core.watching.events import EventKind, PlaybackEvent
from scrobbled.plumbing.clock import Clock

EVERY = 60.0
"""Seconds after which such a word is stored again."""
FAR = 5.0
"""Percent: whoever moved farther, or back, was moved by somebody."""
REMEMBERED = 2_000
"""Viewings at once, of which most have long ended."""


class _Last(Struct, frozen=True):
    at: float
    percent: float | None
    event_id: int


class Throttle:
    """Remembers the last stored word of each viewing, in this process only: after a restart one more is stored."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: OrderedDict[str, _Last] = OrderedDict()

    def same_as(self, events: Sequence[PlaybackEvent]) -> int | None:
        """The id of the event that says the same as this webhook; ``None`` where it has to be stored."""
        found = [self._before(event) for event in events]
        ids = [last.event_id for last in found if last is not None]
        return ids[0] if ids and len(ids) == len(events) else None

    def stored(self, events: Sequence[PlaybackEvent], event_id: int) -> None:
        """These were stored, the first as ``event_id``. Whatever is no progress is followed by news."""
        for event in events:
            if event.item is None or event.test:
                continue
            key = event.session_key()
            self._last.pop(key, None)
            if event.kind is EventKind.PROGRESS:
                self._last[key] = _Last(self._clock.monotonic(), event.percent, event_id)
        while len(self._last) > REMEMBERED:
            self._last.popitem(last=False)

    def _before(self, event: PlaybackEvent) -> _Last | None:
        if event.kind is not EventKind.PROGRESS or event.item is None or event.test:
            return None
        last = self._last.get(event.session_key())
        if last is None or self._clock.monotonic() - last.at >= EVERY:
            return None
        if last.percent is None or event.percent is None:
            return last if last.percent is event.percent else None
        return last if 0.0 <= event.percent - last.percent < FAR else None
