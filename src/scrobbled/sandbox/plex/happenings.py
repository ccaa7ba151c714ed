"""What happens to the libraries of a Plex server while nobody watches anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from scrobbled.sandbox.plex.agents import LEGACY, WorldTitle, catalogued, modern, own_guids
from scrobbled.sandbox.plex.core import PlexCore
from scrobbled.sandbox.plex.items import Holding, LibraryItem, PlexSection
from scrobbled.sandbox.plex.views import ViewState


def titles_of(server: PlexCore, section: PlexSection) -> Mapping[str, WorldTitle]:
    """The films or shows of a library, by rating key."""
    found = {item.rating_key: item.movie or item.show for item in server.library.of_type(section, section.type)}
    return {key: title for key, title in found.items() if title is not None}


def change_agent(server: PlexCore, section: PlexSection, agent: str) -> None:
    """The library is looked up anew by another agent: the same keys and states, other guids."""
    own = {} if agent.startswith(LEGACY) else own_guids(server.world)
    changed = {
        key: modern(title, own) if own else catalogued(title, agent)
        for key, title in titles_of(server, section).items()
    }
    server.library.rename(section, changed, agent)


def unmount(server: PlexCore, section: PlexSection) -> list[LibraryItem]:
    """The disk is not there, and its items are gone; ``library.put_back`` brings them back."""
    lost = [item for item in server.library.items.values() if item.section.key == section.key]
    for item in lost:
        if item.rating_key in server.library.items:
            server.library.remove(item)
    return lost


def recreate(server: PlexCore, section: PlexSection, *, keeps_state: bool = True) -> PlexSection:
    """The library is deleted and made anew from the same files: another key, new rating keys, the same guids.

    Plex keeps what was seen by guid; without ``keeps_state`` nobody has seen anything of it.
    """
    titles = list(titles_of(server, section).values())
    seen = _seen(server, section) if keeps_state else {}
    server.library.close(section)
    fresh = replace(section, key=max([section.key, *server.library.sections]) + 1, uuid=f"{section.uuid[:-4]}beef")
    server.library.open(fresh)
    for title in titles:
        server.library.put(title, Holding(fresh, added=int(server.now().timestamp())))
    for (account, guid), viewed in seen.items():
        for copy in server.library.of_guid(guid):
            server.views.seen.setdefault((account, copy.rating_key), viewed)
    return fresh


def _seen(server: PlexCore, section: PlexSection) -> Mapping[tuple[int, str], ViewState]:
    """What each account has seen of a library, by plex.tv id and guid."""
    return {
        (account, item.guid): viewed
        for (account, key), viewed in server.views.seen.items()
        if (item := server.library.items.get(key)) and item.guid and item.section.key == section.key
    }
