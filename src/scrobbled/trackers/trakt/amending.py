"""Changing what a Trakt account holds: ratings, lists, and plays that are there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from scrobbled.core.errors import Refused, TrackerError
from scrobbled.trackers.base import AddResult, Edit, Flag, Remove, Retime, SetValue
from scrobbled.trackers.trakt.moving import PlayMover
from scrobbled.trackers.trakt.valuing import Valuer

NO_FLAG = "Trakt keeps no rewatch flag: which play came first is all there is"
EditT = TypeVar("EditT", SetValue, Remove, Retime, Flag)


class TraktAmender:
    """Answers ``Amends.amend``. Nothing is ever in doubt, since everything may be repeated."""

    def __init__(self, valuer: Valuer, mover: PlayMover) -> None:
        self._valuer, self._mover = valuer, mover

    async def amend(self, edits: Sequence[Edit]) -> list[AddResult]:
        results: dict[int, AddResult] = {index: Refused(NO_FLAG) for index in _of(edits, Flag)}
        try:
            results |= await self._valuer.set(_of(edits, SetValue))
            results |= await self._mover.remove(_of(edits, Remove))
            results |= await self._mover.retime(_of(edits, Retime))
        except TrackerError as error:
            error.in_doubt = False
            raise
        return [results[index] for index in range(len(edits))]


def _of(edits: Sequence[Edit], kind: type[EditT]) -> dict[int, EditT]:
    return {index: edit for index, edit in enumerate(edits) if isinstance(edit, kind)}
