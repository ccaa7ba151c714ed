"""What happens to machines: power cuts in the middle of a commit, wrong clocks, strangers in the database, dead DNS.

After each: nothing that was acknowledged is lost, nothing is doubled, and the state of things is told.
"""

import asyncio
import contextlib
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from scrobbled.config import load
from scrobbled.runtime.service import build
from scrobbled.web.app import create_app
from scrobbled.web.server import listening

from .harness import PATIENCE, FastClock, Ledger, Receiver, Service, Town, Viewing, just_now, serving, until

PLACES = ("lib/*", "lib", "lib64")  # of Debian, Arch and Fedora
FAKETIME = next((file for at in PLACES for file in Path("/usr").glob(f"{at}/faketime/libfaketimeMT.so.1")), None)
YEAR = 365 * 86_400


def viewings(town: Town, count: int, *, skip: int = 0) -> list[Viewing]:
    """Of different episodes, one a minute, the newest a minute ago."""
    chosen = town.episodes()[skip : skip + count]
    return [Viewing(item, just_now(60.0 * (count - number))) for number, item in enumerate(chosen)]


# -- power cuts -------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def in_the_middle_of_a_commit(database: Path) -> Iterator[None]:
    """What lies on the disk when power fails in there: the file half written, and the journal that undoes it."""
    connection = sqlite3.connect(database, isolation_level=None)
    with contextlib.closing(connection):
        connection.execute("PRAGMA journal_mode = TRUNCATE")
        connection.execute("PRAGMA cache_size = 2")
        connection.execute("PRAGMA cache_spill = 1")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE plays SET label = label || ' torn', item = item || zeroblob(3000)")
        connection.execute("UPDATE outbox SET state = 'dead', reason = hex(zeroblob(2000))")
        yield
        connection.execute("ROLLBACK")


@pytest.mark.parametrize("torn", [0, 700])
def test_power_fails_in_the_middle_of_a_commit(tmp_path: Path, torn: int) -> None:
    """``torn`` bytes of the last page of the file never reached the disk, and it had grown."""
    ledger = Ledger()
    with Town() as town, serving(tmp_path, town) as service:
        service.watch(ledger, *viewings(town, 5))
        service.settled()
        town.outage()
        service.watch(ledger, *viewings(town, 3, skip=5))
        assert service.end() == 0
        journal = service.database.with_name(service.database.name + "-journal")
        saved = [tmp_path / "saved.db", tmp_path / "saved.db-journal"]
        before = service.database.stat().st_size
        with in_the_middle_of_a_commit(service.database):
            assert service.database.stat().st_size > before, "the file has grown: pages were written early"
            assert journal.stat().st_size > 0
            for source, target in zip((service.database, journal), saved, strict=True):
                shutil.copyfile(source, target)
        for source, target in zip(saved, (service.database, journal), strict=True):
            shutil.copyfile(source, target)
        os.truncate(service.database, service.database.stat().st_size - torn)
        town.mend()
        service.start().settled()
        ledger.check(town)
        service.all_booked(ledger)


@pytest.mark.parametrize("share", [0.02, 0.999])
def test_power_fails_while_the_journal_is_written(tmp_path: Path, share: float) -> None:
    """Only that share of the journal is on the disk: then the file itself was not touched yet."""
    ledger = Ledger()
    with Town() as town, serving(tmp_path, town) as service:
        service.watch(ledger, *viewings(town, 5))
        service.settled()
        assert service.end() == 0
        journal = service.database.with_name(service.database.name + "-journal")
        untouched, half = tmp_path / "untouched.db", tmp_path / "half-journal"
        shutil.copyfile(service.database, untouched)
        with in_the_middle_of_a_commit(service.database):
            shutil.copyfile(journal, half)
        os.truncate(half, int(half.stat().st_size * share))
        shutil.copyfile(untouched, service.database)
        shutil.copyfile(half, journal)
        service.start()
        service.watch(ledger, *viewings(town, 2, skip=5))
        service.settled()
        ledger.check(town)
        service.all_booked(ledger)


@pytest.mark.beside
def test_a_page_torn_off_a_quiet_file_is_refused_and_a_backup_takes_its_place(tmp_path: Path) -> None:
    """A disk that lies: no journal undoes it. It is said, nothing is overwritten, and the backup goes on."""
    ledger = Ledger()
    with Town() as town, serving(tmp_path, town) as service:
        service.watch(ledger, *viewings(town, 4))
        service.settled()
        backup = tmp_path / "backup.db"
        assert service.run("backup", str(backup)).returncode == 0
        service.watch(ledger, *viewings(town, 3, skip=4))
        service.settled()
        assert service.end() == 0
        size = service.database.stat().st_size
        os.truncate(service.database, size - 5000)
        refused = service.run("serve")
        assert refused.returncode == 1
        assert "damaged" in refused.stderr
        assert "Traceback" not in refused.stderr
        assert service.database.stat().st_size == size - 5000
        restored = service.run("restore", str(backup))
        assert restored.returncode == 0, restored.stderr
        service.start()
        service.watch(ledger, *viewings(town, 2, skip=7))
        service.settled()
        ledger.check(town)
        service.watch(Ledger(), *ledger.sure[4:7])  # their server sends again what the backup has not heard of
        service.settled()
        ledger.check(town)


