"""A Plex library as a tracker: what one person watched and rated there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from scrobbled.clients.plextv import PLEX_TV
from scrobbled.core.kinds import COLLECTION, PLAYS, RATINGS, WATCHLIST
from scrobbled.core.records import ViewingsKept
from scrobbled.core.words.checks import Check
from scrobbled.trackers.base import Address, Amends, Reads, Tracker
from scrobbled.trackers.capabilities import Capabilities
from scrobbled.trackers.given import Context
from scrobbled.trackers.locating import LocateBeyond
from scrobbled.trackers.offers import Offers
from scrobbled.trackers.plex.amending import PlexAmender
from scrobbled.trackers.plex.auth import PlexAuth
from scrobbled.trackers.plex.beyond import PlexBeyond
from scrobbled.trackers.plex.checks import PlexChecks
from scrobbled.trackers.plex.discovering import DiscoverAccount
from scrobbled.trackers.plex.files import PlexFiles
from scrobbled.trackers.plex.libraries import libraries
from scrobbled.trackers.plex.offering import PlexOffers
from scrobbled.trackers.plex.reading import PlexReader
from scrobbled.trackers.plex.servers import PlexServers
from scrobbled.trackers.plex.settings import PlexSettings
from scrobbled.trackers.plex.titles import PlexTitles
from scrobbled.trackers.plex.watchlist import ListedBesideLibraries, PlexWatchlist

CAN = Capabilities(
    media=frozenset({"movie", "episode"}),
    batch=100,
    precision=1,
    settle=0.0,
    site="https://app.plex.tv",
    adds=False,
    reads=frozenset({PLAYS, RATINGS, COLLECTION, WATCHLIST}),
    amends=frozenset({RATINGS, WATCHLIST}),
    beyond=frozenset({WATCHLIST}),
    ticks=True,
    keeps=ViewingsKept.SEEN,
    place_of="plex",
)


class PlexTracker(Tracker):
    """One person's state in the libraries of one server or several. Asks only what it is asked for."""

    can = CAN

    def __init__(self, context: Context) -> None:
        settings, http = PlexSettings.of(context.settings), context.http
        self._settings = settings
        self._auth = PlexAuth(http, settings, context.tokens, viewer=context.viewer, accounts=context.accounts)
        self._servers = PlexServers(http, settings, self._auth, context.cache)
        files = PlexFiles(context.cache)
        account, titles = (
            DiscoverAccount(http, settings, self._auth, context.cache, context.clock),
            PlexTitles(context.cache),
        )
        self._beside = ListedBesideLibraries(
            PlexReader(self._servers.seats, settings.libraries, files, context.clock),
            PlexAmender(self._servers, context.clock),
            PlexWatchlist(account, titles),
        )
        self._beyond = PlexBeyond(account, titles)
        self._checks = PlexChecks(http, self._servers, settings, self._auth, context.clock)

    @property
    def reads(self) -> Reads:
        return self._beside

    @property
    def amends(self) -> Amends:
        return self._beside

    @property
    def beyond(self) -> LocateBeyond[Address]:
        return self._beyond

    @property
    def offers(self) -> Offers:
        return PlexOffers(lambda: self._servers.found(look=True))

    async def sign_in(self) -> None:
        """Asks each server that answers for its libraries: only that tells whether the tokens still hold."""
        for server in (await self._servers.found()).there:
            await libraries(server.client)

    def expires_at(self) -> datetime | None:
        return self._auth.expires_at()

    def roots(self) -> Mapping[str, str]:
        own = {f"server {at}": place.url for at, place in enumerate(self._settings.places, start=1)}
        return {**own, "sign-in": self._settings.account_url or PLEX_TV}

    async def examine(self) -> Sequence[Check]:
        return await self._checks.examine()


def in_words(address: Mapping[str, Any]) -> str:
    """What ``Address.data`` says: how many copies there are."""
    copies = len(address["places"])
    if not copies:
        return "a title of Plex's catalogue, in no library"
    return f"{copies} {'copy' if copies == 1 else 'copies'} in the library"


def build(context: Context) -> Tracker:
    """The tracker of one viewer. Asks nobody anything yet."""
    return PlexTracker(context)
