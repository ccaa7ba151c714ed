"""A broken source tells thousands of plays at once: nobody's account is harmed, and nothing is lost.

The plays are held, one alert says so, real viewing goes on, and a person decides on all of them with one word. What a
household watched during a long outage is no flood.
"""

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from scrobbled.config import load
from scrobbled.core.sending.safety import AFTERWARDS_PER_MINUTE
from scrobbled.runtime.service import build
from scrobbled.sandbox.plex.items import LibraryItem
from scrobbled.sandbox.plex.people import BEN
from scrobbled.sandbox.plex.player import USER_AGENT, multipart, payload
from scrobbled.web.app import create_app
from scrobbled.web.server import listening

from .harness import FastClock, Ledger, Receiver, Service, Town, Viewing, just_now, serving, until, web
from .test_outage import delivered, watch

PLAYS = 5_000
SHOWS = 285
CLIP = 20_000
"""Milliseconds that the really watched item lasts, so that watching takes seconds."""


@contextmanager
def household(folder: Path, town: Town, receiver: Receiver) -> Iterator[Service]:
    """anna and ben, with the limits that everybody has."""
    plain = Service(folder, town)
    viewers = [plain.viewer("anna"), plain.viewer("ben")]
    config = {"safety": {}, "viewers": viewers, "alerts": {"urls": [receiver.url]}, "defaults": {"min_duration": "1s"}}
    Service(folder, town).sign_in_to_trakt("ben")
    with serving(folder, town, **config) as service:
        yield service


def shower(service: Service, bodies: Sequence[tuple[str, bytes]], callers: int = 16) -> Counter[int]:
    """Send everything as quickly as it is taken; how often each status was answered."""

    async def pour() -> Counter[int]:
        left, answers = list(reversed(bodies)), Counter[int]()
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:

            async def call() -> None:
                while left:
                    kind, body = left.pop()
                    headers = {"Content-Type": kind, "User-Agent": USER_AGENT}
                    answers[(await client.post(service.hook, content=body, headers=headers)).status_code] += 1

            await asyncio.gather(*(call() for _ in range(callers)))
        return answers

    return asyncio.run(pour())


def clip(event: str, item: LibraryItem) -> tuple[str, bytes]:
    body = payload(event, item, Viewing(item, just_now()).account, just_now())
    body["Metadata"]["duration"] = CLIP
    return multipart(body)


def held(service: Service) -> Counter[str]:
    return Counter(change["tracker"] for change in service.queue() if change["state"] == "held")


def quick(work: Any, seconds: float) -> Any:
    began = time.monotonic()
    found = work()
    assert time.monotonic() - began < seconds
    return found


@pytest.mark.beside
def test_five_thousand_old_plays_told_again_harm_nobody(tmp_path: Path) -> None:
    with Receiver() as receiver, Town(shows=SHOWS) as town:
        for name in ("serializd", "trakt"):
            town.do(lambda name=name: town.sandbox[name].preload("anna", PLAYS))  # type: ignore[misc]
        before = {"serializd": len(town.serializd()), "trakt": len(town.trakt())}
        with household(tmp_path, town, receiver) as service:
            mine, bens, *rest = town.episodes()
            assert service.post(*clip("play", mine)).status_code == 200
            began = time.monotonic()
            old = [Viewing(item, just_now(86_400 * 30 + 3000 * n)) for n, item in enumerate(rest[:PLAYS])]
            assert shower(service, [viewing.webhook() for viewing in old]) == {200: PLAYS}
            assert service.post(*Viewing(bens, just_now(), BEN).webhook()).status_code == 200
            time.sleep(max(0.0, 0.4 * CLIP / 1000 - (time.monotonic() - began)))
            assert service.post(*clip("scrobble", mine)).status_code == 200
            until(lambda: len(town.trakt("ben")) == len(town.serializd("ben")) == 1, 20, "ben's play arrives")
            until(lambda: _has(town, mine), 20, "what anna really watched arrives")
            _nothing_else(town, before, service)
            _all_told(service, receiver)
            _decided(service, receiver, town, before)


def _has(town: Town, item: LibraryItem) -> bool:
    viewing = Viewing(item, just_now())
    return any(row[0] == viewing.trakt[0] and row[1][:10] == viewing.trakt[1][:10] for row in town.trakt())


def _nothing_else(town: Town, before: dict[str, int], service: Service) -> None:
    """Of the flood only what was on its way before anybody could know."""
    grown = {"serializd": len(town.serializd()) - before["serializd"], "trakt": len(town.trakt()) - before["trakt"]}
    assert all(1 <= plays <= AFTERWARDS_PER_MINUTE + 1 for plays in grown.values()), grown
    waiting = held(service)
    for tracker, plays in grown.items():
        assert waiting[tracker] + plays - 1 == PLAYS, "each one is held, or was sent"
    writes = town.calls("trakt", "POST /sync/history") + town.calls("serializd", "POST /")
    assert writes <= 8 * (AFTERWARDS_PER_MINUTE + 3), "no flood of requests either"
    status = quick(service.status, 40)
    assert status["events"]["accepted"] == PLAYS + 3
    assert status["plays"] == PLAYS + 2


