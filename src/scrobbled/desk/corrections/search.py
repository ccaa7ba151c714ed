"""Looking for a title, for a person who chooses: every catalogue there is, asked at once, and one list of what it is.

Bounded in time, in what comes back, and in how often; what was found is kept for minutes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import httpx
from msgspec import Struct
from msgspec.structs import replace

from scrobbled.catalogues.tmdb_searcher import TmdbSearcher
from scrobbled.config import Config
from scrobbled.core.errors import ScrobbledError, TrackerError, TryLater
from scrobbled.core.naming.items import Origin
from scrobbled.core.naming.titles import Searcher, SeasonSize, Title, TitleKind
from scrobbled.core.words.outcomes import told
from scrobbled.core.words.plain import plain
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.http import Observer
from scrobbled.plumbing.pace import Window
from scrobbled.plumbing.pools import Pools
from scrobbled.runtime.wiring import TMDB
from scrobbled.servers.doors import door_of
from scrobbled.servers.kinds import finder_at
from scrobbled.store.notes.cache import StoredCache
from scrobbled.trackers import TRACKERS
from scrobbled.trackers.given import FinderContext

LONGEST_QUERY = 200
LONGEST_WAIT = 10.0
"""Seconds one catalogue gets to answer; the others are shown without it."""
MOST = 12
"""Results that are shown."""
KEEP = 600.0
AT_MOST, WITHIN = 60, 60.0
"""Questions that go out, in so many seconds."""
BUSY = "these are many searches at once; wait a minute, then look again"
T = TypeVar("T")


class TooMany(ScrobbledError):
    """So many searches at once that the services behind would mind."""


class There(Struct, frozen=True):
    """How large a show is at one service. ``seasons`` is ``None`` where that was not asked, and for a film."""

    service: str
    seasons: tuple[SeasonSize, ...] | None = None


class SearchResult(Struct, frozen=True):
    """One title, wherever it was found. ``tmdb`` is in the space of its ``kind``."""

    kind: TitleKind
    title: str
    year: int | None
    tmdb: int
    poster: str
    """TMDB's ``poster_path``, where somebody told it."""
    there: tuple[There, ...]


class Silent(Struct, frozen=True):
    """A service that could not be asked, and why."""

    service: str
    reason: str


class SearchResults(Struct, frozen=True):
    """``asked`` are the services that answered."""

    results: tuple[SearchResult, ...] = ()
    asked: tuple[str, ...] = ()
    silent: tuple[Silent, ...] = ()


