"""What we read from a Jellyfin or Emby server ourselves, in messages of our own making, so that it can be run again.

``polled`` is ``played``: a user's list of what was played has ``Item`` (a ``BaseItemDto`` with ``UserData``). ``User``
and ``ServerId`` say whose and where, ``Series`` is the ``BaseItemDto`` of an episode's show, where it is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from scrobbled.clients.mediabrowser_rows import instant, switch, ticks
from scrobbled.core.watching.events import EventKind, PlaybackEvent
from scrobbled.core.watching.plays import is_dated
from scrobbled.plumbing.fields import identifier, part, text
from scrobbled.sources.base import Ignored
from scrobbled.sources.mediabrowser import about, account, attempt

PLAYED = "played"


def listed(source: str, message: Mapping[str, Any], received_at: datetime) -> tuple[PlaybackEvent, ...]:
    """One event for each episode of the file, or for the film, dated by ``LastPlayedDate``; ``message`` is ``lowered``.

    Reasons for ignoring beside those of ``about``: ``unsupported`` kind, ``not watched``. Beginning to play moves the
    date as well, but takes ``Played`` away, so only both together tell a viewing.
    """
    event = PlaybackEvent(
        source=source,
        kind=EventKind.IGNORED,
        occurred_at=received_at.astimezone(UTC),
        account=account(part(message, "user")),
    )
    return attempt(event, lambda event: _understood(event, message))


def _understood(event: PlaybackEvent, message: Mapping[str, Any]) -> tuple[PlaybackEvent, ...]:
    if text(message.get("polled")).casefold() != PLAYED:
        raise Ignored("unsupported")
    item = part(message, "item")
    data = part(item, "userdata")
    if item and not switch(data.get("played")):
        raise Ignored("not watched")
    duration = ticks(item.get("runtimeticks")) or None
    event = replace(event, kind=EventKind.WATCHED, entered=True, duration_ms=duration)
    event = _dated(event, instant(data.get("lastplayeddate")))
    return about(event, item, identifier(message.get("serverid")), part(message, "series"))


def _dated(event: PlaybackEvent, stated: datetime | None) -> PlaybackEvent:
    """Without a date it was watched at a time that nobody knows."""
    if stated is None or not is_dated(stated, event.occurred_at):
        return replace(event, dated=False)
    return replace(event, occurred_at=stated, time_from_source=True)
