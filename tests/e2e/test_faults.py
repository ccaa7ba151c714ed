"""The services misbehave in every way they are known to, and each viewing still arrives once with its own time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from .harness import ENDS_WITHIN, Ledger, Receiver, Service, Town, Viewing, just_now, serving, until

ADD = "POST /api/show/reviews/add"
TICK = "POST /api/episode_log/add"
HISTORY = "POST /sync/history"
BEFORE_AND_AFTER = (
    {"kind": "status", "status": 502, "when": "after"},
    {"kind": "status", "status": 504, "when": "after"},
    {"kind": "drop", "when": "after"},
    {"kind": "status", "status": 502},
    {"kind": "drop"},
)


@contextmanager
def alarmed(folder: Path) -> Iterator[tuple[Receiver, Town, Service]]:
    """A service that tells its alerts to a receiver."""
    with Receiver() as receiver, Town() as town, serving(folder, town, alerts={"urls": [receiver.url]}) as service:
        yield receiver, town, service


def viewings(town: Town, count: int, *, skip: int = 0) -> list[Viewing]:
    """Of different episodes, one a minute, the newest a minute ago."""
    episodes = town.episodes()[skip : skip + count]
    return [Viewing(item, just_now(60 * (count - n) % 800)) for n, item in enumerate(episodes)]


@pytest.mark.beside
def test_lost_answers_and_cut_connections_neither_lose_nor_double_anything(tmp_path: Path) -> None:
    """An answer that was lost after the write took effect, and one lost before, look the same from here.

    Then half of a batch is taken and a 502 answered: the half that is there must be found out.
    """
    ledger = Ledger()
    with Town() as town, serving(tmp_path, town) as service:
        for fault, viewing in zip(BEFORE_AND_AFTER, viewings(town, 5), strict=True):
            town.fault("serializd", ADD, times=1, **fault)  # type: ignore[arg-type]
            town.fault("trakt", HISTORY, times=1, **fault)  # type: ignore[arg-type]
            service.watch(ledger, viewing)
            until(lambda: not armed(town), 20, "both faults have hit")
        town.outage("trakt")
        for viewing in viewings(town, 8, skip=5):
            service.watch(ledger, viewing)
        town.fault("trakt", HISTORY, "half", times=1)
        town.do(town.sandbox["trakt"].faults.end_outage)
        service.settled(100)
        ledger.check(town)
        service.all_booked(ledger)


def about(service: Service, words: str) -> list[dict[str, Any]]:
    """What is open and says so; anything else that is open is a fault."""
    shown = service.get("/api/v1/alerts").json()
    return shown if all(words in alert["text"] for alert in shown) else []


def armed(town: Town) -> int:
    return town.do(lambda: sum(len(town.sandbox[name].faults.listing()) for name in ("serializd", "trakt")))


def test_a_webhook_that_comes_five_times_is_one_viewing(tmp_path: Path) -> None:
    ledger = Ledger()
    with Town() as town, serving(tmp_path, town) as service:
        viewing = Viewing(town.episodes()[0], just_now(30))
        service.watch(ledger, viewing)
        again = [service.post(*viewing.webhook()) for _ in range(4)]
        assert {answer.status_code for answer in again} == {200}
        service.settled()
        ledger.check(town)
        service.all_booked(ledger, others=4)
        assert service.status()["events"]["duplicate"] == 4


def test_answers_nobody_knows_stop_the_writing_until_they_are_mended(tmp_path: Path) -> None:
    """A web page, JSON that breaks off, and JSON without the id: each stops one account.

    It is told, and its end; what comes back within half an hour is told once more, and then damped.
    """
    with alarmed(tmp_path) as (receiver, town, service):
        ledger = Ledger()
        drifts = [
            ("serializd", TICK, {"kind": "html"}, "episode_log/add"),
            ("serializd", ADD, {"kind": "malformed", "when": "after"}, "reviews/add"),
            ("serializd", ADD, {"kind": "status", "status": 200, "body": {}, "when": "after"}, "id"),
            ("trakt", HISTORY, {"kind": "html", "when": "after"}, "sync/history"),
            ("trakt", HISTORY, {"kind": "status", "status": 200, "body": {}, "when": "after"}, "added"),
        ]
        for number, (name, match, fault, named) in enumerate(drifts):
            town.fault(name, match, **fault)  # type: ignore[arg-type]
            service.watch(ledger, *viewings(town, 2, skip=4 * number))
            until(lambda n=name: service.state(n) == "drift", 10, f"{name} is seen to have changed")
            writes = town.calls(name, match)
            service.watch(ledger, *viewings(town, 2, skip=4 * number + 2))
            until(lambda n=name: receiver.about(f"anna/{n}"), 10, "an alert")
            (shown,) = until(lambda w=named: about(service, w), 10, "it is on show")
            assert "Writing there has stopped" in shown["text"]
            assert town.calls(name, match) == writes
            town.mend()
            service.retry()
            service.settled()
            assert service.account(name)["state"] == "ok"
            until(lambda n=name: receiver.about(f"anna/{n} works again"), 10, "its end")
        ledger.check(town)
        service.all_booked(ledger)
        for name in ("serializd", "trakt"):  # its return may have been over before anybody had to know of it
            types = [alert["type"] for alert in receiver.about(f"anna/{name}")]
            assert types in (["warning", "success"], ["warning", "success", "warning"]), receiver.titles()


@pytest.mark.beside
def test_too_many_requests_are_answered_with_the_patience_that_was_asked_for(tmp_path: Path) -> None:
    ledger = Ledger()
    with Town() as town, serving(tmp_path, town) as service:
        for name, match in (("serializd", TICK), ("trakt", HISTORY)):
            town.fault(name, match, status=429, headers={"Retry-After": "4"}, times=1)
        service.watch(ledger, *viewings(town, 3))
        service.settled()
        ledger.check(town)
        service.all_booked(ledger)
        for name, match in (("serializd", TICK), ("trakt", HISTORY)):
            first, second = town.do(lambda n=name, m=match: town.sandbox[n].calls(m))[:2]
            assert (second.at - first.at).total_seconds() >= 4


def test_sign_ins_that_end_are_renewed_or_asked_for(tmp_path: Path) -> None:
    """Serializd signs in again by itself, Trakt renews; when Trakt's sign-in is revoked a person has to come."""
    ledger = Ledger()
    with alarmed(tmp_path) as (receiver, town, service):
        service.watch(ledger, *viewings(town, 1))
        service.settled()
        town.do(lambda: town.sandbox["serializd"].revoke("anna"))
        end_trakt_sign_in(town, "expire")
        service.watch(ledger, *viewings(town, 2, skip=1))
        service.settled()
        assert not receiver.told
        end_trakt_sign_in(town, "revoke")
        service.watch(ledger, *viewings(town, 2, skip=3))
        until(lambda: service.state("trakt") == "sign-in", 10, "Trakt asks for a sign-in")
        until(lambda: not service.waiting("serializd"), 10, "Serializd goes on meanwhile")
        assert not service.account("trakt")["signed_in"]
        until(lambda: receiver.told, 10, "it is told")
        sign_in_by_device(service, town)
        service.settled()
        ledger.check(town)
        service.all_booked(ledger)
        until(lambda: len(receiver.told) > 1, 10, "the end is told")
        assert [alert["type"] for alert in receiver.told] == ["warning", "success"], receiver.told
        assert "scrobbled auth trakt --viewer anna" in receiver.told[0]["message"]


