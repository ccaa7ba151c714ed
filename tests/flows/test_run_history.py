"""What is known of a run afterwards: requests to each side, and kind by kind what it did, left alone, and why."""

import io
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import structlog

from pairing import Pairing, later, pairing
from scrobbled.core.kinds import actions_of, kind_of
from scrobbled.desk.facts.pairs import RunStory, run_story
from scrobbled.desk.facts.run_kinds import KindStory
from scrobbled.plumbing.behalf import RunRequests, for_run
from scrobbled.plumbing.log import set_up
from scrobbled.plumbing.logbook import LineFilter, Logbook
from scrobbled.plumbing.redact import Redactor
from scrobbled.sandbox.faults import Fault
from scrobbled.store.mirror import runs
from scrobbled.store.mirror.runs import RunSkip
from scrobbled.web.app import create_app


async def story(two: Pairing, run: int) -> RunStory:
    await two.runtime.keeper._keep_requests()
    now = two.clock.now().timestamp()

    def read(db: sqlite3.Connection) -> RunStory:
        found = runs.get(db, run)
        assert found is not None
        return run_story(db, found, now)

    return await two.runtime.store.read(read)


def asked(two: Pairing) -> dict[str, int]:
    """Requests so far, but for signing in, which is no run's."""
    return {name: sum("validate" not in one.path for one in two.sandbox[name].log) for name in ("trakt", "serializd")}


