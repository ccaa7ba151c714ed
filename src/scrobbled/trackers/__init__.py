"""Accounts at services that we can ask and change; a new one is a folder and one line in ``TRACKERS``."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from msgspec import Struct

from scrobbled.core.errors import TrackerError
from scrobbled.core.matching import Finder
from scrobbled.core.titles import Searcher
from scrobbled.trackers.base import Capabilities, Tracker
from scrobbled.trackers.given import Asked, Context, FinderContext, SignIn


class Entry(Struct, frozen=True):
    """Where a tracker's functions are; imported when first used, so that starting stays quick.

    ``<package>.tracker`` has ``CAN``, ``build`` and ``in_words``. ``<package>.signin`` has ``sign_in`` and ``ASKS``,
    unless ``signs_in`` is false. Where the
    service can tell which show an episode belongs to, ``<package>.finder`` has ``build_finder``, and ``finder_rank``
    orders it among those who can: the surer and cheaper, the lower. Where people can look for a title in its catalogue,
    it ``searches``, and ``<package>.searcher`` has ``build_searcher``.
    """

    package: str
    finder_rank: int | None = None
    searches: bool = False
    signs_in: bool = True

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

    def asks(self) -> tuple[Asked, ...]:
        """What a person types to sign in; nothing where a code is entered elsewhere."""
        asked: tuple[Asked, ...] = _function(self.package, "signin", "ASKS")
        return asked

    async def sign_in(self, request: SignIn) -> str:
        """Sign in with a person's help; returns the user name where the service tells it, else an empty text."""
        name: str = await _function(self.package, "signin", "sign_in")(request)
        return name


def _function(package: str, module: str, name: str) -> Any:
    return getattr(import_module(f"{package}.{module}"), name)


TRACKERS: Mapping[str, Entry] = {
    "serializd": Entry("scrobbled.trackers.serializd", finder_rank=90, searches=True),
    "trakt": Entry("scrobbled.trackers.trakt", finder_rank=20, searches=True),
    "memory": Entry("scrobbled.trackers.memory", signs_in=False),
}
"""By the name that stands in the configuration."""
