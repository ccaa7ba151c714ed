"""Does TMDB take our key, and do its answers have the shape we rely on."""

from __future__ import annotations

import asyncio
from typing import Any

from scrobbled.catalogues.tmdb import REFUSED, credentials
from scrobbled.core.errors import ContractDrift, LoginNeeded
from scrobbled.core.words.checks import Check
from scrobbled.core.words.shape import Maybe, Shape
from scrobbled.plumbing.checks import compared
from scrobbled.plumbing.http import Http

_CONFIGURATION = {"images": {"secure_base_url": str, "poster_sizes": [str]}}
_SEARCH = {"results": [{"id": int, "name": str, "first_air_date": Maybe(str)}]}
_FOUND = {name: [{"id": int}] for name in ("tv_results", "tv_episode_results", "movie_results")}


async def examine(http: Http, key: str) -> list[Check]:
    """Reads only."""
    reads: tuple[tuple[str, str, dict[str, str], Shape], ...] = (
        ("GET /authentication", "/authentication", {}, {"success": bool}),
        ("GET /configuration", "/configuration", {}, _CONFIGURATION),
        ("GET /search/tv", "/search/tv", {"query": "harbour"}, _SEARCH),
        ("GET /find/…", "/find/1", {"external_source": "tvdb_id"}, _FOUND),
    )
    looks = (compared(name, _read(http, key, path, params), shape) for name, path, params, shape in reads)
    return [check for check, _ in await asyncio.gather(*looks)]


async def _read(http: Http, key: str, path: str, params: dict[str, str]) -> Any:
    own, headers = credentials(key)
    answer = await http.send("GET", path, params={**params, **own}, headers=headers)
    if answer.status in (401, 403):
        raise LoginNeeded(REFUSED)
    if not answer.ok:
        raise ContractDrift(f"{answer.what} answered {answer.status}")
    return answer.json()
