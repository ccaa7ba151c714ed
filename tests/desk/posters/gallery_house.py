"""A gallery over a real database, a real folder, and the stand-ins of the sandbox."""

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from conftest import FakeClock
from scrobbled.config import load
from scrobbled.core.naming.items import Item
from scrobbled.desk.posters import Gallery, Picture, PictureCache
from scrobbled.desk.posters.means import means
from scrobbled.desk.posters.subject import of_item
from scrobbled.plumbing.pools import Pools
from scrobbled.runtime import wiring
from scrobbled.sandbox.server import Sandbox
from scrobbled.store import Store
from scrobbled.store.notes.cache import StoredCache

TMDB = {
    "tmdb": {
        "key": "0123456789abcdef0123456789abcdef",
        "url": "http://sandbox/tmdb/3",
        "image_url": "http://sandbox/tmdb/t/p",
    }
}
SERVERS = {
    "plex": {"token": "hook-token-plex-01", "url": "http://sandbox/plex", "server_token": "sandbox-plex-token"},
    "jellyfin": {
        "token": "hook-token-jellyfin",
        "url": "http://sandbox/jellyfin",
        "server_token": "sandbox-jellyfin-key",
    },
    "emby": {"token": "hook-token-emby-01", "url": "http://sandbox/emby", "server_token": "sandbox-emby-key"},
}


class Network(httpx.AsyncBaseTransport):
    """The sandbox, with a list of every address that was asked for."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._inner = httpx.ASGITransport(sandbox)  # type: ignore[arg-type]
        self.asked: list[str] = []
        self.headers: list[httpx.Headers] = []
        self.answer: Callable[[httpx.Request], httpx.Response | None] = lambda request: None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        self.headers.append(request.headers)
        return self.answer(request) or await self._inner.handle_async_request(request)

    def pictures(self) -> list[str]:
        """The addresses under which pictures themselves were asked for."""
        return [
            url for url in self.asked if "/t/p/" in url or "/photo/" in url or "/thumb/" in url or "/Images/" in url
        ]


@dataclass
class GalleryHouse:
    gallery: Gallery
    shelf: PictureCache
    store: Store
    sandbox: Sandbox
    network: Network
    clock: FakeClock
    folder: Path

    async def look(self, item: Item) -> Picture | None:
        """Somebody looks at a page with it, and looks again once all that was begun has ended."""
        subject = of_item(item)
        assert subject is not None
        self.gallery.meet(subject)
        await self.gallery.settled()
        return await self.gallery.picture(subject.key)


@contextlib.asynccontextmanager
async def gallery_house(
    folder: Path,
    *,
    metadata: Mapping[str, Any] | None = None,
    sources: Mapping[str, Any] | None = None,
    clock: FakeClock | None = None,
) -> AsyncIterator[GalleryHouse]:
    settings = {"metadata": TMDB if metadata is None else metadata, "sources": SERVERS if sources is None else sources}
    path = folder / "scrobbled.yaml"
    path.write_text(yaml.safe_dump({**settings, "viewers": []}), encoding="utf-8")
    clock = clock or FakeClock()
    sandbox = Sandbox(now=clock.now, only=("plex", "plextv", "jellyfin", "emby", "tmdb"))
    network, store = Network(sandbox), Store(folder / "scrobbled.db")
    pools = Pools(network)
    cache, shelf = StoredCache(store, clock), PictureCache(folder / "art", clock.now)
    gallery = Gallery(shelf, cache, clock, means(load(path, {}), pools, cache, clock, api=wiring.TMDB))
    try:
        yield GalleryHouse(gallery, shelf, store, sandbox, network, clock, folder / "art")
    finally:
        await gallery.aclose()
        await pools.aclose()
        await store.aclose()
