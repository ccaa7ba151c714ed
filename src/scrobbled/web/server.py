"""Serving an application on a port, in the running loop and under our own signal handling."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any, Protocol, runtime_checkable

import uvicorn

from scrobbled.core.errors import ConfigError
from scrobbled.web.door.connection import HttpConnection

STREAMS_END_WITHIN = 3
"""Seconds open streams get at shutdown; a live page must not keep the service from ending."""


@runtime_checkable
class StreamingApp(Protocol):
    """An application with answers that never end by themselves."""

    def end_streams(self) -> None: ...


class WebServer(uvicorn.Server):
    """uvicorn would end the process by re-raising the signal, before what is in flight has been booked."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def listening(
    app: Any, host: str, port: int, *, connection: type[HttpConnection] = HttpConnection
) -> AsyncIterator[int]:
    """Serve until the block ends; gives the port, chosen by the system for 0. Raises ``ConfigError`` if it is taken."""
    bound = _bound(host, port)
    server = WebServer(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            http=connection,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # whom to believe is decided in one place, by trusted_proxies
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=STREAMS_END_WITHIN,
            timeout_keep_alive=65,
        )
    )
    task = asyncio.create_task(server.serve(sockets=[bound]))
    try:
        yield int(bound.getsockname()[1])
    finally:
        if isinstance(app, StreamingApp):
            app.end_streams()
        server.should_exit = True
        await task
        bound.close()


def _bound(host: str, port: int) -> socket.socket:
    """Bound by ourselves: uvicorn would end the whole process where the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named, or small answers wait 40 ms
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(1024)
        bound.setblocking(False)
    except OSError as error:
        bound.close()
        why = error.strerror or "not possible"
        raise ConfigError(
            [f"server.port: cannot listen on {host} port {port} ({why}); is another program using it?"]
        ) from None
    return bound
