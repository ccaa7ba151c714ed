"""What a Trakt client adds to its history: single plays, each with the time it says, or none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct, field

from scrobbled.core.naming.items import Item
from scrobbled.core.watching.plays import is_dated
from scrobbled.plumbing.fields import section
from scrobbled.sources.examples import MARK
from scrobbled.sources.trakt_items import episode, movie

LISTS = ("movies", "shows", "seasons", "episodes")
WATCHED_AT = "watched_at"
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])", re.ASCII)
HistoryEntry = Mapping[str, Any]


class AddedPlay(Struct, frozen=True):
    """One play. ``told`` is false where the client left the time out, which means now."""

    item: Item
    watched_at: datetime | None
    """Aware UTC; ``None`` where nobody knows: never "now" for want of a date."""
    told: bool


class Additions(Struct, frozen=True):
    """All of a body. ``not_found`` has the rest by list, as the client wrote it."""

    plays: list[AddedPlay] = field(default_factory=list)
    not_found: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in LISTS})


def additions(body: HistoryEntry, now: datetime) -> Additions:
    """Everything in ``body`` is in one of the two; raises nothing. ``now`` is when it was received.

    A show or a season without its episodes names nothing that could be listed.
    """
    found = Additions()
    for entry in _entries(body, "movies"):
        _add(found, "movies", entry, movie(_object(entry)), _moment((_object(entry),), now))
    for entry in _entries(body, "episodes"):
        inner = _object(entry)
        _add(found, "episodes", entry, episode(section(inner, "show"), inner), _moment((inner,), now))
    for entry in _entries(body, "shows"):
        _add_show(found, entry, now)
    found.not_found["seasons"] += _entries(body, "seasons")
    return found


def is_test(body: HistoryEntry) -> bool:
    """Whether all that is in ``body`` is a test event of ours."""
    entries = [entry for name in LISTS for entry in _entries(body, name)]
    return bool(entries) and all(_object(entry).get(MARK) is True for entry in entries)


def _add(found: Additions, name: str, entry: Any, item: Item | None, moment: tuple[datetime | None, bool]) -> None:
    if item is None:
        found.not_found[name].append(entry)
    else:
        found.plays.append(AddedPlay(item, *moment))


def _add_show(found: Additions, entry: Any, now: datetime) -> None:
    """What of a show is not found is told as a show with just that in it, as Trakt does."""
    show, missing = _object(entry), []
    for season in _entries(show, "seasons"):
        left = list(_left_of(found, show, _object(season), now))
        if left or not _entries(_object(season), "episodes"):
            missing.append({**_object(season), "episodes": left} if left else season)
    if missing or not _entries(show, "seasons"):
        found.not_found["shows"].append({**show, "seasons": missing} if missing else entry)


def _left_of(found: Additions, show: HistoryEntry, season: HistoryEntry, now: datetime) -> Iterator[Any]:
    for entry in _entries(season, "episodes"):
        inner = _object(entry)
        item = episode(show, {**inner, "season": season.get("number")})
        if item is None:
            yield entry
        else:
            found.plays.append(AddedPlay(item, *_moment((inner, season, show), now)))


def _moment(nearest_first: tuple[HistoryEntry, ...], now: datetime) -> tuple[datetime | None, bool]:
    """The time, and whether it was told: that of an episode, else of its season, else of the show, else now."""
    for entry in nearest_first:
        if WATCHED_AT in entry:
            return _instant(entry[WATCHED_AT], now), True
    return now, False


def _instant(value: Any, now: datetime) -> datetime | None:
    """``None`` for ``unknown`` and ``released``, for numbers, and for what cannot be true."""
    if not isinstance(value, str) or not _ISO.match(value):
        return None
    try:
        read = datetime.fromisoformat(value)
        moment = read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if is_dated(moment, now) else None


def _entries(parent: HistoryEntry, name: str) -> list[Any]:
    value = parent.get(name)
    return value if isinstance(value, list) else []


def _object(value: Any) -> HistoryEntry:
    return value if isinstance(value, dict) else {}
