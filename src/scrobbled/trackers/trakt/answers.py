"""Trakt's answers as values. Pure; what cannot be read raises ``ContractDrift`` naming the request and the key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from msgspec import Struct, field

from scrobbled.core.errors import ContractDrift
from scrobbled.core.kinds import Scope
from scrobbled.core.naming.items import Media
from scrobbled.trackers.trakt.codec import Outgoing, RawIds, TraktPlace, clean_ids, minute, moment, share, whole
from scrobbled.trackers.trakt.entries import EPOCH, TraktEntry, entry_of, part


class Echo(Struct, frozen=True):
    """A request line that Trakt returned as unknown to it; it may be shortened."""

    media: Media
    ids: RawIds
    watched_at: datetime | None

    def means(self, play: Outgoing) -> bool:
        if self.media != play.media or not share(self.ids, play.ids):
            return False
        return self.watched_at is None or minute(self.watched_at) == play.watched_at


class AddAnswer(Struct, frozen=True):
    """The answer to a history add: how many plays it counts as stored, and what it did not know."""

    stored: int
    not_found: tuple[Echo, ...]


def read_added(raw: object, what: str) -> AddAnswer:
    """Tolerates every missing counter, but not an answer with neither ``added`` nor ``not_found``."""
    if not isinstance(raw, Mapping) or not ("added" in raw or "not_found" in raw):
        raise ContractDrift(f"{what} answered without added and not_found", in_doubt=True)
    stored = sum(_counted(raw, name, what) for name in ("added", "updated", "existing"))
    missing = _object(raw, "not_found", what)
    echoes = (_echo(media, line) for media, name in _LISTS for line in _list(missing, name, what))
    return AddAnswer(stored, tuple(echoes))


_LISTS: tuple[tuple[Media, str], ...] = (("movie", "movies"), ("episode", "episodes"))


def _counted(raw: Mapping[str, Any], name: str, what: str) -> int:
    counters = _object(raw, name, what)
    return sum(whole(counters.get(media)) or 0 for media in ("movies", "episodes"))


def _object(raw: Mapping[str, Any], name: str, what: str) -> Mapping[str, Any]:
    value = raw.get(name) or {}
    if not isinstance(value, Mapping):
        raise ContractDrift(f"{what} answered with {name} that is no object", in_doubt=True)
    return value


def _list(raw: Mapping[str, Any], name: str, what: str) -> Sequence[Any]:
    value = raw.get(name) or []
    if not isinstance(value, list):
        raise ContractDrift(f"{what} answered with not_found.{name} that is no list", in_doubt=True)
    return value


def _echo(media: Media, line: object) -> Echo:
    line = line if isinstance(line, Mapping) else {}
    return Echo(media, clean_ids(line.get("ids")), moment(line.get("watched_at")))


SCOPES: tuple[Scope, ...] = ("episode", "season", "movie", "show")
"""A show comes along with its seasons and episodes, so it is looked for last."""


class UnknownIds(Struct, frozen=True):
    """What a change did not find. ``ids`` are of plays; titles are told by what they were sent as."""

    ids: frozenset[int]
    titles: tuple[tuple[Scope, RawIds], ...]

    def has(self, scope: Scope, ids: RawIds) -> bool:
        return any(scope == other and share(ids, echo) for other, echo in self.titles)


def read_missing(raw: object, what: str) -> UnknownIds:
    """Of a removal or a rating. The counters are left alone: what was there already is not counted everywhere."""
    if not isinstance(raw, Mapping) or not raw.keys() & {"added", "deleted", "not_found"}:
        raise ContractDrift(f"{what} answered without added, deleted and not_found", in_doubt=True)
    missing = _object(raw, "not_found", what)
    numbers = (whole(number) for number in _list(missing, "ids", what))
    lines = ((scope, line) for scope in SCOPES for line in _list(missing, f"{scope}s", what))
    titles = ((scope, clean_ids(line.get("ids"))) for scope, line in lines if isinstance(line, Mapping))
    return UnknownIds(frozenset(number for number in numbers if number is not None), tuple(titles))


class HistoryRow(Struct, frozen=True):
    """One play in the history. ``watched_at`` is a UTC minute, ``None`` where Trakt keeps no date."""

    id: int
    watched_at: datetime | None
    action: str
    """``scrobble`` and ``checkin`` come from players, ``watch`` from everybody who enters plays."""
    entry: TraktEntry

    def holds(self, place: TraktPlace) -> bool:
        """By the item's own ids, else by show and numbers: Trakt's ids may have been merged since."""
        if self.entry.scope != place.media:
            return False
        if share(place.ids, self.entry.ids):
            return True
        numbered = (place.season, place.number) == (self.entry.season, self.entry.number)
        return place.number is not None and numbered and share(place.show, self.entry.show)


def read_history(raw: object, what: str) -> list[HistoryRow]:
    """Strict, since a play overlooked here would be sent again."""
    return [row for line in lines(raw, what) if (row := _row(line, what)) is not None]


def lines(raw: object, what: str) -> Iterator[Mapping[str, Any]]:
    if not isinstance(raw, list):
        raise ContractDrift(f"{what} answered with something that is no list")
    for line in raw:
        if not isinstance(line, dict):
            raise ContractDrift(f"{what} lists something that is no object")
        yield line


def _row(line: Mapping[str, Any], what: str) -> HistoryRow | None:
    media: Media | None = "episode" if "episode" in line else "movie" if "movie" in line else None
    if media is None:
        return None
    number, action, at = whole(line.get("id")), line.get("action"), told(line, "watched_at", what)
    if number is None:
        raise ContractDrift(f"{what} lists a play without id")
    when = minute(at) if at and at != EPOCH else None
    return HistoryRow(number, when, action if isinstance(action, str) else "", entry_of(line, media))


def told(line: Mapping[str, Any], name: str, what: str) -> datetime | None:
    value = line.get(name)
    at = moment(value)
    if value is not None and at is None:
        raise ContractDrift(f"{what} lists a row with an unreadable {name}")
    return at


class Hit(Struct, frozen=True):
    """One search result; for an episode ``title`` and ``year`` are its show's."""

    ids: RawIds
    title: str
    year: int | None
    season: int | None = None
    number: int | None = None
    show: RawIds = field(default_factory=dict)


