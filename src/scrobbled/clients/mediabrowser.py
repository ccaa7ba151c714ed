"""Jellyfin and Emby, which descend from one server and differ in little."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import quote

from msgspec import Struct

from scrobbled import __version__
from scrobbled.clients.base import NAME, PAGE, JsonRow, Query, ServerClient, allowed, document, pages, rows
from scrobbled.core.errors import ContractDrift
from scrobbled.plumbing.fields import identifier, lowered
from scrobbled.plumbing.http import Answer, Http


class MediaBrowserKind(Struct, frozen=True):
    """In what the two differ. ``items`` is the path of a user's items; ``{user}`` in it is the user's id."""

    source: str
    name: str
    items: str
    own_header: bool = False
    """Emby's ``X-Emby-Token``, which Jellyfin is about to drop."""

    @property
    def refused(self) -> str:
        where = f"sources.{self.source}.server_token"
        return f"The {self.name} server refused the API key. Put one of its administrator under {where}"


DIALECTS = {
    "jellyfin": MediaBrowserKind("jellyfin", "Jellyfin", "/Items"),
    "emby": MediaBrowserKind("emby", "Emby", "/Users/{user}/Items", own_header=True),
}


class MediaBrowserClient(ServerClient):
    """One server of either. The key never stands in a URL, as URLs are logged."""

    def __init__(self, dialect: MediaBrowserKind, http: Http, token: str) -> None:
        self.dialect = dialect
        parts = {"Token": token, "Client": NAME, "Device": NAME, "DeviceId": NAME, "Version": __version__}
        told = ", ".join(f'{key}="{value}"' for key, value in parts.items())
        extra = {"X-Emby-Token": token} if dialect.own_header else {}
        headers = {"Authorization": f"MediaBrowser {told}", "Accept": "application/json", **extra}
        super().__init__(http, headers, dialect.refused)

    async def send(self, path: str, query: Query | None = None) -> Answer:
        """An answer as it is."""
        return await self.http.send("GET", path, params=query, headers=self.headers)

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
        path, given = "/Items", query
        if user:
            path = self.dialect.items.format(user=quote(user, safe=""))
            given = query if "{user}" in self.dialect.items else {**query, "userId": user}
        found, what = await self.ask(path, given)
        return rows(found, "Items", what)

    async def pages(self, query: Query, user: str) -> AsyncIterator[list[JsonRow]]:
        """The pages of a user's items; see ``clients.base.pages``."""

        async def page(start: int) -> tuple[list[JsonRow], None]:
            return await self.items({**query, "StartIndex": start, "Limit": PAGE}, user), None

        async for listed in pages(page, lambda row: (row.get("Id"), row.get("UserData"))):
            yield listed

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
