"""What we read from a Plex server ourselves, in messages of our own making, so that it is stored and can be run again.

They are like webhooks (``Account``, ``Server``, ``Metadata``), with ``polled`` naming their kind:

- ``session``: somebody plays. ``event`` and ``PlexPlayer`` as in a webhook, ``at`` is when (epoch seconds).
- ``history``: a row of the play history, ``viewedAt`` is when (epoch seconds); ``Metadata`` is the whole item.
- ``item``: the library says that it was watched, and when is in ``Metadata.lastViewedAt``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from scrobbled.core.watching.events import EventKind, PlaybackEvent
from scrobbled.core.watching.plays import is_dated
from scrobbled.plumbing.fields import decimal, is_blank, milliseconds, section
from scrobbled.sources.base import Ignored
from scrobbled.sources.plex_items import of
from scrobbled.sources.times import at, moment

SESSION = "session"


def in_session(event: PlaybackEvent, payload: Mapping[str, Any]) -> PlaybackEvent:
    """``event`` at the moment it was seen to happen."""
    return at(event, moment(payload.get("at")))


def listed(event: PlaybackEvent, payload: Mapping[str, Any]) -> PlaybackEvent:
    """A row of the history, or a mark in the library; raises as ``plex_items.of`` does.

    A mark tells the last time only, and none where somebody took it back meanwhile.
    """
    metadata = section(payload, "Metadata")
    event = replace(
        event,
        kind=EventKind.WATCHED,
        item=of(payload),
        duration_ms=milliseconds(metadata.get("duration")) or None,
        entered=True,
    )
    if payload.get("polled") == "history":
        return _dated(event, moment(payload.get("viewedAt")))
    if payload.get("polled") != "item":
        raise Ignored("unsupported")
    if not is_blank(metadata.get("viewCount")) and not decimal(metadata["viewCount"]):
        raise Ignored("not watched")
    return replace(_dated(event, moment(metadata.get("lastViewedAt"))), marked=True)


def _dated(event: PlaybackEvent, stated: datetime | None) -> PlaybackEvent:
    if stated is None or not is_dated(stated, event.occurred_at):
        return replace(event, dated=False)
    return replace(event, occurred_at=stated, time_from_source=True)
