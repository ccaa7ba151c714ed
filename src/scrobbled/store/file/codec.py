"""Items and sessions as JSON text in the database, and back."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from scrobbled.core.kinds import KindValue, Scope
from scrobbled.core.naming.ids import EpisodeIds, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Item, Movie, Origin
from scrobbled.core.records import Subject
from scrobbled.core.watching.events import EventKind
from scrobbled.core.watching.sessions import Session
from scrobbled.core.words.plain import plain

THESE = "(SELECT value FROM json_each(?))"
"""As SQL: what ``listed`` lists. One statement for many keys costs a fraction of one for each."""


def listed(values: Iterable[str]) -> str:
    return json.dumps(list(values))


@functools.lru_cache(maxsize=1_024)
def unlisted(text: str) -> tuple[str, ...]:
    """What ``listed`` has listed; nothing of an empty text."""
    return tuple(_read(text)) if text else ()


def encode_value(value: KindValue) -> str:
    """The same text for the same value."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=True)


@functools.lru_cache(maxsize=1_024)
def decode_value(text: str) -> KindValue:
    """Made once for all that have the same, as most of a library has: it is not to be changed."""
    value: KindValue = _read(text)
    return value


def _read(text: str) -> Any:
    """The quicker decoder, in a fifth of the time, does not know all that was ever written."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError):
        return json.loads(text)


def encode_item(item: Item) -> str:
    """Only what is known; the media is told by the row."""
    return json.dumps(_without_gaps(plain(item)), separators=(",", ":"), ensure_ascii=False, default=str)


def decode_item(media: str, text: str) -> Item:
    values: dict[str, Any] = _read(text)
    origin = Origin(**values.pop("origin")) if "origin" in values else None
    if media == "movie":
        return Movie(**{**values, "ids": MovieIds(**values.get("ids", {})), "origin": origin})
    aired = values.pop("air_date", None)
    values["ids"] = EpisodeIds(**values.get("ids", {}))
    values["show_ids"] = _show_ids(tuple(values.get("show_ids", {}).items()))
    values["show_title"] = sys.intern(values["show_title"])
    values = {"season": None, "number": None, **values}
    return Episode(**values, air_date=date.fromisoformat(aired) if aired else None, origin=origin)


@functools.lru_cache(maxsize=4_096)
def _show_ids(known: tuple[tuple[str, Any], ...]) -> ShowIds:
    """Made once for all episodes of a show, of which there may be hundreds in memory."""
    return ShowIds(**dict(known))


def encode_subject(subject: Subject) -> str:
    values = [subject.key, subject.scope, encode_item(subject.item), subject.runtime, subject.places]
    return json.dumps(values, separators=(",", ":"), ensure_ascii=False)


def decode_subject(text: str) -> Subject:
    """Also one that an earlier version wrote."""
    key, scope, item, runtime, *places = _read(text)
    return decode_parts(key, scope, item, runtime, *places)


def decode_parts(key: str, scope: Scope, item: str, runtime: int | None, places: Iterable[str] = ()) -> Subject:
    return Subject(key, scope, decode_item("movie" if scope == "movie" else "episode", item), runtime, tuple(places))


_SESSION_LATER = ("last_progress", "undated", "seen_from", "began_at", "player", "ended_on", "ended_in")
"""What sessions learned to hold after the first release, in that order; older rows end before."""


def encode_session(session: Session) -> str:
    text = msgspec.json.encode(
        [
            session.position_ms,
            session.duration_ms,
            [finish.timestamp() for finish in session.finishes],
            session.restarted,
            session.last_kind,
            session.last_position_ms,
            session.last_at.timestamp() if session.last_at else None,
            session.last_progress,
            session.undated,
            session.seen_from,
            session.began_at.timestamp() if session.began_at else None,
            session.player,
            session.ended_on,
            session.ended_in,
        ]
    )
    return text.decode()


def decode_session(text: str) -> Session:
    position, duration, finishes, restarted, kind, last_position, last_at, *later = msgspec.json.decode(text)
    known = dict(zip(_SESSION_LATER, later, strict=False))
    began_at = known.pop("began_at", None)
    return Session(
        position_ms=position,
        duration_ms=duration,
        finishes=tuple(instant(finish) for finish in finishes),
        restarted=restarted,
        last_kind=EventKind(kind) if kind else None,
        last_position_ms=last_position,
        last_at=instant(last_at) if last_at is not None else None,
        began_at=None if began_at is None else instant(began_at),
        **known,
    )


def instant(seconds: float) -> datetime:
    """Unix seconds as aware UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def seconds(moment: datetime | None) -> int | None:
    """Whole Unix seconds."""
    return None if moment is None else int(moment.timestamp())


def iso(seconds: float) -> str:
    """Unix seconds as ISO 8601 in UTC."""
    return instant(seconds).isoformat(timespec="seconds")


def iso_or_none(seconds: float | None) -> str | None:
    return None if seconds is None else iso(seconds)


def _without_gaps(values: dict[str, Any]) -> dict[str, Any]:
    nested = {k: _without_gaps(v) if isinstance(v, dict) else v for k, v in values.items()}
    return {k: v for k, v in nested.items() if v is not None and v != {} and v is not False}
