"""What a tracker can do and what it keeps, as data: callers ask this and never a tracker's name."""

from __future__ import annotations

from msgspec import Struct

from scrobbled.core.kinds import PLAYS, Kind
from scrobbled.core.naming.items import Media
from scrobbled.core.records import ViewingsKept


class Capabilities(Struct, frozen=True):
    """What a tracker declares about itself, so that nobody needs to know its name."""

    media: frozenset[Media]
    """What it can hold; the rest is ``unwanted`` there."""
    batch: int
    """How many plays one ``add_plays`` may carry."""
    precision: int
    """Seconds to which it keeps a play's time; plays are sent and compared rounded down to it."""
    settle: float
    """Seconds between the two complete reads that must both miss a play before a write in doubt is repeated."""
    site: str
    """Where a person signs in or looks, for messages."""
    adds: bool = True
    """Plays can be added; see ``Adds``."""
    tells_playing: bool = False
    """It shows what is being played just now; see ``TellsPlaying``."""
    reads: frozenset[Kind] = frozenset()
    """The kinds that can be read and compared; see ``Reads``."""
    amends: frozenset[Kind] = frozenset()
    """The kinds of which what is there can be changed and removed; see ``Amends``."""
    flags_rewatches: bool = False
    """Its plays say whether they are rewatches."""
    ticks: bool = False
    """It can hold that something was watched without any play of it; see ``Tick``."""
    undated: frozenset[str] = frozenset()
    """How it takes plays without a date: ``unknown``, ``released`` (it dates them by the release); see ``Addition``."""
    by_release: frozenset[Media] = frozenset()
    """What ``released`` dates so; any other thing is kept without a date by it."""
    ahead: int = 1
    """How many plays it likes to know of before they are added; above 1 see ``Foresees``."""
    beyond: frozenset[Kind] = frozenset()
    """The kinds that are about anything there is, whatever a library holds, and lie at another service: trouble there
    is none of the account. See ``LocateBeyond``."""
    limited: frozenset[Kind] = frozenset()
    """The kinds of which an account may hold a number that the service sets; see ``Tracker.allowance``."""
    keeps: ViewingsKept = ViewingsKept.EVERY
    """What it keeps of a viewing. Where that is not every play it is a library: ``adds`` is false, it is told by
    ``Tick`` that something was watched, and its reads tell of ``core.kinds.STATES`` beside plays."""
    begins: bool = False
    """Of a library: the time that it keeps of a viewing is when that began, and of a mark the one that it was given."""
    place_of: str = ""
    """The source that is the same place, by its name: nothing that is told by sources goes to it, only what its pairs
    find, and what came from there never goes back."""

    @property
    def is_library(self) -> bool:
        return self.keeps is not ViewingsKept.EVERY

    def writes(self, kind: str) -> bool:
        """Whether records of this kind can be brought to it."""
        if kind == PLAYS:
            return self.adds or (self.is_library and self.ticks)
        return kind in self.amends
