"""Ratings live on rows: the newest row of a show, season or episode that rates it says what the rating is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import cast

from msgspec.structs import replace

from scrobbled.core.errors import NotInCatalogue, Refused, TrackerError, TryLater
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.http import Answer
from scrobbled.trackers.base import Receipt, SetValue
from scrobbled.trackers.serializd import codec, entries
from scrobbled.trackers.serializd.adding import accepted
from scrobbled.trackers.serializd.auth import SerializdSession
from scrobbled.trackers.serializd.client import SerializdClient
from scrobbled.trackers.serializd.entries import EntryPlace, SerializdEntry, key_of
from scrobbled.trackers.serializd.memory import AddedRow, LostAddition, SerializdMemory
from scrobbled.trackers.serializd.rows import SerializdRows

APART = timedelta(seconds=30)
"""Between the two complete looks that must both miss a rating before it is added once more."""
TRIES = 3


class Rater:
    """Never makes a second row where there is one to update, and never a row of the diary."""

    def __init__(
        self,
        client: SerializdClient,
        session: SerializdSession,
        rows: SerializdRows,
        memory: SerializdMemory,
        clock: Clock,
    ) -> None:
        self._client, self._session = client, session
        self._rows, self._memory, self._clock = rows, memory, clock

    async def rate(self, place: EntryPlace, edit: SetValue) -> Receipt:
        if edit.value is None:
            return await self._clear(place)
        for _ in range(TRIES):
            row = _to_rate(await self._rows.of(place))
            if row is None:
                await self._rows.glance()
                row = _to_rate(self._rows.seen_of(place))
            if row is None:
                return await self._without_row(place, cast(int, edit.value), edit.at)
            now = await self._rows.fresh(row.id)
            if now is not None and now.place == place and await self._set(now, cast(int, edit.value)):
                return Receipt(str(now.id))
        raise TryLater("the rows of this rating kept changing at Serializd")

    async def update(self, row: SerializdEntry, changed: SerializdEntry) -> None:
        """``row`` has just been read. Raises ``Refused`` where it is gone all the same."""

        try:
            await self._update(changed)
        except NotInCatalogue as error:
            self._rows.gone(row.id)
            raise Refused("it was removed at Serializd just now") from error
        except TrackerError:
            self._rows.may_differ(row.id)
            raise
        self._rows.wrote(changed, made=False)

    async def _update(self, row: SerializdEntry) -> None:
        async def write(token: str) -> Answer:
            return await self._client.write(
                "/show/reviews/update", entries.update_body(row), token=token, repeatable=True
            )

        await self._memory.write()
        accepted(await self._session.call(write))

    async def _set(self, row: SerializdEntry, value: int) -> bool:
        """Whether it has that rating now; not so where it disappeared."""
        if row.rating == value:
            self._rows.wrote(row, made=False)
            return True
        try:
            await self.update(row, replace(row, rating=value))
        except Refused as error:
            if isinstance(error.__cause__, NotInCatalogue):
                return False
            raise
        return True

    async def _clear(self, place: EntryPlace) -> Receipt:
        """On every row of it: an older rating would show through."""
        await self._rows.of(place)
        await self._rows.glance()
        for row in self._rows.seen_of(place):
            now = await self._rows.fresh(row.id) if row.rating else None
            if now is None or not now.rating:
                continue
            if _is_whole_show(now):
                raise Refused("the rating stands on a log of the whole show; only you can change that, at Serializd")
            await self._set(now, 0)
        await self._update_unlisted(place, 0)
        return Receipt()

    # -- where there is no row to update ------------------------------------------------------------------------------

    async def _without_row(self, place: EntryPlace, value: int, at: datetime | None) -> Receipt:
        """Looks twice for one whose answer was lost; updates one of ours that no listing shows; else adds one."""
        key = key_of(place)
        if (attempt := await self._memory.attempted(key)) is not None:
            await self._rows.look()
            row = _to_rate(self._rows.seen_of(place))
            if row is not None and await self._set(row, value):
                await self._memory.settled(key)
                return Receipt(str(row.id))
            await self._missed(key, attempt)
        if await self._update_unlisted(place, value):
            return Receipt()
        return await self._add(place, value, at)

    async def _missed(self, key: str, attempt: LostAddition) -> None:
        """Raises ``TryLater`` unless two looks, far enough apart, have missed it."""
        now = self._clock.now()
        if attempt.missed_at is None:
            await self._memory.attempt(key, missed_at=now)
        left = APART - (now - (attempt.missed_at or now))
        if left > timedelta(0):
            reason = "whether Serializd took a rating is looked up once more before it is sent again"
            raise TryLater(reason, after=left.total_seconds())

    async def _update_unlisted(self, place: EntryPlace, value: int) -> bool:
        """Whether there was a row of ours to update that both listings leave out."""
        key = key_of(place)
        made = await self._memory.made(key)
        if made is None or any(row.id == made.id for row in self._rows.seen_of(place)):
            return False
        row = SerializdEntry(made.id, *place, watched_at=made.at, is_log=False, rating=value, tags=())
        try:
            await self._update(row)
        except NotInCatalogue:
            await self._memory.forget(key)
            return False
        return True

    async def _add(self, place: EntryPlace, value: int, at: datetime | None) -> Receipt:
        key, now = key_of(place), self._clock.now()
        when = min(at or now, now).astimezone(UTC).replace(microsecond=0)
        body = entries.rating_body(place, value, when)

        async def write(token: str) -> Answer:
            return await self._client.write("/show/reviews/add", body, token=token, repeatable=False)

        await self._memory.attempt(key)
        await self._memory.write()
        try:
            data = (await self._session.call(write)).json(in_doubt=True)
            id_ = codec.created_id(data)
        except TrackerError as error:
            if not error.in_doubt:
                await self._memory.settled(key)
            error.in_doubt = False  # it is looked up before it is sent again, so that it may be asked for again
            raise
        await self._memory.keep(key, AddedRow(id_, when))
        await self._memory.settled(key)
        made_at = codec.instant(data.get("dateAdded"))
        self._rows.wrote(
            SerializdEntry(id_, *place, when, is_log=False, made_at=made_at, rating=value, tags=()), made=True
        )
        return Receipt(str(id_))


def _to_rate(rows: Sequence[SerializdEntry]) -> SerializdEntry | None:
    """The newest row; but a log of a whole show is never written again, so a rating on one takes a newer row."""
    for row in rows:
        if not _is_whole_show(row):
            return row
        if row.rating:
            return None
    return None


def _is_whole_show(row: SerializdEntry) -> bool:
    return row.season is None and row.is_log
