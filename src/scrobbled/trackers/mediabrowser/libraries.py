"""The libraries of a server that hold films or shows, and which of them a viewer chose.

A user sees the libraries as views; an administrator also as folders. Where the token may see neither, and none was
chosen, everything that the user may see is one library without a title.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from msgspec import Struct

from scrobbled.clients.base import JsonRow
from scrobbled.core.errors import ContractDrift, LoginNeeded
from scrobbled.core.naming.libraries import is_chosen, is_named
from scrobbled.plumbing.fields import identifier, lowered, text
from scrobbled.trackers.mediabrowser.seat import MediaBrowserSeat

OTHERS = frozenset(
    ("music", "musicvideos", "books", "photos", "homevideos", "boxsets", "playlists", "livetv", "trailers", "folders")
)
"""What a library may hold beside films and shows, as ``CollectionType``; a mixed one has none."""
FOLDERS = "/Library/VirtualFolders"


class MediaBrowserLibrary(Struct, frozen=True):
    """``key`` is the server's own, empty for everything there is; ``holds`` is ``movies``, ``tvshows`` or empty."""

    key: str
    title: str
    holds: str = ""


EVERYTHING = MediaBrowserLibrary("", "")


async def libraries(seat: MediaBrowserSeat) -> list[MediaBrowserLibrary] | None:
    """Those that may have films or shows, in the server's order; ``None`` where this token may see no list of them."""
    rows = await seat.client.views(seat.person.written)
    if rows is None:
        rows = await _folders(seat)
    return None if rows is None else [one for row in rows if (one := _library(lowered(row))) is not None]


async def _folders(seat: MediaBrowserSeat) -> list[JsonRow] | None:
    try:
        return await seat.client.listed(FOLDERS)
    except (LoginNeeded, ContractDrift):  # only an administrator is shown them
        return None


def _library(row: JsonRow) -> MediaBrowserLibrary | None:
    key, title = identifier(row.get("itemid")) or identifier(row.get("id")), text(row.get("name"))
    holds = text(row.get("collectiontype")).casefold()
    return MediaBrowserLibrary(key, title, holds) if key and title and holds not in OTHERS else None


def chosen(
    there: Iterable[MediaBrowserLibrary] | None, server: str, written: Collection[str]
) -> list[MediaBrowserLibrary]:
    """Those that the configuration names; all where it names none. Raises ``LoginNeeded`` where nobody can tell."""
    if there is None and written:
        raise LoginNeeded(
            f"this token may not see which libraries {server} has; use one of the user, or leave libraries empty"
        )
    return [EVERYTHING] if there is None else [one for one in there if is_chosen(written, server, one.title)]


def missing(there: Iterable[MediaBrowserLibrary], server: str, written: Collection[str]) -> list[str]:
    """What names no library of this server."""
    known = list(there)
    return [one for one in written if not any(is_named(one, server, library.title) for library in known)]
