"""When what an account holds last moved."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from scrobbled.clock import Clock
from scrobbled.core.records import Kind
from scrobbled.trackers.given import Cache
from scrobbled.trackers.trakt.marks import Activities, Moves
from scrobbled.trackers.trakt.paging import REREAD, Asker, Extent, GathersT, Params, Shifted

ACTIVITIES = "/sync/last_activities"
KEPT = 30 * 86_400.0


class OwnRatings:
    """Ratings that we wrote and that were not read since: what is said to have moved need not move with them."""

    def __init__(self, cache: Cache, clock: Clock, viewer: str) -> None:
        self._cache, self._clock, self._key = cache, clock, f"trakt:rated:{viewer}"

    async def write(self) -> None:
        """Call before a rating is sent."""
        await self._cache.put(self._key, self._clock.now().isoformat(), seconds=KEPT)

    async def unread(self) -> str:
        """Empty for none; else what ``were_read`` takes."""
        return str(await self._cache.get(self._key) or "")

    async def were_read(self, unread: str) -> None:
        """Those of which ``unread`` told, before the ratings were read."""
        if unread and unread == await self.unread():
            await self._cache.put(self._key, None, seconds=0)


class Activity:
    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    async def now(self) -> Activities:
        answer = await self._asker.get(ACTIVITIES)
        return Activities.of(answer.json(), answer.what)

    async def steadily(
        self, kind: Kind, before: Moves, path: str, params: Params, new: Callable[[], GathersT], *, most: int
    ) -> tuple[GathersT, Extent]:
        """A listing during which nothing moved; ``before`` is from before it.

        Pages fit together by their number alone: an addition and a removal in between, or a rating given anew, leave
        the number as it was, and rows slip from one page to another.
        """
        for _ in range(2):
            into, extent = new(), None
            with contextlib.suppress(Shifted):
                extent = await self._asker.gather(path, params, into, most=most)
            if extent is not None and extent.pages <= 1:
                return into, extent
            now = (await self.now()).on(kind)
            if extent is not None and now == before:
                return into, extent
            before = now
        raise Shifted("the Trakt account was being changed while it was read", after=REREAD)
