"""The database, and somebody who carries out what is asked for in it: a running ``serve``, else this very process."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from scrobbled.cli.common import opened, redactor
from scrobbled.config import Config
from scrobbled.core.errors import StoreError
from scrobbled.runtime.service import build
from scrobbled.store import Store
from scrobbled.store.file import opening


class ServiceAccess:
    """Use ``service``. ``store`` is the database; ``is_ours`` says that this process carries out what is asked for."""

    store: Store

    def __init__(self, config: Config, stack: contextlib.AsyncExitStack) -> None:
        self._config, self._stack = config, stack
        self.is_ours = False

    async def begin(self) -> None:
        """Raises ``StoreError`` where there is no database, and somebody else is about to make one."""
        if not await self.stand_in():
            self.store = await self._stack.enter_async_context(opened(self._config))

    async def stand_in(self) -> bool:
        """Whether this process carries it out: it does from now on where nobody else does."""
        if self.is_ours:
            return True
        try:
            lock = opening.lock(self._config.storage.path)
        except StoreError:
            return False
        self._stack.enter_context(contextlib.closing(lock))
        runtime = build(self._config, redactor=redactor(), by_clock=False)
        await self._stack.enter_async_context(runtime.running())
        self.store, self.is_ours = runtime.store, True
        return True


@contextlib.asynccontextmanager
async def service(config: Config) -> AsyncIterator[ServiceAccess]:
    """Until the block ends; a write in flight may finish then."""
    async with contextlib.AsyncExitStack() as stack:
        served = ServiceAccess(config, stack)
        await served.begin()
        yield served
