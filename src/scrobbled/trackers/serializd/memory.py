"""What we remember of ratings that we added by themselves: whether they are listed anywhere is not known."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from scrobbled.plumbing.cache import Cache
from scrobbled.trackers.serializd import codec
from scrobbled.trackers.serializd.entries import SerializdEntry
from scrobbled.trackers.serializd.rows import BothListings

LONG = 3_650 * 86_400.0
LISTED = 30 * 86_400.0
"""Seconds for which it is believed that the listings show such rows, after they did."""


class LostAddition(Struct, frozen=True):
    """An addition whose answer never came. ``missed_at`` is when a complete look first did not find it."""

    missed_at: datetime | None


class AddedRow(Struct, frozen=True):
    """A row that we added: its id, and the time that we gave it."""

    id: int
    at: datetime


class SerializdMemory:
    """Kept in the cache; keys are those of addresses."""

    def __init__(self, cache: Cache, viewer: str) -> None:
        self._cache, self._viewer = cache, viewer
        self._mine = ""
        self._others = False

    async def write(self) -> None:
        """Call before a rating or another edit is sent: what an account shows at first sight need not move with it."""
        before = await self.unread()
        self._others = self._others or before not in ("", self._mine)
        self._mine = secrets.token_hex(8)  # another one each time, also within one tick of the clock
        await self._cache.put(self._unread, self._mine, seconds=LONG)

    async def unread(self) -> str:
        """Of what we wrote so and no read has told of since: empty for nothing, else for ``were_read``."""
        return str(await self._cache.get(self._unread) or "")

    def is_foreign(self, unread: str) -> bool:
        """Whether some of those were written before a restart, so that nobody remembers their rows."""
        return bool(unread) and (self._others or unread != self._mine)

    async def were_read(self, unread: str) -> None:
        """Those of which ``unread`` told, before the account was read."""
        if unread and unread == await self.unread():
            self._others = False
            await self._cache.put(self._unread, None, seconds=0)

    async def attempted(self, key: str) -> LostAddition | None:
        kept = await self._cache.get(self._attempt(key))
        return LostAddition(codec.instant(kept.get("missed"))) if isinstance(kept, dict) else None

    async def attempt(self, key: str, *, missed_at: datetime | None = None) -> None:
        """It is about to be sent; or it was, and was not found at ``missed_at``."""
        missed = codec.timestamp(missed_at) if missed_at else None
        await self._cache.put(self._attempt(key), {"missed": missed}, seconds=LONG)

    async def settled(self, key: str) -> None:
        """There is no doubt any more."""
        await self._cache.put(self._attempt(key), None, seconds=0)

    async def made(self, key: str) -> AddedRow | None:
        kept = await self._cache.get(self._made(key))
        at = codec.instant(kept.get("at")) if isinstance(kept, dict) else None
        return AddedRow(kept["id"], at) if at is not None else None

    async def keep(self, key: str, made: AddedRow) -> None:
        await self._cache.put(self._made(key), {"id": made.id, "at": codec.timestamp(made.at)}, seconds=LONG)
        await self._cache.put(self._any, made.id, seconds=LONG)

    async def forget(self, key: str) -> None:
        """It is not there any more."""
        await self._cache.put(self._made(key), None, seconds=0)

    async def is_hidden_from(self, look: BothListings) -> bool:
        """Whether such rows may exist that no listing shows: one of ours is missing, and none was ever seen there."""
        one_of_ours = await self._cache.get(self._any)
        if one_of_ours is None or await self._cache.get(self._listed):
            return False
        return not await self.saw(look.rows.values())

    async def saw(self, rows: Iterable[SerializdEntry]) -> bool:
        """Whether one of these rows, which a listing showed, is a rating by itself; if so that is remembered."""
        found = any(not row.is_log for row in rows)
        if found:
            await self._cache.put(self._listed, True, seconds=LISTED)
        return found

    @property
    def _any(self) -> str:
        return f"serializd:rated:{self._viewer}"

    @property
    def _listed(self) -> str:
        return f"serializd:rated-listed:{self._viewer}"

    @property
    def _unread(self) -> str:
        return f"serializd:rated-unread:{self._viewer}"

    def _attempt(self, key: str) -> str:
        return f"serializd:rating:{self._viewer}:{key}"

    def _made(self, key: str) -> str:
        return f"serializd:rated:{self._viewer}:{key}"
