"""``scrobbled sync`` as people run it: beside a service, alone, twice at once, rehearsed, watched and interrupted."""

import hashlib
import inspect
import json
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .harness import ENDS_WITHIN, Ledger, Service, Town, Viewing, just_now, until
from .two import Two, minutes, paired, spot

ADD = "POST /api/show/reviews/add"


FIXTURES = ("tmp_path", "town", "two", "service")


def alone(test: Callable[..., None]) -> Callable[..., None]:
    """With stand-ins, two accounts and a service of its own that is not started, in a thread beside other drills.

    Whatever still runs at the end is killed.
    """
    wanted = inspect.signature(test).parameters

    def drill(tmp_path: Path, **given: Any) -> None:
        with Town() as town:
            service = paired(tmp_path, town)
            there = {"tmp_path": tmp_path, "town": town, "two": Two(town), "service": service, **given}
            try:
                test(**{name: there[name] for name in wanted})
            finally:
                if service.process is not None and service.process.poll() is None:
                    service.kill()

    kind = inspect.Parameter.KEYWORD_ONLY
    names = ["tmp_path", *(name for name in wanted if name not in FIXTURES)]
    drill.__signature__ = inspect.Signature([inspect.Parameter(name, kind) for name in names])  # type: ignore[attr-defined]
    drill.__name__, drill.__doc__ = test.__name__, test.__doc__
    return pytest.mark.beside(drill)


def watched(two: Two, count: int, first: int = 0) -> None:
    """Viewings on Trakt that Serializd lacks."""
    for n in range(first, first + count):
        two.watch_on_trakt(*spot(n), minutes(n))


