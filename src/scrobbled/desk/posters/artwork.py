"""Posters, for pages and API: where the one of a play or title is found, and the picture itself.

An address is relative to our root, and the same for everything that shares a poster; it is empty where there can be no
picture. Whoever asks for one has it fetched behind, so that the next look has it. Nothing waits for a network here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable
from functools import partial

from scrobbled.config import Config
from scrobbled.core.naming.items import Item
from scrobbled.core.naming.titles import TitleKind
from scrobbled.desk.facts.ids import number
from scrobbled.desk.plays.pieces import WallPage
from scrobbled.desk.posters import Gallery, Picture, PictureCache
from scrobbled.desk.posters.means import PosterSources, means
from scrobbled.desk.posters.scout import Scout
from scrobbled.desk.posters.subject import KEY, PosterSubject, of_item, of_tmdb
from scrobbled.plumbing.pools import Pools
from scrobbled.runtime import wiring
from scrobbled.runtime.service import Runtime
from scrobbled.store.history import titles

FOLDER = "art"
ItemLookup = Callable[[sqlite3.Connection, Collection[int]], dict[int, Item]]


class Artwork:
    """An episode gives the poster of its show. Each needs a ``folder`` of its own, which is beside the database."""

    def __init__(self, runtime: Runtime, folder: str = FOLDER) -> None:
        self._runtime = runtime
        # not those of the runtime: a wall of posters must not keep what is asked for plays waiting
        self._pools = Pools(runtime.transport, partial(wiring.observer, runtime.metrics))
        shelf = PictureCache(runtime.store.path.resolve().parent / folder, runtime.clock.now)
        self.gallery = Gallery(shelf, runtime.cache, runtime.clock, self._means(runtime.config))
        self.scout = Scout(runtime.store, self.gallery, runtime.clock)
        runtime.on_change(self.scout.news)
        runtime.on_reload(lambda config: self.gallery.use(self._means(config)))
        runtime.on_close(self.aclose)

    @property
    def uses_tmdb(self) -> bool:
        """Then TMDB has to be named as the source."""
        return bool(self._runtime.config.metadata.tmdb.key)

    async def of_plays(self, ids: Iterable[str]) -> dict[str, str]:
        """By id of the play, as in ``PlayStory``; one read of the database."""
        wanted = {id_: number(id_, "p") for id_ in ids}
        found = await self._read(titles.of_plays, {play for play in wanted.values() if play is not None})
        return {id_: self._address(found.get(play) if play is not None else None) for id_, play in wanted.items()}

    async def of_wall(self, seen: WallPage) -> dict[str, str]:
        """By id of what stands there, also of what is no play of ours; one read of the database."""
        carried = await self.of_plays(play.id for play in seen.plays if play.id not in seen.items)
        return {**carried, **dict(zip(seen.items, self.of_items(seen.items.values()), strict=True))}

    async def of_works(self, ids: Iterable[int]) -> dict[int, str]:
        """By id of the work, of whatever kind; one read of the database."""
        wanted = set(ids)
        found = await self._read(titles.of_works, wanted)
        return {id_: self._address(found.get(id_)) for id_ in wanted}

    def of_items(self, items: Iterable[Item | None]) -> list[str]:
        return [self._address(item) for item in items]

    def of_tmdb(self, kind: TitleKind, tmdb: int, title: str, path: str = "") -> str:
        """Of a search result: ``tmdb`` is in the space of ``kind``, ``path`` is TMDB's ``poster_path`` where known."""
        return self._met(of_tmdb(kind, tmdb, title, path)) if self.uses_tmdb else ""

    async def picture(self, key: str) -> Picture | None:
        """By the last part of an address; ``None`` until it is there. Raises ``ValueError`` for what is none."""
        if not KEY.fullmatch(key):
            raise ValueError("no address of ours ends so")
        return await self.gallery.picture(key)

    def has_none(self, key: str) -> bool:
        """Whether nobody who was asked lately had that picture."""
        return self.gallery.has_none(key)

    async def aclose(self) -> None:
        await self.scout.aclose()
        await self.gallery.aclose()
        await self._pools.aclose()

    def _address(self, item: Item | None) -> str:
        subject = None if item is None else of_item(item)
        return "" if subject is None else self._met(subject)

    def _met(self, subject: PosterSubject) -> str:
        if not self.gallery.can_ask:
            return ""
        self.gallery.meet(subject)
        return f"art/{subject.key}"

    def _means(self, config: Config) -> PosterSources:
        runtime = self._runtime
        return means(config, self._pools, runtime.cache, runtime.clock, api=wiring.TMDB)

    async def _read(self, look: ItemLookup, ids: Collection[int]) -> dict[int, Item]:
        if not ids or not self.gallery.can_ask:
            return {}
        return await self._runtime.store.read(lambda db: look(db, ids))
