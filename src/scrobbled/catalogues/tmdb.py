"""TMDB: turns ids of TVDB and IMDb, of shows and of single episodes, into TMDB shows.

https://developer.themoviedb.org/reference/find-by-id
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from scrobbled.catalogues.base import CachedData, kept, own_claims
from scrobbled.clients.base import document, rows, whole
from scrobbled.core.errors import ContractDrift
from scrobbled.core.naming.ids import EpisodeIds, ShowIds
from scrobbled.core.naming.items import Episode
from scrobbled.core.naming.matching import Claim, Finding, ShowMatch
from scrobbled.plumbing.cache import Cache
from scrobbled.plumbing.clock import Clock, SystemClock
from scrobbled.plumbing.http import Answer, Http
from scrobbled.plumbing.pace import Pace

REFUSED = "TMDB refused the key. Copy it again from your TMDB account's API settings into metadata.tmdb.key"
EVERY = 0.1
"""Seconds between requests; TMDB tolerates about four times as many."""
AT_ONCE = 4

_V3_KEY = re.compile(r"[0-9a-fA-F]{32}\Z")
_SOURCES = {"tvdb": "tvdb_id", "imdb": "imdb_id"}
"""The services whose ids TMDB can look up, with its names for them; in the order they are asked."""


class TmdbFinder:
    """Finds the TMDB show of an episode.

    An episode's own id gives a claim in TMDB's numbering and is worth most, but costs a request for each episode. So
    where an id of the show is known, the episode's ids are asked only when looking ``deeper``.
    """

    def __init__(self, http: Http, key: str, cache: Cache, *, clock: Clock | None = None) -> None:
        """``key`` is either credential TMDB hands out: the API key (32 hex digits) or the read access token."""
        self._http = http
        self._key = key.strip()
        self._cache = cache
        self._pace = Pace(clock or SystemClock(), every=EVERY, burst=AT_ONCE)
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def find_show(self, episode: Episode, *, deeper: bool = False) -> Sequence[Finding]:
        """By the ids of the show, by those of the episode, or both; a contradiction is never ``certain``."""
        by_show = await self._by_show(episode)
        if by_show and not deeper:
            return by_show
        return _combined(await self._by_episode(episode), by_show)

    async def _by_show(self, episode: Episode) -> list[Finding]:
        if episode.show_ids.tmdb is not None:
            method = "TMDB show id"
            match = ShowMatch(episode.show_ids, method, own_claims(episode, method))
            return [Finding(match, title=episode.show_title, year=episode.show_year)]
        for service in _SOURCES:
            if listed := await self._listed("tv_results", service, episode.show_ids):
                method = f"{service.upper()} show id at TMDB"
                claims = own_claims(episode, method)
                return [await self._finding(episode, row, method, claims, len(listed), asked=service) for row in listed]
        return []

    async def _by_episode(self, episode: Episode) -> list[Finding]:
        for service in _SOURCES:
            if listed := await self._listed("tv_episode_results", service, episode.ids):
                method = f"{service.upper()} episode id at TMDB"
                return [await self._finding(episode, row, method, _claims(row, method), len(listed)) for row in listed]
        return []

    async def _finding(
        self, episode: Episode, row: CachedData, method: str, claims: tuple[Claim, ...], count: int, *, asked: str = ""
    ) -> Finding:
        """Certain unless TMDB names several, or gives the show other ids than the source does."""
        ids = ShowIds(tmdb=row["show"])
        known = episode.show_ids
        agrees = known.tmdb in (None, ids.tmdb)
        others = {name: getattr(known, name) for name in _SOURCES if name != asked}
        if any(value is not None for value in others.values()):
            external = await self._external_ids(row["show"])
            agrees = agrees and all(external.get(name) in (None, value) for name, value in others.items() if value)
        if agrees:
            ids = ids.merged(known)
        match = ShowMatch(ids, method, claims)
        return Finding(match, title=row.get("title", ""), year=row.get("year"), certain=count == 1 and agrees)

    async def _listed(self, wanted: str, service: str, ids: ShowIds | EpisodeIds) -> list[CachedData]:
        """TMDB answers for shows, episodes and movies at once, and the same number may be all three."""
        value, source = getattr(ids, service), _SOURCES[service]
        if value is None:
            return []

        async def ask() -> CachedData:
            answer = await self._ask(f"/find/{value}", external_source=source)
            content = document(answer, refused=REFUSED)
            if content is None:
                return {}
            reduce = _show_row if wanted == "tv_results" else _episode_row
            listed = [reduce(row, answer.what) for row in rows(content, wanted, answer.what)]
            return {"rows": listed} if listed else {}

        answered = await kept(self._cache, f"tmdb:find:{wanted}:{source}:{value}", ask)
        return list(answered.get("rows", ()))

    async def _external_ids(self, show: int) -> CachedData:
        async def ask() -> CachedData:
            content = document(await self._ask(f"/tv/{show}/external_ids"), refused=REFUSED) or {}
            given = {"tvdb": whole(content.get("tvdb_id")), "imdb": content.get("imdb_id")}
            return {name: value for name, value in given.items() if value}

        return await kept(self._cache, f"tmdb:show:{show}:external_ids", ask)

    async def _ask(self, path: str, **params: str) -> Answer:
        own, headers = credentials(self._key)
        async with self._slots:
            await self._pace.turn()
            return await self._http.send("GET", path, params={**params, **own}, headers=headers)


def credentials(key: str) -> tuple[dict[str, str], dict[str, str]]:
    """Query parameters and headers that show ``key``, whichever of TMDB's two kinds it is."""
    key = key.strip()
    return ({"api_key": key}, {}) if _V3_KEY.match(key) else ({}, {"Authorization": f"Bearer {key}"})


def _show_row(row: Mapping[str, Any], what: str) -> CachedData:
    title, first = row.get("name"), row.get("first_air_date")
    return {
        "show": _number(row, "id", what),
        "title": title if isinstance(title, str) else "",
        "year": int(first[:4]) if isinstance(first, str) and first[:4].isdecimal() else None,
    }


def _episode_row(row: Mapping[str, Any], what: str) -> CachedData:
    keys = {"show": "show_id", "season": "season_number", "number": "episode_number"}
    return {ours: _number(row, theirs, what) for ours, theirs in keys.items()}


def _number(row: Mapping[str, Any], key: str, what: str) -> int:
    value = whole(row.get(key))
    if value is None:
        raise ContractDrift(f"{what} answered an entry without a number {key}")
    return value


def _claims(row: CachedData, method: str) -> tuple[Claim, ...]:
    return (Claim(row["season"], row["number"], method),)


def _combined(by_episode: list[Finding], by_show: list[Finding]) -> list[Finding]:
    """One finding where both ways lead to one show: the episode's own place comes first, and it settles a tie."""
    if not by_episode or not by_show:
        return by_episode or by_show
    own = by_episode[0]
    same = next((f for f in by_show if f.match.ids.tmdb == own.match.ids.tmdb), None)
    if same is None or len(by_episode) > 1:
        return [replace(finding, certain=False) for finding in (*by_episode, *by_show)]
    match = ShowMatch(own.match.ids.merged(same.match.ids), own.match.method, (*own.match.claims, *same.match.claims))
    return [Finding(match, title=same.title, year=same.year, certain=own.certain)]
