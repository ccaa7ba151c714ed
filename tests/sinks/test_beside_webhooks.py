"""Whatever the broker does, webhooks are taken and plays delivered as if there were none."""

import asyncio
import time
from pathlib import Path

from scrobbled.desk.home_assistant import sensing
from scrobbled.sinks.mqtt.line import WITHIN
from sinks.broker import FakeBroker
from web.house import house


async def test_a_broker_that_hangs_holds_up_neither_webhooks_nor_the_end(tmp_path: Path) -> None:
    async with FakeBroker(mute=True).running() as broker, house(tmp_path, sinks={"mqtt": {"url": broker.url}}) as home:
        async with sensing(home.runtime, {}):
            await asyncio.sleep(0)
            started = time.monotonic()
            for number in range(1, 6):
                assert await home.webhook(item=home.episode(1, number))
        assert time.monotonic() - started < WITHIN
        assert len(await home.sql("SELECT 1 FROM plays")) == 5


async def test_many_webhooks_are_told_together(tmp_path: Path) -> None:
    async with (
        FakeBroker().running() as broker,
        house(tmp_path, sinks={"mqtt": {"url": broker.url}}) as home,
        sensing(home.runtime, {}),
    ):
        await broker.until(lambda: "scrobbled/state" in broker.retained)
        for number in range(1, 6):
            await home.webhook(item=home.episode(1, number))
        await broker.until(lambda: broker.json("scrobbled/state")["queue"]["changes"] == 5)
        told = [topic for topic, _ in broker.heard if topic == "scrobbled/state"]
        assert len(told) <= 6