def _all_told(service: Service, receiver: Receiver) -> None:
    alerts = until(lambda: receiver.about("held"), 60, "the flood is told")
    assert len(alerts) == 1
    assert "anna/trakt" in alerts[0]["message"]
    assert "scrobbled queue approve f" in alerts[0]["message"]
    listed = quick(lambda: service.run("queue", "list"), 40).stdout.splitlines()
    assert len([line for line in listed if re.match(r"\s*f\d+\b", line)]) == 2, listed
    assert len(listed) <= 20, listed
    page = quick(lambda: service.get("/"), 15)
    assert page.status_code == 200
    assert "plays go to Trakt?" in page.text
    metric = service.metric("scrobbled_held_changes")
    assert metric['scrobbled_held_changes{reason="burst"}'] >= 2 * (PLAYS - AFTERWARDS_PER_MINUTE)


def _decided(service: Service, receiver: Receiver, town: Town, before: dict[str, int]) -> None:
    floods = {flood["tracker"]: flood for flood in service.get("/api/v1/floods").json()}
    assert floods["trakt"]["sources"] == ["plex"]
    some = [change["id"] for change in service.queue() if change["tracker"] == "trakt"][:3]
    sent = len(town.trakt())
    done = web.post(f"{service.url}/api/v1/queue/approve", json={"ids": some}).json()
    assert (done["done"], done["left"]) == (some, [])
    until(lambda: len(town.trakt()) == sent + 3, 20, "what was approved is sent")
    for flood in floods.values():
        dropped = service.run("queue", "drop", flood["id"], "--json")
        assert dropped.returncode == 0, dropped.stderr
        assert len(json.loads(dropped.stdout)["done"]) == flood["held"] - 3 * (flood["tracker"] == "trakt")
    until(lambda: not service.waiting(), 20, "nothing waits")
    until(lambda: receiver.about("nothing is held any more"), 30, "the end is told")
    assert len(receiver.told) == 2
    time.sleep(1)
    assert len(town.trakt()) == sent + 3
    assert len(town.serializd()) - before["serializd"] <= AFTERWARDS_PER_MINUTE + 1


@pytest.mark.beside
def test_hundreds_of_plays_with_todays_date_are_held_and_all_arrive_once_approved(tmp_path: Path) -> None:
    with Receiver() as receiver, Town(shows=23) as town, household(tmp_path, town, receiver) as service:
        items = town.episodes()[:400]
        assert shower(service, [Viewing(item, just_now()).webhook() for item in items]) == {200: len(items)}
        until(lambda: receiver.about("held"), 60, "the flood is told")
        waiting = held(service)
        for tracker, there in (("serializd", town.serializd()), ("trakt", town.trakt())):
            assert len(there) <= 150
            assert waiting[tracker] + len(there) == len(items)
        again = shower(service, [Viewing(item, just_now()).webhook() for item in items])
        assert again == {200: len(items)}
        assert held(service) == waiting, "the same once more is no play"
        done = service.run("queue", "approve", "f1", "f2")
        assert done.returncode == 0, done.stderr
        service.settled(120)
        assert len({row[0] for row in town.trakt()}) == len(town.trakt()) == len(items)
        assert len({row[0] for row in town.serializd()}) == len(town.serializd()) == len(items)


@pytest.mark.beside
def test_what_was_watched_during_a_long_outage_is_no_flood(tmp_path: Path) -> None:
    """Four hundred plays of a busy house, from a server that tells only the end of each."""
    clock, ledger = FastClock(), Ledger()
    with Town(shows=24, now=clock.now) as town:
        service = Service(tmp_path, town, config={"safety": {}})
        service.sign_in_to_trakt()
        service.write_config()
        asyncio.run(_long_outage(service, town, clock, ledger))
        ledger.check(town)
        assert len(ledger.sure) == 420
        assert ledger.sure[-1].at - ledger.sure[0].at >= timedelta(hours=9)


async def _long_outage(service: Service, town: Town, clock: FastClock, ledger: Ledger) -> None:
    runtime = build(load(service.config_path, {}), clock=clock)
    async with runtime.running(), listening(create_app(runtime), "127.0.0.1", 0) as port:
        hook = service.hook.replace(str(service.port), str(port), 1)
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            town.outage()
            for episode in town.episodes()[:420]:
                clock.skip(80)
                await watch(client, hook, ledger, Viewing(episode, clock.now().replace(microsecond=0)))
        await runtime.vitals.scrape()
        assert sum(runtime.vitals.held.values()) == 0
        town.mend()
        await delivered(runtime, town, ledger, seconds=120)
