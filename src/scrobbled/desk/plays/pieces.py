"""A piece of a wall, and where the next pieces begin."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Generic, Protocol, TypeVar

from msgspec import Struct, field

from scrobbled.core.naming.items import Item
from scrobbled.desk.facts.plays import PlayStory

S = TypeVar("S")


class Looks(Protocol[S]):
    """Up to so many that are older than ``start`` and the newest first, or newer and the oldest first."""

    def __call__(self, limit: int, /, *, start: S | None, newer: bool) -> Awaitable[list[S]]: ...


class MirrorStory(Struct, frozen=True):
    """What of an account is seen, and of when. ``read`` is when it was last read, ``None`` before that.

    ``complete``: everything was read, nothing was left out, and nobody doubts it; ``doubt`` is why somebody does.
    ``read_fully`` is when all of it was last gone through; what came since was read by itself.
    """

    viewer: str
    tracker: str
    read: str | None
    read_fully: str | None
    complete: bool
    doubt: str
    left_out: dict[str, int]
    """How many rows could not be used, by reason."""
    holds: int
    """Plays, or of a library what it calls watched."""
    since: int
    """Plays that we brought there after it was read, which are seen already."""
    is_library: bool = False


class WallPage(Struct, frozen=True):
    """A piece of the wall, the newest first. ``older`` and ``newer`` are where the next pieces begin, if there are any.

    ``first`` is where a piece begins that begins with the first of these.
    """

    plays: list[PlayStory]
    older: str | None
    newer: str | None
    first: str | None
    mirrors: list[MirrorStory] = field(default_factory=list)
    """The accounts whose holdings these are; of our own plays there are none."""
    items: dict[str, Item] = field(default_factory=dict)
    """By id, what those are that never came by us."""


class Piece(Struct, Generic[S], frozen=True):
    """What is shown, the newest first; whether there is more on either side."""

    shown: Sequence[S]
    older: bool
    newer: bool


async def piece(look: Looks[S], *, before: S | None, after: S | None, limit: int) -> Piece[S]:
    """Up to ``limit`` that are older than ``before``, or newer than ``after``."""
    found = await look(limit + 1, start=before if after is None else after, newer=after is not None)
    shown, more = found[:limit], len(found) > limit
    if after is not None:
        return Piece(shown[::-1], bool(shown), more and bool(shown))
    edge = shown[0] if shown and before is not None else None
    above = await look(1, start=edge, newer=True) if edge is not None else []
    return Piece(shown, more, bool(above))
