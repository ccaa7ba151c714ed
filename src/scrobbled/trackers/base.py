"""The contract of a tracker: an account at a service that we can ask and change.

A new tracker is a folder with ``tracker.py`` and one line in ``TRACKERS``; ``tests/trackers/contract.py`` holds every
tracker to what is promised here. Callers know a tracker by what it ``can``, never by its name, and ask its parts
for the rest: ``tracker.adds.locate(item)``, ``tracker.reads.read(…)``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from msgspec import Struct, field

from scrobbled.core.errors import NotInCatalogue, Refused
from scrobbled.core.kinds import Kind, KindValue
from scrobbled.core.naming.items import Item
from scrobbled.core.naming.matching import Confidence
from scrobbled.core.records import Reading, Subject
from scrobbled.core.sending.room import Allowance
from scrobbled.core.words.checks import Check
from scrobbled.trackers.capabilities import Capabilities
from scrobbled.trackers.given import EarlierReads
from scrobbled.trackers.locating import LocateBeyond
from scrobbled.trackers.offers import Offers
from scrobbled.trackers.telling import TellsPlaying


class Address(Struct, frozen=True):
    """Where a tracker keeps an item. ``key`` is stable and unique within the account; ``data`` is the tracker's own."""

    key: str
    data: Mapping[str, Any] = field(default_factory=dict)
    """JSON values only: it is stored with the change."""
    how: str = ""
    """How the item was matched, for people: method and evidence."""
    confidence: Confidence = Confidence.CERTAIN
    entry: str = ""
    """What the item is there, for people; not stored."""


class Addition(Struct, frozen=True):
    """One play to be added. ``watched_at`` is aware UTC, already rounded down to the tracker's ``precision``."""

    id: int
    address: Address
    watched_at: datetime | None
    """``None`` only with ``undated``: then it is neither now nor any other time that nobody told."""
    rewatch: bool = False
    item: Item | None = None
    """What was located, for a tracker that finds out only now that it is not at its address."""
    undated: str = ""
    """One of ``can.undated`` where nobody knows when it was; where the tracker cannot say that of an item, unknown."""
    known: frozenset[str] = frozenset()
    """Handles of plays of the item that are none of this one. Only ``find_plays`` of an undated one asks for them."""

    @property
    def at(self) -> datetime:
        """When it was; for trackers that take nothing undated."""
        if self.watched_at is None:
            raise Refused("this tracker takes no play without a date")
        return self.watched_at


class Receipt(Struct, frozen=True):
    """The tracker confirmed the play. ``remote_id`` is its handle for undo, empty where the answer names none."""

    remote_id: str = ""
    note: str = ""


AddResult = Receipt | NotInCatalogue | Refused
"""The answer for one addition of a batch that as a whole was accepted."""

Sending = Callable[[], Awaitable[None]]
"""Called, and awaited, after everything that may be repeated and before the first byte of what may not."""


class Tracker(ABC):
    """One account: all that every tracker is. What it can do besides is in parts, and ``can`` says which there are.

    Every call, also of a part, may raise ``TryLater``, ``LoginNeeded``, ``AccountStopped`` or ``ContractDrift``;
    signing in and refreshing tokens happens inside. Reads never return an empty answer for a failed one. Asking for a
    part that is not there raises ``Refused``.
    """

    @property
    @abstractmethod
    def can(self) -> Capabilities: ...

    @abstractmethod
    async def sign_in(self) -> None:
        """Make sure we are signed in, without user interaction; ``LoginNeeded`` where that takes a person."""

    def expires_at(self) -> datetime | None:
        """When the present sign-in ends by itself, where the service says so."""
        return None

    async def allowance(self) -> Allowance:
        """What the service lets the account hold of ``can.limited``, as far as it or the configuration says."""
        return Allowance()

    def roots(self) -> Mapping[str, str]:
        """The addresses it asks, by what they are for; empty where there is no service."""
        return {}

    @abstractmethod
    async def examine(self) -> Sequence[Check]:
        """For ``doctor``: is the sign-in good, and do the answers have the shape we rely on.

        Reads only, and uses the stored sign-in as it is: never signs in, never renews, tries no password. Each request
        ends within ten seconds, and what goes wrong is a check and never raised. Names are unique.
        """

    async def takes_itself(self, source: str) -> str:
        """Whether the service itself takes what is watched at a ``source``, in words with what to do; empty where it
        does not, or does not tell. Sends a request only for a source that the service has such a way for. Raises as
        every call.
        """
        return ""

    async def aclose(self) -> None:
        """Close what is its own; the connections belong to whoever handed them in."""
        return

    @property
    def adds(self) -> Adds:
        """Where ``can.adds``."""
        raise Refused("this tracker takes no plays")

    @property
    def reads(self) -> Reads:
        """Where ``can.reads`` names a kind."""
        raise Refused("nobody can read what this tracker holds")

    @property
    def amends(self) -> Amends:
        """Where ``can.amends`` names a kind, or ``can.ticks``."""
        raise Refused("this tracker lets nobody change what it holds")

    @property
    def beyond(self) -> LocateBeyond[Address]:
        """Where ``can.beyond`` names a kind."""
        raise Refused("this tracker has nothing beyond what it holds")

    @property
    def foresees(self) -> Foresees:
        """Where ``can.ahead`` is above 1."""
        raise Refused("this tracker is told of nothing ahead")

    @property
    def tells_playing(self) -> TellsPlaying:
        """Where ``can.tells_playing``."""
        raise Refused("this tracker does not show what is being played")

    @property
    def offers(self) -> Offers:
        """Where ``can.is_library``."""
        raise Refused("this tracker has no libraries to choose from")