@asynccontextmanager
async def visiting(two: Pairing) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(two.runtime), client=("127.0.0.1", 40_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8484") as client:
        yield client


async def test_requests_of_a_run_are_counted_from_reading_to_delivering(tmp_path: Path) -> None:
    async with pairing(tmp_path) as two:
        for n in range(3):
            two.on_trakt(0, 1, n + 1, later(n))
        before = asked(two)
        await two.compare()
        read = (await story(two, 1)).requests
        assert read == {name: count - before[name] for name, count in asked(two).items()}
        await two.deliver()
        assert (await story(two, 1)).requests == {name: count - before[name] for name, count in asked(two).items()}
        assert (await story(two, 1)).requests["serializd"] > read["serializd"]
        two.clock.advance(900)
        await two.sync()
        both = [sum((await story(two, run)).requests.values()) for run in (1, 2)]
        assert sum(both) == sum(asked(two).values()) - sum(before.values()), "each request is one run's"


async def test_requests_of_a_run_that_failed_are_counted_too(tmp_path: Path) -> None:
    async with pairing(tmp_path) as two:
        two.sandbox["serializd"].faults.add(Fault(match="GET *", kind="status", status=500, times=9))
        assert (await two.compare()).outcome == "failed"
        assert (await story(two, 1)).requests["serializd"] > 0


async def test_what_nobody_does_for_a_run_counts_for_none() -> None:
    counts = RunRequests()
    counts.count("trakt")
    with for_run(7):
        counts.count("trakt")
        with for_run(None):
            counts.count("serializd")
        with for_run(8):
            counts.count("trakt")
        counts.count("trakt")
    counts.count("trakt")
    assert counts.taken() == {7: {"trakt": 2, "serializd": 1}, 8: {"trakt": 1}}
    assert counts.taken() == {}


async def test_it_is_told_kind_by_kind_what_a_run_did_and_left_alone(tmp_path: Path) -> None:
    async with pairing(tmp_path, ratings="trakt-to-serializd") as two:
        for n in range(3):
            two.on_trakt(0, 1, n + 1, later(n))
        two.rate_episode(0, 1, 1, 8)
        two.on_serializd(1, 1, 1, is_log=False, backdate="")
        two.film_on_trakt()
        await two.sync()
        told = (await story(two, 1)).kinds
        plays, ratings = told["plays"], told["ratings"]
        assert (plays.added, plays.changed, plays.removed) == (3, 0, 0)
        assert (ratings.added, ratings.changed, ratings.removed, ratings.skipped) == (0, 1, 0, {})
        assert plays.skipped["not-kept"] == 1
        assert "Serializd does not keep" in next(one.text for one in plays.why if one.reason == "not-kept")
        assert list(told) == ["plays", "ratings"]


async def test_what_a_tracker_does_not_take_is_told_with_its_reason_and_can_be_looked_at(tmp_path: Path) -> None:
    async with pairing(tmp_path) as two, visiting(two) as browser:
        for n in range(3):
            two.on_trakt(0, 1, n + 1, later(n))
        await two.compare()
        await two.sql("UPDATE outbox SET state = 'unmatched', code = 'not-found', reason = 'no such show' WHERE id = 2")
        await two.deliver()
        plays = (await story(two, 1)).kinds["plays"]
        assert (plays.added, plays.skipped, plays.queued) == (2, {"not-found": 1}, 1)
        assert [one.text for one in plays.why] == ["1 not found. No such show."]
        page = (await browser.get("/sync/runs/r1")).text
        assert "2 added" in page
        assert 'href="../../sync/runs/r1?kind=plays&amp;does=left#items">1 left alone</a>' in page
        assert "1 not found. No such show." in page
        left = (await browser.get("/sync/runs/r1?kind=plays&does=left")).text
        added = (await browser.get("/sync/runs/r1?kind=plays&does=added")).text
        assert (left.count('class="fate'), added.count('class="fate')) == (1, 2)
        removed = (await browser.get("/sync/runs/r1?kind=plays&does=removed")).text
        assert "Nothing of this sort (any more)." in removed
        items = (await browser.get("/api/v1/runs/r1/items?kind=ratings")).json()["items"]
        assert (items, len((await browser.get("/api/v1/runs/r1/items?kind=plays")).json()["items"])) == ([], 3)


async def test_of_what_was_left_alone_some_is_named(tmp_path: Path) -> None:
    async with pairing(tmp_path) as two, visiting(two) as browser:
        two.on_trakt(0, 1, 1)
        await two.sync()
        skips = {"plays": {"undated:b": RunSkip(200, ("Harbour Lights S1 E1", "Harbour Lights S1 E2"))}}
        await two.runtime.store.write(lambda db: runs.take_skips(db, 1, skips))
        plays = (await story(two, 1)).kinds["plays"]
        assert plays.skipped == {"undated": 200}
        (why,) = plays.why
        assert why.text == "200 plays without a date on Serializd are left alone."
        page = (await browser.get("/sync/runs/r1")).text
        assert "Such as Harbour Lights S1 E1, Harbour Lights S1 E2 and 198 more." in page
        assert "200 left alone" in page


async def test_what_a_run_leaves_alone_is_kept_with_it_and_counted(tmp_path: Path) -> None:
    async with pairing(tmp_path) as two:
        await two.compare()
        two.clock.advance(900)
        far = two.clock.now().replace(year=2027)
        two.on_trakt(0, 1, 1, far)
        await two.compare()
        (run,) = await two.runtime.store.read(lambda db: runs.latest(db, "anna", "trakt,serializd"))
        assert run.skips["plays"]["future:a"].count == 1
        assert len(run.skips["plays"]["future:a"].some) == 1
        text = two.runtime.metrics.text().decode()
        expected = 'scrobbled_reconcile_skipped_total{kind="plays",pair="trakt,serializd",reason="future"} 1.0'
        assert expected in text


async def test_the_page_of_a_run_leads_to_its_lines_of_the_log(tmp_path: Path) -> None:
    async with pairing(tmp_path) as two, visiting(two) as browser:
        await two.sync()
        assert 'href="../../log?run=r1"' in (await browser.get("/sync/runs/r1")).text


def test_lines_of_what_is_done_for_a_run_name_it() -> None:
    book = Logbook()
    set_up("info", "text", Redactor(), io.StringIO(), into=book)
    log = structlog.get_logger("deliver")
    try:
        log.info("before")
        with for_run(7):
            log.info("play", play="p1")
            logging.getLogger("library").warning("careful")
        log.info("after")
    finally:
        structlog.reset_defaults()
        logging.getLogger().handlers.clear()
    told = [line.message for line in book.after(0, LineFilter(run="r7"), 9).lines]
    assert told == ["play", "careful"]
    assert book.after(0, LineFilter(run="r77"), 9).lines == []


def test_each_action_is_of_one_kind_and_comes_to_one_deed() -> None:
    assert (kind_of("unrate"), kind_of("collect")) == ("ratings", "collection")
    assert actions_of("plays", "removed") == ("remove", "untick")
    assert actions_of("watchlist", "added") == ("list",)
    assert actions_of("nothing") == ()
    with pytest.raises(KeyError):
        kind_of("sing")
    assert KindStory() == KindStory(skipped={})
