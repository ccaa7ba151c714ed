"""Which sources are chosen from by library, and whether they tell, or can be asked, from which one an item is."""

from __future__ import annotations

from typing import Literal

from scrobbled.config.model import Config
from scrobbled.config.people import listing
from scrobbled.config.viewing import SourceConfig
from scrobbled.core.services import service, system

LibraryKnowledge = Literal["told", "asked", "unknown", "none"]


def may_lack(source: str) -> bool:
    """Whether its messages may lack the library, which its server can then be asked for."""
    return service(source).libraries in ("usually", "untold")


def chooses(config: Config, source: str) -> bool:
    """Whether only some libraries count, for that source or for somebody who lists it."""
    own = config.sources.get(source, SourceConfig()).libraries
    return bool(own) or any(viewer.libraries for viewer in listing(config, source))


def matters(config: Config, source: str) -> bool:
    """Whether the library of an item makes any difference: it chooses, or a rule is about single libraries."""
    viewers = (None, *listing(config, source))
    levels = [level for viewer in viewers for level in config.levels(source, viewer)]
    return chooses(config, source) or any(special.libraries for level in levels for special in level.specials)


def wanted(config: Config, source: str) -> list[str]:
    """The titles that ``libraries`` lets through, of the source and of everybody who lists it."""
    own = config.sources.get(source, SourceConfig()).libraries
    theirs = (title for viewer in listing(config, source) for title in viewer.libraries)
    return list(dict.fromkeys((*own, *theirs)))


def server_of(config: Config, source: str) -> SourceConfig | None:
    """Where the server behind the source is asked; ``None`` where nothing says so.

    A second plugin of a Jellyfin need not repeat what is written below ``sources.jellyfin``.
    """
    places = (config.sources.get(name) for name in dict.fromkeys((source, system(source))))
    return next((one for one in places if one and one.url and one.server_token), None)


def known(config: Config, source: str) -> LibraryKnowledge:
    """How it is known from which library something is. Jellyfin's official plugin tells it, as a rule."""
    by_itself = service(source).libraries
    if may_lack(source) and server_of(config, source) is not None:
        return "asked"
    return "told" if by_itself == "usually" else "unknown" if by_itself == "untold" else by_itself
