"""The wired service: webhook to tracker, commands from other processes, housekeeping, and a clean end."""

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from flows.rig import Scripted
from flows.test_ingest import webhook
from patience import LONGEST, until
from scrobbled.config import Config, loads
from scrobbled.core.errors import AccountStopped, LoginNeeded, StoreError, TryLater
from scrobbled.core.words.outcomes import EventOutcome
from scrobbled.delivery.health import HealthState
from scrobbled.desk.facts import queue
from scrobbled.plumbing.clock import SystemClock
from scrobbled.runtime import chores, couriers, other_processes
from scrobbled.runtime.service import Runtime, build
from scrobbled.store import Store
from scrobbled.store.accounts.sign_ins import StoredTokens
from scrobbled.store.inbox import bodies
from scrobbled.store.inbox.events import Arrival, add_event
from scrobbled.store.queue import overview
from trackers.doubles import unwrapped
from trackers.memory.tracker import MemoryTracker

CONFIG = """
storage: {path: PATH}
sources: {plex: {token: a-webhook-token-0815}}
viewers: [{name: anna, accounts: {plex: anna}, trackers: {memory: {}}}]
"""
PAIRED = """
storage: {path: PATH}
sources: {plex: {token: a-webhook-token-0815}}
viewers:
  - name: anna
    accounts: {plex: anna}
    trackers: {serializd: {email: a@example.org, password: b}, trakt: {client_id: c, client_secret: d}}
    pairs: [{between: [trakt, serializd], plays: both}]
"""
ANNA = ("anna", "memory")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return loads(CONFIG.replace("PATH", str(tmp_path / "scrobbled.db")), {})


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch):
    """What others do in the database is looked for more often than it need be outside of tests."""
    monkeypatch.setattr(other_processes, "EVERY", 0.01)
    monkeypatch.setattr(chores, "FIRST_AFTER", 0.01)
    with capture_logs():
        yield


def with_tracker(config: Config, tracker: Any) -> Runtime:
    runtime = build(config)
    runtime.couriers[ANNA].account.tracker = tracker
    return runtime


@contextlib.asynccontextmanager
async def another_process(config: Config) -> AsyncIterator[Store]:
    store = Store(config.storage.path, create=False)
    try:
        yield store
    finally:
        await store.aclose()


async def test_a_webhook_arrives_at_the_tracker(config: Config) -> None:
    async with build(config).running() as runtime:
        tracker = unwrapped(runtime.couriers[ANNA].tracker)
        assert isinstance(tracker, MemoryTracker)
        taken = await runtime.ingest.take("plex", webhook())
        assert taken.outcome is EventOutcome.ACCEPTED
        await until(lambda: tracker.plays, "the play is there")
        await runtime.ingest.take("plex", webhook("media.stop", percent=99))
        assert [part.state for part in await runtime.vitals.components()] == ["ok", "ok"]
        text = (await runtime.vitals.scrape()).decode()
    assert 'scrobbled_tracker_up{tracker="memory",viewer="anna"} 1.0' in text
    assert 'scrobbled_events_total{outcome="duplicate",source="plex"} 1.0' in text
    assert len(tracker.plays) == 1


async def test_the_metrics_know_when_a_source_was_heard_before_this_start(config: Config) -> None:
    name = 'scrobbled_source_last_event_timestamp_seconds{source="plex"}'
    async with build(config).running() as runtime:
        assert name not in (await runtime.vitals.scrape()).decode()
        before = SystemClock().now().timestamp()
        await runtime.ingest.take("plex", webhook())
        assert name in (await runtime.vitals.scrape()).decode()
    async with build(config).running() as runtime:
        (line,) = [line for line in (await runtime.vitals.scrape()).decode().splitlines() if line.startswith(name)]
    assert before - 1 <= float(line.rpartition(" ")[2]) <= SystemClock().now().timestamp()


async def test_what_a_person_has_not_watched_yet_is_counted_as_none(config: Config) -> None:
    runtime = build(loads(PAIRED.replace("PATH", str(config.storage.path)), {}))
    text = (await runtime.vitals.scrape()).decode()
    await runtime.aclose()
    assert 'scrobbled_plays_total{media="movie",source="plex",viewer="anna"} 0.0' in text
    assert 'scrobbled_reconcile_runs_total{outcome="failed",pair="trakt,serializd",viewer="anna"} 0.0' in text


async def test_what_waited_when_the_service_ended_is_delivered_by_the_next_one(config: Config) -> None:
    down = Scripted()
    down.go_down()
    async with with_tracker(config, down).running() as runtime:
        await runtime.ingest.take("plex", webhook())
        await until(lambda: "add_plays" in down.calls, "it was tried")
    up = Scripted()
    async with with_tracker(config, up).running():
        await until(lambda: up.plays, "the play is there")


