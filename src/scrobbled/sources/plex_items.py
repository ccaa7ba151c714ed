"""What a message of Plex is about: its ``Metadata``, as webhooks, sessions and listings of the server all write it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scrobbled.core.kinds import Scope
from scrobbled.core.naming.guids import is_live, numbered, of_episode, of_movie, of_show
from scrobbled.core.naming.items import Episode, Item, Movie, Origin
from scrobbled.core.words.reasons import NO_TYPE
from scrobbled.plumbing.fields import day, flag, is_blank, place, section, text, year
from scrobbled.sources.base import Ignored

MAX_KEY = 100
LEAVES = ("movie", "episode")
"""What can be watched."""
_PATH = "/library/metadata/"
_ON_AIR = ("/livetv/", "/tv.plex.providers.epg.")
"""How the key of a programme begins that is on now: its guid may be that of an ordinary episode."""


def of(payload: Mapping[str, Any]) -> Item:
    """The movie or episode of a message; raises ``Ignored``, or ``Malformed`` for a number that cannot be read."""
    metadata = _metadata(payload)
    if is_blank(metadata.get("type")):
        raise Ignored(NO_TYPE)
    if metadata.get("type") not in LEAVES or _is_extra(metadata) or (_may_be_of_film(payload) and _is_other(metadata)):
        raise Ignored("type")
    return _leaf(metadata, _server(payload))


def subject_of(payload: Mapping[str, Any]) -> tuple[Item, Scope | None]:
    """As ``of``, but of a show or a season too, which are told as in ``records.Subject``."""
    metadata = _metadata(payload)
    if metadata.get("type") == "show":
        return _show(metadata, _server(payload)), "show"
    if metadata.get("type") == "season":
        return _season(metadata, _server(payload)), "season"
    return of(payload), None


def _metadata(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = section(payload, "Metadata")
    if not metadata:
        raise Ignored("no item")
    told = metadata.get("librarySectionType") == "livetv" or flag(metadata.get("live"))
    if told or is_live(metadata) or text(metadata.get("key")).startswith(_ON_AIR):
        raise Ignored("live tv")
    return metadata


def _server(payload: Mapping[str, Any]) -> str:
    return text(section(payload, "Server").get("uuid"), limit=MAX_KEY)


def _is_extra(metadata: Mapping[str, Any]) -> bool:
    """A trailer never counts."""
    return not is_blank(metadata.get("extraType")) or text(metadata.get("subtype")).casefold() == "trailer"


def _may_be_of_film(payload: Mapping[str, Any]) -> bool:
    return section(payload, "Metadata").get("type") == "movie" or payload.get("polled") == "session"


def _is_other(metadata: Mapping[str, Any]) -> bool:
    """The trailer on a film's page is told with the film's ``ratingKey``; only ``key`` names the trailer."""
    key, path = text(metadata.get("ratingKey"), limit=MAX_KEY), text(metadata.get("key"))
    return bool(key) and path.startswith(_PATH) and path.removeprefix(_PATH).partition("/")[0] != key


def _leaf(metadata: Mapping[str, Any], server: str) -> Item:
    if metadata["type"] == "movie":
        return _movie(metadata, _origin(metadata, server, None))
    return _episode(metadata, _origin(metadata, server, metadata.get("grandparentRatingKey")))


def _origin(metadata: Mapping[str, Any], server: str, show_key: Any) -> Origin | None:
    key = text(metadata.get("ratingKey"), limit=MAX_KEY)
    if not key:
        return None
    return Origin(
        server=server,
        key=key,
        show_key=text(show_key, limit=MAX_KEY) or None,
        library=text(metadata.get("librarySectionTitle")) or None,
    )


def _movie(metadata: Mapping[str, Any], origin: Origin | None) -> Movie:
    ids = of_movie(metadata)
    title = text(metadata.get("title"))
    if not (title or ids):
        raise Ignored("no item")
    return Movie(title=title, year=year(metadata.get("year")), ids=ids, origin=origin)


def _episode(metadata: Mapping[str, Any], origin: Origin | None) -> Episode:
    """``show_year`` stays unknown: ``year`` is the episode's own, and the show's is not in the message."""
    guids = of_episode(metadata)
    show_title = text(metadata.get("grandparentTitle"))
    if not (show_title or guids.ids or guids.show_ids):
        raise Ignored("no item")
    told = place(metadata.get("parentIndex")), place(metadata.get("index"))
    season, number, absolute = numbered(guids, *told)
    return Episode(
        show_title=show_title,
        season=season,
        number=number,
        title=text(metadata.get("title")) or None,
        show_ids=guids.show_ids,
        ids=guids.ids,
        air_date=day(metadata.get("originallyAvailableAt")),
        original_title=text(metadata.get("originalTitle")) or None,
        absolute=absolute,
        origin=origin,
    )


def _show(metadata: Mapping[str, Any], server: str) -> Episode:
    title, ids = text(metadata.get("title")), of_show(metadata)
    if not (title or ids):
        raise Ignored("no item")
    origin = _origin(metadata, server, metadata.get("ratingKey"))
    return Episode(title, None, None, show_year=year(metadata.get("year")), show_ids=ids, origin=origin)


def _season(metadata: Mapping[str, Any], server: str) -> Episode:
    """``Guid`` of a season lies in a space of its own; a legacy ``guid`` names the show and the season."""
    ids = of_episode({"guid": metadata.get("guid"), "grandparentGuid": metadata.get("parentGuid")}).show_ids
    title, number = text(metadata.get("parentTitle")), place(metadata.get("index"))
    if number is None or not (title or ids):
        raise Ignored("no item")
    origin = _origin(metadata, server, metadata.get("parentRatingKey"))
    return Episode(title, number, None, show_ids=ids, origin=origin)
