"""Who wants to be told what happens to a running service. All are called in its loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from scrobbled.config import Config

log = structlog.get_logger("runtime")


class Listeners:
    """What others hand in to be called at the end, at a reload, at a change, and to begin again."""

    def __init__(self) -> None:
        self._on_change: list[Callable[[], None]] = []
        self._on_reload: list[Callable[[Config], None]] = []
        self._on_close: list[Callable[[], Awaitable[None]]] = []
        self._begin_again: Callable[[], None] | None = None

    def on_change(self, tell: Callable[[], None]) -> None:
        """Have ``tell`` called whenever plays, deliveries or the state of an account changed."""
        self._on_change.append(tell)

    def changed(self) -> None:
        for tell in self._on_change:
            tell()

    def on_reload(self, use: Callable[[Config], None]) -> None:
        """Have ``use`` called with each configuration that takes the place of another."""
        self._on_reload.append(use)

    def reloaded(self, config: Config) -> None:
        for use in self._on_reload:
            use(config)

    def on_close(self, close: Callable[[], Awaitable[None]]) -> None:
        """Have ``close`` called at the end, while the database is still open."""
        self._on_close.append(close)

    async def close_all(self) -> None:
        for close in self._on_close:
            await close()

    def on_restart(self, begin_again: Callable[[], None]) -> None:
        """Have ``begin_again`` called when somebody wants everything ended cleanly and begun again."""
        self._begin_again = begin_again

    @property
    def can_restart(self) -> bool:
        """Whether whoever runs this can begin again."""
        return self._begin_again is not None

    def restart(self) -> None:
        """End cleanly and begin again with what the file says then; nothing happens where that cannot be."""
        if self._begin_again is not None:
            log.info("asked to begin again", action="stop")
            self._begin_again()
