"""When what an account holds last moved."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from scrobbled.core.kinds import Kind
from scrobbled.plumbing.clock import Clock
from scrobbled.trackers.trakt.cursor import Activities, Moves
from scrobbled.trackers.trakt.paging import REREAD, Asker, GathersT, ListingSize, Params, Shifted

ACTIVITIES = "/sync/last_activities"


class Activity:
    def __init__(self, asker: Asker, clock: Clock) -> None:
        self._asker, self._clock = asker, clock

    async def now(self) -> Activities:
        answer = await self._asker.get(ACTIVITIES)
        return Activities.of(answer.json(), answer.what, answer.date or self._clock.now())

    async def steadily(
        self, kind: Kind, before: Moves, path: str, params: Params, new: Callable[[], GathersT], *, most: int
    ) -> tuple[GathersT, ListingSize]:
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
