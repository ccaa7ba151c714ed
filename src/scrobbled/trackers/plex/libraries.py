"""The libraries of a server that hold films or shows, and which of them a viewer chose."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal, cast

from msgspec import Struct

from scrobbled.clients.plex import PlexClient
from scrobbled.core.errors import ContractDrift
from scrobbled.core.naming.libraries import is_chosen, is_named
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


def chosen(there: Iterable[PlexLibrary], server: str, written: Collection[str]) -> list[PlexLibrary]:
    """Those of this server that the configuration names; all where it names none."""
    return [one for one in there if is_chosen(written, server, one.title)]


def missing(there: Iterable[PlexLibrary], server: str, written: Collection[str]) -> list[str]:
    """What names no library of this server."""
    known = list(there)
    return [one for one in written if not any(is_named(one, server, library.title) for library in known)]
