"""Adding plays to a Trakt history, and finding them there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from scrobbled.core.errors import NotInCatalogue, TrackerError, TryLater
from scrobbled.core.naming.items import Episode, Media
from scrobbled.trackers.base import Addition, AddResult, Receipt
from scrobbled.trackers.given import Shows
from scrobbled.trackers.trakt.answers import AddAnswer, HistoryRow, read_added, read_history
from scrobbled.trackers.trakt.catalogue import Lookups
from scrobbled.trackers.trakt.codec import Outgoing, RawIds, TraktPlace, history_body, minute, raw_ids, share, timestamp
from scrobbled.trackers.trakt.locating import at_its_number
from scrobbled.trackers.trakt.paging import Asker
from scrobbled.trackers.trakt.writing import Writer

HISTORY = "/sync/history"
WIDEST = timedelta(days=60)
BY_NUMBER = "found by its show and number, as Trakt does not know the ids that the media server gave it"
MARGIN = timedelta(days=2)
"""Trakt's documents disagree on whether the bounds are days or moments, and whose midnight counts: this covers all."""


class TraktAdder:
    """Writes. Trakt checks nothing for duplicates: whatever is sent twice is two plays."""

    def __init__(self, writer: Writer, lookups: Lookups, shows: Shows) -> None:
        self._writer = writer
        self._lookups = lookups
        self._shows = shows
        self.sent = 0
        """Plays that were sent so far, whatever came of them."""

    async def add(self, plays: Sequence[Addition]) -> list[AddResult]:
        """One request, unless Trakt does not know an item, or an item comes twice in one minute.

        The caller has taken the first turn of the pace. Once anything may be stored, every error is in doubt; before
        that, ``Refused`` means that nothing was stored because at least one of ``plays`` is invalid.
        """
        results: dict[int, AddResult] = {}
        outgoing = [Outgoing.of(index, play) for index, play in enumerate(plays)]
        try:
            for turn, group in enumerate(_without_twins(outgoing)):
                if turn:
                    await self._writer.turn()
                await self._add_group(group, results)
        except TrackerError as error:
            error.in_doubt = error.in_doubt or any(isinstance(result, Receipt) for result in results.values())
            raise
        return [results[index] for index in range(len(plays))]

    async def _add_group(self, group: Sequence[Outgoing], results: dict[int, AddResult]) -> None:
        unknown = await self._send(group, results)
        again = [found for play in unknown if (found := await self._found(play)) is not None]
        if again:
            await self._writer.turn()
            await self._send(again, results)

    async def _send(self, plays: Sequence[Outgoing], results: dict[int, AddResult]) -> list[Outgoing]:
        """Fills in ``results`` and returns what Trakt does not know by the ids sent."""
        added = await self._post(plays)
        unknown = [play for play in plays if any(echo.means(play) for echo in added.not_found)]
        _check_count(added, len(plays) - len(unknown))
        for play in plays:
            missing = NotInCatalogue(f"Trakt does not know {_named(play)} yet")
            results[play.index] = missing if play in unknown else Receipt(note=play.note)
        return unknown

    async def _post(self, plays: Sequence[Outgoing]) -> AddAnswer:
        self.sent += len(plays)
        answer = await self._writer.post(HISTORY, history_body(plays))
        return read_added(answer.json(in_doubt=True), answer.what)

    async def _found(self, play: Outgoing) -> Outgoing | None:
        """``play`` by Trakt's own id, where it can be told after all."""
        return await self._renamed(play) or await self._numbered(play)

    async def _renamed(self, play: Outgoing) -> Outgoing | None:
        """Trakt's search may know the ids that its history does not; one that is the show's needs no asking."""
        others = {space: value for space, value in play.ids.items() if space != "trakt"}
        own = {space: value for space, value in others.items() if play.show.get(space) != value}
        trakt = await self._lookups.trakt_id(play.media, own)
        return replace(play, ids={"trakt": trakt}) if trakt is not None else None

    async def _numbered(self, play: Outgoing) -> Outgoing | None:
        """By its show and number: there are media servers that give an episode ids which are not its own."""
        if not isinstance(play.item, Episode):
            return None
        show = await self._lookups.show_path(play.show or await self._show(play.item))
        if show is None:
            return None
        entry = at_its_number(play.item, await self._lookups.episodes(show))
        return None if entry is None else replace(play, ids={"trakt": entry.ids["trakt"]}, note=BY_NUMBER)

    async def _show(self, episode: Episode) -> RawIds:
        """Where the message did not name it; nothing where nobody can say now."""
        try:
            return raw_ids((await self._shows.show_of(episode)).ids)
        except TrackerError:
            return {}


