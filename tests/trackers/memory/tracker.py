"""A complete tracker without a service: the reference for new ones, and a test double with faults to order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.errors import ListClosed, LoginNeeded, NotInCatalogue, TrackerError, TryLater
from scrobbled.core.kinds import COLLECTION, KINDS, RATINGS, WATCHLIST, Kind, valued
from scrobbled.core.naming.items import Item
from scrobbled.core.records import DatePrecision, Plays, Reading, ReadValues, Subject, ValueRecord
from scrobbled.core.sending.room import Allowance, Closing
from scrobbled.core.words.checks import Check, ok, problem
from scrobbled.trackers.base import (
    Addition,
    Address,
    AddResult,
    Adds,
    Amends,
    Edit,
    Reads,
    Receipt,
    Sending,
    SetValue,
    Tracker,
)
from scrobbled.trackers.capabilities import Capabilities
from scrobbled.trackers.given import Context, EarlierReads
from trackers.memory.records import Kept, Shelf, key_of, key_of_subject, subject_of, to_second, told

__all__ = ["CAN", "Kept", "MemoryTracker", "build", "in_words", "key_of"]
CAN = Capabilities(
    media=frozenset({"movie", "episode"}),
    batch=100,
    precision=1,
    settle=0.0,
    site="the memory of this process",
    reads=frozenset(KINDS),
    amends=frozenset(KINDS),
    flags_rewatches=True,
    undated=frozenset({"unknown", "released"}),
    limited=frozenset({COLLECTION, WATCHLIST}),
)


class Short(Struct, frozen=True):
    """The first ``count`` records are listed, and whether that is said to be all."""

    count: int
    complete: bool


@dataclass
class MemoryTracker(Tracker):
    """Knows every item but those in ``unknown`` (address keys, see ``key_of``) and forgets all with the process."""

    unknown: frozenset[str] = frozenset()
    has_account: bool = True
    plays: list[Kept] = field(default_factory=list)
    can: Capabilities = CAN
    owner: str = "memory"
    values: dict[Kind, dict[str, ValueRecord]] = field(default_factory=lambda: {kind.name: {} for kind in valued()})
    subjects: dict[str, Subject] = field(default_factory=dict)
    """By key, everything it was ever asked about."""
    most: dict[Kind, int] = field(default_factory=dict)
    """How much a list may hold."""
    tells_most: bool = True
    names_most: bool = True
    """Whether the refusal says how much."""
    vip: bool | None = False
    only_vip: frozenset[Kind] = frozenset()
    locks_over: bool = False
    """A list that holds more than it may can only be read."""
    takes_a_part: bool = False
    """Of what is too much, what still fits."""
    _failure: TrackerError | None = None
    _unreachable: bool = False
    _lose_answer: bool = False
    _lose_write: bool = False
    _last_id: int = 0
    _short: Short | None = None
    _frozen: Shelf | None = None

    def fail_next(self, error: TrackerError) -> None:
        """The next read or write raises ``error`` and has no effect."""
        self._failure = error

    def lose_next_answer(self) -> None:
        """The next write takes effect, and whoever asked for it never learns."""
        self._lose_answer = True

    def lose_next_write(self) -> None:
        """The next write has no effect, and whoever asked for it cannot tell."""
        self._lose_write = True

    def go_down(self) -> None:
        """Every read and write fails without effect until ``come_back``."""
        self._unreachable = True

    def come_back(self) -> None:
        self._unreachable = False

    def shorten_next_read(self, count: int, *, complete: bool = False) -> None:
        """The next read that has something to tell lists ``count`` records of each kind, and may lie about it."""
        self._short = Short(count, complete)

    def freeze_reads(self) -> None:
        """Until ``thaw_reads`` every read tells what is there now."""
        self._frozen = self._shelf()

    def thaw_reads(self) -> None:
        self._frozen = None

    @property
    def ratings(self) -> dict[str, ValueRecord]:
        return self.values[RATINGS]

    @property
    def adds(self) -> Adds:
        return self

    @property
    def reads(self) -> Reads:
        return self

    @property
    def amends(self) -> Amends:
        return self

    async def locate(self, item: Item) -> Address:
        """By the item's own ids or names; raises ``NotInCatalogue`` for what is in ``unknown``."""
        key = key_of(item)
        if key in self.unknown:
            raise NotInCatalogue(f"{item.label()} is not in this catalogue yet")
        self.subjects.setdefault(key, subject_of(item))
        return Address(key, {"key": key}, "every item is known here")

    async def locate_subject(self, subject: Subject) -> Address:
        """As ``locate``, also for shows and seasons."""
        key = key_of_subject(subject)
        if key in self.unknown:
            raise NotInCatalogue(f"{subject.label()} is not in this catalogue yet")
        self.subjects.setdefault(key, replace(subject, key=key))
        return Address(key, {"key": key}, "every item is known here")

    def delay(self) -> float:
        return 0.0

    async def add_plays(self, plays: Sequence[Addition], sending: Sending) -> Sequence[AddResult]:
        self._raise_failure()
        await sending()
        if self._lose_write:
            self._lose_write = False
            raise TryLater("the connection broke before the request was through", in_doubt=True)
        results = [self._add(play) for play in plays]
        if self._lose_answer:
            self._lose_answer = False
            raise TryLater("the connection broke before the answer came", in_doubt=True)
        return results

    async def find_plays(self, plays: Sequence[Addition]) -> Sequence[Receipt | None]:
        self._raise_failure()
        left = list(self.plays)
        return [_taken(left, play) for play in plays]

    async def read(
        self, kinds: frozenset[Kind], cursor: Mapping[str, Any], known: EarlierReads, *, full: bool
    ) -> Reading:
        """Everything, or that nothing moved. A play of what was never located or added by hand is skipped."""
        self._raise_failure()
        shelf = self._frozen or self._shelf()
        mark = {"mark": shelf.mark(), "kinds": sorted(kinds)}
        if not full and cursor == mark:
            return Reading(mark, self.owner)
        short, self._short = self._short or Short(shelf.size(), complete=True), None
        listed = shelf.plays[: short.count] if "plays" in kinds else ()
        plays = [kept.record() for kept in listed if kept.key in self.subjects]
        held = {kind: list(shelf.values[kind].values())[: short.count] for kind in kinds & shelf.values.keys()}
        strange = len(listed) - len(plays)
        return Reading(
            cursor=mark if short.complete else {},
            owner=self.owner,
            plays=Plays(plays, short.complete) if "plays" in kinds else None,
            values={kind: ReadValues(values, short.complete) for kind, values in held.items()},
            subjects=told(
                self.subjects, [kept.key for kept in listed] + [one.key for values in held.values() for one in values]
            ),
            skipped={"play of an unknown item": strange} if strange else {},
        )

    async def amend(self, edits: Sequence[Edit]) -> Sequence[AddResult]:
        self._raise_failure()
        if self._lose_write:
            self._lose_write = False
            raise TryLater("the connection broke before the request was through")
        results: list[AddResult] = []
        shelf = self._shelf()
        for edit in edits:
            after, result = shelf.amended(edit)
            if isinstance(edit, SetValue) and (closed := self._closed(edit.kind, shelf, after)):
                if self.takes_a_part:
                    self._keep(shelf)
                raise closed
            shelf = after
            results.append(result)
        self._keep(shelf)
        if self._lose_answer:
            self._lose_answer = False
            raise TryLater("the connection broke before the answer came")
        return results

    def _keep(self, shelf: Shelf) -> None:
        self.plays = list(shelf.plays)
        self.values = {kind: dict(values) for kind, values in shelf.values.items()}

    def _closed(self, kind: Kind, before: Shelf, after: Shelf) -> ListClosed | None:
        """Whether the list cannot become that."""
        if self._is_read_only(kind, len(before.values.get(kind, ()))):
            return ListClosed(f"the {kind} can only be read", kind, Closing.FULL)
        if len(after.values.get(kind, ())) <= len(before.values.get(kind, ())):
            return None
        if kind in self.only_vip and not self.vip:
            return ListClosed(f"the {kind} is for VIP accounts only", kind, Closing.NOT_FOR_ACCOUNT)
        most = self.most.get(kind)
        if most is None or len(after.values[kind]) <= most:
            return None
        return ListClosed(f"the {kind} is full", kind, Closing.FULL, most=most if self.names_most else None)

    def _is_read_only(self, kind: Kind, held: int) -> bool:
        most = self.most.get(kind)
        return self.locks_over and not self.vip and most is not None and held > most

    async def allowance(self) -> Allowance:
        self._raise_failure()
        return Allowance(self.vip, self.most if self.tells_most else {})

    async def sign_in(self) -> None:
        if not self.has_account:
            raise LoginNeeded("The memory tracker was set up without an account; give it one.")

    async def examine(self) -> Sequence[Check]:
        if self._unreachable:
            return [problem("memory", "The memory tracker is down.", "Let it come back.")]
        if not self.has_account:
            return [problem("memory", "The memory tracker was set up without an account.", "Give it one.")]
        return [ok("memory", "Keeps plays until the process ends.", plays=len(self.plays))]

    def _add(self, play: Addition) -> Receipt:
        at = None if play.watched_at is None else to_second(play.watched_at)
        worth = DatePrecision.EXACT if at else DatePrecision.NONE
        kept = Kept(self.new_id(), play.address.key, at, play.rewatch, worth)
        self.plays.append(kept)
        return Receipt(kept.remote_id)

    def new_id(self) -> str:
        """Never given before."""
        self._last_id += 1
        return str(self._last_id)

    def _shelf(self) -> Shelf:
        return Shelf(tuple(self.plays), {kind: dict(values) for kind, values in self.values.items()})

    def _raise_failure(self) -> None:
        if self._unreachable:
            raise TryLater("the memory tracker is down")
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure


def _is_same(kept: Kept, play: Addition) -> bool:
    if kept.key != play.address.key:
        return False
    if play.watched_at is None:
        return kept.watched_at is None and kept.remote_id not in play.known
    return kept.watched_at == to_second(play.watched_at)


def _taken(left: list[Kept], play: Addition) -> Receipt | None:
    """The first of ``left`` that is ``play``, which is used up by that."""
    found = next((kept for kept in left if _is_same(kept, play)), None)
    if found is None:
        return None
    left.remove(found)
    return Receipt(found.remote_id)


def in_words(address: Mapping[str, Any]) -> str:
    """What ``Address.data`` says."""
    return f"the item {address['key']}"


def build(context: Context) -> MemoryTracker:
    """For trying the service without any account: what it holds is gone when the process ends."""
    return MemoryTracker()
