"""Emby's webhooks: https://emby.media/support/articles/Webhooks.html"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.clients.mediabrowser_rows import instant, switch, ticks
from scrobbled.core.errors import BadPayload
from scrobbled.core.watching.events import Account, EventKind, PlaybackEvent
from scrobbled.core.words.reasons import UNKNOWN_EVENT
from scrobbled.plumbing.fields import identifier, is_blank, lowered, part, text
from scrobbled.sources import mediabrowser_examples, mediabrowser_polled
from scrobbled.sources.base import Ignored, Setup, Source, unknown_form
from scrobbled.sources.body import decode
from scrobbled.sources.examples import Example, ExampleBody
from scrobbled.sources.mediabrowser import MAX_KEY, MAX_NAME, about, account, attempt, marked, rated
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
OTHERS = frozenset({"item.markfavorite", "item.unmarkfavorite"})
_OTHER_FAMILIES = ("system.", "user.", "plugins.", "livetv.", "devices.")
_FAMILIES = ("playback.", "item.", "library.", *_OTHER_FAMILIES)


class EmbySource(Struct, frozen=True):
    """The ``data`` of an Emby webhook, or the same as the whole body."""

    name: str = "emby"

    @property
    def setup(self) -> Setup:
        return SETUP

    def example(self, example: Example) -> ExampleBody:
        return mediabrowser_examples.emby(example)

    def parse(self, payload: Mapping[str, Any], received_at: datetime) -> tuple[PlaybackEvent, ...]:
        """One event for each message, and for each episode of a file that holds several.

        What we read from the server ourselves is taken too, see ``mediabrowser_polled``.

        Reasons for ignoring: ``unsupported`` message, ``unknown event``, an unknown form, ``test``, ``no item``,
        ``live tv``, ``type`` (anything but a movie or an episode), ``malformed``.
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
        account=_account(part(message, "user"), session),
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
        raise _unknown(event.source, message, name)
    item, stated = part(message, "item"), instant(message.get("date"))
    event = replace(event, kind=KINDS[name], duration_ms=ticks(item.get("runtimeticks")) or None)
    if name.startswith("item.mark"):
        event = marked(event, stated)
    elif event.kind is EventKind.RATED:
        event = _rated(at(event, stated), item)
    else:
        event = _played(at(event, stated), message, part(session, "playstate"))
    server = identifier(part(message, "server").get("id")) or identifier(item.get("serverid"))
    return about(event, item, server)


def _unknown(source: str, message: Mapping[str, Any], name: str) -> Ignored:
    if name in OTHERS or name.startswith(_OTHER_FAMILIES):
        return Ignored("unsupported")
    return Ignored(UNKNOWN_EVENT) if "." in name else unknown_form(source, message)


def _rated(event: PlaybackEvent, item: Mapping[str, Any]) -> PlaybackEvent:
    """Favouriting is told in the same way, and most of Emby's players can do nothing else."""
    data = part(item, "userdata")
    if is_blank(data.get("rating")):
        raise Ignored("unsupported")
    return rated(event, data["rating"], data.get("isfavorite"))


def _account(user: Mapping[str, Any], session: Mapping[str, Any]) -> Account:
    """The server names a user; some programs in its form name one in the session alone."""
    found = account(user)
    return found if found.names() else account({"id": session.get("userid"), "name": session.get("username")})


def _played(event: PlaybackEvent, message: Mapping[str, Any], state: Mapping[str, Any]) -> PlaybackEvent:
    """At the end only ``PlaybackInfo`` counts: the session's ``PlayState`` may be that of the next episode already.

    What has no ``PlaybackInfo`` at all is no message of the server, and tells its position where it can.
    """
    info = part(message, "playbackinfo")
    position = ticks(info.get("positionticks"))
    if event.kind is EventKind.STOP:
        if "playbackinfo" not in message:
            position = ticks(state.get("positionticks")) or None
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


SOURCE: type[Source] = EmbySource


SETUP = Setup(
    title="Emby",
    where="Settings, Notifications, Add Notification, Webhooks",
    steps=(
        "In Emby open the menu of your user, Preferences > Notifications, click Add Notification, and choose Webhooks. "
        "In older versions it is Server > Webhooks > Add Webhook.",
        "Name: scrobbled. Url: paste the address. Request content type: application/json.",
        "Events: tick New Media Added, all four of Playback (Start, Pause, Unpause, Stop), Mark Played and Mark "
        "Unplayed.",
        "Limit user events to: tick all users who are to be reported. Then click Save.",
    ),
    notes=(
        "Webhooks need Emby Premiere. Without it url and server_token below sources.emby let catch-up find what was "
        "watched.",
        "Test Notification arrives, and is not taken for a viewing.",
    ),
    registers=True,
)
