"""Trakt as a tracker."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from scrobbled.core.items import Item
from scrobbled.pace import Pace
from scrobbled.trackers.base import Addition, Address, Capabilities, Context, Receipt, Result, Sending, Tracker
from scrobbled.trackers.trakt.auth import Auth
from scrobbled.trackers.trakt.client import Api
from scrobbled.trackers.trakt.locate import Locator
from scrobbled.trackers.trakt.lookups import Lookups
from scrobbled.trackers.trakt.oauth import OAuth
from scrobbled.trackers.trakt.plays import Adder, Reader
from scrobbled.trackers.trakt.settings import Settings

CAN = Capabilities(
    media=frozenset({"movie", "episode"}),
    batch=100,
    precision=60,
    settle=10.0,  # reads may lag some seconds behind writes
    site="https://app.trakt.tv",
)


class TraktTracker:
    """One account. Plays go into the history with their own time, one request per batch."""

    can = CAN

    def __init__(self, auth: Auth, locator: Locator, adder: Adder, reader: Reader, pace: Pace) -> None:
        self._auth = auth
        self._locator = locator
        self._adder = adder
        self._reader = reader
        self._pace = pace

    async def locate(self, item: Item) -> Address:
        return await self._locator.locate(item)

    def delay(self) -> float:
        return self._pace.delay()

    async def add_plays(self, plays: Sequence[Addition], sending: Sending) -> Sequence[Result]:
        await self._auth.token()  # a refresh, where one is due, comes before the point of no return
        await self._pace.turn()
        await sending()
        return await self._adder.add(plays)

    async def find_plays(self, plays: Sequence[Addition]) -> Sequence[Receipt | None]:
        return await self._reader.find(plays)

    async def sign_in(self) -> None:
        """Asks Trakt: only an answer to a signed request tells that the tokens still hold, and that Trakt is there."""
        await self._auth.reload()
        await self._reader.probe()

    def expires_at(self) -> datetime | None:
        return self._auth.expires_at()

    async def aclose(self) -> None:
        """The connections stay: other accounts may share them, and a refresh of theirs must not be cut off."""
        await self._auth.aclose()


def build(context: Context) -> Tracker:
    """The tracker of one viewer; raises ``ConfigError`` without a client id. Asks nobody anything yet."""
    settings = Settings.of(context.settings)
    clock, http = context.clock, context.http
    auth = Auth(
        OAuth(http, settings, clock), context.tokens, clock, client_id=settings.client_id, viewer=context.viewer
    )
    api = Api(http.at(settings.url), settings.client_id, clock)
    lookups, pace = Lookups(api, context.cache), Pace(clock, every=settings.pace)
    return TraktTracker(auth, Locator(lookups, context.shows), Adder(api, auth, lookups, pace), Reader(api, auth), pace)
