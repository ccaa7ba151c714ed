"""A house whose players speak to Trakt."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx

from web.house import SETTINGS, House, house

ANNAS = "annas-own-trakt-token-1"
BENS = "bens-own-trakt-token-22"
SHARED = "the-shared-trakt-token-3"
STOP = {"show": {"title": "Harbour", "year": 2024, "ids": {"tmdb": 202020}}, "episode": {"season": 2, "number": 4}}
FILM = {"movie": {"title": "Salt Flats", "year": 2023, "ids": {"tmdb": 717171}}}


@contextlib.asynccontextmanager
async def playing(folder: Path, **settings: Any) -> AsyncIterator[House]:
    """``settings`` are sections of the configuration, and go over these: a token for each of two, and a shared one."""
    anna = {**SETTINGS["viewers"][0], "accounts": {"trakt": "me"}}
    usual: dict[str, Any] = {
        "sources": {"trakt": {"token": SHARED, "tokens": {"anna": ANNAS, "Ben": BENS}}},
        "metadata": {},
        "viewers": [anna, {"name": "ben"}],
    }
    async with house(folder, **{**usual, **settings}) as there:
        yield there


async def ask(there: House, path: str, body: Any = None, token: str | None = ANNAS, **more: Any) -> httpx.Response:
    """From another machine, below ``/trakt``; ``body`` is JSON, or text and bytes as they are."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    headers |= {"User-Agent": "mpv-trakt/1.0", **more.pop("headers", {})}
    raw = {"content": body} if isinstance(body, str | bytes) else {"json": body} if body is not None else {}
    async with there.client("172.18.0.9", base="http://scrobbled:8484") as client:
        return await client.request(more.pop("method", "POST"), f"/trakt{path}", headers=headers, **raw, **more)


async def plays(there: House) -> list[tuple[str, str, float | None]]:
    """Viewer, label and time of each."""
    return [tuple(row) for row in await there.sql("SELECT viewer, label, watched_at FROM plays ORDER BY id")]  # type: ignore[misc]


async def events(there: House) -> list[tuple[str | None, str]]:
    """Kind and outcome of each."""
    return [tuple(row) for row in await there.sql("SELECT kind, outcome FROM events ORDER BY id")]  # type: ignore[misc]
