"""The real process: a backup is sent over HTTP, agreed on, and in place after a restart that was asked for likewise."""

import json
import os
import signal
import sqlite3
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

import httpx
import pytest

from .harness import Ledger, Service, Town, Viewing, just_now, serving, until


@pytest.mark.beside
def test_a_backup_that_was_sent_is_restored_by_a_restart_in_place(tmp_path: Path) -> None:
    ledger = Ledger()
    with Town() as town, serving(tmp_path, town) as service:
        first, second, third = town.episodes()[:3]
        service.watch(ledger, Viewing(first, just_now()))
        service.settled()
        copy = downloaded(service)
        service.watch(ledger, Viewing(second, just_now(5)))
        service.settled()
        assert plays(service) == 2
        with api(service) as client:
            sent = client.post("/api/v1/backup/restore", content=copy)
            assert sent.json()["plays"] == 1
            assert client.post("/api/v1/backup/restore/agree").json()["agreed"] is True
            broken = service.config_path.read_text()
            service.config_path.write_text(broken + "\nnonsense: 1\n")
            assert client.post("/api/v1/restart").status_code == 409
            service.config_path.write_text(broken)
            assert client.post("/api/v1/restart").status_code == 202
        until(lambda: "beginning again" in service.log() and is_up(service), 30, "it has begun again")
        assert plays(service) == 1
        assert "restored" in service.log()
        service.watch(ledger, Viewing(third, just_now(10)))
        service.settled()
        ledger.check(town)
        assert service.end() == 0
        assert service.process is not None


@pytest.mark.beside
def test_a_hostile_backup_is_refused_at_once_and_a_look_at_one_keeps_nothing_from_ending(tmp_path: Path) -> None:
    with Town() as town, serving(tmp_path, town) as service:
        whole = downloaded(service)
        with api(service) as client:
            began = time.monotonic()
            refused = client.post("/api/v1/backup/restore", content=hostile(tmp_path, whole))
            assert (refused.status_code, "something in it that scrobbled did not put there" in refused.text) == (
                400,
                True,
            )
            assert time.monotonic() - began < 30
            assert client.get("/api/v1/backup/restore").status_code == 404
        looker = threading.Thread(target=send, args=(service, whole))
        looker.start()
        looking = until(lambda: stopped_look(service), 30, "a look is under way, and was stopped in the middle")
        assert service.end(20) == 0
        until(lambda: not Path(f"/proc/{looking}").exists(), 10, "the look has ended with it")
        looker.join(60)


def hostile(folder: Path, copy: bytes) -> bytes:
    """With an index of our name that computes for a second at each of 300 rows."""
    path = folder / "hostile.db"
    path.write_bytes(copy)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        row = ("plex", 0, "ignored")
        db.executemany("INSERT INTO events (source, received_at, outcome) VALUES (?,?,?)", [row] * 300)
        db.execute("PRAGMA writable_schema = ON")
        db.execute(
            "UPDATE sqlite_master SET sql = 'CREATE INDEX events_by_session ON events "
            "(length(hex(zeroblob(100000000 + id % 2))))' WHERE name = 'events_by_session'"
        )
        db.execute("PRAGMA schema_version = 4711")
    return path.read_bytes()


def send(service: Service, copy: bytes) -> None:
    with api(service) as client, suppress(httpx.HTTPError):
        while client.post("/api/v1/backup/restore", content=copy).status_code == 200:
            pass


def stopped_look(service: Service) -> int | None:
    """The process that looks at a copy, which goes no further from now on."""
    assert service.process is not None
    for task in Path(f"/proc/{service.process.pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            with suppress(OSError):
                if b"scrobbled.store.keeping.looking" in Path(f"/proc/{child}/cmdline").read_bytes():
                    os.kill(int(child), signal.SIGSTOP)
                    return int(child)
    return None


def downloaded(service: Service) -> bytes:
    with api(service) as client:
        return client.get("/api/v1/backup").content


def api(service: Service) -> httpx.Client:
    """A program with a token: without a login being on this machine is not enough for a backup."""
    made = service.run("token", "create", "backups", "--scope", "admin", "--json")
    assert made.returncode == 0, made.stderr
    secret = json.loads(made.stdout)["secret"]
    return httpx.Client(base_url=service.url, timeout=60, headers={"Authorization": f"Bearer {secret}"})


def plays(service: Service) -> int:
    return len(service.get("/api/v1/plays").json()["plays"])


def is_up(service: Service) -> bool:
    try:
        return service.get("/health/ready").status_code == 200
    except httpx.HTTPError:
        return False
