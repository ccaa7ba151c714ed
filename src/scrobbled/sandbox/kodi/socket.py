"""The JSON-RPC that a Kodi player speaks over its websocket: it tells what happens, and answers what it is asked."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from scrobbled.sandbox.mediabrowser.rows import MediaBrowserRow, provider_ids
from scrobbled.sandbox.plex.items import LibraryItem
from scrobbled.sandbox.plex.library import Library

PLAYER = 1
FAILED, NO_METHOD, BAD_PARAMS = -32100, -32601, -32602
ERRORS = {FAILED: "Failed to execute method.", NO_METHOD: "Method not found.", BAD_PARAMS: "Invalid params."}


@dataclass(frozen=True, slots=True)
class Playing:
    """What is on, ``place`` of 1 through it; ``speed`` 0 is paused."""

    item: LibraryItem
    place: float
    speed: int = 1


class KodiSocket:
    """Everybody who is connected is told each notification. ``playing`` says what is on."""

    def __init__(self, library: Callable[[], Library], playing: Callable[[], Playing | None]) -> None:
        self._library, self._playing = library, playing
        self.there: set[Any] = set()
        """The connections."""
        self.asked: list[str] = []
        """Methods, in the order of asking."""

    @contextlib.asynccontextmanager
    async def listening(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
        """Listen on a real port of ``host`` (0: any free one); yields the address. Leaving cuts who is connected."""
        from websockets.asyncio.server import serve

        async with serve(self._serve, host, port, compression=None, ping_interval=None, close_timeout=0.1) as server:
            number = next(iter(server.sockets)).getsockname()[1]
            yield f"ws://{f'[{host}]' if ':' in host else host}:{number}/jsonrpc"

    async def tell(self, notification: MediaBrowserRow) -> None:
        for connection in list(self.there):
            await self.send(connection, json.dumps(notification))

    async def send(self, connection: Any, text: str) -> None:
        """To one of them, as it stands; one that has gone is no trouble."""
        from websockets.exceptions import ConnectionClosed

        with contextlib.suppress(ConnectionClosed):
            await connection.send(text)

    async def _serve(self, connection: Any) -> None:
        self.there.add(connection)
        try:
            async for message in connection:
                await self.send(connection, json.dumps(self._answered(json.loads(message))))
        finally:
            self.there.discard(connection)

    def _answered(self, question: Mapping[str, Any]) -> MediaBrowserRow:
        method, given = str(question.get("method")), question.get("params") or {}
        self.asked.append(method)
        found = _METHODS[method](self, given) if method in _METHODS else NO_METHOD
        head = {"id": question.get("id"), "jsonrpc": "2.0"}
        if isinstance(found, int):
            return {"error": {"code": found, "message": ERRORS[found]}, **head}
        return {**head, "result": found}

    def _ping(self, given: Mapping[str, Any]) -> Any:
        return "pong"

    def _players(self, given: Mapping[str, Any]) -> Any:
        return [{"playerid": PLAYER, "playertype": "internal", "type": "video"}] if self._playing() else []

    def _item(self, given: Mapping[str, Any]) -> Any:
        on = self._playing()
        if on is None or given.get("playerid") != PLAYER:
            return FAILED
        return {"item": {"label": on.item.title, **named(on.item), **_chosen(details(on.item), given)}}

    def _properties(self, given: Mapping[str, Any]) -> Any:
        on = self._playing()
        if on is None or given.get("playerid") != PLAYER:
            return FAILED
        at = round(on.item.duration * on.place)
        return _chosen({"time": clock(at), "totaltime": clock(on.item.duration), "speed": on.speed}, given)

    def _of_library(self, kind: str, given: Mapping[str, Any]) -> Any:
        item = self._library().items.get(str(given.get(f"{kind}id")))
        if item is None or item.type != {"tvshow": "show"}.get(kind, kind):
            return BAD_PARAMS
        return {f"{kind}details": {"label": item.title, f"{kind}id": number(item), **_chosen(details(item), given)}}


_METHODS: Mapping[str, Callable[[KodiSocket, Mapping[str, Any]], Any]] = {
    "JSONRPC.Ping": KodiSocket._ping,
    "Player.GetActivePlayers": KodiSocket._players,
    "Player.GetItem": KodiSocket._item,
    "Player.GetProperties": KodiSocket._properties,
    "VideoLibrary.GetEpisodeDetails": lambda socket, given: socket._of_library("episode", given),
    "VideoLibrary.GetMovieDetails": lambda socket, given: socket._of_library("movie", given),
    "VideoLibrary.GetTVShowDetails": lambda socket, given: socket._of_library("tvshow", given),
}


def number(item: LibraryItem) -> int:
    """Kodi's own number of it."""
    return int(item.rating_key)


def named(item: LibraryItem) -> MediaBrowserRow:
    """As notifications name what is in the library."""
    return {"id": number(item), "type": item.type}


def details(item: LibraryItem) -> MediaBrowserRow:
    """All that can be asked of it."""
    row: MediaBrowserRow = {
        "title": item.title,
        "uniqueid": {name.lower(): value for name, value in provider_ids(item).items()},
    }
    if item.type == "show" and item.show:
        return {**row, "year": item.show.year}
    if item.show and item.episode:
        place = {"season": item.episode.season, "episode": item.episode.number, "tvshowid": int(item.show.rating_key)}
        return {**row, "showtitle": item.show.title, **place, "runtime": item.duration // 1000}
    return {**row, "year": item.movie.year, "runtime": item.duration // 1000} if item.movie else row


def clock(milliseconds: int) -> MediaBrowserRow:
    seconds = milliseconds // 1000
    parts = {"hours": seconds // 3600, "minutes": seconds // 60 % 60, "seconds": seconds % 60}
    return {**parts, "milliseconds": milliseconds % 1000}


def _chosen(row: MediaBrowserRow, given: Mapping[str, Any]) -> MediaBrowserRow:
    return {name: row[name] for name in given.get("properties", []) if name in row}
