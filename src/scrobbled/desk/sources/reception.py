"""What API and page ask about who reports: setting media servers up, and saying whose an account is."""

from __future__ import annotations

import asyncio
import os
from typing import TypeVar

from scrobbled import claiming, heard, registering, setting_up, summary
from scrobbled import config as configuration
from scrobbled.claiming import Claimed
from scrobbled.heard import SourceStory
from scrobbled.registering import Registered
from scrobbled.runtime import Runtime
from scrobbled.setting_up import Guide
from scrobbled.summary import UnclaimedStatus
from scrobbled.web.masking import masked

T = TypeVar("T")


class Reception:
    """Every text that leaves here has passed the redactor, but for a guide, which is there to tell a secret."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._claiming = asyncio.Lock()

    async def sources(self) -> list[SourceStory]:
        """Who reports, and when last."""
        return self._masked(await self._runtime.store.read(lambda db: heard.sources(db, self._runtime.config)))

    def guide(self, source: str) -> Guide:
        """How to set it up, with its secret, which is what is asked for. Raises ``ConfigError``."""
        return setting_up.guide(self._runtime.config, source)

    async def register(self, source: str) -> Registered:
        """Have its server report here; raises ``ConfigError`` and ``NotRegistered``."""
        runtime = self._runtime
        url = setting_up.guide(runtime.config, source).url
        return self._masked(await registering.register(runtime.config, source, url, transport=runtime.transport))

    async def unclaimed(self) -> list[UnclaimedStatus]:
        """Accounts that no viewer lists, those that were heard most often first."""
        return self._masked(await self._runtime.store.read(summary.unclaimed))

    async def claim(self, source: str, account: str, viewer: str | None) -> tuple[Claimed, int]:
        """List the account for the viewer, put that in force, and deliver what waited; also how many still wait.

        Raises ``ConfigError`` and ``NotWritten``.
        """
        runtime = self._runtime
        async with self._claiming:
            done = await asyncio.to_thread(claiming.claim, runtime.config, os.environ, source, account, viewer)
            if runtime.config.path is not None:  # also where another program wrote it a moment ago
                await runtime.reload(await asyncio.to_thread(configuration.load, runtime.config.path, os.environ))
        return self._masked((done, await claiming.waiting(runtime.store, done.source, done.account)))

    def _masked(self, value: T) -> T:
        return masked(value, self._runtime.redactor)
