"""Jellyfin's official Webhook plugin, and whatever else is pointed at its URL: https://github.com/jellyfin/jellyfin-plugin-webhook

The plugin sends one flat object. Its optional form field by field sends the same with every value as text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.clients.mediabrowser_rows import instant, switch, ticks, title
from scrobbled.core.watching.events import Account, EventKind, PlaybackEvent
from scrobbled.core.words.reasons import UNKNOWN_EVENT
from scrobbled.plumbing.fields import identifier, is_blank, lowered, part, text
from scrobbled.sources import emby, jellyfin_webhooks, mediabrowser_examples, mediabrowser_polled
from scrobbled.sources.base import Ignored, Setup, Source, unknown_form
from scrobbled.sources.examples import Example, ExampleBody
from scrobbled.sources.jellyfin_templates import is_official, official, word
from scrobbled.sources.mediabrowser import MAX_KEY, MAX_NAME, about, attempt, marked, rated
from scrobbled.sources.times import at

KINDS = {
    "playbackstart": EventKind.START,
    "playbackprogress": EventKind.PROGRESS,
    "playbackstop": EventKind.STOP,
    "itemadded": EventKind.ADDED,
    "itemdeleted": EventKind.REMOVED,
}
MARKS = {"markplayed": EventKind.WATCHED, "markunplayed": EventKind.UNWATCHED}
"""Words of the other plugin, which templates and programs put into messages of this one."""
OTHERS = frozenset(
    {
        *("generic", "subtitledownloadfailure", "authenticationfailure", "authenticationsuccess", "sessionstart"),
        *("pendingrestart", "taskcompleted", "userlockedout", "userpasswordchanged", "userupdated"),
        *("usercreated", "userdeleted"),
    }
)
USER_DATA = "userdatasaved"
BOOKKEEPING = frozenset({"playbackstart", "playbackprogress", "playbackfinished", "import", "updateuserdata"})
"""Why user data are saved without anybody's doing. Beginning to play sets ``Played`` to false: that is a rewatch."""
_PROVIDER = "provider_"
_SERVER = ("serverid", "servername", "serverversion", "serverurl")
_OF_A_VIEWING = (
    *("userid", "notificationusername", "seasonnumber", "episodenumber"),
    *("playedtocompletion", "playbackpositionticks", "played", "savereason"),
)


class JellyfinSource(Struct, frozen=True):
    """Takes the official plugin's messages and those of the "Webhooks" plugin, told apart by their shape."""

    name: str = "jellyfin"

    @property
    def setup(self) -> Setup:
        return SETUPS[self.name]

    def example(self, example: Example) -> ExampleBody:
        return EXAMPLES[self.name](example)

    def parse(self, payload: Mapping[str, Any], received_at: datetime) -> tuple[PlaybackEvent, ...]:
        """One event for each message, and for each episode of a file that holds several.

        What we read from the server ourselves is taken too, see ``mediabrowser_polled``.

        Reasons for ignoring: ``unsupported`` message, ``unknown event``, an unknown form, ``bookkeeping`` (user data
        that the server saves while something plays), ``test``, ``no item``, ``live tv``, ``type`` (anything but a
        movie or an episode), ``malformed``.
        """
        message = lowered(payload)
        if "polled" in message:
            return mediabrowser_polled.listed(self.name, message, received_at)
        if is_official(message):
            return _official(self.name, official(message), received_at)
        if emby.is_dotted(message):
            return emby.parsed(self.name, message, received_at)
        return jellyfin_webhooks.parsed(self.name, message, received_at)


def _official(source: str, message: Mapping[str, Any], received_at: datetime) -> tuple[PlaybackEvent, ...]:
    event = PlaybackEvent(
        source=source,
        kind=EventKind.IGNORED,
        occurred_at=received_at.astimezone(UTC),
        account=_account(message),
        player=text(message.get("deviceid"), limit=MAX_KEY),
        player_name=text(message.get("devicename"), limit=MAX_NAME),
    )
    return attempt(event, lambda event: _understood(event, message))


def _account(message: Mapping[str, Any]) -> Account:
    return Account(identifier(message.get("userid")), title(message.get("notificationusername"))[:MAX_NAME])


def _understood(event: PlaybackEvent, message: Mapping[str, Any]) -> tuple[PlaybackEvent, ...]:
    """``Timestamp`` is the server's local time labelled as UTC, so only ``UtcTimestamp`` is a time."""
    kind = word(message)
    if kind != USER_DATA and kind not in KINDS and kind not in MARKS:
        raise _unknown(event.source, message, kind)
    item = _item(message)
    if kind == USER_DATA:
        event = _saved(event, message)
    elif kind in MARKS:
        stated = instant(message.get("lastplayeddate")) if MARKS[kind] is EventKind.WATCHED else None
        event = marked(replace(event, kind=MARKS[kind]), stated, instant(message.get("utctimestamp")))
    else:
        event = _played(at(replace(event, kind=KINDS[kind]), instant(message.get("utctimestamp"))), message)
    event = replace(event, duration_ms=ticks(message.get("runtimeticks")) or None)
    return about(event, item, identifier(message.get("serverid")), _series(message))


