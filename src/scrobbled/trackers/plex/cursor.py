"""How far the libraries of a person were read: what a cursor holds, and what it is compared with. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from scrobbled.core.kinds import Kind
from scrobbled.trackers.plex.libraries import LibraryKind

FORM = 1
"""Of the cursor; one of another form is none."""
T = TypeVar("T")
KEPT = 10
"""Times of a list that are remembered, so that a few in the future do not hide what comes after them."""


class ListMark(Struct, frozen=True, omit_defaults=True):
    """How a list stood: how long it was, and the newest times in it (Unix seconds), the latest first."""

    number: int | None = None
    """``None`` where the server does not count."""
    times: tuple[int, ...] = ()
    digest: str = ""
    """Of what else is to be as it was."""

    @property
    def floor(self) -> int:
        """What is older was there; 0 where all of it may be new."""
        return self.times[-1] if len(self.times) >= KEPT else 0

    def news(self, timed: Iterable[tuple[int, T]]) -> list[T]:
        """What of this was not there, by its times, beside what is as old as ``floor``."""
        before, found = Counter(self.times), list[T]()
        for at, one in timed:
            if before[at]:
                before[at] -= 1
            elif at > self.floor:
                found.append(one)
        return found

    def grown(self, now: ListMark) -> int | None:
        """By how much, where the server counts; it may be negative."""
        return None if self.number is None or now.number is None else now.number - self.number


def marked(number: int | None, times: Iterable[int], digest: str = "") -> ListMark:
    return ListMark(number, tuple(sorted(times, reverse=True)[:KEPT]), digest)


class LibraryMark(Struct, frozen=True, omit_defaults=True):
    """How one library stood. ``lists`` are by the names that ``activity`` gives them."""

    title: str
    kind: LibraryKind
    uuid: str = ""
    lists: Mapping[str, ListMark] = field(default_factory=dict)
    gone: bool = False
    """It was not there any more, or not for this person: nothing is said of what was in it."""


class SeatMark(Struct, frozen=True, omit_defaults=True):
    """How one server stood. Libraries are by their key there."""

    libraries: Mapping[str, LibraryMark] = field(default_factory=dict)
    history: ListMark | None = None
    account: str = ""
    """By which the history knew the person."""
    kinds: tuple[Kind, ...] = ()
    """Those that were read there."""

    @property
    def is_rechosen(self) -> bool:
        """It was read, and since then other libraries were chosen; see ``cursor_of``."""
        return bool(self.libraries) and not self.kinds


class PlexCursor(Struct, frozen=True):
    """Everything that one read hands to the next. Servers are by their ``machineIdentifier``."""

    form: int = FORM
    owner: str = ""
    home: str = ""
    """The server by which the account is known."""
    titles: tuple[str, ...] = ()
    """Of the libraries that were chosen."""
    seats: Mapping[str, SeatMark] = field(default_factory=dict)

    def values(self) -> dict[str, Any]:
        """As JSON."""
        values: dict[str, Any] = msgspec.to_builtins(self)
        return values


def cursor_of(values: Mapping[str, Any], titles: Iterable[str]) -> PlexCursor:
    """What an earlier read handed out, as far as it holds where these libraries are chosen."""
    wanted = tuple(sorted(titles))
    try:
        found = msgspec.convert(values, PlexCursor) if values.get("form") == FORM else PlexCursor()
    except msgspec.ValidationError:
        found = PlexCursor()
    if found.titles == wanted:
        return found
    seats = {machine: replace(seat, kinds=()) for machine, seat in found.seats.items()}
    return replace(found, titles=wanted, seats=seats)
