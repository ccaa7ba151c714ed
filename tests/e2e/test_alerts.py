"""Alerts go out once when trouble begins and once when it is over, hold nobody up, and tell no secret.

Secrets that can be recognised stand everywhere in the configuration and in what is sent; afterwards everything that
left the process is searched for them.
"""

import json
import sqlite3
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from scrobbled.alerts.sending import SEND_TIMEOUT
from scrobbled.sandbox.plex.people import NEIGHBOUR
from scrobbled.sandbox.plex.player import multipart, payload
from scrobbled.store.inbox.bodies import unpacked

from .harness import PLEX_TOKEN, Ledger, Receiver, Service, Town, Viewing, just_now, until, web

SECRETS = {
    "webhook": PLEX_TOKEN,
    "server": "s3cr3t-plex-server-token",
    "tmdb": "0123456789abcdef0123456789abcdef",
    "login": "s3cr3t-dashboard-password",
    "client": "sandbox-secret",
    "serializd": "anna-secret",
    "alert": "s3cr3t-in-alert-url",
    "payload": "s3cr3tPlexTokenInPayload",
    "access": "sandbox-access",
    "refresh": "sandbox-refresh",
}


@pytest.mark.beside
def test_trouble_is_told_once_and_its_end_once(tmp_path: Path) -> None:
    with Receiver() as receiver, Town() as town:
        service = Service(tmp_path, town, config={"alerts": {"urls": [receiver.url]}})
        service.start()
        try:
            ledger = Ledger()
            service.sign_in_to_trakt()
            town.do(lambda: town.sandbox["trakt"].oauth.end_all("anna", "revoke", town.sandbox.now()))
            service.retry()
            service.watch(ledger, Viewing(town.episodes()[0], just_now(60)))
            until(lambda: receiver.about("anna/trakt needs you to sign in"), 10, "the lost sign-in is told")
            for number in range(3):
                service.watch(ledger, Viewing(town.episodes()[1 + number], just_now(50)))
                service.retry()
                time.sleep(1.2)
            service.restart()
            time.sleep(1)
            assert len(receiver.told) == 1
            service.sign_in_to_trakt()
            service.settled()
            until(lambda: len(receiver.told) == 2, 10, "the recovery is told")
            time.sleep(1)
            assert [alert["type"] for alert in receiver.told] == ["warning", "success"]
            assert receiver.titles()[1] == "anna/trakt works again"
            ledger.check(town)
            service.all_booked(ledger)
        finally:
            service.kill()


def test_a_receiver_that_does_not_answer_holds_up_no_webhook(tmp_path: Path) -> None:
    """An account nobody lists is told; who reports it is answered at once all the same."""
    with Receiver() as receiver, Town() as town:
        receiver.answers.clear()
        service = Service(tmp_path, town, config={"alerts": {"urls": [receiver.url]}})
        service.sign_in_to_trakt()
        service.start()
        try:
            for number in range(3):
                stranger = Viewing(town.episodes()[number], just_now(60), NEIGHBOUR)
                started = time.monotonic()
                assert service.post(*stranger.webhook()).status_code == 200
                assert time.monotonic() - started < SEND_TIMEOUT / 2
            assert receiver.told == []
            receiver.answers.set()
            until(lambda: receiver.about("neighbour"), 15, "it is told in the end")
            assert service.end() == 0
            assert len(receiver.told) == 1
        finally:
            service.kill()


@pytest.mark.beside
def test_an_alert_is_not_lost_while_the_notification_service_is_away(tmp_path: Path) -> None:
    """Nobody sees the trouble again, and the service is started again meanwhile."""
    with Receiver() as receiver, Town() as town:
        receiver.status = 503
        service = Service(tmp_path, town, config={"alerts": {"urls": [receiver.url]}})
        service.sign_in_to_trakt()
        service.start()
        try:
            service.post(*Viewing(town.episodes()[0], just_now(60), NEIGHBOUR).webhook())
            until(lambda: receiver.refused, 15, "it was tried")
            failed = 'scrobbled_alerts_total{kind="unclaimed",outcome="failed"}'
            until(lambda: service.metric("scrobbled_alerts_total").get(failed), 10, "it is counted as failed")
            receiver.status = 200
            service.restart()
            until(lambda: receiver.about("neighbour"), 60, "it is told half a minute after it failed")
            time.sleep(1)
            assert len(receiver.told) == 1
        finally:
            service.kill()


def test_no_secret_leaves_the_process(tmp_path: Path) -> None:
    with Receiver() as receiver, Town() as town:
        service = Service(tmp_path, town, config=configuration(receiver, town))
        service.config["viewers"].append(service.viewer("ben", serializd={"password": "s3cr3t-of-ben-is-wrong"}))
        service.sign_in_to_trakt()
        service.start()
        try:
            everything_happens(service, town, receiver)
            told = outputs(service, receiver)
        finally:
            service.kill()
        told["log"] = service.log()
        found = [(name, where) for name, secret in secrets().items() for where, text in told.items() if secret in text]
        assert not found
        assert [where for where, text in told.items() if len(text) <= 10] == []


