"""The media servers' own posters, of what they themselves have reported."""

from __future__ import annotations

import re

from scrobbled.art.base import HEIGHT, WIDTH, fetched
from scrobbled.art.picture import Picture
from scrobbled.art.subject import ITEM, Subject
from scrobbled.catalogues import mediabrowser
from scrobbled.catalogues.mediabrowser import Dialect
from scrobbled.core.items import Item, Movie, Origin
from scrobbled.http import Http
from scrobbled.servers.base import Server
from scrobbled.servers.plex import REFUSED, container, listing

THUMB = re.compile(r"/library/metadata/[0-9]{1,20}/(?:thumb|poster)/[0-9]{1,20}", re.ASCII)


class _Here:
    """Whether an item is kept at this server: the same key means something else on every other."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._identity = ""

    async def key(self, item: Item) -> str:
        """The key of the film or show; empty where it is not kept here, or nobody said under which key."""
        origin = item.origin
        key = "" if origin is None else _key(item, origin)
        if origin is None or not ITEM.fullmatch(key):
            return ""
        if not self._identity:
            self._identity = await self._server.identity()
        return key if origin.server == self._identity else ""


class PlexPosters:
    """Made smaller by the server: what it holds may be several MB. Its token travels in a header."""

    name = "plex"

    def __init__(self, http: Http, token: str, server: Server) -> None:
        self._http, self._here = http, _Here(server)
        self._headers = {"X-Plex-Token": token}

    async def find(self, subject: Subject) -> Picture | None:
        """See ``art.base.Source.find``."""
        key = await self._here.key(subject.item)
        thumb = await self._thumb(key) if key else ""
        if not THUMB.fullmatch(thumb):
            return None
        size: dict[str, str | int] = {"url": thumb, "width": WIDTH, "height": HEIGHT, "minSize": 1, "upscale": 0}
        small = await self._fetched("/photo/:/transcode", size)
        return small or await self._fetched(thumb, {})

    async def _thumb(self, key: str) -> str:
        headers = {**self._headers, "Accept": "application/json"}
        answer = await self._http.send("GET", f"/library/metadata/{key}", headers=headers)
        if answer.status == 404:
            return ""
        row = next(iter(listing(container(answer), "Metadata", answer)), {})
        thumb = row.get("thumb")
        return thumb if isinstance(thumb, str) else ""

    async def _fetched(self, path: str, params: dict[str, str | int]) -> Picture | None:
        return await fetched(self._http, path, params=params, headers=self._headers, refused=REFUSED)


class MediaBrowserPosters:
    """Jellyfin's and Emby's, made smaller by the server."""

    def __init__(self, dialect: Dialect, http: Http, token: str, server: Server) -> None:
        self._dialect, self._http, self._here = dialect, http, _Here(server)
        self._headers = mediabrowser.headers(dialect, token)

    @property
    def name(self) -> str:
        return self._dialect.source

    async def find(self, subject: Subject) -> Picture | None:
        """See ``art.base.Source.find``."""
        key = await self._here.key(subject.item)
        if not key:
            return None
        size: dict[str, str | int] = {"maxWidth": WIDTH, "maxHeight": HEIGHT, "quality": 90}
        place = f"/Items/{key}/Images/Primary"
        return await fetched(self._http, place, params=size, headers=self._headers, refused=self._dialect.refused)


def _key(item: Item, origin: Origin) -> str:
    """Of an episode the show's: its own picture is a still."""
    return origin.key if isinstance(item, Movie) else origin.show_key or ""
