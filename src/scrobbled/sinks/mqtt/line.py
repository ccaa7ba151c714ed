"""One connection to a broker. What goes wrong with it is named by what to do next, as everywhere."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Iterator

import aiomqtt
from paho.mqtt.reasoncodes import ReasonCode

from scrobbled.core.errors import LoginNeeded, TrackerError, TryLater, said
from scrobbled.sinks.mqtt.brokers import Broker
from scrobbled.sinks.mqtt.messages import OFFLINE, MqttMessage, Topics, availability

WITHIN = 10.0
"""Seconds for the broker to answer anything."""
GOODBYE = 0.7
"""Seconds for the last message; a broker that hangs must not keep the service from ending."""
ALIVE = 30
"""Seconds after which a silent connection is tried; twice as long and the broker gives us up."""
REFUSED = frozenset({134, 135})
"""Reason codes of a name and password, or of a client, that is not let in; paho takes 3.1.1's 4 and 5 to these."""
REACHED_WITHIN = 3.0
"""Seconds for a connection: it is made in a thread, for which the end of the process would wait."""
_QUIET = logging.getLogger("scrobbled.sinks.mqtt")
_QUIET.setLevel(logging.CRITICAL)  # paho tells there what it raises as well, to nobody who could do anything


class MqttConnection:
    """Connected. ``lost`` is called, in the loop, when that ends by itself; then ``say`` raises."""

    def __init__(self, client: aiomqtt.Client, lost: Callable[[], None]) -> None:
        self._client = client
        self._listening = asyncio.create_task(self._listen())
        self._listening.add_done_callback(lambda _: lost())

    @property
    def is_lost(self) -> bool:
        return self._listening.done()

    async def say(self, *messages: MqttMessage) -> None:
        """Retained, and each acknowledged by the broker; raises ``TrackerError``."""
        for message in messages:
            with _named():
                await self._client.publish(message.topic, message.payload, qos=1, retain=True, timeout=WITHIN)

    async def aclose(self) -> None:
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)

    async def _listen(self) -> None:
        """Nothing is subscribed, so that this only ends with the connection."""
        with contextlib.suppress(aiomqtt.MqttError):
            async for _ in self._client.messages:
                pass


@contextlib.asynccontextmanager
async def line(broker: Broker, topics: Topics, lost: Callable[[], None]) -> AsyncIterator[MqttConnection]:
    """A connection until the block ends; raises ``TrackerError``.

    Whoever looks sees us as offline from then on, also where the end was none of our doing: that is our last will.
    The name of the client stays the same, so that the broker ends a connection of before that it still holds, and says
    its last will, before this one begins.
    """
    farewell = availability(topics, OFFLINE)
    will = aiomqtt.Will(farewell.topic, farewell.payload, qos=1, retain=True)
    async with _connected(broker, topics.base, will) as client:
        found = MqttConnection(client, lost)
        try:
            yield found
        finally:
            await found.aclose()
            with contextlib.suppress(TrackerError, TimeoutError):
                async with asyncio.timeout(GOODBYE):
                    await found.say(farewell)


async def tried(broker: Broker, name: str) -> None:
    """Connect and leave again, seen by nobody; raises ``TrackerError`` where that cannot be done."""
    async with _connected(broker, name, None):
        pass


@contextlib.asynccontextmanager
async def _connected(broker: Broker, name: str, will: aiomqtt.Will | None) -> AsyncIterator[aiomqtt.Client]:
    client = aiomqtt.Client(
        broker.host,
        broker.port,
        username=broker.username,
        password=broker.password,
        identifier=name,
        will=will,
        timeout=WITHIN,
        keepalive=ALIVE,
        tls_context=ssl.create_default_context() if broker.tls else None,
        logger=_QUIET,
    )
    client._client.connect_timeout = REACHED_WITHIN
    with _named():
        await client.__aenter__()
    try:
        yield client
    finally:
        with contextlib.suppress(aiomqtt.MqttError, TimeoutError):
            async with asyncio.timeout(GOODBYE):
                await client.__aexit__(None, None, None)


@contextlib.contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except aiomqtt.MqttCodeError as error:
        if isinstance(error.rc, ReasonCode) and error.rc.value in REFUSED:
            raise LoginNeeded("the broker refuses the name and password") from None
        raise TryLater(f"the broker does not do what it was asked ({said(error)})") from None
    except (aiomqtt.MqttError, OSError, TimeoutError, ValueError) as error:
        raise TryLater(f"the broker cannot be reached ({error or 'no answer'})") from None
