"""Keeps what Home Assistant shows in step with what there is, for as long as there is a broker."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import structlog
from msgspec import Struct

from scrobbled.config import Config, MqttConfig
from scrobbled.core.errors import LoginNeeded, StoreError, TrackerError, TryLater
from scrobbled.plumbing.clock import Clock
from scrobbled.sinks.mqtt.brokers import Broker, Supervisor, configured
from scrobbled.sinks.mqtt.messages import ONLINE, MqttMessage, SensorFacts, Topics, availability, device, nothing, state

if TYPE_CHECKING:
    from scrobbled.sinks.mqtt.line import MqttConnection

PAUSE = 4.0
"""Seconds between two looks, so that a flood of news costs little; the first is told at once."""
LOOK_EVERY = 60.0
"""Seconds after which there is a look without any news: disks and clocks tell of none."""
ASK_EVERY = 300.0
"""Seconds after which a supervisor without a broker is asked again."""
SHORTEST_REST, LONGEST_REST = 5.0, 300.0
OFF, NEW, OK, DOWN, SIGN_IN = "off", "new", "ok", "down", "sign-in"
log = structlog.get_logger("sensors")


class SensorMeans(Struct, frozen=True):
    """``config`` is asked each time, as a reload exchanges it. What ``look`` finds holds no secret."""

    config: Callable[[], Config]
    look: Callable[[], Awaitable[SensorFacts]]
    supervisor: Supervisor
    learn: Callable[[str], None]
    """Told each secret that comes from outside."""
    clock: Clock


class Sensors:
    """Runs beside everything else. ``state`` is ``off``, ``new``, ``ok``, ``down`` or ``sign-in``."""

    def __init__(self, means: SensorMeans) -> None:
        self._means, self._clock = means, means.clock
        self._news, self._turned = asyncio.Event(), asyncio.Event()
        self._used = _of(means.config())
        self._ending = False
        self.state, self.reason = NEW, ""

    def news(self) -> None:
        """Something may have changed; takes no time at all."""
        self._news.set()

    def use(self, config: Config) -> None:
        """Another configuration is in force; a connection is only made anew where that matters to it."""
        if _of(config) != self._used:
            self._turned.set()
            self._news.set()

    def stop(self) -> None:
        """End soon. To be cancelled is not enough: Python 3.11 can lose that where an answer comes at that moment."""
        self._ending = True
        self._turned.set()
        self._news.set()

    async def run(self) -> None:
        """Until ``stop``; whoever does not wait for a broker then, cancels it. Nothing that goes wrong ends it."""
        failures = 0
        while not self._ending:
            self._turned.clear()
            self._used = _of(self._means.config())
            began = self._clock.monotonic()
            try:
                await self._once()
                failures = 0
            except TrackerError as error:
                failures = 1 if self._clock.monotonic() - began > LONGEST_REST else failures + 1
                self._turn(SIGN_IN if isinstance(error, LoginNeeded) else DOWN, error.reason)
            except StoreError as error:
                failures += 1
                self._turn(DOWN, str(error))
            except Exception:
                failures += 1
                log.exception("sensors failed as they never should", action="sensors")
            await self._clock.wait(self._turned, rest(failures))

    async def _once(self) -> None:
        """As long as the connection holds and the configuration stays; raises ``TrackerError`` and ``StoreError``."""
        settings, page = self._used
        broker = await self._broker(settings)
        if broker is None:
            self._turn(OFF, "")
            await self._clock.wait(self._turned, ASK_EVERY)
            return
        from scrobbled.sinks.mqtt.line import line

        topics = Topics(settings.topic, settings.discovery)
        async with line(broker, topics, self._news.set) as held:
            await held.say(device(topics, page), availability(topics, ONLINE))
            self._turn(OK, "")
            await self._tell(held, topics)
            if _is_elsewhere(settings, _of(self._means.config())[0]):
                await held.say(nothing(topics))

    async def _broker(self, settings: MqttConfig) -> Broker | None:
        if settings.enabled is False:
            return None
        found = configured(settings)
        if found is None and self._means.supervisor:
            found = await self._means.supervisor.broker()
            if found is not None and found.password:
                self._means.learn(found.password)
        return found

    async def _tell(self, held: MqttConnection, topics: Topics) -> None:
        """What changed, as long as nothing else does; raises ``TrackerError`` when the connection is lost."""
        told: MqttMessage | None = None
        while not self._turned.is_set():
            self._news.clear()
            found = state(topics, await self._means.look())
            if found != told:
                await held.say(found)
                told = found
            await self._clock.wait(self._turned, PAUSE)
            await self._clock.wait(self._news, LOOK_EVERY)
            if held.is_lost:
                raise TryLater("the connection to the broker broke off")

    def _turn(self, state: str, reason: str) -> None:
        """Told when it changes, and not each time it stays."""
        if (state, reason) != (self.state, self.reason) and (state, self.state) != (OFF, NEW):
            level = log.info if state in (OK, OFF) else log.warning
            level("sensors", action="sensors", state=state, why=reason or None)
        self.state, self.reason = state, reason


def _of(config: Config) -> tuple[MqttConfig, str | None]:
    """All that matters here: the settings, and the address of our page."""
    return config.sinks.mqtt, config.server.public_url


def _is_elsewhere(before: MqttConfig, after: MqttConfig) -> bool:
    """Whether nobody will say anything more where it was said before."""
    same = (before.url, before.topic, before.discovery) == (after.url, after.topic, after.discovery)
    return after.enabled is False or not same


def rest(failures: int) -> float:
    """Seconds until the next attempt; twice as long after each that failed."""
    return 0.0 if not failures else min(LONGEST_REST, SHORTEST_REST * 2.0 ** min(failures - 1, 10))
