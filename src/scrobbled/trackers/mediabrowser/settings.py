"""What a viewer's section of the configuration says of a Jellyfin or Emby server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class MediaBrowserSettings:
    """``token`` is the user's own, or an API key of the server. ``user`` is a name or an id there; without it, it is
    whom the viewer lists, or who is called like the viewer. ``libraries`` are titles; none are all with films or shows.
    """

    url: str
    token: str = field(default="", repr=False)
    user: str = ""
    libraries: tuple[str, ...] = ()

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """From the configuration, which was checked."""
        return cls(
            str(values.get("url") or ""),
            str(values.get("token") or ""),
            str(values.get("user") or ""),
            tuple(values.get("libraries") or ()),
        )
