"""``scrobbled test-alert`` and ``scrobbled test-event``, against a receiver and a service on real ports."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.harness import PLEX_TOKEN, Receiver, Service, Town, free_port

SECRET = "s3cr3t-in-the-address"


@pytest.fixture
def service(tmp_path: Path) -> Service:
    """Configured, and not running."""
    return Service(tmp_path, None)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Town() as town:
        started = Service(tmp_path_factory.mktemp("running"), town)
        started.config["viewers"].append(started.viewer("ben"))
        started.start()
        yield started
        started.kill()


def test_each_address_is_tried_and_told_without_its_secret(service: Service) -> None:
    with Receiver() as receiver:
        good = receiver.url.replace("json://", f"json://user:{SECRET}@")
        closed = f"json://127.0.0.1:{free_port()}/{SECRET}"
        service.config["alerts"] = {"urls": [good, closed]}
        done = service.run("test-alert")
        assert done.returncode == 1
        first, second = done.stdout.splitlines()
        assert first.startswith("alerts.urls[0]  json://••••  accepted")
        assert second.startswith("alerts.urls[1]  json://••••  not accepted: ")
        assert "Check the address" in second
        assert SECRET not in done.stdout + done.stderr
        assert "127.0.0.1" not in done.stdout + done.stderr
        assert receiver.titles() == ["scrobbled: test alert"]


def test_what_an_address_answered_is_told(service: Service) -> None:
    with Receiver() as receiver:
        receiver.status = 500
        service.config["alerts"] = {"urls": [receiver.url]}
        done = service.run("test-alert")
    assert done.returncode == 1
    assert "500" in done.stdout


def test_a_person_can_be_tried_alone(service: Service) -> None:
    with Receiver() as annas, Receiver() as bens, Receiver() as everybodys:
        service.config["viewers"].append(service.viewer("ben"))
        theirs = [{"url": annas.url, "viewers": ["anna"]}, {"url": bens.url, "viewers": ["ben"], "kinds": ["flood"]}]
        service.config["alerts"] = {"urls": [*theirs, everybodys.url]}
        done = service.run("test-alert", "--viewer", "Ben", "--json")
        assert done.returncode == 0, done.stderr
        rows = json.loads(done.stdout)
        assert [(row["place"], row["accepted"]) for row in rows] == [("alerts.urls[1]", True), ("alerts.urls[2]", True)]
        assert [len(one.told) for one in (annas, bens, everybodys)] == [0, 1, 1]


@pytest.mark.parametrize(
    ("words", "says"), [((), "alerts.urls: no address; add an Apprise URL"), (("--viewer", "zed"), "known here: anna")]
)
def test_nobody_to_tell_is_wrong_usage(service: Service, words: tuple[str, ...], says: str) -> None:
    done = service.run("test-alert", *words)
    assert done.returncode == 2
    assert says in done.stderr


def test_a_test_event_goes_through_everything_but_the_trackers(running: Service) -> None:
    done = running.run("test-event", "--viewer", "ben", "--json")
    assert done.returncode == 0, done.stdout
    (found,) = json.loads(done.stdout)
    assert (found["source"], found["account"], found["outcome"]) == ("plex", "ben", "unwanted")
    assert found["text"] == (
        "test event: understood, stored, and sent to nobody; a real one would go to ben (serializd, trakt)"
    )
    facts = running.status()
    assert (facts["plays"], facts["events"]["unwanted"]) == (0, 1)
    assert running.run("test-event").returncode == 0, "a second one is no duplicate"
    assert running.town is not None
    assert running.town.calls("serializd", "POST /api/show/reviews/add") == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--viewer", "zed"), "no viewer is called zed; known here: anna, ben"),
        (("--source", "kodi"), "sources: kodi is not configured; known here: plex"),
    ],
)
def test_what_is_not_configured_cannot_be_tried(running: Service, words: tuple[str, ...], says: str) -> None:
    done = running.run("test-event", *words)
    assert done.returncode == 2
    assert says in done.stderr


def test_a_service_that_does_not_run_is_said_not_to_answer(service: Service) -> None:
    service.start().end()
    done = service.run("test-event")
    assert done.returncode == 1
    assert f"The service does not answer at {service.url}" in done.stdout
    assert "scrobbled serve" in done.stdout
    assert PLEX_TOKEN not in done.stdout + done.stderr


def test_without_a_database_the_service_has_to_be_started_first(service: Service) -> None:
    done = service.run("test-event")
    assert done.returncode == 1
    assert "scrobbled serve" in done.stderr


def test_another_configuration_is_said_to_be_one(running: Service, tmp_path: Path) -> None:
    other = Service(tmp_path, running.town)
    other.config["server"]["port"] = running.port
    other.config["storage"] = running.config["storage"]
    other.config["sources"] = {"plex": {"token": "another-webhook-token"}}
    done = other.run("test-event")
    assert done.returncode == 1
    assert "does not know this webhook" in done.stdout
