"""A library of Jellyfin or Emby as a tracker: what one person watched and rated there, and which files there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scrobbled.clients.mediabrowser import MediaBrowserKind
from scrobbled.core.kinds import COLLECTION, PLAYS, RATINGS
from scrobbled.core.records import ViewingsKept
from scrobbled.core.words.checks import Check
from scrobbled.trackers.base import Amends, Reads, Tracker
from scrobbled.trackers.capabilities import Capabilities
from scrobbled.trackers.given import Context
from scrobbled.trackers.mediabrowser.amending import MediaBrowserAmender
from scrobbled.trackers.mediabrowser.auth import MediaBrowserAuth, ServerWay
from scrobbled.trackers.mediabrowser.checks import MediaBrowserChecks
from scrobbled.trackers.mediabrowser.files import MediaBrowserFiles
from scrobbled.trackers.mediabrowser.libraries import libraries
from scrobbled.trackers.mediabrowser.offering import MediaBrowserOffers
from scrobbled.trackers.mediabrowser.reading import MediaBrowserReader
from scrobbled.trackers.mediabrowser.settings import MediaBrowserSettings
from scrobbled.trackers.offers import Offers


def able(source: str, site: str) -> Capabilities:
    """What such a library can. It keeps when something was last begun that was watched to its end, or marked, and takes
    that time from us; of earlier viewings there is no list.
    """
    return Capabilities(
        media=frozenset({"movie", "episode"}),
        batch=100,
        precision=1,
        settle=0.0,
        site=site,
        adds=False,
        reads=frozenset({PLAYS, RATINGS, COLLECTION}),
        amends=frozenset({RATINGS}),
        ticks=True,
        keeps=ViewingsKept.LAST,
        begins=True,
        place_of=source,
    )


class MediaBrowserTracker(Tracker):
    """One person's state at one server. Asks only what it is asked for."""

    def __init__(self, dialect: MediaBrowserKind, can: Capabilities, context: Context) -> None:
        settings = MediaBrowserSettings.of(context.settings)
        way = ServerWay(dialect, context.http, settings, viewer=context.viewer, accounts=context.accounts)
        self._can, self._settings = can, settings
        self._auth = MediaBrowserAuth(way, context.tokens, context.cache)
        files = MediaBrowserFiles(context.cache, dialect.source)
        self._reader = MediaBrowserReader(self._auth, settings.libraries, files, context.clock)
        self._amender = MediaBrowserAmender(self._auth, context.clock)
        self._checks = MediaBrowserChecks(self._auth, context.clock)

    @property
    def can(self) -> Capabilities:
        return self._can

    @property
    def reads(self) -> Reads:
        return self._reader

    @property
    def amends(self) -> Amends:
        return self._amender

    @property
    def offers(self) -> Offers:
        return MediaBrowserOffers(self._auth)

    async def sign_in(self) -> None:
        """Asks for the libraries: only that tells whether the token still holds."""
        await libraries(await self._auth.seat())

    def roots(self) -> Mapping[str, str]:
        return {"server": self._settings.url}

    async def examine(self) -> Sequence[Check]:
        return await self._checks.examine()


def in_words(address: Mapping[str, Any]) -> str:
    """What ``Address.data`` says: how many copies there are."""
    copies = len(address["places"])
    return f"{copies} {'copy' if copies == 1 else 'copies'} in the library"
