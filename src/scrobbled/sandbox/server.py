"""All stand-ins together, over one world, at one address."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from types import MappingProxyType
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from scrobbled.sandbox import world as worlds
from scrobbled.sandbox.base import AsgiScope, AsgiSend, Receive, Reply, StandIn, utc_now
from scrobbled.sandbox.messages import ABORT, respond
from scrobbled.sandbox.world import World

STAND_INS: Mapping[str, str] = MappingProxyType(
    {
        "serializd": "scrobbled.sandbox.serializd.app:SerializdStandIn",
        "trakt": "scrobbled.sandbox.trakt.app:TraktStandIn",
        "trakt-auth": "scrobbled.sandbox.trakt.app:TraktAuthStandIn",
        "plex": "scrobbled.sandbox.plex.app:PlexStandIn",
        "plex-cabin": "scrobbled.sandbox.plex.app:CabinStandIn",
        "plextv": "scrobbled.sandbox.plex.plextv:PlexTvStandIn",
        "plex-discover": "scrobbled.sandbox.plex.discover:DiscoverStandIn",
        "plex-metadata": "scrobbled.sandbox.plex.discover:PlexMetadataStandIn",
        "tmdb": "scrobbled.sandbox.tmdb.app:TmdbStandIn",
        "jellyfin": "scrobbled.sandbox.mediabrowser.jellyfin:JellyfinStandIn",
        "emby": "scrobbled.sandbox.mediabrowser.emby:EmbyStandIn",
        "tautulli": "scrobbled.sandbox.tautulli.app:TautulliStandIn",
        "kodi": "scrobbled.sandbox.kodi.app:KodiStandIn",
        "anilist": "scrobbled.sandbox.anilist.app:AniListStandIn",
        "mappings": "scrobbled.sandbox.mappings.app:MappingsStandIn",
        "influx": "scrobbled.sandbox.influx.app:InfluxStandIn",
    }
)
"""First path segment and class, which is imported only when it is wanted."""

HISTORIES = ("serializd", "trakt")
"""The stand-ins that can be given a past."""

PAGE = """scrobbled sandbox: stand-ins of the services, with made-up titles. Nothing here leaves this machine.

{roots}

Point a configuration at it:

metadata:
  tmdb: {{key: 0123456789abcdef0123456789abcdef, url: {base}/tmdb/3, image_url: {base}/tmdb/t/p}}
sources:
  plex: {{token: choose-one, url: {base}/plex, server_token: sandbox-plex-token, account_url: {base}/plextv}}
  jellyfin: {{token: choose-another, url: {base}/jellyfin, server_token: sandbox-jellyfin-key}}
  emby: {{token: and-another, url: {base}/emby, server_token: sandbox-emby-key}}
  kodi: {{mode: live, url: "{socket}"}}
viewers:
  - name: anna
    accounts: {{plex: anna, jellyfin: anna, emby: anna, kodi: anna}}
    trackers:
      serializd: {{email: anna@example.org, password: anna-secret, url: {base}/serializd/api}}
      trakt:
        {{client_id: sandbox-client, client_secret: sandbox-secret, url: {base}/trakt, auth_url: {base}/trakt-auth}}
      plex:
        {{url: {base}/plex, token: sandbox-plex-token, account_url: {base}/plextv, discover_url: {base}/plex-discover,
        metadata_url: {base}/plex-metadata}}
      jellyfin: {{url: {base}/jellyfin, token: sandbox-jellyfin-key, user: anna}}
      emby: {{url: {base}/emby, token: sandbox-emby-key, user: anna}}
    pairs:
      - {{between: [plex, trakt], plays: both, ratings: both}}
      - {{between: [jellyfin, trakt], plays: both, ratings: both}}
      - {{between: [emby, trakt], plays: both, ratings: both}}