def told(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def files(service: Service) -> dict[str, str]:
    """Everything beside the database, by content."""
    folder = service.database.parent
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def ended(process: subprocess.Popen[str], seconds: float = ENDS_WITHIN) -> tuple[int, str]:
    out, _ = process.communicate(timeout=seconds)
    return process.returncode, out


# -- beside a service ----------------------------------------------------------------------------------------------


@alone
def test_sync_beside_a_service_returns_when_everything_is_delivered(service: Service, two: Two) -> None:
    watched(two, 12)
    two.log_on_serializd(3, 2, 1, minutes(40))
    service.start()
    done = service.run("sync")
    assert (done.returncode, two.trakt()) == (0, two.serializd()), (done.stdout, done.stderr)
    assert "Added 12 plays to Serializd and 1 to Trakt" in done.stdout
    again = service.run("sync")
    assert again.returncode == 0
    assert "nothing to do" in again.stdout


@alone
def test_the_answer_as_json_names_the_run_and_what_became_of_it(service: Service, two: Two) -> None:
    watched(two, 3)
    done = service.run("sync", "--json")
    assert done.returncode == 0
    answer = told(done)
    (one,) = answer["runs"]
    assert answer["run_id"] == one["run_id"] == "r1"
    assert answer["plan_id"] == one["plan_id"]
    assert {
        name: one[name] for name in ("viewer", "pair", "outcome", "planned", "outcomes", "delivered", "failed")
    } == {
        "viewer": "anna",
        "pair": "trakt,serializd",
        "outcome": "done",
        "planned": {"serializd add plays": 3},
        "outcomes": {"delivered": 3},
        "delivered": True,
        "failed": False,
    }


@alone
def test_a_rehearsal_as_json_tells_each_change_and_belongs_to_no_run(service: Service, two: Two) -> None:
    watched(two, 2)
    done = service.run("sync", "--dry-run", "--json")
    assert done.returncode == 0
    answer = told(done)
    (one,) = answer["runs"]
    assert (answer["run_id"], answer["dry_run"], one["outcome"]) == (None, True, "planned")
    assert one["counts"] == {
        "trakt": {"additions": 0, "updates": 0, "removals": 0},
        "serializd": {"additions": 2, "updates": 0, "removals": 0},
    }
    assert [(c["tracker"], c["action"], c["kind"]) for c in one["changes"]] == [("serializd", "add", "plays")] * 2
    assert answer["plan_id"]
    assert two.writes() == 0


@alone
def test_a_rehearsal_beside_a_run_that_delivers_says_what_it_waits_for(service: Service, two: Two, town: Town) -> None:
    """What we write ourselves is no change by somebody else that fails it."""
    watched(two, 24)
    service.start()
    town.fault("serializd", ADD, "latency", seconds=0.3, times=30)
    running = service.begin("sync")
    until(lambda: town.calls("serializd", ADD) > 2, ENDS_WITHIN, "it delivers")
    done = service.run("sync", "--dry-run")
    assert done.returncode == 0, done.stderr
    first = done.stderr.splitlines()[0]
    assert first.startswith("r1 is delivering ("), done.stderr
    assert first.endswith("; comparing after that")
    assert "24 viewings agree" in done.stdout
    assert "Nothing was changed. To do" not in done.stdout, "all of it had arrived by then"
    assert ended(running, 3 * ENDS_WITHIN)[0] == 0


@alone
def test_a_rehearsal_beside_a_busy_service_writes_to_no_tracker(service: Service, two: Two, town: Town) -> None:
    watched(two, 10)
    service.start()
    ledger = Ledger()
    viewing = Viewing(town.episodes()[30], just_now(60))
    town.fault("serializd", ADD, "latency", seconds=0.3)
    service.watch(ledger, viewing)
    done = service.run("sync", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "Nothing was changed" in done.stdout
    assert "Days and times are UTC." in done.stdout
    service.settled()
    assert two.writes() == 2 + 1, "the webhook's play at both, and its tick"  # nothing of the plan
    assert len(two.serializd()) == 1


@pytest.mark.parametrize("before", ["never-run", "after-a-run"])
@alone
def test_a_rehearsal_leaves_every_file_as_it_is(service: Service, two: Two, before: str) -> None:
    """Also where Serializd was never signed in to, and the database holds nothing but Trakt's sign-in."""
    watched(two, 6)
    if before == "after-a-run":
        assert service.run("sync").returncode == 0
        service.start().end()
        watched(two, 5, first=20)
    held, writes = files(service), two.writes()
    done = service.run("sync", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "plays to add, dates kept" in done.stdout
    assert files(service) == held
    assert two.writes() == writes


@alone
def test_a_rehearsal_makes_no_database_where_there_is_none(tmp_path: Path, town: Town) -> None:
    service = paired(tmp_path, town)
    shutil.rmtree(service.database.parent)
    done = service.run("sync", "--dry-run")
    assert done.returncode == 1
    assert "scrobbled auth trakt" in done.stderr
    assert not service.database.exists()


# -- plans ---------------------------------------------------------------------------------------------------------


@alone
def test_a_first_contact_that_is_too_much_at_once_waits_for_a_yes(service: Service, two: Two) -> None:
    service.config["safety"] = {"max_writes_per_hour": 10}
    watched(two, 25)
    asked = service.run("sync", "--json")
    assert asked.returncode == 0, asked.stderr
    (one,) = told(asked)["runs"]
    assert one["outcome"] == "approval"
    assert two.writes() == 0
    words = service.run("sync")
    assert "To approve it: scrobbled sync" in words.stdout
    assert "25 plays" in words.stdout
    assert "Days and times are UTC." in words.stdout
    done = service.run("sync", "--plan", one["plan_id"])
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert two.trakt() == two.serializd()
    assert len(two.serializd()) == 25


@alone
def test_a_plan_is_refused_when_something_changed_since(service: Service, two: Two) -> None:
    watched(two, 5)
    plan = told(service.run("sync", "--dry-run", "--json"))["plan_id"]
    watched(two, 1, first=9)
    done = service.run("sync", "--plan", plan)
    assert done.returncode == 1
    assert "Something changed since that plan was shown" in done.stderr
    assert two.writes() == 0
    fresh = told(service.run("sync", "--dry-run", "--json"))["plan_id"]
    assert service.run("sync", "--plan", fresh).returncode == 0
    assert len(two.serializd()) == 6


# -- wrong words, and trackers that are down -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--pair", "trakt,plex"), "No pair trakt,plex is configured"),
        (("--viewer", "zoe"), "known here: anna"),
        (("--kind", "stamps"), "there are plays, ratings"),
        (("--direction", "up"), "trakt-to-serializd"),
        (("--conflict-strategy", "dice"), "newest-wins"),
        (("--plan", "nonsense"), "plan"),
        (("--plan", "p1", "--dry-run"), "one of the two"),
        (("--interval", "0"), "interval"),
    ],
)
@alone
def test_words_that_mean_nothing_are_answered_with_those_that_do(
    service: Service, two: Two, words: tuple[str, ...], says: str
) -> None:
    watched(two, 1)
    done = service.run("sync", *words)
    assert (done.returncode, two.writes()) == (2, 0), (done.stdout, done.stderr)
    assert says in done.stderr


@pytest.mark.parametrize("serving", [True, False])
@pytest.mark.parametrize("down", ["trakt", "serializd"])
@alone
def test_a_tracker_that_is_down_fails_the_run_and_is_named(
    service: Service, two: Two, town: Town, down: str, serving: bool
) -> None:
    watched(two, 3)
    if serving:
        service.start()
    town.outage(down)
    for words in ((), ("--dry-run",)):
        done = service.run("sync", *words)
        assert done.returncode == 1, (words, done.stdout, done.stderr)
        assert f"{down} could not be read" in done.stderr
    town.mend()
    assert two.writes() == 0
    assert service.run("sync").returncode == 0
    assert two.trakt() == two.serializd()


@alone
def test_a_sign_in_that_was_renewed_by_a_rehearsal_is_kept(service: Service, two: Two, town: Town) -> None:
    """Renewing ends the old one: whoever threw the new one away would be signed out for good."""
    watched(two, 3)
    town.do(lambda: town.sandbox["trakt"].oauth.end_all("anna", "expire", town.sandbox["trakt"].now()))
    for _ in range(2):
        done = service.run("sync", "--dry-run")
        assert done.returncode == 0, (done.stdout, done.stderr)
    assert town.calls("trakt-auth", "POST /oauth/token") == 1
    assert two.writes() == 0
    assert service.run("sync").returncode == 0
    assert two.trakt() == two.serializd()


# -- at once, again and again, interrupted -------------------------------------------------------------------------


@pytest.mark.parametrize("serving", [True, False])
@alone
def test_two_at_once_do_not_overlap_and_nothing_is_doubled(
    service: Service, two: Two, town: Town, serving: bool
) -> None:
    watched(two, 20)
    town.fault("trakt", "GET /sync/*", "latency", seconds=0.2)
    if serving:
        service.start()
    both = [service.begin("sync", "--json") for _ in range(2)]
    answers = [ended(one, 3 * ENDS_WITHIN) for one in both]
    assert [code for code, _ in answers] == [0, 0], answers
    outcomes = sorted(json.loads(out)["runs"][0]["outcome"] for _, out in answers)
    assert outcomes == ["done", "nothing"]
    assert two.trakt() == two.serializd()
    assert len(two.serializd()) == 20


@alone
def test_one_that_waits_for_a_service_that_is_killed_does_it_itself(service: Service, two: Two, town: Town) -> None:
    watched(two, 20)
    town.fault("serializd", ADD, "latency", seconds=0.1)
    service.start()
    waiting = service.begin("sync")
    until(lambda: len(two.serializd()) >= 5, 20, "the run is delivered")
    service.kill()
    code, out = ended(waiting, 3 * ENDS_WITHIN)
    assert code == 0, out
    assert two.trakt() == two.serializd()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@alone
def test_watching_goes_on_until_it_is_told_to_end(service: Service, two: Two, how: signal.Signals) -> None:
    watched(two, 3)
    watching = service.begin("sync", "--watch", "--interval", "0.1")
    until(lambda: len(two.serializd()) == 3, 20, "the first run is delivered")
    watched(two, 2, first=10)
    until(lambda: len(two.serializd()) == 5, 20, "the next run is delivered")
    watching.send_signal(how)
    code, _ = ended(watching, 20)
    assert code == (130 if how is signal.SIGINT else 0)
    assert two.trakt() == two.serializd()


@alone
def test_an_outage_does_not_end_the_watching(service: Service, two: Two, town: Town) -> None:
    watched(two, 2)
    town.outage("trakt")
    watching = service.begin("sync", "--watch", "--interval", "0.1")
    until(lambda: town.calls("trakt", "*"), 20, "a run has failed")
    town.mend()
    until(lambda: len(two.serializd()) == 2, 30, "a later run is delivered")
    watching.send_signal(signal.SIGINT)
    assert ended(watching, 20)[0] == 130


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@alone
def test_one_that_is_told_to_end_lets_the_write_in_flight_finish(
    service: Service, two: Two, town: Town, how: signal.Signals
) -> None:
    watched(two, 10)
    town.hold("serializd", ADD, skip=3)
    running = service.begin("sync")
    until(lambda: len(two.serializd()) == 4, 20, "the fourth is being written")
    running.send_signal(how)
    threading.Timer(0.5, town.release).start()
    code, _ = ended(running)
    assert code == (130 if how is signal.SIGINT else 1), "not everything is delivered"
    assert len(two.serializd()) == 4
    done = service.run("sync")
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert two.trakt() == two.serializd()
    assert town.calls("serializd", ADD) == 10
