"""From which library of a Jellyfin or Emby server something is: as its file lies in one of that library's folders.

https://api.jellyfin.org: ``/Library/VirtualFolders`` has the title and the folders of each library, for an
administrator; an item has its ``Path``. Jellyfin's own plugin names libraries by the path too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scrobbled.catalogues.base import KEEP_MISS, CachedData, kept
from scrobbled.clients.mediabrowser import MediaBrowserClient
from scrobbled.core.naming.items import Origin
from scrobbled.plumbing.cache import Cache
from scrobbled.plumbing.fields import lowered, part, text

LONGEST_PATH = 4096
FOLDERS = "/Library/VirtualFolders"


class MediaBrowserLibraries:
    """Answers about one server are kept: paths of items for a month, the libraries for an hour."""

    def __init__(self, client: MediaBrowserClient, cache: Cache) -> None:
        self._client, self._cache = client, cache

    async def title_of(self, origin: Origin) -> str:
        """Empty for an item of another server, and for one that lies in no library. Raises ``TrackerError``."""
        if not await self._client.is_here(origin.server):
            return ""
        path = _plain((await self._item(origin)).get("path", ""))
        folders = (await self._folders(origin.server)).get("folders", [])
        inside = [(len(folder), title) for title, folder in folders if path.startswith(f"{_plain(folder)}/")]
        return str(max(inside)[1]) if path and inside else ""

    async def titles(self) -> list[str]:
        """Of all libraries. Raises ``TrackerError``."""
        return list(dict.fromkeys(title for title, _ in await self._listed()))

    async def _item(self, origin: Origin) -> CachedData:
        key = origin.key.partition("#")[0]

        async def ask() -> CachedData:
            path = text((await self._client.item(key, "Path")).get("path"), limit=LONGEST_PATH)
            return {"path": path} if path else {}

        return await kept(self._cache, f"{self._client.dialect.source}:{origin.server}:path:{key}", ask)

    async def _folders(self, server: str) -> CachedData:
        key = f"{self._client.dialect.source}:{server}:libraries"
        found = await self._cache.get(key)
        if not isinstance(found, dict):
            found = {"folders": [list(pair) for pair in await self._listed()]}
            await self._cache.put(key, found, seconds=KEEP_MISS)
        return found

    async def _listed(self) -> list[tuple[str, str]]:
        """Title and folder, one for each folder of each library."""
        listed = map(lowered, await self._client.listed(FOLDERS))
        return [(title, folder) for row in listed for title, folder in _folders_of(row)]


def _folders_of(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Also by the names under which players on the network find them, which some versions tell of an item."""
    title = text(row.get("name"))
    infos = part(row, "libraryoptions").get("pathinfos")
    shared = [info.get(name) for info in _objects(infos) for name in ("path", "networkpath")]
    given = row.get("locations")
    for folder in [*(given if isinstance(given, list) else []), *shared]:
        if title and (path := text(folder, limit=LONGEST_PATH)):
            yield title, path


def _objects(value: Any) -> Sequence[Mapping[str, Any]]:
    return [lowered(one) for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _plain(path: str) -> str:
    """Servers on Windows write both kinds of slashes, and do not care about case."""
    return path.replace("\\", "/").rstrip("/").casefold()
