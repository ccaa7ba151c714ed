"""The sign-in of one viewer at Plex as it is kept, and whose the tokens of the configuration are.

plex.tv takes the token of an account, and each server one of its own for each person. What is kept has both: the token
that somebody agreed to, and those by which the viewer opens servers. Neither ends by itself.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from scrobbled.clients.base import NAME
from scrobbled.clients.plextv import AccountServer, PlexTv
from scrobbled.core.errors import LoginNeeded, NeverSignedIn
from scrobbled.plumbing.http import Http
from scrobbled.trackers.given import Tokens
from scrobbled.trackers.plex.people import PlexPerson
from scrobbled.trackers.plex.settings import PlexSettings

OWNER = "the server's owner"


@dataclass(frozen=True, slots=True)
class PlexSignIn:
    """As it is stored. ``person`` is who the viewer is there, and ``home_user`` what was asked for to become them.

    ``kind`` is ``jwt`` for a signed token, which ends at ``expires_at`` (Unix seconds).
    """

    token: str = field(repr=False)
    client: str
    username: str = ""
    person: PlexPerson = field(default_factory=PlexPerson)
    home_user: str = ""
    servers: tuple[AccountServer, ...] = ()
    kind: Literal["legacy", "jwt"] = "legacy"
    expires_at: int | None = None

    def values(self) -> dict[str, Any]:
        values: dict[str, Any] = msgspec.to_builtins(self)
        return values


def sign_in_of(values: Mapping[str, Any] | None) -> PlexSignIn | None:
    """What is stored, where it is a sign-in."""
    try:
        return msgspec.convert(values, PlexSignIn)
    except msgspec.ValidationError:
        return None


class PlexAuth:
    """The sign-in of one viewer. ``accounts`` are the names under which Plex knows them, as the configuration says."""

    def __init__(
        self,
        http: Http,
        settings: PlexSettings,
        tokens: Tokens,
        *,
        viewer: str,
        accounts: Collection[str],
    ) -> None:
        self._http, self._settings, self._tokens = http, settings, tokens
        self.viewer, self._accounts = viewer, tuple(accounts)
        self._last: PlexSignIn | None = None

    @property
    def way_in(self) -> str:
        """What to do for a new sign-in."""
        person = f" --home-user {shlex.quote(self._settings.home_user)}" if self._settings.home_user else ""
        return f"Run: scrobbled auth plex --viewer {shlex.quote(self.viewer)}{person}"

    def place(self, where: str) -> str:
        """A key of the viewer's section, for people."""
        return f"trackers.plex.{where} of {self.viewer}"

    def expires_at(self) -> datetime | None:
        """When the sign-in that was last asked for ends by itself."""
        ends = self._last.expires_at if self._last else None
        return None if ends is None else datetime.fromtimestamp(ends, UTC)

    async def kept(self) -> PlexSignIn:
        """As it is stored at this moment; another process may have signed in."""
        found = self._last = sign_in_of(await self._tokens.load())
        if found is None:
            raise NeverSignedIn(f"not signed in to Plex. {self.way_in}")
        self.check(found.person, home_user=found.home_user)
        return found

    async def save(self, sign_in: PlexSignIn) -> None:
        self._last = sign_in
        await self._tokens.save(sign_in.values())

    def at(self, token: str, client: str = NAME) -> PlexTv:
        """plex.tv, asked as whoever has the token."""
        return PlexTv(self._http, self._settings.account_url, token, client=client)

    async def account(self) -> PlexTv:
        """plex.tv, asked with the token that is the likeliest to be good there."""
        given = self._settings.token or next((one.token for one in self._settings.places if one.token), "")
        if given:
            return self.at(given)
        kept = await self.kept()
        return self.at(kept.token, kept.client)

    def check(self, person: PlexPerson, *, owner: bool = False, home_user: str = "") -> None:
        """Raises ``LoginNeeded`` for somebody else than the viewer. Of whom nothing is known may be the viewer, unless
        it is the ``owner`` of a server. ``home_user`` is as whom somebody signed in.
        """
        wanted = self._settings.home_user
        if wanted and (person.is_known or owner) and not person.is_one_of((wanted,)):
            raise LoginNeeded(
                f"this is the Plex account of {person.called or OWNER}, whose state must not be taken for that of "
                f"{wanted}. {self.way_in}"
            )
        listed = self._accounts or (wanted or home_user or self.viewer,)
        if (person.is_known or owner) and not person.is_one_of(listed):
            raise LoginNeeded(
                f"this is the Plex account of {person.called or OWNER}, which {self.viewer} does not list. If it is "
                f"theirs, write it under accounts.plex of {self.viewer}, else sign in as {' or '.join(listed)}. "
                f"{self.way_in}"
            )
