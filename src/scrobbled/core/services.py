"""Every service, declared once: what it is called, what it does for us, and whose its accounts are.

A new source is a module in ``sources`` and one line here; what there is for a server that can be asked or listened to
stands in ``servers.kinds``, for a tracker in ``trackers``.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Watcher = Literal["account", "sole", "viewer", "nobody"]
"""Who watched: whoever lists the account that is named; the only viewer who lists the source where it names none
(``sole``); besides, the viewer for whom its token was made (``viewer``); or it never says (``nobody``)."""
LibraryTold = Literal["told", "usually", "untold", "none"]
"""Whether its messages name the library of an item, and may be completed by asking its server (``usually``,
``untold``); what is from ``none`` has no library with a title."""


class Service(Struct, frozen=True, kw_only=True):
    """One service by the name that stands in the configuration."""

    title: str
    """The name that it gives itself, for people."""
    source: str = ""
    """The module of ``sources`` that understands what it reports; empty where it reports nothing to us."""
    system: str = ""
    """The service for whose server it speaks, with that one's accounts and keys of items; empty for its own."""
    whose: Watcher = "account"
    libraries: LibraryTold = "told"
    threshold: float | None = None
    """Percent that its protocol sets, where neither the viewer nor the source says otherwise."""
    asked: bool = False
    """Its server can be asked what was watched."""
    listened: bool = False
    """Its server can be listened to."""
    needs: tuple[str, ...] = ("url", "server_token")
    """The settings without which its server cannot be listened to."""
    address: str = "http://nas.local:8096"
    """What the address of its server looks like."""
    typed: tuple[str, ...] = ()
    """Of a tracker: what is kept in the configuration of that which is typed at the first start."""
    takes: str = ""
    """Of a tracker: the media server that it has a webhook or an import of its own for."""
    exports: bool = False
    """It writes files of what it holds, which can be imported."""
    hosts: tuple[str, ...] = ()
    """Where everybody asks it; they and what is below them tell nothing about anybody."""
    page: str = ""
    """In ``docs/sources``, where that is not called like the service."""


SERVICES: dict[str, Service] = {
    "plex": Service(title="Plex", source="plex", asked=True, listened=True, hosts=("plex.tv",)),
    "tautulli": Service(title="Tautulli", source="tautulli", system="plex"),
    "jellyfin": Service(title="Jellyfin", source="jellyfin", asked=True, libraries="usually"),
    "jellyfin-webhooks": Service(title="Jellyfin (Webhooks)", source="jellyfin", system="jellyfin", libraries="untold"),
    "emby": Service(title="Emby", source="emby", asked=True, libraries="untold"),
    "kodi": Service(
        title="Kodi",
        source="kodi",
        listened=True,
        needs=("url",),
        address="ws://kodi.local:9090/jsonrpc",
        whose="sole",
        libraries="none",
    ),
    "sonarr": Service(title="Sonarr", source="arr", whose="nobody", page="sonarr-radarr"),
    "radarr": Service(title="Radarr", source="arr", whose="nobody", page="sonarr-radarr"),
    "trakt": Service(
        title="Trakt",
        source="trakt",
        whose="viewer",
        libraries="none",
        threshold=80.0,
        takes="plex",
        exports=True,
        typed=("client_id", "client_secret"),
        hosts=("trakt.tv",),
    ),
    "serializd": Service(
        title="Serializd", typed=("email",), exports=True, hosts=("serializd.com", "serializd.onrender.com")
    ),
    "anilist": Service(title="AniList", hosts=("anilist.co",)),
    "tmdb": Service(title="TMDB", hosts=("themoviedb.org",)),
}
"""In the order in which sources are shown."""


def service(name: str) -> Service:
    """The service of that name, or one of which no more is known than the name."""
    return SERVICES.get(name) or Service(title=name.capitalize())


def system(source: str) -> str:
    """The service for whose server a source speaks, its own name where that is its own."""
    return service(source).system or source
