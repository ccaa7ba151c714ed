"""Showing on Trakt what is being played just now."""

from __future__ import annotations

from typing import Literal

from scrobbled.pace import Pace
from scrobbled.trackers.base import Address
from scrobbled.trackers.trakt.auth import Auth
from scrobbled.trackers.trakt.client import Api, judge
from scrobbled.trackers.trakt.codec import Place


class Player:
    """Never stops anything: from 80 percent on a stop is a play, and plays come from the outbox alone."""

    def __init__(self, api: Api, auth: Auth, pace: Pace) -> None:
        self._api = api
        self._auth = auth
        self._pace = pace

    async def tell(self, action: Literal["start", "pause"], address: Address, percent: float) -> None:
        """In the account's own turn; the last thing told counts there, so an answer that is lost does no harm."""
        place = Place.of(address)
        ids = {"trakt": place.ids["trakt"]} if "trakt" in place.ids else dict(place.ids)
        body = {place.media: {"ids": ids}, "progress": round(percent, 2)}
        await self._pace.turn()
        judge(await self._auth.signed(lambda token: self._api.write(f"/scrobble/{action}", body, token=token)))
