"""What Sonarr has told us by itself: which show an id of TVDB or a title stands for. Nobody is asked anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from scrobbled.catalogues.base import CachedData, own_claims
from scrobbled.core.naming.ids import ShowIds
from scrobbled.core.naming.items import Episode
from scrobbled.core.naming.matching import Finding, ShowMatch, plain
from scrobbled.core.watching.events import EventKind, PlaybackEvent
from scrobbled.plumbing.cache import Cache

SOURCE = "sonarr"
METHOD = "Sonarr"
KEEP = 2 * 365 * 86_400.0
"""Seconds; told once and never again, so that it is kept when answers of others are forgotten."""


async def learn(cache: Cache, events: Iterable[PlaybackEvent]) -> None:
    """Keep what the imports among ``events`` tell. Raises ``StoreError`` where it cannot be kept."""
    for event in events:
        if event.source == SOURCE and event.kind is EventKind.ADDED and isinstance(event.item, Episode):
            await _keep(cache, event.item)


async def _keep(cache: Cache, episode: Episode) -> None:
    if episode.show_ids.tmdb is None:
        return
    value = {"ids": episode.show_ids.known(), "title": episode.show_title, "year": episode.show_year}
    for key, _ in _keys(episode):
        if await cache.get(key) != value:
            await cache.put(key, value, seconds=KEEP)


class KnownFinder:
    """``core.matching.Finder`` over what was kept. An id makes certain, a title is a suggestion."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    async def find_show(self, episode: Episode, *, deeper: bool = False) -> Sequence[Finding]:
        for key, certain in _keys(episode):
            known = await self._cache.get(key)
            if isinstance(known, dict) and (finding := _finding(episode, known, certain=certain)):
                return [finding]
        return []


def _keys(episode: Episode) -> Iterator[tuple[str, bool]]:
    """Under what it is kept and looked up, the surest first, and whether it is sure."""
    if episode.show_ids.tvdb is not None:
        yield f"known:show:tvdb:{episode.show_ids.tvdb}", True
    if episode.ids.tvdb is not None:
        yield f"known:episode:tvdb:{episode.ids.tvdb}", True
    if name := plain(episode.show_title):
        yield f"known:show:title:{name}", False


def _finding(episode: Episode, known: CachedData, *, certain: bool) -> Finding | None:
    """``None`` where the episode says that its show is another one."""
    ids = ShowIds(**known["ids"])
    told = episode.show_ids.known()
    if any(known["ids"].get(name, value) != value for name, value in told.items()):
        return None
    match = ShowMatch(ids.merged(episode.show_ids), METHOD, own_claims(episode, METHOD))
    return Finding(match, title=known["title"], year=known["year"], certain=certain)
