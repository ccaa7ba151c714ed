"""The libraries of a Plex server, and what becomes of their items as files come and go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Any

from scrobbled.sandbox.plex.items import (
    FIRST_COPY,
    SECTIONS,
    Holding,
    LibraryItem,
    PlexSection,
    PlexType,
    movie_item,
    season_item,
    show_item,
)
from scrobbled.sandbox.world import World, WorldMovie, WorldShow

NEW_KEYS = 20_000_001
"""Where the rating keys of further copies begin; no world of any size has keys there."""


class Library:
    """The libraries of one server, and their items by rating key.

    They begin with everything there is in ``world``; a server of another kind begins ``empty``.
    """

    def __init__(self, world: World, *, empty: bool = False) -> None:
        self.sections: dict[int, PlexSection] = {} if empty else {section.key: section for section in SECTIONS}
        self.items: dict[str, LibraryItem] = {}
        self.clips: dict[str, LibraryItem] = {}
        """Trailers, which no list shows."""
        self._listed: dict[tuple[int, PlexType], dict[str, LibraryItem]] = {}
        self._of_show: dict[str, dict[str, LibraryItem]] = {}
        self._by_guid: dict[str, tuple[str, ...]] = {}
        self._new_keys = count(NEW_KEYS)
        titles: list[WorldMovie | WorldShow] = [] if empty else [*world.movies, *world.shows]
        for title in titles:
            self.put(title, new=False)

    # What is there

    def find(self, text: str) -> LibraryItem:
        """By rating key, or by title; an episode by ``Show S1E2`` as well. Raises ``LookupError`` for none."""
        if text in self.items:
            return self.items[text]
        wanted = " ".join(text.casefold().split())
        for item in self.items.values():
            if wanted in _names(item):
                return item
        raise LookupError(f"nothing in the library is called {text}")

    def of_type(self, section: PlexSection, kind: PlexType) -> list[LibraryItem]:
        return list(self._listed.get((section.key, kind), {}).values())

    def of_guid(self, guid: str) -> list[LibraryItem]:
        """Every copy of the same thing, as far as its agents say so."""
        return [self.items[key] for key in self._by_guid.get(guid, ())]

    def children(self, item: LibraryItem) -> list[LibraryItem]:
        """Seasons of a show, episodes of a season."""
        below: PlexType = "season" if item.type == "show" else "episode"
        return [one for one in self._inside(item) if one.type == below]

    def leaves(self, item: LibraryItem) -> list[LibraryItem]:
        """What of it can be watched: itself, or all its episodes."""
        if item.type in ("movie", "episode"):
            return [item]
        return [one for one in self._inside(item) if one.type == "episode"]

    def above(self, item: LibraryItem, kind: PlexType) -> LibraryItem | None:
        """The season or show that an item is in."""
        part = item.season if kind == "season" else item.show
        return self.items.get(part.rating_key) if part else None

    def _inside(self, item: LibraryItem) -> Iterator[LibraryItem]:
        for one in self._of_show.get(item.show.rating_key, {}).values() if item.show else ():
            within = item.season is None or (one.season and one.season.rating_key == item.season.rating_key)
            if one.rating_key != item.rating_key and within:
                yield one

    # What becomes of it

    def trailer(self, movie: WorldMovie) -> LibraryItem:
        """Something that can be played and is in no section; like all extras it has a key of its own."""
        clip = LibraryItem("clip", f"7{movie.rating_key}", movie=movie)
        self.clips[clip.rating_key] = clip
        return clip

    def open(self, section: PlexSection) -> PlexSection:
        """A further library, still without anything in it."""
        self.sections[section.key] = section
        return section

    def close(self, section: PlexSection) -> None:
        """The library is deleted, with all that is in it."""
        for item in [one for one in self.items.values() if one.section.key == section.key]:
            self._drop(item)
        del self.sections[section.key]

    def put(self, title: WorldMovie | WorldShow, held: Holding = FIRST_COPY, *, new: bool = True) -> LibraryItem:
        """A copy of a film, or of a show with all that is in it; ``new`` gives it rating keys of its own."""
        copy = self._rekeyed(title) if new else title
        for item in _items(copy, held):
            self._add(item)
        return self.items[copy.rating_key]

    def hold(self, item: LibraryItem, **values: Any) -> LibraryItem:
        """The same copy with something of its ``Holding`` changed."""
        changed = replace(item, held=replace(item.held, **values))
        self._add(changed)
        return changed

    def remove(self, item: LibraryItem) -> None:
        """As when its files are gone: what was played of it stays in the history, without keys."""
        for one in [*self._inside(item), item] if item.type in ("show", "season") else [item]:
            self._drop(one)

    def put_back(self, items: Iterable[LibraryItem]) -> None:
        """Items that were removed, as they were, as when a disk is there again."""
        for item in items:
            self._add(item)

    def add_again(self, item: LibraryItem, at: datetime) -> LibraryItem:
        """A film or show whose files were taken away and put back: the same thing under new rating keys."""
        title = item.movie or item.show
        if title is None or item.type not in ("movie", "show"):
            raise ValueError("a film or a show is added again, with all that is in it")
        self.remove(item)
        return self.put(title, replace(item.held, added=int(at.timestamp()), deleted=0))

    def rename(self, section: PlexSection, titles: Mapping[str, WorldMovie | WorldShow], agent: str) -> None:
        """Another agent has catalogued a library anew: the same rating keys, each with the title handed in for it."""
        changed = replace(section, agent=agent)
        self.sections[section.key] = changed
        for key, title in titles.items():
            held = replace(self.items[key].held, section=changed)
            for item in _items(title, held):
                self._add(item)

    def _rekeyed(self, title: WorldMovie | WorldShow) -> WorldMovie | WorldShow:
        keys = map(str, self._new_keys)
        if isinstance(title, WorldMovie):
            return replace(title, rating_key=next(keys))
        fresh = replace(title, rating_key=next(keys))
        seasons = [replace(season, rating_key=next(keys)) for season in title.seasons]
        whole = [replace(s, episodes=tuple(replace(e, rating_key=next(keys)) for e in s.episodes)) for s in seasons]
        return replace(fresh, seasons=tuple(whole))

    def _add(self, item: LibraryItem) -> None:
        """In its own place, where it is there already."""
        if item.rating_key in self.items:
            self._forget_guid(self.items[item.rating_key])
        self.items[item.rating_key] = item
        self._listed.setdefault((item.section.key, item.type), {})[item.rating_key] = item
        if item.guid:
            self._by_guid[item.guid] = (*self._by_guid.get(item.guid, ()), item.rating_key)
        if item.show is not None:
            self._of_show.setdefault(item.show.rating_key, {})[item.rating_key] = item

    def _drop(self, item: LibraryItem) -> None:
        self._forget_guid(self.items.pop(item.rating_key))
        del self._listed[item.section.key, item.type][item.rating_key]
        if item.show is not None:
            del self._of_show[item.show.rating_key][item.rating_key]

    def _forget_guid(self, item: LibraryItem) -> None:
        left = tuple(key for key in self._by_guid.pop(item.guid, ()) if key != item.rating_key)
        if left:
            self._by_guid[item.guid] = left


def _items(title: WorldMovie | WorldShow, held: Holding) -> Iterator[LibraryItem]:
    if isinstance(title, WorldMovie):
        yield movie_item(title, held)
        return
    yield show_item(title, held)
    for season in title.seasons:
        yield season_item(title, season, held)
        yield from (LibraryItem("episode", e.rating_key, None, title, season, e, held) for e in season.episodes)


def _names(item: LibraryItem) -> Iterable[str]:
    yield item.title.casefold()
    if item.episode and item.show:
        yield f"{item.show.title} s{item.episode.season}e{item.episode.number}".casefold()
