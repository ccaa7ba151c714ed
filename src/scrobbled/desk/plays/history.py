"""What API and page ask about what was watched: a wall of it, filtered and searched, a piece at a time."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from functools import partial

from msgspec import Struct, field

from scrobbled.core.naming.spelling import words
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.desk.facts import plays as plays_facts
from scrobbled.desk.facts.plays import PlayStory
from scrobbled.runtime.service import Runtime
from scrobbled.store.queue import overview, recent
from scrobbled.store.works import wall
from scrobbled.store.works.wall import Filters, PlayCount, WallSpot

MEDIA = ("episode", "movie")
LONGEST = 300
"""Characters of a filter; no title that is longer can be asked for by it."""


class HistoryQuery(Struct, frozen=True):
    """What somebody wants to see, in the words of an address; empty is everything. ``until`` includes its whole day."""

    q: str = ""
    viewer: str = ""
    show: str = ""
    media: str = ""
    source: str = ""
    tracker: str = ""
    outcome: str = ""
    since: str = ""
    until: str = ""

    def set(self) -> dict[str, str]:
        """What is not empty, by name."""
        return {name: value for name in self.__struct_fields__ if (value := getattr(self, name))}


class WallPage(Struct, frozen=True):
    """A piece of the wall, the newest first. ``older`` and ``newer`` are where the next pieces begin, if there are any.

    ``first`` is where a piece begins that begins with the first of these.
    """

    plays: list[PlayStory]
    older: str | None
    newer: str | None
    first: str | None


class Choices(Struct, frozen=True):
    """What there is to filter by."""

    viewers: list[str] = field(default_factory=list)
    media: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    trackers: list[str] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    plays: int = 0


EVERYTHING = HistoryQuery()
"""No filter at all."""


class PlayHistory:
    """What was watched, as a wall that can be searched."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def seen(self, wish: HistoryQuery, *, before: str | None, after: str | None, limit: int) -> WallPage:
        """Up to ``limit`` that are older than ``before``, or newer than ``after``; raises ``ValueError``.

        Quick, and in no more memory, however much was watched; webhooks need not wait for it.
        """
        filters, start = filters_of(wish, self._runtime.config.server.zone), spot(after or before)
        look = partial(wall.look, self._runtime.store, filters)
        found = await look(limit + 1, start=start, newer=after is not None)
        shown, more = found[:limit], len(found) > limit
        if after is not None:
            shown.reverse()
        edge = shown[0] if shown and after is None and before is not None else None
        above = await look(1, start=edge, newer=True) if edge else []
        older, newer = (bool(shown), more) if after is not None else (more, bool(above))
        return WallPage(
            plays=await self._stories(shown),
            older=_text(shown[-1]) if older and shown else None,
            newer=_text(shown[0]) if newer and shown else None,
            first=_text(WallSpot(shown[0].at, shown[0].play + 1)) if shown else None,
        )

    async def play(self, play_id: int) -> PlayStory | None:
        found = await self._stories([WallSpot(0, play_id)])
        return found[0] if found else None

    async def choices(self) -> Choices:
        def read(db: sqlite3.Connection) -> Choices:
            return _choices(wall.shelves(db), overview.delivery_counts(db))

        return await self._runtime.store.read(read)

    async def _stories(self, spots: Sequence[WallSpot]) -> list[PlayStory]:
        def read(db: sqlite3.Connection) -> list[PlayStory]:
            rows = (recent.play(db, found.play) for found in spots)
            return [plays_facts.play_story(row) for row in rows if row is not None]

        return await self._runtime.store.read(read)


def filters_of(wish: HistoryQuery, zone: tzinfo) -> Filters:
    """Days are those of ``zone``. Raises ``ValueError`` with what to write instead."""
    named = {name: value[:LONGEST] for name, value in wish.set().items() if name not in ("q", "since", "until")}
    if wish.media and wish.media not in MEDIA:
        raise ValueError(f"media is {' or '.join(MEDIA)}.")
    if wish.outcome and wish.outcome not in set(PlayOutcome):
        raise ValueError(f"outcome is one of {', '.join(PlayOutcome)}.")
    since, until = _moment("since", wish.since, 0, zone), _moment("until", wish.until, 1, zone)
    return Filters(**named, since=since, until=until, words=words(wish.q))


def _moment(name: str, text: str, days: int, zone: tzinfo) -> float | None:
    """Unix seconds; a day begins, or ends so many days later, at midnight."""
    if not text:
        return None
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            day = date.fromisoformat(text) + timedelta(days=days)
            return datetime.combine(day, time(), zone).timestamp()
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=zone)).timestamp()
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"{name} is no date; write it like 2026-11-14 or 2026-11-14T20:15.") from None


def spot(text: str | None) -> WallSpot | None:
    """From an address like ``1794000000-12``; raises ``ValueError``."""
    if text is None:
        return None
    match = re.fullmatch(r"(-?\d{1,12})-(\d{1,18})", text, re.ASCII)
    if match is None:
        raise ValueError("This link is not complete; start again from the newest plays.")
    return WallSpot(int(match[1]), int(match[2]))


def _text(found: WallSpot) -> str:
    return f"{found.at}-{found.play}"


def _choices(shelves: Sequence[PlayCount], counts: dict[tuple[str, str], dict[str, int]]) -> Choices:
    had = {outcome for mine in counts.values() for outcome, count in mine.items() if count}
    return Choices(
        viewers=sorted({shelf.viewer for shelf in shelves}),
        media=sorted({shelf.media for shelf in shelves}),
        sources=sorted({shelf.source for shelf in shelves}),
        trackers=sorted({tracker for _, tracker in counts}),
        outcomes=[outcome for outcome in PlayOutcome if outcome in had],
        plays=sum(shelf.plays for shelf in shelves),
    )
