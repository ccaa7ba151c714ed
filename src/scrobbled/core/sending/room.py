"""What a service lets an account have: how long a list may get, how long it is, and what of a wish still fits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from msgspec import Struct, field
from msgspec.structs import replace

from scrobbled.core.kinds import KINDS, Kind


class Closing(StrEnum):
    """Why a list takes nothing more, as the service said when something was added."""

    FULL = "full"
    """It has as much as it may have."""
    NOT_FOR_ACCOUNT = "not-for-account"
    """Only accounts that are paid for have it."""


class Allowance(Struct, frozen=True):
    """What a service says of an account. ``vip`` is ``None`` where it does not say whether the account is paid for."""

    vip: bool | None = None
    limits: Mapping[Kind, int] = field(default_factory=dict)
    """The most of each kind, as far as it is told."""


class ListRoom(Struct, frozen=True):
    """One list of an account. ``held`` is how much is there, as it was last read."""

    kind: Kind
    held: int = 0
    most: int | None = None
    """``None`` where nobody knows."""
    told: int | None = None
    """What ``most`` was when the service, or the configuration, last told."""
    vip: bool | None = None
    closed: Closing | None = None
    held_then: int | None = None
    """``held`` when it was closed, as far as was known."""

    @property
    def free(self) -> int | None:
        """How many more it takes; ``None`` where nothing speaks against any number."""
        if self.closed is not None:
            return 0
        return None if self.most is None else max(0, self.most - self.held)

    def close(self, closing: Closing, most: int | None, tried: int) -> ListRoom:
        """So many more were refused; ``most`` is what the service says that it may hold, if anything."""
        most = self.most if most is None else most
        if closing is Closing.FULL and most is not None and self.held + tried > most:
            return replace(self, most=most)  # they were too many at once
        return replace(self, most=most, closed=closing, held_then=self.held)

    def learn(self, said: Allowance) -> ListRoom:
        """After the account and this list of it were read again.

        A list that was full although it was known to hold less than it may holds what it may: the service counts what
        it does not list. That counts until it says something else than before.
        """
        told, paid = said.limits.get(self.kind), said.vip is True and self.vip is not True
        if told != self.told or paid:
            return replace(self, most=told, told=told, vip=said.vip, closed=None)
        if self.closed is Closing.FULL:
            is_full = self.most is None or self.held_then == self.held
            most = min(self.held, self.held if self.most is None else self.most) if is_full else self.most
            return replace(self, most=most, vip=said.vip, closed=None)
        return replace(self, vip=said.vip)

    def words(self) -> str:
        """For people: "watchlist 231 of 250, room for 19"."""
        if self.closed is Closing.NOT_FOR_ACCOUNT:
            return f"{self.kind} {self.held:,}, only for VIP"
        if self.most is None:
            return f"{self.kind} {self.held:,}, {'full' if self.closed else 'limit not told'}"
        full = "full" if not self.free else f"room for {self.free:,}"
        return f"{self.kind} {self.held:,} of {self.most:,}, {full}"


def account_words(name: str, rooms: Iterable[ListRoom]) -> str:
    """All lists of an account: "Trakt, free account: watchlist 231 of 250, room for 19; collection 412, …"."""
    words = rooms_in_words(rooms)
    return f"{name}, {words}" if words.startswith(tuple(_SORTS.values())) else f"{name}: {words}"


def rooms_in_words(rooms: Iterable[ListRoom]) -> str:
    """The same without the name: "free account: watchlist 231 of 250, room for 19"."""
    rooms = sorted(rooms, key=lambda one: tuple(KINDS).index(one.kind))
    sort = next((_SORTS[one.vip] for one in rooms if one.vip is not None), "")
    return f"{sort}{'; '.join(one.words() for one in rooms)}"


_SORTS = {True: "VIP: ", False: "free account: "}
