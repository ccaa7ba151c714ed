"""What a viewer's ``trakt`` section of the configuration says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from scrobbled.core.errors import ConfigError

API_URL = "https://api.trakt.tv"
AUTH_URL = "https://auth.trakt.tv"
NO_REDIRECT = "urn:ietf:wg:oauth:2.0:oob"
"""What stands for "no redirect" in OAuth: the value device sign-ins are tied to."""
WRITE_PACE = 1.1
"""Seconds between two writes: Trakt allows one per second and account, counted at its own door."""


@dataclass(frozen=True, slots=True)
class TraktSettings:
    """``pace`` is seconds between two writes. URLs may carry a path, which is kept."""

    client_id: str
    client_secret: str = field(default="", repr=False)
    url: str = API_URL
    auth_url: str = AUTH_URL
    redirect_uri: str = NO_REDIRECT
    pace: float = WRITE_PACE
    limits: Mapping[str, int] = field(default_factory=dict)
    """The most of a list, where Trakt does not tell: its library, above all."""

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """From the configuration; raises ``ConfigError`` without a client id."""
        client_id = str(values.get("client_id") or "").strip()
        if not client_id:
            raise ConfigError(
                ["trakt: client_id is missing; create an app on https://developer.trakt.tv and enter its id"]
            )
        pace = values.get("pace")
        return cls(
            client_id=client_id,
            client_secret=str(values.get("client_secret") or "").strip(),
            url=str(values.get("url") or API_URL),
            auth_url=str(values.get("auth_url") or AUTH_URL),
            redirect_uri=str(values.get("redirect_uri") or NO_REDIRECT),
            pace=WRITE_PACE if pace is None else float(pace),
            limits=dict(values.get("limits") or {}),
        )
