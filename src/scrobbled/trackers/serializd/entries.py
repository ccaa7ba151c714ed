"""Rows of the diary and of the reviews: one resource that is log, review, rating and like at once; pure.

Everything but the ids is optional, as the service leaves fields out and sends null at will.
"""

from __future__ import annotations

import functools
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct

from scrobbled.core.errors import ContractDrift
from scrobbled.core.kinds import Scope
from scrobbled.core.records import DatePrecision
from scrobbled.trackers.serializd.codec import instant, timestamp
from scrobbled.trackers.serializd.fields import int_of, list_of, mapping_of, number_of, text_of

QUARTERS = (0, 15, 30, 45)
"""Minutes at which a local midnight or noon lies in UTC, whatever the zone."""
TYPED_LATER = timedelta(minutes=10)
NEXT_DAY = timedelta(hours=12)
SAME_TIME = timedelta(minutes=2)
DAY = timedelta(days=1)
ENOUGH_ROWS = 5
"""Of a page, to tell from them that a key is gone."""

EntryPlace = tuple[int, int | None, int | None]
"""TMDB *show* id, TMDB *season* id, episode number; ``None`` where a row is about the whole show or season."""


class SerializdEntry(Struct, frozen=True, gc=False):
    """One row. Times are UTC, to the second; ``rating`` is 0 (none) to 10."""

    id: int
    show: int
    season: int | None
    number: int | None
    watched_at: datetime | None
    is_log: bool
    made_at: datetime | None = None
    rating: int = 0
    text: str = ""
    like: bool = False
    tags: tuple[str, ...] | None = None
    """``None`` where the listing does not show them."""
    spoiler: bool = False
    rewatch: bool = False
    allows_comments: bool = True
    show_name: str = ""
    show_year: int | None = None
    season_number: int | None = None
    """As far as the row itself tells; it may well be another than ``season``, which is an id."""
    title: str = ""

    @property
    def place(self) -> EntryPlace:
        return self.show, self.season, self.number

    @property
    def scope(self) -> Scope | None:
        """What it is about; ``None`` for an episode of no season, which is nothing at all."""
        if self.season is None:
            return "show" if self.number is None else None
        return "season" if self.number is None else "episode"

    @property
    def key(self) -> str:
        return key_of(self.place)

    @property
    def is_play(self) -> bool:
        """Rows of a whole show or season, and those that are a rating only, are no viewing of an episode."""
        return self.is_log and self.season is not None and self.number is not None

    @property
    def personal(self) -> bool:
        return bool(self.text or self.like or self.tags or self.rating)

    @property
    def written_in(self) -> bool:
        """Whether a person put words or a heart into it, which nobody can bring back. Ratings we write ourselves."""
        return bool(self.text or self.like or self.tags)

    @property
    def stamp(self) -> str:
        """Short, and another one as soon as anything that can be edited is different."""
        at = timestamp(self.watched_at) if self.watched_at else None
        tags = list(self.tags or ())
        told = [at, self.rating, self.rewatch, self.like, self.text, tags, self.spoiler]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]

    @property
    def newness(self) -> tuple[datetime, int]:
        """Rows in the order in which they were made."""
        return self.made_at or datetime.min.replace(tzinfo=UTC), self.id

    @property
    def kept(self) -> DatePrecision:
        """What its time is worth: the site lets people pick a day, and makes some time of day of it."""
        at, made = self.watched_at, self.made_at
        if at is None:
            return DatePrecision.NONE
        if made is not None and made - at > NEXT_DAY and (made - at + SAME_TIME) % DAY <= 2 * SAME_TIME:
            return DatePrecision.DAY  # the day that was picked, with the time of day at which it was typed
        if at.second or at.minute not in QUARTERS:
            return DatePrecision.EXACT
        typed = abs(made - at) > TYPED_LATER if made is not None else (at.hour in (0, 12) and not at.minute)
        return DatePrecision.DAY if typed else DatePrecision.EXACT


class EntryPage(Struct, frozen=True):
    """``total`` pages there are; ``None`` where the answer does not say."""

    rows: tuple[SerializdEntry, ...]
    total: int | None = None

    @property
    def ids(self) -> list[int]:
        return [row.id for row in self.rows]


class Totals(Struct, frozen=True):
    """Counts of what a user holds, ``None`` where they are not told. ``joined`` stays when somebody is renamed."""

    username: str
    joined: str
    reviews: int | None
    episodes: int | None


def key_of(place: EntryPlace) -> str:
    """The same as ``EpisodeSpot.key`` for an episode."""
    show, season, episode = place
    if season is None:
        return f"show:{show}"
    return f"season:{show}:{season}" if episode is None else f"{show}:{season}:{episode}"


def place_of(key: str) -> tuple[int, int, int] | None:
    """Of an episode's key; ``None`` for what is none."""
    parts = key.split(":")
    if len(parts) != 3 or not all(part.isdecimal() for part in parts):
        return None
    show, season, episode = map(int, parts)
    return show, season, episode


def diary_page(data: Any) -> EntryPage:
    rows = [mapping_of(row, "diary.reviews[]") for row in list_of(data, "reviews", "diary")]
    _check_keys(rows, "diary.reviews[]")
    return EntryPage(tuple(_entry(row, "diary.reviews[]") for row in rows), number_of(data, "totalPages"))


