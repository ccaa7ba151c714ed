"""Asking media servers from time to time what was watched, so that a webhook that was lost is made up for.

What is found goes the way of every webhook: it is stored as it was read, and folded with what is known already. The
first time a list is read nothing of it is taken: it is where catching up begins.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Literal

import structlog
from msgspec import Struct
from msgspec.structs import asdict

from scrobbled.clients.base import MOST_PAGES
from scrobbled.core.errors import ContractDrift, StoreError, TrackerError, TryLater
from scrobbled.core.naming.identity import same_item
from scrobbled.core.watching.events import PlaybackEvent
from scrobbled.servers.base import Server, Sighting, TakenSighting
from scrobbled.servers.condition import Condition
from scrobbled.servers.doors import ServerAccess, doors
from scrobbled.servers.kinds import SERVERS
from scrobbled.servers.kit import Kit
from scrobbled.sources.parsing import parsed
from scrobbled.store.inbox import archive, cursors, silences
from scrobbled.store.inbox import events as inbox
from scrobbled.store.inbox.cursors import Stream

FIRST_AFTER = 30.0
"""Seconds from the start: webhooks that were on their way come first."""
LOOK_EVERY = 30.0
AGAIN_AFTER = 300.0
"""Seconds until a server that did not answer is asked again, where it is asked less often."""
OVERLAP = timedelta(days=1)
"""Looked at again each time: a player that was offline tells late, and clocks differ."""
MOST_ROWS = 500
"""Of one list, taken in one go; the rest follows the next time."""
CHUNK = 50
SETTLE = timedelta(minutes=15)
"""After an item's length; until then somebody may still be watching what the server counts already."""
LONGEST_VIEWING = timedelta(hours=12)
SLACK = timedelta(minutes=2)
Where = Literal["new", "known", "later"]
log = structlog.get_logger("catching-up")


class Caught(Struct, frozen=True):
    """What one reading of a server came to. ``known`` were plays already, ``later`` may still be going on.

    ``undated`` were played at a time that the server does not say; they are left alone.
    """

    taken: int = 0
    known: int = 0
    later: int = 0
    undated: int = 0

    def __add__(self, other: Caught) -> Caught:
        known, later = self.known + other.known, self.later + other.later
        return Caught(self.taken + other.taken, known, later, self.undated + other.undated)


