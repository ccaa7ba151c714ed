"""Sensors in front of a broker over real sockets: announced, kept in step, back after every failure."""

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from conftest import FakeClock
from patience import LONGEST
from scrobbled.config import Config, MqttConfig, SinksConfig
from scrobbled.core.errors import ContractDrift, LoginNeeded, StoreError, TryLater
from scrobbled.sinks.mqtt import Broker, LastPlay, SensorFacts, Sensors, Supervisor
from scrobbled.sinks.mqtt.brokers import configured, offered
from scrobbled.sinks.mqtt.line import WITHIN, tried
from scrobbled.sinks.mqtt.sensors import LOOK_EVERY, PAUSE, SensorMeans, rest
from sinks.broker import FakeBroker

QUIET = SensorFacts(None, {}, (), 0)


class StillClock(FakeClock):
    """Long waits end only by what is waited for, or by ``pass_on``; short ones take no time."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []
        self._ended = asyncio.Event()

    def pass_on(self) -> None:
        self._ended.set()

    async def wait(self, event: asyncio.Event, seconds: float | None) -> bool:
        self.waits.append(seconds or 0.0)
        if seconds is None or seconds <= PAUSE:
            return await super().wait(event, seconds)
        self._ended.clear()
        both = [asyncio.create_task(one.wait()) for one in (event, self._ended)]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in both:
                one.cancel()
            await asyncio.gather(*both, return_exceptions=True)
        self.advance(seconds)
        return event.is_set()


@dataclass
class Home:
    """What the sensors are given; everything can be exchanged."""

    config: Config
    facts: SensorFacts = QUIET
    clock: StillClock = field(default_factory=StillClock)
    environ: dict[str, str] = field(default_factory=dict)
    transport: httpx.AsyncBaseTransport | None = None
    learned: list[str] = field(default_factory=list)
    fails: Exception | None = None

    async def look(self) -> SensorFacts:
        if self.fails:
            raise self.fails
        return self.facts

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Sensors]:
        supervisor = Supervisor(self.environ, self.transport)
        sensors = Sensors(SensorMeans(lambda: self.config, self.look, supervisor, self.learned.append, self.clock))
        task = asyncio.create_task(sensors.run())
        try:
            yield sensors
        finally:
            sensors.stop()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def reload(self, sensors: Sensors, **settings: Any) -> None:
        self.config = with_mqtt(**settings)
        sensors.use(self.config)


def with_mqtt(**settings: Any) -> Config:
    return Config(sinks=SinksConfig(mqtt=MqttConfig(**settings)))


async def holds(what: Callable[[], bool]) -> None:
    async with asyncio.timeout(LONGEST):
        while not what():  # noqa: ASYNC110 - what is waited for says nothing when it changes
            await asyncio.sleep(0.001)


def questions(broker: FakeBroker) -> int:
    return int(broker.json("scrobbled/state")["needs_you"]["questions"]) if "scrobbled/state" in broker.retained else -1


@pytest.fixture
async def broker() -> AsyncIterator[FakeBroker]:
    async with FakeBroker().running() as one:
        yield one


async def test_device_availability_and_values_are_told_and_stay_with_the_broker(broker: FakeBroker) -> None:
    async with Home(with_mqtt(url=broker.url), replace(QUIET, questions=2)).running() as sensors:
        await broker.until(lambda: "scrobbled/state" in broker.retained)
        assert broker.retained.keys() == {
            "homeassistant/device/scrobbled/config",
            "scrobbled/status",
            "scrobbled/state",
        }
        assert broker.retained["scrobbled/status"] == b"online"
        assert questions(broker) == 2
        assert sensors.state == "ok"


async def test_news_are_told_and_what_is_the_same_is_not_told_again(broker: FakeBroker) -> None:
    home = Home(with_mqtt(url=broker.url))
    async with home.running() as sensors:
        await broker.until(lambda: questions(broker) == 0)
        before = len(broker.heard)
        sensors.news()
        await holds(lambda: home.clock.waits.count(LOOK_EVERY) >= 2)
        assert len(broker.heard) == before
        home.facts = replace(QUIET, last=LastPlay("Heat (1995)", "movie", "anna", "plex", None, {}))
        sensors.news()
        await broker.until(lambda: broker.json("scrobbled/state")["last_play"]["label"] == "Heat (1995)")
        assert len(broker.heard) == before + 1


async def test_what_nobody_tells_of_is_seen_a_minute_later(broker: FakeBroker) -> None:
    home = Home(with_mqtt(url=broker.url))
    async with home.running():
        await broker.until(lambda: questions(broker) == 0)
        home.facts = replace(QUIET, questions=1)
        await holds(lambda: LOOK_EVERY in home.clock.waits)
        home.clock.pass_on()
        await broker.until(lambda: questions(broker) == 1)


async def test_at_the_end_we_are_offline(broker: FakeBroker) -> None:
    async with Home(with_mqtt(url=broker.url)).running():
        await broker.until(lambda: questions(broker) == 0)
    await broker.until(lambda: broker.retained["scrobbled/status"] == b"offline")


async def test_the_broker_says_that_we_are_offline_where_the_connection_breaks(broker: FakeBroker) -> None:
    home = Home(with_mqtt(url=broker.url))
    async with home.running() as sensors:
        await broker.until(lambda: questions(broker) == 0)
        broker.drop()
        await broker.until(lambda: broker.retained["scrobbled/status"] == b"offline")
        await holds(lambda: sensors.state == "down")
        assert "broker" in sensors.reason
        home.clock.pass_on()
        await broker.until(lambda: broker.retained["scrobbled/status"] == b"online")
        await holds(lambda: sensors.state == "ok")
    assert len({visitor.client for visitor in broker.visitors}) == 1, "or the old will could come after the new word"


async def test_a_broker_that_is_not_there_is_tried_again_after_ever_longer_rests() -> None:
    home = Home(with_mqtt(url="mqtt://127.0.0.1:1"))
    async with home.running() as sensors:
        for expected in (5.0, 10.0, 20.0):
            await holds(lambda expected=expected: expected in home.clock.waits)  # type: ignore[misc]
            assert sensors.state == "down"
            home.clock.pass_on()
    assert [rest(failures) for failures in (0, 1, 7, 50)] == [0.0, 5.0, 300.0, 300.0]


async def test_a_refused_password_is_said_as_such_and_never_shown() -> None:
    async with FakeBroker(password="right-password-1").running() as broker:
        home = Home(with_mqtt(url=broker.url, username="ha", password="wrong-password-1"))
        async with home.running() as sensors:
            await holds(lambda: sensors.state == "sign-in")
            assert "wrong-password-1" not in sensors.reason + repr(home.config.sinks.mqtt)
            home.reload(sensors, url=broker.url, username="ha", password="right-password-1")
            await holds(lambda: sensors.state == "ok")
            assert broker.visitors[-1].username == "ha"


async def test_a_broker_that_says_nothing_delays_neither_news_nor_the_end() -> None:
    async with FakeBroker(mute=True).running() as broker:
        async with Home(with_mqtt(url=broker.url)).running() as sensors:
            await asyncio.sleep(0)
            started = time.monotonic()
            for _ in range(1000):
                sensors.news()
        assert time.monotonic() - started < WITHIN


async def test_the_end_comes_even_where_being_cancelled_goes_unnoticed(broker: FakeBroker) -> None:
    home = Home(with_mqtt(url=broker.url))
    sensors = Sensors(SensorMeans(lambda: home.config, home.look, Supervisor({}), home.learned.append, home.clock))
    task = asyncio.create_task(sensors.run())
    await broker.until(lambda: questions(broker) == 0)
    sensors.stop()
    async with asyncio.timeout(LONGEST):
        await task
    assert broker.retained["scrobbled/status"] == b"offline"


async def test_trouble_with_the_database_is_trouble_here_and_passes(broker: FakeBroker) -> None:
    home = Home(with_mqtt(url=broker.url), fails=StoreError("the disk is full"))
    async with home.running() as sensors:
        await holds(lambda: sensors.reason == "the disk is full")
        home.fails = None
        home.clock.pass_on()
        await broker.until(lambda: questions(broker) == 0)


async def test_a_fault_of_our_own_does_not_end_the_sensors(broker: FakeBroker) -> None:
    home = Home(with_mqtt(url=broker.url), fails=ZeroDivisionError())
    async with home.running() as sensors:
        await holds(lambda: 5.0 in home.clock.waits)
        home.fails = None
        home.clock.pass_on()
        await broker.until(lambda: questions(broker) == 0)
        await holds(lambda: sensors.state == "ok")


async def test_without_an_address_and_without_home_assistant_there_are_none() -> None:
    home = Home(with_mqtt())
    async with home.running() as sensors:
        await holds(lambda: sensors.state == "off")


async def test_switched_off_they_leave_home_assistant(broker: FakeBroker) -> None:
    home = Home(with_mqtt(url=broker.url))
    async with home.running() as sensors:
        await broker.until(lambda: questions(broker) == 0)
        home.reload(sensors, url=broker.url, enabled=False)
        await holds(lambda: sensors.state == "off")
        assert "homeassistant/device/scrobbled/config" not in broker.retained
        assert broker.retained["scrobbled/status"] == b"offline"


async def test_a_change_elsewhere_in_the_configuration_leaves_the_connection_alone(broker: FakeBroker) -> None:
    home = Home(with_mqtt(url=broker.url))
    async with home.running() as sensors:
        await broker.until(lambda: questions(broker) == 0)
        home.config = dataclasses.replace(home.config, viewers=())
        sensors.use(home.config)
        home.facts = replace(QUIET, questions=7)
        sensors.news()
        await broker.until(lambda: questions(broker) == 7)
    assert len(broker.visitors) == 1


# Home Assistant's supervisor


@dataclass
class FakeSupervisor(httpx.AsyncBaseTransport):
    """Answers as the supervisor does; ``broker`` is what it has."""

    broker: dict[str, Any] | None = None
    status: int = 200
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((str(request.url), request.headers.get("authorization", "")))
        if self.status != 200:
            return httpx.Response(self.status, json={"result": "error", "message": "no"})
        if self.broker is None:
            return httpx.Response(400, json={"result": "error", "message": "Service not enabled"})
        return httpx.Response(200, json={"result": "ok", "data": self.broker})


OFFER = {
    "addon": "core_mosquitto",
    "host": "127.0.0.1",
    "port": "1883",
    "username": "addons",
    "password": "of-the-supervisor-1",
    "ssl": False,
    "protocol": "3.1.1",
}
BELOW = {"SUPERVISOR_TOKEN": "token-of-the-supervisor"}


async def test_below_home_assistant_its_own_broker_is_taken_without_any_setting() -> None:
    async with FakeBroker(password="of-the-supervisor-1").running() as broker:
        supervisor = FakeSupervisor({**OFFER, "port": broker.port})
        home = Home(with_mqtt(), environ=BELOW, transport=supervisor)
        async with home.running() as sensors:
            await broker.until(lambda: questions(broker) == 0)
            await holds(lambda: sensors.state == "ok")
        assert supervisor.asked == [("http://supervisor/services/mqtt", "Bearer token-of-the-supervisor")]
        assert broker.visitors[0].username == "addons"
        assert home.learned == ["of-the-supervisor-1"], "so that it is masked wherever it might appear"


async def test_a_broker_that_comes_later_is_found_without_a_restart(broker: FakeBroker) -> None:
    supervisor = FakeSupervisor()
    home = Home(with_mqtt(), environ=BELOW, transport=supervisor)
    async with home.running() as sensors:
        await holds(lambda: sensors.state == "off" and 300.0 in home.clock.waits)
        supervisor.broker = {**OFFER, "port": broker.port}
        home.clock.pass_on()
        await broker.until(lambda: questions(broker) == 0)


async def test_the_address_in_the_configuration_goes_before_the_supervisor(broker: FakeBroker) -> None:
    supervisor = FakeSupervisor(OFFER)
    async with Home(with_mqtt(url=broker.url), environ=BELOW, transport=supervisor).running():
        await broker.until(lambda: questions(broker) == 0)
    assert supervisor.asked == []


async def test_switched_off_nobody_is_asked() -> None:
    supervisor = FakeSupervisor(OFFER)
    async with Home(with_mqtt(enabled=False), environ=BELOW, transport=supervisor).running() as sensors:
        await holds(lambda: sensors.state == "off")
    assert supervisor.asked == []


@pytest.mark.parametrize(("status", "error"), [(401, LoginNeeded), (403, LoginNeeded), (502, TryLater)])
async def test_a_supervisor_that_does_not_answer_as_it_should_is_named(status: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        await Supervisor(BELOW, FakeSupervisor(OFFER, status)).broker()


async def test_another_address_of_the_supervisor_can_be_named() -> None:
    fake = FakeSupervisor(OFFER)
    await Supervisor({**BELOW, "SCROBBLED_SUPERVISOR": "http://127.0.0.1:9"}, fake).broker()
    assert fake.asked[0][0] == "http://127.0.0.1:9/services/mqtt"


def test_the_port_may_be_a_text_or_a_number() -> None:
    expected = Broker("127.0.0.1", 1883, "addons", "of-the-supervisor-1", tls=False)
    assert offered({"data": OFFER}) == offered({"data": {**OFFER, "port": 1883}}) == expected
    assert offered({"data": {"host": "h", "port": 1883, "ssl": True}}) == Broker("h", 1883, tls=True)


@pytest.mark.parametrize(
    "answer", [{}, [], None, {"data": None}, {"data": {"host": "x"}}, {"data": {**OFFER, "port": "x"}}]
)
def test_an_answer_that_names_no_broker_is_said_so(answer: Any) -> None:
    with pytest.raises(ContractDrift):
        offered(answer)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mqtt://nas", Broker("nas", 1883)),
        ("mqtts://nas", Broker("nas", 8883, tls=True)),
        ("mqtt://[fd00::1]:1884", Broker("fd00::1", 1884)),
    ],
)
def test_an_address_has_its_usual_port(url: str, expected: Broker) -> None:
    assert configured(MqttConfig(url=url)) == expected


async def test_a_try_is_seen_by_nobody(broker: FakeBroker) -> None:
    await tried(Broker("127.0.0.1", broker.port), "scrobbled-doctor")
    assert [visitor.client for visitor in broker.visitors] == ["scrobbled-doctor"]
    assert broker.heard == []
