"""Serializd's shows, seasons and episodes, read through the cache.

The catalogue is a copy of TMDB's: shows and seasons carry TMDB's ids. It needs the app's headers but no sign-in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from scrobbled.core.errors import NotInCatalogue
from scrobbled.core.naming.matching import Listed
from scrobbled.plumbing.cache import Cache
from scrobbled.plumbing.clock import Clock
from scrobbled.trackers.serializd import codec
from scrobbled.trackers.serializd.client import SerializdClient
from scrobbled.trackers.serializd.codec import SeasonCount, SeasonPage, ShowHit, ShowPage

HOUR = 3600.0
RUNNING, ENDED, MISSING = 24 * HOUR, 30 * 24 * HOUR, HOUR
"""Seconds for which an answer is believed: about a show that goes on, one that has ended, and "no such thing"."""
LOOKS = 4
"""How often an hour a show is read again before its time because an episode is missing from it."""


class CachedLookup(Struct, frozen=True):
    """An answer and when we got it; ``data`` is ``None`` for "no such thing"."""

    at: datetime
    data: Any


class SeasonNotes(Struct, frozen=True):
    """Episodes of a season, and the seconds they last, by number."""

    episodes: Mapping[int, Listed]
    seconds: Mapping[int, int]


class SerializdCatalogue:
    """``since`` asks for an answer at least that new; without it an answer from the cache will do."""

    def __init__(self, client: SerializdClient, cache: Cache, clock: Clock) -> None:
        self._client = client
        self._cache = cache
        self._clock = clock

    async def show(self, show: int, *, since: datetime | None = None) -> ShowPage:
        """By TMDB *show* id. Raises ``NotInCatalogue``."""
        return codec.show_page(await self._listed_show(show, since), f"show/{show}")

    async def claimed(self, show: int, seasons: Iterable[int], *, name: str) -> ShowPage:
        """The show as far as it is kept; else only what is claimed of it, which its seasons then prove or not."""
        kept = _opened(await self._cache.get(f"serializd:show:{show}"))
        if kept is not None and kept.data is not None:
            return codec.show_page(kept.data, f"show/{show}")
        return ShowPage(show, name, ended=False, seasons=tuple(sorted(seasons)))

    async def season(self, show: ShowPage, number: int, *, since: datetime | None = None) -> SeasonPage:
        """A season that Serializd has no data for has no ``id`` and no episodes."""

        def seconds(data: Any) -> float:
            if codec.season_page(data, number, what).id is None:
                return MISSING
            return ENDED if show.ended else RUNNING

        what = f"show/{show.id}/season/{number}"
        data = await self._kept(_season_key(show.id, number), f"/{what}", codec.season_to_keep, seconds, since)
        return codec.season_page(data, number, what) if data is not None else SeasonPage(None, number, ())

    async def seasons(
        self, show: ShowPage, numbers: Iterable[int] | None = None, *, since: datetime | None = None
    ) -> list[SeasonPage]:
        """Those of ``numbers`` that the show has (all by default) and that Serializd has data for."""
        wanted = show.seasons if numbers is None else [n for n in dict.fromkeys(numbers) if n in show.seasons]
        pages = [await self.season(show, number, since=since) for number in wanted]
        return [page for page in pages if page.id is not None]

    async def season_number(self, show: int, season: int) -> int | None:
        """Of a TMDB *season* id, as far as the show lists it. Asks anew where the kept answer does not have it."""
        for since in (None, self._clock.now()):
            if since is not None and not await self.may_look_again(show):
                break
            data = await self._show_data(show, since)
            found = codec.season_numbers(data).get(season) if data is not None else None
            if found is not None:
                return found
        return None

    async def counts(self, show: int) -> dict[int, SeasonCount]:
        """How many episodes each season has, as the show says. Raises ``NotInCatalogue``."""
        return codec.season_counts(await self._listed_show(show, None))

    async def is_kept(self, show: int, season: int) -> bool:
        """Whether a season costs no request."""
        return _opened(await self._cache.get(_season_key(show, season))) is not None

    async def kept_season(self, show: int, number: int) -> SeasonNotes:
        """What is known of a season's episodes without asking."""
        kept = _opened(await self._cache.get(_season_key(show, number)))
        if kept is None or kept.data is None:
            return SeasonNotes({}, {})
        page = codec.season_page(kept.data, number)
        return SeasonNotes({episode.number: episode for episode in page.episodes}, codec.runtimes(kept.data))

    async def forget(self, show: int, season: int) -> None:
        """The service has just contradicted what we keep of this season: read it anew next time."""
        for key in (f"serializd:show:{show}", _season_key(show, season)):
            await self._cache.put(key, None, seconds=0)

    async def distrust(self, show: int) -> None:
        """Its episodes were seen to be numbered otherwise than elsewhere; that is kept for a month."""
        await self._cache.put(f"serializd:otherwise:{show}", True, seconds=ENDED)

    async def is_distrusted(self, show: int) -> bool:
        return bool(await self._cache.get(f"serializd:otherwise:{show}"))

    async def search(self, title: str) -> tuple[ShowHit, ...]:
        """Shows by title, best first; "Title (2021)" narrows it to a year."""
        key = f"serializd:search:{quote(title.casefold())}"
        kept = await self._cache.get(key)
        if kept is None:
            kept = await self._client.read("/search/shows", {"search_query": title})
            hits = codec.search_hits(kept)
            await self._cache.put(key, kept, seconds=RUNNING if hits else MISSING)
        return codec.search_hits(kept)

    async def may_look_again(self, show: int) -> bool:
        """Whether a show may be read before its time because something is missing; counts as one such look."""
        key, now = f"serializd:looks:{show}", self._clock.now()
        looks = [at for at in map(codec.instant, await self._cache.get(key) or ()) if at is not None]
        recent = [at for at in looks if now - at < timedelta(seconds=HOUR)]
        if len(recent) >= LOOKS:
            return False
        await self._cache.put(key, [at.isoformat() for at in (*recent, now)], seconds=HOUR)
        return True

    async def _listed_show(self, show: int, since: datetime | None) -> Any:
        data = await self._show_data(show, since)
        if data is None:
            raise NotInCatalogue(f"Serializd does not know the show with TMDB id {show} yet")
        return data

    async def _show_data(self, show: int, since: datetime | None) -> Any:
        return await self._kept(f"serializd:show:{show}", f"/show/{show}", codec.show_to_keep, _show_seconds, since)

    async def _kept(
        self,
        key: str,
        path: str,
        keep: Callable[[Any], Any],
        seconds: Callable[[Any], float],
        since: datetime | None,
    ) -> Any:
        found = _opened(await self._cache.get(key))
        if found is not None and (since is None or found.at >= since):
            return found.data
        at = self._clock.now()
        try:
            data = await self._client.read(path)
        except NotInCatalogue:
            await self._cache.put(key, {"at": at.isoformat(), "data": None}, seconds=MISSING)
            return None
        lasting = seconds(data)
        await self._cache.put(key, {"at": at.isoformat(), "data": keep(data)}, seconds=lasting)
        return data


def _season_key(show: int, season: int) -> str:
    return f"serializd:season:{show}:{season}"


def _opened(kept: Any) -> CachedLookup | None:
    if not isinstance(kept, dict) or "data" not in kept:
        return None
    try:
        return CachedLookup(datetime.fromisoformat(str(kept.get("at"))), kept["data"])
    except ValueError:
        return None


def _show_seconds(data: Any) -> float:
    return ENDED if codec.show_page(data).ended else RUNNING