# -- clocks -----------------------------------------------------------------------------------------------------------


@pytest.mark.beside
def test_the_clock_jumps_a_year_ahead_and_back(tmp_path: Path) -> None:
    """A real process with a faked wall clock. What is seen meanwhile is wrongly dated, but once; it is told."""
    if FAKETIME is None:
        pytest.skip("for want of libfaketime: sudo apt install libfaketime")
    ledger, hand = Ledger(), tmp_path / "clock"
    hand.write_text("+0")
    faked = ("env", f"LD_PRELOAD={FAKETIME}", f"FAKETIME_TIMESTAMP_FILE={hand}", "FAKETIME_NO_CACHE=1")
    with Town() as town, Receiver() as receiver:
        service = Service(tmp_path, town, config={"alerts": {"urls": [receiver.url]}})
        service.sign_in_to_trakt()
        service.start(wrapper=(*faked, "FAKETIME_DONT_FAKE_MONOTONIC=1"))
        try:
            service.watch(ledger, *viewings(town, 3))
            service.settled()
            ledger.check(town)
            hand.write_text(f"+{YEAR}")
            until(lambda: "clock" in " ".join(receiver.titles()), 90, "the jump is told")
            while_wrong = viewings(town, 3, skip=3)
            service.watch(Ledger(), *while_wrong)
            service.settled()
            hand.write_text("+0")
            service.watch(ledger, *viewings(town, 3, skip=6))
            service.settled()
            shown = [title for title, _ in town.serializd()]
            assert sorted(shown) == sorted(v.serializd[0] for v in (*ledger.sure, *while_wrong))
            kept = {v.serializd for v in ledger.sure}
            assert kept <= set(town.serializd())
            assert {v.trakt for v in ledger.sure} <= set(town.trakt())
            assert len(town.trakt()) == len(shown)
            raw = sqlite3.connect(service.database).execute("SELECT count(*) FROM events WHERE raw IS NULL").fetchone()
            assert raw == (0,), "a wrong clock is no reason to throw away what is kept for two weeks"
        finally:
            service.kill()


# -- the neighbourhood ------------------------------------------------------------------------------------------------


def test_a_stranger_locks_the_database(tmp_path: Path) -> None:
    """Somebody opened it in a database browser: webhooks are refused and not lost, and all goes on afterwards."""
    ledger = Ledger()
    with Town() as town, serving(tmp_path, town) as service:
        first, second, third = viewings(town, 3)
        service.watch(ledger, first)
        service.settled()
        with contextlib.closing(sqlite3.connect(service.database, isolation_level=None, timeout=5)) as stranger:
            stranger.execute("BEGIN EXCLUSIVE")
            refused = service.post(*second.webhook())
            assert refused.status_code == 503
            assert "Retry-After" in refused.headers
            assert service.get("/health/live").status_code == 200
            until(lambda: service.get("/health/ready").status_code == 503, 20, "the disk is tried again")
            ready = service.get("/health/ready")
            assert "locked" in ready.json()["components"]["database"]["reason"]
            stranger.execute("ROLLBACK")
        until(lambda: service.get("/health/ready").status_code == 200, 20, "it is written again")
        service.watch(ledger, second, third)
        service.settled()
        ledger.check(town)
        service.all_booked(ledger)


def test_a_secret_file_that_is_gone_is_named_and_leaves_the_running_service_alone(tmp_path: Path) -> None:
    ledger = Ledger()
    with Town() as town, Receiver() as receiver:
        service = Service(tmp_path, town, config={"alerts": {"urls": [receiver.url]}})
        secret = tmp_path / "serializd-password"
        secret.write_text("anna-secret\n")
        settings = service.config["viewers"][0]["trackers"]["serializd"]
        settings.pop("password")
        settings["password_file"] = str(secret)
        service.sign_in_to_trakt()
        service.start()
        try:
            secret.unlink()
            service.config["logging"] = {"level": "debug"}
            service.write_config()
            until(lambda: receiver.about("password_file"), 30, "the missing file is told")
            service.watch(ledger, *viewings(town, 2))
            service.settled()
            ledger.check(town)
            assert service.end() == 0
            refused = service.run("serve")
            assert refused.returncode == 2
            assert "password_file" in refused.stderr
            secret.write_text("anna-secret\n")
            service.start()
            service.watch(ledger, *viewings(town, 2, skip=2))
            service.settled()
            ledger.check(town)
        finally:
            service.kill()