def end_trakt_sign_in(town: Town, how: str) -> None:
    trakt = town.sandbox["trakt"]
    town.do(lambda: trakt.oauth.end_all("anna", how, trakt.now()))


def sign_in_by_device(service: Service, town: Town) -> None:
    """``scrobbled auth trakt`` as a process of its own, while ``serve`` runs; somebody enters the code."""
    town.do(lambda: setattr(town.sandbox["trakt"].oauth, "interval", 1))
    process = service.begin("auth", "trakt", "--viewer", "anna")
    assert process.stdout is not None
    code = next(line.strip() for line in process.stdout if line.strip().isalnum())
    assert town.do(lambda: town.sandbox["trakt"].oauth.settle_device(code, username="anna"))
    assert process.wait(ENDS_WITHIN) == 0
    process.stdout.close()


@contextmanager
def short_lived(town: Town) -> Iterator[None]:
    """New pairs of tokens live for three seconds."""
    town.do(lambda: setattr(town.sandbox["trakt"].oauth, "lifetime", 3))
    yield


@pytest.mark.beside
def test_single_use_refresh_tokens_are_rotated_over_and_over_without_losing_one(tmp_path: Path) -> None:
    """Pairs of tokens that live for three seconds: each is renewed at half its life, across a restart too."""
    ledger = Ledger()
    with Town() as town, short_lived(town), serving(tmp_path, town) as service:
        for number in range(8):
            service.watch(ledger, *viewings(town, 1, skip=number))
            service.settled()
            if number == 4:
                service.kill()
                service.start()
            until(lambda n=number: town.calls("trakt", HISTORY) > n, 10, "it was sent")
            time.sleep(0.8)  # the tokens have to grow old
        ledger.check(town)
        service.all_booked(ledger)
        renewals = town.do(lambda: town.sandbox["trakt-auth"].calls("POST /oauth/token"))
        assert len(renewals) >= 3
        assert {renewal.status for renewal in renewals} == {200}
        spent = [renewal.body["refresh_token"] for renewal in renewals]
        assert len(spent) == len(set(spent))


