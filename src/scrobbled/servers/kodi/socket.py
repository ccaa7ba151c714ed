"""Kodi's JSON-RPC over its websocket: questions with their answers, and what it tells by itself in between.

https://kodi.wiki/view/JSON-RPC_API. It wants no password; it listens on port 9090 once "Allow remote control from
applications on other systems" is on.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from msgspec import Struct

from scrobbled.core.errors import ContractDrift, TryLater
from scrobbled.plumbing.fields import section, text
from scrobbled.plumbing.http import USER_AGENT

if TYPE_CHECKING:  # and loaded with the first connection: most houses have no Kodi, and it takes a megabyte
    from websockets.asyncio.client import ClientConnection

PATH = "/jsonrpc"
LONGEST_MESSAGE = 1024 * 1024
TOO_BIG = 1009
MOST_WAITING = 500
"""Notifications that are kept while a question is open; the oldest go."""
PATIENCE = 10.0
AWAY = (
    'Kodi does not answer at {host}. Is it on, and is "Allow remote control from applications on other systems" on '
    "in its settings, under Services > Control?"
)
STRANGER = "what answers at {host} is not Kodi's websocket, which is at port 9090 unless that was changed"
LEFT = "Kodi ended the connection"
KodiRow = Mapping[str, Any]


class KodiNotice(Struct, frozen=True):
    """Something that Kodi tells by itself, such as ``PlexPlayer.OnStop`` with its ``data``."""

    method: str
    data: KodiRow


class KodiConnection:
    """One connection. Raises ``TryLater`` where it breaks, and ``ContractDrift`` for what Kodi never answers."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = count(1)
        self._waiting: deque[KodiNotice] = deque(maxlen=MOST_WAITING)

    async def ask(self, method: str, **params: Any) -> Any:
        """The ``result``; ``None`` where Kodi answers with an error, as it does for what is not there any more."""
        number = next(self._numbers)
        question = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        try:
            async with asyncio.timeout(PATIENCE):
                with _told_as_ours():
                    await self._socket.send(json.dumps(question))
                while (message := await self._message()).get("id") != number:
                    self._keep(message)
        except TimeoutError:
            raise TryLater(f"Kodi did not answer to {method} within {PATIENCE:.0f} s") from None
        return message.get("result")

    async def heard(self, seconds: float) -> KodiNotice | None:
        """What it tells next; ``None`` where that is nothing for so long."""
        try:
            async with asyncio.timeout(seconds):
                while not self._waiting:
                    self._keep(await self._message())
        except TimeoutError:
            return None
        return self._waiting.popleft()

    def _keep(self, message: KodiRow) -> None:
        method = text(message.get("method"), limit=100)
        if method and "id" not in message:
            self._waiting.append(KodiNotice(method, section(section(message, "params"), "data")))

    async def _message(self) -> KodiRow:
        with _told_as_ours():
            received = await self._socket.recv()
        try:
            message = json.loads(received)
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict):
            raise ContractDrift("what answers there does not speak Kodi's JSON-RPC")
        return message


@contextlib.asynccontextmanager
async def connected(url: str) -> AsyncIterator[KodiConnection]:
    """A connection to the websocket at ``url``; its path is ``/jsonrpc`` unless another one is told."""
    from websockets.asyncio.client import connect
    from websockets.exceptions import InvalidHandshake

    parts = urlsplit(url)
    address = url if parts.path.strip("/") else f"{url.rstrip('/')}{PATH}"
    try:
        socket = await connect(
            address,
            compression=None,
            max_size=LONGEST_MESSAGE,
            open_timeout=PATIENCE,
            close_timeout=1.0,
            ping_interval=None,  # we ask it something from time to time, which tells the same and more
            proxy=None,
            user_agent_header=USER_AGENT,
        )
    except (OSError, EOFError, TimeoutError) as error:
        raise TryLater(AWAY.format(host=parts.netloc)) from error
    except InvalidHandshake as error:
        if _is_passing(error):
            raise TryLater(AWAY.format(host=parts.netloc)) from error
        raise ContractDrift(STRANGER.format(host=parts.netloc)) from error
    try:
        yield KodiConnection(socket)
    finally:
        await socket.close()


@contextlib.contextmanager
def _told_as_ours() -> Iterator[None]:
    from websockets.exceptions import ConnectionClosed

    try:
        yield
    except ConnectionClosed as error:
        if error.sent is not None and error.sent.code == TOO_BIG:
            raise ContractDrift("Kodi sent a message that is too large to be believed") from error
        raise TryLater(LEFT) from error


def _is_passing(error: Exception) -> bool:
    """Whether it broke off, or a proxy in front of it says that it is away."""
    from websockets.exceptions import InvalidStatus

    status = error.response.status_code if isinstance(error, InvalidStatus) else 0
    return status >= 500 or isinstance(error.__cause__, EOFError | OSError)


def rows(result: Any, name: str = "") -> Sequence[KodiRow]:
    """The objects of a list, by itself or below ``name``; nothing where there is none."""
    listed = result.get(name) if name and isinstance(result, dict) else result
    return [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
