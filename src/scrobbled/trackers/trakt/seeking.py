"""Finding plays in a Trakt history: whether one is there of which nobody was told."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from scrobbled.core.naming.items import Media
from scrobbled.trackers.base import Addition, Receipt
from scrobbled.trackers.trakt.answers import HistoryRow, read_history
from scrobbled.trackers.trakt.catalogue import Lookups
from scrobbled.trackers.trakt.codec import RELEASED, TraktPlace, minute, timestamp, undated_word
from scrobbled.trackers.trakt.paging import PAGE, Asker, Paging, Shifted

HISTORY = "/sync/history"
WIDEST = timedelta(days=60)
MARGIN = timedelta(days=2)
"""Trakt's documents disagree on whether the bounds are days or moments, and whose midnight counts: this covers all."""
REREAD = 10.0
Fits = Callable[[HistoryRow], bool]


@dataclass(slots=True)
class HistoryRows:
    """Plays by id, each once."""

    rows: dict[int, HistoryRow] = field(default_factory=dict)

    def take(self, raw: Any, what: str) -> int:
        return self.add(read_history(raw, what))

    def add(self, rows: Iterable[HistoryRow]) -> int:
        fresh = {row.id: row for row in rows if row.id not in self.rows}
        self.rows |= fresh
        return len(fresh)


class NamedRows:
    """Plays by all names of what they are of."""

    def __init__(self, rows: Iterable[HistoryRow]) -> None:
        self._named: dict[Any, list[HistoryRow]] = {}
        for row in rows:
            entry, media = row.entry, _media(row)
            for name in _names(TraktPlace(media, entry.ids, entry.show, entry.season, entry.number)):
                self._named.setdefault(name, []).append(row)

    def of(self, place: TraktPlace) -> Iterable[HistoryRow]:
        """Each once."""
        found = {row.id: row for name in _names(place) for row in self._named.get(name, ())}
        return (row for row in found.values() if row.holds(place))


class _Matches:
    """What each of ``plays`` was found as. A play of the account answers for one of them."""

    def __init__(self, plays: Sequence[Addition]) -> None:
        self._plays, self._used = plays, set[int]()
        self.found: list[Receipt | None] = [None] * len(plays)

    def among(self, rows: Iterable[HistoryRow], indexes: Iterable[int]) -> None:
        """Look for the plays of ``indexes``."""
        named = NamedRows(rows)
        for n in indexes:
            self.found[n] = self._take(named.of(TraktPlace.of(self._plays[n].address)), _fits(self._plays[n]))

    def _take(self, rows: Iterable[HistoryRow], fits: Fits) -> Receipt | None:
        for row in rows:
            if row.id not in self._used and fits(row):
                self._used.add(row.id)
                return Receipt(remote_id=str(row.id))
        return None


