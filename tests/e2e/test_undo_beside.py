"""``scrobbled undo`` as people run it: it is done when the command returns, with a running service and without one."""

import json
from pathlib import Path

from e2e.harness import Service, Town, Viewing, just_now, until


def serializd_alone(folder: Path, town: Town) -> Service:
    viewer = Service(folder, town).viewer("anna")
    del viewer["trackers"]["trakt"]
    return Service(folder, town, config={"viewers": [viewer]})


def watched(service: Service, town: Town) -> None:
    """One play, which has arrived."""
    kind, content = Viewing(town.sandbox["plex"].library.find("Harbour Lights S1E1"), just_now()).webhook()
    assert service.post(kind, content).status_code == 200
    until(lambda: len(town.serializd()) == 1, 60, "it is there")
    until(lambda: not service.not_delivered(), 30, "it is booked")


def test_with_nobody_serving_the_command_takes_it_back_itself(tmp_path: Path) -> None:
    with Town() as town:
        service = serializd_alone(tmp_path, town).start()
        try:
            watched(service, town)
        finally:
            service.end()
        look = service.run("undo", "p1", "--dry-run")
        assert (look.returncode, len(town.serializd())) == (0, 1)
        done = service.run("undo", "p1")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines()[-1] == "Of 1 play: 1 taken back. It is done, and stays so."
        assert town.serializd() == []
        again = json.loads(service.run("undo", "p1", "--json").stdout)
        assert (again["done"], [step["action"] for step in again["steps"]]) == (True, ["leave"])


def test_beside_a_running_service_it_waits_for_that(tmp_path: Path) -> None:
    with Town() as town:
        service = serializd_alone(tmp_path, town).start()
        try:
            watched(service, town)
            done = service.run("undo", "p1")
            assert (done.returncode, town.serializd()) == (0, [])
        finally:
            service.end()
