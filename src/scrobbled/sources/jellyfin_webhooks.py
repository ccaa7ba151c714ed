"""The "Webhooks" plugin for Jellyfin, formats Default and Plex: https://github.com/shemanaev/jellyfin-plugin-webhooks

Templates made for other programs send objects like the Default format's, with less in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from scrobbled.clients.mediabrowser_rows import instant, switch, ticks
from scrobbled.core.watching.events import Account, EventKind, PlaybackEvent
from scrobbled.core.words.reasons import UNKNOWN_EVENT
from scrobbled.plumbing.fields import identifier, is_blank, part, section, text
from scrobbled.sources.base import Ignored, Setup, unknown_form
from scrobbled.sources.mediabrowser import MAX_KEY, MAX_NAME, about, account, attempt, marked, rated
from scrobbled.sources.plex_items import of, subject_of

KINDS = {
    "play": EventKind.START,
    "pause": EventKind.PAUSE,
    "resume": EventKind.RESUME,
    "progress": EventKind.PROGRESS,
    "stop": EventKind.STOP,
    "scrobble": EventKind.WATCHED,
    "markplayed": EventKind.WATCHED,
    "markunplayed": EventKind.UNWATCHED,
    "rate": EventKind.RATED,
    "itemadded": EventKind.ADDED,
    "itemremoved": EventKind.REMOVED,
    "playbackstart": EventKind.START,
    "playbackprogress": EventKind.PROGRESS,
    "playbackstop": EventKind.STOP,
}
"""The last three are words of the official plugin, which templates put above an item of this form."""
OTHERS = frozenset(
    {
        *("itemupdated", "authenticationsucceeded", "authenticationfailed", "sessionstarted", "sessionended"),
        *("subtitledownloadfailure", "haspendingrestartchanged"),
    }
)
_PARTS = frozenset({"item", "user", "session", "server"})
PLEX_KINDS = {
    "media.play": EventKind.START,
    "media.pause": EventKind.PAUSE,
    "media.resume": EventKind.RESUME,
    "media.stop": EventKind.STOP,
    "media.scrobble": EventKind.WATCHED,
    "library.new": EventKind.ADDED,
}
"""``media.rate`` carries no rating. ``media.scrobble`` may also be a mark set by hand: nothing tells them apart."""


def parsed(source: str, message: Mapping[str, Any], received_at: datetime) -> tuple[PlaybackEvent, ...]:
    """The events of one message, its names in lower case; see ``sources.base.Source.parse``."""
    event = PlaybackEvent(source, EventKind.IGNORED, received_at.astimezone(UTC))
    if "metadata" in message:
        return _plex(event, message)
    session = part(message, "session")
    event = replace(
        event,
        account=account(part(message, "user")),
        player=text(session.get("deviceid"), limit=MAX_KEY),
        player_name=text(session.get("devicename"), limit=MAX_NAME),
    )
    return attempt(event, lambda event: _default(event, message, session))


def _default(event: PlaybackEvent, message: Mapping[str, Any], session: Mapping[str, Any]) -> tuple[PlaybackEvent, ...]:
    """No event says when it happened. The item is as it was after the event, with the user data of this user."""
    name = text(message.get("event")).casefold()
    if name not in KINDS:
        raise _unknown(event.source, message, name)
    item = part(message, "item")
    data = part(item, "userdata")
    event = replace(event, kind=KINDS[name], duration_ms=ticks(item.get("runtimeticks")) or None)
    if name.startswith("mark"):
        event = marked(event, instant(data.get("lastplayeddate")) if event.kind is EventKind.WATCHED else None)
    elif event.kind is EventKind.RATED:
        event = _rated(event, data)
    else:
        event = _played(event, data, part(session, "playstate"))
    server = identifier(part(message, "server").get("id")) or identifier(item.get("serverid"))
    return about(event, item, server, part(message, "series"))


def _unknown(source: str, message: Mapping[str, Any], name: str) -> Ignored:
    if name in OTHERS:
        return Ignored("unsupported")
    return Ignored(UNKNOWN_EVENT) if name and _PARTS & message.keys() else unknown_form(source, message)


def _rated(event: PlaybackEvent, data: Mapping[str, Any]) -> PlaybackEvent:
    """Nulls are left out, so a missing rating is one taken back, or something that was only favourited or not."""
    if is_blank(data.get("rating")):
        raise Ignored("unsupported")
    return rated(event, data["rating"], data.get("isfavorite"))


def _played(event: PlaybackEvent, data: Mapping[str, Any], state: Mapping[str, Any]) -> PlaybackEvent:
    """``Scrobble`` comes once for each item until the server restarts, whoever watches it, so the stop must tell.

    ``Played`` is false from the start of playback until its end is reached.
    """
    position = ticks(state.get("positionticks"))
    if event.kind is EventKind.PROGRESS and switch(state.get("ispaused")):
        return replace(event, kind=EventKind.PAUSE, position_ms=position)
    if event.kind is EventKind.STOP:
        watched = switch(data.get("played"))
        position = position or (None if watched else ticks(data.get("playbackpositionticks")))
        return replace(event, kind=EventKind.WATCHED if watched else event.kind, position_ms=position or None)
    if event.kind in (EventKind.START, EventKind.WATCHED):
        return replace(event, position_ms=position or None)
    return replace(event, position_ms=position) if event.kind in _PLAYING else event


_PLAYING = frozenset({EventKind.PAUSE, EventKind.RESUME, EventKind.PROGRESS})


# --- the Plex format -------------------------------------------------------------------------------------------------


def _plex(event: PlaybackEvent, message: Mapping[str, Any]) -> tuple[PlaybackEvent, ...]:
    who, player = part(message, "account"), part(message, "player")
    event = replace(
        event,
        account=Account(identifier(who.get("id")), text(who.get("title"), limit=MAX_NAME)),
        player=text(player.get("uuid"), limit=MAX_KEY),
        player_name=text(player.get("title"), limit=MAX_NAME),
    )
    return attempt(event, lambda event: (_of_plex(event, message),))


def _of_plex(event: PlaybackEvent, message: Mapping[str, Any]) -> PlaybackEvent:
    """Season and number stand in a guid of Plex's old agents, which the plugin makes up from the ids of the show.

    ``duration`` is ten times what it should be, and there is neither a position nor a key of the item.
    """
    name = text(message.get("event")).casefold()
    if name not in PLEX_KINDS:
        raise Ignored("unsupported" if name == "media.rate" else UNKNOWN_EVENT)
    metadata = section(message, "metadata")
    if metadata and is_blank(metadata.get("grandparentTitle")):  # the library shows no seasons
        metadata = {**metadata, "grandparentTitle": metadata.get("parentTitle")}
    whole = {"Metadata": metadata, "Server": message.get("server")}
    if PLEX_KINDS[name] is not EventKind.ADDED:
        return replace(event, kind=PLEX_KINDS[name], item=of(whole))
    item, scope = subject_of(whole)
    return replace(event, kind=EventKind.ADDED, item=item, scope=scope)


MANIFEST = "https://raw.githubusercontent.com/shemanaev/jellyfin-plugin-repo/master/manifest.json"
SETUP = Setup(
    title='Jellyfin, plugin "Webhooks" by shemanaev',
    steps=(
        f"In Jellyfin open Dashboard > Plugins > Repositories, and add {MANIFEST}",
        "In the Catalog install Webhooks, and restart Jellyfin.",
        "Open its settings, add a hook, paste the address into URL, and choose Default as Format.",
        "Tick Play, Pause, Resume, Stop, Mark Played, Mark Unplayed and Rate, and Save.",
    ),
    notes=(
        "Default also tells the ids of the show, so that nothing has to be looked up. The format Plex works, and "
        "tells less.",
        "Scrobble need not be ticked: that plugin sends it once for each item until Jellyfin restarts.",
    ),
)
