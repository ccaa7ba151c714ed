"""An application that is put together when it is first asked for, so that others can be asked before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from litestar import Litestar
from litestar.types import Receive, Scope, Send


class LaterApp:
    """Built once, in a thread: what else the process does goes on meanwhile."""

    def __init__(self, build: Callable[[], Litestar]) -> None:
        self._build, self._lock = build, asyncio.Lock()
        self._app: Litestar | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = await self.built()
        await app(scope, receive, send)

    async def built(self) -> Litestar:
        async with self._lock:
            if self._app is None:
                self._app = await asyncio.to_thread(self._build)
            return self._app
