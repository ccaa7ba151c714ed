"""What a tracker is given: when it is made, for a read, and for a sign-in with a person's help."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from msgspec import Struct

from scrobbled.core.kinds import Kind
from scrobbled.core.naming.items import Episode
from scrobbled.core.naming.matching import ShowMatch
from scrobbled.core.records import PlayRecord, Subject, ValueRecord
from scrobbled.plumbing.cache import Cache
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.http import Http

T = TypeVar("T")


class Tokens(Protocol):
    """The stored sign-in of one account. What ``save`` returns from is on disk."""

    async def load(self) -> Mapping[str, Any] | None: ...

    async def save(self, values: Mapping[str, Any]) -> None: ...

    async def forget(self) -> None: ...


class Shows(Protocol):
    """Answers which show an episode belongs to, by every means that is configured, through the cache."""

    async def show_of(self, episode: Episode, *, deeper: bool = False) -> ShowMatch:
        """A match whose ``ids.tmdb`` (TMDB *show* id) is known.

        Raises ``Uncertain`` when nobody can say beyond doubt, ``TryLater`` when one who might say is down.
        ``deeper`` also asks by the episode's own ids, for shows whose numbering differs between services.
        """
        ...


class Context(Struct, frozen=True):
    """What ``runtime`` hands to a tracker."""

    viewer: str
    settings: Mapping[str, Any]
    """The viewer's section of the configuration for this tracker, secrets resolved."""
    http: Http
    tokens: Tokens
    cache: Cache
    shows: Shows
    clock: Clock
    accounts: tuple[str, ...] = ()
    """Names and ids under which the source that is the same place (``Capabilities.place_of``) knows the viewer."""


class FinderContext(Struct, frozen=True):
    """What ``runtime`` hands to a tracker's ``build_finder``."""

    settings: Mapping[str, Any]
    http: Http
    cache: Cache
    clock: Clock


class ListingDraft(Protocol):
    """One listing as far as it was read. What is kept stays when the process is killed, and until it is all stored.

    Whoever goes on with one has to see that the listing is still what it was, from what it began with.
    """

    async def head(self, kind: type[T]) -> T | None:
        """What it began with, unless there is none, or it is too old to be gone on with."""
        ...

    async def begin(self, head: Any) -> None:
        """Anew. ``head`` and pages are whatever ``msgspec`` can write."""
        ...

    async def keep(self, number: int, page: Any) -> None:
        """One page. Numbers count from 1."""
        ...

    async def renew(self, head: Any, first: Any) -> None:
        """It begins with something else by now, and so does its first page. It is no younger by that."""
        ...

    async def drop(self) -> None:
        """What is kept is not to be gone on with."""
        ...

    def pages(self, kind: type[T]) -> AsyncIterator[tuple[int, T]]:
        """What is kept, with its number, in order."""
        ...

    async def step(self, done: int, of: int | None) -> None:
        """So many pages of so many are read; tell whoever waits for this."""
        ...

    async def waits(self, seconds: float) -> None:
        """Nothing is asked for so long, as the service limits how much may be; tell whoever waits for this."""
        ...


class EarlierReads(Protocol):
    """What of an account is stored here already, from earlier reads of it; asked only by reads that need it."""

    @property
    def marks(self) -> bool:
        """Whether anybody asks what is marked as watched without being a play; see ``PlayRecord.is_mark``."""
        ...

    def draft(self, listing: str) -> ListingDraft:
        """Of a listing of many pages."""
        ...

    async def plays(self, begin: str = "") -> Sequence[PlayRecord]:
        """Every play that was there when it was last read and whose id begins so."""
        ...

    async def subjects(self) -> Mapping[str, Subject]:
        """By key, all that records of this account are about."""
        ...

    async def valued(self, kind: Kind) -> Mapping[str, ValueRecord]:
        """By key, what was there of a kind or a state when it was last read."""
        ...


class SignInField(Struct, frozen=True):
    """What a person types to sign in; ``key`` is its name in the tracker's section of the configuration."""

    key: str
    label: str
    secret: bool = False
    hint: str = ""
    """Where to find it; empty where that is plain."""
    only_with: str = ""
    """The key of the section without which it is not asked."""
    optional: bool = False
    """It may be left empty."""


class SignInCode(Struct, frozen=True):
    """What a person does elsewhere: enter ``code`` at ``url``, within ``lasts`` seconds.

    ``link`` is that page with the code filled in. Where ``code`` is empty there is nothing to type, and only the link.
    """

    code: str
    url: str
    link: str
    lasts: int


class SignIn(Struct, frozen=True):
    """What a sign-in with a person's help needs. The tracker module's ``sign_in`` takes it and returns the user name.

    Raises ``LoginNeeded`` when it did not succeed, with what to do next.
    """

    viewer: str
    settings: Mapping[str, Any]
    http: Http
    tokens: Tokens
    clock: Clock
    tell: Callable[[str], None]
    """Shows a line to the person at once."""
    ask: Callable[[str], str]
    """Asks for a secret, without echo where there is a terminal."""
    show: Callable[[SignInCode], None] | None = None
    """Shows a code, where somebody can do that better than by ``tell``; called once, at once."""
    accounts: tuple[str, ...] = ()
    """As in ``Context``."""
    careful: bool = False
    """Send nothing that the service has refused so often that it might lock the account."""
