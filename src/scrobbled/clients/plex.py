"""Plex servers, asked with the headers that plex.tv wants as well (``clients.plextv``).

https://plexapi.dev has the requests. A token travels in a header and never in a URL, as URLs are logged.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Iterable

from msgspec import Struct

from scrobbled import __version__
from scrobbled.clients.base import NAME, PAGE, JsonRow, Query, ServerClient, allowed, document, pages, rows
from scrobbled.clients.plex_lists import LARGE_PAGE, ListedPage, ListGone, PlexListing, page_of
from scrobbled.core.errors import ContractDrift, Refused
from scrobbled.plumbing.fields import decimal, text
from scrobbled.plumbing.http import Answer, Http, StreamedAnswer

REFUSED = "The Plex server refused the token. Put one of the server's owner under sources.plex.server_token"
LIBRARY = "com.plexapp.plugins.library"
"""What every call below ``/:/`` names as the plugin that it is for."""
AT_ONCE = 20
"""Items asked for in one request, by their keys."""
THUMB = re.compile(r"/library/metadata/[0-9]{1,20}/(?:thumb|poster)/[0-9]{1,20}", re.ASCII)


def headers(token: str, *, client: str = "", accept: str = "application/json") -> dict[str, str]:
    """XML is what Plex answers where nothing is accepted. ``client`` names an installation of ours to plex.tv."""
    own = {"X-Plex-Product": NAME, "X-Plex-Version": __version__, "X-Plex-Client-Identifier": client} if client else {}
    return {"Accept": accept, **own, **({"X-Plex-Token": token} if token else {})}


def paging(start: int, size: int) -> dict[str, str]:
    """Headers that ask for so many rows of a list, from that number on."""
    return {"X-Plex-Container-Start": str(start), "X-Plex-Container-Size": str(size)}


class Container(Struct, frozen=True):
    """The ``MediaContainer`` of an answer; ``what`` is the request, for messages."""

    held: JsonRow
    what: str

    def rows(self, name: str = "Metadata") -> list[JsonRow]:
        """A list without any lacks its name altogether. Raises ``ContractDrift`` for anything but objects."""
        return rows(self.held, name, self.what) if name in self.held else []


class PlexClient(ServerClient):
    """One Plex Media Server, as whoever has the token sees it."""

    def __init__(self, http: Http, token: str, *, refused: str = REFUSED) -> None:
        super().__init__(http, headers(token), refused)
        self._verb = "PUT"

    async def ask(self, path: str, *, start: int | None = None, **query: str | int) -> Container:
        """What has to be there. A page from ``start`` on where that is given, else everything."""
        answer = await self._send(path, start, query)
        found = self._container(answer)
        if found is None:
            raise ContractDrift(f"{answer.what} answered 404, so this is no Plex; check the address")
        return found

    async def find(self, path: str, **query: str | int) -> Container | None:
        """The same; ``None`` for what is not there, or not for this token."""
        return self._container(await self._send(path, None, query))

    async def pages(self, path: str, query: Query) -> AsyncIterator[list[JsonRow]]:
        """The pages of a list of items; see ``clients.base.pages``."""

        async def page(start: int) -> tuple[list[JsonRow], float]:
            found = await self.ask(path, start=start, **query)
            listed = found.rows()
            return listed, decimal(found.held.get("totalSize")) or start + len(listed) + 1

        async for listed in pages(page, lambda row: (row.get("historyKey"), row.get("ratingKey"))):
            yield listed

    async def page(self, path: str, query: Query, *, start: int = 0, size: int = LARGE_PAGE) -> ListedPage | None:
        """Some rows of a list of items; ``None`` where there is no such list, or not for this token."""
        answer = await self._send(path, start, query, size)
        allowed(answer.status, refused=self.refused)
        self._no_xml(answer)
        if answer.status != 404 and not answer.ok:
            raise ContractDrift(f"{answer.what} answered {answer.status}")
        return page_of(answer) if answer.ok else None

    def listing(self, path: str, query: Query) -> PlexListing:
        """All of such a list. One that is not there any more raises ``ListGone`` when it is gone through."""

        async def page(start: int) -> ListedPage:
            found = await self.page(path, query, start=start)
            if found is None:
                raise ListGone(f"GET {path} answered 404")
            return found

        return PlexListing(page)

    async def items(self, keys: Iterable[str]) -> dict[str, JsonRow]:
        """Items with their guids, by their keys; those that are no longer there are left out."""
        found: dict[str, JsonRow] = {}
        wanted = list(dict.fromkeys(keys))
        for at in range(0, len(wanted), AT_ONCE):
            listed = await self.find(f"/library/metadata/{','.join(wanted[at : at + AT_ONCE])}", includeGuids=1)
            found |= {text(row.get("ratingKey")): row for row in (listed.rows() if listed else ())}
        return found

    async def change(self, path: str, **query: str | int) -> bool:
        """One of the calls below ``/:/``, about the item ``key``; false where that is not there, or not for this token.

        Older servers take such a call as a GET alone, and say so by 405 or as if the item were not there; it is
        remembered. Raises ``Refused`` for what this one does not take (400). A repeated mark raises a count, so whoever
        calls this reads first.
        """
        query, verb = {"identifier": LIBRARY, **query}, self._verb
        answer = await self.http.send(verb, path, params=query, headers=self.headers, changes=True)
        if answer.status in (404, 405) and verb == "PUT":
            answer = await self.http.send("GET", path, params=query, headers=self.headers, changes=True)
            if answer.ok:
                self._verb = "GET"
        if answer.status == 400:
            raise Refused(f"{answer.what} answered 400: the server does not take it")
        allowed(answer.status, refused=self.refused)
        if answer.status != 404 and not answer.ok:
            raise ContractDrift(f"{answer.what} answered {answer.status}")
        return answer.ok

    async def identity(self) -> str:
        """``machineIdentifier``, which webhooks call ``Server.uuid``."""
        found = await self.ask("/identity")
        identity = text(found.held.get("machineIdentifier"))
        if not identity:
            raise ContractDrift(f"{found.what} answered no machineIdentifier, so this is no Plex; check the address")
        return identity

    async def posters(self, key: str, width: int, height: int) -> AsyncIterator[tuple[str, Query]]:
        """The small picture, and the one that it is made of, which may have several MB."""
        found = await self.find(f"/library/metadata/{key}")
        thumb = next(iter(found.rows()), {}).get("thumb") if found else None
        if isinstance(thumb, str) and THUMB.fullmatch(thumb):
            yield "/photo/:/transcode", {"url": thumb, "width": width, "height": height, "minSize": 1, "upscale": 0}
            yield thumb, {}

    @contextlib.asynccontextmanager
    async def listen(self, path: str, *, silence: float, **query: str | int) -> AsyncIterator[StreamedAnswer | None]:
        """What the server tells as it happens, see ``Http.listen``; ``None`` where it has no such thing."""
        accepting = {**self.headers, "Accept": "text/event-stream"}
        async with self.http.listen(path, params=query, headers=accepting, silence=silence) as streaming:
            allowed(streaming.status, refused=self.refused)
            if not streaming.ok and streaming.status != 404:
                raise ContractDrift(f"{streaming.what} answered {streaming.status}")
            yield streaming if streaming.ok else None

    async def _send(self, path: str, start: int | None, query: Query, size: int | None = None) -> Answer:
        asked = {} if start is None else paging(start, size or PAGE)
        return await self.http.send("GET", path, params=query, headers={**self.headers, **asked})

    def _no_xml(self, answer: Answer) -> None:
        begins = answer.body.lstrip()[:9].lower()
        if answer.ok and begins.startswith((b"<!doctype", b"<html")):
            raise ContractDrift(f"{answer.what} answered a web page; a proxy or its sign-in may stand in between")
        if answer.ok and begins.startswith(b"<"):
            raise ContractDrift(
                f"{answer.what} answered XML instead of JSON; a proxy in between may drop the Accept header"
            )

    def _container(self, answer: Answer) -> Container | None:
        self._no_xml(answer)
        content = document(answer, refused=self.refused)
        if content is None:
            return None
        held = content.get("MediaContainer")
        if not isinstance(held, dict):
            raise ContractDrift(f"{answer.what} answered without MediaContainer, so this is no Plex; check the address")
        return Container(held, answer.what)
