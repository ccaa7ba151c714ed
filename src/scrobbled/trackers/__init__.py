"""Accounts at services that we can ask and change; a new one is a folder and one line in ``TRACKERS``.

Of another service's ways nothing is known here, and of who calls. The same job has the same file in every folder; what
is left are jobs that one service alone makes necessary.

=============  ========================================================================================================
``tracker``    what it can, building it, and its addresses in words; the parts of the contract, handed on
``signin``     signing in with a person's help
``finder``     which show an episode belongs to, for other trackers too
``searcher``   looking for a title, for a person who chooses
``checks``     what ``doctor`` looks at
``auth``       the sign-in that is kept, and how it is renewed
``client``     requests, and what status codes mean
``codec``      answers and requests as values and back; pure
``catalogue``  what the service says of titles, through the cache
``locating``   where it keeps an item
``adding``     plays that are new
``amending``   ratings and plays that are there
``reading``    what an account holds: what is new, or everything
``activity``   whether anything moved
``cursor``     how far an account was read, as the cursor keeps it; pure
``history``    the plays, as they are listed
``whole``      all of them, gone on with where an earlier read broke off
``entries``    a row of a listing as a value; pure
``records``    rows as records
``rows``       rows as they are answered, as far as anything of them is used
``memory``     what we remember of what we wrote
``settings``   what the section of the configuration says
=============  ========================================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from msgspec import Struct

from scrobbled.core.errors import TrackerError
from scrobbled.core.naming.matching import Finder
from scrobbled.core.naming.titles import Searcher
from scrobbled.trackers.base import Tracker
from scrobbled.trackers.capabilities import Capabilities
from scrobbled.trackers.given import Context, FinderContext, SignIn, SignInField


class TrackerEntry(Struct, frozen=True):
    """Where a tracker's functions are; imported when first used, so that starting stays quick.

    ``<package>.tracker`` has ``CAN``, ``build`` and ``in_words``. ``<package>.signin`` has ``sign_in`` and ``ASKS``,
    unless ``signs_in`` is false; where it ``signs_out``, a sign-in can be ended at the service, by ``sign_out`` there.
    Where the service can tell which show an episode belongs to, ``<package>.finder`` has
    ``build_finder``, and ``finder_rank`` orders it among those who can: the surer and cheaper, the lower. Where people
    can look for a title in its catalogue, it ``searches``, and ``<package>.searcher`` has ``build_searcher``.
    """

    package: str
    finder_rank: int | None = None
    searches: bool = False
    signs_in: bool = True
    signs_out: bool = False

    def can(self) -> Capabilities:
        """What it declares about itself, for whoever has no account at hand."""
        declared: Capabilities = _function(self.package, "tracker", "CAN")
        return declared

    def build(self, context: Context) -> Tracker:
        """The tracker for one viewer's account. No request is sent; settings were validated with the configuration."""
        tracker: Tracker = _function(self.package, "tracker", "build")(context)
        return tracker

    def build_finder(self, context: FinderContext) -> Finder:
        """Only where there is a ``finder_rank``."""
        finder: Finder = _function(self.package, "finder", "build_finder")(context)
        return finder

    def build_searcher(self, context: FinderContext) -> Searcher:
        """Only where it ``searches``."""
        searcher: Searcher = _function(self.package, "searcher", "build_searcher")(context)
        return searcher

    def in_words(self, address: Mapping[str, Any]) -> str:
        """Where an ``Address`` with this data leads, for people; empty where the data is not what it should be."""
        try:
            return str(_function(self.package, "tracker", "in_words")(address))
        except (KeyError, TypeError, ValueError, AttributeError, TrackerError):
            return ""

    def asks(self) -> tuple[SignInField, ...]:
        """What a person types to sign in; nothing where a code is entered elsewhere."""
        asked: tuple[SignInField, ...] = _function(self.package, "signin", "ASKS")
        return asked

    async def sign_in(self, request: SignIn) -> str:
        """Sign in with a person's help; returns the user name where the service tells it, else an empty text."""
        name: str = await _function(self.package, "signin", "sign_in")(request)
        return name

    async def sign_out(self, request: SignIn) -> None:
        """End the stored sign-in at the service; only where it ``signs_out``. One that has ended already is fine."""
        await _function(self.package, "signin", "sign_out")(request)


def _function(package: str, module: str, name: str) -> Any:
    return getattr(import_module(f"{package}.{module}"), name)


TRACKERS: dict[str, TrackerEntry] = {
    "serializd": TrackerEntry("scrobbled.trackers.serializd", finder_rank=90, searches=True),
    "trakt": TrackerEntry("scrobbled.trackers.trakt", finder_rank=20, searches=True, signs_out=True),
    "plex": TrackerEntry("scrobbled.trackers.plex", signs_out=True),
    "jellyfin": TrackerEntry("scrobbled.trackers.jellyfin"),
    "emby": TrackerEntry("scrobbled.trackers.emby"),
}
"""By the name that stands in the configuration."""


def known_as(tracker: str, accounts: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The names under which somebody with these ``accounts``, by source, is known at the place that the tracker is."""
    place = TRACKERS[tracker].can().place_of if tracker in TRACKERS else ""
    return tuple(accounts.get(place, ()))


def can_be_compared(kind: str) -> bool:
    """Whether there are two trackers that can be read for this kind."""
    return sum(kind in one.can().reads for one in TRACKERS.values()) > 1
