"""Trakt as a tracker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from scrobbled.core.checkup import Check
from scrobbled.core.items import Item
from scrobbled.core.records import Kind, Reading, Subject
from scrobbled.pace import Pace
from scrobbled.trackers.base import Addition, Address, Capabilities, Edit, Known, Receipt, Result, Sending, Tracker
from scrobbled.trackers.given import Context
from scrobbled.trackers.trakt.activity import Activity, OwnRatings
from scrobbled.trackers.trakt.amending import Amender
from scrobbled.trackers.trakt.auth import Auth
from scrobbled.trackers.trakt.canary import Canary
from scrobbled.trackers.trakt.client import Api
from scrobbled.trackers.trakt.codec import Place
from scrobbled.trackers.trakt.history import History
from scrobbled.trackers.trakt.locate import Locator
from scrobbled.trackers.trakt.lookups import Lookups
from scrobbled.trackers.trakt.oauth import OAuth
from scrobbled.trackers.trakt.paging import Asker
from scrobbled.trackers.trakt.playing import Player
from scrobbled.trackers.trakt.plays import Adder, Reader
from scrobbled.trackers.trakt.reading import AccountReader
from scrobbled.trackers.trakt.settings import Settings
from scrobbled.trackers.trakt.writing import Writer

CAN = Capabilities(
    media=frozenset({"movie", "episode"}),
    batch=100,
    precision=60,
    settle=10.0,  # reads may lag some seconds behind writes
    site="https://app.trakt.tv",
    tells_playing=True,
    reads=frozenset({"plays", "ratings"}),
    amends=frozenset({"plays", "ratings"}),
)
SPACES = {"imdb": "IMDb", "tmdb": "TMDB", "trakt": "Trakt", "tvdb": "TVDB"}
"""As people write them."""


class TraktTracker:
    """One account. Plays go into the history with their own time, one request per batch."""

    can = CAN

    def __init__(
        self,
        auth: Auth,
        locator: Locator,
        adder: Adder,
        reader: Reader,
        pace: Pace,
        canary: Canary,
        roots: Mapping[str, str],
        player: Player,
        account: AccountReader,
        amender: Amender,
    ) -> None:
        self._auth = auth
        self._locator = locator
        self._adder = adder
        self._reader = reader
        self._pace = pace
        self._canary = canary
        self._roots = roots
        self._player = player
        self._account = account
        self._amender = amender

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

    async def playing(self, action: Literal["start", "pause"], item: Item, percent: float) -> None:
        await self._player.tell(action, await self.locate(item), percent)

    async def read(self, kinds: frozenset[Kind], cursor: Mapping[str, Any], known: Known, *, full: bool) -> Reading:
        return await self._account.read(kinds, cursor, known, full=full)

    async def locate_subject(self, subject: Subject) -> Address:
        return await self._locator.subject(subject)

    async def amend(self, edits: Sequence[Edit]) -> Sequence[Result]:
        return await self._amender.amend(edits)

    async def sign_in(self) -> None:
        """Asks Trakt: only an answer to a signed request tells that the tokens still hold, and that Trakt is there."""
        await self._auth.reload()
        await self._reader.probe()

    def expires_at(self) -> datetime | None:
        return self._auth.expires_at()

    def roots(self) -> Mapping[str, str]:
        return self._roots

    async def examine(self) -> Sequence[Check]:
        return await self._canary.examine()

    async def aclose(self) -> None:
        """The connections stay: other accounts may share them, and a refresh of theirs must not be cut off."""
        await self._auth.aclose()


def in_words(address: Mapping[str, Any]) -> str:
    """What ``Address.data`` says."""
    place = Place.of(Address("", address))
    media = "film" if place.media == "movie" else address["type"]
    if media == "season":
        return f"season {place.season} of the show with {_listed(place.show)}"
    if place.season is None or place.number is None or not place.show:
        return f"the {media} with {_listed(place.ids)}"
    show = f"S{place.season} E{place.number} of the show with {_listed(place.show)}"
    return f"the {media} with {_listed(place.ids)}: {show}"


def _listed(ids: Mapping[str, Any]) -> str:
    return " and ".join(f"{SPACES.get(space, space)} id {value}" for space, value in ids.items())


def build(context: Context) -> Tracker:
    """The tracker of one viewer; raises ``ConfigError`` without a client id. Asks nobody anything yet."""
    settings = Settings.of(context.settings)
    clock, http = context.clock, context.http
    auth = Auth(
        OAuth(http, settings, clock), context.tokens, clock, client_id=settings.client_id, viewer=context.viewer
    )
    api = Api(http.at(settings.url), settings.client_id, clock)
    lookups, pace = Lookups(api, context.cache), Pace(clock, every=settings.pace)
    writer, asker = Writer(api, auth, pace), Asker(api, auth)
    adder, reader, activity = Adder(writer, lookups), Reader(asker), Activity(asker)
    own = OwnRatings(context.cache, clock, context.viewer)
    canary = Canary(api, context.tokens, clock, client_id=settings.client_id, viewer=context.viewer)
    return TraktTracker(
        auth,
        Locator(lookups, context.shows),
        adder,
        reader,
        pace,
        canary,
        {"API": settings.url, "sign-in": settings.auth_url},
        Player(api, auth, pace),
        AccountReader(asker, activity, History(asker, reader, activity, clock), own, clock),
        Amender(writer, reader, adder, lookups, own),
    )
