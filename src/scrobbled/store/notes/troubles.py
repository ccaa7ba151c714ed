"""Where troubles are remembered: in the database, and those of the database itself beside it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

from scrobbled.alerts import LastTold, Open, Reach, Trouble, TroubleKey
from scrobbled.core.errors import StoreError
from scrobbled.store.file.database import Store
from scrobbled.store.file.migrations import migrations
from scrobbled.store.notes.alerts import StoredTroubles

T = TypeVar("T")
KIND = "storage"
"""The kind of trouble of which the database can remember nothing."""


class _Aside:
    """Takes reads and writes like ``Store``, and is gone with the process: no disk is needed."""

    def __init__(self) -> None:
        self._db = sqlite3.connect(":memory:", isolation_level=None)
        migrations.apply(self._db)

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return work(self._db)

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return work(self._db)


class Troubles:
    """``alerts.Memory``. While the database cannot be used, what it would remember counts as nothing to tell."""

    def __init__(self, store: Store) -> None:
        self._stored = StoredTroubles(store)
        self._aside: StoredTroubles | None = None

    async def seen(self, trouble: Trouble, now: float) -> bool:
        if trouble.kind != KIND:
            return await self._stored.seen(trouble, now)
        if self._aside is None:  # most services never need it
            self._aside = StoredTroubles(_Aside())
        return await self._aside.seen(trouble, now)

    async def over(self, key: TroubleKey, title: str, text: str, now: float) -> Open | None:
        if key[0] != KIND:
            return await self._stored.over(key, title, text, now)
        return None if self._aside is None else await self._aside.over(key, title, text, now)

    async def everything(self) -> Sequence[Open]:
        beside = [] if self._aside is None else await self._aside.everything()
        try:
            return [*beside, *await self._stored.everything()]
        except StoreError:
            if not _open(beside):
                raise
            return beside

    async def told(self, address: str, keys: Collection[TroubleKey], told: LastTold) -> None:
        beside, stored = _apart(keys)
        if beside and self._aside is not None:
            await self._aside.told(address, beside, told)
        if stored:
            await self._stored.told(address, stored, told)

    async def forget(self, keys: Collection[TroubleKey]) -> None:
        beside, stored = _apart(keys)
        if beside and self._aside is not None:
            await self._aside.forget(beside)
        if stored:
            await self._stored.forget(stored)

    async def reach(self) -> Mapping[str, Reach]:
        try:
            return await self._stored.reach()
        except StoreError:
            if self._aside is None or not _open(await self._aside.everything()):
                raise
            return {}

    async def reached(self, address: str, reach: Reach | None) -> None:
        await self._stored.reached(address, reach)


def _open(troubles: Sequence[Open]) -> bool:
    return any(trouble.ended_at is None for trouble in troubles)


def _apart(keys: Collection[TroubleKey]) -> tuple[list[TroubleKey], list[TroubleKey]]:
    return [key for key in keys if key[0] == KIND], [key for key in keys if key[0] != KIND]
