"""Puts the configuration in force again when its file changes or somebody asks for it, without a restart."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path

import structlog

from scrobbled import config as configuration
from scrobbled.alerts import Trouble
from scrobbled.config import Config
from scrobbled.core.errors import ConfigError, StoreError
from scrobbled.intake.household import refuse_impossible
from scrobbled.runtime.in_force import needs_a_restart
from scrobbled.runtime.service import Runtime

LOOK_EVERY = 1.0
GONE_AFTER = 60.0
"""Seconds without the file until that is told: an editor, or a mount, may take a moment."""
KIND, SUBJECT = "configuration", "the file"
Stamp = tuple[int, int, int] | None
log = structlog.get_logger("reload")


class Reloader:
    """Watches the file of a running service. A valid one is applied; with an invalid one the old stays in force.

    Files that ``…_file`` keys name are read with the file that names them, so after a change of such a secret ``ask``.
    """

    def __init__(
        self, runtime: Runtime, path: Path, environ: Mapping[str, str], set_log: Callable[[Config], None] | None = None
    ) -> None:
        self._runtime, self._path, self._environ = runtime, path, environ
        self._set_log = set_log or (lambda config: None)
        self._asked = asyncio.Event()
        self._seen = _stamp(path)
        self._there_at = runtime.clock.monotonic()
        self._loaded = runtime.config

    def ask(self) -> None:
        """Reload soon, changed or not; for SIGHUP."""
        self._asked.set()

    async def run(self) -> None:
        """Until it is cancelled. Nothing that is wrong with a file ends it."""
        await self._valid()  # whatever was wrong when the process before ended, is not now
        before = self._seen
        while True:
            asked = await self._runtime.clock.wait(self._asked, LOOK_EVERY)
            self._asked.clear()
            now = _stamp(self._path)
            settled = now == before  # an editor may be in the middle of writing it
            before = now
            if asked or (settled and now not in (self._seen, None)) or self._is_gone(now):
                self._seen = now
                with contextlib.suppress(StoreError):  # logged where it happened; what was loaded is in force
                    await self.reload()

    def _is_gone(self, now: Stamp) -> bool:
        """Once, when what was there has been missing for a while: the next start would not find it."""
        if now is not None:
            self._there_at = self._runtime.clock.monotonic()
        return self._seen is not None and self._runtime.clock.monotonic() - self._there_at >= GONE_AFTER

    async def reload(self) -> bool:
        """Read the file and apply it; false when it is not valid, which is then told with every problem."""
        try:
            config = configuration.load(self._path, self._environ)
            refuse_impossible(config)
        except ConfigError as error:
            await self._invalid(error)
            return False
        if config != self._loaded:
            await self._apply(config)
        await self._valid()
        return True

    async def _apply(self, config: Config) -> None:
        for warning in (*configuration.warnings(config), *needs_a_restart(self._runtime.config, config)):
            log.warning("configuration", action="reload", why=warning)
        self._set_log(config)
        await self._runtime.reload(config)
        self._loaded = config
        log.info("configuration reloaded", action="reload")

    async def _valid(self) -> None:
        with contextlib.suppress(StoreError):
            await self._runtime.alerts.recovered(
                KIND, SUBJECT, "scrobbled: the configuration is valid again", "It is in force now."
            )

    async def _invalid(self, error: ConfigError) -> None:
        for problem in error.problems:
            log.error("configuration not valid; the one before stays in force", action="reload", why=problem)
        await self._runtime.alerts.report(
            Trouble(
                kind=KIND,
                subject=SUBJECT,
                title="scrobbled: the changed configuration is not valid",
                text="The one before stays in force, and nothing is lost. Correct the file; it is then taken up by "
                f"itself. What is wrong:\n{error}",
            )
        )


def _stamp(path: Path) -> Stamp:
    """Changes with the file, also when an editor or a mounted secret puts another in its place."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
