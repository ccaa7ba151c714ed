"""Doctor: what is in order is said to be, each trouble is told as what it is, and nothing is given away."""

import asyncio
import contextlib
import json
import os
import socket
import sqlite3
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from desk.doctor.clinic import HOOK, ROOT, Clinic, Nobody, check, checks
from e2e.harness import free_port
from patience import LONGEST
from scrobbled.core.naming.ids import ShowIds
from scrobbled.core.naming.items import Episode
from scrobbled.core.records import ValueRecord
from scrobbled.core.watching.plays import Play
from scrobbled.core.watching.sessions import TEST_EVENT
from scrobbled.core.words.checks import CheckVerdict
from scrobbled.core.words.outcomes import EventOutcome, PlayOutcome
from scrobbled.core.words.plain import plain
from scrobbled.core.words.reasons import Code, Reason
from scrobbled.desk.doctor import DoctorReport, Machine, network, serving
from scrobbled.desk.doctor.bounded import bounded
from scrobbled.plumbing import checks as common
from scrobbled.sandbox.faults import Fault
from scrobbled.sandbox.server import Sandbox
from scrobbled.store import Store
from scrobbled.store.accounts import sign_ins
from scrobbled.store.file import opening
from scrobbled.store.inbox import events, refusals
from scrobbled.store.inbox.events import Arrival, Queued
from scrobbled.store.inbox.refusals import RefusalCount
from scrobbled.store.mirror import values

OK, WARNING, PROBLEM, SKIPPED = CheckVerdict.OK, CheckVerdict.WARNING, CheckVerdict.PROBLEM, CheckVerdict.SKIPPED


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    return Clinic(tmp_path)


def urgent(report: DoctorReport, *states: CheckVerdict) -> list[str]:
    wanted = states or (WARNING, PROBLEM)
    return [f"{c.name}: {c.text}" for s in report.sections for c in s.checks if c.state in wanted]


# In order


def test_a_healthy_service_has_no_problem(clinic: Clinic) -> None:
    report = clinic.examine()
    assert urgent(report, PROBLEM) == []
    assert urgent(report, WARNING) == [
        "serve: Not running on this database, so no webhook is taken.",
        "source plex: Never heard.",
    ]
    assert report.verdict is WARNING
    assert sum(report.counts.values()) == sum(len(section.checks) for section in report.sections)


def test_it_leaves_nothing_behind(clinic: Clinic) -> None:
    clinic.examine()
    before = clinic.database.read_bytes()
    files = {path.name for path in clinic.folder.iterdir()}
    clinic.examine(signed_in=False)
    assert clinic.database.read_bytes() == before
    assert {path.name for path in clinic.folder.iterdir()} == files
    written = [c for name in clinic.sandbox for c in clinic.sandbox[name].calls() if c.method not in ("GET", "HEAD")]
    assert {call.path for call in written} == {"/api/validateauthtoken"}  # a read, by name a POST


def test_without_a_database_the_rest_is_examined(clinic: Clinic) -> None:
    report = clinic.examine(signed_in=False)
    assert check(report, "database").state is WARNING
    assert check(report, "trakt API").state is OK
    assert check(report, "anna/trakt sign-in").state is PROBLEM
    assert not clinic.database.exists()


# Configuration


def test_a_wrong_configuration_is_told_and_the_rest_is_examined(clinic: Clinic) -> None:
    clinic.settings["servr"] = {"port": 1}
    clinic.settings["sources"]["jellyfin"] = {"token": "x y"}
    report = clinic.examine()
    texts = [one.text for one in checks(report, "configuration") if one.state is PROBLEM]
    assert any("servr" in text and "line" in text for text in texts)
    assert any("sources.jellyfin" in text for text in texts)
    assert check(report, "plex GET /").state is OK
    assert check(report, "anna/trakt sign-in").state is OK


def test_a_viewer_who_is_wrong_leaves_the_others(clinic: Clinic) -> None:
    clinic.settings["viewers"].append({"name": "ben", "trackers": {"trakt": {}}})
    report = clinic.examine()
    assert any("client_id" in one.text for one in checks(report, "configuration"))
    assert check(report, "anna/trakt sign-in").state is OK


