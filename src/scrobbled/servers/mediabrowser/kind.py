"""What Jellyfin and Emby can be asked for."""

from __future__ import annotations

from scrobbled.clients.mediabrowser import MediaBrowserClient, MediaBrowserKind
from scrobbled.plumbing.http import Http
from scrobbled.servers.doors import ServerAccess
from scrobbled.servers.kind import ServerKind
from scrobbled.servers.mediabrowser import register_emby, register_jellyfin
from scrobbled.servers.mediabrowser.history import MediaBrowserServer
from scrobbled.servers.mediabrowser.libraries import MediaBrowserLibraries
from scrobbled.servers.mediabrowser.lookup import MediaBrowserFinder

_REGISTER = {"jellyfin": register_jellyfin.register, "emby": register_emby.register}
_KEY = "an API key of that server (its dashboard, API Keys) is needed to register there"


def kind(dialect: MediaBrowserKind) -> ServerKind:
    """Of the one or the other."""

    def client(http: Http, door: ServerAccess) -> MediaBrowserClient:
        return MediaBrowserClient(dialect, http, door.token)

    url = f"the address of the server itself, such as http://{dialect.source}.local:8096, is needed to register there"
    return ServerKind(
        history=lambda http, door, cache: MediaBrowserServer(client(http, door), cache),
        finder=lambda http, door, cache: MediaBrowserFinder(client(http, door), cache),
        libraries=lambda http, door, cache: MediaBrowserLibraries(client(http, door), cache),
        client=client,
        register=_REGISTER[dialect.source],
        needed={"url": url, "server_token": _KEY},
    )
