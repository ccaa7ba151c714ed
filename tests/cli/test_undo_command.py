"""``scrobbled undo`` and what ``queue`` and ``explain`` say of amendments, in words, in JSON and by the API."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from cli.conftest import Command
from patience import until
from scrobbled.cli import following
from scrobbled.core.naming.ids import MovieIds
from scrobbled.core.naming.items import Movie
from scrobbled.core.records import Subject
from scrobbled.core.watching.plays import Play
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.store.accounts import sign_ins
from scrobbled.store.file.opening import lock, open_database
from scrobbled.store.inbox.events import Queued, add_play
from scrobbled.store.mirror import runs
from scrobbled.store.queue import amendments, outbox
from scrobbled.store.queue.amendment import Details, NewAmendment
from web.house import House, house

CONFIG = """
storage: {{path: {database}}}
sources: {{plex: {{token: a-webhook-token-0815}}}}
viewers: [{{name: anna, accounts: {{plex: anna}}, trackers: {{trakt: {{client_id: app}}}}}}]
"""
FILM = Movie("Harbour Atlas", 2019, MovieIds(tmdb=1399))
AT = datetime(2026, 5, 3, 20, 15, tzinfo=UTC)


@pytest.fixture
def db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[sqlite3.Connection]:
    """p1 is delivered, p2 waits. Somebody serves, and does nothing."""
    monkeypatch.setattr(following, "NOTHING_FOR", 0.2)
    (tmp_path / "scrobbled.yaml").write_text(CONFIG.format(database=tmp_path / "s.db"))
    monkeypatch.setenv("SCROBBLED_CONFIG", str(tmp_path / "scrobbled.yaml"))
    with closing(open_database(tmp_path / "s.db")) as found, closing(lock(tmp_path / "s.db")):
        for title in ("Harbour Atlas", "Salt Flats"):
            ways = [Queued("trakt", PlayOutcome.QUEUED, "")]
            add_play(found, Play("anna", "plex", replace(FILM, title=title), AT), None, ways, AT)
        outbox.settle(found, 1, PlayOutcome.DELIVERED, "", AT.timestamp(), remote_id="987")
        yield found


def rating(tracker: str, value: int, before: int, **more: Any) -> NewAmendment:
    subject = Subject("movie:tmdb:1399", "movie", FILM)
    details = Details(value=value)
    told = {"before": str(before), "after": str(value), "why": "rated on both", **more}
    return NewAmendment("anna", tracker, "ratings", "rate", "movie:tmdb:1399", FILM.label(), details, subject, **told)


def test_it_says_what_is_taken_back_where(db: sqlite3.Connection, scrobbled: Command) -> None:
    code, out, err = scrobbled("undo", "p1", "2")
    assert code == 1
    assert out.splitlines() == [
        "p1  c1  anna/trakt  Harbour Atlas (2019)  2026-05-03T20:15:00+00:00  It is taken back from Trakt.",
        "p2  c2  anna/trakt  Salt Flats (2019)  2026-05-03T20:15:00+00:00  It was not sent to Trakt yet, and is not "
        "sent any more.",
        "Of 2 plays, not all is done: 1 taken back, 1 not sent any more. At the trackers: 1 queued.",
    ]
    assert err == (
        "1 is not taken back yet. Nothing moved for some minutes; scrobbled status says more. It is kept, and goes on "
        "with scrobbled serve or the next scrobbled undo of the same.\n"
    )
    (row,) = amendments.listing(db)
    assert (row.wish.action, row.wish.details.remote_id, row.wish.change_id) == ("remove", "987", 1)


def test_a_look_changes_nothing(db: sqlite3.Connection, scrobbled: Command) -> None:
    before = list(db.iterdump())
    code, out, err = scrobbled("undo", "--since", "2026-05-03", "--until", "2026-05-04T12:00", "--dry-run")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == (
        "Of 2 plays: 1 taken back, 1 not sent any more. Nothing was done yet; without --dry-run it is."
    )
    assert list(db.iterdump()) == before


def test_a_run_is_named_by_its_id_and_json_tells_the_same(db: sqlite3.Connection, scrobbled: Command) -> None:
    id_ = runs.ask(db, "anna", "trakt,serializd", "sync", {}, 0.0)
    db.execute("UPDATE outbox SET run = ? WHERE id = 1", (id_,))
    code, out, _ = scrobbled("undo", "--run", f"r{id_}", "--json")
    told = json.loads(out)
    assert (code, told["dry_run"], told["plays"]) == (1, False, ["p1"])
    assert [(step["id"], step["action"], step["waits_for"]) for step in told["steps"]] == [("c1", "remove", "a1")]
    assert (told["done"], told["outcomes"]) == (False, {"queued": 1})
    assert told["why_left"].startswith("1 is not taken back yet.")


def test_what_no_tracker_has_to_do_is_done_at_once(db: sqlite3.Connection, scrobbled: Command) -> None:
    code, out, err = scrobbled("undo", "p2")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "Of 1 play: 1 not sent any more. It is done, and stays so."


def test_an_account_that_needs_a_person_is_not_waited_for(
    db: sqlite3.Connection, scrobbled: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "NOTHING_FOR", 60.0)
    monkeypatch.setattr(following, "HELD_UP_FOR", 0.0)
    sign_ins.save_state(db, "anna", "trakt", "sign-in", "nobody signed in", AT.timestamp(), None)
    code, _, err = scrobbled("undo", "p1")
    assert code == 1
    assert "scrobbled auth trakt" in err


@pytest.mark.parametrize(("state", "code"), [("delivered", 0), ("already-there", 0), ("dead", 1), ("parked", 1)])
def test_it_ends_with_what_became_of_it(db: sqlite3.Connection, scrobbled: Command, state: str, code: int) -> None:
    db.execute(f"CREATE TRIGGER at_once AFTER INSERT ON amendments BEGIN UPDATE amendments SET state = '{state}'; END")
    ended, out, err = scrobbled("undo", "p1")
    assert ended == code
    assert ("It is done" in out, "scrobbled queue list" in err) == ((True, False) if code == 0 else (False, True))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("c1",), "not the id of a play"),
        ((), "one of the three"),
        (("p1", "--run", "r1"), "one of the three"),
        (("--since", "soon"), "write it like 14d"),
        (("--until", "14d"), "needs --since"),
        (("--since", "3d", "--until", "5d"), "turn them round"),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage_and_changes_nothing(
    db: sqlite3.Connection, scrobbled: Command, words: tuple[str, ...], said: str
) -> None:
    code, out, err = scrobbled("undo", *words)
    assert (code, out) == (2, "")
    assert said in " ".join(err.replace("│", " ").split())
    assert amendments.listing(db) == []


@pytest.mark.parametrize(("words", "said"), [(("p77",), "There is no p77"), (("--run", "r9"), "There is no r9")])
def test_what_is_not_there_is_said_and_changes_nothing(
    db: sqlite3.Connection, scrobbled: Command, words: tuple[str, ...], said: str
) -> None:
    code, out, err = scrobbled("undo", *words)
    assert (code, out) == (1, "")
    assert err.startswith(said)
    assert amendments.listing(db) == []


def test_nothing_to_take_back_is_said(db: sqlite3.Connection, scrobbled: Command) -> None:
    assert scrobbled("undo", "--since", "1d")[:2] == (
        0,
        "scrobbled wrote nothing of that, so there is nothing to undo.\n",
    )


# -- queue ---------------------------------------------------------------------------------------------------------


def test_the_queue_lists_amendments_beside_changes(db: sqlite3.Connection, scrobbled: Command) -> None:
    amendments.add(db, rating("trakt", 8, 6, ask=True), AT.timestamp())
    scrobbled("undo", "p1")
    code, out, err = scrobbled("queue", "list")
    assert code == 0
    assert out.splitlines() == [
        "2 changes on the way to anna/trakt. Nothing to do.",
        "1 needs you:",
        "",
        "held: Rated on both.",
        "  a1  anna/trakt  Harbour Atlas (2019), rating 6 -> 8",
    ]
    everything = scrobbled("queue", "list", "--all")[1].splitlines()
    assert "  a2  anna/trakt  Harbour Atlas (2019), remove this play" in everything
    assert [line.split()[0] for line in everything if line.startswith("  ")] == ["c2", "a1", "a2"]
    assert "held: Kept back until you decide" in err
    listed = json.loads(scrobbled("queue", "list", "--json")[1])
    assert [(one["id"], one["kind"], one["change"], one["hold"]) for one in listed] == [
        ("c2", "plays", "", ""),
        ("a1", "ratings", "rating 6 -> 8", "ask"),
        ("a2", "plays", "remove this play", ""),
    ]


def test_what_asks_is_chosen_by_name(db: sqlite3.Connection, scrobbled: Command) -> None:
    for wish in (rating("trakt", 8, 6, ask=True), rating("serializd", 6, 8, ask=True)):
        amendments.add(db, wish, AT.timestamp())
    code, out, err = scrobbled("queue", "approve")
    assert (code, out) == (0, "Nothing is held.\n")
    assert "2 changes ask: name what you choose" in err
    code, out, _ = scrobbled("queue", "approve", "a2", "--json")
    assert (code, json.loads(out)) == (0, {"action": "approve", "done": ["a2"], "left": [], "plays": 0})
    states = dict(db.execute("SELECT id, state FROM amendments").fetchall())
    assert states == {1: "undone", 2: "queued"}
    assert scrobbled("queue", "drop", "a2", "a1")[0] == 1
    assert "a1 was left" in scrobbled("queue", "drop", "a1")[2]


def test_retry_means_amendments_too(db: sqlite3.Connection, scrobbled: Command) -> None:
    one = amendments.add(db, rating("trakt", 8, 6), AT.timestamp())
    amendments.settle(db, one, PlayOutcome.DEAD, "refused", AT.timestamp())
    assert scrobbled("queue", "retry")[1] == "retry: 2 changes\n"
    assert amendments.get(db, one).state == "queued"  # type: ignore[union-attr]


def test_explain_tells_of_it(db: sqlite3.Connection, scrobbled: Command) -> None:
    scrobbled("undo", "p1")
    out = scrobbled("explain", "p1")[1]
    assert "Remove this play (a1): queued. You took it back." in out
    assert scrobbled("explain", "a1")[1].splitlines()[0] == "Harbour Atlas (2019)"
    amendments.settle(db, 1, PlayOutcome.DELIVERED, "", AT.timestamp())
    out = scrobbled("explain", "c1")[1]
    assert "Undone. You took it back, and it stays so." in out
    amendments.add(db, rating("trakt", 8, 6), AT.timestamp())
    code, _, err = scrobbled("explain", "a2")
    assert code == 1
    assert "a2 is about no play of ours" in err


# -- by the API ----------------------------------------------------------------------------------------------------


def test_the_api_takes_back_and_couriers_notice(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await home.webhook()
            async with home.runtime.running():
                await _until(home, "delivered")
                look = await browser.post("/api/v1/undo", json={"plays": ["p1"], "dry_run": True})
                assert [step["action"] for step in look.json()["steps"]] == ["remove"]
                done = await browser.post("/api/v1/undo", json={"plays": ["p1"]})
                assert (done.status_code, done.json()["plays"]) == (200, ["p1"])
                await _until(home, "undone")
            (account,) = [one for one in home.sandbox["serializd"].accounts.values() if one.username == "anna"]
            assert list(account.reviews) == []

    asyncio.run(check())


def test_the_api_refuses_what_cannot_be_meant(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            for body, status in (
                ({"plays": ["p7"]}, 404),
                ({"run": "r7"}, 404),
                ({}, 400),
                ({"plays": ["x"]}, 400),
                ({"since": "soon"}, 400),
                ({"until": "1d"}, 400),
                ({"all": True}, 400),
            ):
                answer = await browser.post("/api/v1/undo", json=body)
                assert answer.status_code == status, (body, answer.text)

    asyncio.run(check())


def test_the_api_and_the_page_know_amendments(tmp_path: Path) -> None:
    async def check() -> None:
        async with house(tmp_path) as home, home.client() as browser:
            await home.webhook()
            store, at = home.runtime.store, AT.timestamp()
            await store.write(lambda db: amendments.add(db, rating("serializd", 8, 6, ask=True), at))
            first = (await browser.get("/api/v1/queue?limit=1")).json()
            second = (await browser.get(f"/api/v1/queue?limit=1&after={first['next']}")).json()
            assert [row["id"] for page in (first, second) for row in page["changes"]] == ["c1", "a1"]
            assert (await browser.get("/api/v1/queue?after=a1")).json() == {"changes": [], "next": None}
            page = (await browser.get("/needs")).text
            assert "Should 1 rating be changed at Serializd?" in page
            assert "rating 6 -&gt; 8" in page
            metrics = (await browser.get("/metrics")).text
            assert 'scrobbled_held_changes{reason="ask"} 1.0' in metrics
            assert 'scrobbled_outbox_changes{state="held",tracker="serializd"} 1.0' in metrics
            done = await browser.post("/api/v1/queue/approve", json={"ids": ["a1"]})
            assert done.json()["done"] == ["a1"]

    asyncio.run(check())


async def _until(home: House, state: str) -> None:
    await until(lambda: home.sql("SELECT 1 FROM outbox WHERE state = ?", state), state)
