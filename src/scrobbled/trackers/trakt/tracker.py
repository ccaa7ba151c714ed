"""Trakt as a tracker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from msgspec.structs import replace

from scrobbled.core.kinds import COLLECTION, PLAYS, WATCHLIST
from scrobbled.core.naming.items import Item
from scrobbled.core.records import Subject
from scrobbled.core.sending.room import Allowance
from scrobbled.core.words.checks import Check
from scrobbled.plumbing.pace import Pace
from scrobbled.trackers.base import Addition, Address, AddResult, Adds, Amends, Edit, Reads, Receipt, Sending, Tracker
from scrobbled.trackers.capabilities import Capabilities
from scrobbled.trackers.given import Context
from scrobbled.trackers.telling import TellsPlaying
from scrobbled.trackers.trakt.activity import Activity
from scrobbled.trackers.trakt.adding import TraktAdder
from scrobbled.trackers.trakt.amending import TraktAmender
from scrobbled.trackers.trakt.auth import Auth
from scrobbled.trackers.trakt.catalogue import Lookups
from scrobbled.trackers.trakt.checks import TraktChecks
from scrobbled.trackers.trakt.client import Api, judge
from scrobbled.trackers.trakt.codec import TraktPlace
from scrobbled.trackers.trakt.history import TraktHistory
from scrobbled.trackers.trakt.item_plays import ItemPlays
from scrobbled.trackers.trakt.listed import LISTINGS
from scrobbled.trackers.trakt.locating import TraktLocator
from scrobbled.trackers.trakt.memory import TraktMemory
from scrobbled.trackers.trakt.moving import PlayMover
from scrobbled.trackers.trakt.oauth import OAuthClient
from scrobbled.trackers.trakt.paging import Asker
from scrobbled.trackers.trakt.reading import TraktReader
from scrobbled.trackers.trakt.second_look import SecondLook
from scrobbled.trackers.trakt.seeking import PlayFinder
from scrobbled.trackers.trakt.settings import TraktSettings
from scrobbled.trackers.trakt.taking import ADVICE, SERVER, taking
from scrobbled.trackers.trakt.taking import in_words as in_words_of
from scrobbled.trackers.trakt.valuing import Valuer
from scrobbled.trackers.trakt.whole import WholeReader
from scrobbled.trackers.trakt.writing import Writer

CAN = Capabilities(
    media=frozenset({"movie", "episode"}),
    batch=150,  # others are known to send 100 to 250 at once
    precision=60,
    settle=10.0,  # reads may lag some seconds behind writes
    site="https://app.trakt.tv",
    tells_playing=True,
    reads=frozenset({PLAYS, *LISTINGS}),
    amends=frozenset({PLAYS, *LISTINGS}),
    undated=frozenset({"unknown", "released"}),
    by_release=frozenset({"episode"}),
    limited=frozenset({COLLECTION, WATCHLIST}),
)
SPACES = {"imdb": "IMDb", "tmdb": "TMDB", "trakt": "Trakt", "tvdb": "TVDB"}
"""As people write them."""


class TraktTracker(Tracker):
    """One account. Plays go into the history with their own time, one request per batch."""

    can = CAN

    def __init__(self, context: Context) -> None:
        settings = TraktSettings.of(context.settings)
        self._clock = clock = context.clock
        http, whose = context.http, {"client_id": settings.client_id, "viewer": context.viewer}
        self._limits = settings.limits
        self._roots = {"API": settings.url, "sign-in": settings.auth_url}
        self._auth = Auth(OAuthClient(http, settings, clock), context.tokens, clock, **whose)
        self._api = Api(http.at(settings.url), settings.client_id, clock)
        self._checks = TraktChecks(self._api, context.tokens, clock, **whose)
        self._pace = Pace(clock, every=settings.pace)
        writer, asker = Writer(self._api, self._auth, self._pace), Asker(self._api, self._auth)
        lookups, own = Lookups(self._api, context.cache), TraktMemory(context.cache, clock, context.viewer)
        self._locator = TraktLocator(lookups, context.shows)
        look = SecondLook(lookups, context.shows)
        self._adder = TraktAdder(writer, look)
        self._found = PlayFinder(asker, lookups)
        mover = PlayMover(writer, self._found, ItemPlays(asker, self._found, lookups), self._adder)
        self._amender = TraktAmender(Valuer(writer, look, lookups, own), mover)
        activity = Activity(asker, clock)
        history = TraktHistory(asker, self._found, WholeReader(asker, activity, lambda: self._adder.sent), clock)
        self._reader = TraktReader(asker, activity, history, own, clock)

    async def allowance(self) -> Allowance:
        said = await self._reader.allowance()
        return replace(said, limits={**self._limits, **said.limits})

    @property
    def adds(self) -> Adds:
        return self

    @property
    def reads(self) -> Reads:
        return self._reader

    @property
    def amends(self) -> Amends:
        return self

    @property
    def tells_playing(self) -> TellsPlaying:
        return self

    async def locate(self, item: Item) -> Address:
        return await self._locator.locate(item)

    def delay(self) -> float:
        return self._pace.delay()

    async def add_plays(self, plays: Sequence[Addition], sending: Sending) -> Sequence[AddResult]:
        await self._auth.token()  # a refresh, where one is due, comes before the point of no return
        await self._pace.turn()
        await sending()
        return await self._adder.add(plays)

    async def find_plays(self, plays: Sequence[Addition]) -> Sequence[Receipt | None]:
        return await self._found.find(plays)

    async def playing(self, action: Literal["start", "pause"], item: Item, percent: float) -> None:
        """Never stops anything: from 80 percent on a stop is a play, and plays come from the outbox alone.

        In the account's own turn; the last thing told counts there, so an answer that is lost does no harm.
        """
        place = TraktPlace.of(await self.locate(item))
        ids = {"trakt": place.ids["trakt"]} if "trakt" in place.ids else dict(place.ids)
        body = {place.media: {"ids": ids}, "progress": round(percent, 2)}
        await self._pace.turn()
        judge(await self._auth.signed(lambda token: self._api.write(f"/scrobble/{action}", body, token=token)))

    async def locate_subject(self, subject: Subject) -> Address:
        return await self._locator.subject(subject)

    async def amend(self, edits: Sequence[Edit]) -> Sequence[AddResult]:
        return await self._amender.amend(edits)

    async def sign_in(self) -> None:
        """Asks Trakt: only an answer to a signed request tells that the tokens still hold, and that Trakt is there."""
        await self._auth.reload()
        await self._found.probe()

    def expires_at(self) -> datetime | None:
        return self._auth.expires_at()

    def roots(self) -> Mapping[str, str]:
        return self._roots

    async def examine(self) -> Sequence[Check]:
        return await self._checks.examine()

    async def takes_itself(self, source: str) -> str:
        way = await taking(self._api, await self._auth.token(), self._clock) if source == SERVER else ""
        return f"{in_words_of(way)}. {ADVICE}" if way else ""

    async def aclose(self) -> None:
        """The connections stay: other accounts may share them, and a refresh of theirs must not be cut off."""
        await self._auth.aclose()


def in_words(address: Mapping[str, Any]) -> str:
    """What ``Address.data`` says."""
    place = TraktPlace.of(Address("", address))
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
    return TraktTracker(context)
