"""Kodi's notifications, as somebody posts them, or as we hear them over its websocket (``servers.kodi_live``).

https://kodi.wiki/view/JSON-RPC_API#Notifications_2. Of an item in its library Kodi itself tells only ``id`` and
``type``; whoever posts adds the title, the numbers, ``uniqueid`` and the times of the player. What add-ons post in
forms of their own is put into the words of Kodi, see ``kodi_addons``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.errors import BadPayload
from scrobbled.core.naming.guids import of_episode, of_movie, of_show
from scrobbled.core.naming.ids import EpisodeIds
from scrobbled.core.naming.items import Episode, Item, Movie, Origin
from scrobbled.core.watching.events import Account, EventKind, PlaybackEvent
from scrobbled.core.words.reasons import UNKNOWN_EVENT
from scrobbled.plumbing.fields import Malformed, day, decimal, flag, is_blank, milliseconds, place, section, text, year
from scrobbled.sources import kodi_addons
from scrobbled.sources.base import Ignored, Setup, Source, unknown_form
from scrobbled.sources.body import decode
from scrobbled.sources.examples import Example, ExampleBody
from scrobbled.sources.ratings import rated
from scrobbled.sources.times import at, zoned
from scrobbled.sources.trakt_items import playing

PROGRESS = "Player.OnProgress"
"""Kodi has no such notification: so we call it that something is a little farther."""
PLAYER = {
    "player.onplay": EventKind.START,
    "player.onavstart": EventKind.START,
    "player.onresume": EventKind.RESUME,
    "player.onpause": EventKind.PAUSE,
    "player.onstop": EventKind.STOP,
    "player.onseek": EventKind.PROGRESS,
    "player.onavchange": EventKind.PROGRESS,
    PROGRESS.casefold(): EventKind.PROGRESS,
    "playback_started": EventKind.START,
    "playback_resumed": EventKind.RESUME,
    "playback_paused": EventKind.PAUSE,
    "playback_stopped": EventKind.STOP,
    "playback_seeked": EventKind.PROGRESS,
}
"""By ``method``, or by the ``event`` that some add-ons send instead."""
UPDATE = "videolibrary.onupdate"
_OTHERS = (
    *("player.", "videolibrary.", "audiolibrary.", "playlist.", "pvr."),
    *("system.", "application.", "gui.", "input."),
)
"""How Kodi's own notifications begin: the rest of them tells of something else."""
_NOTIFIED = re.compile(r"[a-z]+\.on[a-z]+\Z", re.ASCII)
TRAKT_ACTIONS = {
    "start": EventKind.START,
    "pause": EventKind.PAUSE,
    "stop": EventKind.STOP,
    "scrobble": EventKind.STOP,
    "": EventKind.PROGRESS,
}
"""Of a body as players send it to Trakt, where the path would say what it is."""

SERVER = "kodi"
"""Stands for the server in ``Origin`` where a message does not name the device: most people have one Kodi."""
MAX_NAME = 200
MAX_VIEWING = 64
OVERRUN = 1.02
"""A player may be a little past the end that it knows."""
_IDS = {"tmdb": ("tmdb", "tmdbid"), "imdb": ("imdb", "imdbid"), "tvdb": ("tvdb", "tvdbid"), "anidb": ("anidb",)}
_NO_VIDEOS = frozenset({"channel", "pvr"})


class _Message(Struct, frozen=True):
    """A notification without its wrapping: ``places`` are where times and names may stand, the likeliest first."""

    data: Mapping[str, Any]
    item: Mapping[str, Any]
    places: tuple[Mapping[str, Any], ...]

    def told(self, *names: str) -> Any:
        """The first of these that is there."""
        found = (place[name] for name in names for place in self.places if not is_blank(place.get(name)))
        return next(found, None)


