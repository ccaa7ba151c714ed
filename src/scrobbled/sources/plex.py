"""Plex Media Server webhooks: https://support.plex.tv/articles/115002267687-webhooks/"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from scrobbled.core.events import Account, EventKind, PlaybackEvent
from scrobbled.core.guids import Numbering, is_live, of_episode, of_movie
from scrobbled.core.items import Episode, Item, Movie, Origin
from scrobbled.sources.fields import (
    Malformed,
    day,
    decimal,
    flag,
    is_blank,
    milliseconds,
    place,
    section,
    text,
    year,
)

KINDS = {
    "media.play": EventKind.START,
    "media.pause": EventKind.PAUSE,
    "media.resume": EventKind.RESUME,
    "media.stop": EventKind.STOP,
    "media.scrobble": EventKind.WATCHED,
    "media.rate": EventKind.RATED,
    "library.new": EventKind.ADDED,
}
"""The rest is ignored: ``playback.started`` repeats the ``media.play`` of a shared user, the others are no viewing."""

TRUSTED_DISTANCE = timedelta(minutes=15)
"""``lastViewedAt`` of a scrobble is the view itself; farther from receipt it is the view before, or a wrong clock."""
MAX_KEY = 100
MAX_NAME = 200


class _Ignored(Exception):
    """Authentic, but nothing we act on."""


@dataclass(frozen=True, slots=True)
class PlexSource:
    """The ``payload`` of a Plex webhook; its thumb is never looked at."""

    name: str = "plex"

    def parse(self, payload: Mapping[str, Any], received_at: datetime) -> tuple[PlaybackEvent, ...]:
        """One event for each message.

        Reasons for ignoring: ``unsupported`` event, ``no item``, ``live tv``, ``type`` (anything but a movie or an
        episode), ``malformed`` (a value that is needed cannot be read). Position and item of an ignored event are None.
        """
        event = PlaybackEvent(
            source=self.name,
            kind=EventKind.IGNORED,
            occurred_at=received_at.astimezone(UTC),
            account=_account(payload),
            player=text(section(payload, "Player").get("uuid"), limit=MAX_KEY),
            player_name=text(section(payload, "Player").get("title"), limit=MAX_NAME),
        )
        try:
            return (_understood(event, payload),)
        except _Ignored as ignored:
            return (replace(event, reason=str(ignored)),)
        except Malformed:
            return (replace(event, reason="malformed"),)


def _understood(event: PlaybackEvent, payload: Mapping[str, Any]) -> PlaybackEvent:
    name = payload.get("event")
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise _Ignored("unsupported")
    metadata = section(payload, "Metadata")
    event = replace(
        event,
        kind=kind,
        item=_item(metadata, text(section(payload, "Server").get("uuid"), limit=MAX_KEY)),
        position_ms=milliseconds(metadata.get("viewOffset")),
        duration_ms=milliseconds(metadata.get("duration")) or None,
    )
    if kind is EventKind.WATCHED:
        return _timed(event, metadata.get("lastViewedAt"))
    return _rated(event, payload, metadata) if kind is EventKind.RATED else event


def _account(payload: Mapping[str, Any]) -> Account:
    account = section(payload, "Account")
    return Account(id=text(account.get("id"), limit=MAX_KEY), name=text(account.get("title"), limit=MAX_NAME))


def _timed(event: PlaybackEvent, last_viewed: Any) -> PlaybackEvent:
    """Only a scrobble's ``lastViewedAt`` (epoch seconds) is about this viewing; other events show the one before."""
    seconds = decimal(last_viewed)
    if seconds is None:
        return event
    if abs(seconds - event.occurred_at.timestamp()) > TRUSTED_DISTANCE.total_seconds():
        return replace(event, stale=True)
    return replace(event, occurred_at=datetime.fromtimestamp(seconds, UTC), time_from_source=True)


def _rated(event: PlaybackEvent, payload: Mapping[str, Any], metadata: Mapping[str, Any]) -> PlaybackEvent:
    """Half stars are steps of one on a scale to ten; clearing a rating arrives as 0, -1, null or nothing at all."""
    value = payload["rating"] if "rating" in payload else metadata.get("userRating")
    stars = 0.0 if is_blank(value) else decimal(value)
    if stars is None or stars > 10:
        raise Malformed("rating")
    if stars <= 0:
        return replace(event, kind=EventKind.UNRATED)
    return replace(event, rating=max(1, math.floor(stars + 0.5)))


def _item(metadata: Mapping[str, Any], server: str) -> Item:
    if not metadata:
        raise _Ignored("no item")
    if _is_live(metadata):
        raise _Ignored("live tv")
    media = metadata.get("type")
    if media not in ("movie", "episode") or not is_blank(metadata.get("extraType")):  # a trailer never counts
        raise _Ignored("type")
    origin = _origin(metadata, server)
    return _movie(metadata, origin) if media == "movie" else _episode(metadata, origin)


def _is_live(metadata: Mapping[str, Any]) -> bool:
    return metadata.get("librarySectionType") == "livetv" or flag(metadata.get("live")) or is_live(metadata)


def _origin(metadata: Mapping[str, Any], server: str) -> Origin | None:
    key = text(metadata.get("ratingKey"), limit=MAX_KEY)
    if not key:
        return None
    return Origin(
        server=server,
        key=key,
        show_key=text(metadata.get("grandparentRatingKey"), limit=MAX_KEY) or None,
        library=text(metadata.get("librarySectionTitle")) or None,
    )


def _movie(metadata: Mapping[str, Any], origin: Origin | None) -> Movie:
    ids = of_movie(metadata)
    title = text(metadata.get("title"))
    if not (title or ids):
        raise _Ignored("no item")
    return Movie(title=title, year=year(metadata.get("year")), ids=ids, origin=origin)


def _episode(metadata: Mapping[str, Any], origin: Origin | None) -> Episode:
    """``show_year`` stays unknown: ``year`` is the episode's own, and the show's is not in the message."""
    guids = of_episode(metadata)
    show_title = text(metadata.get("grandparentTitle"))
    if not (show_title or guids.ids or guids.show_ids):
        raise _Ignored("no item")
    season, number = place(metadata.get("parentIndex")), place(metadata.get("index"))
    season = guids.season if season is None else season
    number = guids.number if number is None else number
    if guids.numbering is Numbering.DVD:
        # Disc order is nobody else's order, so these numbers would name another episode. Without them the show is still
        # known by its id, and title or air date decide.
        season = number = None
    return Episode(
        show_title=show_title,
        season=season,
        number=number,
        title=text(metadata.get("title")) or None,
        show_ids=guids.show_ids,
        ids=guids.ids,
        air_date=day(metadata.get("originallyAvailableAt")),
        original_title=text(metadata.get("originalTitle")) or None,
        absolute=guids.numbering is Numbering.ABSOLUTE and season != 0,  # specials are not counted through
        origin=origin,
    )
