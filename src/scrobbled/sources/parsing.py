"""From the body of a webhook to its events, when it comes and whenever it is read again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

import structlog
from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.errors import BadPayload
from scrobbled.core.watching.events import EventKind, PlaybackEvent
from scrobbled.core.words.reasons import Code, Reason
from scrobbled.plumbing.fields import text
from scrobbled.sources import SOURCES
from scrobbled.sources.base import LIBRARY
from scrobbled.sources.body import Body, decode, read_body
from scrobbled.sources.examples import MARK

DEFECT = Reason("a defect of scrobbled kept this from being understood; please report it", Code.DEFECT)
log = structlog.get_logger("ingest")


class WebhookMessage(Struct, frozen=True):
    """What a source told, read once: the body as it is stored, and the events in it, of which there is at least one."""

    source: str
    received_at: datetime
    body: Body
    events: Sequence[PlaybackEvent]

    def of_library(self, title: str) -> WebhookMessage:
        """The same, had it named that library: a part of what is stored, so that it holds when that is read again."""
        data = {LIBRARY: title, **self.body.data}
        return replace(self, body=Body(data, json.dumps(data)), events=_from_library(self.events, title))


def understood(source: str, body: Body, now: datetime) -> WebhookMessage:
    """A message that came ``now``. Raises nothing; see ``parsed``."""
    return WebhookMessage(source, now, body, parsed(source, body, now))


def parsed(source: str, body: Body, now: datetime) -> Sequence[PlaybackEvent]:
    """At least one event, whatever a parser thinks of the payload: nothing authentic is turned away."""
    if source not in SOURCES:
        return (PlaybackEvent(source, EventKind.IGNORED, now, reason=f"this version does not understand {source} yet"),)
    try:
        events = SOURCES[source].parse(body.data, now)
    except Exception:
        log.exception("a parser failed; the webhook is kept", action="ingest", source=source)
        events = (PlaybackEvent(source, EventKind.IGNORED, now, reason=DEFECT),)
    if body.data.get(MARK) is True:  # no parser knows of it, and nothing that reads a webhook gets past here
        events = tuple(replace(event, test=True) for event in events)
    if title := text(body.data.get(LIBRARY)):
        events = _from_library(events, title)
    return events or (PlaybackEvent(source, EventKind.IGNORED, now, reason="empty"),)


def _from_library(events: Sequence[PlaybackEvent], title: str) -> tuple[PlaybackEvent, ...]:
    return tuple(_placed(event, title) for event in events)


def _placed(event: PlaybackEvent, title: str) -> PlaybackEvent:
    origin = event.item.origin if event.item else None
    if event.item is None or origin is None or origin.library:
        return event
    return replace(event, item=replace(event.item, origin=replace(origin, library=title)))


def parsed_again(source: str, raw: str, received_at: datetime) -> Sequence[PlaybackEvent]:
    """The events of a stored webhook, by today's parser; raises ``BadPayload`` where the text cannot be read.

    What was refused when it came is stored as it was sent, and may be a form.
    """
    try:
        body = Body(decode(raw), raw)
    except BadPayload:
        body = read_body(None, raw.encode("utf-8", "surrogatepass"))
    return parsed(source, body, received_at)
