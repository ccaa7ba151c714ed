"""An account at Serializd: TV only, one play at a time, each a tick and a dated diary row."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from scrobbled.core.checkup import Check
from scrobbled.core.errors import ContractDrift, NotInCatalogue, Refused
from scrobbled.core.items import Episode, Item
from scrobbled.http import Answer
from scrobbled.trackers.base import Addition, Address, Capabilities, Context, Receipt, Result, Sending
from scrobbled.trackers.serializd import codec, ticks
from scrobbled.trackers.serializd.auth import Session
from scrobbled.trackers.serializd.canary import Canary
from scrobbled.trackers.serializd.catalogue import Catalogue
from scrobbled.trackers.serializd.client import DEFAULT_URL, SITE, WRITE_EVERY, Client
from scrobbled.trackers.serializd.codec import Spot
from scrobbled.trackers.serializd.diary import Diary, Viewing
from scrobbled.trackers.serializd.locator import Locator

CAN = Capabilities(media=frozenset({"episode"}), batch=1, precision=1, settle=30.0, site=SITE)
REQUESTS_PER_PLAY = 2


class SerializdTracker:
    """Ticks and diary rows are two stores there, and neither makes the other: a play writes both, the tick first."""

    can = CAN

    def __init__(self, context: Context) -> None:
        settings = context.settings
        url = str(settings.get("url") or DEFAULT_URL)
        pace = settings.get("pace")
        every = WRITE_EVERY if pace is None else float(pace)
        self._client = Client(context.http.at(url), context.clock, write_every=every)
        self.session = Session(self._client, context.tokens, settings, context.viewer)
        self._catalogue = Catalogue(self._client, context.cache, context.clock)
        self._locator = Locator(self._catalogue, context.shows, context.clock)
        self._ticks = ticks.Ticks(self._client, self.session, context.cache, context.viewer)
        self._diary = Diary(self._client, self.session)
        self._canary = Canary(self._client, context.tokens, settings, context.viewer, context.clock)
        self._url = url

    async def locate(self, item: Item) -> Address:
        """Without a request once the show, the season and its ticks are in the cache."""
        if not isinstance(item, Episode):
            raise Refused(f"Serializd keeps TV only, so {item.label()} has no place there")
        found = await self._locator.spot_of(item)
        spot = found.spot
        ticked_at = await self._ticks.before_us(spot)
        data = {
            "show_id": spot.show,
            "season_id": spot.season,
            "season_number": spot.season_number,
            "episode_number": spot.number,
        }
        told = {} if ticked_at is None else {"ticked_at": codec.timestamp(ticked_at)}
        return Address(spot.key, {**data, **told}, found.how, found.confidence, found.entry)

    def delay(self) -> float:
        """A tick and its diary row go out back to back, so the next play waits until there is room for both."""
        return self._client.writes.delay(REQUESTS_PER_PLAY)

    async def add_plays(self, plays: Sequence[Addition], sending: Sending) -> Sequence[Result]:
        """Exactly two requests. ``sending`` runs beside the tick, which may be repeated; the row waits for both."""
        if len(plays) != 1:
            raise ValueError(f"Serializd takes one play at a time, not {len(plays)}")
        play = plays[0]
        try:
            return [await self._add(play, sending)]
        except NotInCatalogue as error:
            spot = _spot(play.address.data)
            await self._catalogue.forget(spot.show, spot.season_number)
            return [error]
        except Refused as error:
            return [error]

    async def find_plays(self, plays: Sequence[Addition]) -> Sequence[Receipt | None]:
        wanted = [_viewing(play) for play in plays]
        found = await self._diary.find(wanted)
        return [Receipt(str(found[viewing])) if viewing in found else None for viewing in wanted]

    async def sign_in(self) -> None:
        await self.session.sign_in()

    def expires_at(self) -> datetime | None:
        return self.session.expires_at()

    def roots(self) -> Mapping[str, str]:
        return {"API": self._url}

    async def examine(self) -> Sequence[Check]:
        return await self._canary.examine()

    async def aclose(self) -> None:
        """Nothing of its own: the connections belong to whoever handed them in."""

    async def _add(self, play: Addition, sending: Sending) -> Receipt:
        spot = _spot(play.address.data)
        await self.session.current()
        await _both(self._tick(spot), sending())
        logged, _ = await asyncio.gather(
            self._log(spot, play), self._ticks.remember(spot), return_exceptions=True
        )  # a tick that is not remembered is only one piece of evidence less
        if isinstance(logged, BaseException):
            raise logged
        return logged

    async def _tick(self, spot: Spot) -> None:
        async def write(token: str) -> Answer:
            return await self._client.write("/episode_log/add", codec.tick_body(spot), token=token, repeatable=True)

        answer = await self.session.call(write)
        if answer.is_html:  # no JSON to read here, but a page shows that nobody who understands it was asked
            raise ContractDrift(f"{answer.what} answered {answer.status} with a web page instead of JSON")

    async def _log(self, spot: Spot, play: Addition) -> Receipt:
        before = codec.instant(play.address.data.get("ticked_at"))
        rewatch = play.rewatch or ticks.is_rewatch(before, play.watched_at)
        body = codec.log_body(spot, play.watched_at, rewatch=rewatch)

        async def write(token: str) -> Answer:
            return await self._client.write("/show/reviews/add", body, token=token, repeatable=False)

        answer = await self.session.call(write)
        return Receipt(str(codec.created_id(answer.json(in_doubt=True))))


def in_words(address: Mapping[str, Any]) -> str:
    """What ``Address.data`` says."""
    spot = _spot(address)
    place = f"season {spot.season_number} episode {spot.number} of the show with TMDB id {spot.show}"
    before = codec.instant(address.get("ticked_at"))
    return f"{place} (TMDB season id {spot.season})" + (f"; ticked there since {before:%Y-%m-%d}" if before else "")


def build(context: Context) -> SerializdTracker:
    """Settings: ``email`` and ``password`` (or a ``token`` from the website), ``url``, ``pace`` in seconds."""
    return SerializdTracker(context)


async def _both(one: Awaitable[None], other: Awaitable[None]) -> None:
    """Both to the end, so that nothing goes on behind our back; then the first error."""
    for result in await asyncio.gather(one, other, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result


def _spot(data: Mapping[str, Any]) -> Spot:
    """From an address, which has been in the database since it was made."""
    values = [data.get(key) for key in ("show_id", "season_id", "season_number", "episode_number")]
    numbers = [value for value in values if isinstance(value, int)]
    if len(numbers) != len(values):
        raise Refused("the stored place of this episode is incomplete; drop the change and replay its event")
    return Spot(*numbers)


def _viewing(play: Addition) -> Viewing:
    spot = _spot(play.address.data)
    return spot.show, spot.season, spot.number, play.watched_at.astimezone(UTC).replace(microsecond=0)
