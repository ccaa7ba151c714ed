"""How far the libraries of a person were read: what a cursor holds. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from scrobbled.core.kinds import Kind

FORM = 1
"""Of the cursor; one of another form is none."""


class MediaBrowserCursor(Struct, frozen=True):
    """``digest`` is of all that was listed, and of what was being played; ``kinds`` are those that were told of it."""

    form: int = FORM
    owner: str = ""
    titles: tuple[str, ...] = ()
    """Of the libraries that were chosen."""
    libraries: Mapping[str, str] = field(default_factory=dict)
    """Titles of those that were read, by key."""
    digest: str = ""
    kinds: tuple[Kind, ...] = ()
    rechosen: bool = False
    """It was read, and since then other libraries were chosen."""

    def values(self) -> dict[str, Any]:
        """As JSON."""
        values: dict[str, Any] = msgspec.to_builtins(self)
        return values


def cursor_of(values: Mapping[str, Any], owner: str, titles: Iterable[str]) -> MediaBrowserCursor:
    """What an earlier read handed out, as far as it holds for this person and where these libraries are chosen."""
    wanted = tuple(sorted(titles))
    try:
        found = msgspec.convert(values, MediaBrowserCursor) if values.get("form") == FORM else MediaBrowserCursor()
    except msgspec.ValidationError:
        found = MediaBrowserCursor()
    if found.owner != owner:
        return MediaBrowserCursor(owner=owner, titles=wanted)
    if found.titles == wanted:
        return replace(found, rechosen=False)
    return replace(found, titles=wanted, digest="", kinds=(), rechosen=bool(found.libraries))