class Search:
    """``config`` is asked each time, as a reload exchanges it. ``transport`` replaces the network, for tests."""

    def __init__(
        self,
        config: Callable[[], Config],
        cache: StoredCache,
        clock: Clock,
        observer: Callable[[str], Observer],
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._config, self._cache, self._clock = config, cache, clock
        self._pools = Pools(transport, observer)
        self._sent = Window(clock, seconds=WITHIN)

    async def titles(self, query: str, year: int | None, kind: TitleKind, viewer: str | None) -> SearchResults:
        """In every catalogue that ``viewer``, or anybody, has. Raises ``TooMany``."""
        query = " ".join(query.split())[:LONGEST_QUERY]
        if not query:
            return SearchResults()
        key = f"search:{viewer or ''}:{kind}:{year or ''}:{query.casefold()}"
        if (kept := await self._cache.get(key)) is not None:
            return _opened(kept)
        if self._sent.count() >= AT_MOST:
            raise TooMany(told(BUSY))
        self._sent.add()
        searchers = {name: one for name, one in self._searchers(viewer) if kind in one.kinds}
        answers = await asyncio.gather(
            *(_within(name, one.search(query, year, kind)) for name, one in searchers.items())
        )
        found = _merged([(name, titles) for name, titles, _ in answers if titles is not None], _silent(answers))
        if not found.silent:
            await self._cache.put(key, _closed(found), seconds=KEEP)
        return found

    async def sizes(self, tmdb: int, viewer: str | None) -> tuple[tuple[There, ...], tuple[Silent, ...]]:
        """How large the show with this TMDB id is in each catalogue; ``seasons`` is empty where it is not there."""
        searchers = {name: one for name, one in self._searchers(viewer) if "show" in one.kinds}
        asked = (_within(name, self._sizes(name, one, tmdb)) for name, one in searchers.items())
        answers = await asyncio.gather(*asked)
        there = tuple(There(name, seasons) for name, seasons, _ in answers if seasons is not None)
        return there, _silent(answers)

    async def at_home(self, source: str, origin: Origin | None) -> tuple[SeasonSize, ...]:
        """How large the show of an item is on the media server that told of it; empty where that cannot be asked."""
        door = door_of(source, self._config().sources.get(source))
        server = finder_at(door, self._pools, self._cache)
        if server is None or origin is None:
            return ()
        _, seasons, _ = await _within(source, server.sizes(origin))
        return tuple(seasons or ())

    async def aclose(self) -> None:
        await self._pools.aclose()

    async def _sizes(self, name: str, searcher: Searcher, tmdb: int) -> tuple[SeasonSize, ...]:
        key = f"search:sizes:{name}:{tmdb}"
        kept = await self._cache.get(key)
        if kept is None:
            if self._sent.count() >= AT_MOST:
                raise TryLater(BUSY)
            self._sent.add()
            kept = [[size.number, size.episodes] for size in await searcher.sizes(tmdb) or ()]
            await self._cache.put(key, kept, seconds=KEEP)
        return tuple(SeasonSize(*size) for size in kept)

    def _searchers(self, viewer: str | None) -> Iterator[tuple[str, Searcher]]:
        """The catalogues of somebody's trackers, or of anybody's, and TMDB's own where there is a key."""
        config, clock = self._config(), self._clock
        settings: dict[str, Mapping[str, Any]] = {}
        for one in config.viewers:
            if viewer in (None, one.name):
                settings = {**one.trackers, **settings}
        for name, values in settings.items():
            if name in TRACKERS and TRACKERS[name].searches:
                yield (
                    name,
                    TRACKERS[name].build_searcher(FinderContext(values, self._pools.to(name), self._cache, clock)),
                )
        tmdb = config.metadata.tmdb
        if tmdb.key:
            yield "tmdb", TmdbSearcher(self._pools.to("tmdb", tmdb.url or TMDB), tmdb.key, clock)


async def _within(name: str, asking: Awaitable[T]) -> tuple[str, T | None, str]:
    """What came of it, or why nothing did."""
    try:
        async with asyncio.timeout(LONGEST_WAIT):
            return name, await asking, ""
    except TimeoutError:
        return name, None, "it took too long to answer"
    except TrackerError as error:
        return name, None, error.reason


def _silent(answers: Sequence[tuple[str, Any, str]]) -> tuple[Silent, ...]:
    return tuple(Silent(name, reason) for name, answer, reason in answers if answer is None and reason)


def _merged(answers: Sequence[tuple[str, Sequence[Title]]], silent: tuple[Silent, ...]) -> SearchResults:
    """One entry for each TMDB id, those first that stand high in the lists of many."""
    found: dict[tuple[TitleKind, int], SearchResult] = {}
    ranks: dict[tuple[TitleKind, int], list[int]] = {}
    for name, titles in answers:
        for rank, title in enumerate(titles):
            if title.tmdb is None:
                continue
            key = title.kind, title.tmdb
            ranks.setdefault(key, []).append(rank)
            found[key] = _with(found.get(key), title, There(name, title.seasons))
    order = sorted(found, key=lambda key: (-len(ranks[key]), min(ranks[key])))
    return SearchResults(tuple(found[key] for key in order[:MOST]), tuple(name for name, _ in answers), silent)


def _with(known: SearchResult | None, title: Title, there: There) -> SearchResult:
    if known is None:
        assert title.tmdb is not None
        return SearchResult(title.kind, title.title, title.year, title.tmdb, title.poster, (there,))
    return replace(
        known,
        year=known.year if known.year is not None else title.year,
        poster=known.poster or title.poster,
        there=(*known.there, there),
    )


def _closed(found: SearchResults) -> Any:
    return json.loads(json.dumps(plain(found)))


def _opened(kept: Any) -> SearchResults:
    results = (SearchResult(**{**row, "there": tuple(_there(one) for one in row["there"])}) for row in kept["results"])
    return SearchResults(tuple(results), tuple(kept["asked"]))


def _there(kept: Any) -> There:
    seasons = kept["seasons"]
    return There(kept["service"], None if seasons is None else tuple(SeasonSize(**size) for size in seasons))
