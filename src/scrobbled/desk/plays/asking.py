"""What somebody wants to see of the wall, in the words of an address, and what that means for the database. Pure."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, tzinfo
from urllib.parse import quote, unquote

from msgspec import Struct

from scrobbled.core.naming.spelling import words
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.store.mirror.held import SHELVES, HeldFilters, HeldSpot
from scrobbled.store.works.wall import Filters, WallSpot

MEDIA = ("episode", "movie")
CARRIED = {"yes": True, "no": False}
LONGEST = 300
"""Characters of a filter; no title that is longer can be asked for by it."""
INCOMPLETE = "This link is not complete; start again from the newest plays."


class HistoryQuery(Struct, frozen=True):
    """What somebody wants to see, in the words of an address; empty is everything. ``until`` includes its whole day."""

    q: str = ""
    viewer: str = ""
    show: str = ""
    media: str = ""
    source: str = ""
    tracker: str = ""
    outcome: str = ""
    since: str = ""
    until: str = ""
    on: str = ""
    """A tracker: what it holds is seen, whoever put it there, instead of what we know of."""
    carried: str = ""
    """Of that, ``no``: only what never came by us; ``yes``: only what did."""

    def set(self) -> dict[str, str]:
        """What is not empty, by name."""
        return {name: value for name in self.__struct_fields__ if (value := getattr(self, name))}


def filters_of(wish: HistoryQuery, zone: tzinfo) -> Filters:
    """Days are those of ``zone``. Raises ``ValueError`` with what to write instead."""
    aside = ("q", "since", "until", "carried")
    named = {name: value[:LONGEST] for name, value in wish.set().items() if name not in aside}
    _check_media(wish)
    if wish.carried:
        raise ValueError("carried goes with on.")
    if wish.outcome and wish.outcome not in set(PlayOutcome):
        raise ValueError(f"outcome is one of {', '.join(PlayOutcome)}.")
    since, until = _moment("since", wish.since, 0, zone), _moment("until", wish.until, 1, zone)
    return Filters(**named, since=since, until=until, words=words(wish.q))


def held_filters(wish: HistoryQuery, zone: tzinfo) -> HeldFilters:
    """The same of what a tracker holds."""
    _check_media(wish)
    if amiss := [name for name in ("source", "tracker", "outcome") if name in wish.set()]:
        raise ValueError(f"on does not go with {' and '.join(amiss)}: that is asked of our own plays.")
    if wish.carried not in ("", *CARRIED):
        raise ValueError(f"carried is {' or '.join(CARRIED)}.")
    since, until = _moment("since", wish.since, 0, zone), _moment("until", wish.until, 1, zone)
    carried = CARRIED.get(wish.carried)
    return HeldFilters(wish.show[:LONGEST], wish.media, since, until, words(wish.q), carried)


def _check_media(wish: HistoryQuery) -> None:
    if wish.media and wish.media not in MEDIA:
        raise ValueError(f"media is {' or '.join(MEDIA)}.")


def _moment(name: str, text: str, days: int, zone: tzinfo) -> float | None:
    """Unix seconds; a day begins, or ends so many days later, at midnight."""
    if not text:
        return None
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            day = date.fromisoformat(text) + timedelta(days=days)
            return datetime.combine(day, time(), zone).timestamp()
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=zone)).timestamp()
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"{name} is no date; write it like 2026-11-14 or 2026-11-14T20:15.") from None


def spot(text: str | None) -> WallSpot | None:
    """From an address like ``1794000000-12``; raises ``ValueError``."""
    if text is None:
        return None
    match = re.fullmatch(r"(-?\d{1,12})-(\d{1,18})", text, re.ASCII)
    if match is None:
        raise ValueError(INCOMPLETE)
    return WallSpot(int(match[1]), int(match[2]))


def spot_text(found: WallSpot) -> str:
    return f"{found.at}-{found.play}"


def held_spot(text: str | None) -> HeldSpot | None:
    """From an address like ``1794000000,r12,anna``; raises ``ValueError``."""
    if text is None:
        return None
    parts = text.split(",")
    if len(parts) != 3 or not re.fullmatch(r"-?\d{1,12}", parts[0], re.ASCII) or parts[1][:1] not in SHELVES:
        raise ValueError(INCOMPLETE)
    id_, viewer = (unquote(part)[:LONGEST] for part in parts[1:])
    return HeldSpot(int(parts[0]), viewer, id_[0], id_[1:])


def held_text(found: HeldSpot) -> str:
    id_, viewer = (quote(part, safe="") for part in (f"{found.shelf}{found.id}", found.viewer))
    return f"{found.at},{id_},{viewer}"