@pytest.mark.beside
def test_sign_ins_that_vanish_wait_for_a_person_and_nothing_else_does(tmp_path: Path) -> None:
    """The stored tokens are gone: Serializd signs in again by itself, Trakt needs its owner, plays wait."""
    ledger = Ledger()
    with Town() as town, serving(tmp_path, town) as service:
        service.watch(ledger, *viewings(town, 2))
        service.settled()
        assert service.end() == 0
        with contextlib.closing(sqlite3.connect(service.database)) as db, db:
            db.execute("DELETE FROM tokens")
        service.start()
        service.watch(ledger, *viewings(town, 2, skip=2))
        until(lambda: service.state("trakt") == "sign-in", 20, "Trakt needs a sign-in")
        until(lambda: len(town.serializd()) == 4, 20, "Serializd has them")
        assert "scrobbled auth trakt" in service.get("/health/ready").json()["components"]["anna/trakt"]["reason"]
        service.sign_in_to_trakt()
        service.settled()
        ledger.check(town)
        service.all_booked(ledger)


@pytest.mark.beside
def test_dead_dns_is_an_outage_like_any_other(tmp_path: Path) -> None:
    ledger = Ledger()
    with Town() as town:
        service = Service(tmp_path, town)
        right = service.config["viewers"]
        service.config["viewers"] = [service.viewer("anna", **dict.fromkeys(("serializd", "trakt"), nowhere()))]
        service.sign_in_to_trakt()
        service.start()
        try:
            service.watch(ledger, *viewings(town, 4))
            until(lambda: service.state("serializd") == service.state("trakt") == "down", 20, "both are down")
            reason = service.get("/health/ready").json()["components"]["anna/serializd"]["reason"]
            assert "no-such-host.invalid cannot be reached" in reason
            service.config["viewers"] = right
            service.write_config()
            until(lambda: service.state("trakt") == "sign-in", 20, "a sign-in belongs to the address it was made at")
            service.sign_in_to_trakt()
            service.settled(PATIENCE)
            ledger.check(town)
            service.all_booked(ledger)
        finally:
            service.kill()


def nowhere() -> dict[str, str]:
    return {"url": "http://no-such-host.invalid/api"}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what Apprise imports
def test_a_tracker_answers_with_web_pages_for_a_day(tmp_path: Path) -> None:
    """One alert and its reminder, a few careful tries, no write; when it is over everything arrives once, in order."""
    clock, ledger = FastClock(), Ledger()
    with Town(now=clock.now) as town, Receiver() as receiver:
        service = Service(tmp_path, town, config={"alerts": {"urls": [receiver.url]}})
        service.sign_in_to_trakt()
        service.write_config()
        asyncio.run(_a_day_of_html(service, town, clock, ledger))
        ledger.check(town)
        service.all_booked(ledger)
        told = [title for title in receiver.titles() if "serializd" in title]
        assert 1 <= len(told) <= 4, receiver.titles()


async def _a_day_of_html(service: Service, town: Town, clock: FastClock, ledger: Ledger) -> None:
    runtime = build(load(service.config_path, {}), clock=clock)
    async with runtime.running(), listening(create_app(runtime), "127.0.0.1", 0) as port:
        hook = service.hook.replace(str(service.port), str(port), 1)
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            town.fault("serializd", "*", "html")
            before = town.calls("serializd", "*")
            for episode in town.episodes()[:24]:
                await _posted(client, hook, ledger, Viewing(episode, clock.now().replace(microsecond=0)))
                clock.skip(3600)
                await asyncio.sleep(0.1)
            assert town.serializd() == []
            assert town.calls("serializd", "*") - before <= 120
            town.mend()
            ends = time.monotonic() + 160
            while await runtime.vitals.scrape() and runtime.vitals.waiting:
                assert time.monotonic() < ends, runtime.vitals.waiting
                clock.skip(120)
                await asyncio.sleep(0.1)


async def _posted(client: httpx.AsyncClient, hook: str, ledger: Ledger, viewing: Viewing) -> None:
    kind, body = viewing.webhook()
    answer: Any = await client.post(hook, content=body, headers={"Content-Type": kind})
    assert answer.status_code == 200
    ledger.sure.append(viewing)
    assert timedelta(0) <= viewing.at - ledger.sure[0].at
