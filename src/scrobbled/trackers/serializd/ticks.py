"""Which episodes were ticked as watched before us: evidence that a viewing is a rewatch, and nothing more."""

from __future__ import annotations

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


class Ticks:
    """The watched ticks of one account, read once a day for each season; a tick says when it was set."""

    def __init__(self, client: Client, session: Session, cache: Cache, viewer: str) -> None:
        self._client = client
        self._session = session
        self._cache = cache
        self._viewer = viewer

    async def before_us(self, spot: Spot) -> datetime | None:
        """When somebody else ticked the episode, if so and if we can tell.

        Raises ``LoginNeeded`` when there is no sign-in, which the write would need as well, and nothing else.
        """
        if await self._cache.get(self._own_key(spot)):
            return None
        ticked = await self._season(spot)
        return codec.instant(ticked.get(str(spot.number)))

    async def remember(self, spot: Spot) -> None:
        """We have ticked it ourselves, so that from now on its tick is no news."""
        await self._cache.put(self._own_key(spot), True, seconds=OURS)

    async def _season(self, spot: Spot) -> dict[str, str]:
        key = f"serializd:ticks:{self._viewer}:{spot.season}"
        kept = await self._cache.get(key)
        if isinstance(kept, dict):
            return kept
        ticked, seconds = await self._read(spot)
        await self._cache.put(key, ticked, seconds=seconds)
        return ticked

    async def _read(self, spot: Spot) -> tuple[dict[str, str], float]:
        """Times by episode number, and for how long to keep them. A refused token is for the next write to renew."""
        path = f"/show/{spot.show}/season_v2_part_3/{spot.season_number}"
        params = {"season_id": spot.season}
        try:
            token = (await self._session.current()).token
            data = await self._client.read_mobile(path, params, token=token, seconds=PATIENCE)
            return {str(number): at.isoformat() for number, at in codec.ticks(data).items()}, DAY
        except TrackerError as error:
            if isinstance(error, LoginNeeded) and not isinstance(error, Unauthorized):
                raise
            return {}, AFTER_FAILURE

    def _own_key(self, spot: Spot) -> str:
        return f"serializd:ticked:{self._viewer}:{spot.key}"


def is_rewatch(ticked_at: datetime | None, watched_at: datetime) -> bool:
    """Whether a tick that was there before us belongs to an earlier viewing."""
    return ticked_at is not None and watched_at - ticked_at > EARLIER
