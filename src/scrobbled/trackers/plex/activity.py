"""Whether anything moved at one server, asked in few requests: the top of each list, and the shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from scrobbled.clients.plex_lists import ListGone
from scrobbled.core.kinds import COLLECTION, ITEMS, PLAYS, RATINGS, Kind
from scrobbled.trackers.plex.cursor import LibraryMark, ListMark, SeatMark
from scrobbled.trackers.plex.entries import ShowNote
from scrobbled.trackers.plex.libraries import PlexLibrary
from scrobbled.trackers.plex.lists import (
    ADDED,
    CHANGED,
    LEAVES,
    RATED,
    WATCHED,
    Peek,
    TimedList,
    added_to,
    changed_in,
    peek,
    rated,
    rated_in,
    watched_in,
)
from scrobbled.trackers.plex.rows import SHOW, ItemRow
from scrobbled.trackers.plex.seats import PlexSeat
from scrobbled.trackers.plex.shows import PlexShows, shows_of


@dataclass(slots=True)
class LibraryLook:
    """How a library stands now, beside how it ``was``. ``gone``: it is not there any more, or not for this person."""

    library: PlexLibrary
    was: LibraryMark | None
    tops: dict[str, Peek[ItemRow]] = field(default_factory=dict)
    shows: PlexShows | None = None
    gone: bool = False

    def marks(self, kind: Kind) -> dict[str, ListMark]:
        """Of the lists that tell of a kind, by their names."""
        names = _names(self.library.kind, kind)
        found = {name: top.mark for name, top in self.tops.items() if name in names}
        return {**found, **(self.shows.marks({kind}) if self.shows else {})}

    def moved(self, kind: Kind) -> Iterator[str]:
        """The names of those that are not as they were."""
        for name, mark in self.marks(kind).items():
            before = self.before(name)
            if (before.number, before.digest) != (mark.number, mark.digest) or (
                name != LEAVES and before.times != mark.times
            ):
                yield name

    def before(self, name: str) -> ListMark:
        return self.was.lists.get(name, ListMark()) if self.was else ListMark()

    def is_new(self, kind: Kind) -> bool:
        """Whether there is anything that was never read of it, or under another title."""
        if self.was is None or self.was.gone or self.was.title != self.library.title:
            return True
        return not self.marks(kind).keys() <= self.was.lists.keys()


@dataclass(slots=True)
class SeatLook:
    seat: PlexSeat
    libraries: list[LibraryLook]

    def there(self) -> list[LibraryLook]:
        return [one for one in self.libraries if not one.gone]

    def notes(self) -> Mapping[str, ShowNote]:
        """Of all shows of the server."""
        return {key: note for one in self.libraries if one.shows for key, note in one.shows.notes.items()}


def _names(library: str, kind: Kind) -> set[str]:
    if kind == RATINGS:
        return {rated(number) for number in RATED[library]}
    if kind == COLLECTION:
        return {CHANGED}
    return {WATCHED, ADDED} if kind == PLAYS else {ADDED}


def known_libraries(was: SeatMark) -> list[PlexLibrary]:
    """Those of the last read, for which nobody has to be asked."""
    return [
        PlexLibrary(key, one.title, one.kind, one.uuid) for key, one in sorted(was.libraries.items()) if not one.gone
    ]


async def looked(seat: PlexSeat, was: SeatMark, libraries: Iterable[PlexLibrary], kinds: Iterable[Kind]) -> SeatLook:
    """How they stand; a library that is another than the one that had its key is new."""
    found: list[LibraryLook] = []
    for library in libraries:
        before = was.libraries.get(library.key)
        look = LibraryLook(library, before if before and before.uuid == library.uuid else None)
        try:
            await _look(seat, look, set(kinds))
        except ListGone:
            look.gone = True
        found.append(look)
    return SeatLook(seat, found)


async def _look(seat: PlexSeat, look: LibraryLook, kinds: set[Kind]) -> None:
    key, kind = look.library.key, look.library.kind
    if kind == "show":
        look.shows = await shows_of(seat.client, seat.machine, look.library)
    asked: dict[str, TimedList[ItemRow]] = {}
    if PLAYS in kinds:
        asked[WATCHED] = watched_in(key, kind)
    if kinds & {PLAYS, ITEMS} and (look.shows is None or look.shows.leaves is None):
        asked[ADDED] = added_to(key, kind)
    if COLLECTION in kinds:
        asked[CHANGED] = changed_in(key, kind)
    if RATINGS in kinds:
        asked |= {rated(number): rated_in(key, number) for number in RATED[kind] if number != SHOW}
    for name, one in asked.items():
        look.tops[name] = await peek(seat.client, one)
