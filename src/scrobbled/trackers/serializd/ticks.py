"""Which episodes are ticked as watched: evidence that a viewing is a rewatch, and plays that have no row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from scrobbled.core.errors import LoginNeeded, TrackerError
from scrobbled.trackers.base import Cache
from scrobbled.trackers.serializd import codec
from scrobbled.trackers.serializd.auth import Session
from scrobbled.trackers.serializd.client import Client, Unauthorized
from scrobbled.trackers.serializd.codec import Spot

DAY = 86_400.0
AFTER_FAILURE = 600.0
OURS = 3_650 * DAY
PATIENCE = 10.0
"""Seconds: nobody waits long for what is only nice to know."""
EARLIER = timedelta(hours=6)
"""A tick less old than this, seen from the viewing, may be of this very viewing."""
AHEAD = "ahead of"


class Ticks:
    """The watched ticks of one account, read once a day for each season; a tick says when it was set.

    ``ahead`` are the keys of episodes that we ticked before their plays were added, and ``fresh`` those that we ticked
    since a read last told what is there.
    """

    def __init__(self, client: Client, session: Session, cache: Cache, viewer: str) -> None:
        self._client = client
        self._session = session
        self._cache = cache
        self._viewer = viewer
        self.ahead: set[str] = set()
        self.fresh: set[str] = set()

    async def before_us(self, spot: Spot) -> datetime | None:
        """When somebody else ticked the episode, if so and if we can tell.

        Raises ``LoginNeeded`` when there is no sign-in, which the write would need as well, and nothing else.
        """
        own = await self._cache.get(self._own_key(spot))
        if own:
            return codec.instant(own.get(AHEAD)) if isinstance(own, dict) else None
        if await self._cache.get(self._none_key):
            return None
        ticked = await self._season(spot)
        return codec.instant(ticked.get(str(spot.number)))

    async def remember(self, spot: Spot) -> None:
        """We have ticked it ourselves, so that from now on its tick is no news."""
        self.ahead.discard(spot.key)
        self.fresh.add(spot.key)
        await self._cache.put(self._own_key(spot), True, seconds=OURS)

    async def remember_ahead(self, spots: Sequence[Spot], before: Sequence[datetime | None]) -> None:
        """We have ticked them for plays that are yet to be added; ``before`` is when somebody else had done so."""
        for spot, at in zip(spots, before, strict=True):
            value = {AHEAD: codec.timestamp(at) if at else None}
            await self._cache.put(self._own_key(spot), value, seconds=OURS)
            self.ahead.add(spot.key)
            self.fresh.add(spot.key)

    async def forget(self, spot: Spot) -> None:
        """It is not ticked any more."""
        self.ahead.discard(spot.key)
        await self._cache.put(self._own_key(spot), None, seconds=0)

    async def is_ours(self, spot: Spot) -> bool:
        return bool(await self._cache.get(self._own_key(spot)))

    async def nothing_is_ticked(self) -> None:
        """The service said so: there is nothing to read before the first tick, which will be ours."""
        await self._cache.put(self._none_key, True, seconds=DAY)

    async def read(self, show: int, season: int, number: int) -> dict[int, datetime]:
        """When each ticked episode was ticked. ``season`` is the TMDB *season* id. Raises as all reads do."""
        path, params = _page(show, season, number)

        async def read(token: str) -> dict[int, datetime]:
            return codec.ticks(await self._client.read_mobile(path, params, token=token, seconds=30.0))

        ticked = await self._session.call(read)
        await self._cache.put(self._season_key(season), _kept(ticked), seconds=DAY)
        return ticked

    async def _season(self, spot: Spot) -> dict[str, str]:
        key = self._season_key(spot.season)
        kept = await self._cache.get(key)
        if isinstance(kept, dict):
            return kept
        ticked, seconds = await self._read_once(spot)
        await self._cache.put(key, ticked, seconds=seconds)
        return ticked

    async def _read_once(self, spot: Spot) -> tuple[dict[str, str], float]:
        """Times by episode number, and for how long to keep them. A refused token is for the next write to renew."""
        path, params = _page(spot.show, spot.season, spot.season_number)
        try:
            token = (await self._session.current()).token
            data = await self._client.read_mobile(path, params, token=token, seconds=PATIENCE)
            return _kept(codec.ticks(data)), DAY
        except TrackerError as error:
            if isinstance(error, LoginNeeded) and not isinstance(error, Unauthorized):
                raise
            return {}, AFTER_FAILURE

    def _season_key(self, season: int) -> str:
        return f"serializd:ticks:{self._viewer}:{season}"

    @property
    def _none_key(self) -> str:
        return f"serializd:unticked:{self._viewer}"

    def _own_key(self, spot: Spot) -> str:
        return f"serializd:ticked:{self._viewer}:{spot.key}"


def _page(show: int, season: int, number: int) -> tuple[str, dict[str, str | int]]:
    return f"/show/{show}/season_v2_part_3/{number}", {"season_id": season}


def _kept(ticked: dict[int, datetime]) -> dict[str, str]:
    return {str(number): at.isoformat() for number, at in ticked.items()}


def is_rewatch(ticked_at: datetime | None, watched_at: datetime) -> bool:
    """Whether a tick that was there before us belongs to an earlier viewing."""
    return ticked_at is not None and watched_at - ticked_at > EARLIER
