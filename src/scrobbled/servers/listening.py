"""Listening to servers that tell what is on: it becomes the same events as by webhook.

A Plex server needs no Plex Pass for that, and Kodi no add-on.
"""

from __future__ import annotations

import asyncio
from functools import partial

import structlog

from scrobbled.core.errors import ContractDrift, StoreError, TrackerError
from scrobbled.core.watching.events import Account
from scrobbled.servers.condition import Condition
from scrobbled.servers.doors import ServerAccess, doors
from scrobbled.servers.ear import Ear, Hearer
from scrobbled.servers.kinds import SERVERS
from scrobbled.servers.kit import Kit

LOOK_EVERY = 5.0
SHORTEST_REST, LONGEST_REST = 30.0, 300.0
REFUSED_REST = 3_600.0
"""Seconds after a token was refused; a changed configuration is taken up at once."""
log = structlog.get_logger("listening")


class Listening:
    """Runs until it is stopped, with one connection to each server that is to be listened to."""

    def __init__(self, kit: Kit) -> None:
        self._kit, self._clock = kit, kit.clock
        self._conditions: dict[str, Condition] = {}

    @property
    def conditions(self) -> list[Condition]:
        return [self.condition(door) for door in self._wanted()]

    async def run(self, stopping: asyncio.Event) -> None:
        """Nothing that goes wrong ends it; another address or token takes the place of the one before."""
        listening: dict[ServerAccess, asyncio.Task[None]] = {}
        try:
            while not stopping.is_set():
                wanted = self._wanted()
                for door in [door for door in listening if door not in wanted]:
                    await _cancelled(listening.pop(door))
                for door in wanted:
                    if door not in listening:
                        listening[door] = asyncio.create_task(self.keep_listening(door, stopping))
                await self._clock.wait(stopping, LOOK_EVERY)
        finally:
            for task in listening.values():
                await _cancelled(task)

    def condition(self, door: ServerAccess) -> Condition:
        """How listening there goes."""
        if door.source not in self._conditions:
            self._conditions[door.source] = self._kit.condition(door.source, "live")
        return self._conditions[door.source]

    def _wanted(self) -> list[ServerAccess]:
        return [door for door in doors(self._kit.config()) if door.live]

    async def keep_listening(self, door: ServerAccess, stopping: asyncio.Event) -> None:
        """One connection after the other, with a rest after each failure."""
        ear, failures, condition = None, 0, self.condition(door)
        while not stopping.is_set():
            began = self._clock.monotonic()
            try:
                ear = ear or await self.opened(door)
                await ear.listen(condition.good, stopping)
                failures = 0
            except TrackerError as error:
                failures = 1 if self._clock.monotonic() - began > LONGEST_REST else failures + 1
                await condition.bad(error)
            except StoreError as error:
                failures += 1
                log.warning("what was heard could not be stored", action="listen", why=str(error))
            except Exception:
                failures += 1
                log.exception("listening failed as it never should", action="listen")
            await self._clock.wait(stopping, _rest(condition, failures))

    async def opened(self, door: ServerAccess) -> Ear:
        """Raises ``TrackerError`` where the server has to be asked who it is, and does not say so."""
        kit, kind = self._kit, SERVERS[door.source]
        if kind.ear is None:
            raise ContractDrift(f"{door.source} cannot be listened to")

        def claimed(account: Account) -> bool:
            return bool(kit.claimants(door.source, account))

        to = Hearer(partial(kit.take, door.source), claimed, self._clock)
        return await kind.ear(kit.pools, door, kit.cache, to)


def _rest(condition: Condition, failures: int) -> float:
    if condition.state == "sign-in":
        return REFUSED_REST
    return 0.0 if not failures else min(LONGEST_REST, SHORTEST_REST * 2.0 ** min(failures - 1, 10))


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