def _check_keys(rows: Sequence[Mapping[str, Any]], what: str) -> None:
    """A row may leave out what it is not about. Where all do, the key has another name, and none is of a whole show."""
    lost = [key for key in ("seasonId", "episodeNumber") if not any(key in row for row in rows)]
    if lost and len(rows) >= ENOUGH_ROWS:
        raise ContractDrift(f"{what}: no {lost[0]} in any of {len(rows)} rows")


def reviews_page(data: Any) -> EntryPage:
    what = "reviewspage_v3.items[]"
    rows = (_entry(mapping_of(row, what), what) for row in list_of(data, "items", "reviewspage_v3"))
    return EntryPage(tuple(rows), number_of(data, "totalPages"))


def totals(data: Any, username: str) -> Totals:
    """``username`` as asked for, where the answer does not repeat it."""
    what = "profile_v2_part_1"
    details = mapping_of(mapping_of(data, what).get("details"), f"{what}.details")
    return Totals(
        username=text_of(details, "username") or username,
        joined=text_of(details, "joinedOn"),
        reviews=number_of(details, "reviewCount"),
        episodes=number_of(details, "totalEpisodesWatched"),
    )


def marked_seasons(data: Any) -> list[tuple[int, int]]:
    """(TMDB *show* id, TMDB *season* id) of the seasons marked as watched."""
    context = mapping_of(mapping_of(data, "user_information").get("context"), "user_information.context")
    watched = (mapping_of(item, "context.watched[]") for item in context.get("watched") or ())
    found = ((number_of(item, "showId"), number_of(item, "seasonId")) for item in watched)
    return [(show, season) for show, season in found if show is not None and season is not None]


def _entry(data: Mapping[str, Any], what: str) -> SerializdEntry:
    season = number_of(data, "seasonId")
    tags = data.get("tags")
    premiere = text_of(data, "showPremiereDate")[:4]
    return SerializdEntry(
        id=int_of(data, "id", what),
        show=_same(int_of(data, "showId", what)),
        season=None if season is None else _same(season),
        number=number_of(data, "episodeNumber"),
        watched_at=instant(data.get("backdate")),
        is_log=_either(data, "isLog", "isLogged", default=True),
        made_at=instant(data.get("dateAdded")),
        rating=_rating(data, what),
        text=text_of(data, "reviewText"),
        like=_either(data, "like", "isLiked"),
        tags=tuple(map(_tag, tags)) if isinstance(tags, list) else None,
        spoiler=_either(data, "containsSpoiler", "containsSpoilers"),
        rewatch=_either(data, "isRewatch", "isRewatched"),
        allows_comments=_either(data, "allowsComments", "allowComments", default=True),
        show_name=_shared(text_of(data, "showName")),
        show_year=_same(int(premiere)) if premiere.isdecimal() else None,
        season_number=_season_number(data, season),
        title=_shared(text_of(data, "episodeName")),
    )


def _shared(text: str) -> str:
    """One text in memory for all rows that say the same: a show is watched many times."""
    return sys.intern(text)


@functools.lru_cache(maxsize=4_096)
def _same(number: int) -> int:
    """And one number."""
    return number


def _rating(data: Mapping[str, Any], what: str) -> int:
    """0 for none. One that cannot be read raises: taken for none, it would be cleared at the other tracker as well."""
    value = data.get("rating")
    found = 0 if value is None else number_of(data, "rating")
    if found is None or not 0 <= found <= 10:
        raise ContractDrift(f"{what}: rating is {value!r:.20}, which is not 0 to 10")
    return found


def _either(data: Mapping[str, Any], name: str, other: str, *, default: bool = False) -> bool:
    """A flag by its name, or by the one that older clients describe."""
    for value in (data.get(name), data.get(other)):
        if isinstance(value, bool):
            return value
    return default


def _tag(value: Any) -> str:
    return text_of(value, "name") if isinstance(value, dict) else str(value)


def _season_number(data: Mapping[str, Any], season: int | None) -> int | None:
    seasons = data.get("showSeasons")
    for one in seasons if season is not None and isinstance(seasons, list) else ():
        if not isinstance(one, dict):
            continue
        if one.get("id") == season or season in (number_of(one, "id"), number_of(one, "seasonId")):
            return number_of(one, "seasonNumber")
    return None


def update_body(entry: SerializdEntry) -> dict[str, Any]:
    """All of ``entry``: whether the service keeps what is left out is not known."""
    body: dict[str, Any] = {
        "review_id": entry.id,
        "show_id": entry.show,
        "season_id": entry.season,
        "episode_number": entry.number,
        "review_text": entry.text,
        "rating": entry.rating,
        "contains_spoiler": entry.spoiler,
        "backdate": timestamp(entry.watched_at) if entry.watched_at else None,
        "is_log": entry.is_log,
        "is_rewatch": entry.rewatch,
        "tags": list(entry.tags or ()),
        "allows_comments": entry.allows_comments,
        "like": entry.like,
    }
    if entry.tags is None:  # nobody has shown them to us, so it is not for us to say that there are none
        del body["tags"]
    return body


def rating_body(place: EntryPlace, value: int, at: datetime) -> dict[str, Any]:
    """A rating by itself: no log, so that it makes no diary row and ticks nothing."""
    show, season, episode = place
    return {
        "show_id": show,
        "season_id": season,
        "episode_number": episode,
        "review_text": "",
        "rating": value,
        "contains_spoiler": False,
        "backdate": timestamp(at),
        "is_log": False,
        "is_rewatch": False,
        "tags": [],
        "allows_comments": True,
        "like": False,
    }
