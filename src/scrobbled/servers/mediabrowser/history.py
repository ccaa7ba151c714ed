"""Jellyfin and Emby, which descend from one server: what each user has played, with the date of the last time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from scrobbled.catalogues.base import KEEP_HIT, KEEP_MISS
from scrobbled.clients.base import PAGE
from scrobbled.clients.mediabrowser import MediaBrowserClient
from scrobbled.clients.mediabrowser_rows import instant, ticks
from scrobbled.plumbing.cache import Cache
from scrobbled.plumbing.fields import identifier, lowered, part
from scrobbled.servers.base import IsClaimed, Sighting, TakenSighting, enveloped
from scrobbled.sources.mediabrowser import account
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

    def __init__(self, client: MediaBrowserClient, cache: Cache) -> None:
        self._client, self._cache = client, cache
        self._server = ""
        self._users: dict[str, Mapping[str, Any]] = {}
        self._playing: frozenset[tuple[str, str]] = frozenset()
        self.undated = 0  # some versions forget the date

    async def identity(self) -> str:
        self._server = await self._client.identity()
        return self._server

    async def lists(self, claimed: IsClaimed) -> Sequence[str]:
        users = [user for user in await self._client.listed("/Users") if claimed(account(lowered(user)))]
        self._users = {account(lowered(user)).id: user for user in users}
        self._playing = await self._sessions() if users else frozenset()
        return [key for key in self._users if key]

    async def _sessions(self) -> frozenset[tuple[str, str]]:
        """Who plays what: user and item. A key that may not see that knows of nobody."""
        answer = await self._client.send("/Sessions")
        listed = answer.json() if answer.ok else []
        sessions = [lowered(one) for one in listed] if isinstance(listed, list) else []
        pairs = ((identifier(one.get("userid")), identifier(part(one, "nowplayingitem").get("id"))) for one in sessions)
        return frozenset(pair for pair in pairs if all(pair))

    async def seen(self, name: str, since: datetime) -> AsyncIterator[Sequence[Sighting]]:
        async for found in self._client.pages(PLAYED_QUERY, self._user_id(name)):
            dated = [(instant(part(lowered(row), "userdata").get("lastplayeddate")), row) for row in found]
            self.undated += sum(1 for at, _ in dated if at is None)
            yield [_sighting(at, row) for at, row in dated if at is not None and at >= since]
            if any(at is not None and at < since for at, _ in dated):
                return

    async def told(self, name: str, sightings: Sequence[Sighting]) -> Sequence[TakenSighting]:
        series = await self._series(name, [_series_key(one.row) for one in sightings])
        return [self._told(name, one, series.get(_series_key(one.row))) for one in sightings]

    def _told(self, name: str, sighting: Sighting, series: Mapping[str, Any] | None) -> TakenSighting:
        user = {member: self._users[name].get(member) for member in ("Id", "Name")}
        more = {"Series": series} if series else {}
        body = enveloped(PLAYED, ServerId=self._server, User=user, Item=sighting.row, **more)
        milliseconds = ticks(lowered(sighting.row).get("runtimeticks"))
        runtime = timedelta(milliseconds=milliseconds) if milliseconds else UNKNOWN_RUNTIME
        return TakenSighting(sighting.key, sighting.at, body, runtime, self._goes_on(name, sighting.row))

    def _goes_on(self, name: str, row: Mapping[str, Any]) -> bool:
        """What was played to its end has no place to go on from; with one it is being watched again."""
        place = ticks(part(lowered(row), "userdata").get("playbackpositionticks"))
        return bool(place) or (name, identifier(row.get("Id"))) in self._playing

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
        listed = await self._client.items({**SERIES_QUERY, "Ids": ",".join(keys)}, self._user_id(user))
        by_key = {identifier(row.get("Id")): {name: row[name] for name in KEPT if name in row} for row in listed}
        found: dict[str, Mapping[str, Any]] = {key: by_key.get(key, {}) for key in keys}
        for key, series in found.items():
            await self._cache.put(self._cache_key(key), series, seconds=KEEP_HIT if series else KEEP_MISS)
        return found

    def _user_id(self, user: str) -> str:
        """As the server writes it."""
        return str(self._users[user].get("Id"))

    def _cache_key(self, series: str) -> str:
        return f"{self._client.dialect.source}:series:{self._server}:{series}"


def _sighting(at: datetime, row: Mapping[str, Any]) -> Sighting:
    return Sighting(f"{identifier(row.get('Id'))}@{at.timestamp():.0f}", at, row)


def _series_key(row: Mapping[str, Any]) -> str:
    return identifier(row.get("SeriesId"))
