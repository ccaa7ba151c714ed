"""Taking plays out of a Trakt history, and giving them another time: many at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from scrobbled.core.errors import NotInCatalogue, Refused, TryLater
from scrobbled.trackers.base import Addition, AddResult, Receipt, Remove, Retime
from scrobbled.trackers.trakt.adding import TraktAdder
from scrobbled.trackers.trakt.answers import HistoryRow, read_missing
from scrobbled.trackers.trakt.codec import TraktPlace, minute
from scrobbled.trackers.trakt.entries import play_record
from scrobbled.trackers.trakt.item_plays import ItemPlays, RowsOfItem
from scrobbled.trackers.trakt.seeking import HISTORY, PlayFinder
from scrobbled.trackers.trakt.writing import Writer

SETTLE = 10.0
"""Seconds by which reads may lag behind writes."""
GONE = "the play is not there any more"
_Results = dict[int, AddResult]


class _Move(Struct, frozen=True):
    """A play that is to have another time: the row it is now, and the one with that time, once it is seen."""

    index: int
    edit: Retime
    old: int
    new: int = 0


class PlayMover:
    """Everything here may be repeated."""

    def __init__(self, writer: Writer, finder: PlayFinder, items: ItemPlays, adder: TraktAdder) -> None:
        self._writer = writer
        self._finder = finder
        self._items = items
        self._adder = adder

    async def remove(self, edits: Mapping[int, Remove]) -> _Results:
        """By their own ids only: an item instead of an id would take all plays of it away."""
        seen = {index: edit for index, edit in edits.items() if edit.stamp or not edit.remote_id}
        rows = dict(zip(seen, await self._plays_of(list(seen.values())), strict=True))
        chosen: dict[int, int] = {}
        results: _Results = {}
        for index, edit in edits.items():
            found = await self._chosen(edit, rows[index]) if index in seen else _number(edit.remote_id)
            if isinstance(found, int):
                chosen[index] = found
            else:
                results[index] = found
        await self._take(chosen.values())
        return results | {index: Receipt(str(number)) for index, number in chosen.items()}

    async def _chosen(self, edit: Remove, rows: Sequence[HistoryRow] | None) -> int | AddResult:
        """The id of the play to take away, or what there is to say instead."""
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
        if edit.watched_at is None:
            return unknown(edit.address.key)
        (receipt,) = await self._finder.find([Addition(0, edit.address, edit.watched_at)])
        if receipt is None and edit.remote_id:
            return unknown(edit.address.key)
        if receipt is not None and edit.remote_id not in ("", receipt.remote_id):
            return Refused("another play is there at that time now")
        return _number(receipt.remote_id) if receipt else Receipt()

    async def _take(self, numbers: Iterable[int]) -> None:
        if ids := sorted(set(numbers)):
            await self._writer.turn()
            answer = await self._writer.post(f"{HISTORY}/remove", {"ids": ids})
            read_missing(answer.json(), answer.what)  # one that is not there any more is gone as well

    async def retime(self, edits: Mapping[int, Retime]) -> _Results:
        """Trakt changes no times: new plays, and when they are seen to be there, the old ones go.

        An old one is the sign that this is not finished: with it gone nothing is added, so that a play that somebody
        removed meanwhile does not come back.
        """
        results: _Results = {}
        moves = _moves(edits, await self._plays_of(list(edits.values())), results)
        ready, bare = [move for move in moves if move.new], [move for move in moves if not move.new]
        if bare:
            added = await self._added(bare, results)
            rows = await self._plays_of([move.edit for move in added])
            ready += _seen(added, rows, {move.new for move in ready} | {move.old for move in moves})
        await self._take(move.old for move in ready)
        results |= {move.index: Receipt(str(move.new)) for move in ready}
        if results.keys() != edits.keys():
            raise TryLater("Trakt does not show plays yet that it accepted", after=SETTLE)
        return results

    async def _added(self, bare: Sequence[_Move], results: _Results) -> list[_Move]:
        """Those that Trakt took; of the others it is among ``results``."""
        await self._writer.turn()
        try:
            told = await self._adder.add([Addition(0, move.edit.address, move.edit.watched_at) for move in bare])
        except TryLater as error:  # they may be stored and not be shown yet, and the repeat goes by what is shown
            error.after = max(error.after or 0.0, SETTLE)
            raise
        both = list(zip(bare, told, strict=True))
        results |= {move.index: result for move, result in both if not isinstance(result, Receipt)}
        return [move for move, result in both if isinstance(result, Receipt)]

    async def _plays_of(self, edits: Sequence[Remove | Retime]) -> list[RowsOfItem]:
        return await self._items.of([(TraktPlace.of(edit.address), edit.remote_id) for edit in edits])


def _moves(edits: Mapping[int, Retime], rows: Sequence[Sequence[HistoryRow] | None], results: _Results) -> list[_Move]:
    """What is to be moved; of everything else it is among ``results``. A play answers for one of ``edits``."""
    moves: list[_Move] = []
    used = {int(edit.remote_id) for edit in edits.values() if edit.remote_id.isdecimal()}
    for (index, edit), plays in zip(edits.items(), rows, strict=True):
        old = next((row for row in plays or () if str(row.id) == edit.remote_id), None)
        if plays is None:
            results[index] = unknown(edit.address.key)
        elif old is not None and old in _at(plays, edit):
            results[index] = Receipt(edit.remote_id)
        else:
            new = _unused(plays, edit, used)
            if old is not None:
                moves.append(_Move(index, edit, old.id, new))
            else:
                results[index] = Receipt(str(new)) if new else Refused(GONE)
    return moves


def _seen(moves: Sequence[_Move], rows: Sequence[Sequence[HistoryRow] | None], used: set[int]) -> list[_Move]:
    """Those whose new play is there."""
    told = [(move, _unused(plays or (), move.edit, used)) for move, plays in zip(moves, rows, strict=True)]
    return [_Move(move.index, move.edit, move.old, new) for move, new in told if new]


def _unused(rows: Iterable[HistoryRow], edit: Retime, used: set[int]) -> int:
    """The play at its time that nothing else has, which is used by that; 0 for none."""
    new = next((row.id for row in _at(rows, edit) if row.id not in used), 0)
    used.add(new)
    return new


def _at(rows: Iterable[HistoryRow], edit: Remove | Retime) -> list[HistoryRow]:
    at = None if edit.watched_at is None else minute(edit.watched_at)
    return [row for row in rows if row.watched_at == at]


def _stamp(row: HistoryRow) -> str:
    return play_record(str(row.id), row.entry.key() or "", row.watched_at, row.action).stamp


def _number(remote_id: str) -> int | AddResult:
    return int(remote_id) if remote_id.isdecimal() else Refused(f"{remote_id} is no play on Trakt")


def unknown(key: str) -> NotInCatalogue:
    return NotInCatalogue(f"Trakt does not know {key.replace(':', ' ')} yet")
