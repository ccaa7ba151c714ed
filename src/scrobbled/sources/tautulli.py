"""Tautulli's webhook agent: it watches a Plex server, so its accounts, servers and keys are those of Plex.

https://github.com/Tautulli/Tautulli/wiki/Notification-Agents-Guide#webhook. People write the body themselves, as a
template; each value in it arrives as a string, and one that is unknown as an empty string.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.events import Account, EventKind, PlaybackEvent
from scrobbled.core.guids import texts
from scrobbled.core.items import Episode
from scrobbled.sources.base import Ignored
from scrobbled.sources.fields import Malformed, decimal, flag, is_blank, milliseconds, text, year
from scrobbled.sources.plex import PlexSource
from scrobbled.sources.plex_items import MAX_KEY, of, subject_of
from scrobbled.sources.tautulli_templates import TEMPLATE, Told, parameters
from scrobbled.sources.times import at, moment

__all__ = ["KINDS", "TEMPLATE", "TRIGGERS", "TautulliSource"]
TRIGGERS = ("Playback Start", "Playback Stop", "Playback Pause", "Playback Resume", "Watched", "Recently Added")
"""What to tick, in Tautulli's words."""

KINDS = {
    "play": EventKind.START,
    "start": EventKind.START,
    "pause": EventKind.PAUSE,
    "resume": EventKind.RESUME,
    "stop": EventKind.STOP,
    "watched": EventKind.WATCHED,
    "scrobble": EventKind.WATCHED,
    "created": EventKind.ADDED,
}
"""Other templates may name events as Plex or Emby do, which are nearly the same words."""
MOST_NUMBERS = 50
"""Episodes that one message may name; more than a season brings at once."""

_IDS = {"imdb": "imdb_id", "tmdb": "themoviedb_id", "tvdb": "thetvdb_id", "anidb": "anidb_id"}
_ABOVE = "parent_rating_key"
_RANGE = re.compile(r"([0-9]{1,6})(?:-([0-9]{1,6}))?\Z", re.ASCII)


class TautulliSource(Struct, frozen=True):
    """Reads our ``TEMPLATE`` and those of others; see ``tautulli_templates.parameters``."""

    name: str = "tautulli"

    def parse(self, payload: Mapping[str, Any], received_at: datetime) -> tuple[PlaybackEvent, ...]:
        """One event, or one for each episode where a season was added.

        Reasons for ignoring: ``empty`` (what a broken template sends), ``test``, and those of Plex. A webhook of Plex
        itself is read as one, since the ids in it are the episode's own.
        """
        if isinstance(payload.get("owner"), bool):  # in templates everything is text
            return PlexSource(self.name).parse(payload, received_at)
        told = parameters(payload)
        event = PlaybackEvent(
            source=self.name,
            kind=EventKind.IGNORED,
            occurred_at=received_at.astimezone(UTC),
            account=_account(told),
            player=text(told.get("machine_id"), limit=MAX_KEY),
            player_name=text(told.get("player")),
        )
        try:
            return _understood(event, told) if payload else (replace(event, reason="empty"),)
        except Ignored as ignored:
            return (replace(event, reason=str(ignored)),)
        except Malformed:
            return (replace(event, reason="malformed"),)


def _account(told: Told) -> Account:
    """Whoever plays without an account is user 0, called "Local"."""
    id_ = text(told.get("user_id"), limit=MAX_KEY)
    return Account(id="" if id_ == "0" else id_, name=text(told.get("username")) or text(told.get("user")))


def _understood(event: PlaybackEvent, told: Told) -> tuple[PlaybackEvent, ...]:
    action = text(told.get("action")).casefold()
    for prefix in ("tautulli.", "media.", "playback.", "on_"):
        action = action.removeprefix(prefix)
    if action == "test" or "{" in action:  # a test sends the template as it was written
        raise Ignored("test")
    if action not in KINDS:
        raise Ignored("unsupported")
    stated = moment(told.get("unixtime")) or _iso(told.get("utctime"))
    event = at(replace(event, kind=KINDS[action]), stated)
    if event.kind is EventKind.ADDED:
        return tuple(_about(event, one) for one in _apart(told))
    return (_measured(_about(event, told), told),)


def _iso(value: Any) -> datetime | None:
    try:
        stated = datetime.fromisoformat(text(value))
        return stated.replace(tzinfo=UTC) if stated.tzinfo is None else stated.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _about(event: PlaybackEvent, told: Told) -> PlaybackEvent:
    message = _message(told)
    item, scope = subject_of(message) if event.kind is EventKind.ADDED else (of(message), None)
    if isinstance(item, Episode):
        item = replace(item, show_year=year(told.get("show_year")))
    return replace(event, item=item, scope=scope)


