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

from scrobbled.core.kinds import Scope
from scrobbled.core.naming.guids import texts
from scrobbled.core.naming.items import Episode, Item
from scrobbled.core.watching.events import Account, EventKind, PlaybackEvent
from scrobbled.core.words.reasons import ASKED, NO_ACTION, UNKNOWN_EVENT, Code, Reason
from scrobbled.plumbing.fields import Malformed, decimal, flag, is_blank, milliseconds, text, year
from scrobbled.sources import tautulli_templates
from scrobbled.sources.base import Ignored, Setup, Source, unknown_form
from scrobbled.sources.examples import Example, ExampleBody
from scrobbled.sources.plex import PlexSource
from scrobbled.sources.plex_items import MAX_KEY, of, subject_of
from scrobbled.sources.tautulli_templates import TemplateValues, filled, is_left, parameters
from scrobbled.sources.times import at, moment

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
OTHERS = frozenset(
    {
        *("buffer", "error", "change", "intro", "commercial", "credits", "concurrent", "newdevice"),
        *("intdown", "intup", "extdown", "extup", "pmsupdate", "plexpyupdate", "plexpydbcorrupt", "tokenexpired"),
    }
)
MOST_NUMBERS = 50
"""Episodes that one message may name; more than a season brings at once."""

MINUTES_OF_A_DAY = 1_440
Left = Mapping[str, str]
"""What Tautulli did not fill in, by the names of parameters."""
_WHO = ("username", "user", "user_id")
_WHAT = frozenset({"media_type", "title", "movie_name", "episode_name", "show_name", "season_num", "episode_num"})
_IN_FULL = " - "
"""Between show and episode, in what Tautulli calls the full title."""
_IDS = {"imdb": "imdb_id", "tmdb": "themoviedb_id", "tvdb": "thetvdb_id", "anidb": "anidb_id"}
_ABOVE = "parent_rating_key"
_RANGE = re.compile(r"([0-9]{1,6})(?:-([0-9]{1,6}))?\Z", re.ASCII)


class TautulliSource(Struct, frozen=True):
    """Reads our ``TEMPLATE`` and those of others; see ``tautulli_templates.parameters``."""

    name: str = "tautulli"

    @property
    def setup(self) -> Setup:
        return tautulli_templates.SETUP

    def example(self, example: Example) -> ExampleBody:
        return tautulli_templates.example(example)

    def parse(self, payload: Mapping[str, Any], received_at: datetime) -> tuple[PlaybackEvent, ...]:
        """One event, or one for each episode where a season was added.

        Reasons for ignoring: ``empty`` (what a broken template sends), ``test``, and those of Plex. A webhook of Plex
        itself is read as one, since the ids in it are the episode's own.
        """
        if isinstance(payload.get("owner"), bool):  # in templates everything is text
            return PlexSource(self.name).parse(payload, received_at)
        told, left = filled(parameters(payload))
        event = PlaybackEvent(
            source=self.name,
            kind=EventKind.IGNORED,
            occurred_at=received_at.astimezone(UTC),
            account=_account(told),
            player=text(told.get("machine_id"), limit=MAX_KEY),
            player_name=text(told.get("player")),
        )
        try:
            return _understood(_unnamed(event, left), told, left) if payload else (replace(event, reason="empty"),)
        except Ignored as ignored:
            return (replace(event, reason=ignored.reason),)
        except Malformed:
            return (replace(event, reason="malformed"),)


def _unnamed(event: PlaybackEvent, left: Left) -> PlaybackEvent:
    """With the reason why nobody is named, where the template is to blame."""
    if not left or event.account.names():
        return event
    names = [left[name] for name in _WHO if name in left]
    return replace(event, reason=_asked(*names)) if names else event


def _asked(*names: str) -> Reason:
    """``names`` as they stand in the template, with their braces."""
    text = f"{ASKED}{', '.join(dict.fromkeys(names))}, which it does not know: see docs/sources/tautulli.md"
    return Reason(text, Code.ASKED)


def _account(told: TemplateValues) -> Account:
    """Whoever plays without an account is user 0, called "Local"."""
    id_ = text(told.get("user_id"), limit=MAX_KEY)
    return Account(id="" if id_ == "0" else id_, name=text(told.get("username")) or text(told.get("user")))


def _understood(event: PlaybackEvent, told: TemplateValues, left: Left) -> tuple[PlaybackEvent, ...]:
    action = text(left.get("action", told.get("action"))).casefold()
    for prefix in ("tautulli.", "media.", "playback.", "on_"):
        action = action.removeprefix(prefix)
    if action == "test" or "{" in action:
        raise _test(action, told)
    if action not in KINDS:
        raise _unknown(event.source, told, action)
    stated = moment(told.get("unixtime")) or _iso(told.get("utctime"))
    event = at(replace(event, kind=KINDS[action]), stated)
    if event.kind is EventKind.ADDED:
        return tuple(_about(event, one, left) for one in _apart(told))
    return (_measured(_about(event, told, left), told),)


def _test(action: str, told: TemplateValues) -> Ignored:
    """A test sends the template as it was written. What is filled in but for this one is none."""
    says = any(not is_blank(value) and "{" not in str(value) for name, value in told.items() if name != "action")
    return Ignored(_asked(action) if says and is_left(action) and action != "{action}" else "test")


