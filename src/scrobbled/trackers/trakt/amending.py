"""Changing what a Trakt account holds: ratings, and plays that are there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self, TypeVar, cast

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.errors import NotInCatalogue, Refused, TrackerError, TryLater
from scrobbled.core.kinds import KINDS, Scope
from scrobbled.core.kinds import RATINGS as RATED
from scrobbled.trackers.base import Addition, Address, AddResult, Edit, Flag, Receipt, Remove, Retime, SetValue
from scrobbled.trackers.trakt.adding import TraktAdder
from scrobbled.trackers.trakt.answers import HistoryRow, read_missing
from scrobbled.trackers.trakt.catalogue import Lookups
from scrobbled.trackers.trakt.codec import RawIds, TraktPlace, minute, timestamp
from scrobbled.trackers.trakt.entries import play_record
from scrobbled.trackers.trakt.memory import TraktMemory
from scrobbled.trackers.trakt.seeking import HISTORY, PlayFinder
from scrobbled.trackers.trakt.writing import Writer

RATINGS = "/sync/ratings"
SETTLE = 10.0
"""Seconds by which reads may lag behind writes."""
NO_FLAG = "Trakt keeps no rewatch flag: which play came first is all there is"
EditT = TypeVar("EditT", SetValue, Remove, Retime, Flag)
Results = dict[int, AddResult]


class _Rating(Struct, frozen=True):
    """One rating on its way, and the ids its title goes by; ``value`` is ``None`` for taking it back."""

    key: str
    scope: Scope
    ids: RawIds
    value: int | None
    rated_at: str = ""

    @classmethod
    def of(cls, edit: SetValue) -> Self:
        ids = edit.address.data["ids"]
        return cls(
            edit.address.key,
            cast(Scope, edit.address.data["type"]),
            {"trakt": ids["trakt"]} if "trakt" in ids else ids,
            cast(int | None, edit.value),
            timestamp(edit.at) if edit.at else "",
        )

    def by(self, trakt: int | str) -> Self:
        return replace(self, ids={"trakt": trakt})

    def line(self) -> dict[str, Any]:
        line: dict[str, Any] = {"ids": dict(self.ids)}
        if self.value is not None:
            line["rating"] = self.value
        return {**line, "rated_at": self.rated_at} if self.rated_at and self.value is not None else line


class TraktAmender:
    """Answers ``Amends.amend``. Nothing is ever in doubt, since everything may be repeated."""

    def __init__(
        self, writer: Writer, reader: PlayFinder, adder: TraktAdder, lookups: Lookups, own: TraktMemory
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._adder = adder
        self._lookups = lookups
        self._own = own

    async def amend(self, edits: Sequence[Edit]) -> list[AddResult]:
        results: Results = {index: Refused(NO_FLAG) for index in _of(edits, Flag)}
        try:
            await self._rate(_of(edits, SetValue), results)
            await self._remove(_of(edits, Remove), results)
            for index, edit in _of(edits, Retime).items():
                results[index] = await self._retime(edit)
        except TrackerError as error:
            error.in_doubt = False
            raise
        return [results[index] for index in range(len(edits))]

    # Ratings

    async def _rate(self, edits: Mapping[int, SetValue], results: Results) -> None:
        """One request for those to be set and one for those to be cleared, whatever they are of."""
        wanted: dict[str, _Rating] = {}
        for index, edit in edits.items():
            if edit.value is None or KINDS[RATED].takes(edit.value):
                wanted[edit.address.key] = _Rating.of(edit)  # of two for one title, the later one stands
            else:
                results[index] = Refused(f"a rating is 1 to 10, and not {edit.value}")
        told = await self._rated(RATINGS, [rating for rating in wanted.values() if rating.value is not None])
        told |= await self._rated(f"{RATINGS}/remove", [rating for rating in wanted.values() if rating.value is None])
        for index, edit in edits.items():
            results.setdefault(index, told.get(edit.address.key, Receipt()))

    async def _rated(self, path: str, ratings: Sequence[_Rating]) -> dict[str, AddResult]:
        """By key, those that Trakt knows by none of their ids."""
        unknown = await self._send(path, ratings)
        again = [renamed for rating in unknown if (renamed := await self._renamed(rating)) is not None]
        unknown_still = {rating.key for rating in await self._send(path, again)}
        lost = {rating.key for rating in unknown} - {rating.key for rating in again} | unknown_still
        return {key: _unknown(key) for key in lost}

    async def _send(self, path: str, ratings: Sequence[_Rating]) -> list[_Rating]:
        """Those that Trakt does not know by the ids sent."""
        if not ratings:
            return []
        await self._writer.turn()
        await self._own.write()
        answer = await self._writer.post(path, _ratings_body(ratings))
        missing = read_missing(answer.json(), answer.what)
        return [rating for rating in ratings if missing.has(rating.scope, rating.ids)]

    async def _renamed(self, rating: _Rating) -> _Rating | None:
        """By Trakt's own id, where its search knows the ids that its ratings do not."""
        if rating.scope == "season" or "trakt" in rating.ids:
            return None
        trakt = await self._lookups.trakt_id(rating.scope, rating.ids)
        return rating.by(trakt) if trakt is not None else None

    # Plays

    async def _remove(self, edits: Mapping[int, Remove], results: Results) -> None:
        """By their own ids only: an item instead of an id would take all plays of it away."""
        chosen: dict[int, int] = {}
        for index, edit in edits.items():
            found = await self._chosen(edit)
            if isinstance(found, int):
                chosen[index] = found
            else:
                results[index] = found
        if chosen:
            await self._take(chosen.values())
        results |= {index: Receipt(str(number)) for index, number in chosen.items()}

    async def _chosen(self, edit: Remove) -> int | AddResult:
        """The id of the play to take away, or what there is to say instead."""
        if edit.remote_id and not edit.stamp:
            return _number(edit.remote_id)
        rows = await self._plays_of(edit.address)
        if rows is None:
            return await self._found(edit)
        named = [row for row in rows if str(row.id) == edit.remote_id] if edit.remote_id else _at(rows, edit)
        if len(named) > 1:
            return Refused("the item has several plays in that minute, and nothing says which of them is meant")
        if named and edit.stamp and _stamp(named[0]) != edit.stamp:
            return Refused("the play was changed on Trakt meanwhile")
        return named[0].id if named else Receipt(edit.remote_id)

    async def _found(self, edit: Remove) -> int | AddResult:
        """Of an item whose ids Trakt's search does not know, though its history may."""
        (receipt,) = await self._reader.find([Addition(0, edit.address, edit.watched_at)])
        if receipt is None and edit.remote_id:
            return _unknown(edit.address.key)
        if receipt is not None and edit.remote_id not in ("", receipt.remote_id):
            return Refused("another play is there at that time now")
        return _number(receipt.remote_id) if receipt else Receipt()

    async def _take(self, numbers: Iterable[int]) -> None:
        await self._writer.turn()
        answer = await self._writer.post(f"{HISTORY}/remove", {"ids": sorted(set(numbers))})
        read_missing(answer.json(), answer.what)  # one that is not there any more is gone as well

    async def _retime(self, edit: Retime) -> AddResult:
        """Trakt changes no times: a new play, and when it is seen to be there, the old one goes.

        The old one is the sign that this is not finished: with it gone nothing is added, so that a play that somebody
        removed meanwhile does not come back.
        """
        rows = await self._plays_of(edit.address)
        if rows is None:
            return _unknown(edit.address.key)
        old = next((row for row in rows if str(row.id) == edit.remote_id), None)
        new = _at(rows, edit)
        if old in new:
            return Receipt(edit.remote_id)
        if old is None:
            return Receipt(str(new[0].id)) if new else Refused("the play is not there any more")
        if not new:
            result = await self._add(edit)
            if not isinstance(result, Receipt):
                return result
            new = _at(await self._plays_of(edit.address) or (), edit)
        if not new:
            raise TryLater("Trakt does not show the play yet that it accepted", after=SETTLE)
        await self._take([old.id])
        return Receipt(str(new[0].id))

    async def _add(self, edit: Retime) -> AddResult:
        await self._writer.turn()
        try:
            (result,) = await self._adder.add([Addition(0, edit.address, edit.watched_at)])
        except TryLater as error:  # it may be stored and not be shown yet, and the repeat goes by what is shown
            error.after = max(error.after or 0.0, SETTLE)
            raise
        return result

    async def _plays_of(self, address: Address) -> list[HistoryRow] | None:
        """Every play of the item; ``None`` where Trakt does not know it by its ids."""
        place = TraktPlace.of(address)
        trakt = await self._lookups.trakt_id(place.media, place.ids)
        return await self._reader.of_item(place.media, trakt) if trakt is not None else None


def _ratings_body(ratings: Iterable[_Rating]) -> dict[str, Any]:
    """A show stands for itself here, and not for its seasons and episodes."""
    body: dict[str, Any] = {}
    for rating in ratings:
        body.setdefault(f"{rating.scope}s", []).append(rating.line())
    return body


def _of(edits: Sequence[Edit], kind: type[EditT]) -> dict[int, EditT]:
    return {index: edit for index, edit in enumerate(edits) if isinstance(edit, kind)}


def _at(rows: Iterable[HistoryRow], edit: Remove | Retime) -> list[HistoryRow]:
    at = None if edit.watched_at is None else minute(edit.watched_at)
    return [row for row in rows if row.watched_at == at]


def _stamp(row: HistoryRow) -> str:
    return play_record(str(row.id), row.entry.key() or "", row.watched_at, row.action).stamp


def _number(remote_id: str) -> int | AddResult:
    return int(remote_id) if remote_id.isdecimal() else Refused(f"{remote_id} is no play on Trakt")


def _unknown(key: str) -> NotInCatalogue:
    return NotInCatalogue(f"Trakt does not know {key.replace(':', ' ')} yet")