def read_hits(raw: object, kind: str, what: str) -> list[Hit]:
    """Results of one type (``movie``, ``show``, ``episode``); others that come along are left out."""
    if not isinstance(raw, list):
        raise ContractDrift(f"{what} answered with something that is no list")
    lines = (line for line in raw if isinstance(line, Mapping))
    hits = (
        _hit(line, kind) for line in lines if isinstance(line.get(kind), Mapping) and line.get("type") in (None, kind)
    )
    return [hit for hit in hits if hit.ids]


def _hit(line: Mapping[str, Any], kind: str) -> Hit:
    item = part(line, kind)
    named = part(line, "show") if kind == "episode" else item
    title = named.get("title")
    return Hit(
        ids=clean_ids(item.get("ids")),
        title=title if isinstance(title, str) else "",
        year=whole(named.get("year")),
        season=whole(item.get("season")),
        number=whole(item.get("number")),
        show=clean_ids(part(line, "show").get("ids")),
    )


class ListedEpisode(Struct, frozen=True):
    """One episode as Trakt lists it."""

    season: int
    number: int
    title: str | None
    first_aired: date | None
    """The UTC day, which may be a day after the one that the broadcaster counts."""
    ids: RawIds


def read_seasons(raw: object, what: str) -> list[dict[str, Any]]:
    """The episodes of all seasons, reduced to JSON worth keeping; see ``listing``."""
    if not isinstance(raw, list):
        raise ContractDrift(f"{what} answered with something that is no list")
    lists = [season.get("episodes") for season in raw if isinstance(season, Mapping)]
    if lists and not any(isinstance(listed, list) for listed in lists):
        raise ContractDrift(f"{what} lists seasons without episodes")
    return [_kept(line) for listed in lists for line in listed or () if isinstance(line, Mapping)]


def read_season_ids(raw: object, what: str) -> list[tuple[int, dict[str, int | str]]]:
    """Number and ids of each season; one without a Trakt id cannot be addressed and is left out."""
    seasons = ((whole(line.get("number")), clean_ids(line.get("ids"))) for line in lines(raw, what))
    return [(number, ids) for number, ids in seasons if number is not None and "trakt" in ids]


def _kept(line: Mapping[str, Any]) -> dict[str, Any]:
    return {name: line.get(name) for name in ("season", "number", "title", "first_aired", "ids")}


def listing(kept: Iterable[Mapping[str, Any]]) -> list[ListedEpisode]:
    """Entries without numbers or ids cannot be addressed and are left out."""
    entries = (_listed(line) for line in kept)
    return [entry for entry in entries if entry is not None]


def _listed(line: Mapping[str, Any]) -> ListedEpisode | None:
    season, number, ids = whole(line.get("season")), whole(line.get("number")), clean_ids(line.get("ids"))
    if season is None or number is None or "trakt" not in ids:
        return None
    title, aired = line.get("title"), moment(line.get("first_aired"))
    return ListedEpisode(
        season, number, title if isinstance(title, str) else None, aired.date() if aired else None, ids
    )
