"""One copy of a film, show, season or episode in a library, and how it stands there."""

from __future__ import annotations

import sys
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.kinds import Scope
from scrobbled.core.naming.items import Episode, Item


class LibraryEntry(Struct, frozen=True, gc=False):
    """One copy of something. Times are aware UTC, as the server tells them."""

    place: str
    """See ``place_of``."""
    scope: Scope
    item: Item
    runtime: int | None = None
    """Seconds."""
    count: int = 0
    """How often it was watched."""
    begun: bool = False
    """Somebody has stopped in the middle of it, perhaps after having watched it."""
    viewed_at: datetime | None = None
    """When it was watched, marked or begun last."""
    rating: int | None = None
    rated_at: datetime | None = None
    library: str = ""
    """Title of the library that it is in."""
    added: int = 0
    """When it was added: epoch seconds, 0 where that is not told."""
    updated: int = 0
    """Another number as soon as anything of it is, such as the time of that; 0 where that is not told."""
    trashed: bool = False


def place_of(machine: str, key: str) -> str:
    """Where a copy is: ``machine`` is the server's own id. One text for all that is said of it."""
    return sys.intern(f"{machine}/{key}")


def as_known(item: Item, known: Item | None) -> Item:
    """``known``, if ``item`` says nothing else: what is the same lies in memory once. No row of an episode says how
    large its season is.
    """
    if isinstance(item, Episode) and isinstance(known, Episode):
        item = replace(item, season_size=known.season_size)
    return known if known is not None and known == item else item
