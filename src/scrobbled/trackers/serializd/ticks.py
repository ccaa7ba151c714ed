"""Which episodes are ticked as watched: evidence that a viewing is a rewatch, and plays that have no row."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from scrobbled.core.errors import LoginNeeded, TrackerError
from scrobbled.plumbing.cache import Cache
from scrobbled.plumbing.clock import Clock
from scrobbled.trackers.serializd import codec
from scrobbled.trackers.serializd.auth import SerializdSession
from scrobbled.trackers.serializd.client import SerializdClient, Unauthorized
from scrobbled.trackers.serializd.codec import EpisodeSpot

DAY = 86_400.0
AFTER_FAILURE = 600.0
OURS = 3_650 * DAY
PATIENCE = 10.0
"""Seconds: nobody waits long for what is only nice to know."""
EARLIER = timedelta(hours=6)
"""A tick less old than this, seen from the viewing, may be of this very viewing."""
AHEAD = "ahead of"
LATELY = 3_600.0
"""Seconds in which nobody takes back a tick and watches the same episode once more."""


class SeasonTicks:
    """The watched ticks of one account, read once a day for each season; a tick says when it was set.

    ``ahead`` counts, by the keys of episodes that are ticked, the plays of them that are about to be added. ``fresh``
    are those that we ticked since a read last told what is there.
    """

    def __init__(
        self, client: SerializdClient, session: SerializdSession, cache: Cache, viewer: str, clock: Clock
    ) -> None:
        self._client = client
        self._session = session
        self._cache = cache
        self._viewer = viewer
        self._clock = clock
        self.ahead: Counter[str] = Counter()
        self.fresh: set[str] = set()
        self._lately: dict[str, float] = {}

    def has_just(self, spot: EpisodeSpot) -> bool:
        """Whether we ticked it so lately that to do so again would be a waste."""
        at = self._lately.get(spot.key)
        return at is not None and self._clock.monotonic() - at < LATELY

    async def before_us(self, spot: EpisodeSpot) -> datetime | None:
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

    async def remember(self, spot: EpisodeSpot) -> None:
        """We have ticked it ourselves, so that from now on its tick is no news."""
        self._played(spot)
        await self._cache.put(self._own_key(spot), True, seconds=OURS)

    def just_set(self, *spots: EpisodeSpot) -> None:
        """We have ticked them."""
        self._lately.update(dict.fromkeys((spot.key for spot in spots), self._clock.monotonic()))
        self.fresh.update(spot.key for spot in spots)

    async def remember_ahead(self, spot: EpisodeSpot, before: datetime | None) -> None:
        """We have ticked it for plays that are yet to be added; ``before`` is when somebody else had done so."""
        if not await self.is_ours(spot):
            value = {AHEAD: codec.timestamp(before) if before else None}
            await self._cache.put(self._own_key(spot), value, seconds=OURS)

    async def forget(self, spot: EpisodeSpot) -> None:
        """It is not ticked any more."""
        self.ahead.pop(spot.key, None)
        self._lately.pop(spot.key, None)
        await self._cache.put(self._own_key(spot), None, seconds=0)

    async def is_ours(self, spot: EpisodeSpot) -> bool:
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

    def _played(self, spot: EpisodeSpot) -> None:
        self.ahead.subtract([spot.key])
        if self.ahead[spot.key] <= 0:
            del self.ahead[spot.key]

    async def _season(self, spot: EpisodeSpot) -> dict[str, str]:
        key = self._season_key(spot.season)
        kept = await self._cache.get(key)
        if isinstance(kept, dict):
            return kept
        ticked, seconds = await self._read_once(spot)
        await self._cache.put(key, ticked, seconds=seconds)
        return ticked

    async def _read_once(self, spot: EpisodeSpot) -> tuple[dict[str, str], float]:
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

    def _own_key(self, spot: EpisodeSpot) -> str:
        return f"serializd:ticked:{self._viewer}:{spot.key}"


def _page(show: int, season: int, number: int) -> tuple[str, dict[str, str | int]]:
    return f"/show/{show}/season_v2_part_3/{number}", {"season_id": season}


def _kept(ticked: dict[int, datetime]) -> dict[str, str]:
    return {str(number): at.isoformat() for number, at in ticked.items()}


def is_rewatch(ticked_at: datetime | None, watched_at: datetime) -> bool:
    """Whether a tick that was there before us belongs to an earlier viewing."""
    return ticked_at is not None and watched_at - ticked_at > EARLIER
