"""What API and page ask about what was watched: a wall of it, filtered and searched, a piece at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import partial

from msgspec import Struct, field

from scrobbled.core.standing import AccountKey
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.desk.facts import plays as plays_facts
from scrobbled.desk.facts.plays import PlayStory
from scrobbled.desk.plays import held
from scrobbled.desk.plays.asking import HistoryQuery, filters_of, spot, spot_text
from scrobbled.desk.plays.held import HeldHistory
from scrobbled.desk.plays.pieces import WallPage, piece
from scrobbled.runtime.service import Runtime
from scrobbled.store.queue import overview, recent
from scrobbled.store.works import wall
from scrobbled.store.works.wall import PlayCount, WallSpot


class Choices(Struct, frozen=True):
    """What there is to filter by."""

    viewers: list[str] = field(default_factory=list)
    media: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    trackers: list[str] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    plays: int = 0
    on: dict[str, list[str]] = field(default_factory=dict)
    """Trackers of which it is known what they hold, and whose accounts these are."""


EVERYTHING = HistoryQuery()
"""No filter at all."""


class PlayHistory:
    """What was watched, as a wall that can be searched."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.held = HeldHistory(runtime)

    async def seen(self, wish: HistoryQuery, *, before: str | None, after: str | None, limit: int) -> WallPage:
        """Up to ``limit`` that are older than ``before``, or newer than ``after``; raises ``ValueError``.

        Quick, and in no more memory, however much was watched; webhooks need not wait for it.
        """
        if wish.on:
            return await self.held.seen(wish, before=before, after=after, limit=limit)
        look = partial(wall.look, self._runtime.store, filters_of(wish, self._runtime.config.server.zone))
        found = await piece(look, before=spot(before if after is None else None), after=spot(after), limit=limit)
        shown = found.shown
        return WallPage(
            plays=await self._stories(shown),
            older=spot_text(shown[-1]) if found.older else None,
            newer=spot_text(shown[0]) if found.newer else None,
            first=spot_text(WallSpot(shown[0].at, shown[0].play + 1)) if shown else None,
        )

    async def total(self, wish: HistoryQuery) -> int | None:
        """How many plays that are in all; ``None`` where only looking at each of them would tell."""
        counted = {"viewer", "source", "media"}
        chosen = wish.set()
        if not counted.issuperset(chosen):
            return None
        shelves = await self._runtime.store.read(wall.shelves)
        fitting = (one for one in shelves if all(getattr(one, name) == value for name, value in chosen.items()))
        return sum(one.plays for one in fitting)

    async def play(self, play_id: int) -> PlayStory | None:
        found = await self._stories([WallSpot(0, play_id)])
        return found[0] if found else None

    async def choices(self) -> Choices:
        config = self._runtime.config

        def read(db: sqlite3.Connection) -> Choices:
            return _choices(wall.shelves(db), overview.delivery_counts(db), held.accounts(db, config))

        return await self._runtime.store.read(read)

    async def _stories(self, spots: Sequence[WallSpot]) -> list[PlayStory]:
        def read(db: sqlite3.Connection) -> list[PlayStory]:
            rows = (recent.play(db, found.play) for found in spots)
            return [plays_facts.play_story(row) for row in rows if row is not None]

        return await self._runtime.store.read(read)


def _choices(
    shelves: Sequence[PlayCount], counts: dict[AccountKey, dict[str, int]], on: Sequence[AccountKey]
) -> Choices:
    had = {outcome for mine in counts.values() for outcome, count in mine.items() if count}
    return Choices(
        viewers=sorted({shelf.viewer for shelf in shelves}),
        media=sorted({shelf.media for shelf in shelves}),
        sources=sorted({shelf.source for shelf in shelves}),
        trackers=sorted({tracker for _, tracker in counts}),
        outcomes=[outcome for outcome in PlayOutcome if outcome in had],
        plays=sum(shelf.plays for shelf in shelves),
        on={
            tracker: [viewer for viewer, name in on if name == tracker] for tracker in sorted({name for _, name in on})
        },
    )
