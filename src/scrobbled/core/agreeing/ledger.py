"""What two trackers hold of one thing, what they are known to agree on, and what a person allows.

A pair is two trackers of one viewer, called ``a`` and ``b`` here: nothing in a comparison depends on which they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum, StrEnum
from typing import Literal

from msgspec import Struct, field

from scrobbled.core.agreeing.lineup import NEVER
from scrobbled.core.kinds import KINDS, PLAYS, Kind, KindValue, Scope
from scrobbled.core.naming.items import Media
from scrobbled.core.records import PlayRecord, ValueRecord, ViewingsKept
from scrobbled.core.sending.change import SIDES, Change, Side, of_side

Direction = Literal["off", "both", "a-to-b", "b-to-a"]
Conflict = Literal["a", "b", "newest", "ask"]
Removals = Literal["ignore", "propagate", "ask"]
Ticks = Literal["ignore", "as-plays"]
Undated = Literal["leave", "unknown", "released", "marked"]
"""What the other side gets of what a library calls watched without a date that can be believed."""
EVERYTHING: frozenset[Media] = frozenset({"movie", "episode"})


class HeldPlay(Struct, frozen=True):
    """A play that a side holds, with what we know of it beside."""

    record: PlayRecord
    ours: bool = False
    """We wrote it."""
    settled: bool = False
    """The outbox has a change for this viewing to the other side, in whatever state: it is not added there again."""
    missed: int = 0
    """Complete reads in a row that did not list it: 0 it is there, 1 unsure, 2 and more gone."""
    was: str | None = None
    """The id it had before we gave it another time, where it got another one by that."""
    is_home: bool = False
    """It came from the place that the other side is: it is known there, whatever that side says of it."""
    is_bulk: bool = False
    """One of so many of a moment that nobody can have watched it then: it tells that, and not when."""
    entered_at: datetime | None = None
    """We entered it then, for what a library calls watched without a date: no later viewing is meant by it."""

    @property
    def there(self) -> bool:
        """Seen by the last read. Neither this nor ``gone`` is a row that one read has missed."""
        return self.missed == 0

    @property
    def gone(self) -> bool:
        return self.missed > 1


class LinkState(StrEnum):
    AGREED = "agreed"
    """Both sides hold this viewing, or did when it was last sure."""
    EXTRA = "extra"
    """A further report of a viewing on one side; the other side of the link is ``None``."""
    REMOVING = "removing"
    """Was agreed and one side lost it; the other is to lose it too, and still has it."""
    REMOVED = "removed"
    """Was agreed, then lost. A tombstone for ever: what is left of it is never sent again."""


class Link(Struct, frozen=True):
    """One entry of the ledger. A record is in one link at most: a link replaces every other with its ``a`` or ``b``."""

    a: str | None
    b: str | None
    """``PlayRecord.id`` on either side."""
    rule: str
    """How they were matched, for people."""
    state: LinkState
    a_at: datetime | None = None
    b_at: datetime | None = None
    """The times they had when they agreed, to see a later edit."""

    def id(self, side: Side) -> str | None:
        return self.a if side == "a" else self.b

    def at(self, side: Side) -> datetime | None:
        return self.a_at if side == "a" else self.b_at


class LeftMark(Struct, frozen=True):
    """Our own tick of a thing in a library, and how we left that."""

    id: int
    """Of the tick in the queue."""
    begun: datetime
    """When it was asked for."""
    at: datetime | None = None
    """When it was carried out; ``None`` while nobody knows whether it was."""
    count: int = 1
    """How often the library counted the thing as watched then."""
    undone: bool = False
    """A person took it back, or left it out."""
    taken: bool = False
    """We took it back, as the other side had nothing of the thing any more."""


class HeldState(Struct, frozen=True):
    """What a library says of one thing that it holds."""

    count: int = 0
    """How often it was watched there, as far as the library counts; 0 where it was not."""
    at: datetime | None = None
    """When it last was, as the library says."""
    begun: bool = False
    """It was begun again since, and ``at`` may be the time of that."""
    is_bulk: bool = False
    """Several things have this very time, and no viewing explains any of them."""
    resumed_at: datetime | None = None
    """Somebody stopped in the middle of it then."""
    unwatched_at: datetime | None = None
    """It was watched there before, and since then it is not, although it is the same file."""
    is_sure: bool = False
    """Two complete readings said so."""
    mark: LeftMark | None = None

    @property
    def is_watched(self) -> bool:
        return self.count > 0


class PlayGroup(Struct, frozen=True):
    """Everything that both sides hold of one item, with the rows that are gone: of what is missing nothing is said."""

    key: str
    """The same for both sides."""
    label: str
    media: Media
    runtime: int | None
    """Seconds."""
    a: Sequence[HeldPlay]
    b: Sequence[HeldPlay]
    links: Sequence[Link]
    """What the ledger says of this item."""
    a_state: HeldState | None = None
    b_state: HeldState | None = None
    """Of a side that is a library, and holds it."""

    def state(self, side: Side) -> HeldState | None:
        return self.a_state if side == "a" else self.b_state

    def rows(self, side: Side) -> Sequence[HeldPlay]:
        return self.a if side == "a" else self.b


class Departure(Struct, frozen=True):
    """What is known of a thing that a library held and does not list any more."""

    libraries: frozenset[str]
    """Titles of those that it was in."""
    is_believed: bool = False
    """Each of them was read twice without it, and is otherwise as it was."""
    is_ours: bool = False
    """What the other side has of it is what we entered there."""


AgreedValues = tuple[KindValue, KindValue]
"""The values of ``a`` and ``b`` when they agreed: the same, or what is no contradiction for their kind."""


class KnownViewing(Struct, frozen=True):
    """What a side was last seen to hold of the viewings of a film, or of any episode of a show."""

    is_there: bool
    """One is there now; else there was one, and it is gone."""
    at: datetime | None
    """When the latest was; ``None`` where nobody can say."""
    known_at: datetime | None = None
    """When the one that was read last came to be known, whenever it was; not told by a library."""


class ValueGroup(Struct, frozen=True):
    """What both sides have of one kind for one thing."""

    kind: Kind
    key: str
    label: str
    scope: Scope
    a: ValueRecord | None
    b: ValueRecord | None
    base: AgreedValues | None = None
    """What both sides were last seen to agree on."""
    a_since: datetime | None = None
    b_since: datetime | None = None
    """Since when the value, or its absence, is known to stand: the service's own time, else when we first saw it."""
    a_gone: bool = False
    b_gone: bool = False
    """That there is none is proven: seen cleared, or missed by two complete reads."""
    unsure: frozenset[Side] = frozenset()
    """Sides of which one complete read did not list the value any more: it counts as there, and is copied nowhere."""
    viewings: tuple[KnownViewing | None, KnownViewing | None] = (None, None)
    """Of ``a`` and ``b``; told of kinds that hold ``until_watched``."""
    agreed_at: datetime | None = None
    """Since when both agreed on ``base``; told of the same kinds."""
    anew: frozenset[Side] = frozenset()
    """Libraries in which only copies that are gone had the value: nobody took it away from those that came instead."""
    departed: Departure | None = None
    """Of a collection: the library of the pair does not hold it any more."""

    def value(self, side: Side) -> ValueRecord | None:
        return self.a if side == "a" else self.b

    def gone(self, side: Side) -> bool:
        return self.a_gone if side == "a" else self.b_gone