@pytest.mark.parametrize("text", ["", "viewers: [", "- a list", "\x00"])
def test_even_nonsense_is_examined(clinic: Clinic, text: str) -> None:
    patient = clinic.patient()
    assert patient.config.path is not None
    patient.config.path.write_text(text)
    from scrobbled import config as configuration

    config, problems = configuration.survey(patient.config.path, {})
    assert problems
    assert config.viewers == ()


def test_secrets_that_everybody_may_read_are_a_warning(clinic: Clinic) -> None:
    secret = clinic.folder / "password"
    secret.write_text("anna-secret\n")
    clinic.settings["viewers"][0]["trackers"]["serializd"].pop("password")
    clinic.settings["viewers"][0]["trackers"]["serializd"]["password_file"] = "password"
    for mode, state in ((0o644, WARNING), (0o600, OK)):
        secret.chmod(mode)
        found = check(clinic.examine(), "permissions")
        assert found.state is state
        assert ("password" in found.text) == (state is WARNING)


def test_what_has_no_effect_is_told(clinic: Clinic) -> None:
    clinic.settings["viewers"][0]["trackers"]["anilist"] = {"token": "some-token"}
    assert any("does not deliver to anilist yet" in one.text for one in checks(clinic.examine(), "configuration"))


# Clock


@pytest.mark.parametrize(
    ("ahead", "state"),
    [(0, OK), (45, OK), (-45, OK), (90, WARNING), (-90, WARNING), (3600, PROBLEM), (-3600, PROBLEM)],
)
def test_the_clock_is_compared_with_theirs(tmp_path: Path, ahead: int, state: CheckVerdict) -> None:
    clinic = Clinic(tmp_path)
    clinic.sandbox.now = lambda: clinic.clock.now() + timedelta(seconds=ahead)
    for name in clinic.sandbox:
        clinic.sandbox[name].now = clinic.sandbox.now
    found = check(clinic.examine(), "clock")
    assert found.state is state
    assert ("behind" if ahead > 0 else "ahead") in found.text or not ahead
    assert found.figures["asked"] == 4


def test_half_the_round_trip_is_no_fault_of_the_clock() -> None:
    answer = network.Answer(200, {"date": "Sat, 14 Nov 2026 20:01:20 GMT"}, b"", "GET x/")
    began = 1_794_686_400.0  # 20:00:00
    slow = network._offset(answer, began, 160.0)
    assert slow is not None
    assert slow.least == 0.0
    quick = network._offset(answer, began, 0.0)
    assert quick is not None
    assert quick.least > 60.0


@pytest.mark.parametrize("date", ["", "yesterday", "Sat, 99 Nov 2026 20:01:20 GMT"])
def test_a_date_that_is_none_says_nothing(date: str) -> None:
    assert network._offset(network.Answer(200, {"date": date}, b"", "GET x/"), 0.0, 0.0) is None


# Disk


@pytest.mark.parametrize(
    ("machine", "name", "said"),
    [
        ({"free": lambda folder: 400 * 1024**2}, "disk space", "400.0 MB free"),
        ({"sync": lambda scratch: 0.25}, "disk speed", "250.0 ms"),
        ({"mounts": lambda: "/dev/a / ext4 rw\nnas:/x {folder} nfs4 rw\n"}, "file system", "nfs4"),
        ({"mounts": lambda: "shfs / fuse.shfs rw\n"}, "file system", "fuse.shfs"),
    ],
)
def test_a_bad_place_for_a_database_is_a_warning(clinic: Clinic, machine: dict[str, Any], name: str, said: str) -> None:
    if "mounts" in machine:
        text = machine["mounts"]().replace("{folder}", str(clinic.folder))
        machine = {"mounts": lambda: text}
    clinic.machine = replace(clinic.machine, **machine)
    found = check(clinic.examine(), name)
    assert (found.state, said in found.text, bool(found.next_step)) == (WARNING, True, True), found


def test_a_folder_that_nobody_lets_us_into_is_a_problem_and_the_rest_is_examined(clinic: Clinic) -> None:
    # root may enter any folder, so here it is a name that no folder can have
    clinic.settings["storage"]["path"] = str(clinic.folder / ("x" * 300) / "scrobbled.db")
    report = clinic.examine(signed_in=False)
    assert check(report, "storage").state is PROBLEM
    assert check(report, "trakt API").state is OK
    assert [one for section in report.sections for one in section.checks if "itself failed" in one.text] == []