async def test_a_sign_in_by_another_process_is_taken_up_at_once(config: Config) -> None:
    tracker = Scripted(has_account=False)
    async with with_tracker(config, tracker).running() as runtime:
        await runtime.ingest.take("plex", webhook())
        await until(lambda: runtime.couriers[ANNA].health.report.state is HealthState.SIGN_IN, "it needs a sign-in")
        tracker.has_account = True
        async with another_process(config) as store:
            await StoredTokens(store, "anna", "memory", lambda values: None, SystemClock().now).save({"token": "t"})
        await until(lambda: tracker.plays, "the play is there, long before the account would be tried again")


async def test_a_sign_in_that_comes_while_the_service_starts_is_not_overlooked(config: Config) -> None:
    """It is stored after the courier has looked, and before anybody watches for it."""
    tracker = Scripted()

    def just_missed() -> None:
        tracker.before.clear()
        with closing(sqlite3.connect(config.storage.path)) as db, db:
            db.execute("INSERT INTO tokens (viewer, tracker, secret, saved_at) VALUES ('anna', 'memory', '{}', 1)")
        raise LoginNeeded("not signed in")

    tracker.before["sign_in"] = just_missed
    async with with_tracker(config, tracker).running() as runtime:
        await until(lambda: runtime.couriers[ANNA].health.report.state is HealthState.OK, "it is taken up at once")


@pytest.mark.parametrize("action", ["retry", "approve"])
async def test_what_people_do_with_the_queue_takes_effect_at_once(config: Config, action: str) -> None:
    tracker = Scripted()
    tracker.always("sign_in", lambda: AccountStopped("locked"))
    async with with_tracker(config, tracker).running() as runtime:
        await runtime.ingest.take("plex", webhook())
        await until(lambda: runtime.couriers[ANNA].health.report.state is HealthState.STOPPED, "it rests")
        tracker.before.clear()
        async with another_process(config) as store:
            await store.write(lambda db: queue.act(db, action, None, SystemClock().now().timestamp()))
        await until(lambda: tracker.plays, "the play is there")


async def test_another_process_that_did_nothing_of_the_kind_ends_no_rest(config: Config) -> None:
    tracker = Scripted(has_account=False)
    async with with_tracker(config, tracker).running() as runtime:
        await until(lambda: runtime.couriers[ANNA].health.report.state is HealthState.SIGN_IN, "it rests")
        await asyncio.sleep(0.1)
        before = len(tracker.calls)
        async with another_process(config) as store:
            await store.write(lambda db: db.execute("INSERT INTO marks VALUES ('other', 1)"))
        await asyncio.sleep(0.1)
        assert len(tracker.calls) == before


async def test_an_account_nobody_lists_is_told_once_and_claimed_after_a_restart(config: Config) -> None:
    async with with_tracker(config, Scripted()).running() as runtime:
        for key in ("1", "2"):
            taken = await runtime.ingest.take("plex", webhook(account="carol", key=key, index=int(key)))
            assert taken.outcome is EventOutcome.UNCLAIMED
        rows = await runtime.store.read(lambda db: db.execute("SELECT kind, subject, count FROM alerts").fetchall())
        assert rows == [("unclaimed", "plex/no viewer lists the account carol", 2)]
    tracker = Scripted()
    text = CONFIG.replace("PATH", str(config.storage.path)).replace("{plex: anna}", "{plex: carol}")
    async with with_tracker(loads(text, {}), tracker).running():
        await until(lambda: len(tracker.plays) == 2, "both plays are there")


async def test_one_stored_event_that_cannot_be_folded_keeps_no_other_from_being_claimed(config: Config) -> None:
    async with with_tracker(config, Scripted()).running() as runtime:
        for key in ("1", "2", "3"):
            await runtime.ingest.take("plex", webhook(account="carol", key=key, index=int(key)))
    with closing(sqlite3.connect(config.storage.path)) as db, db:
        db.execute("INSERT INTO sessions (key, updated_at, state) VALUES ('anna|plex|carol|nas/2', 9e9, 'x')")
    tracker = Scripted()
    text = CONFIG.replace("PATH", str(config.storage.path)).replace("{plex: anna}", "{plex: carol}")
    async with with_tracker(loads(text, {}), tracker).running() as runtime:
        await until(lambda: len(tracker.plays) == 2, "both others are there")
        counts = await runtime.store.read(overview.event_counts)
    assert (counts["accepted"], counts["unclaimed"]) == (2, 1)


async def test_old_bodies_are_forgotten_and_new_ones_kept(config: Config) -> None:
    store = Store(config.storage.path)
    now = SystemClock().now()
    for days in (20, 13):
        arrival = Arrival("plex", now - timedelta(days=days), "{}")
        await store.write(lambda db, a=arrival: add_event(db, a, EventOutcome.ACCEPTED, ""))
    await store.aclose()

    def left() -> list[tuple[int]]:
        with closing(sqlite3.connect(config.storage.path)) as db:
            return db.execute("SELECT id FROM events WHERE raw IS NOT NULL").fetchall()

    async with with_tracker(config, Scripted()).running():
        await until(lambda: left() == [(2,)], "the old one is forgotten")


