"""Whose watchlist it is: only an account at plex.tv has one, and only its own token opens it."""

from __future__ import annotations

import hashlib
from typing import Any

from scrobbled.clients.base import NAME
from scrobbled.clients.discover import Discover, DiscoverPace
from scrobbled.core.errors import NeverSignedIn, Refused
from scrobbled.plumbing.cache import Cache
from scrobbled.plumbing.clock import Clock
from scrobbled.plumbing.http import Http
from scrobbled.trackers.plex.auth import PlexAuth
from scrobbled.trackers.plex.people import PlexPerson, person_of
from scrobbled.trackers.plex.settings import PlexSettings

DAY = 86_400.0
NO_ACCOUNT = (
    "there is no watchlist, as it belongs to an account at plex.tv, and {} Whoever has one signs in as themselves; a "
    "managed user of a home has none"
)
SWITCHED = "{} was signed in by somebody else of the home."
NO_TOKEN = "no token here is known there as that of {}."


class DiscoverAccount:
    """Of one viewer. Asks whose a token of the configuration is once a day."""

    def __init__(self, http: Http, settings: PlexSettings, auth: PlexAuth, cache: Cache, clock: Clock) -> None:
        self._http, self._settings, self._auth, self._cache = http, settings, auth, cache
        self._pace = DiscoverPace(clock)

    async def discover(self) -> Discover:
        """Raises ``Refused`` where the viewer has no account of their own, ``LoginNeeded`` for one that is somebody
        else's, and ``TryLater`` where plex.tv does not tell just now.
        """
        for token, where in self._given():
            person = await self._whose(token)
            if person is not None:
                self._auth.check(person)
                refused = f"Plex refuses the token in {self._auth.place(where)}. Put a new one there"
                return self._with(token, NAME, refused)
        try:
            kept = await self._auth.kept()
        except NeverSignedIn:
            raise Refused(NO_ACCOUNT.format(NO_TOKEN.format(self._auth.viewer))) from None
        if kept.home_user:
            raise Refused(NO_ACCOUNT.format(SWITCHED.format(kept.person.called)))
        refused = f"Plex does not accept the sign-in that is kept for this account any more. {self._auth.way_in}"
        return self._with(kept.token, kept.client, refused)

    def _given(self) -> list[tuple[str, str]]:
        """The tokens of the configuration, and where each stands."""
        own = [(self._settings.token, "token")]
        return [one for one in (*own, *((place.token, place.where) for place in self._settings.places)) if one[0]]

    async def _whose(self, token: str) -> PlexPerson | None:
        """``None`` where it is none of an account there: one of a server alone, or of somebody who is managed."""
        key = f"plex:account:{hashlib.sha256(token.encode()).hexdigest()[:32]}"
        row: Any = await self._cache.get(key)
        if not isinstance(row, dict):
            row = dict(await self._auth.at(token).user())
            row = {name: row[name] for name in ("id", "username", "title", "email", "restricted") if row.get(name)}
            if row:
                await self._cache.put(key, row, seconds=DAY)
        return person_of(row) if row and not row.get("restricted") else None

    def _with(self, token: str, client: str, refused: str) -> Discover:
        at, titles_at = self._settings.discover_url or "", self._settings.metadata_url or ""
        return Discover(self._http, token, self._pace, client=client, refused=refused, at=at, titles_at=titles_at)
