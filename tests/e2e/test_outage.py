"""Six hours without Serializd and Trakt while the household goes on watching; a short time between real processes."""

import asyncio
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

import patience
from scrobbled.config import load
from scrobbled.delivery.health import HealthState
from scrobbled.runtime.service import Runtime, build
from scrobbled.web.app import create_app
from scrobbled.web.server import listening

from .harness import FastClock, Ledger, Service, Town, Viewing, just_now, serving, until

PLAYS = 48
EVERY = 450.0


def test_six_hours_of_outage_arrive_in_order_once_and_with_their_own_times(tmp_path: Path) -> None:
    """The clock is put forward between the viewings, so that each waits through all its back-offs."""
    clock, ledger = FastClock(), Ledger()
    with Town(now=clock.now) as town:
        service = Service(tmp_path, town)
        service.sign_in_to_trakt()
        service.write_config()
        asyncio.run(evening(service, town, clock, ledger))
        ledger.check(town)
        service.all_booked(ledger)
        assert ledger.sure[-1].at - ledger.sure[0].at >= timedelta(hours=6)
        assert town.serializd() == [viewing.serializd for viewing in ledger.sure]
        # the write that met the beginning of the outage is in doubt: it goes out when its absence is proven
        orderly, there = [viewing.trakt for viewing in ledger.sure], town.trakt()
        there.remove(orderly.pop(1))
        assert there == orderly


async def evening(service: Service, town: Town, clock: FastClock, ledger: Ledger) -> None:
    runtime = build(load(service.config_path, {}), clock=clock)
    async with runtime.running(), listening(create_app(runtime), "127.0.0.1", 0) as port:
        hook = service.hook.replace(str(service.port), str(port), 1)
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            await watch(client, hook, ledger, Viewing(town.episodes()[0], clock.now().replace(microsecond=0)))
            await delivered(runtime, town, ledger)
            town.outage()
            for episode in town.episodes()[1 : PLAYS + 2]:
                clock.skip(EVERY)
                await watch(client, hook, ledger, Viewing(episode, clock.now().replace(microsecond=0)))
                await until_down(runtime)
                await asyncio.sleep(0.05)
        assert (len(town.serializd()), len(town.trakt())) == (1, 1)
        town.mend()
        await delivered(runtime, town, ledger)


async def until_down(runtime: Runtime) -> None:
    """The first that meets the outage meets it alone."""
    await patience.until(lambda: all(c.health.report.state is HealthState.DOWN for c in runtime.couriers.values()))


async def watch(client: httpx.AsyncClient, hook: str, ledger: Ledger, viewing: Viewing) -> None:
    kind, body = viewing.webhook()
    answer = await client.post(hook, content=body, headers={"Content-Type": kind})
    assert answer.status_code == 200
    ledger.sure.append(viewing)


async def delivered(runtime: Runtime, town: Town, ledger: Ledger, *, seconds: float = 120) -> None:
    async with asyncio.timeout(seconds):
        while await runtime.vitals.scrape() and runtime.vitals.waiting:  # noqa: ASYNC110 - nobody sets an event for "all is done"
            await asyncio.sleep(0.05)


@pytest.mark.beside
def test_a_short_outage_between_real_processes_delays_and_loses_nothing(tmp_path: Path) -> None:
    """First the answers are errors, then the connections are cut, and in the middle the service itself restarts."""
    ledger = Ledger()
    with Town() as town, serving(tmp_path, town) as service:
        episodes = iter(town.episodes())
        town.outage()
        service.watch(ledger, *(Viewing(next(episodes), just_now(900 - 60 * n)) for n in range(1, 6)))
        until(lambda: service.state("serializd") == "down", 10, "the outage is noticed")
        service.restart()
        town.outage(drop=True)
        service.watch(ledger, *(Viewing(next(episodes), just_now(500 - 60 * n)) for n in range(1, 6)))
        assert service.get("/health/ready").status_code == 200
        assert not town.serializd()
        town.mend()
        service.retry()
        service.settled()
        ledger.check(town)
        service.all_booked(ledger)
        assert town.serializd() == [viewing.serializd for viewing in ledger.sure]