KeptDetails = Literal["fill", "overwrite", "off"]


class Policy(Struct, frozen=True):
    """What a pair may do. Tuples are of ``a`` and ``b``."""

    ways: Mapping[Kind, Direction] = field(default_factory=lambda: dict.fromkeys(KINDS, "both"))
    """The direction of each kind; one that is missing is off."""
    conflict: Conflict = "newest"
    removals: Mapping[Kind, Removals] = field(default_factory=dict)
    """What a removal on one side does to the other, by kind; one that is missing is ignored."""
    ticks: Ticks = "ignore"
    """``as-plays``: what is known to be watched, but not when, was watched when it was written down."""
    precision: tuple[int, int] = (60, 1)
    """Seconds to which the sides keep times."""
    can_flag: tuple[bool, bool] = (False, True)
    """Whether plays there say, and can be told, that they are rewatches."""
    can_amend: tuple[bool, bool] = (True, True)
    """Whether the time of a play there can be changed."""
    takes: tuple[frozenset[Media], frozenset[Media]] = (EVERYTHING, EVERYTHING)
    keeps: tuple[ViewingsKept, ViewingsKept] = (ViewingsKept.EVERY, ViewingsKept.EVERY)
    begins: tuple[bool, bool] = (False, False)
    """Whether the time of a viewing there is that of its beginning."""
    undated: Undated = "leave"
    by_release: tuple[frozenset[Media], frozenset[Media]] = (EVERYTHING, EVERYTHING)
    """What the sides date by the release; of anything else nobody can say when it was."""
    details: KeptDetails = "fill"
    """What a side without files of its own is told of what is in a set there already, by the library of the pair."""
    removals_percent: float = 10
    """Of what a library holds, the most that may have left it for good at once."""
    within: str = ""
    """Title of the one library that this is about; empty is all that are chosen."""
    correct_dates: bool = False
    """What other programs entered in bulk gets the times of the library, if a person says yes."""
    until: datetime = NEVER
    """Nobody is told of a viewing after this: it has not been yet, or somebody mistyped its date."""

    def way(self, kind: Kind) -> Direction:
        return self.ways.get(kind, "off")

    def removal(self, kind: Kind) -> Removals:
        return self.removals.get(kind, "ignore")

    @property
    def plays(self) -> Direction:
        return self.way(PLAYS)

    @property
    def library(self) -> Side | None:
        """The side that does not keep every play. A pair has one at most: two are compared like any two."""
        found = [side for side in SIDES if of_side(self.keeps, side) is not ViewingsKept.EVERY]
        return found[0] if len(found) == 1 else None


class ItemPlan(Struct, frozen=True):
    """What came of one item."""

    links: tuple[Link, ...] = ()
    """New and changed ones, from what was read; they may be stored whether or not the changes are made."""
    changes: tuple[Change, ...] = ()
    left: tuple[str, ...] = ()
    """What is left alone, in the codes that ``plan.warned`` puts into words."""
    agreed: int = 0
    """Viewings that both sides hold."""


class KeepValue(Enum):
    KEEP = "keep"


KEEP = KeepValue.KEEP
"""The ledger stays as it is."""


class ComparedValue(Struct, frozen=True):
    """What came of one value. ``agreed`` is what the ledger is to have now, ``None`` that there is none any more."""

    agreed: AgreedValues | KeepValue | None = KEEP
    changes: tuple[Change, ...] = ()
    left: tuple[str, ...] = ()
