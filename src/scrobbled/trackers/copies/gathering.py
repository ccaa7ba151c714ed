"""What one read found at all servers, put together: the copies of each thing, and what is told of it. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from msgspec.structs import replace

from scrobbled.core.kinds import COLLECTION, ITEMS, PLAYS, RATINGS, WATCHED, Kind
from scrobbled.core.media_details import MediaDetails
from scrobbled.core.naming.items import Episode
from scrobbled.core.records import PlayRecord, Plays, ReadValues, Subject
from scrobbled.trackers.copies.entries import LibraryEntry
from scrobbled.trackers.copies.keys import keyed
from scrobbled.trackers.copies.records import (
    SeasonSizes,
    ThingCopies,
    collected_record,
    copies_by_key,
    item_record,
    rating_record,
    season_in,
    sized,
    subject_of,
    told,
    watched_record,
)

DELETED = "viewing of what is not in the library any more"
CALLED = {ITEMS: "title of the library", RATINGS: "rated title"}


class HeldViewing(Protocol):
    """A row of a server's history. ``place`` is empty for what was deleted since; ``section`` is its library's key."""

    @property
    def id(self) -> str: ...

    @property
    def place(self) -> str: ...

    @property
    def section(self) -> str: ...

    def record(self, key: str) -> PlayRecord: ...


@dataclass(slots=True)
class Gathered:
    """``items`` and ``rated`` are by place; what of them is ``complete`` lists everything, the rest is news.

    ``listed`` are servers of which every item is among ``items``, so that their other copies are there no more.
    """

    now: datetime
    known: Mapping[str, Subject] = field(default_factory=dict)
    kinds: Set[Kind] = frozenset()
    """What is asked for."""
    items: dict[str, LibraryEntry] = field(default_factory=dict)
    rated: dict[str, LibraryEntry] = field(default_factory=dict)
    changed: dict[str, LibraryEntry] = field(default_factory=dict)
    """What may have got another file, and ``files`` what those are now, both by place."""
    files: dict[str, MediaDetails | None] = field(default_factory=dict)
    viewings: dict[str, HeldViewing] = field(default_factory=dict)
    moved: set[Kind] = field(default_factory=set)
    complete: set[Kind] = field(default_factory=set)
    listed: set[str] = field(default_factory=set)
    skipped: Counter[str] = field(default_factory=Counter)
    keys: dict[str, str] = field(default_factory=dict)
    """By place."""

    def name(self) -> None:
        """Find the key of everything that is there by now."""
        self.keys = keyed(self._entries(), self.known)

    def _entries(self) -> dict[str, LibraryEntry]:
        return {**self.items, **self.rated, **self.changed}

    def with_other_files(self) -> list[LibraryEntry]:
        """All copies of what may have got another file."""
        keys = {self.keys[place] for place in self.changed}
        return [one for place, one in self._entries().items() if self.keys[place] in keys]

    def unseen(self) -> set[str]:
        """Places of the other copies of what is there, of which nothing was read."""
        found: set[str] = set()
        for key in set(self.keys.values()):
            subject = self.known.get(key)
            found.update(subject.places if subject else ())
        return {place for place in found if place not in self.keys and not self._is_listed(place)}

    def place_of(self) -> dict[str, str]:
        """The key of each place that is known, also of what was not read."""
        kept = {place: key for key, one in self.known.items() for place in one.places if not self._is_listed(place)}
        return {**kept, **self.keys}

    def _is_listed(self, place: str) -> bool:
        return place.partition("/")[0] in self.listed

    def copies(self) -> dict[str, ThingCopies]:
        return copies_by_key(self._entries(), self.keys)

    def subjects(self, copies: Mapping[str, ThingCopies]) -> dict[str, Subject]:
        """Those of which something else is said than is known."""
        found: dict[str, Subject] = {}
        sizes = self._season_sizes() if ITEMS in self.complete else None
        for key, held in copies.items():
            known = self.known.get(key)
            subject = sized(subject_of(key, held, self._elsewhere(known)), known, sizes)
            if subject != known:
                found[key] = subject
        return found

    def _season_sizes(self) -> SeasonSizes:
        numbers: dict[tuple[object, int | None], set[int | None]] = defaultdict(set)
        for one in self.items.values():
            if one.scope == "episode" and isinstance(one.item, Episode):
                numbers[season_in(one.item)].add(one.item.number)
        return {season: len(found) for season, found in numbers.items()}

    def _elsewhere(self, known: Subject | None) -> Subject | None:
        """What is known of a thing, where it has copies at servers of which not everything was read."""
        places = tuple(place for place in known.places if not self._is_listed(place)) if known else ()
        return replace(known, places=places) if known and places else None

    def values(self, copies: Mapping[str, ThingCopies]) -> dict[Kind, ReadValues]:
        found: dict[Kind, ReadValues] = {}
        if ITEMS in self.moved:
            items = {self.keys[place] for place in self.items}
            held = {key: copies[key] for key in copies if key in items}
            whole = ITEMS in self.complete
            found[ITEMS] = ReadValues([item_record(key, of) for key, of in held.items()], whole)
            if PLAYS in self.kinds:
                found[WATCHED] = ReadValues(told(watched_record(key, of) for key, of in held.items()), whole)
        if RATINGS in self.moved:
            rated = {self.keys[place] for place in self.rated}
            records = told(rating_record(key, copies[key], self.now) for key in copies if key in rated)
            found[RATINGS] = ReadValues(records, RATINGS in self.complete)
        if COLLECTION in self.moved:
            found[COLLECTION] = self._collection(copies)
        return found

    def _collection(self, copies: Mapping[str, ThingCopies]) -> ReadValues:
        """Incomplete where of one file nothing could be read."""
        keys = {self.keys[place] for place in self.changed}
        held = {key: [(one, self.files.get(one.place)) for one in copies[key]] for key in keys}
        unread = sum(one.place not in self.files for key in keys for one in copies[key])
        if unread:
            self.skipped["title of which no file can be read"] += unread
        records = told(collected_record(key, of, self.now) for key, of in held.items())
        return ReadValues(records, COLLECTION in self.complete and not unread)

    def plays(self, kind: Kind, chosen: Iterable[str]) -> Plays | None:
        """Viewings of what is in the libraries. ``chosen`` are those libraries, as server and key."""
        if kind not in self.moved:
            return None
        keys, libraries = self.place_of(), set(chosen)
        records: list[PlayRecord] = []
        for one in self.viewings.values():
            if (key := keys.get(one.place)) is not None:
                records.append(one.record(key))
            elif f"{one.id.partition('/')[0]}/{one.section}" in libraries:
                self.skipped[DELETED] += 1
        return Plays(records, kind in self.complete)
