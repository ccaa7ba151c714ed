"""Jellyfin and Emby, which descend from one server: what each user has played, with the date of the last time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from scrobbled.catalogues.base import KEEP_HIT, KEEP_MISS, Cache, rows
from scrobbled.catalogues.mediabrowser import Dialect, headers, identity, read
from scrobbled.core.errors import ContractDrift
from scrobbled.http import Answer, Http
from scrobbled.servers.base import MOST_PAGES, PAGE, Claimed, Sighting, Told, enveloped
from scrobbled.sources.mediabrowser import account, identifier, instant, lowered, part, ticks
from scrobbled.sources.mediabrowser_polled import PLAYED

UNKNOWN_RUNTIME = timedelta(hours=2)
PLAYED_QUERY: Mapping[str, str] = {
    "Recursive": "true",
    "IncludeItemTypes": "Movie,Episode",
    "Filters": "IsPlayed",
    "Fields": "ProviderIds",
    "EnableUserData": "true",
    "EnableImages": "false",
    "ExcludeLocationTypes": "Virtual",
    "SortBy": "DatePlayed",
    "SortOrder": "Descending",
}
SERIES_QUERY: Mapping[str, str] = {
    "Recursive": "true",
    "IncludeItemTypes": "Series",
    "Fields": "ProviderIds",
    "EnableImages": "false",
    "EnableUserData": "false",
}
KEPT = ("Id", "Name", "ProductionYear", "ProviderIds")
"""What is remembered of a series."""


class MediaBrowserServer:
    """``servers.base.Server`` for one of the two. There is one list for each user whom a viewer claims."""

    def __init__(self, dialect: Dialect, http: Http, token: str, cache: Cache) -> None:
        self._dialect, self._http, self._token, self._cache = dialect, http, token, cache
        self._server = ""
        self._users: dict[str, Mapping[str, Any]] = {}
        self._playing: frozenset[tuple[str, str]] = frozenset()
        self.undated = 0  # some versions forget the date

    async def identity(self) -> str:
        self._server = await identity(self._http, self._token, self._dialect)
        return self._server

    async def lists(self, claimed: Claimed) -> Sequence[str]:
        answer = await self._ask("/Users")
        if not answer.ok:
            read(answer, self._dialect)  # which raises
        listed = answer.json()
        if not isinstance(listed, list) or not all(isinstance(user, dict) for user in listed):
            raise ContractDrift(f"{answer.what} answered without a list of users")
        users = [user for user in listed if claimed(account(lowered(user)))]
        self._users = {account(lowered(user)).id: user for user in users}
        self._playing = await self._sessions() if users else frozenset()
        return [key for key in self._users if key]

    async def _sessions(self) -> frozenset[tuple[str, str]]:
        """Who plays what: user and item. A key that may not see that knows of nobody."""
        answer = await self._ask("/Sessions")
        listed = answer.json() if answer.ok else []
        sessions = [lowered(one) for one in listed] if isinstance(listed, list) else []
        pairs = ((identifier(one.get("userid")), identifier(part(one, "nowplayingitem").get("id"))) for one in sessions)
        return frozenset(pair for pair in pairs if all(pair))

    async def seen(self, name: str, since: datetime) -> AsyncIterator[Sequence[Sighting]]:
        start = 0
        before: list[Any] = []
        for _ in range(MOST_PAGES):
            found = await self._page(name, start)
            ids = [(row.get("Id"), row.get("UserData")) for row in found]
            if not found or ids == before:  # some answer the same page however it is asked for
                return
            start, before = start + len(found), ids
            dated = [(instant(part(lowered(row), "userdata").get("lastplayeddate")), row) for row in found]
            self.undated += sum(1 for at, _ in dated if at is None)
            yield [_sighting(at, row) for at, row in dated if at is not None and at >= since]
            if any(at is not None and at < since for at, _ in dated):
                return

    async def told(self, name: str, sightings: Sequence[Sighting]) -> Sequence[Told]:
        series = await self._series(name, [_series_key(one.row) for one in sightings])
        return [self._told(name, one, series.get(_series_key(one.row))) for one in sightings]

    def _told(self, name: str, sighting: Sighting, series: Mapping[str, Any] | None) -> Told:
        user = {member: self._users[name].get(member) for member in ("Id", "Name")}
        more = {"Series": series} if series else {}
        body = enveloped(PLAYED, ServerId=self._server, User=user, Item=sighting.row, **more)
        milliseconds = ticks(lowered(sighting.row).get("runtimeticks"))
        runtime = timedelta(milliseconds=milliseconds) if milliseconds else UNKNOWN_RUNTIME
        return Told(sighting.key, sighting.at, body, runtime, self._goes_on(name, sighting.row))

    def _goes_on(self, name: str, row: Mapping[str, Any]) -> bool:
        """What was played to its end has no place to go on from; with one it is being watched again."""
        place = ticks(part(lowered(row), "userdata").get("playbackpositionticks"))
        return bool(place) or (name, identifier(row.get("Id"))) in self._playing

    async def _page(self, user: str, start: int) -> list[Mapping[str, Any]]:
        return await self._items(user, {**PLAYED_QUERY, "StartIndex": start, "Limit": PAGE})

    async def _series(self, user: str, keys: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """Those of these shows that the server has; kept, as every episode of a show asks for it."""
        found: dict[str, Mapping[str, Any]] = {}
        missing = []
        for key in dict.fromkeys(filter(None, keys)):
            known = await self._cache.get(self._cache_key(key))
            if isinstance(known, dict):
                found[key] = known
            else:
                missing.append(key)
        for at in range(0, len(missing), PAGE):
            found |= await self._fresh_series(user, missing[at : at + PAGE])
        return found

    async def _fresh_series(self, user: str, keys: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        listed = await self._items(user, {**SERIES_QUERY, "Ids": ",".join(keys)})
        by_key = {identifier(row.get("Id")): {name: row[name] for name in KEPT if name in row} for row in listed}
        found: dict[str, Mapping[str, Any]] = {key: by_key.get(key, {}) for key in keys}
        for key, series in found.items():
            await self._cache.put(self._cache_key(key), series, seconds=KEEP_HIT if series else KEEP_MISS)
        return found

    async def _items(self, user: str, query: Mapping[str, str | int]) -> list[Mapping[str, Any]]:
        user_id = str(self._users[user].get("Id"))
        path = self._dialect.items.format(user=quote(user_id, safe=""))
        given = query if "{user}" in self._dialect.items else {**query, "userId": user_id}
        answer = await self._ask(path, given)
        return rows(read(answer, self._dialect), "Items", answer.what)

    def _cache_key(self, series: str) -> str:
        return f"{self._dialect.source}:series:{self._server}:{series}"

    async def _ask(self, path: str, query: Mapping[str, str | int] | None = None) -> Answer:
        return await self._http.send("GET", path, params=query, headers=headers(self._dialect, self._token))


def _sighting(at: datetime, row: Mapping[str, Any]) -> Sighting:
    return Sighting(f"{identifier(row.get('Id'))}@{at.timestamp():.0f}", at, row)


def _series_key(row: Mapping[str, Any]) -> str:
    return identifier(row.get("SeriesId"))
