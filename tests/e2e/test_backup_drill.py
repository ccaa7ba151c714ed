"""Copies while webhooks pour in, also when the command is killed; and a move to another folder that doubles nothing."""

import random
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from scrobbled.store.file.opening import open_database
from scrobbled.store.queue import overview

from .harness import ENDS_WITHIN, Ledger, Service, Town, Viewing, just_now, serving, until
from .test_kill import Sender


def plays(copy: Path) -> int:
    with closing(open_database(copy, create=False)) as db:
        return overview.play_count(db)


@pytest.mark.beside
def test_copies_under_load_are_whole_also_when_the_command_is_killed(tmp_path: Path) -> None:
    dice, ledger, copies = random.Random(3), Ledger(), tmp_path / "copies"
    copies.mkdir()
    with Town(shows=30) as town, serving(tmp_path, town) as service:
        sender = Sender(service, town, ledger, pause=0.01)
        sender.start()
        for number in range(6):
            command = subprocess.Popen(service.command("backup", str(copies / f"{number}.db")))
            time.sleep(dice.uniform(0.3, 1.6))
            command.kill()
            command.wait(ENDS_WITHIN)
        done = service.run("backup", str(copies / "last.db"))
        sender.end()
        assert done.returncode == 0, done.stderr
        whole = sorted(copies.glob("*.db"))
        assert [plays(copy) for copy in whole] == sorted(plays(copy) for copy in whole)
        assert plays(copies / "last.db") > 0
        for left in copies.glob("*.part-*"):
            assert left.stat().st_mode & 0o077 == 0, "it may hold sign-ins"
        service.settled()
        ledger.check(town)


@pytest.mark.beside
def test_a_running_service_keeps_its_database(tmp_path: Path) -> None:
    with Town() as town, serving(tmp_path, town) as service:
        copy = tmp_path / "copy.db"
        assert service.run("backup", str(copy)).returncode == 0
        for words in (("restore", str(copy)), ("reset-state", "--yes")):
            refused = service.run(*words)
            assert refused.returncode == 1
            assert "Stop it first" in refused.stderr
        assert service.get("/health/ready").status_code == 200


@pytest.mark.beside
def test_a_move_to_another_folder_goes_on_and_doubles_nothing(tmp_path: Path) -> None:
    """The copy is older than the last deliveries: what waited in it has arrived since, and is found instead of sent."""
    ledger, copy = Ledger(), tmp_path / "copy.db"
    with Town() as town, serving(tmp_path, town) as service:
        episodes = town.episodes()
        service.watch(ledger, *(Viewing(episode, just_now(60)) for episode in episodes[:3]))
        service.settled()
        town.outage()
        service.watch(ledger, *(Viewing(episode, just_now(30)) for episode in episodes[3:6]))
        assert service.run("backup", str(copy)).returncode == 0
        town.mend()
        service.retry()
        service.settled()
        assert service.end() == 0
        writes = town.calls("serializd", "POST /api/show/reviews/add"), town.calls("trakt", "POST /sync/history")
        moved = tmp_path / "new machine"
        moved.mkdir()
        second = Service(moved, town)
        done = second.run("restore", str(copy))
        assert done.returncode == 0, done.stderr
        assert "Restored 6 plays, 6 waiting, and the sign-ins." in done.stdout
        try:
            second.start()
            second.settled()
            second.watch(ledger, Viewing(episodes[6], just_now()))
            second.settled()
            ledger.check(town)
            second.all_booked(ledger)
            after = town.calls("serializd", "POST /api/show/reviews/add"), town.calls("trakt", "POST /sync/history")
            assert after == (writes[0] + 1, writes[1] + 1), "only the new one was written"
        finally:
            second.kill()


@pytest.mark.beside
def test_scheduled_copies_appear_by_themselves(tmp_path: Path) -> None:
    copies = tmp_path / "copies"
    with Town() as town:
        service = Service(tmp_path, town)
        service.config["storage"]["backup"] = {"folder": str(copies), "every": "24h", "keep": 3}
        service.sign_in_to_trakt()
        service.start()
        try:
            until(lambda: list(copies.glob("scrobbled-*.db")), 15, "a copy is made")
            name = "scrobbled_backup_last_success_timestamp_seconds"
            until(lambda: service.metric(name), 15, "the metric tells when")
            assert abs(service.metric(name)[name] - time.time()) < 60
        finally:
            service.kill()
