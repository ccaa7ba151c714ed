"""Is a Serializd account in order: its sign-in, and the shape of the answers we rely on.

Serializd publishes no API, so that a change shows here first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from scrobbled.core.words.checks import Check, ok, problem, skipped, warning
from scrobbled.core.words.shape import Maybe
from scrobbled.plumbing.checks import LONGEST, compared
from scrobbled.plumbing.clock import Clock
from scrobbled.trackers.given import Tokens
from scrobbled.trackers.serializd import codec
from scrobbled.trackers.serializd.auth import Credentials, SerializdToken, stored_sign_in, was_refused
from scrobbled.trackers.serializd.client import SerializdClient

_ID = (int, str)
"""Ids are seen both ways."""
_VALIDITY = {"isValid": bool, "username": Maybe(str)}
_ROW = {
    "id": _ID,
    "showId": _ID,
    "seasonId": Maybe(_ID),
    "episodeNumber": Maybe(_ID),
    "dateAdded": Maybe(_ID),
    "backdate": Maybe(_ID),
    "isLog": Maybe(bool),
}
_DIARY = {"reviews": [_ROW], "totalPages": Maybe(_ID)}
_SEARCH = {"results": [{"id": _ID, "name": str, "firstAirDate": Maybe(str)}]}
_SHOW = {"id": _ID, "name": str, "status": Maybe(str), "seasons": [{"seasonNumber": _ID}]}
_SEASON = {
    "seasonId": Maybe(_ID),
    "episodes": Maybe([{"episodeNumber": _ID, "name": Maybe(str), "airDate": Maybe(str), "episodeId": Maybe(_ID)}]),
}
_TICKS = {"episodeLogs": [{"episodeNumber": _ID, "dateAdded": Maybe(_ID)}]}
VALIDATE, DIARY, TICKS = "POST /validateauthtoken", "GET /user/…/diary", "GET /mobile/page/show/…/season_v2_part_3"
SEARCH, SHOW, SEASON = "GET /search/shows", "GET /show/…", "GET /show/…/season"
NOBODY = "There is no sign-in to ask with."
ENDS_SOON = 14 * 86_400.0


class SerializdChecks:
    """Reads only; ``/validateauthtoken`` is a POST by name. ``viewer`` is for what to do next."""

    def __init__(
        self, client: SerializdClient, tokens: Tokens, settings: Mapping[str, Any], viewer: str, clock: Clock
    ) -> None:
        self._client, self._tokens, self._clock = client, tokens, clock
        self._credentials = Credentials.of(settings)
        self._way_in = f"Run: scrobbled auth serializd --viewer {viewer}"

    async def examine(self) -> Sequence[Check]:
        stored = await self._tokens.load() or {}
        present = stored_sign_in(stored, self._credentials)
        own, catalogue = await asyncio.gather(self._own(present), self._catalogue(present))
        return [self._sign_in(stored, present), *own, *catalogue]

    def _sign_in(self, stored: Mapping[str, Any], present: SerializdToken | None) -> Check:
        if present is not None:
            return self._life(present)
        if was_refused(stored, self._credentials):
            text = "Serializd refused this e-mail and password before; they are not tried again."
            return problem("sign-in", text, f"Put right what is configured, or: {self._way_in}")
        if self._credentials.complete or self._credentials.token:
            return skipped(
                "sign-in", "Not signed in yet; serve does it by itself, with the configured e-mail and password."
            )
        return problem("sign-in", "Not signed in, and e-mail and password are not both configured.", self._way_in)

    def _life(self, present: SerializdToken) -> Check:
        ends = codec.token_expiry(present.token)
        if ends is None:
            return ok("sign-in", "Signed in; the token does not say when it ends.")
        left = round((ends - self._clock.now()).total_seconds())
        if left < ENDS_SOON and not self._credentials.complete:
            return warning("sign-in", f"The token ends in {left / 86_400:.0f} days.", self._way_in, seconds_left=left)
        return ok("sign-in", f"Signed in; the token is good for {left / 86_400:.0f} days more.", seconds_left=left)

    async def _own(self, present: SerializdToken | None) -> list[Check]:
        if present is None:
            return [skipped(VALIDATE, NOBODY), skipped(DIARY, NOBODY)]
        (validity, answer), (diary, _) = await asyncio.gather(
            compared(VALIDATE, self._client.post("/validateauthtoken", {"token": present.token}), _VALIDITY),
            compared(DIARY, self._diary(present), _DIARY),
        )
        if answer and not answer["isValid"]:
            validity = self._not_accepted()
        return [validity, diary]

    def _not_accepted(self) -> Check:
        if self._credentials.complete:
            text = "Serializd does not accept the stored token any more; serve signs in again when it next needs it."
            return warning(VALIDATE, text, f"If it cannot: {self._way_in}")
        return problem(VALIDATE, "Serializd does not accept the stored token any more.", self._way_in)

    async def _diary(self, present: SerializdToken) -> Any:
        path = f"/user/{quote(present.username, safe='')}/diary"
        return await self._client.read(path, {"page": 1, "include_target": "ALL"}, token=present.token)

    async def _catalogue(self, present: SerializdToken | None) -> list[Check]:
        """Each read needs an id out of the one before."""
        search, hits = await compared(SEARCH, self._client.read("/search/shows", {"search_query": "harbour"}), _SEARCH)
        if not hits or not hits["results"]:
            return [search, *_unasked("There is no show to ask about.", SHOW, SEASON, TICKS)]
        id_ = hits["results"][0]["id"]
        show, found = await compared(SHOW, self._client.read(f"/show/{id_}"), _SHOW)
        if not found or not found["seasons"]:
            return [search, show, *_unasked("There is no season to ask about.", SEASON, TICKS)]
        number = max(int(season["seasonNumber"]) for season in found["seasons"][:2])
        season, data = await compared(SEASON, self._client.read(f"/show/{id_}/season/{number}"), _SEASON)
        return [search, show, season, await self._ticks(present, f"{id_}", number, data)]

    async def _ticks(self, present: SerializdToken | None, show: str, number: int, season: Any) -> Check:
        if present is None or not season or season.get("seasonId") is None:
            return skipped(TICKS, NOBODY if present is None else "There is no season to ask about.")
        path, params = f"/show/{show}/season_v2_part_3/{number}", {"season_id": season["seasonId"]}
        read = self._client.read_mobile(path, params, token=present.token, seconds=LONGEST)
        return (await compared(TICKS, read, _TICKS))[0]


def _unasked(why: str, *names: str) -> list[Check]:
    return [skipped(name, why) for name in names]
