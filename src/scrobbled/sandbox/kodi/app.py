"""Stand-in of a Kodi player: it tells what it plays over its websocket, and HTTP Scrobbler posts it.

Both name nobody.
"""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx

from scrobbled.sandbox.base import AnsweredEarly, Reply, Request, StandIn, control_body, route
from scrobbled.sandbox.kodi.socket import PLAYER, KodiSocket, Playing, details, named, number
from scrobbled.sandbox.mediabrowser.rows import MediaBrowserRow
from scrobbled.sandbox.plex.items import LibraryItem, show_item
from scrobbled.sandbox.plex.library import Library
from scrobbled.sandbox.posting import PostBody, WebhookPost, post, reported

METHODS = {
    "play": "Player.OnPlay",
    "pause": "Player.OnPause",
    "resume": "Player.OnResume",
    "seek": "Player.OnSeek",
    "stop": "Player.OnStop",
    "update": "VideoLibrary.OnUpdate",
}
WORDS = {"play": "start", "pause": "pause", "resume": "resume", "seek": "seek", "stop": "stop"}
"""What the add-on calls these; what is seen to its end is an ``end``, and of marks it tells nothing."""
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
        self.viewings = 0
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
    ) -> list[WebhookPost]:
        """One viewing as far as ``until`` (1.0 is the end). Kodi itself tells no time, so it is when it arrives.

        Raises ``KeyError`` for an unknown event.
        """
        done: list[WebhookPost] = []
        for event in events:
            if self.socket.there:
                await self.sleep(GLANCE)
            done += await self.do(event, item, min(PLACES[event], until), ended=until >= UNTIL)
        return done

    async def do(self, event: str, item: LibraryItem, place: float, *, ended: bool = False) -> list[WebhookPost]:
        """One thing that happens, ``place`` of 1 through the item; ``ended`` is what a stop says of itself."""
        if event == "update":
            self.playcounts[item.rating_key] = self.playcounts.get(item.rating_key, 0) + 1
        elif event == "stop":
            self.playing = None
        else:
            self.playing = Playing(item, place, speed=0 if event == "pause" else 1)
        for method in METHODS[event], *(["Player.OnAVStart"] if event == "play" else []):
            await self.socket.tell(_notification(method, self._told(event, item, ended=ended)))
        if event == "play":
            self.viewings += 1
        row = self._posted(event, item, place, ended=ended)
        message = PostBody("application/json", json.dumps(row).encode())
        return [await post(row["event"], url, message, transport=self.transport) for url in self.hooks if row]

    def _told(self, event: str, item: LibraryItem, *, ended: bool) -> MediaBrowserRow:
        """What Kodi itself tells of it: its own number, and neither ids nor times."""
        if event == "update":
            return {"item": named(item), "playcount": self.playcounts[item.rating_key]}
        if event == "stop":
            return {"item": named(item), "end": ended}
        return {"item": named(item), "player": {"playerid": PLAYER, "speed": 0 if event == "pause" else 1}}

    def _posted(self, event: str, item: LibraryItem, place: float, *, ended: bool) -> MediaBrowserRow:
        """What HTTP Scrobbler makes of it; empty where it posts nothing."""
        if event not in WORDS:
            return {}
        told, length = details(item), item.duration // 1000
        at = length if ended and event == "stop" else round(length * place)
        row = {
            "timestamp": self.now().isoformat(),
            "sessionId": f"00000000-0000-4000-8000-{self.viewings:012}",
            "event": "end" if ended and event == "stop" else WORDS[event],
            "dbId": number(item),
            "title": told["title"],
            "mediaType": item.type,
            "year": told.get("year"),
            "uniqueIds": told["uniqueid"],
            "duration": length,
            "progress": {"time": at, "percent": at / length * 100},
        }
        return row if item.show is None else {**row, **_of_show(item, told)}

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
            raise AnsweredEarly(Reply(400, {"message": str(error)})) from None
        return reported(await self.watch(item, events=events, until=until))

    @route("POST", "/_sandbox/hooks")
    def set_hooks(self, request: Request) -> Reply:
        """``{"urls": […]}``: where its add-on posts to."""
        self.hooks = [str(url) for url in control_body(request, dict).get("urls", [])]
        return Reply(200, {"hooks": len(self.hooks)})


def _notification(method: str, data: MediaBrowserRow) -> MediaBrowserRow:
    return {"jsonrpc": "2.0", "method": method, "params": {"sender": "xbmc", "data": data}}


def _of_show(item: LibraryItem, told: MediaBrowserRow) -> MediaBrowserRow:
    assert item.show is not None
    above = details(show_item(item.show))
    place = {"season": told["season"], "episode": told["episode"]}
    return {"tvShowTitle": told["showtitle"], **place, "firstAired": "", "tvShowUniqueIds": above["uniqueid"]}
