"""A library without a service: what is in it, whether it was watched, and what a person does there by hand."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from scrobbled.core.errors import LoginNeeded, Refused, TrackerError, TryLater
from scrobbled.core.kinds import ITEMS, PLAYS, RATINGS, WATCHED, Kind
from scrobbled.core.naming.items import Item
from scrobbled.core.naming.libraries import is_chosen
from scrobbled.core.records import PlayRecord, Plays, Reading, ReadValues, Subject, ValueRecord, ViewingsKept
from scrobbled.core.words.checks import Check, ok, problem
from scrobbled.trackers.base import Address, AddResult, Amends, Edit, Reads, Receipt, SetValue, Tick, Tracker, Untick
from scrobbled.trackers.capabilities import Capabilities
from scrobbled.trackers.given import Context, EarlierReads
from scrobbled.trackers.offers import LibraryOffer, OfferedLibrary, Offers, SilentServer
from trackers.memory.records import key_of, key_of_subject, to_second

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
SERVER = "hall"


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
    has_account: bool = True
    silent: tuple[SilentServer, ...] = ()
    libraries: tuple[str, ...] = ()
    _failure: TrackerError | None = None
    _unreachable: bool = False
    _lose_answer: bool = False
    _short: int | None = None

    # -- what a person does -------------------------------------------------------------------------------------------

    def add(self, item: Item, place: str = "one/1") -> str:
        return self.hold(Subject(key_of(item), item.media, item, places=(place,)))

    def hold(self, subject: Subject) -> str:
        """Also a show. Its key is ours, whatever it was elsewhere."""
        key = key_of_subject(subject)
        self.held[key] = Held(replace(subject, key=key))
        return key

    def copy(self, key: str, place: str) -> None:
        """A further file of it comes, which counts as the others do."""
        subject = self.held[key].subject
        self.held[key].subject = replace(subject, places=(*subject.places, place))

    def take_away(self, key: str) -> None:
        del self.held[key]

    def watch(self, key: str, at: datetime | None = None) -> None:
        """To the end."""
        at = at or self.now()
        thing = self.held[key]
        thing.count, thing.at = thing.count + 1, max(at, thing.at or at)
        thing.begun, thing.resumed_at = False, None
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

    def rate(self, key: str, value: int | None) -> None:
        self.held[key].rating = None if value is None else ValueRecord(key, value, self.now())

    def fail_next(self, error: TrackerError) -> None:
        self._failure = error

    def go_down(self) -> None:
        self._unreachable = True

    def lose_next_answer(self) -> None:
        """The next change takes effect, and whoever asked for it never learns."""
        self._lose_answer = True

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

    @property
    def offers(self) -> Offers:
        return self

    async def offered(self) -> LibraryOffer:
        """A library is what stands before the number of a place: ``one`` of ``one/1``, on one server."""
        self._raise_failure()
        boards: dict[str, list[Held]] = {}
        for thing in self.held.values():
            for place in thing.subject.places:
                boards.setdefault(place.partition("/")[0], []).append(thing)
        return LibraryOffer(
            tuple(
                OfferedLibrary(SERVER, title, "movie", len(things), sum(thing.count > 0 for thing in things))
                for title, things in boards.items()
            ),
            self.silent,
        )

    async def sign_in(self) -> None:
        if not self.has_account:
            raise LoginNeeded("The shelf was set up without an account; give it one.")

    async def examine(self) -> Sequence[Check]:
        if self._unreachable:
            return [problem("shelf", "The shelf is down.", "Let it come back.")]
        if not self.has_account:
            return [problem("shelf", "The shelf was set up without an account.", "Give it one.")]
        return [ok("shelf", "Keeps what was watched.")]

    async def read(
        self, kinds: frozenset[Kind], cursor: Mapping[str, Any], known: EarlierReads, *, full: bool
    ) -> Reading:
        self._raise_failure()
        said = hashlib.sha256(repr((self.held, self.plays)).encode()).hexdigest()
        mark = {"mark": said, "kinds": sorted(kinds), "libraries": list(self.libraries)}
        if not full and cursor == mark:
            return Reading(mark, "shelf")
        things = [one for one in self.held.values() if self._chose(one)][: self._short]
        self._short = None
        keys = {thing.subject.key for thing in things}
        plays = Plays([one for one in self.plays if one.key in keys], complete=True) if PLAYS in kinds else None
        return Reading(
            mark,
            "shelf",
            plays=plays,
            values={kind: ReadValues(records, complete=True) for kind, records in _values(things, kinds).items()},
            subjects={thing.subject.key: thing.subject for thing in things},
            rechosen=cursor.get("libraries", mark["libraries"]) != mark["libraries"],
        )

    def _chose(self, thing: Held) -> bool:
        boards = (place.partition("/")[0] for place in thing.subject.places)
        return any(is_chosen(self.libraries, SERVER, board) for board in boards)

    async def locate_subject(self, subject: Subject) -> Address:
        key = subject.key if subject.key in self.held else key_of_subject(subject)
        return Address(key, {"places": list(subject.places)})

    async def amend(self, edits: Sequence[Edit]) -> Sequence[AddResult]:
        self._raise_failure()
        results = [self._amended(edit) for edit in edits]
        if self._lose_answer:
            self._lose_answer = False
            raise TryLater("the connection broke before the answer came")
        return results

    def _raise_failure(self) -> None:
        if self._unreachable:
            raise TryLater("the shelf is down")
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

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
            told = edit.at if self.can.keeps is ViewingsKept.LAST else None
            thing.count, thing.at = 1, to_second(told or self.now())
            return Receipt(f"1@{int(thing.at.timestamp())}")
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


def in_words(address: Mapping[str, Any]) -> str:
    return str(address["key"])


def build(context: Context) -> ShelfTracker:
    return ShelfTracker(context.clock.now, libraries=tuple(context.settings.get("libraries") or ()))