@pytest.mark.beside
def test_a_refused_password_is_tried_twice_in_all_whatever_restarts(tmp_path: Path) -> None:
    ledger = Ledger()
    with Town() as town:
        service = Service(tmp_path, town)
        service.sign_in_to_trakt()
        service.config["viewers"] = [service.viewer("anna", serializd={"password": "once-upon-a-time"})]
        service.start()
        try:
            service.watch(ledger, *viewings(town, 2))
            until(lambda: service.state("serializd") == "sign-in", 10, "the sign-in is refused")
            for _ in range(3):
                service.retry()
                service.watch(ledger, *viewings(town, 1, skip=len(ledger.sure)))
                service.restart()
                until(lambda: service.state("serializd") == "sign-in", 10, "the sign-in is refused")
            assert town.calls("serializd", "POST /api/login") == 2
            service.config["viewers"] = [service.viewer("anna")]
            service.restart().settled()
            assert town.calls("serializd", "POST /api/login") == 3
            ledger.check(town)
            service.all_booked(ledger)
        finally:
            service.kill()


def test_a_locked_account_rests_until_its_owner_has_unlocked_it(tmp_path: Path) -> None:
    ledger = Ledger()
    with alarmed(tmp_path) as (receiver, town, service):
        account = town.sandbox["trakt"].account_of("anna")
        town.do(lambda: setattr(account, "locked", True))
        service.watch(ledger, *viewings(town, 2))
        until(lambda: service.state("trakt") == "stopped", 10, "the account is seen to be locked")
        asked = town.calls("trakt", HISTORY)
        service.watch(ledger, *viewings(town, 2, skip=2))
        until(lambda: not service.waiting("serializd"), 10, "Serializd goes on meanwhile")
        assert town.calls("trakt", HISTORY) == asked
        until(lambda: receiver.told, 10, "it is told")
        town.do(lambda: setattr(account, "locked", False))
        service.retry()
        service.settled()
        ledger.check(town)
        service.all_booked(ledger)
        until(lambda: len(receiver.told) > 1, 10, "the end is told")
        assert [alert["type"] for alert in receiver.told] == ["warning", "success"], receiver.titles()


@pytest.mark.beside
def test_a_host_that_sleeps_is_waited_for(tmp_path: Path) -> None:
    """Serializd's host sleeps when nobody calls: its first requests hang, then fail."""
    ledger = Ledger()
    with Town() as town:
        town.do(lambda: town.sandbox["serializd"].cold_start(requests=2, seconds=1.5, status=502))
        with serving(tmp_path, town) as service:
            service.watch(ledger, *viewings(town, 2))
            service.settled()
            ledger.check(town)
            service.all_booked(ledger)
        calls = town.do(lambda: town.sandbox["serializd"].calls("*"))
        assert [call.status for call in calls[:2]] == [502, 502]
        assert all((b.at - a.at).total_seconds() > 0.5 for a, b in pairwise(calls[:3]))
