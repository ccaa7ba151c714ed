"""``scrobbled auth`` as a process of its own: before the first ``serve``, beside it, without a terminal."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.harness import ENDS_WITHIN, Ledger, Service, Town, Viewing, just_now, until, web
from scrobbled.plumbing.clock import SystemClock
from scrobbled.store import Store
from scrobbled.store.accounts import sign_ins
from scrobbled.store.accounts.sign_ins import StoredTokens


@pytest.fixture
def town() -> Iterator[Town]:
    with Town(shows=2) as found:
        found.control("trakt-auth", "tokens", {"interval": 1})
        yield found


@pytest.fixture
def service(town: Town, tmp_path: Path) -> Iterator[Service]:
    found = Service(tmp_path, town)
    yield found
    if found.process is not None:
        found.process.terminate()
        found.process.wait(ENDS_WITHIN)


def begin(service: Service, *words: str) -> subprocess.Popen[str]:
    """A command without a terminal, and with nobody to ask."""
    service.write_config()
    return subprocess.Popen(
        service.command(*words),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=service._environment(),
    )


def code_of(process: subprocess.Popen[str]) -> str:
    """The code stands on a line of its own."""
    assert process.stdout is not None
    for line in process.stdout:
        word = line.strip()
        if word.isalnum() and word.upper() == word and len(word) == 8:
            return word
    raise AssertionError("no code was printed")


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def status(service: Service, tracker: str) -> dict[str, Any]:
    done = service.run("status", "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = next(row for row in json.loads(done.stdout)["trackers"] if row["tracker"] == tracker)
    return found


def test_the_code_is_shown_at_once_and_entering_it_signs_in_before_the_first_serve(
    town: Town, service: Service
) -> None:
    assert not service.database.exists()
    process = begin(service, "auth", "trakt")
    code = code_of(process)
    assert process.poll() is None, "it waits for the person"
    town.control("trakt-auth", "approve", {"user_code": code, "username": "anna"})
    returned, out, err = ended(process)
    assert (returned, err) == (0, "")
    assert "Signed in to trakt for anna as anna." in out
    assert "sandbox-access" not in out
    assert status(service, "trakt")["signed_in"] is True
    assert status(service, "serializd")["signed_in"] is False


def test_declining_is_said_with_the_next_step_and_stores_nothing(town: Town, service: Service) -> None:
    process = begin(service, "auth", "trakt", "--viewer", "anna")
    town.control("trakt-auth", "approve", {"user_code": code_of(process), "deny": True})
    returned, _, err = ended(process)
    assert returned == 1
    assert "declined" in err
    assert status(service, "trakt")["signed_in"] is False


def test_a_password_from_the_configuration_needs_nobody(town: Town, service: Service) -> None:
    returned, out, err = ended(begin(service, "auth", "serializd"))
    assert (returned, err) == (0, "")
    assert "Signed in to serializd for anna" in out
    assert "anna-secret" not in out


def test_a_site_that_is_down_is_told_in_a_sentence(town: Town, service: Service) -> None:
    town.outage("trakt-auth")
    returned, out, err = ended(begin(service, "auth", "trakt"))
    assert returned == 1
    assert "503" in err
    assert "Traceback" not in out + err


def test_signing_in_while_it_serves_lets_the_waiting_play_arrive(town: Town, service: Service) -> None:
    service.start()
    seen = Viewing(town.movie(), just_now())
    kind, body = seen.webhook()
    assert web.post(service.hook, content=body, headers={"content-type": kind}).status_code == 200
    until(lambda: status(service, "trakt")["waiting"] == 1, 20, "the play waits for a sign-in")
    assert status(service, "trakt")["state"] == "new", "whoever has just added it has time to sign in"
    process = begin(service, "auth", "trakt")
    town.control("trakt-auth", "approve", {"user_code": code_of(process), "username": "anna"})
    assert ended(process)[0] == 0
    until(lambda: town.do(lambda: town.sandbox["trakt"].state())["accounts"].get("anna"), 20, "the account is used")
    until(lambda: len(town.trakt()) == 1, 20, "the play is there without a restart")
    Ledger(sure=[seen]).check(town)
    until(lambda: status(service, "trakt")["state"] == "ok", 20, "the account works")
    assert status(service, "trakt")["counts"] == {"delivered": 1}


def test_a_sign_in_counts_although_nobody_serves_to_notice_it(service: Service) -> None:
    """The account asked for one when the service last ran."""

    async def seed() -> None:
        store = Store(service.database)
        for tracker, state in (("serializd", "sign-in"), ("trakt", "sign-in")):
            await store.write(
                lambda db, t=tracker, s=state: sign_ins.save_state(db, "anna", t, s, "revoked", 1.0, None)
            )
        await StoredTokens(store, "anna", "trakt", lambda values: None, SystemClock().now).save({"access_token": "a"})
        await store.aclose()

    asyncio.run(seed())
    assert ended(begin(service, "auth", "serializd"))[0] == 0
    assert (status(service, "serializd")["signed_in"], status(service, "serializd")["state"]) == (True, "new")
    assert (status(service, "trakt")["signed_in"], status(service, "trakt")["reason"]) == (False, "revoked")
