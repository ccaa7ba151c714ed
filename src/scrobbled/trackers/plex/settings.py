"""What a viewer's ``plex`` section of the configuration says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class PlexPlace:
    """A server of the configuration. Without a ``token`` it is opened by that of the sign-in; ``where`` is its key."""

    url: str
    token: str = field(default="", repr=False)
    where: str = "token"


@dataclass(frozen=True, slots=True)
class PlexSettings:
    """Without ``places`` the servers are those of the account whose ``token`` this is, or that signed in.

    ``home_user`` is a person of the owner's home, or one with whom a server is shared. ``libraries`` are titles; none
    are all with films or shows.
    """

    places: tuple[PlexPlace, ...] = ()
    token: str = field(default="", repr=False)
    home_user: str = ""
    libraries: tuple[str, ...] = ()
    account_url: str | None = None
    discover_url: str | None = None
    metadata_url: str | None = None
    """Where plex.tv, its watchlists and its titles are, where they are elsewhere."""

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """From the configuration, which was checked."""
        token = str(values.get("token") or "")
        places = tuple(
            PlexPlace(str(one["url"]), str(one.get("token") or ""), f"servers[{at}].token")
            for at, one in enumerate(values.get("servers") or ())
        )
        if values.get("url"):
            places = (PlexPlace(str(values["url"]), token),)
        return cls(
            places=places,
            token="" if places else token,
            home_user=str(values.get("home_user") or ""),
            libraries=tuple(values.get("libraries") or ()),
            account_url=values.get("account_url"),
            discover_url=values.get("discover_url"),
            metadata_url=values.get("metadata_url"),
        )
