"""Connections that are kept between two requests, and may be closed at the other end meanwhile. ``Http`` uses it."""

from __future__ import annotations

from typing import Any

import httpx

CLOSED = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)
"""What is seen of a connection that ended before a byte of the answer."""


class _Line:
    """What httpcore tells of the connection that a request takes; a transport that is no network tells nothing."""

    def __init__(self) -> None:
        self.is_kept = False
        self._is_new = False

    async def trace(self, event: str, info: dict[str, Any]) -> None:
        self._is_new = self._is_new or event.startswith("connection.connect")
        self.is_kept = self.is_kept or (event.endswith("send_request_headers.started") and not self._is_new)


async def begun(
    client: httpx.AsyncClient, method: str, url: str, sent: dict[str, Any], *, again: bool
) -> httpx.Response:
    """The answer with its headers, which the caller closes.

    Services and proxies close what is idle without a word, also in the moment in which it is used again. With ``again``
    the request is sent once more then, over another connection; one that was made just now has another trouble.
    """
    line = _Line()
    extensions = {"trace": line.trace} if again else {}
    try:
        return await client.send(client.build_request(method, url, **sent, extensions=extensions), stream=True)
    except CLOSED:
        if not line.is_kept:
            raise
        return await client.send(client.build_request(method, url, **sent), stream=True)
