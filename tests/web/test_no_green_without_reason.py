"""Whatever state a house is in: no surface says that all is well where that is not so, and all say the same."""

import asyncio
import contextlib
import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pairing import pairing
from scrobbled.cli.status import StatusReport, _lines
from scrobbled.config import Config
from scrobbled.core.words.plain import plain
from scrobbled.desk.desk import NowFacts
from scrobbled.desk.facts import house as house_facts
from scrobbled.desk.facts import standings
from scrobbled.desk.needs import questions
from scrobbled.plumbing.clock import Clock
from scrobbled.sinks.mqtt import SensorFacts
from scrobbled.sinks.mqtt.messages import Topics, state
from scrobbled.store.file.database import open_database
from scrobbled.web.view import now as first_page
from scrobbled.web.view.looks import stands
from scrobbled.web.view.pairs import pairs, runs

RAN = ["done", "nothing"]
SINCE = re.compile(r" since \S+(, \S+)?(?=: )")
WAITING = ["queued", "held", "parked", "unmatched", "dead"]


@dataclass(frozen=True)
class House:
    """One with a pair in step, of which each example makes another."""

    db: sqlite3.Connection
    config: Config
    off: Config
    clock: Clock


async def _prepared(folder: Path) -> tuple[Path, Config, Clock]:
    async with pairing(folder) as two:
        for n in (1, 2):
            two.on_trakt(0, 1, n)
        for courier in two.runtime.couriers.values():
            await courier.health.success(None)
        await two.sync()
        return two.runtime.config.storage.path, two.runtime.config, two.clock


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    path, config, clock = asyncio.run(_prepared(tmp_path_factory.mktemp("house")))
    (anna,) = config.viewers
    off = tuple(replace(pair, plays="off", ratings="off") for pair in anna.pairs)
    with contextlib.closing(open_database(path)) as db:
        yield House(db, config, replace(config, viewers=(replace(anna, pairs=off),)), clock)


def rarely(*others: Any, usual: Any) -> st.SearchStrategy[Any]:
    """Most houses have one trouble, and not all of them at once."""
    return st.sampled_from([usual] * 4 * len(others) + list(others))


STATES = st.fixed_dictionaries(
    {
        "trakt": rarely("new", "down", "sign-in", "stopped", "drift", usual="ok"),
        "serializd": rarely("new", "down", "sign-in", "stopped", "drift", usual="ok"),
        "change": rarely(*WAITING, "in-doubt", usual="delivered"),
        "outcome": rarely("", "approval", "refused", "cancelled", "failed", "incomplete", "nothing", usual="done"),
        "phase": rarely("asked", "reading", "comparing", "queueing", usual=""),
        "by_other_settings": rarely(True, usual=False),
        "old": rarely(True, usual=False),
        "doubt": rarely("12 of 40 plays were gone at once", usual=""),
        "off": rarely(True, usual=False),
    }
)


def make(db: sqlite3.Connection, told: Mapping[str, Any]) -> None:
    for tracker in ("trakt", "serializd"):
        db.execute("UPDATE accounts SET state = ?, reason = 'why' WHERE tracker = ?", (told[tracker], tracker))
    if told["change"] == "in-doubt":
        db.execute("UPDATE outbox SET state = 'queued', phase = 'in-doubt' WHERE id = 1")
    else:
        db.execute("UPDATE outbox SET state = ? WHERE id = 1", (told["change"],))
    if told["outcome"]:
        db.execute("UPDATE runs SET outcome = ?, reason = 'why'", (told["outcome"],))
    else:
        db.execute("DELETE FROM runs")
    if told["phase"]:
        db.execute(
            "INSERT INTO runs (viewer, pair, cause, options, phase, asked_at, started_at) "
            "VALUES ('anna', 'trakt,serializd', 'sync', '{}', ?, 1.0, 1.0)",
            (told["phase"],),
        )
    if told["by_other_settings"]:
        db.execute("UPDATE pairs SET policy = 'another'")
    if told["old"]:
        db.execute("UPDATE pairs SET compared_at = 1.0")
    db.execute("UPDATE readings SET doubt = ? WHERE tracker = 'trakt'", (told["doubt"],))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=STATES)
def test_no_surface_is_green_without_its_reason(home: House, told: dict[str, Any]) -> None:
    config = home.off if told["off"] else home.config
    home.db.execute("BEGIN")
    try:
        make(home.db, told)
        surfaces(home, config, told)
    finally:
        home.db.execute("ROLLBACK")


def surfaces(home: House, config: Config, told: Mapping[str, Any]) -> None:
    db, here = home.db, home.clock.now()
    now, active = here.timestamp(), frozenset((("anna", "trakt"), ("anna", "serializd")))
    asks = questions.number(questions.facts(db, config, active, now))
    status, stood = house_facts.status(db, config, now, asks), standings.facts(db, config, now)
    page = first_page.page(NowFacts(house_facts.glance(db, config), stood, {}, []), asks, here)
    look = stands(pairs.card(status.pairs[0], status.trackers, [], 0, here).story.standing)
    top = pairs.headline(status.pairs)
    house = state(Topics("scrobbled", "homeassistant"), SensorFacts(None, {}, (), asks, stood.house(asks)))

    works = all(told[tracker] in ("ok", "new") for tracker in ("trakt", "serializd"))
    agrees = (
        (not told["off"] and works and told["change"] == "delivered" and told["outcome"] in RAN and not told["phase"])
        and not told["by_other_settings"]
        and not told["old"]
        and not told["doubt"]
    )
    well = agrees and told["trakt"] == told["serializd"] == "ok"
    assert [look.tone == "ok", top.tone == "ok", look.word == "in step"] == [agrees] * 3
    assert [page.headline.tone == "ok", status.house.tone == "ok", "are in step" in house.payload] == [well] * 3
    for row in page.accounts:
        waits = row.tracker == "serializd" and told["change"] != "delivered"
        assert (stands(row.standing).tone == "ok") is (told[row.tracker] == "ok" and not waits)

    lines = "\n".join(_lines(StatusReport(status, True, 10**9, []), here))
    assert ("in step" in lines) is agrees
    told_there = SINCE.sub("", page.headline.sentence.plain)  # the page alone says since when one is down
    assert json.loads(house.payload)["standing"]["text"] == told_there == status.house.text
    assert lines.startswith(status.house.text)
    assert look.word == plain(status)["pairs"][0]["standing"]["word"]
    for run in status.pairs[0].last, status.pairs[0].running:
        if run is not None and runs.look(run).tone == "ok":
            assert (run.outcome, told["change"]) == ("done", "delivered")