def _without_twins(plays: Iterable[Outgoing]) -> list[list[Outgoing]]:
    """As few groups as possible, none with an item twice in one minute: Trakt's answer could not tell the two apart."""
    groups: list[list[Outgoing]] = []
    for play in plays:
        home = next((group for group in groups if not any(_twins(play, other) for other in group)), None)
        if home is None:
            groups.append(home := [])
        home.append(play)
    return groups


def _twins(one: Outgoing, other: Outgoing) -> bool:
    return (one.media, one.watched_at) == (other.media, other.watched_at) and share(one.ids, other.ids)


def _check_count(added: AddAnswer, expected: int) -> None:
    """Trakt names no plays, only how many: a smaller number leaves open which ones are missing."""
    if added.stored < expected:
        raise TryLater(f"Trakt counts {added.stored} of {expected} plays as stored", in_doubt=True)


def _named(play: Outgoing) -> str:
    return f"the {play.media} with " + ", ".join(f"{space} id {value}" for space, value in play.ids.items())


@dataclass(slots=True)
class _Rows:
    """Plays by id, each once."""

    rows: dict[int, HistoryRow] = field(default_factory=dict)

    def take(self, raw: Any, what: str) -> int:
        fresh = {row.id: row for row in read_history(raw, what) if row.id not in self.rows}
        self.rows |= fresh
        return len(fresh)


class PlayFinder:
    """Reads. An absence is told only after every page of the span was read."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    async def find(self, plays: Sequence[Addition]) -> list[Receipt | None]:
        """Each remote play answers for one of ``plays`` at most."""
        receipts: list[Receipt | None] = [None] * len(plays)
        for cluster in _clusters(plays):
            rows = _by_minute(await self._read([plays[index] for index in cluster]))
            for index in cluster:
                receipts[index] = _take(rows.get(minute(plays[index].watched_at), []), plays[index])
        return receipts

    async def of_item(self, media: Media, trakt: int | str) -> list[HistoryRow]:
        """Every play of the item with this Trakt id, as ``extended=full`` tells them; none where Trakt forgot it."""
        path = f"{HISTORY}/{media}s/{trakt}"
        found, _ = await self._asker.gather_again(path, {"extended": "full"}, _Rows, absent=True)
        return [row for row in found.rows.values() if str(row.entry.ids.get("trakt")) == str(trakt)]

    async def probe(self) -> None:
        """The cheapest request that needs a sign-in; raises what is wrong with it."""
        await self._asker.get(HISTORY, {"page": 1, "limit": 1})

    async def _read(self, plays: Sequence[Addition]) -> list[HistoryRow]:
        media = {TraktPlace.of(play.address).media for play in plays}
        found = _Rows()
        await self._asker.gather(HISTORY if len(media) > 1 else f"{HISTORY}/{media.pop()}s", _span(plays), found)
        return list(found.rows.values())


def _clusters(plays: Sequence[Addition]) -> Iterator[list[int]]:
    """Indexes of plays that one read covers, so that one old play does not mean reading years."""
    cluster: list[int] = []
    for index in sorted(range(len(plays)), key=lambda index: plays[index].watched_at):
        if cluster and plays[index].watched_at - plays[cluster[0]].watched_at > WIDEST:
            yield cluster
            cluster = []
        cluster.append(index)
    if cluster:
        yield cluster


def _span(plays: Sequence[Addition]) -> dict[str, str | int]:
    times = [play.watched_at for play in plays]
    return {"start_at": _midnight(min(times) - MARGIN), "end_at": _midnight(max(times) + MARGIN)}


def _midnight(moment: datetime) -> str:
    return timestamp(moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0))


def _by_minute(rows: Iterable[HistoryRow]) -> dict[datetime, list[HistoryRow]]:
    found: dict[datetime, list[HistoryRow]] = {}
    for row in rows:
        if row.watched_at is not None:
            found.setdefault(row.watched_at, []).append(row)
    return found


def _take(rows: list[HistoryRow], play: Addition) -> Receipt | None:
    """The receipt of the first of ``rows`` that is ``play``, which is used up by that."""
    place = TraktPlace.of(play.address)
    for row in rows:
        if row.holds(place):
            rows.remove(row)
            return Receipt(remote_id=str(row.id))
    return None