def _unknown(source: str, message: Mapping[str, Any], kind: str) -> Ignored:
    if kind in OTHERS or kind.startswith("plugin"):
        return Ignored("unsupported")
    return Ignored(UNKNOWN_EVENT) if kind else unknown_form(source, message)


def _played(event: PlaybackEvent, message: Mapping[str, Any]) -> PlaybackEvent:
    """Where playback is, and whether it ended. A position that is not known is sent as 0."""
    if event.kind not in _PLAYING:
        return event
    event = replace(event, position_ms=ticks(message.get("playbackpositionticks")) or None)
    if event.kind is EventKind.PROGRESS and switch(message.get("ispaused")):
        return replace(event, kind=EventKind.PAUSE)
    if event.kind is not EventKind.STOP:
        return event
    completed = switch(message.get("playedtocompletion"))
    return replace(event, kind=EventKind.WATCHED) if completed else replace(event, unfinished=completed is False)


_PLAYING = frozenset({EventKind.START, EventKind.PROGRESS, EventKind.STOP})


def _saved(event: PlaybackEvent, message: Mapping[str, Any]) -> PlaybackEvent:
    """User data are saved by hand, at the end of playback, and many times a minute in between."""
    reason = text(message.get("savereason")).casefold()
    played, stated = switch(message.get("played")), instant(message.get("utctimestamp"))
    if reason == "toggleplayed" and played is not None:
        if played:
            return marked(replace(event, kind=EventKind.WATCHED), instant(message.get("lastplayeddate")), stated)
        return marked(replace(event, kind=EventKind.UNWATCHED), stated)
    if reason == "updateuserrating":
        stars = message.get("rating")
        return rated(at(event, stated), 0 if is_blank(stars) else stars, message.get("favorite"))
    if reason == "playbackfinished" and played:
        return at(replace(event, kind=EventKind.WATCHED), stated)
    raise Ignored("bookkeeping" if reason in BOOKKEEPING else UNKNOWN_EVENT)


def _item(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """The flat object as the ``BaseItemDto`` it was made of; empty where the message is about no item.

    What the plugin's test page sends has a type of item and the server, and nothing else. Raises ``Ignored`` then.
    """
    kind = message.get("itemtype")
    if all(is_blank(message.get(name)) for name in ("itemid", "name", "seriesname")):
        raise Ignored("test" if _is_test(message) else "no item")
    providers = {key.removeprefix(_PROVIDER): value for key, value in message.items() if key.startswith(_PROVIDER)}
    is_season = text(kind).casefold() == "season"
    return {
        "type": kind,
        "id": message.get("itemid"),
        "name": message.get("name"),
        "productionyear": message.get("year"),
        "premieredate": message.get("premieredate"),
        "providerids": part(message, "providerids") | providers,
        "seriesname": message.get("seriesname"),
        "seriesid": message.get("seriesid"),
        "parentindexnumber": _first(message, "seasonnumber"),
        "indexnumber": _first(message, "seasonnumber" if is_season else "episodenumber"),
        "indexnumberend": _first(message, "episodenumberend"),
        "libraryname": message.get("librarynamebymaxpath"),
    }


def _is_test(message: Mapping[str, Any]) -> bool:
    said = {name for name, value in message.items() if not is_blank(value)}
    return "itemtype" in said and not said.isdisjoint(_SERVER) and said.isdisjoint(_OF_A_VIEWING)


def _series(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """``Year`` of an episode is the year of its series."""
    return {"productionyear": message.get("year")}


def _first(message: Mapping[str, Any], name: str) -> Any:
    """The number, also where a template has only the one with leading zeros."""
    values = (message.get(f"{name}{zeros}") for zeros in ("", "00", "000"))
    return next((value for value in values if not is_blank(value)), None)


SOURCE: type[Source] = JellyfinSource


SETUP = Setup(
    title="Jellyfin",
    where="Dashboard, Plugins, Webhook, Add Generic Destination",
    steps=(
        "In Jellyfin open Dashboard > Plugins > Catalog, install Webhook, and restart Jellyfin.",
        "Open Dashboard > Plugins > Webhook (its Settings), and click Add Generic Destination.",
        "Webhook Name: scrobbled. Webhook Url: paste the address. Leave Enable ticked.",
        "Notification Type: tick Item Added, Playback Start, Playback Stop and User Data Saved.",
        "User Filter: tick nobody, which means everybody, or those who are to be reported.",
        "Item Type: tick Movies and Episodes.",
        "Tick Send All Properties (ignores template). The template stays empty.",
        "Click Add Request Header with Key Content-Type and Value application/json, then Save.",
    ),
    notes=(
        "Playback Progress is not needed; ticked it helps where a player ends without saying so, and sends much.",
        "The plugin does not send anything again: what comes while scrobbled is down is found by catch-up, with url "
        "and server_token below sources.jellyfin.",
    ),
    registers=True,
)


SETUPS: Mapping[str, Setup] = {"jellyfin": SETUP, "jellyfin-webhooks": jellyfin_webhooks.SETUP}
EXAMPLES: Mapping[str, Callable[[Example], ExampleBody]] = {
    "jellyfin": mediabrowser_examples.jellyfin,
    "jellyfin-webhooks": mediabrowser_examples.jellyfin_webhooks,
}
