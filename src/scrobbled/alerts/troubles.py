"""What a trouble is, and what is remembered of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

TroubleKey = tuple[str, str]
"""Kind and subject: together they say "the same trouble"."""
TroubleLookup = Callable[[str], Awaitable["Now"]]
"""Says how a trouble stands now, given its subject."""

EVERYBODY = "*"
"""The address of what was told before addresses were told apart."""


class Trouble(Struct, frozen=True):
    """One thing that needs a person. ``kind`` is one of ``core.troubles.TROUBLE_KINDS``."""

    kind: str
    subject: str
    title: str
    """Short enough for a phone; who or what comes first."""
    text: str
    """What happened, what it means, what to do."""
    once: bool = False
    """Told one time only: it may well be meant to stay as it is."""
    viewer: str | None = None
    """Whom it concerns; ``None`` concerns the house."""
    link: str = ""
    """Where it can be looked at or settled, from the root of the page: ``/#needs``."""
    figures: Callable[[], Awaitable[str]] | None = None
    """Sentences that are asked for when it is told, some seconds later, and stand before ``text``."""


def full_list(viewer: str, tracker: str, kind: str, text: str) -> Trouble:
    """A list of an account takes nothing more; ``text`` says why, and what waits."""
    account = f"{viewer}/{tracker}"
    return Trouble(
        kind="limit",
        subject=f"{account}/{kind}",
        title=f"{account}: the {kind} takes nothing more",
        text=f"{text}. It goes by itself as soon as there is room; everything else goes on.",
        viewer=viewer,
        link="/#needs",
    )


class Now(Struct, frozen=True):
    """How a trouble stands. What is empty stays as it was reported; of one that is over it is what to say of the end.

    ``lasts`` is ``None`` where it is not known, as after a restart; nothing is told then.
    """

    lasts: bool | None = True
    title: str = ""
    text: str = ""
    figures: str = ""


class LastTold(Struct, frozen=True):
    """What an address was told last of a trouble: its end (``good``), or that it is there. Unix seconds."""

    at: float
    good: bool


class Open(Struct, frozen=True):
    """A trouble as it is remembered, also for a while after its end. Times are Unix seconds."""

    kind: str
    subject: str
    title: str
    text: str
    """Of its end, once it is over."""
    viewer: str | None
    link: str
    once: bool
    first_seen: float
    last_seen: float
    count: int
    """Sightings."""
    returns: int
    """How often it came back soon after its end; from the first time to the last it is one trouble."""
    ended_at: float | None
    told: Mapping[str, LastTold]
    """By address, or by ``EVERYBODY``."""

    @property
    def key(self) -> TroubleKey:
        return self.kind, self.subject

    def told_to(self, address: str) -> LastTold | None:
        return self.told.get(address) or self.told.get(EVERYBODY)


class Reach(Struct, frozen=True):
    """An address that did not accept what was sent: so often in a row, and when it is tried again (Unix seconds)."""

    failures: int
    next_at: float
    failed_at: float
    why: str


class Memory(Protocol):
    """Remembers troubles, and who was told, across restarts."""

    async def seen(self, trouble: Trouble, now: float) -> bool:
        """Record a sighting; true when it is news: the trouble is new, or was over."""
        ...

    async def over(self, key: TroubleKey, title: str, text: str, now: float) -> Open | None:
        """Record the end, with what there is to say of it; ``None`` where no such trouble was open."""
        ...

    async def everything(self) -> Sequence[Open]:
        """The oldest first."""
        ...

    async def told(self, address: str, keys: Collection[TroubleKey], told: LastTold) -> None: ...

    async def forget(self, keys: Collection[TroubleKey]) -> None: ...

    async def reach(self) -> Mapping[str, Reach]:
        """By address; those that work are not listed."""
        ...

    async def reached(self, address: str, reach: Reach | None) -> None:
        """``None`` when it accepted what was sent."""
        ...