def test_a_disk_that_takes_nothing_is_a_problem(clinic: Clinic) -> None:
    def full(scratch: Path) -> float:
        scratch.touch()
        raise OSError(28, "No space left on device")

    clinic.machine = replace(clinic.machine, sync=full)
    found = check(clinic.examine(), "disk speed")
    assert (found.state, "No space left" in found.text) == (PROBLEM, True)
    assert found.next_step.startswith("Make room"), "and nothing about owners"
    assert [path.name for path in clinic.folder.iterdir() if "doctor" in path.name] == []


def test_a_disk_without_any_room_is_a_problem_and_no_warning(clinic: Clinic) -> None:
    clinic.machine = replace(clinic.machine, free=lambda folder: 4096)
    assert check(clinic.examine(), "disk space").state is PROBLEM


def test_the_real_machine_can_be_asked(tmp_path: Path) -> None:
    machine = Machine()
    assert machine.free(tmp_path) > 0
    assert machine.sync(tmp_path / "scratch") >= 0
    assert isinstance(machine.mounts(), str)


# Database


def test_a_locked_database_makes_nobody_sign_in_again(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scrobbled.desk.doctor.patient.READ_WAITS", 0.0)
    clinic.examine()
    with contextlib.closing(sqlite3.connect(clinic.database, isolation_level=None)) as stranger:
        stranger.execute("BEGIN EXCLUSIVE")
        report = clinic.examine(signed_in=False)
    names = [found.name for section in report.sections for found in section.checks]
    assert "anna/trakt state" in names
    assert "anna/trakt sign-in" not in names
    assert "locked" in check(report, "anna/trakt state").text


def test_a_damaged_database_is_told_and_left_as_it_is(clinic: Clinic) -> None:
    clinic.examine()
    clinic.database.write_bytes(b"SQLite format 3\0" + b"\xff" * 8192)
    before = clinic.database.read_bytes()
    report = clinic.examine(signed_in=False)
    assert check(report, "database").state is PROBLEM
    assert "backup" in check(report, "database").next_step
    assert clinic.database.read_bytes() == before


def test_a_sign_in_that_cannot_be_read_is_not_said_to_be_missing(clinic: Clinic) -> None:
    clinic.database.write_bytes(b"no database" * 1000)
    report = clinic.examine(signed_in=False)
    found = check(report, "anna/trakt state")
    assert (found.state, found.next_step) == (SKIPPED, "")
    assert "cannot be read" in found.text
    assert not list(checks(report, "anna/trakt sign-in"))


def test_a_refused_key_of_tmdb_is_no_matter_of_signing_in(clinic: Clinic) -> None:
    clinic.settings["metadata"]["tmdb"]["key"] = "another-key-0123456789abcdef0123"
    found = check(clinic.examine(), "tmdb GET /authentication")
    assert found.state is PROBLEM
    assert "metadata.tmdb.key" in found.text
    assert "ign in" not in found.next_step


def test_a_damaged_page_is_found(clinic: Clinic) -> None:
    clinic.examine()
    content = bytearray(clinic.database.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = os.urandom(4096)
    clinic.database.write_bytes(content)
    report = clinic.examine(signed_in=False)
    assert PROBLEM in {one.state for name in ("integrity", "database") for one in checks(report, name)}


def test_a_database_of_a_newer_version_is_told(clinic: Clinic) -> None:
    clinic.examine()

    async def future() -> None:
        async with clinic.store() as store:
            await store.write(
                lambda db: db.execute(
                    "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('scrobbled','later','')"
                )
            )

    asyncio.run(future())
    found = check(clinic.examine(signed_in=False), "schema")
    assert (found.state, "newer version" in found.text) == (PROBLEM, True)


@pytest.mark.parametrize(("best", "state"), [("WAL", OK), ("TRUNCATE", WARNING)])
def test_the_journal_is_judged_by_what_this_sqlite_can_do(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, best: str, state: CheckVerdict
) -> None:
    clinic.examine()
    with contextlib.closing(sqlite3.connect(clinic.database)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        monkeypatch.setattr("scrobbled.desk.doctor.database.journal_mode", lambda version: best)
        found = check(clinic.examine(signed_in=False), "journal")
    assert (found.state, found.figures["journal"]) == (state, "wal")


def test_a_disk_that_never_answers_holds_up_nothing_else(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    def sooner(name: str, work: Any, seconds: float) -> Any:
        return bounded(name, work, 0.3 if name == "storage" else seconds)

    monkeypatch.setattr("scrobbled.desk.doctor.examination.bounded", sooner)
    ever = threading.Event()
    clinic.machine = replace(clinic.machine, free=lambda folder: ever.wait(LONGEST) or 0)
    began = time.monotonic()
    report = clinic.examine()
    ever.set()
    assert time.monotonic() - began < LONGEST / 2
    assert check(report, "storage").state is PROBLEM
    assert check(report, "integrity").state is OK


def test_who_serves_the_database_is_told_without_trying_its_lock(clinic: Clinic) -> None:
    clinic.examine()
    with opening.lock(clinic.database):
        found = check(clinic.examine(signed_in=False), "serve")
    assert (found.state, found.figures["pid"]) == (OK, os.getpid())
    assert check(clinic.examine(signed_in=False), "serve").state is WARNING


# Sources and accounts


async def filled(clinic: Clinic, work: Any) -> DoctorReport:
    await clinic.sign_in()
    async with clinic.store() as store:
        await store.write(work)
    return await clinic.examined()


def test_what_was_heard_lately_is_told_by_outcome(clinic: Clinic) -> None:
    now = clinic.clock.now()

    def work(db: Any) -> None:
        events.add_event(db, Arrival("plex", now - timedelta(days=3), "{}"), EventOutcome.ACCEPTED, "")
        events.add_event(db, Arrival("plex", now - timedelta(hours=2), "{}"), EventOutcome.ACCEPTED, "")
        events.add_event(db, Arrival("plex", now - timedelta(hours=1), "{}"), EventOutcome.UNREADABLE, "no payload")

    found = check(asyncio.run(filled(clinic, work)), "source plex")
    assert (found.figures["accepted"], found.figures["unreadable"]) == (1, 1)
    assert (found.state, "The last that was unreadable: No payload." in found.text) == (WARNING, True)


def test_a_source_in_whose_messages_nothing_is_recognised_is_told_with_the_page_to_read(clinic: Clinic) -> None:
    def work(db: Any) -> None:
        unknown = "this form is not known: see docs/sources/plex.md"
        events.add_event(db, Arrival("plex", clinic.clock.now(), "{}"), EventOutcome.UNREADABLE, unknown)

    found = check(asyncio.run(filled(clinic, work)), "source plex")
    assert found.state is WARNING
    assert "The last that was unreadable: This form is not known: see docs/sources/plex.md." in found.text
    assert "scrobbled webhook plex prints the steps" in found.next_step


@pytest.mark.parametrize(
    ("beside", "state"), [(Reason(f"{TEST_EVENT}; x", Code.TEST_EVENT), WARNING), ("unsupported", OK)]
)
def test_a_source_that_names_nothing_but_unknown_events_is_told(
    clinic: Clinic, beside: str, state: CheckVerdict
) -> None:
    def work(db: Any) -> None:
        for reason in ("unknown event", "unknown event", beside):
            events.add_event(db, Arrival("plex", clinic.clock.now(), "{}"), EventOutcome.UNWANTED, reason)

    found = check(asyncio.run(filled(clinic, work)), "source plex")
    assert (found.state, "None of them names an event that is known here." in found.text) == (state, state is WARNING)


def test_a_source_heard_long_ago_is_no_longer_silent_for_ever(clinic: Clinic) -> None:
    old = clinic.clock.now() - timedelta(days=20)

    def work(db: Any) -> None:
        events.add_event(db, Arrival("plex", old, "{}"), EventOutcome.ACCEPTED, "")
        events.add_event(db, Arrival("jellyfin", clinic.clock.now(), "{}"), EventOutcome.ACCEPTED, "")

    found = check(asyncio.run(filled(clinic, work)), "source plex")
    assert (found.state, "20 days ago" in found.text) == (WARNING, True)


def test_wrong_addresses_are_told_while_they_are_news(clinic: Clinic) -> None:
    now = clinic.clock.now().timestamp()
    report = asyncio.run(
        filled(
            clinic, lambda db: refusals.add(db, [RefusalCount("plex", 3, now - 60), RefusalCount("", 9, now - 200_000)])
        )
    )
    assert check(report, "wrong address plex").state is WARNING
    assert check(report, "wrong address").state is OK


def test_an_account_says_how_it_is_and_what_waits(clinic: Clinic) -> None:
    now = clinic.clock.now()

    def work(db: Any) -> None:
        sign_ins.save_state(
            db, "anna", "trakt", "stopped", "the account is locked (423).", now.timestamp() - 7200, None
        )
        item = Episode("Harbour Lights", 1, 2, show_ids=ShowIds(tmdb=1))
        for state in (PlayOutcome.QUEUED, PlayOutcome.UNMATCHED):
            events.add_play(db, Play("anna", "plex", item, now), None, [Queued("trakt", state, "why")], now)

    report = asyncio.run(filled(clinic, work))
    assert "Shut out since 2 h: the account is locked (423)" in check(report, "anna/trakt state").text
    waiting = check(report, "anna/trakt queue")
    assert (waiting.state, waiting.figures["unmatched"]) == (WARNING, 1)
    assert check(report, "anna/serializd queue").state is OK


def test_an_unclaimed_account_is_named_and_masked_in_the_block(clinic: Clinic) -> None:
    def work(db: Any) -> None:
        db.execute(
            "INSERT INTO events (source, received_at, outcome, account) VALUES ('plex', ?, 'unclaimed', 'cousin-otto')",
            (clinic.clock.now().timestamp(),),
        )

    report = asyncio.run(filled(clinic, work))
    assert "cousin-otto" in check(report, "unclaimed accounts").text
    assert "cousin-otto" not in report.paste


# The network


def test_a_name_that_does_not_resolve_is_told_apart(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_such_name(*asked: Any, **more: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_such_name)
    clinic.transport = None
    found = check(clinic.examine(), "trakt API")
    assert (found.state, found.figures["at"]) == (PROBLEM, "dns")
    assert "cannot be resolved" in found.text


async def reached(clinic: Clinic, url: str) -> network.ReachedAddress:
    clinic.transport = None
    return await network.reach(clinic.patient(), "service", url)


def test_connection_and_tls_and_http_are_told_apart(clinic: Clinic) -> None:
    async def work() -> list[Any]:
        async with Sandbox(only=("trakt",)).running() as base:
            urls = (f"http://127.0.0.1:{free_port()}", base.replace("http", "https"), base)
            found = [(await reached(clinic, url)).check for url in urls]
        return [(one.state, one.figures.get("at")) for one in found]

    assert asyncio.run(work()) == [(PROBLEM, "connection"), (PROBLEM, "tls"), (OK, None)]


def test_where_a_proxy_stands_in_between_it_is_the_proxy_that_is_examined(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://nina:proxy-secret@127.0.0.1:{free_port()}")
    found = asyncio.run(reached(clinic, "http://api.trakt.example")).check
    assert (found.state, found.figures["at"]) == (PROBLEM, "connection")
    assert found.text.startswith("Through the proxy of the environment: 127.0.0.1 resolves")
    assert "nina" not in found.text
    assert "proxy-secret" not in found.text


def test_an_answer_that_is_none_is_told_as_http(clinic: Clinic) -> None:
    async def work() -> Any:
        async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()

        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            return (await reached(clinic, f"http://127.0.0.1:{port}")).check

    found = asyncio.run(work())
    assert (found.state, found.figures["at"]) == (PROBLEM, "http")


@pytest.mark.parametrize(("status", "state"), [(429, WARNING), (503, PROBLEM), (404, OK)])
def test_an_answer_with_trouble_is_an_answer(clinic: Clinic, status: int, state: CheckVerdict) -> None:
    clinic.sandbox["trakt"].faults.add(Fault(match="GET /", status=status))
    found = check(clinic.examine(), "trakt API")
    assert (found.state, "eachable" in found.text) == (state, True)


def test_a_service_that_hangs_does_not_hold_up_the_rest(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(common, "LONGEST", 0.2)
    monkeypatch.setattr(network, "ANSWER_SECONDS", 0.2)
    for name in clinic.sandbox:
        clinic.sandbox[name].faults.add(Fault(kind="latency", seconds=60))
    began = time.monotonic()
    report = clinic.examine()
    assert time.monotonic() - began < LONGEST / 2
    assert check(report, "trakt API").state is PROBLEM
    assert check(report, "anna/trakt GET /users/settings").state is PROBLEM
    assert check(report, "integrity").state is OK


# The service itself


class Program(httpx.AsyncBaseTransport):
    """Some program on our port, by path."""

    def __init__(self, **answers: tuple[int, str]) -> None:
        self.answers, self.asked = answers, list[str]()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        first = request.url.path.split("/")[1]
        status, text = self.answers.get(first, (404, "not found"))
        if request.url.path == "/health/ready":
            status, text = self.answers.get("ready", (200, "{}"))
        return httpx.Response(status, text=text)


LIVE = (200, '{"status":"ok"}')


def test_a_service_that_answers_is_in_order(clinic: Clinic) -> None:
    clinic.local = program = Program(health=LIVE, webhooks=(200, "ready: paste this"))
    report = clinic.examine()
    assert check(report, "port").state is OK
    assert check(report, "webhook plex").state is OK
    assert f"/webhooks/plex/{HOOK}" in program.asked


@pytest.mark.parametrize(
    ("program", "name", "said"),
    [
        (Program(health=(200, "<html>")), "port", "another program"),
        (Program(), "port", "another program"),
        (Program(health=LIVE, ready=(503, "{}"), webhooks=(200, "ready")), "port", "cannot store webhooks"),
        (Program(health=LIVE), "webhook plex", "does not know this webhook's token"),
        (Program(health=LIVE, webhooks=(302, "")), "webhook plex", "answers 302"),
    ],
)
def test_what_else_may_be_on_the_port_is_told(clinic: Clinic, program: Program, name: str, said: str) -> None:
    clinic.local = program
    found = check(clinic.examine(), name)
    assert (found.state, said in found.text, bool(found.next_step)) == (PROBLEM, True, True), found


def test_a_wrong_public_url_is_told(clinic: Clinic) -> None:
    clinic.settings["server"]["public_url"] = f"{ROOT}/trakt"
    found = check(clinic.examine(), "public_url")
    assert (found.state, "not scrobbled" in found.text) == (PROBLEM, True)


def test_nobody_is_told_twice_that_serve_is_not_running(clinic: Clinic) -> None:
    clinic.settings["server"]["public_url"] = "http://127.0.0.1:9"
    clinic.transport = Nobody()
    found = {one.name: one.state for one in asyncio.run(serving.service(clinic.patient()))}
    assert (found["serve"], found["public_url"]) == (WARNING, SKIPPED)


def test_a_service_that_runs_elsewhere_is_not_called_dead(clinic: Clinic) -> None:
    clinic.examine()
    with opening.lock(clinic.database):
        assert check(clinic.examine(signed_in=False), "port").state is WARNING


# What nobody may learn


def test_no_secret_is_told_and_the_block_tells_nobody(clinic: Clinic) -> None:
    secrets = [HOOK, "door-password-9182", "sandbox-plex-token", "anna-secret", "sandbox-secret", "topic-secret-0815-9"]
    secrets.append("0123456789abcdef0123456789abcdef")
    echo = " ".join(secrets)
    trakt = clinic.sandbox["trakt"]
    trakt.faults.add(
        Fault(match="GET /users/settings", status=403, body={"error": f"no entry for {echo} Harbour Lights"})
    )
    clinic.sandbox["serializd"].faults.add(
        Fault(match="*diary*", status=400, body={"message": f"{echo} nora@example.net"})
    )

    def work(db: Any) -> None:
        now = clinic.clock.now()
        item = Episode("Harbour Lights", 1, 2, show_ids=ShowIds(tmdb=1))
        events.add_play(db, Play("anna", "plex", item, now), None, [Queued("trakt", PlayOutcome.QUEUED, "")], now)
        sign_ins.save_state(db, "anna", "serializd", "down", f"{ROOT} refused {echo}", now.timestamp(), None)

    report = asyncio.run(filled(clinic, work))
    stored = [row[0] for row in asyncio.run(_tokens(clinic))]
    tokens = [
        value for row in stored for value in json.loads(row).values() if isinstance(value, str) and len(value) > 20
    ]
    everything = json.dumps(plain(report), ensure_ascii=False)
    assert "refused" in everything
    assert [secret for secret in (*secrets, *tokens) if secret in everything] == []
    private = ["anna", "example", str(clinic.folder), socket.gethostname(), "Harbour Lights", "annas-login", "nora@"]
    assert [word for word in private if word.casefold() in report.paste.casefold()] == []
    assert "viewer1/trakt" in report.paste


def test_the_block_names_no_library_and_no_server_of_a_viewer(clinic: Clinic) -> None:
    private = ["attic.nowhere.test", "Grandmother's tapes", "Attic box", "Little Nora", "Cellar cinema"]
    clinic.settings["viewers"][0]["trackers"]["plex"] = {
        "servers": [{"url": "http://attic.nowhere.test/plex", "token": "sandbox-plex-token"}],
        "libraries": ["Attic box/Grandmother's tapes", "Films"],
        "home_user": "Little Nora",
    }
    echo = f"no entry for {' and '.join(private)}"
    clinic.sandbox["trakt"].faults.add(Fault(match="GET /users/settings", status=403, body={"error": echo}))

    def work(db: Any) -> None:
        held = [ValueRecord("movie:1", {"in": ["Cellar cinema"]})]
        values.put(db, ("anna", "plex"), held, 1, 1.0, kind="items")

    report = asyncio.run(filled(clinic, work))
    assert [word for word in private if word not in json.dumps(plain(report))] == []
    assert [word for word in private if word.casefold() in report.paste.casefold()] == []


async def _tokens(clinic: Clinic) -> list[Any]:
    async with clinic.store() as store:
        return await store.read(lambda db: db.execute("SELECT secret FROM tokens").fetchall())


def test_a_check_that_breaks_is_told_and_takes_nothing_with_it(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scrobbled.desk.doctor.sources._told", lambda patient: 1 / 0)
    report = clinic.examine()
    assert check(report, "sources").state is SKIPPED
    assert "ZeroDivisionError" in check(report, "sources").text
    assert check(report, "trakt API").state is OK


def test_backups_that_are_due_are_a_warning(clinic: Clinic) -> None:
    folder = clinic.folder / "copies"
    clinic.settings["storage"]["backup"] = {"folder": str(folder / "deeper")}
    assert check(clinic.examine(), "backups").state is PROBLEM
    clinic.settings["storage"]["backup"] = {"folder": str(folder)}
    found = check(clinic.examine(), "backups")
    assert (found.state, "makes the folder" in found.next_step) == (WARNING, True)
    assert not folder.exists(), "the check-up changes nothing"
    folder.mkdir()
    assert check(clinic.examine(), "backups").state is WARNING
    for hours, state in ((100, WARNING), (10, OK)):
        made = clinic.clock.now() - timedelta(hours=hours)
        (folder / f"scrobbled-{made:%Y%m%d-%H%M%S}.db").touch()
        assert check(clinic.examine(), "backups").state is state


def test_an_alert_address_that_takes_nothing_is_a_problem(clinic: Clinic) -> None:
    def work(db: Any) -> None:
        db.execute(
            "INSERT INTO alerts_reach (address, failures, next_at, failed_at, why) VALUES ('a', 3, 0, ?, 'refused.')",
            (clinic.clock.now().timestamp() - 60,),
        )

    found = check(asyncio.run(filled(clinic, work)), "alerts")
    assert (found.state, found.figures["failing"]) == (PROBLEM, 1)
    assert found.text.endswith("1 does not accept alerts, last 60 s ago: refused.")


def test_the_database_is_not_kept_from_a_writer_for_long(clinic: Clinic) -> None:
    """The integrity of a large file is read in part only while somebody serves it."""
    from scrobbled.desk.doctor import database

    async def work() -> float:
        async with clinic.store() as store:
            await store.write(_bloat)
            began = time.monotonic()
            with opening.lock(clinic.database):
                await asyncio.gather(clinic.examined(), _written(store))
            return time.monotonic() - began

    asyncio.run(work())
    assert database.BESIDE_SECONDS < 1.0


def _bloat(db: Any) -> None:
    db.execute("CREATE TABLE ballast (content BLOB)")
    db.executemany("INSERT INTO ballast VALUES (?)", [(os.urandom(100_000),)] * 300)


async def _written(store: Store) -> None:
    for number in range(20):
        began = time.monotonic()
        await store.write(lambda db, n=number: sign_ins.set_mark(db, "busy", float(n)))  # type: ignore[misc]
        assert time.monotonic() - began < 2.0
