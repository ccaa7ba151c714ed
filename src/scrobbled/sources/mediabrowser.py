"""What Jellyfin and Emby tell alike, as both descend from MediaBrowser: whose it is, when it was, what it is about.

What their rows hold is read in ``clients.mediabrowser_rows``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from scrobbled.clients.mediabrowser_rows import NoItem, above, episodes, movie, switch
from scrobbled.core.kinds import Scope
from scrobbled.core.naming.items import Item
from scrobbled.core.watching.events import Account, EventKind, PlaybackEvent
from scrobbled.core.words.reasons import NO_TYPE
from scrobbled.plumbing.fields import Malformed, identifier, is_blank, text
from scrobbled.sources import ratings
from scrobbled.sources.base import Ignored

MAX_KEY = 100
MAX_NAME = 200
LIVE = frozenset({"tvchannel", "livetvchannel", "livetvprogram", "tvprogram", "program", "recording"})
_SCOPES: dict[str, Scope] = {"series": "show", "season": "season"}
_SCOPED = frozenset({EventKind.RATED, EventKind.UNRATED, EventKind.ADDED})
"""What can be said of a whole show or season."""


def attempt(
    event: PlaybackEvent, read: Callable[[PlaybackEvent], tuple[PlaybackEvent, ...]]
) -> tuple[PlaybackEvent, ...]:
    """What ``read`` makes of ``event``, or the one ignored event that says why it made nothing."""
    try:
        return read(event)
    except Ignored as ignored:
        return (replace(event, kind=EventKind.IGNORED, reason=ignored.reason),)
    except Malformed:
        return (replace(event, kind=EventKind.IGNORED, reason="malformed"),)


# --- when ------------------------------------------------------------------------------------------------------------


def marked(event: PlaybackEvent, *stated: datetime | None) -> PlaybackEvent:
    """Set by hand, at the first of these times that is not in the future, however old; else nobody knows when."""
    event = replace(event, marked=True, entered=True)
    for moment in stated:
        if moment is not None and moment <= event.occurred_at:
            return replace(event, occurred_at=moment, time_from_source=True)
    return replace(event, dated=any(moment is not None for moment in stated))


# --- who and what ----------------------------------------------------------------------------------------------------


def account(user: Mapping[str, Any]) -> Account:
    return Account(identifier(user.get("id")), text(user.get("name"), limit=MAX_NAME))


def rated(event: PlaybackEvent, value: Any, favourite: Any = None) -> PlaybackEvent:
    """0 to 10, where 0 is a rating taken back. Favouriting looks the same, so a favourite without stars is neither."""
    event = ratings.rated(event, value)
    if event.kind is EventKind.UNRATED and switch(favourite):
        raise Ignored("unsupported")
    return event


def about(
    event: PlaybackEvent, item: Mapping[str, Any], server: str, series: Mapping[str, Any] | None = None
) -> tuple[PlaybackEvent, ...]:
    """``event`` of each episode in a file, of a movie, or, where it is no viewing, of a show or season.

    ``item`` and ``series`` are a ``BaseItemDto`` each, with names in lower case; ``libraryname`` may be added.
    Raises ``Ignored`` for what cannot be watched: ``no item``, ``live tv``, ``type``.
    """
    try:
        return _about(event, item, server, series or {})
    except NoItem:
        raise Ignored("no item") from None


def _about(
    event: PlaybackEvent, item: Mapping[str, Any], server: str, series: Mapping[str, Any]
) -> tuple[PlaybackEvent, ...]:
    kind = text(item.get("type")).casefold()
    if not item:
        raise Ignored("no item")
    if kind in LIVE or identifier(item.get("channelid")):
        raise Ignored("live tv")
    if kind in _SCOPES and event.kind in _SCOPED:
        return (replace(event, item=above(item, server, kind), scope=_SCOPES[kind]),)
    if is_blank(item.get("type")):
        raise Ignored(NO_TYPE)
    if kind not in ("movie", "episode") or not is_blank(item.get("extratype")):  # a trailer never counts
        raise Ignored("type")
    items: tuple[Item, ...] = (movie(item, server),) if kind == "movie" else episodes(item, server, series)
    return tuple(replace(event, item=one) for one in items)
