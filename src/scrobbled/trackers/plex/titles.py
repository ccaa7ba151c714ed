"""Titles as Plex's catalogue has them: which film or show one is, and its external ids, which are kept for good."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from scrobbled.clients.base import JsonRow
from scrobbled.clients.discover import Discover, PlexTitleType
from scrobbled.clients.plex_lists import JsonScalar
from scrobbled.core.naming.guids import of_movie, of_show
from scrobbled.core.naming.ids import Ids
from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.naming.things import names_of
from scrobbled.plumbing.cache import Cache
from scrobbled.plumbing.fields import Malformed, text, year

KEPT = 10 * 365 * 86_400.0
"""Seconds: what a title of Plex is elsewhere does not change."""
PREFIX = "plex://"


class TitleRow(Struct, frozen=True, rename="camel", gc=False):
    """A row of a list at Discover, as far as it is used."""

    rating_key: JsonScalar = None
    guid: Any = None
    guids: Any = field(default=None, name="Guid")
    type: JsonScalar = None
    title: JsonScalar = None
    year: JsonScalar = None
    watchlisted_at: JsonScalar = None


class PlexTitle(Struct, frozen=True):
    """``key`` is its ``ratingKey`` there, with which its guid ends."""

    key: str
    scope: PlexTitleType
    item: Item

    @property
    def names(self) -> tuple[str, ...]:
        """By its external ids; empty where none is known."""
        return names_of(self.scope, self.item)


def title_of(row: TitleRow | JsonRow) -> PlexTitle:
    """Raises ``Malformed`` for what is neither film nor show, or has no guid of Plex's own."""
    told = row if isinstance(row, TitleRow) else _converted(row)
    scope = told.type
    if scope not in ("movie", "show"):
        raise Malformed(f"a {text(told.type) or 'nameless thing'} among films and shows")
    kind: PlexTitleType = "movie" if scope == "movie" else "show"
    guid = told.guid if isinstance(told.guid, str) else f"{PREFIX}{kind}/{text(told.rating_key)}"
    item = _item(told, kind, guid)
    key = own_key(kind, item)
    if not key:
        raise Malformed("a title without a guid")
    return PlexTitle(key, kind, item)


def own_key(kind: str, item: Item) -> str:
    """What a film or show is called at Plex, by the guid that one of its agents gave it; empty where there is none."""
    guid = ids_of(item).plex or ""
    return guid.removeprefix(f"{PREFIX}{kind}/") if guid.startswith(f"{PREFIX}{kind}/") else ""


def ids_of(item: Item) -> Ids:
    """Of a film, or of the show that it is about."""
    return item.ids if isinstance(item, Movie) else item.show_ids


def _converted(row: JsonRow) -> TitleRow:
    try:
        return msgspec.convert(dict(row), TitleRow)
    except msgspec.ValidationError as error:
        raise Malformed(str(error)) from None


def _item(row: TitleRow, kind: PlexTitleType, guid: str) -> Item:
    guids = {"guid": guid, "Guid": row.guids}
    if kind == "movie":
        return Movie(text(row.title), year(row.year), of_movie(guids))
    return Episode(text(row.title), None, None, show_year=year(row.year), show_ids=of_show(guids))


class PlexTitles:
    """Asks for the external ids of a title once."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    async def named(self, discover: Discover, title: PlexTitle) -> PlexTitle:
        """With its external ids, as far as Plex knows any."""
        if title.names:
            await self._keep(title)
            return title
        known = await self._cache.get(f"title:plex:{title.key}")
        if isinstance(known, list):
            return _with(title, known)
        row = await discover.title(title.key)
        if row is None:
            return title
        try:
            told = title_of(row)
        except Malformed:
            return title
        found = replace(title, item=told.item) if told.key == title.key else title
        await self._keep(found)
        return found

    async def _keep(self, title: PlexTitle) -> None:
        """Not where nothing is known: that may come."""
        key, told = f"title:plex:{title.key}", _written(title)
        if told and await self._cache.get(key) != told:
            await self._cache.put(key, told, seconds=KEPT)


def _written(title: PlexTitle) -> list[str]:
    known = ids_of(title.item).known()
    return [f"{service}://{known[service]}" for service in ("imdb", "tmdb", "tvdb") if service in known]


def _with(title: PlexTitle, guids: list[Any]) -> PlexTitle:
    held = {"guid": f"{PREFIX}{title.scope}/{title.key}", "Guid": [{"id": one} for one in guids]}
    if isinstance(title.item, Movie):
        return replace(title, item=replace(title.item, ids=of_movie(held)))
    return replace(title, item=replace(title.item, show_ids=of_show(held)))
