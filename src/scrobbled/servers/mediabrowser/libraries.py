"""From which library of a Jellyfin or Emby server something is: as its file lies in one of that library's folders.

https://api.jellyfin.org: ``/Library/VirtualFolders`` has the title and the folders of each library, for an
administrator; an item has its ``Path``. Jellyfin's own plugin names libraries by the path too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scrobbled.catalogues.base import KEEP_MISS, Cache, Kept, kept, rows
from scrobbled.catalogues.mediabrowser import Dialect, headers, identity, read
from scrobbled.core.errors import ContractDrift, LoginNeeded
from scrobbled.core.items import Origin
from scrobbled.http import Http
from scrobbled.sources.fields import text
from scrobbled.sources.mediabrowser import identifier, lowered, part

LONGEST_PATH = 4096
FOLDERS = "/Library/VirtualFolders"


class Libraries:
    """Answers about one server are kept: paths of items for a month, the libraries for an hour."""

    def __init__(self, dialect: Dialect, http: Http, token: str, cache: Cache) -> None:
        self._dialect, self._http, self._token, self._cache = dialect, http, token, cache
        self._identity = ""

    async def title_of(self, origin: Origin) -> str:
        """Empty for an item of another server, and for one that lies in no library. Raises ``TrackerError``."""
        if not self._identity:
            self._identity = await identity(self._http, self._token, self._dialect)
        if origin.server != self._identity:
            return ""
        path = _plain((await self._item(origin.key.partition("#")[0])).get("path", ""))
        folders = (await self._folders()).get("folders", [])
        inside = [(len(folder), title) for title, folder in folders if path.startswith(f"{_plain(folder)}/")]
        return str(max(inside)[1]) if path and inside else ""

    async def titles(self) -> list[str]:
        """Of all libraries. Raises ``TrackerError``."""
        return list(dict.fromkeys(title for title, _ in await self._listed()))

    async def _item(self, key: str) -> Kept:
        async def ask() -> Kept:
            query = {"Ids": key, "Recursive": "true", "Fields": "Path", "EnableImages": "false"}
            answer = await self._http.send("GET", "/Items", params=query, headers=headers(self._dialect, self._token))
            listed = [lowered(row) for row in rows(read(answer, self._dialect), "Items", answer.what)]
            found = (text(row.get("path"), limit=LONGEST_PATH) for row in listed if identifier(row.get("id")) == key)
            path = next(found, "")
            return {"path": path} if path else {}

        return await kept(self._cache, f"{self._dialect.source}:{self._identity}:path:{key}", ask)

    async def _folders(self) -> Kept:
        key = f"{self._dialect.source}:{self._identity}:libraries"
        found = await self._cache.get(key)
        if not isinstance(found, dict):
            found = {"folders": [list(pair) for pair in await self._listed()]}
            await self._cache.put(key, found, seconds=KEEP_MISS)
        return found

    async def _listed(self) -> list[tuple[str, str]]:
        """Title and folder, one for each folder of each library."""
        answer = await self._http.send("GET", FOLDERS, headers=headers(self._dialect, self._token))
        if answer.status in (401, 403):
            raise LoginNeeded(self._dialect.refused)
        listed = answer.json() if answer.ok else None
        if not isinstance(listed, list) or not all(isinstance(row, dict) for row in listed):
            raise ContractDrift(f"{answer.what} answered {answer.status} without a list of libraries")
        return [(title, folder) for row in map(lowered, listed) for title, folder in _folders_of(row)]


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
