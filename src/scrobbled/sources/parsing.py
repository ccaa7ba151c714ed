"""From the body of a webhook to its events, when it comes and whenever it is read again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog
from msgspec.structs import replace

from scrobbled.core.errors import BadPayload
from scrobbled.core.events import EventKind, PlaybackEvent
from scrobbled.sources import SOURCES
from scrobbled.sources.base import LIBRARY
from scrobbled.sources.body import Body, decode, read_body
from scrobbled.sources.examples import MARK
from scrobbled.sources.fields import text

DEFECT = "a defect of scrobbled kept this from being understood; please report it"
log = structlog.get_logger("ingest")


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
        events = tuple(_from_library(event, title) for event in events)
    return events or (PlaybackEvent(source, EventKind.IGNORED, now, reason="empty"),)


def _from_library(event: PlaybackEvent, title: str) -> PlaybackEvent:
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
