"""Jellyfin and Emby, which descend from one server and differ in little."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from scrobbled import __version__
from scrobbled.clients.base import NAME, PAGE, JsonRow, Query, ServerClient, allowed, document, pages, rows, whole
from scrobbled.core.errors import ContractDrift, LoginNeeded, Refused
from scrobbled.plumbing.fields import identifier, lowered
from scrobbled.plumbing.http import Answer, Http

PATIENCE = 90.0


class MediaBrowserKind(Struct, frozen=True):
    """In what the two differ. In paths ``{user}`` is the user's id, which is a parameter where it is not in them, and
    ``{item}`` the key of an item.
    """

    source: str
    name: str
    items: str
    played: str
    """Marks as played by ``POST``, and takes that back by ``DELETE``."""
    data: str
    """The user data of an item; Emby's description lacks it, but other programs use it."""
    views: str
    """The libraries that a user sees."""
    date: tuple[str, str]
    """The parameter for the date of a mark, and how that is written, in UTC."""
    me: str = ""
    """Tells whose a token is; empty where that is not known to be told."""
    own_header: bool = False
    """Emby's ``X-Emby-Token``, which Jellyfin is about to drop."""

    @property
    def refused(self) -> str:
        where = f"sources.{self.source}.server_token"
        return f"The {self.name} server refused the API key. Put one of its administrator under {where}"


DIALECTS = {
    "jellyfin": MediaBrowserKind(
        "jellyfin",
        "Jellyfin",
        items="/Items",
        played="/UserPlayedItems/{item}",
        data="/UserItems/{item}/UserData",
        views="/UserViews",
        date=("datePlayed", "%Y-%m-%dT%H:%M:%SZ"),
        me="/Users/Me",
    ),
    "emby": MediaBrowserKind(
        "emby",
        "Emby",
        items="/Users/{user}/Items",
        played="/Users/{user}/PlayedItems/{item}",
        data="/Users/{user}/Items/{item}/UserData",
        views="/Users/{user}/Views",
        date=("DatePlayed", "%Y%m%d%H%M%S"),
        own_header=True,
    ),
}


