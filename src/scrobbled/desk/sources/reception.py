"""What API and page ask about who reports: setting media servers up, and saying whose an account is."""

from __future__ import annotations

import asyncio
import os

from scrobbled import config as configuration
from scrobbled.desk.facts import house
from scrobbled.desk.facts import sources as heard
from scrobbled.desk.facts.house import UnclaimedStatus
from scrobbled.desk.facts.sources import SourceStory
from scrobbled.desk.sources import claims, guides
from scrobbled.desk.sources.claims import Claimed
from scrobbled.desk.sources.guides import Guide
from scrobbled.runtime.service import Runtime
from scrobbled.servers import registering
from scrobbled.servers.registering import Registered


class Reception:
    """One claim at a time."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._claiming = asyncio.Lock()

    async def sources(self) -> list[SourceStory]:
        """Who reports, and when last."""
        return await self._runtime.store.read(lambda db: heard.sources(db, self._runtime.config))

    def guide(self, source: str) -> Guide:
        """How to set it up, with its secret, which is what is asked for. Raises ``ConfigError``."""
        return guides.guide(self._runtime.config, source)

    async def register(self, source: str) -> Registered:
        """Have its server report here; raises ``ConfigError`` and ``NotRegistered``."""
        runtime = self._runtime
        url = guides.guide(runtime.config, source).url
        return await registering.register(runtime.config, source, url, transport=runtime.transport)

    async def unclaimed(self) -> list[UnclaimedStatus]:
        """Accounts that no viewer lists, those that were heard most often first."""
        return await self._runtime.store.read(house.unclaimed)

    async def claim(self, source: str, account: str, viewer: str | None) -> tuple[Claimed, int]:
        """List the account for the viewer, put that in force, and deliver what waited; also how many still wait.

        Raises ``ConfigError`` and ``NotWritten``.
        """
        runtime = self._runtime
        async with self._claiming:
            done = await asyncio.to_thread(claims.claim, runtime.config, os.environ, source, account, viewer)
            if runtime.config.path is not None:  # also where another program wrote it a moment ago
                await runtime.reload(await asyncio.to_thread(configuration.load, runtime.config.path, os.environ))
        return (done, await claims.waiting(runtime.store, done.source, done.account))