class PlayFinder:
    """Reads. An absence is told only after every page of what may hold the play was read."""

    def __init__(self, asker: Asker, lookups: Lookups) -> None:
        self._asker = asker
        self._lookups = lookups

    async def find(self, plays: Sequence[Addition]) -> list[Receipt | None]:
        """Each remote play answers for one of ``plays`` at most."""
        matches = _Matches(plays)
        for cluster in await self._clusters([n for n, play in enumerate(plays) if play.watched_at is not None], plays):
            matches.among(await self._between([plays[n] for n in cluster]), cluster)
        words = {n: undated_word(play) for n, play in enumerate(plays) if play.watched_at is None}
        if unknown := [n for n, word in words.items() if word != RELEASED]:
            matches.among(await self._undated(), unknown)
        if released := [n for n, word in words.items() if word == RELEASED]:
            matches.among(await self._of_shows([plays[n] for n in released]), released)
        return matches.found

    async def of_item(self, media: Media, trakt: int | str) -> list[HistoryRow]:
        """Every play of the item with this Trakt id, as ``extended=full`` tells them; none where Trakt forgot it."""
        path = f"{HISTORY}/{media}s/{trakt}"
        found, _ = await self._asker.gather_again(path, {"extended": "full"}, HistoryRows, absent=True)
        return [row for row in found.rows.values() if str(row.entry.ids.get("trakt")) == str(trakt)]

    async def probe(self) -> None:
        """The cheapest request that needs a sign-in; raises what is wrong with it."""
        await self._asker.get(HISTORY, {"page": 1, "limit": 1})

    # What has a date

    async def _clusters(self, dated: Sequence[int], plays: Sequence[Addition]) -> list[list[int]]:
        """Indexes of plays that one read covers: all, or close ones where years lie between that would be read, too."""
        near = list(_near(dated, plays))
        if len(near) < 2:
            return near
        there = [plays[n] for n in dated]
        answer = await self._asker.get(_path(there), {**_span(there), "page": 1, "limit": 1})
        items = Paging.of(answer).items
        return [list(dated)] if items is not None and math.ceil(items / PAGE) <= len(near) else near

    async def _between(self, plays: Sequence[Addition]) -> Iterable[HistoryRow]:
        found = HistoryRows()
        await self._asker.gather(_path(plays), _span(plays), found)
        return found.rows.values()

    # What has none

    async def _undated(self) -> Iterable[HistoryRow]:
        """All plays without a date: Trakt lists them after all others, so only its last pages are read."""
        try:
            return await self._from_the_end()
        except Shifted:
            return await self._from_the_end()

    async def _from_the_end(self) -> Iterable[HistoryRow]:
        found = HistoryRows()
        first, paging = await self._page(1)
        found.add(first)
        for number in range(paging.pages or 1, 1, -1):
            rows, now = await self._page(number)
            if now.shape != paging.shape:
                raise Shifted(f"what GET {HISTORY} lists changed while it was read", after=REREAD)
            found.add(rows)
            if any(row.watched_at is not None for row in rows):
                break
        return [row for row in found.rows.values() if row.watched_at is None]

    async def _page(self, number: int) -> tuple[list[HistoryRow], Paging]:
        answer = await self._asker.get(HISTORY, {"page": number, "limit": PAGE}, long=number > 1)
        return read_history(answer.json(), answer.what), Paging.of(answer)

    async def _of_shows(self, plays: Sequence[Addition]) -> Iterable[HistoryRow]:
        """All plays of their shows: when something was released, nobody here knows."""
        shows = {await self._show(TraktPlace.of(play.address)) for play in plays}
        found = HistoryRows()
        for show in shows:
            path = HISTORY if show is None else f"{HISTORY}/shows/{show}"
            rows, _ = await self._asker.gather_again(path, {}, HistoryRows, absent=True)
            found.add(rows.rows.values())
        return found.rows.values()

    async def _show(self, place: TraktPlace) -> int | str | None:
        return await self._lookups.trakt_id("show", place.show) if place.show else None


def _fits(play: Addition) -> Fits:
    if play.watched_at is not None:
        at = minute(play.watched_at)
        return lambda row: row.watched_at == at
    return lambda row: str(row.id) not in play.known


def _media(row: HistoryRow) -> Media:
    return "movie" if row.entry.scope == "movie" else "episode"


def _names(place: TraktPlace) -> Iterator[tuple[object, ...]]:
    """What ``HistoryRow.holds`` goes by."""
    for space, value in place.ids.items():
        yield place.media, space, str(value)
    if place.number is not None:
        for space, value in place.show.items():
            yield place.media, space, str(value), place.season, place.number


def _near(dated: Sequence[int], plays: Sequence[Addition]) -> Iterator[list[int]]:
    """Indexes of plays that lie within a few weeks."""
    cluster: list[int] = []
    for index in sorted(dated, key=lambda index: plays[index].at):
        if cluster and plays[index].at - plays[cluster[0]].at > WIDEST:
            yield cluster
            cluster = []
        cluster.append(index)
    if cluster:
        yield cluster


def _path(plays: Sequence[Addition]) -> str:
    media = {TraktPlace.of(play.address).media for play in plays}
    return HISTORY if len(media) > 1 else f"{HISTORY}/{media.pop()}s"


def _span(plays: Sequence[Addition]) -> dict[str, str | int]:
    times = [play.at for play in plays]
    return {"start_at": _midnight(min(times) - MARGIN), "end_at": _midnight(max(times) + MARGIN)}


def _midnight(moment: datetime) -> str:
    return timestamp(moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0))
