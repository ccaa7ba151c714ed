"""A house that answers on a port, and callers from many addresses of this machine."""

import contextlib
from collections.abc import AsyncIterator, Callable

import httpx

from scrobbled.web.door.connection import HttpConnection
from scrobbled.web.server import listening
from web.house import House

Calling = Callable[..., httpx.AsyncClient]


@contextlib.asynccontextmanager
async def by_port(there: House, kind: type[HttpConnection] = HttpConnection) -> AsyncIterator[Calling]:
    """Gives a client of ``peer``, which names us ``host``."""
    async with (
        listening(there.app, "127.0.0.1", 0, connection=kind) as port,
        contextlib.AsyncExitStack() as stack,
    ):

        def calling(peer: str = "127.0.0.1", host: str = "") -> httpx.AsyncClient:
            transport = httpx.AsyncHTTPTransport(local_address=peer)
            named = {"Host": host} if host else {}
            client = httpx.AsyncClient(
                transport=transport, base_url=f"http://127.0.0.1:{port}", headers=named, timeout=60
            )
            stack.push_async_callback(client.aclose)
            return client

        yield calling
