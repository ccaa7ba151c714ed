"""Who plays what at a Plex server at this moment, from its notifications or from its list of sessions."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from datetime import timedelta

import structlog

from scrobbled.clients.base import JsonRow
from scrobbled.core.watching.events import Account
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.fields import is_blank, milliseconds, text
from scrobbled.servers.base import IsClaimed, enveloped
from scrobbled.servers.ear import Take
from scrobbled.servers.plex.history import WATCHABLE, PlexServer
from scrobbled.servers.plex.sessions import (
    PROGRESS,
    STOPPED,
    PlexEvent,
    PlexNotice,
    PlexPlaying,
    Seat,
    begun,
    ended,
    heard,
    is_another,
    seated,
)

EVENT_SOURCE = "/:/eventsource/notifications"
LONGEST_MESSAGE = 256 * 1024
MOST_SESSIONS = 200
MOST_ITEMS = 64
ASK_AGAIN_AFTER = 10.0
"""Seconds until it is asked again whose a session is that was not in the list."""
SLACK = timedelta(minutes=1)
log = structlog.get_logger("listening")


async def messages(lines: AsyncIterator[str]) -> AsyncGenerator[str]:
    """The ``data`` of each server-sent event; one that grows beyond ``LONGEST_MESSAGE`` is dropped."""
    parts: list[str] = []
    size = 0
    async for line in lines:
        if line.startswith("data:"):
            size += len(line)
            if size <= LONGEST_MESSAGE:
                parts.append(line[5:])
        elif not line:
            if parts and size <= LONGEST_MESSAGE:
                yield "\n".join(parts)
            parts, size = [], 0


class PlexLive:
    """Hands ``take`` an event for each beginning, pause, resumption and end, and once a minute in between.

    The last is left out for accounts that no viewer lists, whose events only wait until somebody does. What nobody is
    known to watch, and what is no film or episode of a library, is nothing. Raises ``TrackerError`` where the server
    cannot be asked, and what ``take`` raises: then the same notice may come once more.
    """

    def __init__(self, server: PlexServer, machine: str, *, take: Take, claimed: IsClaimed, clock: Clock) -> None:
        self._server, self._machine, self._clock = server, machine, clock
        self._take, self._claimed = take, claimed
        self._on: dict[str, PlexPlaying] = {}
        self._items: OrderedDict[str, JsonRow | None] = OrderedDict()
        self._nobody: dict[str, float] = {}

    async def begin(self) -> None:
        """The list of sessions, at each new connection: keys begin anew when the server does."""
        rows = {said.session: (said, seat) for said, seat in seated(await self._sessions())}
        for session, on in list(self._on.items()):
            said, seat = rows.get(session, (None, None))
            if said is None or seat != on.seat or said.key != on.key:
                await self._end(session, on)
        for session, (said, seat) in rows.items():
            if session not in self._on:
                await self._sit(said, seat)

    async def looked(self) -> None:
        """The same as being notified, for a server that does not notify; to be called every ten seconds."""
        rows = list(seated(await self._sessions()))
        there = {said.session for said, _ in rows}
        for session, on in list(self._on.items()):
            if session not in there:
                await self._end(session, on)
        for said, seat in rows:
            if said.session in self._on and self._on[said.session].seat != seat:
                await self._end(said.session, self._on[said.session])
            if said.session not in self._on:
                await self._sit(said, seat)
            await self.heard(said)

    async def heard(self, notice: PlexNotice) -> None:
        if notice.session not in self._on and not await self._found(notice):
            return
        on, now = self._on[notice.session], self._clock.monotonic()
        if is_another(on, notice):
            await self._end(notice.session, on)
            await self._sit(notice, on.seat)
            on = self._on[notice.session]
        after, say = heard(on, notice, now)
        if say is not None:
            await self._tell(on, say)
        if after is None:
            self._on.pop(notice.session, None)
        else:
            self._on[notice.session] = after

    async def _found(self, notice: PlexNotice) -> bool:
        """Whose an unknown session is. At its end it is in no list any more, and so it is nobody's."""
        now = self._clock.monotonic()
        if notice.state == STOPPED or now < self._nobody.get(notice.session, 0.0):
            return False
        for said, seat in seated(await self._sessions()):
            if said.session == notice.session:
                self._nobody.pop(notice.session, None)
                await self._sit(said, seat)
                return True
        if notice.session not in self._nobody:
            log.info("somebody plays who is not told", action="listen", session=notice.session)
        if len(self._nobody) >= MOST_SESSIONS:
            self._nobody.clear()
        self._nobody[notice.session] = now + ASK_AGAIN_AFTER
        return False

    async def _sit(self, said: PlexNotice, seat: Seat) -> None:
        item = await self._item(said.key)
        duration = milliseconds(item.get("duration")) if item else None
        if len(self._on) >= MOST_SESSIONS:
            self._on.pop(next(iter(self._on)))
        self._on[said.session] = begun(seat, said.key, duration or None, said.offset, self._clock.monotonic())

    async def _end(self, session: str, on: PlexPlaying) -> None:
        await self._tell(on, ended(on, self._clock.monotonic()))
        self._on.pop(session, None)

    async def _tell(self, on: PlexPlaying, say: PlexEvent) -> None:
        item = await self._item(on.key)
        account = self._server.account(on.seat.account.id, on.seat.account.name)
        whose = Account(account.get("id", ""), account["title"])
        if item is None or (say.event == PROGRESS and not self._claimed(whose)):
            return
        offset = say.offset_ms
        if say.claimed_ms is not None and await self._is_viewed(on):
            offset = say.claimed_ms
        body = enveloped(
            "session",
            event=say.event,
            at=round(self._clock.now().timestamp()),
            Account=account,
            Server={"uuid": self._machine},
            Player={"uuid": on.seat.player, "title": on.seat.player_name},
            Metadata={**item, "viewOffset": offset},
        )
        await self._take(body)

    async def _is_viewed(self, on: PlexPlaying) -> bool:
        """Whether the server has counted it since the session began: then somebody skipped, and it is no mistake."""
        began = self._clock.now() - timedelta(seconds=self._clock.monotonic() - on.since) - SLACK
        return await self._server.viewed_since(on.key, on.seat.account.id, began)

    async def _item(self, key: str) -> JsonRow | None:
        """``None`` for what cannot count: trailers, clips, music, and what is in no library."""
        if key not in self._items:
            found = (await self._server.items([key])).get(key)
            self._items[key] = found if found is not None and _counts(found) else None
        self._items.move_to_end(key)
        while len(self._items) > MOST_ITEMS:
            self._items.popitem(last=False)
        return self._items[key]

    async def _sessions(self) -> Sequence[JsonRow]:
        return (await self._server.client.ask("/status/sessions")).rows()


def _counts(item: JsonRow) -> bool:
    in_library = bool(text(item.get("librarySectionID")))
    return item.get("type") in WATCHABLE and in_library and is_blank(item.get("extraType"))