def _unknown(source: str, told: TemplateValues, action: str) -> Ignored:
    if action in OTHERS:
        return Ignored("unsupported")
    if action:
        return Ignored(UNKNOWN_EVENT)
    return unknown_form(source) if all(map(is_blank, told.values())) else Ignored(NO_ACTION)


def _iso(value: Any) -> datetime | None:
    try:
        stated = datetime.fromisoformat(text(value))
        return stated.replace(tzinfo=UTC) if stated.tzinfo is None else stated.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _about(event: PlaybackEvent, told: TemplateValues, left: Left) -> PlaybackEvent:
    names = [value for name, value in left.items() if name in _WHAT]
    try:
        item, scope = _subject(event, _message(told))
    except Ignored as ignored:
        unsaid = ignored.reason.code in (Code.NO_ITEM, Code.NO_TYPE)
        raise Ignored(_asked(*names)) if names and unsaid else ignored from None
    if isinstance(item, Episode):
        if names and scope is None and not (item.number is not None or item.ids or item.title):
            raise Ignored(_asked(*names))
        item = replace(item, show_year=_show_year(told))
    return replace(event, item=item, scope=scope)


def _subject(event: PlaybackEvent, message: Mapping[str, Any]) -> tuple[Item, Scope | None]:
    return subject_of(message) if event.kind is EventKind.ADDED else (of(message), None)


def _show_year(told: TemplateValues) -> int | None:
    """In the form of Plex there is one year; where the show is not told apart, it is that of the episode."""
    return None if is_blank(told.get("show_name")) else year(told.get("show_year"))


def _measured(event: PlaybackEvent, told: TemplateValues) -> PlaybackEvent:
    position, duration = milliseconds(told.get("view_offset")), _length(told)
    percent = decimal(told.get("progress_percent"))
    known = position is not None and duration is not None
    return replace(event, position_ms=position, duration_ms=duration, progress=None if known else percent)


def _length(told: TemplateValues) -> int | None:
    """``duration`` is in minutes in Tautulli's words and in milliseconds in those of Plex: nothing lasts that short."""
    exact, either = milliseconds(told.get("duration_ms")), milliseconds(told.get("duration"))
    return exact or (either * 60_000 if either and either < MINUTES_OF_A_DAY else either) or None


def _apart(told: TemplateValues) -> Iterator[TemplateValues]:
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


def _message(told: TemplateValues) -> dict[str, Any]:
    """The same in the form of Plex."""
    if _media(told) not in _FIELDS:
        named = _media(told) or _first(told, "title", "show_name", "episode_name", "movie_name")
        return {"Metadata": {"type": _media(told), "live": told.get("live")} if named else {}}
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


def _media(told: TemplateValues) -> str:
    """Some templates leave it out, and are made for shows alone."""
    names = ("show_name", "season_num", "episode_num")
    is_episode = told.get("media_type") is None and not any(is_blank(told.get(name)) for name in names)
    return "episode" if is_episode else text(told.get("media_type")).casefold()


def _movie(told: TemplateValues) -> TemplateValues:
    title = _first(told, "title", "movie_name", "episode_name")
    return {"title": title, "year": _first(told, "year", "show_year"), "Guid": _ids(told)}


def _show(told: TemplateValues) -> TemplateValues:
    return {"title": _first(told, "show_name", "title"), "year": told.get("show_year"), "Guid": _ids(told)}


def _season(told: TemplateValues) -> TemplateValues:
    return {
        "parentTitle": told.get("show_name"),
        "parentRatingKey": told.get(_ABOVE),
        "parentGuid": _ids(told),
        "index": told.get("season_num"),
    }


def _episode(told: TemplateValues) -> TemplateValues:
    """The numbered ids are those of its show; only ``guid`` is its own.

    An unknown number is filled up with zeros as if it were one, so that two zeros are most likely none.
    """
    season, number = told.get("season_num"), told.get("episode_num")
    unknown = {text(season), text(number)} <= {"0", "00"}
    show, title = text(told.get("show_name")), text(_first(told, "episode_name", "title"))
    if not show and title.count(_IN_FULL) == 1:
        show, title = title.split(_IN_FULL)
    return {
        "title": title.removeprefix(f"{show}{_IN_FULL}"),
        "grandparentTitle": show,
        "grandparentRatingKey": told.get("grandparent_rating_key"),
        "grandparentGuid": _ids(told),
        "parentIndex": None if unknown else season,
        "index": None if unknown else number,
    }


_FIELDS: dict[str, Callable[[TemplateValues], TemplateValues]] = {
    "movie": _movie,
    "show": _show,
    "season": _season,
    "episode": _episode,
}


def _ids(told: TemplateValues) -> list[str]:
    plain = [f"{service}://{text(told.get(name))}" for service, name in _IDS.items() if not is_blank(told.get(name))]
    return [*plain, *texts(told.get("guids"))]


def _first(told: TemplateValues, *names: str) -> Any:
    return next((told[name] for name in names if not is_blank(told.get(name))), None)


SOURCE: type[Source] = TautulliSource