Each root also answers /_sandbox/faults, /_sandbox/outage, /_sandbox/requests and /_sandbox/state. Media servers take
POST /_sandbox/hooks {{"urls": [...]}} and /_sandbox/watch {{"title": "Harbour Lights S1E1", "account": "anna"}}.
The code of scrobbled auth trakt is entered by POST {base}/trakt/_sandbox/approve {{"user_code": "…"}}.
"""


class Sandbox:
    """One world and its stand-ins; an ASGI application that goes by the first path segment.

    ``only`` leaves out the other stand-ins. The same ``seed`` and sizes give the same world.
    """

    def __init__(
        self,
        world: World | None = None,
        *,
        seed: int = 1,
        shows: int = 4,
        movies: int = 3,
        now: Callable[[], datetime] = utc_now,
        only: tuple[str, ...] = tuple(STAND_INS),
    ) -> None:
        self.world = world or worlds.build(seed, shows=shows, movies=movies)
        self.now = now
        self.socket = ""
        """The address of Kodi's websocket, while it is there."""
        self._stand_ins: dict[str, StandIn] = {}
        for name in only:
            self._stand_ins[name] = _load(STAND_INS[name])(self.world, now=now, beside=self._stand_ins)

    def __getitem__(self, name: str) -> Any:
        """The stand-in of that name; raises ``KeyError`` for one that was left out."""
        return self._stand_ins[name]

    def __contains__(self, name: str) -> bool:
        return name in self._stand_ins

    def __iter__(self) -> Iterator[str]:
        return iter(self._stand_ins)

    def preload(self, plays: int, username: str = "anna") -> None:
        """Give the user a past of that many plays at every service that keeps plays."""
        for name in HISTORIES:
            if plays and name in self:
                self[name].preload(username, plays)

    async def __call__(self, scope: AsgiScope, receive: Receive, send: AsgiSend) -> None:
        if scope["type"] != "http":
            raise NotImplementedError(f"the sandbox speaks HTTP only, not {scope['type']}")
        first, _, rest = scope["path"].lstrip("/").partition("/")
        if first in self._stand_ins:
            below = {"path": f"/{rest}", "root_path": f"{scope.get('root_path', '')}/{first}"}
            await self._stand_ins[first]({**scope, **below}, receive, send)
        elif not first:
            await respond(send, Reply(200, self._page(scope)), self.now())
        else:
            known = ", ".join(self)
            await respond(send, Reply(404, f"No stand-in is called {first}; there are {known}.\n"), self.now())

    def _page(self, scope: AsgiScope) -> str:
        host = dict(scope["headers"]).get(b"host", b"localhost").decode("latin-1")
        base = f"{scope.get('scheme', 'http')}://{host}"
        return page(base, self)

    @asynccontextmanager
    async def running(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
        """Listen on a real port of ``host`` (0: any free one) in the running loop; yields ``http://host:port``.

        Leaving cuts what is still connected. Raises ``OSError`` where the port is taken.
        """
        async with AsyncExitStack() as stack:
            if "kodi" in self:
                self.socket = await stack.enter_async_context(self["kodi"].listening(host))
            yield await stack.enter_async_context(listening(self, host, port))


def page(base: str, names: Sandbox) -> str:
    """What the sandbox offers at ``base`` and the YAML that points at it."""
    socket = names.socket or "ws://127.0.0.1:9090/jsonrpc"
    return PAGE.format(base=base, socket=socket, roots="\n".join(f"  {base}/{name}" for name in names))


def _load(where: str) -> type[StandIn]:
    module, _, name = where.partition(":")
    found: type[StandIn] = getattr(importlib.import_module(module), name)
    return found


class _Protocol(HttpToolsProtocol):
    """uvicorn's own, which also lets the application cut the connection (that is no part of ASGI)."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {ABORT: self.transport.abort}  # type: ignore[dict-item]


@asynccontextmanager
async def listening(app: Any, host: str, port: int) -> AsyncIterator[str]:
    """``app`` behind uvicorn's HTTP protocol, without its server around: no signals, no lifespan, no slow goodbye."""
    config = uvicorn.Config(app, http=_Protocol, ws="none", lifespan="off", log_config=None, access_log=False)
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    # by host and port, not with a socket of ours: only then asyncio switches Nagle's algorithm off, and with it 40 ms
    server = await loop.create_server(lambda: _Protocol(config, state, {}), host, port, backlog=2048)
    try:
        yield f"http://{f'[{host}]' if ':' in host else host}:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await _disconnect(state)
        await server.wait_closed()


async def _disconnect(state: ServerState) -> None:
    """Cut every connection, and return when the loop has told their protocols."""
    tasks = list(state.tasks)
    for connection in list(state.connections):
        connection.transport.abort()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    while state.connections:  # noqa: ASYNC110 - uvicorn has no event for it, and it takes one turn of the loop
        await asyncio.sleep(0)


def serve(sandbox: Sandbox, host: str = "127.0.0.1", port: int = 8686, say: Callable[[str], None] = print) -> None:
    """Run until interrupted; ``say`` is told what to put into a configuration."""

    async def forever() -> None:
        async with sandbox.running(host, port) as base:
            say(page(base, sandbox))
            await asyncio.Event().wait()

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        try:
            runner.run(forever())
        except KeyboardInterrupt:
            return


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where it is installed; it is not on Windows."""
    try:
        uvloop = importlib.import_module("uvloop")
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