class MediaBrowserClient(ServerClient):
    """One server of either. The key never stands in a URL, as URLs are logged."""

    def __init__(self, dialect: MediaBrowserKind, http: Http, token: str, *, refused: str = "") -> None:
        """Without a ``token`` nobody is signed in. ``refused`` is what to say where the server does not take it."""
        self.dialect = dialect
        own = {"Token": token} if token else {}
        parts = {**own, "Client": NAME, "Device": NAME, "DeviceId": NAME, "Version": __version__}
        told = ", ".join(f'{key}="{value}"' for key, value in parts.items())
        extra = {"X-Emby-Token": token} if dialect.own_header and token else {}
        headers = {"Authorization": f"MediaBrowser {told}", "Accept": "application/json", **extra}
        super().__init__(http, headers, refused or dialect.refused)

    async def send(self, path: str, query: Query | None = None, *, patience: float = 30.0) -> Answer:
        """An answer as it is; ``patience`` is how many seconds the server may think about it."""
        return await self.http.send("GET", path, params=query, headers=self.headers, timeout=patience)

    async def ask(self, path: str, query: Query | None = None) -> tuple[JsonRow, str]:
        """An object, and the request for messages."""
        answer = await self.send(path, query)
        content = document(answer, refused=self.refused)
        if content is None:
            raise ContractDrift(f"{answer.what} answered 404; is this the address of {self.dialect.name}?")
        return content, answer.what

    async def listed(self, path: str) -> list[JsonRow]:
        """What is answered as a bare list of objects."""
        answer = await self.send(path)
        allowed(answer.status, refused=self.refused)
        found = answer.json() if answer.ok else None
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            raise ContractDrift(f"{answer.what} answered {answer.status} without a list")
        return found

    async def items(self, query: Query, user: str = "") -> list[JsonRow]:
        """Items as the server tells them to a key, or to that user, by the id as it is written there."""
        found, what = await self.listing(query, user)
        return rows(found, "Items", what)

    async def listing(self, query: Query, user: str = "") -> tuple[JsonRow, str]:
        """The same with what stands around them."""
        return await self.ask(*self._items(query, user))

    async def page(self, query: Query, user: str) -> Answer:
        """The same as it came, not yet read. A small machine takes its time for thousands of items."""
        answer = await self.send(*self._items(query, user), patience=PATIENCE)
        allowed(answer.status, refused=self.refused)
        if not answer.ok:
            raise ContractDrift(f"{answer.what} answered {answer.status}; is this the address of {self.dialect.name}?")
        return answer

    def _items(self, query: Query, user: str) -> tuple[str, Query]:
        return self._of(self.dialect.items, user, query=query) if user else ("/Items", query)

    def _of(self, path: str, user: str, item: str = "", query: Query | None = None) -> tuple[str, Query]:
        """The path for this user, and the query."""
        filled = path.format(user=quote(user, safe=""), item=quote(item, safe=""))
        return filled, (query or {}) if "{user}" in path else {**(query or {}), "userId": user}

    async def number(self, query: Query, user: str) -> int | None:
        """How many items there are in all; ``None`` where the server does not count them."""
        found, _ = await self.listing(query, user)
        return whole(found.get("TotalRecordCount"))

    async def pages(self, query: Query, user: str) -> AsyncIterator[list[JsonRow]]:
        """The pages of a user's items; see ``clients.base.pages``."""

        async def page(start: int) -> tuple[list[JsonRow], None]:
            return await self.items({**query, "StartIndex": start, "Limit": PAGE}, user), None

        async for listed in pages(page, lambda row: (row.get("Id"), row.get("UserData"))):
            yield listed

    async def views(self, user: str) -> list[JsonRow] | None:
        """The libraries that this user sees; ``None`` where the token may not see them, or there is no such list."""
        answer = await self.send(*self._of(self.dialect.views, user))
        if answer.status == 401:
            raise LoginNeeded(self.refused)
        return rows(_object(answer), "Items", answer.what) if answer.ok else None

    async def change(self, method: str, path: str, query: Query | None = None, body: Any = None) -> Answer:
        """An answer as it is, to what may be repeated without another effect."""
        return await self.http.send(method, path, params=query, json=body, headers=self.headers)

    async def mark(self, user: str, item: str, at: datetime | None) -> bool:
        """As played, last at that time (aware UTC), without one now. False for what is not there."""
        name, form = self.dialect.date
        dated = {} if at is None else {name: at.strftime(form)}
        return self._done(await self.change("POST", *self._of(self.dialect.played, user, item, dated)))

    async def unmark(self, user: str, item: str) -> bool:
        """As not played, which forgets how often and when it was. False for what is not there."""
        return self._done(await self.change("DELETE", *self._of(self.dialect.played, user, item)))

    async def give(self, user: str, item: str, data: Mapping[str, Any]) -> Answer:
        """These user data, as a whole. Whether the server takes them is the caller's to judge."""
        answer = await self.change("POST", *self._of(self.dialect.data, user, item), data)
        if answer.status == 401:
            raise LoginNeeded(self.refused)
        return answer

    def _done(self, answer: Answer) -> bool:
        allowed(answer.status, refused=self.refused)
        if not answer.ok and answer.status != 404:
            raise Refused(f"{answer.what} answered {answer.status}")
        return answer.ok

    async def item(self, key: str, fields: str) -> JsonRow:
        """One item with these ``Fields``, the names of its members in lower case; empty where there is none."""
        found = await self.items({"Ids": key, "Recursive": "true", "Fields": fields, "EnableImages": "false"})
        return next((row for row in map(lowered, found) if identifier(row.get("id")) == key), {})

    async def identity(self) -> str:
        """``Id`` of the public information, which webhooks call ``ServerId``."""
        found, what = await self.ask("/System/Info/Public")
        identity = identifier(lowered(found).get("id"))
        if not identity:
            raise ContractDrift(f"{what} answered without Id; is this the address of {self.dialect.name}?")
        return identity

    async def posters(self, key: str, width: int, height: int) -> AsyncIterator[tuple[str, Query]]:
        yield f"/Items/{key}/Images/Primary", {"maxWidth": width, "maxHeight": height, "quality": 90}


def _object(answer: Answer) -> JsonRow:
    found = answer.json()
    if not isinstance(found, dict):
        raise ContractDrift(f"{answer.what} answered JSON that is no object")
    return found