def _measured(event: PlaybackEvent, told: Told) -> PlaybackEvent:
    position, duration = milliseconds(told.get("view_offset")), milliseconds(told.get("duration_ms")) or None
    percent = decimal(told.get("progress_percent"))
    known = position is not None and duration is not None
    return replace(event, position_ms=position, duration_ms=duration, progress=None if known else percent)


def _apart(told: Told) -> Iterator[Told]:
    """What was added may be several episodes, ``1-3,5``, and then what stands beside that is about their season."""
    numbers = _numbers(told.get("episode_num"))
    if not numbers or (len(numbers) == 1 and _media(told) != "season"):
        yield told
        return
    season, show = text(told.get("rating_key"), limit=MAX_KEY), _first(told, "grandparent_rating_key", _ABOVE)
    for number in numbers:
        own = {"media_type": "episode", "episode_num": number, "rating_key": f"{season}/{number}"}
        yield {**told, **own, "episode_name": None, "guid": None, "grandparent_rating_key": show}


def _numbers(value: Any) -> list[int]:
    found: list[int] = []
    for part in filter(None, text(value).replace(" ", "").split(",")):
        match = _RANGE.match(part)
        if match is None:
            raise Malformed(f"{part} is no range of episodes")
        first, last = int(match[1]), int(match[2] or match[1])
        found += range(first, min(last, first + MOST_NUMBERS) + 1)
    return list(dict.fromkeys(found))[:MOST_NUMBERS]


def _message(told: Told) -> dict[str, Any]:
    """The same in the form of Plex."""
    if _media(told) not in _FIELDS:
        return {"Metadata": {"type": _media(told), "live": told.get("live")} if _media(told) else {}}
    extra = told.get("extra_type") if text(told.get("extra_type")) != "0" else None
    metadata = {
        "type": _media(told),
        "live": told.get("live"),
        "extraType": "preroll" if flag(told.get("preroll")) else extra,
        "ratingKey": told.get("rating_key"),
        "guid": told.get("guid"),
        "librarySectionTitle": told.get("library_name"),
        **_FIELDS[_media(told)](told),
    }
    return {"Server": {"uuid": told.get("server_machine_id")}, "Metadata": metadata}


def _media(told: Told) -> str:
    """Some templates leave it out, and are made for shows alone."""
    names = ("show_name", "season_num", "episode_num")
    is_episode = told.get("media_type") is None and not any(is_blank(told.get(name)) for name in names)
    return "episode" if is_episode else text(told.get("media_type")).casefold()


def _movie(told: Told) -> Told:
    title = _first(told, "title", "movie_name", "episode_name")
    return {"title": title, "year": _first(told, "year", "show_year"), "Guid": _ids(told)}


def _show(told: Told) -> Told:
    return {"title": _first(told, "show_name", "title"), "year": told.get("show_year"), "Guid": _ids(told)}


def _season(told: Told) -> Told:
    return {
        "parentTitle": told.get("show_name"),
        "parentRatingKey": told.get(_ABOVE),
        "parentGuid": _ids(told),
        "index": told.get("season_num"),
    }


def _episode(told: Told) -> Told:
    """The numbered ids are those of its show; only ``guid`` is its own.

    An unknown number is filled up with zeros as if it were one, so that two zeros are most likely none.
    """
    season, number = told.get("season_num"), told.get("episode_num")
    unknown = {text(season), text(number)} <= {"0", "00"}
    show = text(told.get("show_name"))
    return {
        "title": text(told.get("episode_name")).removeprefix(f"{show} - "),  # the full title has the show in it
        "grandparentTitle": show,
        "grandparentRatingKey": told.get("grandparent_rating_key"),
        "grandparentGuid": _ids(told),
        "parentIndex": None if unknown else season,
        "index": None if unknown else number,
    }


_FIELDS: dict[str, Callable[[Told], Told]] = {
    "movie": _movie,
    "show": _show,
    "season": _season,
    "episode": _episode,
}


def _ids(told: Told) -> list[str]:
    plain = [f"{service}://{text(told.get(name))}" for service, name in _IDS.items() if not is_blank(told.get(name))]
    return [*plain, *texts(told.get("guids"))]


def _first(told: Told, *names: str) -> Any:
    return next((told[name] for name in names if not is_blank(told.get(name))), None)
