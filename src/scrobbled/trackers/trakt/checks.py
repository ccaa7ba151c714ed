"""Is a Trakt account in order: its sign-in, its requests left, and the shape of the answers we rely on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from scrobbled.core.errors import ContractDrift, LoginNeeded
from scrobbled.core.words.checks import Check, ok, problem, skipped, warning
from scrobbled.core.words.shape import Maybe
from scrobbled.plumbing.checks import compared
from scrobbled.plumbing.clock import Clock
from scrobbled.trackers.given import Tokens
from scrobbled.trackers.trakt.client import READ_WINDOW, Api, judge
from scrobbled.trackers.trakt.oauth import TokenPair
from scrobbled.trackers.trakt.taking import checked, taking

_IDS = {"trakt": int, "slug": Maybe(str), "imdb": Maybe(str), "tmdb": Maybe(int), "tvdb": Maybe(int)}
_SETTINGS = {"user": {"username": str, "ids": {"slug": str}}, "account": {"timezone": Maybe(str)}}
_ACTIVITIES = {"all": str, "movies": {"watched_at": Maybe(str)}, "episodes": {"watched_at": Maybe(str)}}
_ITEM = {"ids": _IDS}
_EPISODE = {"season": int, "number": int, "ids": _IDS}
_PLAY = {"id": int, "watched_at": Maybe(str), "type": str, "movie": Maybe(_ITEM), "episode": Maybe(_EPISODE)}
_HIT = {"type": str, "show": {"title": Maybe(str), "year": Maybe(int), "ids": _IDS}}
_SEASON = {"number": int, "ids": {"trakt": int}, "episodes": Maybe([{**_EPISODE, "title": Maybe(str)}])}
LITTLE_LEFT = 0.2
"""Of a token's life: it should have been renewed when half was over."""


class TraktChecks:
    """Reads only. ``viewer`` is for what to do next."""

    def __init__(self, api: Api, tokens: Tokens, clock: Clock, *, client_id: str, viewer: str) -> None:
        self._api, self._tokens, self._clock, self._client_id = api, tokens, clock, client_id
        self._way_in = f"Run: scrobbled auth trakt --viewer {viewer}"

    async def examine(self) -> Sequence[Check]:
        sign_in, token = self._sign_in(TokenPair.of(await self._tokens.load() or {}))
        own, catalogue = await asyncio.gather(self._own(token), self._catalogue())
        return [sign_in, *own, *catalogue, self._budget()]

    def _sign_in(self, grant: TokenPair | None) -> tuple[Check, str]:
        """And the access token, empty where there is none to ask with."""
        if grant is None:
            return problem("sign-in", "Not signed in.", self._way_in), ""
        if grant.client_id not in ("", self._client_id):
            return problem("sign-in", "The sign-in belongs to another client_id.", self._way_in), ""
        left = round((grant.expires_at - self._clock.now()).total_seconds())
        if left <= 0:
            text = "The access token has run out; serve renews it when it next needs it."
            return warning(
                "sign-in", text, "Is serve running? If it cannot renew it, status says why.", seconds_left=left
            ), ""
        if left < LITTLE_LEFT * grant.expires_in:
            text = f"The access token is good for {left / 3600:.0f} h more and should have been renewed by now."
            return warning(
                "sign-in", text, "Is serve running? It renews by itself.", seconds_left=left
            ), grant.access_token
        text = f"Signed in; the access token is good for {left / 86_400:.1f} days more."
        return ok("sign-in", text, seconds_left=left), grant.access_token

    async def _own(self, token: str) -> list[Check]:
        """What needs the sign-in."""
        reads: Mapping[str, tuple[Any, Mapping[str, str | int]]] = {
            "/users/settings": (_SETTINGS, {}),
            "/sync/last_activities": (_ACTIVITIES, {}),
            "/sync/history": ([_PLAY], {"page": 1, "limit": 1}),
        }
        if not token:
            return [skipped(f"GET {path}", "There is no sign-in to ask with.") for path in reads]
        looks = (
            compared(f"GET {path}", self._read(path, params, token), shape) for path, (shape, params) in reads.items()
        )
        way, *found = await asyncio.gather(taking(self._api, token, self._clock), *looks)
        return [*(check for check, _ in found), checked(way)]

    async def _catalogue(self) -> list[Check]:
        name, listing = "GET /search/show", "GET /shows/…/seasons"
        search = self._read("/search/show", {"query": "harbour", "page": 1, "limit": 1})
        found, hits = await compared(name, search, [_HIT])
        if not hits:
            return [found, skipped(listing, "There is no show to ask about.")]
        show = hits[0]["show"]["ids"]["trakt"]
        seasons, _ = await compared(
            listing, self._read(f"/shows/{show}/seasons", {"extended": "full,episodes"}), [_SEASON]
        )
        return [found, seasons]

    async def _read(self, path: str, params: Mapping[str, str | int], token: str = "") -> Any:
        answer = await self._api.get(path, params, token=token or None)
        if answer.status == 401:
            raise LoginNeeded(f"Trakt does not accept the stored sign-in (401). {self._way_in}")
        judge(answer)
        if path == "/sync/history" and "x-pagination-page-count" not in answer.headers:
            raise ContractDrift(f"{answer.what} answered without the header X-Pagination-Page-Count")
        return answer.json()

    def _budget(self) -> Check:
        used, minutes, allowed = self._api.spent.count(), READ_WINDOW // 60, self._api.limit
        text = f"This process has sent {used} reads in the last {minutes:.0f} minutes; Trakt allows {allowed}."
        figures = {"reads": used, "allowed": allowed, "seconds": READ_WINDOW}
        if used > 0.9 * allowed:
            return warning("requests left", text, "Nothing to do: reads are spread out until there is room.", **figures)
        return ok("requests left", text, **figures)
