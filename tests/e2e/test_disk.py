"""The disk is full: webhooks are refused rather than lost, and everything goes on once there is room again."""

import resource
import time
from pathlib import Path

import pytest

from .harness import Ledger, Town, Viewing, just_now, serving, until


def limit_files(pid: int, size: int) -> None:
    """No file of that process may grow beyond ``size`` bytes: for SQLite the same as a disk without room."""
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def test_a_full_disk_refuses_webhooks_and_takes_them_again_when_there_is_room(tmp_path: Path) -> None:
    ledger = Ledger()
    with Town() as town, serving(tmp_path, town) as service:
        assert service.process is not None
        first, second, third, *others = (Viewing(item, just_now(60)) for item in town.episodes()[:40])
        service.watch(ledger, first)
        service.settled()
        town.outage()
        service.watch(ledger, second)
        limit_files(service.process.pid, 1)
        refused = [service.post(*viewing.webhook()) for viewing in others]
        assert {answer.status_code for answer in refused} == {503}
        assert all("free space" in answer.json()["error"] for answer in refused)
        assert service.get("/health/live").status_code == 200
        until(lambda: service.get("/health/ready").status_code == 503, 10, "the disk is tried again")
        ready = service.get("/health/ready")
        assert ready.json()["components"]["database"]["state"] == "failed"
        assert service.get("/metrics").status_code == 200
        town.mend()
        limit_files(service.process.pid, resource.RLIM_INFINITY)
        until(lambda: service.get("/health/ready").status_code == 200, 10, "the database is written again")
        service.watch(ledger, third)
        service.retry()
        service.settled()
        ledger.check(town)
        service.all_booked(ledger)


@pytest.mark.beside
def test_a_disk_that_fills_up_while_a_tracker_is_written_to_doubles_nothing(tmp_path: Path) -> None:
    """The write took effect, and that it did cannot be booked: it is read back, not repeated."""
    ledger = Ledger()
    with Town() as town, serving(tmp_path, town) as service:
        assert service.process is not None
        town.hold("serializd", "POST /api/show/reviews/add")
        town.hold("trakt", "POST /sync/history")
        service.watch(ledger, Viewing(town.episodes()[0], just_now(60)))
        until(lambda: town.serializd() and town.trakt(), 10, "both have taken it")
        limit_files(service.process.pid, 1)
        town.release()
        answered = ("serializd", "POST /api/show/reviews/add"), ("trakt", "POST /sync/history")
        until(lambda: all(town.calls(*call) for call in answered), 15, "both have answered")
        time.sleep(0.5)  # the booking fails meanwhile; there is no room to write that down either
        assert {row["outcome"] for row in service.queue()} == {"queued"}
        limit_files(service.process.pid, resource.RLIM_INFINITY)
        service.settled()
        ledger.check(town)
        service.all_booked(ledger)