class CatchUp:
    """Runs until it is stopped, and asks each server that can be asked when it is time."""

    def __init__(self, kit: Kit, *, may_ask: Callable[[], bool] = lambda: True) -> None:
        """``may_ask`` is false while the clock is not to be trusted: what was read is noted by it."""
        self._kit, self._store, self._clock, self._may_ask = kit, kit.store, kit.clock, may_ask
        self._conditions: dict[str, Condition] = {}
        self._due: dict[ServerAccess, float] = {}

    @property
    def conditions(self) -> list[Condition]:
        """Of the servers that are asked."""
        return [self._condition(door.source) for door in doors(self._kit.config()) if door.every]

    async def run(self, stopping: asyncio.Event) -> None:
        """Nothing that goes wrong with one server ends it, or keeps another from being asked."""
        await self._clock.wait(stopping, FIRST_AFTER)
        while not stopping.is_set():
            now = self._clock.monotonic()
            wanted = [door for door in doors(self._kit.config()) if door.every]
            self._due = {door: self._due.get(door, now) for door in wanted}
            due = [door for door in wanted if self._due[door] <= now and self._may_ask()]
            await asyncio.gather(*(self._round(door) for door in due))
            await self._clock.wait(stopping, LOOK_EVERY)

    async def _round(self, door: ServerAccess) -> None:
        again = door.every
        condition = self._condition(door.source)
        try:
            caught = await self.once(door)
            await condition.good()
            if caught.taken:
                log.info("caught up", action="catch-up", source=door.source, **asdict(caught))
        except TrackerError as error:
            await condition.bad(error)
            again = min(again, AGAIN_AFTER) if isinstance(error, TryLater) else again
        except StoreError as error:
            log.warning("not caught up", action="catch-up", source=door.source, why=str(error))
            again = min(again, AGAIN_AFTER)
        except Exception:
            log.exception("catching up failed as it never should", action="catch-up", source=door.source)
        self._due[door] = self._clock.monotonic() + again

    async def once(self, door: ServerAccess) -> Caught:
        """Read every list of one server. Raises ``TrackerError`` and ``StoreError``; what was taken by then stays."""
        kit, kind = self._kit, SERVERS[door.source]
        if kind.history is None:
            raise ContractDrift(f"{door.source} cannot be asked what was watched")
        server = kind.history(kit.pools.to(door.source, door.url), door, kit.cache)
        identity = await server.identity()
        whole = Caught()
        for name in await server.lists(lambda account: bool(kit.claimants(door.source, account))):
            whole += await self._read(server, Stream(door.source, identity, name))
        return whole + Caught(undated=server.undated)

    async def _read(self, server: Server, stream: Stream) -> Caught:
        """The cursor moves when everything is stored; a reading that breaks off moves nothing."""
        began = self._clock.now()
        cursor = await self._store.write(lambda db: cursors.opened(db, stream, began.timestamp()))
        read_to = min(cursor.at, began.timestamp())  # a later one is of a clock that was put back
        since = datetime.fromtimestamp(max(cursor.floor, read_to - OVERLAP.total_seconds()), began.tzinfo)
        fresh, complete = await self._fresh(server, stream, since)
        caught = Caught()
        for at in range(0, len(fresh), CHUNK):
            told = await server.told(stream.name, fresh[at : at + CHUNK])
            for one in told:
                caught += await self._taken(stream, one)
        if complete or not fresh:
            forget = (since - OVERLAP).timestamp()
            to = began.timestamp()
            await self._store.write(lambda db: cursors.move(db, stream, to, forget_before=forget))
        if not complete:
            log.warning("a list is longer than can be read at once", action="catch-up", source=stream.source)
        return caught

    async def _fresh(self, server: Server, stream: Stream, since: datetime) -> tuple[list[Sighting], bool]:
        """What was not taken yet, the oldest first, and whether the list was read to its end."""
        fresh: dict[str, Sighting] = {}
        pages = 0
        latest = self._clock.now() + SLACK
        async for page in server.seen(stream.name, since):
            pages += 1
            known = await self._store.read(lambda db, p=page: cursors.taken(db, stream, [one.key for one in p]))  # type: ignore[misc]
            fresh |= {one.key: one for one in page if one.key not in known and one.at <= latest}
            if len(fresh) >= MOST_ROWS:
                break
        complete = pages < MOST_PAGES and len(fresh) < MOST_ROWS
        return sorted(fresh.values(), key=lambda one: one.at), complete

    async def _taken(self, stream: Stream, told: TakenSighting) -> Caught:
        where = await self._where(stream.source, told)
        if where == "later":
            return Caught(later=1)
        if told.body is not None and where == "new":
            await self._kit.take(stream.source, told.body)
        await self._store.write(lambda db: cursors.take(db, stream, [(told.key, told.at.timestamp())]))
        return Caught(taken=1) if where == "new" else Caught(known=1)

    async def _where(self, source: str, told: TakenSighting) -> Where:
        """Where the date is perhaps that of the beginning, the end that a webhook tells is not recognised by it.

        So that comes first, as long as it may come; and a play that ended after the date is this viewing, as any later
        one would have moved the date.
        """
        if told.body is None:
            return "known"
        if told.runtime is None:
            return "new"
        now = self._clock.now()
        if told.goes_on or told.at + told.runtime + SETTLE > now:
            return "later"
        events = parsed(source, told.body, now)
        whose = [(who.name, one) for one in events if one.item for who in self._kit.claimants(source, one.account)]
        return await self._store.read(lambda db: _judged(db, whose, told.at))

    def _condition(self, source: str) -> Condition:
        if source not in self._conditions:
            self._conditions[source] = self._kit.condition(source, "poll")
        return self._conditions[source]


def _judged(db: sqlite3.Connection, whose: Sequence[tuple[str, PlaybackEvent]], at: datetime) -> Where:
    if any(silences.goes_on(db, f"{viewer}|{event.session_key()}") for viewer, event in whose):
        return "later"
    return "known" if whose and all(_has(db, viewer, event, at) for viewer, event in whose) else "new"


def _has(db: sqlite3.Connection, viewer: str, event: PlaybackEvent, at: datetime) -> bool:
    """A play of it, or a webhook that said so and that the viewer's rules made nothing of: a mark, for one."""
    session = inbox.session_of(event)
    if event.item is None or (session is not None and cursors.told_since(db, session, (at - SLACK).timestamp())):
        return True
    first, last = (at - SLACK).timestamp(), (at + LONGEST_VIEWING).timestamp()
    return any(same_item(event.item, item) for _, item in archive.plays_between(db, viewer, first, last))
