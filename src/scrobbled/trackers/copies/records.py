"""The copies of one thing together: what it is, and how it stands. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeVar

from msgspec.structs import replace

from scrobbled.core.media_details import MediaDetails, best
from scrobbled.core.naming.ids import Ids
from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.records import IN_PART, Subject, ValueRecord
from scrobbled.trackers.copies.entries import LibraryEntry

IdsT = TypeVar("IdsT", bound=Ids)
ThingCopies = Sequence[LibraryEntry]
"""Of one thing, at least one, by their places."""
SeasonSizes = Mapping[tuple[object, int | None], int]
"""How many episodes there are, by ``season_in``."""
LONG_AGO = datetime.min.replace(tzinfo=UTC)


def copies_by_key(entries: Mapping[str, LibraryEntry], keys: Mapping[str, str]) -> dict[str, ThingCopies]:
    """``entries`` and ``keys`` are by place."""
    found: dict[str, list[LibraryEntry]] = {}
    for place in sorted(entries):
        found.setdefault(keys[place], []).append(entries[place])
    return dict(found)


def subject_of(key: str, copies: ThingCopies, known: Subject | None = None) -> Subject:
    """``known`` is what is said of it where these are not all of its copies."""
    first, *others = (*(copy.item for copy in copies), *([known.item] if known else []))
    places = {copy.place for copy in copies} | set(known.places if known else ())
    runtime = next((copy.runtime for copy in copies if copy.runtime), known.runtime if known else None)
    item = first if all(other == first for other in others) else _together([first, *others])
    return Subject(key, copies[0].scope, item, runtime, tuple(sorted(places)))


def season_in(episode: Episode) -> tuple[object, int | None]:
    """A show, and a season of it."""
    return (episode.show_ids or episode.show_title, episode.season)


def sized(subject: Subject, known: Subject | None, sizes: SeasonSizes | None) -> Subject:
    """An episode says how large its season is: as ``sizes`` say, or as was known where not everything was read."""
    item, before = subject.item, known.item if known else None
    if subject.scope != "episode" or not isinstance(item, Episode):
        return subject
    size = before.season_size if isinstance(before, Episode) else None
    size = sizes.get(season_in(item), size) if sizes is not None else size
    return subject if item.season_size == size else replace(subject, item=replace(item, season_size=size))


def _together(items: Sequence[Item]) -> Item:
    """The first with the ids of all. What they contradict each other in is not said, as one of them is wrong there."""
    first = items[0]
    if isinstance(first, Movie):
        return replace(first, ids=_agreed([one.ids for one in items if isinstance(one, Movie)]))
    episodes = [one for one in items if isinstance(one, Episode)]
    ids, show_ids = _agreed([one.ids for one in episodes]), _agreed([one.show_ids for one in episodes])
    return replace(first, ids=ids, show_ids=show_ids)


def _agreed(told: Sequence[IdsT]) -> IdsT:
    values = {name: {getattr(ids, name) for ids in told} - {None} for name in told[0].__struct_fields__}
    return replace(told[0], **{name: next(iter(known)) if len(known) == 1 else None for name, known in values.items()})


def item_record(key: str, copies: ThingCopies) -> ValueRecord:
    """In which libraries it is (``in``, and as ``places`` with their server); whether somebody has begun it
    (``resume``) who never watched it, and when.
    """
    there = _there(tuple(sorted({copy.library for copy in copies if copy.library})))
    places = _libraries(frozenset((copy.place.partition("/")[0], copy.library) for copy in copies if copy.library))
    begun = [copy for copy in copies if copy.begun and not copy.count]
    if not begun or any(copy.count for copy in copies):
        return ValueRecord(key, there, places=places)
    at = max((copy.viewed_at for copy in begun if copy.viewed_at), default=None)
    resume = {"resume": True, **({"resumed_at": int(at.timestamp())} if at else {})}
    return ValueRecord(key, {**there, **resume}, places=places)


@lru_cache(maxsize=1_000)
def _there(titles: tuple[str, ...]) -> Mapping[str, Any]:
    """The same for thousands of things, so that it lies in memory once."""
    return {"in": list(titles)} if titles else {}


@lru_cache(maxsize=1_000)
def _libraries(told: frozenset[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(sorted(map("/".join, told)))


def watched_record(key: str, copies: ThingCopies) -> ValueRecord | None:
    """As the copy that was watched last says, with the places where it was; ``None`` where none was.

    Where several were, ``each`` has what they say one by one: one may have our mark, and another a person's viewing.
    """
    watched = sorted((one for one in copies if one.count and one.scope in ("movie", "episode")), key=_place)
    if not watched:
        return None
    last = max(watched, key=lambda copy: copy.viewed_at or LONG_AGO)
    count = max(copy.count for copy in watched)
    told = {"count": count, "begun": last.begun, "on": [copy.place for copy in watched]}
    return ValueRecord(key, told | ({"each": [_said(one) for one in watched]} if watched[1:] else {}), last.viewed_at)


def _said(copy: LibraryEntry) -> dict[str, Any]:
    at = {"at": int(copy.viewed_at.timestamp())} if copy.viewed_at else {}
    return {"count": copy.count, "begun": copy.begun, **at}


def _place(copy: LibraryEntry) -> str:
    return copy.place


def rating_record(key: str, copies: ThingCopies, now: datetime) -> ValueRecord | None:
    """That of the copy which was rated last; the others are to have it too.

    A time after ``now`` is none: the server's clock is wrong.
    """
    rated = [copy for copy in copies if copy.rating is not None]
    if not rated:
        return None
    last = max(rated, key=lambda copy: copy.rated_at or LONG_AGO)
    at = last.rated_at if last.rated_at is None or last.rated_at <= now else None
    alike, places = all(copy.rating == last.rating for copy in copies), tuple(sorted(copy.place for copy in rated))
    return None if last.rating is None else ValueRecord(key, last.rating, at, "" if alike else IN_PART, places)


def collected_record(
    key: str, files: Iterable[tuple[LibraryEntry, MediaDetails | None]], now: datetime
) -> ValueRecord | None:
    """The best of its files, there since the first of them was added; ``None`` where there is none."""
    there = [(one, details) for one, details in files if details is not None]
    finest = best(details for _, details in there)
    if finest is None:
        return None
    added = min((one.added for one, _ in there if one.added), default=None)
    at = None if added is None else min(datetime.fromtimestamp(added, UTC), now)
    return ValueRecord(key, finest.value(), at)


def told(found: Iterable[ValueRecord | None]) -> list[ValueRecord]:
    return [one for one in found if one is not None]
