"""What a tracker is given when it is made, and what a person's sign-in needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from msgspec import Struct

from scrobbled.clock import Clock
from scrobbled.core.items import Episode
from scrobbled.core.matching import ShowMatch
from scrobbled.http import Http


class Tokens(Protocol):
    """The stored sign-in of one account. What ``save`` returns from is on disk."""

    async def load(self) -> Mapping[str, Any] | None: ...

    async def save(self, values: Mapping[str, Any]) -> None: ...

    async def forget(self) -> None: ...


class Cache(Protocol):
    """Answers of catalogues, kept in SQLite. ``get`` is ``None`` for what is unknown or older than its time."""

    async def get(self, key: str) -> Any: ...

    async def put(self, key: str, value: Any, *, seconds: float) -> None:
        """``value`` is JSON; it is kept for ``seconds``."""
        ...


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


class FinderContext(Struct, frozen=True):
    """What ``runtime`` hands to a tracker's ``build_finder``."""

    settings: Mapping[str, Any]
    http: Http
    cache: Cache
    clock: Clock


class Asked(Struct, frozen=True):
    """What a person types to sign in; ``key`` is its name in the tracker's section of the configuration."""

    key: str
    label: str
    secret: bool = False
    hint: str = ""
    """Where to find it; empty where that is plain."""


class Code(Struct, frozen=True):
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
    show: Callable[[Code], None] | None = None
    """Shows a code, where somebody can do that better than by ``tell``; called once, at once."""
    careful: bool = False
    """Send nothing that the service has refused so often that it might lock the account."""
