"""The pictures of the stand-ins of media servers: every item has the poster of its film or show."""

from __future__ import annotations

import asyncio
import re

from scrobbled.sandbox.base import AnsweredEarly, Reply, Request, route
from scrobbled.sandbox.plex.answers import refused
from scrobbled.sandbox.plex.items import LibraryItem
from scrobbled.sandbox.plex.library import Library
from scrobbled.sandbox.posters.drawing import poster

THUMB = re.compile(r"/library/metadata/([^/]+)/thumb/\d+")


async def drawn(title: str) -> Reply:
    """Beside the loop, as drawing takes its time."""
    return Reply(200, await asyncio.to_thread(poster, title), {"cache-control": "public, max-age=86400"}, "image/png")


def title_of(item: LibraryItem) -> str:
    return item.show.title if item.show else item.title


class PlexPictures:
    """As they are, and made smaller on demand; here both are the same."""

    library: Library

    @route("GET", "/library/metadata/{key}/thumb/{stamp:int}")
    async def thumb(self, request: Request, key: str, stamp: int) -> Reply:
        if key not in self.library.items:
            raise AnsweredEarly(refused(404, "Not Found"))
        return await drawn(title_of(self.library.items[key]))

    @route("GET", "/photo/:/transcode")
    async def smaller(self, request: Request) -> Reply:
        """``url`` is the path of a picture on this server."""
        found = THUMB.fullmatch(request.query.get("url", ""))
        if found is None or not request.query.get("width") or not request.query.get("height"):
            raise AnsweredEarly(refused(400, "Bad Request"))
        return await self.thumb(request, found[1], 0)


class MediaBrowserPictures:
    """Those of Jellyfin and Emby."""

    def item_of(self, item: str) -> LibraryItem:
        """The item of that id of the server's own."""
        raise NotImplementedError

    @route("GET", "/Items/{item}/Images/Primary")
    async def primary(self, request: Request, item: str) -> Reply:
        return await drawn(title_of(self.item_of(item)))