class KodiSource(Struct, frozen=True):
    """Notifications, what add-ons post, and the form of Trakt (``{"movie"|"show", "episode", "progress"}``)."""

    name: str = "kodi"

    @property
    def setup(self) -> Setup:
        return kodi_addons.SETUP

    def example(self, example: Example) -> ExampleBody:
        return kodi_addons.example(example)

    def parse(self, payload: Mapping[str, Any], received_at: datetime) -> tuple[PlaybackEvent, ...]:
        """One event for each message; it happened when it was received, or when HTTP Scrobbler says.

        Reasons for ignoring: ``empty``, ``unsupported``, ``unknown event``, an unknown form, ``no item`` (also where
        only Kodi's own number of it is told), ``live tv``, ``type`` and ``malformed``.
        """
        message = _unwrapped(kodi_addons.as_notified(payload) if kodi_addons.is_one(payload) else payload)
        event = PlaybackEvent(
            source=self.name,
            kind=EventKind.IGNORED,
            occurred_at=received_at.astimezone(UTC),
            account=Account(name=text(message.told("profile", "user", "account"), limit=MAX_NAME)),
            player_name=text(message.told("device", "devicename"), limit=MAX_NAME),
        )
        try:
            return (_understood(event, payload, message),)
        except Ignored as ignored:
            return (replace(event, reason=ignored.reason),)
        except Malformed:
            return (replace(event, reason="malformed"),)


def _unwrapped(payload: Mapping[str, Any]) -> _Message:
    """Add-ons wrap the same objects in ``params.data``, in ``data`` (which may be JSON once more), or not at all."""
    params = section(payload, "params")
    data = {**_object(payload.get("data")), **_object(params.get("data"))}
    old: Mapping[str, Any] = {key: data[key] for key in ("id", "type") if key in data}
    item = section(payload, "item") or section(data, "item") or old
    player = section(payload, "player") or section(data, "player")
    return _Message({**payload, **data}, item, (player, data, payload, item))


def _object(value: Any) -> Mapping[str, Any]:
    try:
        return decode(value) if isinstance(value, str) else value if isinstance(value, dict) else {}
    except BadPayload:
        return {}


def _understood(event: PlaybackEvent, payload: Mapping[str, Any], message: _Message) -> PlaybackEvent:
    if kodi_addons.is_one(payload):
        return _from_add_on(event, payload, message)
    name = text(payload.get("method") or payload.get("event")).casefold()
    if not name and ("movie" in payload or "episode" in payload):
        return _as_at_trakt(event, payload)
    if name == UPDATE:
        return _updated(event, message)
    if name not in PLAYER:
        raise _not_played(payload, name)
    event = _measured(replace(event, kind=PLAYER[name], item=_item(message)), message)
    if event.kind is EventKind.STOP and flag(message.data.get("end")):
        return _ended(replace(event, kind=EventKind.WATCHED))
    return event


def _not_played(payload: Mapping[str, Any], name: str) -> Ignored:
    if name.startswith(_OTHERS):
        return Ignored("unsupported")
    return Ignored(UNKNOWN_EVENT) if _NOTIFIED.match(name) else unknown_form("kodi", payload)


def _from_add_on(event: PlaybackEvent, payload: Mapping[str, Any], message: _Message) -> PlaybackEvent:
    kind = kodi_addons.kind_of(payload)
    if kind is None:
        raise Ignored(UNKNOWN_EVENT)
    event = at(event, zoned(payload.get("timestamp")))
    event = replace(event, kind=kind, item=_item(message), viewing=text(payload.get("sessionId"), limit=MAX_VIEWING))
    if kind is EventKind.RATED:
        return rated(event, payload.get("rating"))
    return _ended(_measured(event, message))


def _ended(event: PlaybackEvent) -> PlaybackEvent:
    """An end may be told when the player is rewound already."""
    return replace(event, position_ms=event.position_ms or None) if event.kind is EventKind.WATCHED else event


def _as_at_trakt(event: PlaybackEvent, payload: Mapping[str, Any]) -> PlaybackEvent:
    action = text(payload.get("action")).casefold()
    if action not in TRAKT_ACTIONS:
        raise Ignored(UNKNOWN_EVENT)
    item = playing(payload)
    if item is None:
        raise Ignored("no item")
    event = replace(event, kind=TRAKT_ACTIONS[action], item=item)
    return replace(event, progress=_percent(event, payload.get("progress")))


def _updated(event: PlaybackEvent, message: _Message) -> PlaybackEvent:
    """A mark, without the time at which it was watched; an update without a count of plays is about something else."""
    if flag(message.data.get("added")):
        return replace(event, kind=EventKind.ADDED, item=_item(message))
    count = decimal(message.data.get("playcount"))
    if count is None:
        raise Ignored("unsupported")
    kind = EventKind.WATCHED if count > 0 else EventKind.UNWATCHED
    return replace(event, kind=kind, item=_item(message), marked=True, entered=True, dated=False)