def secrets() -> dict[str, str]:
    return {**SECRETS, "ben": "s3cr3t-of-ben-is-wrong"}


def configuration(receiver: Receiver, town: Town) -> dict[str, Any]:
    receiver_url = receiver.url.replace("json://", f"json://user:{SECRETS['alert']}@")
    return {
        "sources": {"plex": {"token": PLEX_TOKEN, "url": f"{town.base}/plex", "server_token": SECRETS["server"]}},
        "metadata": {"tmdb": {"key": SECRETS["tmdb"], "url": f"{town.base}/tmdb/3"}},
        "alerts": {"urls": [receiver_url]},
        "logging": {"level": "debug", "format": "json"},
    }


def everything_happens(service: Service, town: Town, receiver: Receiver) -> None:
    """Deliveries, a refused password, drift that echoes secrets, unreadable bodies, strangers."""
    service.config["server"]["login"] = {"username": "admin", "password": SECRETS["login"]}
    echo = {"message": f"bad token {SECRETS['serializd']} of sandbox-access-1-anna"}
    town.fault("trakt", "POST /sync/history", status=418, body=echo, times=1)
    town.fault("serializd", "POST /api/show/reviews/add", status=422, body=echo, times=1)
    for number, account in enumerate((NEIGHBOUR, *[None] * 4)):
        viewing = Viewing(town.episodes()[number], just_now(60 * number), account or Viewing.account)
        service.post(*multipart(with_secrets(payload("scrobble", viewing.item, viewing.account, viewing.at))))
    broken = json.dumps({"token": SECRETS["payload"]})[:-1]
    service.post("application/json", f"{broken} X-Plex-Token={SECRETS['payload']}".encode())
    web.post(f"{service.url}/webhooks/plex/wrong{SECRETS['payload']}", content=b"{}")
    until(lambda: receiver.about("anna/trakt") and receiver.about("ben/serializd"), 15, "troubles are told")
    service.run("queue", "retry")
    until(lambda: service.state("trakt") == "ok", 20, "Trakt works again")
    town.fault("serializd", "POST /api/show/reviews/add", status=422, body=echo, times=1)
    service.post(*Viewing(town.episodes()[9], just_now()).webhook())
    until(lambda: any(row["outcome"] == "dead" for row in service.queue()), 10, "a refusal is on show")


def with_secrets(message: dict[str, Any]) -> dict[str, Any]:
    """As media servers do write them: in picture URLs, and under names that say what they are."""
    message["Account"]["thumb"] = f"https://plex.tv/a?X-Plex-Token={SECRETS['payload']}&size=1"
    message["Metadata"]["thumb"] = f"/library/1/thumb?X-Plex-Token={SECRETS['payload']}"
    message["Server"]["accessToken"] = SECRETS["payload"]
    message["Metadata"]["summary"] = f"Somebody pasted {SECRETS['serializd']} here."
    return message


def outputs(service: Service, receiver: Receiver) -> dict[str, str]:
    """Everything that leaves the process, and the webhooks as they are kept."""
    pages = (
        "/metrics",
        "/health/ready",
        "/health/live",
        "/schema/openapi.json",
        "/api/v1/status",
        "/api/v1/queue",
        "/api/v1/plays",
        "/api/v1/plays/p1",
        "/api/v1/events/e1",
        "/api/v1/alerts",
        "/",
    )
    until(lambda: service.get("/").status_code == 303, 10, "the login that was added is in force")
    with httpx.Client(base_url=service.url, trust_env=False, timeout=60) as browser:
        browser.post("/login", data=service.config["server"]["login"])
        found = {path: browser.get(path) for path in pages}
    assert {answer.status_code for answer in found.values()} == {200}, {
        path: a.status_code for path, a in found.items()
    }
    told = {path: answer.text for path, answer in found.items()}
    for words in (
        ("status",),
        ("status", "--json"),
        ("queue", "list"),
        ("queue", "list", "--json"),
        ("config", "show"),
        ("test-alert",),
        ("test-event",),
    ):
        done = service.run(*words)
        told[" ".join(words)] = done.stdout + done.stderr
    told["alerts"] = json.dumps(receiver.told)
    told["kept"] = kept(service.database)
    return told


def kept(database: Path) -> str:
    """All text of the database but the sign-ins, which have to be there."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        raw = [unpacked(connection, *row) for row in connection.execute("SELECT raw, stem_id FROM events")]
        tables = (
            "plays",
            "outbox",
            "attempts",
            "accounts",
            "alerts",
            "alerts_told",
            "alerts_reach",
            "cache",
            "sessions",
            "marks",
        )
        rest = [repr(row) for table in tables for row in connection.execute(f"SELECT * FROM {table}")]
        events = connection.execute("SELECT id, kind, outcome, reason, account, label FROM events")
        return "\n".join([*raw, *rest, *map(repr, events)])
    finally:
        connection.close()
