"""The media servers' own posters, of what they themselves have reported."""

from __future__ import annotations

from scrobbled.clients.base import ServerClient
from scrobbled.core.naming.items import Item, Movie, Origin
from scrobbled.desk.posters.base import HEIGHT, WIDTH, fetched
from scrobbled.desk.posters.picture import Picture
from scrobbled.desk.posters.subject import ITEM, PosterSubject


class ServerPosters:
    """Of one server."""

    def __init__(self, name: str, client: ServerClient) -> None:
        self.name, self._client = name, client

    async def find(self, subject: PosterSubject) -> Picture | None:
        """See ``PosterSource.find``. ``None`` also for what is not kept here, or nobody said under which key."""
        origin = subject.item.origin
        key = "" if origin is None else _key(subject.item, origin)
        if origin is None or not ITEM.fullmatch(key) or not await self._client.is_here(origin.server):
            return None
        http, headers, refused = self._client.http, self._client.headers, self._client.refused
        async for path, size in self._client.posters(key, WIDTH, HEIGHT):
            found = await fetched(http, path, params=size, headers=headers, refused=refused)
            if found is not None:
                return found
        return None


def _key(item: Item, origin: Origin) -> str:
    """Of an episode the show's: its own picture is a still."""
    return origin.key if isinstance(item, Movie) else origin.show_key or ""
