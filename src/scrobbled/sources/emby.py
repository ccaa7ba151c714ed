"""Emby's webhooks: https://emby.media/support/articles/Webhooks.html"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.errors import BadPayload
from scrobbled.core.events import EventKind, PlaybackEvent
from scrobbled.sources import mediabrowser_polled
from scrobbled.sources.base import Ignored
from scrobbled.sources.body import decode
from scrobbled.sources.fields import is_blank, text
from scrobbled.sources.mediabrowser import (
    MAX_KEY,
    MAX_NAME,
    about,
    account,
    attempt,
    identifier,
    instant,
    lowered,
    marked,
    part,
    rated,
    switch,
    ticks,
)
from scrobbled.sources.times import at

KINDS = {
    "playback.start": EventKind.START,
    "playback.pause": EventKind.PAUSE,
    "playback.unpause": EventKind.RESUME,
    "playback.progress": EventKind.PROGRESS,
    "playback.stop": EventKind.STOP,
    "item.markplayed": EventKind.WATCHED,
    "item.markunplayed": EventKind.UNWATCHED,
    "item.rate": EventKind.RATED,
    "library.new": EventKind.ADDED,
    "library.deleted": EventKind.REMOVED,
}
TESTS = frozenset({"system.webhooktest", "system.notificationtest"})
_FAMILIES = ("playback.", "item.", "library.", "system.", "user.", "plugins.")


class EmbySource(Struct, frozen=True):
    """The ``data`` of an Emby webhook, or the same as the whole body."""

    name: str = "emby"

    def parse(self, payload: Mapping[str, Any], received_at: datetime) -> tuple[PlaybackEvent, ...]:
        """One event for each message, and for each episode of a file that holds several.

        What we read from the server ourselves is taken too, see ``mediabrowser_polled``.

        Reasons for ignoring: ``unsupported`` message, ``test``, ``no item``, ``live tv``, ``type`` (anything but a
        movie or an episode), ``malformed``.
        """
        message = _opened(lowered(payload))
        if "polled" in message:
            return mediabrowser_polled.listed(self.name, message, received_at)
        return parsed(self.name, message, received_at)


def is_dotted(message: Mapping[str, Any]) -> bool:
    """Whether a message, its names in lower case, is called as Emby calls its own (``playback.stop``)."""
    return "metadata" not in message and text(message.get("event")).casefold().startswith(_FAMILIES)


def parsed(source: str, message: Mapping[str, Any], received_at: datetime) -> tuple[PlaybackEvent, ...]:
    """The events of one message, its names in lower case."""
    session = part(message, "session")
    event = PlaybackEvent(
        source=source,
        kind=EventKind.IGNORED,
        occurred_at=received_at.astimezone(UTC),
        account=account(part(message, "user")),
        player=text(session.get("deviceid"), limit=MAX_KEY),
        player_name=text(session.get("devicename"), limit=MAX_NAME),
    )
    return attempt(event, lambda event: _understood(event, message, session))


def _opened(message: dict[str, Any]) -> dict[str, Any]:
    """Relays hand on the form's field ``data`` as a member of an object: as text, or read already."""
    inner = message.get("data")
    if "event" in message or not isinstance(inner, (str, dict)):
        return message
    try:
        return lowered(decode(inner) if isinstance(inner, str) else inner)
    except BadPayload:
        return message


def _understood(
    event: PlaybackEvent, message: Mapping[str, Any], session: Mapping[str, Any]
) -> tuple[PlaybackEvent, ...]:
    name = text(message.get("event")).casefold()
    if name in TESTS:
        raise Ignored("test")
    if name not in KINDS:
        raise Ignored("unsupported")
    item, stated = part(message, "item"), instant(message.get("date"))
    event = replace(event, kind=KINDS[name], duration_ms=ticks(item.get("runtimeticks")) or None)
    if name.startswith("item.mark"):
        event = marked(event, stated)
    elif event.kind is EventKind.RATED:
        event = _rated(at(event, stated), item)
    else:
        event = _played(at(event, stated), part(message, "playbackinfo"), part(session, "playstate"))
    server = identifier(part(message, "server").get("id")) or identifier(item.get("serverid"))
    return about(event, item, server)


def _rated(event: PlaybackEvent, item: Mapping[str, Any]) -> PlaybackEvent:
    """Favouriting is told in the same way, and most of Emby's players can do nothing else."""
    data = part(item, "userdata")
    if is_blank(data.get("rating")):
        raise Ignored("unsupported")
    return rated(event, data["rating"], data.get("isfavorite"))


def _played(event: PlaybackEvent, info: Mapping[str, Any], state: Mapping[str, Any]) -> PlaybackEvent:
    """At the end only ``PlaybackInfo`` counts: the session's ``PlayState`` may be that of the next episode already."""
    position = ticks(info.get("positionticks"))
    if event.kind is EventKind.STOP:
        completed = switch(info.get("playedtocompletion"))
        if completed:
            return replace(event, kind=EventKind.WATCHED, position_ms=position or None)
        return replace(event, position_ms=position, unfinished=completed is False)
    if event.kind not in _PLAYING:
        return event
    position = ticks(state.get("positionticks")) if position is None else position
    paused = event.kind is EventKind.PROGRESS and (switch(info.get("ispaused")) or switch(state.get("ispaused")))
    return replace(event, position_ms=position, kind=EventKind.PAUSE if paused else event.kind)


_PLAYING = frozenset({EventKind.START, EventKind.PAUSE, EventKind.RESUME, EventKind.PROGRESS})
