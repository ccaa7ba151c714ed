"""Adding plays: each is a tick and a dated row, the tick first; ticks of one season may go out together, ahead."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

import structlog
from msgspec.structs import replace

from scrobbled.core.errors import AccountStopped, ContractDrift, NotInCatalogue, Refused
from scrobbled.plumbing.http import Answer
from scrobbled.trackers.base import Addition, Address, Receipt, Sending
from scrobbled.trackers.serializd import codec, ticks
from scrobbled.trackers.serializd.activity import Profile
from scrobbled.trackers.serializd.auth import SerializdSession
from scrobbled.trackers.serializd.client import SerializdClient
from scrobbled.trackers.serializd.codec import EpisodeSpot
from scrobbled.trackers.serializd.entries import SerializdEntry
from scrobbled.trackers.serializd.rows import SerializdRows
from scrobbled.trackers.serializd.ticks import SeasonTicks

WORTH_IT = 2
"""From so many episodes of a season on, ticking them together saves requests."""
log = structlog.get_logger("serializd")


class SerializdAdder:
    """``mark_seasons``: a season whose last episode was ticked is marked as watched as well."""

    def __init__(
        self,
        client: SerializdClient,
        session: SerializdSession,
        marks: SeasonTicks,
        rows: SerializdRows,
        profile: Profile,
        *,
        mark_seasons: bool,
    ) -> None:
        self._client, self._session, self._ticks, self._rows = client, session, marks, rows
        self._profile, self._mark_seasons = profile, mark_seasons

    @property
    def requests(self) -> int:
        """How many the next play will most likely take."""
        return 1 if self._ticks.ahead else 2

    async def add(self, play: Addition, sending: Sending) -> Receipt:
        """``sending`` runs beside the tick, which may be repeated; the row waits for both."""
        spot = spot_of(play.address.data)
        await self._session.current()
        ticked = spot.key in self._ticks.ahead or self._ticks.has_just(spot)
        await _both(_nothing() if ticked else self._tick(spot), sending())
        logged, _ = await asyncio.gather(
            self._log(spot, play), self._ticks.remember(spot), return_exceptions=True
        )  # a tick that is not remembered is only one piece of evidence less
        if isinstance(logged, BaseException):
            raise logged
        return logged

    async def foresee(self, addresses: Sequence[Address]) -> None:
        """Ticks the episodes of each season in one request. What is refused here is told when the play is added."""
        seasons: dict[tuple[int, int], list[Address]] = {}
        for address in addresses:
            spot = spot_of(address.data)
            seasons.setdefault((spot.show, spot.season), []).append(address)
        for season in seasons.values():
            if len(season) >= WORTH_IT:
                await self._tick_ahead(season)

    async def _tick_ahead(self, season: Sequence[Address]) -> None:
        plays = Counter(spot_of(address.data) for address in season)
        spots = [spot for spot in plays if spot.key not in self._ticks.ahead and not self._ticks.has_just(spot)]
        try:
            if spots:
                await self._tick(*sorted(spots, key=lambda spot: spot.number))
        except (NotInCatalogue, Refused):
            return
        for address in season:
            before = codec.instant(address.data.get("ticked_at"))
            await self._ticks.remember_ahead(spot_of(address.data), before)
        self._ticks.ahead.update({spot.key: count - self._ticks.ahead[spot.key] for spot, count in plays.items()})

    async def _tick(self, spot: EpisodeSpot, *more: EpisodeSpot) -> None:
        async def write(token: str) -> Answer:
            body = codec.tick_body(spot, *more)
            return await self._client.write("/episode_log/add", body, token=token, repeatable=True)

        answer = accepted(await self._session.call(write))
        if self._mark_seasons and codec.season_is_complete(answer.json()):
            await self._mark(spot)
        self._ticks.just_set(spot, *more)

    async def _mark(self, spot: EpisodeSpot) -> None:
        """As the website offers; without it the show is not in the list of watched ones."""

        async def write(token: str) -> Answer:
            body = {"show_id": spot.show, "season_ids": [spot.season]}
            return await self._client.write("/watched_v2", body, token=token, repeatable=True)

        try:
            accepted(await self._session.call(write))
        except (NotInCatalogue, Refused, AccountStopped) as error:  # it was seen to refuse what is marked already
            if (spot.show, spot.season) not in await self._profile.marked_seasons():
                log.warning("a season could not be marked as watched", action="mark-season", why=error.reason)

    async def _log(self, spot: EpisodeSpot, play: Addition) -> Receipt:
        before = codec.instant(play.address.data.get("ticked_at"))
        rewatch = play.rewatch or ticks.is_rewatch(before, play.at)
        body = codec.log_body(spot, play.at, rewatch=rewatch)

        async def write(token: str) -> Answer:
            return await self._client.write("/show/reviews/add", body, token=token, repeatable=False)

        async with self._rows.making:
            answer = await self._session.call(write)
            data = answer.json(in_doubt=True)
            id_ = codec.created_id(data)
            row = SerializdEntry(
                id_, spot.show, spot.season, spot.number, codec.instant(body["backdate"]), True, rewatch=rewatch
            )
            self._rows.wrote(replace(row, made_at=codec.instant(data.get("dateAdded"))), made=True)
        return Receipt(str(id_))


def spot_of(data: Mapping[str, Any]) -> EpisodeSpot:
    """From the address of an episode, which has been in the database since it was made."""
    values = [data.get(key) for key in ("show_id", "season_id", "season_number", "episode_number")]
    numbers = [value for value in values if isinstance(value, int)]
    if len(numbers) != len(values):
        raise Refused("the stored place of this episode is incomplete; drop the change and replay its event")
    return EpisodeSpot(*numbers)


def accepted(answer: Answer) -> Answer:
    """No JSON needs to be read there, but a page shows that nobody who understands the request was asked."""
    if answer.is_html:
        raise ContractDrift(f"{answer.what} answered {answer.status} with a web page instead of JSON")
    return answer


async def _nothing() -> None:
    """In place of a tick that has been set."""


async def _both(one: Awaitable[None], other: Awaitable[None]) -> None:
    """Both to the end, so that nothing goes on behind our back; then the first error."""
    for result in await asyncio.gather(one, other, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result
