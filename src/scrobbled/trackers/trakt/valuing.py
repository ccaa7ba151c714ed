"""Giving titles a value and taking it back: ratings, the collection, the watchlist. All of it may be repeated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self, cast

from msgspec import Struct, field
from msgspec.structs import replace

from scrobbled.core.errors import Refused
from scrobbled.core.kinds import KINDS, RATINGS, Kind, KindValue, Scope
from scrobbled.core.naming.items import Media
from scrobbled.trackers.base import AddResult, Receipt, SetValue
from scrobbled.trackers.trakt.answers import read_missing
from scrobbled.trackers.trakt.catalogue import Lookups
from scrobbled.trackers.trakt.codec import Outgoing, RawIds, timestamp
from scrobbled.trackers.trakt.memory import TraktMemory
from scrobbled.trackers.trakt.moving import unknown
from scrobbled.trackers.trakt.second_look import SecondLook
from scrobbled.trackers.trakt.writing import Writer

MEDIA: Mapping[Scope, Media] = {"movie": "movie", "episode": "episode"}
_TIMES: Mapping[Kind, str] = {"ratings": "rated_at", "collection": "collected_at"}
"""The watchlist dates its entries itself."""


class _Line(Struct, frozen=True):
    """One title on its way, and the ids it goes by; ``value`` is ``None`` for taking it back."""

    key: str
    scope: Scope
    ids: RawIds
    value: KindValue | None
    at: str = ""
    show: RawIds = field(default_factory=dict)
    """Of an episode."""

    @classmethod
    def of(cls, edit: SetValue) -> Self:
        ids = edit.address.data["ids"]
        return cls(
            edit.address.key,
            cast(Scope, edit.address.data["type"]),
            {"trakt": ids["trakt"]} if "trakt" in ids else ids,
            edit.value,
            timestamp(edit.at) if edit.at else "",
            edit.address.data.get("show", {}),
        )

    def by(self, trakt: int | str) -> Self:
        return replace(self, ids={"trakt": trakt})

    def body(self, time: str) -> dict[str, Any]:
        """``time`` is what its time goes by; empty where none is told."""
        line: dict[str, Any] = {"ids": dict(self.ids)}
        if self.value is None:
            return line
        line |= self.value if isinstance(self.value, Mapping) else {"rating": self.value}
        return {**line, time: self.at} if time and self.at else line


class Valuer:
    """One account's. Raises as ``Amends.amend``."""

    def __init__(self, writer: Writer, look: SecondLook, lookups: Lookups, own: TraktMemory) -> None:
        self._writer, self._look, self._lookups, self._own = writer, look, lookups, own

    async def set(self, edits: Mapping[int, SetValue]) -> dict[int, AddResult]:
        """By their numbers; of each kind one request for those to be set and one for those to be cleared."""
        results: dict[int, AddResult] = {}
        for kind in {edit.kind: None for edit in edits.values()}:
            results |= await self._of_kind(kind, {n: edit for n, edit in edits.items() if edit.kind == kind})
        return results

    async def _of_kind(self, kind: Kind, edits: Mapping[int, SetValue]) -> dict[int, AddResult]:
        wanted: dict[str, _Line] = {}
        results: dict[int, AddResult] = {}
        for index, edit in edits.items():
            if edit.value is None or KINDS[kind].takes(edit.value):
                wanted[edit.address.key] = _Line.of(edit)  # of two for one title, the later one stands
            else:
                results[index] = Refused(f"{_bounds(kind)}, and not {edit.value}")
        told = await self._told(kind, f"/sync/{kind}", [one for one in wanted.values() if one.value is not None])
        told |= await self._told(kind, f"/sync/{kind}/remove", [one for one in wanted.values() if one.value is None])
        for index, edit in edits.items():
            results.setdefault(index, told.get(edit.address.key, Receipt()))
        return results

    async def _told(self, kind: Kind, path: str, lines: Sequence[_Line]) -> dict[str, AddResult]:
        """By key, those that Trakt knows by none of their ids."""
        missing = await self._send(kind, path, lines)
        again = await self._renamed(missing)
        missing_still = {one.key for one in await self._send(kind, path, again)}
        lost = {one.key for one in missing} - {one.key for one in again} | missing_still
        return {key: unknown(key) for key in lost}

    async def _send(self, kind: Kind, path: str, lines: Sequence[_Line]) -> list[_Line]:
        """Those that Trakt does not know by the ids sent."""
        if not lines:
            return []
        await self._writer.turn()
        await self._own.write(kind)
        answer = await self._writer.post(path, _body(kind, lines), kind)
        missing = read_missing(answer.json(), answer.what)
        return [one for one in lines if missing.has(one.scope, one.ids)]

    async def _renamed(self, lines: Sequence[_Line]) -> list[_Line]:
        """Those whose ids Trakt's search knows, though its lists do not, by Trakt's own; a show at a time."""
        nameless = {n: one for n, one in enumerate(lines) if "trakt" not in one.ids}
        parts = [
            Outgoing(n, media, one.ids, None, show=one.show)
            for n, one in nameless.items()
            if (media := MEDIA.get(one.scope)) is not None
        ]
        found = {one.index: one.ids["trakt"] for one in await self._look.found(parts)}
        for n, one in nameless.items():
            if one.scope == "show" and (trakt := await self._lookups.trakt_id("show", one.ids)) is not None:
                found[n] = trakt
        return [lines[n].by(trakt) for n, trakt in found.items()]


def _bounds(kind: Kind) -> str:
    limits = KINDS[kind].limits
    return f"a rating is {limits[0]} to {limits[1]}" if limits and kind == RATINGS else f"{kind} takes details"


def _body(kind: Kind, lines: Iterable[_Line]) -> dict[str, Any]:
    """A show stands for itself here, and not for its seasons and episodes."""
    body: dict[str, Any] = {}
    for one in lines:
        body.setdefault(f"{one.scope}s", []).append(one.body(_TIMES.get(kind, "")))
    return body
