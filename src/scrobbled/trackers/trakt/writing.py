"""Changes of one account, at the pace that Trakt allows."""

from __future__ import annotations

from typing import Any

from scrobbled.plumbing.http import Answer
from scrobbled.plumbing.pace import Pace
from scrobbled.trackers.trakt.auth import Auth
from scrobbled.trackers.trakt.client import Api, judge


class Writer:
    """All changes of an account go through one."""

    def __init__(self, api: Api, auth: Auth, pace: Pace) -> None:
        self._api = api
        self._auth = auth
        self._pace = pace

    async def turn(self) -> None:
        """Wait for the turn of the next ``post``."""
        await self._pace.turn()

    async def post(self, path: str, body: Any) -> Answer:
        """The answer, which is a 2xx; the caller has taken the turn. Unclear failures are in doubt."""
        tried = 0

        async def call(token: str) -> Answer:
            nonlocal tried
            tried += 1
            if tried > 1:
                await self._pace.turn()
            try:
                return await self._api.write(path, body, token=token)
            finally:
                self._pace.finished()

        return judge(await self._auth.signed(call))