def _measured(event: PlaybackEvent, message: _Message) -> PlaybackEvent:
    """Percent counts only where position and length are not both told, or contradict each other."""
    position = elapsed(message.told("time", "position_seconds"))
    duration = elapsed(message.told("totaltime", "total_seconds", "runtime")) or None
    if position is None or duration is None:
        percent = _percent(event, message.told("percentage", "progress"))
        return replace(event, position_ms=position, duration_ms=duration, progress=percent)
    if position > duration * OVERRUN:  # the length is a guess, or is that of something else
        return replace(event, position_ms=position)
    return replace(event, position_ms=position, duration_ms=duration)


def _percent(event: PlaybackEvent, value: Any) -> float | None:
    """0 to 100. Beyond 100 the length was guessed (script.trakt does so), and such a stop proves no end."""
    percent = decimal(value)
    if percent is None or (percent > 100.0 * OVERRUN and event.kind is EventKind.STOP):
        return None
    return min(100.0, max(0.0, percent))


def elapsed(value: Any) -> int | None:
    """A length of time in milliseconds, of ``{"hours", "minutes", "seconds", "milliseconds"}`` or of seconds."""
    if not isinstance(value, dict):
        seconds = decimal(value)
        return None if seconds is None else milliseconds(seconds * 1000)
    parts = {"hours": 3_600_000, "minutes": 60_000, "seconds": 1000, "milliseconds": 1}
    known = [(decimal(value.get(part)), size) for part, size in parts.items() if not is_blank(value.get(part))]
    if not known or any(number is None for number, _ in known):
        return None
    return milliseconds(sum((number or 0.0) * size for number, size in known))


def _item(message: _Message) -> Item:
    item = message.item
    media = text(item.get("type")).casefold()
    if media in _NO_VIDEOS or text(item.get("file")).casefold().startswith("pvr://"):
        raise Ignored("live tv")
    if media in ("", "unknown") and not is_blank(item.get("showtitle")) and place(item.get("episode")):
        media = "episode"  # what is played from outside the library may be unknown to it, and still be named in full
    if not item:
        raise Ignored("no item")
    if media not in ("movie", "episode"):
        raise Ignored("type")
    found = _movie(item) if media == "movie" else _episode(item)
    return replace(found, origin=_origin(message, media, found))


def _movie(item: Mapping[str, Any]) -> Movie:
    ids = of_movie({"Guid": list(_guids(item))})
    title = text(item.get("title")) or text(item.get("label"))
    if not (title or ids):
        raise Ignored("no item")
    return Movie(title, year(item.get("year")) or year(text(item.get("premiered"))[:4]), ids)


def _episode(item: Mapping[str, Any]) -> Episode:
    """Outside the library season and episode are -1. ``year`` is the episode's own. ``tvshow`` is what we add."""
    ids: EpisodeIds = of_episode({"Guid": list(_guids(item))}).ids
    of_it = section(item, "tvshow")
    show, title = text(item.get("showtitle")), text(item.get("title")) or text(item.get("label"))
    if not (show or ids):
        raise Ignored("no item")
    return Episode(
        show_title=show,
        season=place(item.get("season")),
        number=place(item.get("episode")),
        title=title or None,
        show_year=year(of_it.get("year")),
        show_ids=of_show({"Guid": list(_guids(of_it))}),
        ids=ids,
        air_date=day(item.get("firstaired")),
    )


def _guids(item: Mapping[str, Any]) -> Iterator[str]:
    """``uniqueid`` holds the item's own ids. One that a file beside the video names without its service is unknown."""
    unique = {str(name).casefold(): value for name, value in section(item, "uniqueid").items()}
    for service, names in _IDS.items():
        yield from (f"{service}://{text(unique[name])}" for name in names if not is_blank(unique.get(name)))
    for value in (text(unique.get("unknown")), text(item.get("imdbnumber"))):
        if value.startswith("tt"):
            yield f"imdb://{value}"


def _origin(message: _Message, media: str, item: Item) -> Origin:
    """Keys are made of what the item is: Kodi's own number of it changes, and is another one on each device."""
    if isinstance(item, Episode) and item.show_title and item.number is not None:
        key = f"{item.show_title}/{item.season}/{item.number}"
    else:
        key = item.label()
    server = text(message.told("server"), limit=MAX_NAME) or SERVER
    return Origin(server, f"{media}/{key.casefold()}"[:MAX_NAME])


SOURCE: type[Source] = KodiSource
