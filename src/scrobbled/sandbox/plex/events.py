"""The event source of a Plex Media Server: who listens, and what they are told while something plays.

The real server names each event and puts one bare object into ``data``; what comes over its websocket has the same
entry in a list inside a ``NotificationContainer``. A ``ping`` without content comes every ten seconds.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from scrobbled.sandbox.base import Dropped
from scrobbled.sandbox.plex.people import PlexAccount
from scrobbled.sandbox.plex.player import PlexSession

PING_SECONDS = 10.0


@dataclass(eq=False, slots=True)
class _Listener:
    account: PlexAccount
    wanted: frozenset[str]
    """Names of events; empty is all of them."""
    waiting: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)
    drop: bool = False

    def takes(self, event: str, account: PlexAccount | None) -> bool:
        """The owner hears of everybody; others hear of themselves."""
        allowed = self.account.owner or account is None or account.id == self.account.id
        return allowed and (not self.wanted or event in self.wanted)


class Notices:
    """Everybody who listens at ``/:/eventsource/notifications``.

    ``contained`` wraps entries as the websocket does, which some listeners expect of both.
    """

    def __init__(self) -> None:
        self._listeners: list[_Listener] = []
        self.ping_seconds = PING_SECONDS
        self.contained = False

    def __len__(self) -> int:
        return len(self._listeners)

    def listen(self, account: PlexAccount, filters: str) -> AsyncIterator[bytes]:
        """What this listener is told from now on, as server-sent events; ``filters`` is comma-joined."""
        listener = _Listener(account, frozenset(part.strip() for part in filters.split(",") if part.strip()))
        self._listeners.append(listener)
        return self._told(listener)

    def playing(self, session: PlexSession, state: str) -> None:
        """``state`` is ``playing``, ``paused``, ``stopped`` or ``buffering``."""
        self.tell("playing", {"PlaySessionStateNotification": playing_entry(session, state)}, session.account)

    def tell(self, event: str, data: Mapping[str, Any], account: PlexAccount | None = None) -> None:
        """``data`` has one entry, by the name of its kind; ``account`` is whom it is about."""
        shown = _contained(event, data) if self.contained else data
        for listener in self._listeners:
            if listener.takes(event, account):
                listener.waiting.put_nowait(_written(event, shown))

    def end(self, *, drop: bool = False) -> None:
        """Every open stream comes to its end, or has its connection cut, as when the server restarts."""
        for listener in self._listeners:
            listener.drop = drop
            listener.waiting.put_nowait(None)

    async def _told(self, listener: _Listener) -> AsyncIterator[bytes]:
        try:
            yield _written("ping", {})
            while (line := await self._next(listener)) is not None:
                yield line
            if listener.drop:
                raise Dropped
        finally:
            self._listeners.remove(listener)

    async def _next(self, listener: _Listener) -> bytes | None:
        try:
            return await asyncio.wait_for(listener.waiting.get(), self.ping_seconds)
        except TimeoutError:
            return _written("ping", {})


def playing_entry(session: PlexSession, state: str) -> dict[str, Any]:
    """No user and no length: those are in ``/status/sessions`` and with the item."""
    return {
        "sessionKey": str(session.key),
        "clientIdentifier": session.device.uuid,
        "guid": "",
        "ratingKey": session.item.rating_key,
        "url": "",
        "key": f"/library/metadata/{session.item.rating_key}",
        "viewOffset": session.offset,
        "playQueueItemID": 100 + session.key,
        "playQueueID": session.key,
        "state": state,
    }


def _contained(event: str, data: Mapping[str, Any]) -> dict[str, Any]:
    entries = {name: [entry] for name, entry in data.items()}
    return {"NotificationContainer": {"type": event, "size": 1, **entries}}


def _written(event: str, data: Mapping[str, Any]) -> bytes:
    return f"event: {event}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()
