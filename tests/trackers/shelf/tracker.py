"""A library without a service: what is in it, whether it was watched, and what a person does there by hand."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from scrobbled.core.errors import Refused, TrackerError
from scrobbled.core.kinds import ITEMS, PLAYS, RATINGS, WATCHED, Kind
from scrobbled.core.naming.items import Item
from scrobbled.core.records import PlayRecord, Plays, Reading, ReadValues, Subject, ValueRecord, ViewingsKept
from scrobbled.core.words.checks import Check, ok
from scrobbled.trackers.base import Address, AddResult, Amends, Edit, Reads, Receipt, SetValue, Tick, Tracker, Untick
from scrobbled.trackers.capabilities import Capabilities
from scrobbled.trackers.given import Context, EarlierReads
from trackers.memory.records import key_of, key_of_subject

CAN = Capabilities(
    media=frozenset({"movie", "episode"}),
    batch=50,
    precision=1,
    settle=0.0,
    site="the shelf",
    adds=False,
    reads=frozenset({PLAYS, RATINGS}),
    amends=frozenset({RATINGS}),
    ticks=True,
    keeps=ViewingsKept.SEEN,
    place_of="plex",
)


@dataclass
class Held:
    """One thing, as the library keeps it."""

    subject: Subject
    count: int = 0
    at: datetime | None = None
    begun: bool = False
    resumed_at: datetime | None = None
    rating: ValueRecord | None = None


@dataclass
class ShelfTracker(Tracker):
    """Times are those of ``now``. ``history`` is whether a viewing leaves a play that can be read."""

    now: Callable[[], datetime]
    can: Capabilities = CAN
    history: bool = True
    held: dict[str, Held] = field(default_factory=dict)
    plays: list[PlayRecord] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    _failure: TrackerError | None = None
    _short: int | None = None

    # -- what a person does -------------------------------------------------------------------------------------------

    def add(self, item: Item, place: str = "one/1") -> str:
        key = key_of(item)
        self.held[key] = Held(Subject(key, item.media, item, places=(place,)))
        return key

    def take_away(self, key: str) -> None:
        del self.held[key]

    def watch(self, key: str, at: datetime | None = None) -> None:
        """To the end."""
        at = at or self.now()
        thing = self.held[key]
        thing.count, thing.at, thing.begun, thing.resumed_at = thing.count + 1, at, False, None
        if self.history:
            self.plays.append(PlayRecord(f"one/{len(self.plays)}@{at.timestamp():.0f}", key, at))

    def begin(self, key: str) -> None:
        """And stop in the middle."""
        thing = self.held[key]
        thing.begun, thing.at = thing.count > 0, self.now() if thing.count else thing.at
        thing.resumed_at = self.now()

    def mark(self, key: str, at: datetime | None = None) -> None:
        """As watched, by hand."""
        self.held[key].count += 1
        self.held[key].at = at or self.now()

    def unmark(self, key: str) -> None:
        self.held[key].count, self.held[key].at = 0, None

    def fail_next(self, error: TrackerError) -> None:
        self._failure = error

    def shorten_next_read(self, count: int) -> None:
        """The next read lists so many things, and says that this is all."""
        self._short = count

    # -- what we do ---------------------------------------------------------------------------------------------------

    @property
    def reads(self) -> Reads:
        return self

    @property
    def amends(self) -> Amends:
        return self

    async def sign_in(self) -> None:
        return

    async def examine(self) -> Sequence[Check]:
        return [ok("shelf", "Keeps what was watched.")]

    async def read(
        self, kinds: frozenset[Kind], cursor: Mapping[str, Any], known: EarlierReads, *, full: bool
    ) -> Reading:
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        mark = {"mark": hashlib.sha256(repr((self.held, self.plays)).encode()).hexdigest(), "kinds": sorted(kinds)}
        if not full and cursor == mark:
            return Reading(mark, "shelf")
        things = list(self.held.values())[: self._short]
        self._short = None
        keys = {thing.subject.key for thing in things}
        plays = Plays([one for one in self.plays if one.key in keys], complete=True) if PLAYS in kinds else None
        return Reading(
            mark,
            "shelf",
            plays=plays,
            values={kind: ReadValues(records, complete=True) for kind, records in _values(things, kinds).items()},
            subjects={thing.subject.key: thing.subject for thing in things},
        )

    async def locate_subject(self, subject: Subject) -> Address:
        key = subject.key if subject.key in self.held else key_of_subject(subject)
        return Address(key, {"places": list(subject.places)})

    async def amend(self, edits: Sequence[Edit]) -> Sequence[AddResult]:
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        return [self._amended(edit) for edit in edits]

    def _amended(self, edit: Edit) -> AddResult:
        thing = self.held.get(edit.address.key)
        if thing is None:
            return Refused("it is no longer in the library")
        self.edits.append(edit)
        if isinstance(edit, SetValue):
            value = edit.value
            thing.rating = None if value is None else ValueRecord(thing.subject.key, value, edit.at)
            return Receipt()
        if isinstance(edit, Tick):
            if thing.count:
                return Receipt(note="it was watched there already")
            thing.count, thing.at = 1, self.now()
            return Receipt(f"1@{int(self.now().timestamp())}")
        assert isinstance(edit, Untick)
        thing.count, thing.at = 0, None
        return Receipt()


def _values(things: Sequence[Held], kinds: frozenset[Kind]) -> dict[Kind, list[ValueRecord]]:
    found: dict[Kind, list[ValueRecord]] = {}
    if PLAYS in kinds:
        found[ITEMS] = [_item(thing) for thing in things]
        found[WATCHED] = [_watched(thing) for thing in things if thing.count]
    if RATINGS in kinds:
        found[RATINGS] = [thing.rating for thing in things if thing.rating is not None]
    return found


def _item(thing: Held) -> ValueRecord:
    resumed = {} if thing.resumed_at is None else {"resumed_at": int(thing.resumed_at.timestamp())}
    return ValueRecord(thing.subject.key, resumed)


def _watched(thing: Held) -> ValueRecord:
    value = {"count": thing.count, "begun": thing.begun, "on": list(thing.subject.places)}
    return ValueRecord(thing.subject.key, value, thing.at)


def copied(thing: Held, place: str) -> Held:
    """The same thing anew, in another file: never watched."""
    return Held(replace_places(thing.subject, place))


def replace_places(subject: Subject, *places: str) -> Subject:
    return Subject(subject.key, subject.scope, subject.item, subject.runtime, places)


def in_words(address: Mapping[str, Any]) -> str:
    return str(address["key"])


def build(context: Context) -> ShelfTracker:
    return ShelfTracker(context.clock.now)
