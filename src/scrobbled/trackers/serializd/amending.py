"""Changing what is there: ratings, times, rewatch flags, and plays that are taken away.

An update replaces a row whole. So the row is read anew right before, and all that a person put into it is sent back.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from scrobbled.core.errors import NotInCatalogue, Refused
from scrobbled.plumbing.http import Answer
from scrobbled.trackers.base import Edit, Flag, Receipt, Remove, Retime, SetValue, Tick, Untick
from scrobbled.trackers.serializd import codec
from scrobbled.trackers.serializd.adding import accepted, spot_of
from scrobbled.trackers.serializd.auth import SerializdSession
from scrobbled.trackers.serializd.client import SerializdClient
from scrobbled.trackers.serializd.codec import EpisodeSpot
from scrobbled.trackers.serializd.entries import EntryPlace, SerializdEntry
from scrobbled.trackers.serializd.history import Diary
from scrobbled.trackers.serializd.rating import Rater
from scrobbled.trackers.serializd.records import TICK
from scrobbled.trackers.serializd.rows import SerializdRows
from scrobbled.trackers.serializd.ticks import SeasonTicks

GONE = "it is not in the diary any more"
LOGGED = "there is a viewing of it in the diary by now, so its tick stays"
CHANGED = "it was changed at Serializd since it was last read, so it stays; look at it there"
WRITTEN_IN = (
    "somebody wrote a review, a like or tags into that diary entry, and they would be lost with it, so it stays; "
    "delete it at Serializd if it is to go, else drop this"
)


class SerializdAmender:
    """See ``trackers.base.Amends``; one edit at a time."""

    def __init__(
        self,
        client: SerializdClient,
        session: SerializdSession,
        diary: Diary,
        rows: SerializdRows,
        marks: SeasonTicks,
        rater: Rater,
    ) -> None:
        self._client, self._session = client, session
        self._diary, self._rows, self._ticks, self._rater = diary, rows, marks, rater

    async def amend(self, edit: Edit) -> Receipt:
        if isinstance(edit, SetValue):
            return await self._rater.rate(place_of(edit.address.data), edit)
        if isinstance(edit, Remove):
            return await self._remove(edit)
        if isinstance(edit, Tick):
            return await self._tick(edit)
        if isinstance(edit, Untick):
            return await self._take_back(edit)
        row = await self._row(edit)
        return await (self._retime(row, edit) if isinstance(edit, Retime) else self._flag(row, edit))

    async def _retime(self, row: SerializdEntry, edit: Retime) -> Receipt:
        at = edit.watched_at.astimezone(UTC).replace(microsecond=0)
        if row.watched_at != at:
            await self._rater.update(row, replace(row, watched_at=at))
        return Receipt(str(row.id))

    async def _flag(self, row: SerializdEntry, edit: Flag) -> Receipt:
        if row.rewatch is not edit.rewatch:
            await self._rater.update(row, replace(row, rewatch=edit.rewatch))
        return Receipt(str(row.id))

    async def _row(self, edit: Retime | Flag) -> SerializdEntry:
        if edit.remote_id.startswith(TICK):
            raise Refused("a watched mark without a diary entry has neither a date nor a rewatch flag")
        row = await self._rows.fresh(_id(edit.remote_id))
        if row is None:
            raise Refused(GONE)
        if not row.is_play:
            raise Refused("that diary entry is no viewing of an episode, so it stays as it is")
        return row

    async def _tick(self, edit: Tick) -> Receipt:
        """It stays a person's: nothing but a person takes it away, and a later viewing is a rewatch."""
        spot = spot_of(edit.address.data)
        if await self._ticks.before_us(spot) is not None:
            return Receipt(note="it is ticked there already")

        async def write(token: str) -> Answer:
            return await self._client.write("/episode_log/add", codec.tick_body(spot), token=token, repeatable=True)

        accepted(await self._session.call(write))
        self._ticks.just_set(spot)
        return Receipt()

    async def _take_back(self, edit: Untick) -> Receipt:
        spot = spot_of(edit.address.data)
        if await self._is_logged(spot):
            return Receipt(note=LOGGED)
        await self._untick(spot)
        return Receipt()

    # -- taking away --------------------------------------------------------------------------------------------------

    async def _remove(self, edit: Remove) -> Receipt:
        spot = spot_of(edit.address.data)
        if edit.remote_id.startswith(TICK):
            await self._untick(spot)
            return Receipt(edit.remote_id)
        id_ = await self._id_of(edit, spot)
        row = await self._rows.fresh(id_) if id_ is not None else None
        if row is not None:
            if edit.stamp and row.stamp != edit.stamp:
                raise Refused(CHANGED)
            if row.key != spot.key:
                raise Refused("that diary entry is about something else, so it stays")
            if not edit.stamp and row.written_in:  # with a stamp it was planned with what is in it
                raise Refused(WRITTEN_IN)
            await self._delete(row.id)
        if await self._ticks.is_ours(spot) and not await self._is_logged(spot):
            await self._untick(spot)
        return Receipt(edit.remote_id, "" if row is not None else "it was gone already")

    async def _id_of(self, edit: Remove, spot: EpisodeSpot) -> int | None:
        if edit.remote_id:
            return _id(edit.remote_id)
        if edit.watched_at is None:
            raise Refused("nobody said when the play was")
        viewing = (spot.show, spot.season, spot.number, _second(edit.watched_at))
        return (await self._diary.find([viewing])).get(viewing)

    async def _delete(self, id_: int) -> None:
        async def write(token: str) -> Answer:
            return await self._client.write("/show/reviews/delete", {"review_id": id_}, token=token, repeatable=True)

        with contextlib.suppress(NotInCatalogue):  # somebody else was faster
            accepted(await self._session.call(write))
        self._rows.gone(id_)

    async def _is_logged(self, spot: EpisodeSpot) -> bool:
        return any(row.is_play for row in await self._rows.of((spot.show, spot.season, spot.number)))

    async def _untick(self, spot: EpisodeSpot) -> None:
        async def write(token: str) -> Answer:
            return await self._client.write("/episode_log/remove", codec.tick_body(spot), token=token, repeatable=True)

        with contextlib.suppress(NotInCatalogue):  # the episode is gone, and its tick with it
            accepted(await self._session.call(write))
        await self._ticks.forget(spot)


def place_of(data: Mapping[str, Any]) -> EntryPlace:
    """From an address of ``locate_subject`` or ``locate``."""
    show, season, episode = (data.get(key) for key in ("show_id", "season_id", "episode_number"))
    fits = isinstance(show, int) and isinstance(season, int | None) and isinstance(episode, int | None)
    if not fits or (season is None and episode is not None):
        raise Refused("the stored place of this rating is incomplete; drop the change")
    return show, season, episode  # type: ignore[return-value]


def _id(remote_id: str) -> int:
    if not remote_id.isdecimal():
        raise Refused(f"{remote_id or 'nothing'} is not the ID of a Serializd diary entry; drop the change")
    return int(remote_id)


def _second(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=0)
