"""Changing what a Trakt account holds: ratings, and plays that are there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self, TypeVar, cast

from msgspec import Struct, field
from msgspec.structs import replace

from scrobbled.core.errors import Refused, TrackerError
from scrobbled.core.kinds import KINDS, Scope
from scrobbled.core.kinds import RATINGS as RATED
from scrobbled.core.naming.items import Media
from scrobbled.trackers.base import AddResult, Edit, Flag, Receipt, Remove, Retime, SetValue
from scrobbled.trackers.trakt.answers import read_missing
from scrobbled.trackers.trakt.catalogue import Lookups
from scrobbled.trackers.trakt.codec import Outgoing, RawIds, timestamp
from scrobbled.trackers.trakt.memory import TraktMemory
from scrobbled.trackers.trakt.moving import PlayMover, unknown
from scrobbled.trackers.trakt.second_look import SecondLook
from scrobbled.trackers.trakt.writing import Writer

RATINGS = "/sync/ratings"
NO_FLAG = "Trakt keeps no rewatch flag: which play came first is all there is"
MEDIA: Mapping[Scope, Media] = {"movie": "movie", "episode": "episode"}
_Results = dict[int, AddResult]
EditT = TypeVar("EditT", SetValue, Remove, Retime, Flag)


class _Rating(Struct, frozen=True):
    """One rating on its way, and the ids its title goes by; ``value`` is ``None`` for taking it back."""

    key: str
    scope: Scope
    ids: RawIds
    value: int | None
    rated_at: str = ""
    show: RawIds = field(default_factory=dict)
    """Of an episode."""

    @classmethod
    def of(cls, edit: SetValue) -> Self:
        ids = edit.address.data["ids"]
        return cls(
            edit.address.key,
            cast(Scope, edit.address.data["type"]),
            {"trakt": ids["trakt"]} if "trakt" in ids else ids,
            cast(int | None, edit.value),
            timestamp(edit.at) if edit.at else "",
            edit.address.data.get("show", {}),
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

    def __init__(self, writer: Writer, mover: PlayMover, look: SecondLook, lookups: Lookups, own: TraktMemory) -> None:
        self._writer = writer
        self._mover = mover
        self._look = look
        self._lookups = lookups
        self._own = own

    async def amend(self, edits: Sequence[Edit]) -> list[AddResult]:
        results: _Results = {index: Refused(NO_FLAG) for index in _of(edits, Flag)}
        try:
            await self._rate(_of(edits, SetValue), results)
            results |= await self._mover.remove(_of(edits, Remove))
            results |= await self._mover.retime(_of(edits, Retime))
        except TrackerError as error:
            error.in_doubt = False
            raise
        return [results[index] for index in range(len(edits))]

    # Ratings

    async def _rate(self, edits: Mapping[int, SetValue], results: _Results) -> None:
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
        missing = await self._send(path, ratings)
        again = await self._renamed(missing)
        missing_still = {rating.key for rating in await self._send(path, again)}
        lost = {rating.key for rating in missing} - {rating.key for rating in again} | missing_still
        return {key: unknown(key) for key in lost}

    async def _send(self, path: str, ratings: Sequence[_Rating]) -> list[_Rating]:
        """Those that Trakt does not know by the ids sent."""
        if not ratings:
            return []
        await self._writer.turn()
        await self._own.write()
        answer = await self._writer.post(path, _ratings_body(ratings))
        missing = read_missing(answer.json(), answer.what)
        return [rating for rating in ratings if missing.has(rating.scope, rating.ids)]

    async def _renamed(self, ratings: Sequence[_Rating]) -> list[_Rating]:
        """Those whose ids Trakt's search knows, though its ratings do not, by Trakt's own; a show at a time."""
        nameless = {n: rating for n, rating in enumerate(ratings) if "trakt" not in rating.ids}
        parts = [
            Outgoing(n, media, rating.ids, None, show=rating.show)
            for n, rating in nameless.items()
            if (media := MEDIA.get(rating.scope)) is not None
        ]
        found = {one.index: one.ids["trakt"] for one in await self._look.found(parts)}
        for n, rating in nameless.items():
            if rating.scope == "show" and (trakt := await self._lookups.trakt_id("show", rating.ids)) is not None:
                found[n] = trakt
        return [ratings[n].by(trakt) for n, trakt in found.items()]


def _ratings_body(ratings: Iterable[_Rating]) -> dict[str, Any]:
    """A show stands for itself here, and not for its seasons and episodes."""
    body: dict[str, Any] = {}
    for rating in ratings:
        body.setdefault(f"{rating.scope}s", []).append(rating.line())
    return body


def _of(edits: Sequence[Edit], kind: type[EditT]) -> dict[int, EditT]:
    return {index: edit for index, edit in enumerate(edits) if isinstance(edit, kind)}
