"""Changes of one account, at the pace that Trakt allows."""

from __future__ import annotations

from typing import Any

from scrobbled.core.kinds import PLAYS, Kind
from scrobbled.plumbing.http import Answer
from scrobbled.plumbing.pace import Pace
from scrobbled.trackers.trakt.auth import Auth
from scrobbled.trackers.trakt.client import Api, judge, judge_list


class Writer:
    """All changes of an account go through one."""

    def __init__(self, api: Api, auth: Auth, pace: Pace) -> None:
        self._api = api
        self._auth = auth
        self._pace = pace

    async def turn(self) -> None:
        """Wait for the turn of the next ``post``."""
        await self._pace.turn()

    async def post(self, path: str, body: Any, kind: Kind = PLAYS) -> Answer:
        """The answer, which is a 2xx; the caller has taken the turn. Unclear failures are in doubt.

        Where a list of another kind than plays is full, that closes the list (``ListClosed``) and nothing else.
        """
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

        answer = await self._auth.signed(call)
        return judge(answer) if kind == PLAYS else judge_list(answer, kind)
