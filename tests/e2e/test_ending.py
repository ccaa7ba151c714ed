"""Ending and starting: a goodbye that waits for nobody for long, and plain words where starting is not possible."""

import hashlib
import socket
import threading
from pathlib import Path

import pytest

from .harness import Ledger, Service, Town, Viewing, just_now, serving, until

ADD = "POST /api/show/reviews/add"
HISTORY = "POST /sync/history"


def test_a_write_in_flight_may_finish_before_the_service_ends(tmp_path: Path) -> None:
    ledger = Ledger()
    with Town() as town, serving(tmp_path, town) as service:
        held_writes(town)
        service.watch(ledger, Viewing(town.episodes()[0], just_now(60)))
        until(lambda: writing(town) == 2, 10, "both writes are under way")
        threading.Timer(0.5, town.release).start()
        assert service.end() == 0
        ledger.check(town)
        service.all_booked(ledger)  # from the database alone: nobody serves it now


@pytest.mark.beside
def test_a_write_that_takes_too_long_is_left_behind_and_found_out_later(tmp_path: Path) -> None:
    """With an upload that never ends beside it: neither may keep the service from ending in time."""
    ledger = Ledger()
    with Town() as town, serving(tmp_path, town) as service:
        held_writes(town)
        service.watch(ledger, Viewing(town.episodes()[0], just_now(60)))
        until(lambda: writing(town) == 2, 10, "both writes are under way")
        with unfinished_upload(service):
            assert service.end(20) == 0
        town.release()
        service.start().settled()
        ledger.check(town)
        service.all_booked(ledger)
        writes = ("serializd", ADD), ("trakt", HISTORY)
        until(lambda: all(town.calls(*write) for write in writes), 20, "the held requests have come to their end")
        assert [town.calls(*write) for write in writes] == [1, 1]


def held_writes(town: Town) -> None:
    """They take effect at once; the answer comes when it is released."""
    town.hold("serializd", ADD)
    town.hold("trakt", HISTORY)


def writing(town: Town) -> int:
    """How many writes have taken effect and wait to be answered."""
    held = bool(town.serializd()), bool(town.trakt())
    flying = town.sandbox["serializd"].in_flight, town.sandbox["trakt"].in_flight
    return sum(1 for has, flies in zip(held, flying, strict=True) if has and flies)


def unfinished_upload(service: Service) -> socket.socket:
    upload = socket.create_connection(("127.0.0.1", service.port))
    path = service.hook.removeprefix(service.url)
    upload.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\n{{".encode())
    return upload


def test_a_second_instance_on_the_same_database_is_refused(tmp_path: Path) -> None:
    with Town() as town, serving(tmp_path, town) as service:
        done = service.run("serve")
        assert done.returncode == 1
        assert f"another instance (process {service.process.pid}) is using" in done.stderr  # type: ignore[union-attr]
        assert "Traceback" not in done.stderr
        assert service.get("/health/ready").status_code == 200


def test_a_port_that_is_taken_is_said_in_one_sentence(tmp_path: Path) -> None:
    service = Service(tmp_path, None)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", service.port))
        taken.listen()
        done = service.run("serve")
    assert done.returncode == 2
    assert f"server.port: cannot listen on 127.0.0.1 port {service.port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_damaged_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    service = Service(tmp_path, None)
    service.database.parent.mkdir()
    for content in (b"this is no database, whatever its name says\n" * 300, b""):
        service.database.write_bytes(content)
        before = hashlib.sha256(content).digest()
        done = service.run("serve")
        assert done.returncode == 1, done.stderr
        assert str(service.database) in done.stderr
        assert "Traceback" not in done.stderr
        assert hashlib.sha256(service.database.read_bytes()).digest() == before


def test_a_database_damaged_in_the_middle_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    with Town() as town, serving(tmp_path, town) as service:
        service.watch(Ledger(), *(Viewing(episode, just_now(60)) for episode in town.episodes()[:5]))
        service.settled()
        assert service.end() == 0
        content = bytearray(service.database.read_bytes())
        content[4096:40_960] = b"\xa5" * (40_960 - 4096)
        service.database.write_bytes(content)
        done = service.run("serve")
        assert done.returncode == 1, done.stderr
        assert "is damaged" in done.stderr
        assert service.database.read_bytes() == bytes(content)
