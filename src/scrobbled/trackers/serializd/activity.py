"""What the profile of an account counts: the cheapest way to see that something moved."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from scrobbled.trackers.serializd import entries
from scrobbled.trackers.serializd.auth import SerializdSession
from scrobbled.trackers.serializd.client import SerializdClient
from scrobbled.trackers.serializd.entries import Totals

SECONDS = 30.0


class Profile:
    """The account's own."""

    def __init__(self, client: SerializdClient, session: SerializdSession) -> None:
        self._client = client
        self._session = session

    async def totals(self) -> Totals:
        async def read(token: str, username: str) -> Totals:
            path = f"/profile_v2_part_1/{quote(username, safe='')}"
            data = await self._client.read_mobile(path, {}, token=token, seconds=SECONDS)
            return entries.totals(data, username)

        return await self._session.of_user(read, "mobile/page/profile_v2_part_1")

    async def marked_seasons(self) -> list[tuple[int, int]]:
        """(TMDB *show* id, TMDB *season* id) of the seasons marked as watched as a whole."""

        async def read(token: str) -> Any:
            return await self._client.read("/user_information", {"shouldGetUserContext": "true"}, token=token)

        return entries.marked_seasons(await self._session.call(read))
