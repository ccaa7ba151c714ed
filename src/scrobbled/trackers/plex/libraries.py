"""The libraries of a server that hold films or shows, and which of them a viewer chose."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal, cast

from msgspec import Struct

from scrobbled.clients.plex import PlexClient
from scrobbled.core.errors import ContractDrift
from scrobbled.plumbing.fields import text

LibraryKind = Literal["movie", "show"]


class PlexLibrary(Struct, frozen=True):
    """``key`` is the server's own, and ``uuid`` another than that of a library which once had the same key."""

    key: str
    title: str
    kind: LibraryKind
    uuid: str


async def libraries(client: PlexClient) -> list[PlexLibrary]:
    """Those with films or shows, in the server's order; music and photos are left out."""
    listed = await client.ask("/library/sections/all")
    rows = [row for row in listed.rows("Directory") if row.get("type") in ("movie", "show")]
    if any(not text(row.get(name)) for row in rows for name in ("key", "title")):
        raise ContractDrift(f"{listed.what} answered a library without key or title")
    return [
        PlexLibrary(text(row["key"]), text(row["title"]), cast(LibraryKind, row["type"]), text(row.get("uuid")))
        for row in rows
    ]


def chosen(there: Iterable[PlexLibrary], titles: Collection[str]) -> list[PlexLibrary]:
    """Those with one of these titles, compared trimmed and without case; without any title all."""
    wanted = {title.strip().casefold() for title in titles}
    return [one for one in there if not wanted or one.title.strip().casefold() in wanted]


def missing(there: Iterable[PlexLibrary], titles: Collection[str]) -> list[str]:
    """Titles that no library has."""
    known = {one.title.strip().casefold() for one in there}
    return [title for title in titles if title.strip().casefold() not in known]
