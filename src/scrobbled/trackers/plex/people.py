"""Whose account it is at Plex, and whether that is the viewer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from scrobbled.plumbing.fields import text

_NAMES = ("username", "title", "friendlyName", "name", "email")


class PlexPerson(Struct, frozen=True):
    """``id`` is the one at plex.tv, empty where it is not told; managed users have a title and nothing else."""

    id: str = ""
    names: tuple[str, ...] = ()

    @property
    def called(self) -> str:
        return next(iter(self.names), self.id)

    @property
    def is_known(self) -> bool:
        return bool(self.id or self.names)

    def is_one_of(self, listed: Iterable[str]) -> bool:
        """Whether one of these names or ids is theirs; compared trimmed and without case."""
        own = {name.strip().casefold() for name in (self.id, *self.names)}
        return not own.isdisjoint(name.strip().casefold() for name in listed)


def person_of(row: Mapping[str, Any]) -> PlexPerson:
    """From any of plex.tv's ways to tell of somebody."""
    names = (text(row.get(key), limit=200) for key in _NAMES)
    return PlexPerson(text(row.get("id")), tuple(dict.fromkeys(filter(None, names))))
