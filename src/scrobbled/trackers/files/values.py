"""Single values of other people's files: moments of every spelling, ids, ratings."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from scrobbled.core.naming.ids import ShowIds
from scrobbled.core.records import DatePrecision
from scrobbled.plumbing.fields import Malformed, decimal, flag, place, text, year
from scrobbled.trackers.files.parsed import NEVER, NOON, FileMoment, Unusable

LARGEST_ID = 10**12
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""What Trakt writes for a play of which nobody knows when it was."""
_YEARS = range(1900, 2200)
_NUMBERED = ("tmdb", "tvdb", "trakt")
_IMDB = re.compile(r"tt[0-9]{1,12}\Z", re.IGNORECASE | re.ASCII)
_NO_DATE = frozenset({"", "null", "none", "nan", "unknown", "n/a", "-", "0", "0000-00-00", "0000-00-00 00:00:00"})
_SECONDS = re.compile(r"[0-9]{9,11}\Z", re.ASCII)
_MILLISECONDS = re.compile(r"[0-9]{12,14}\Z", re.ASCII)
_DAY = re.compile(r"(?P<year>[0-9]{4})[-/.](?P<month>[0-9]{1,2})[-/.](?P<day>[0-9]{1,2})\Z", re.ASCII)
_OTHER_DAY = re.compile(r"(?P<one>[0-9]{1,2})(?P<mark>[./-])(?P<two>[0-9]{1,2})(?P=mark)(?P<year>[0-9]{4})\Z", re.ASCII)
_ZONE = re.compile(r"\s*(?:UTC|GMT|Z)\Z", re.IGNORECASE | re.ASCII)
_TITLE_YEAR = re.compile(r"(?P<title>.*\S)\s+\((?P<year>(?:19|20)[0-9]{2})\)\Z", re.ASCII)
_UNREADABLE = "a date that cannot be read; write it like 2026-05-03T20:31:00Z"


def moment(value: Any) -> FileMoment:
    """Raises ``Unusable`` for what is no date.

    Without a zone nobody knows the hour, and without a time of day only the day is known: both are worth a day.
    """
    told = text(value) if value else ""
    if told.casefold() in _NO_DATE:
        return NEVER
    if _SECONDS.match(told) or _MILLISECONDS.match(told):
        seconds = int(told) if len(told) < 12 else int(told) // 1000
        return _sure(datetime.fromtimestamp(seconds, UTC), DatePrecision.EXACT)
    day = _calendar_day(told)
    if day is not None:
        return FileMoment(datetime.combine(day, NOON, UTC), DatePrecision.DAY)
    return _instant(told)


def _instant(told: str) -> FileMoment:
    try:
        found = datetime.fromisoformat(_ZONE.sub("+00:00", told.replace("/", "-"))).replace(microsecond=0)
        at = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unusable(_UNREADABLE) from None
    return _sure(at, DatePrecision.DAY if found.tzinfo is None else DatePrecision.EXACT)


def _sure(at: datetime, kept: DatePrecision) -> FileMoment:
    if at.year not in _YEARS:
        raise Unusable(_UNREADABLE)
    return NEVER if at == EPOCH else FileMoment(at, kept)


def _calendar_day(told: str) -> date | None:
    match = _DAY.match(told)
    if match:
        return _date(int(match["year"]), int(match["month"]), int(match["day"]))
    match = _OTHER_DAY.match(told)
    if match is None:
        return None
    one, two, in_year = int(match["one"]), int(match["two"]), int(match["year"])
    if match["mark"] == "." or one > 12:
        return _date(in_year, two, one)
    if two > 12 or one == two:
        return _date(in_year, one, two)
    raise Unusable("a date that can be read in two ways, like 03/04/2026; write it like 2026-04-03")


def _date(in_year: int, month: int, day: int) -> date:
    try:
        found = date(in_year, month, day)
    except ValueError:
        raise Unusable(_UNREADABLE) from None
    if found.year not in _YEARS:
        raise Unusable(_UNREADABLE)
    return found


def ids(given: Mapping[str, Any]) -> dict[str, Any]:
    """By service; 0, blanks and everything that cannot be an id there are left out."""
    if not given:
        return {}
    found: dict[str, Any] = {service: id_ for service in _NUMBERED if (id_ := _id(given.get(service)))}
    imdb = text(given.get("imdb"))
    return {**found, "imdb": imdb.lower()} if _IMDB.match(imdb) else found


def show_ids(given: Mapping[str, Any]) -> ShowIds:
    """The same object for the same ids, as thousands of episodes share them."""
    found = ids(given)
    return _show_ids(found.get("imdb"), found.get("tmdb"), found.get("tvdb"), found.get("trakt"))


@lru_cache(maxsize=4096)
def _show_ids(imdb: str | None, tmdb: int | None, tvdb: int | None, trakt: int | None) -> ShowIds:
    return ShowIds(imdb=imdb, tmdb=tmdb, tvdb=tvdb, trakt=trakt)


def title(value: Any) -> str:
    """One clean line; the same object for the same title."""
    return sys.intern(text(value))


def title_and_year(value: Any) -> tuple[str, int | None]:
    """Some write "Harbour (2024)" for a show."""
    told = title(value)
    match = _TITLE_YEAR.match(told)
    return (sys.intern(match["title"]), year(match["year"])) if match else (told, None)


def number(value: Any) -> int | None:
    """A season or episode number, ``None`` where there is none; raises ``Unusable`` for what is no number."""
    try:
        return place(value)
    except Malformed:
        raise Unusable("a season or episode that is no number") from None


def rating(value: Any, scale: float = 1.0) -> int | None:
    """1 to 10, ``None`` for no rating; raises ``Unusable`` for anything else. ``scale`` brings it to ten."""
    told = text(value) if isinstance(value, str) else value
    given = decimal(told.replace(",", ".") if isinstance(told, str) else told)
    if told is None or told == "" or given == 0:
        return None
    rounded = int(given * scale + 0.5) if given is not None else 0
    if not 1 <= rounded <= 10:
        raise Unusable("a rating that is not between 1 and 10")
    return rounded


def yes(value: Any) -> bool | None:
    """``None`` where nothing is said that is yes or no."""
    if value is None or value == "":
        return None
    told = text(value).casefold() if not isinstance(value, bool) else str(value).casefold()
    if told in {"no", "n", "false", "0"}:
        return False
    return True if told in {"yes", "y"} or flag(value) else None


def _id(value: Any) -> int | None:
    found = decimal(value)
    return int(found) if found is not None and found == int(found) and 0 < found <= LARGEST_ID else None
