"""Stand-in of a Kodi player whose notifications an add-on posts on: the shape of its JSON-RPC, without any account."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from typing import Any

import httpx

from scrobbled.sandbox.base import Answered, Reply, Request, StandIn, control_body, route
from scrobbled.sandbox.mediabrowser_rows import Row, provider_ids
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


class KodiStandIn(StandIn):
    """``hooks`` are the addresses that its add-on posts to."""

    name = "kodi"

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        self.hooks: list[str] = []
        self.transport: httpx.AsyncBaseTransport | None = None
        self.playcounts: dict[str, int] = {}
        """By the world's key."""

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
            if event == "update":
                self.playcounts[item.rating_key] = self.playcounts.get(item.rating_key, 0) + 1
            row = self._notification(event, item, min(PLACES[event], until), until)
            message = Message("application/json", json.dumps(row).encode())
            done += [await post(METHODS[event], url, message, transport=self.transport) for url in self.hooks]
        return done

    def _notification(self, event: str, item: LibraryItem, place: float, until: float) -> Row:
        data: Row = {"item": _item(item)}
        if event == "update":
            data["playcount"] = self.playcounts[item.rating_key]
        else:
            times = {"time": _clock(round(item.duration * place)), "totaltime": _clock(item.duration)}
            data["player"] = {"playerid": 1, "speed": 0 if event == "pause" else 1, **times}
        if event == "stop":
            data["end"] = until >= UNTIL
        return {"jsonrpc": "2.0", "method": METHODS[event], "params": {"sender": "xbmc", "data": data}}

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


def _item(item: LibraryItem) -> Row:
    ids = {name.lower(): value for name, value in provider_ids(item).items()}
    row: Row = {"id": int(item.rating_key), "type": item.type, "title": item.title, "uniqueid": ids}
    if item.show and item.episode:
        return {**row, "showtitle": item.show.title, "season": item.episode.season, "episode": item.episode.number}
    return {**row, "year": item.movie.year} if item.movie else row


def _clock(milliseconds: int) -> Row:
    seconds = milliseconds // 1000
    parts = {"hours": seconds // 3600, "minutes": seconds // 60 % 60, "seconds": seconds % 60}
    return {**parts, "milliseconds": milliseconds % 1000}