async def test_a_database_that_cannot_be_written_is_told(config: Config) -> None:
    async with with_tracker(config, Scripted()).running() as runtime:
        write = runtime.store.write

        async def full(work: Any) -> Any:
            raise StoreError("the disk is full")

        runtime.store.write = full  # type: ignore[method-assign]
        database, account = await runtime.vitals.components()
        runtime.store.write = write  # type: ignore[method-assign]
    assert (database.name, database.state, database.reason) == ("database", "failed", "the disk is full")
    assert account.name == "anna/memory"


async def test_what_a_tracker_quotes_is_shown_without_its_secrets(config: Config) -> None:
    tracker = Scripted()
    tracker.always("sign_in", lambda: LoginNeeded("refused: a-webhook-token-0815 and learned-later"))
    async with with_tracker(config, tracker).running() as runtime:
        runtime.redactor.add("learned-later")
        await until(lambda: runtime.couriers[ANNA].health.report.state is HealthState.SIGN_IN, "it needs a sign-in")
        assert (await runtime.vitals.components())[1].reason == "refused: •••• and ••••"


async def test_a_sign_in_is_masked_before_the_account_first_needs_it(config: Config) -> None:
    """Also that of an account which is not configured any more, and the one before."""
    texts = [json.dumps({"access_token": f"{age}-token-of-ben"}) for age in ("newer", "older")]
    runtime = with_tracker(config, Scripted())
    await runtime.store.read(lambda db: None)
    with closing(sqlite3.connect(config.storage.path)) as db, db:
        values = ("ben", "trakt", *texts, 1)
        db.execute("INSERT INTO tokens (viewer, tracker, secret, previous, saved_at) VALUES (?,?,?,?,?)", values)
        db.execute("INSERT INTO tokens (viewer, tracker, secret, saved_at) VALUES ('ben', 'spoilt', '{', 1)")
    async with runtime.running():
        await runtime.ingest.take("plex", webhook(summary="newer-token-of-ben, older-token-of-ben"))
        kept = await runtime.store.read(
            lambda db: bodies.unpacked(db, *db.execute("SELECT raw, stem_id FROM events").fetchone())
        )
    assert '"summary": "••••, ••••"' in kept


async def test_a_sign_in_by_another_process_is_masked(config: Config) -> None:
    async with with_tracker(config, Scripted()).running() as runtime, another_process(config) as store:
        tokens = StoredTokens(store, "anna", "elsewhere", lambda values: None, SystemClock().now)
        await tokens.save({"token": "signed-in-beside"})
        await until(lambda: runtime.redactor.text("signed-in-beside") == "••••", "it is known to be a secret")


async def test_a_state_is_saved_for_whoever_looks_from_outside(config: Config) -> None:
    tracker = Scripted()
    tracker.always("sign_in", lambda: TryLater("503"))
    async with with_tracker(config, tracker).running() as runtime:
        await until(lambda: runtime.couriers[ANNA].health.report.state is HealthState.DOWN, "it is down")
        async with another_process(config) as store:
            (state, reason, _, _) = (await store.read(overview.account_states))[ANNA]
    assert (state, reason) == ("down", "503")


async def test_whoever_shows_it_is_told_of_changes(config: Config) -> None:
    runtime, told = with_tracker(config, Scripted()), []
    runtime.on_change(lambda: told.append(1))
    async with runtime.running():
        await runtime.ingest.take("plex", webhook())
        await until(lambda: len(told) >= 3, "the webhook, the account and the delivery were told")


async def test_a_write_in_flight_may_finish_and_one_that_hangs_is_left_in_doubt(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    for hangs, phase in ((False, ("delivered", "")), (True, ("queued", "in-flight"))):
        monkeypatch.setattr(couriers, "GRACE", 0.2 if hangs else LONGEST)
        tracker, sent, go = Scripted(), asyncio.Event(), asyncio.Event()

        async def hold(sent: asyncio.Event = sent, go: asyncio.Event = go) -> None:
            sent.set()
            await go.wait()

        tracker.before["sent"] = lambda plays, hold=hold: hold()
        async with with_tracker(config, tracker).running() as runtime:
            await runtime.ingest.take("plex", webhook(key=str(hangs), index=int(hangs)))
            async with asyncio.timeout(LONGEST):
                await sent.wait()
            if not hangs:
                asyncio.get_running_loop().call_later(0.02, go.set)
        with closing(sqlite3.connect(config.storage.path)) as db:
            row = db.execute("SELECT state, phase FROM outbox ORDER BY id DESC").fetchone()
        assert row == phase
    tracker = Scripted()
    tracker.can = MemoryTracker().can
    async with with_tracker(config, tracker).running():
        await until(lambda: tracker.plays, "it was read back, found missing, and sent")
    assert tracker.calls.count("find_plays") == 2


async def test_after_the_end_nothing_is_taken(config: Config) -> None:
    async with with_tracker(config, Scripted()).running() as runtime:
        pass
    with pytest.raises(StoreError, match="closed"):
        await runtime.ingest.take("plex", webhook())
    assert (await runtime.vitals.components())[0].state == "failed"


async def test_an_unusable_database_is_said_when_it_is_built(config: Config) -> None:
    config.storage.path.write_bytes(b"")
    with pytest.raises(StoreError, match="is empty"):
        build(config)