class Adds(Protocol):
    """The part of a tracker that takes plays."""

    def delay(self) -> float:
        """Seconds until the service's pace allows the next write; 0 is now."""
        ...

    async def locate(self, item: Item) -> Address:
        """Where this tracker keeps ``item``. Raises ``NotInCatalogue`` or ``Uncertain`` rather than guess."""
        ...

    async def add_plays(self, plays: Sequence[Addition], sending: Sending) -> Sequence[AddResult]:
        """Add each play as a new viewing, whatever is there already; results in the order of ``plays``.

        An error with ``in_doubt`` means that any of them may have been added. An error raised before ``sending`` was
        awaited never is in doubt.
        """
        ...

    async def find_plays(self, plays: Sequence[Addition]) -> Sequence[Receipt | None]:
        """Look each play up by item and time in a *complete* read; ``None`` is a proven absence at this moment.

        An undated one is any play of the item as it would be kept, but for those that are ``known``. No play of the
        account is the answer to two of ``plays``.
        """
        ...


class Reads(Protocol):
    """The part of a tracker that can be compared with another."""

    async def read(
        self, kinds: frozenset[Kind], cursor: Mapping[str, Any], known: EarlierReads, *, full: bool
    ) -> Reading:
        """What the account holds of ``kinds``, or what is new in it since ``cursor`` (empty the first time).

        As few requests as possible when nothing moved. ``full`` reads everything; a read may do that unasked, too.
        ``complete`` is only ever said of a listing whose every page was read while nothing shifted. A failed read
        raises as every call does: it never returns less. Sends no write.
        """
        ...


class SetValue(Struct, frozen=True):
    """Give what is at ``address`` this ``value`` of a kind, such as a rating; ``None`` takes it away."""

    kind: Kind
    """One of ``can.amends``, and none that is records."""
    address: Address
    value: KindValue | None
    at: datetime | None = None
    """When it was given."""


class Remove(Struct, frozen=True):
    """Take exactly one play away. Without ``remote_id`` it is the one at that address and time."""

    address: Address
    watched_at: datetime | None
    """``None`` for a play without a date, which is told by its ``remote_id`` alone."""
    remote_id: str = ""
    stamp: str = ""
    """Where given, only if its ``PlayRecord.stamp`` is still this; else ``Refused``: a person changed it meanwhile."""


class Retime(Struct, frozen=True):
    """Give one play another time. Everything else of it stays as it is."""

    address: Address
    remote_id: str
    watched_at: datetime


class Flag(Struct, frozen=True):
    """Say of one play whether it is a rewatch. Everything else of it stays as it is."""

    address: Address
    remote_id: str
    rewatch: bool


class Tick(Struct, frozen=True):
    """Say of an item that it was watched, without a play.

    A note in the ``Receipt`` says that there was nothing to do, so that there is nothing to be taken back either. Its
    ``remote_id`` is how the tracker left the item, in its own words, where that tells a tick of ours from others.
    """

    address: Address
    at: datetime | None = None
    """When it was last watched, for a tracker that can be told; aware UTC."""


class Untick(Struct, frozen=True):
    """Take back a ``Tick`` that was carried out without a note. Where a play of the item has come since, that stays."""

    address: Address


Edit = SetValue | Remove | Retime | Flag | Tick | Untick


class Amends(Protocol):
    """The part of a tracker whose records can be changed."""

    async def locate_subject(self, subject: Subject) -> Address:
        """Where this tracker keeps a movie, show, season or episode, for ``SetValue``.

        ``Address.key`` is the ``Subject.key`` of its own reads. Raises as ``locate``.
        """
        ...

    async def amend(self, edits: Sequence[Edit]) -> Sequence[AddResult]:
        """Carry out each edit; results in their order, at most ``can.batch`` at once.

        Every edit may be repeated after a lost answer without another effect: what is removed already, or has that
        value already, is a ``Receipt``. Reads first what it must not overwrite.
        """
        ...


class Foresees(Protocol):
    """The part of a tracker that can prepare several additions with fewer requests."""

    async def survey(self, items: Sequence[Item]) -> None:
        """These wait to be located and added, those of one show together. Reads only, and only what spares requests.

        Skipping it changes nothing but their number. Raises as every call, but never for an item that is not there.
        """
        ...

    async def foresee(self, addresses: Sequence[Address]) -> None:
        """These are about to be added. May write only what the additions would write anyway and what may be repeated.

        Skipping it changes nothing but the number of requests. Raises as every call; nothing is ever in doubt.
        """
        ...
