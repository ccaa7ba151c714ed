"""Stand-in of a Kodi player: it tells what it plays over its websocket, and an add-on posts it; both name nobody."""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx

from scrobbled.sandbox.base import Answered, Reply, Request, StandIn, control_body, route
from scrobbled.sandbox.kodi_socket import PLAYER, KodiSocket, Playing, clock, details, named
from scrobbled.sandbox.mediabrowser_rows import Row
from scrobbled.sandbox.plex_library import Library, LibraryItem
from scrobbled.sandbox.posting import Delivery, Message, post, reported

METHODS = {
    "play": "Player.OnPlay",
    "pause": "Player.OnPause",
    "resume": "Player.OnResume",
    "seek": "Player.OnSeek",
    "stop": "Player.OnStop",
    "update": "VideoLibrary.OnUpdate",
}
EVENING = ("play", "pause", "resume", "stop", "update")
PLACES = {"play": 0.0, "pause": 0.4, "resume": 0.4, "seek": 0.5, "stop": 1.0, "update": 1.0}
UNTIL = 0.98
GLANCE = 0.2
"""Seconds between two events for those who are connected, who have to ask what is on while it is."""


class KodiStandIn(StandIn):
    """``hooks`` are the addresses that its add-on posts to; ``socket`` tells who is connected."""

    name = "kodi"

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        self.hooks: list[str] = []
        self.transport: httpx.AsyncBaseTransport | None = None
        self.playcounts: dict[str, int] = {}
        """By the world's key."""
        self.playing: Playing | None = None
        self.socket = KodiSocket(lambda: self.library, lambda: self.playing)

    @contextlib.asynccontextmanager
    async def listening(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
        """Its websocket; see ``KodiSocket.listening``."""
        async with self.socket.listening(host, port) as address:
            yield address

    @functools.cached_property
    def library(self) -> Library:
        return Library(self.world)

    async def watch(
        self, item: LibraryItem, *, events: Sequence[str] = EVENING, until: float = UNTIL
    ) -> list[Delivery]:
        """One viewing as far as ``until`` (1.0 is the end). Kodi tells no time, so it is when it arrives.

        Raises ``KeyError`` for an unknown event.
        """
        done: list[Delivery] = []
        for event in events:
            if self.socket.there:
                await self.sleep(GLANCE)
            done += await self.do(event, item, min(PLACES[event], until), ended=until >= UNTIL)
        return done

    async def do(self, event: str, item: LibraryItem, place: float, *, ended: bool = False) -> list[Delivery]:
        """One thing that happens, ``place`` of 1 through the item; ``ended`` is what a stop says of itself."""
        if event == "update":
            self.playcounts[item.rating_key] = self.playcounts.get(item.rating_key, 0) + 1
        elif event == "stop":
            self.playing = None
        else:
            self.playing = Playing(item, place, speed=0 if event == "pause" else 1)
        for method in METHODS[event], *(["Player.OnAVStart"] if event == "play" else []):
            await self.socket.tell(_notification(method, self._told(event, item, ended=ended)))
        row = _notification(METHODS[event], self._posted(event, item, place, ended=ended))
        message = Message("application/json", json.dumps(row).encode())
        return [await post(METHODS[event], url, message, transport=self.transport) for url in self.hooks]

    def _told(self, event: str, item: LibraryItem, *, ended: bool) -> Row:
        """What Kodi itself tells of it: its own number, and neither ids nor times."""
        if event == "update":
            return {"item": named(item), "playcount": self.playcounts[item.rating_key]}
        if event == "stop":
            return {"item": named(item), "end": ended}
        return {"item": named(item), "player": {"playerid": PLAYER, "speed": 0 if event == "pause" else 1}}

    def _posted(self, event: str, item: LibraryItem, place: float, *, ended: bool) -> Row:
        """The same with what an add-on adds."""
        data = {**self._told(event, item, ended=ended), "item": {**named(item), **details(item)}}
        if event == "update":
            return data
        times = {"time": clock(round(item.duration * place)), "totaltime": clock(item.duration)}
        return {**data, "player": {"playerid": PLAYER, "speed": 0 if event == "pause" else 1, **times}}

    def state(self) -> dict[str, Any]:
        return {"playcounts": self.playcounts}

    @route("POST", "/_sandbox/watch")
    async def watch_by_control(self, request: Request) -> Reply:
        """``title`` ("Salt Flats", "Harbour Lights S1E2"), ``events`` and ``until``."""
        given = control_body(request, dict)
        events, until = given.get("events", EVENING), given.get("until", UNTIL)
        if not isinstance(events, list | tuple) or not set(events) <= set(PLACES) or not isinstance(until, int | float):
            return Reply(400, {"message": f"events are names of {', '.join(PLACES)}, until is a number"})
        try:
            item = self.library.find(str(given.get("title", "")))
        except LookupError as error:
            raise Answered(Reply(400, {"message": str(error)})) from None
        return reported(await self.watch(item, events=events, until=until))

    @route("POST", "/_sandbox/hooks")
    def set_hooks(self, request: Request) -> Reply:
        """``{"urls": […]}``: where its add-on posts to."""
        self.hooks = [str(url) for url in control_body(request, dict).get("urls", [])]
        return Reply(200, {"hooks": len(self.hooks)})


def _notification(method: str, data: Row) -> Row:
    return {"jsonrpc": "2.0", "method": method, "params": {"sender": "xbmc", "data": data}}
