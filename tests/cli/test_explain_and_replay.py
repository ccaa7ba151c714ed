"""``scrobbled explain`` and ``replay``: what they print, for people and for scripts, and their exit codes."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from cli.conftest import Command
from scrobbled.config import loads
from scrobbled.core.errors import Candidate
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.intake.household import household_of
from scrobbled.intake.ingest import Ingest
from scrobbled.intake.replay import since
from scrobbled.plumbing.clock import SystemClock
from scrobbled.plumbing.metrics import Metrics
from scrobbled.plumbing.redact import Redactor
from scrobbled.sources.body import Body
from scrobbled.store import Store
from scrobbled.store.queue import outbox

CONFIG = """
storage: {{path: {database}}}
sources: {{plex: {{token: a-webhook-token-0815}}}}
defaults: {{threshold: {threshold}}}
viewers:
  - name: anna
    accounts: {{plex: [anna, both]}}
    trackers: {{trakt: {{client_id: app}}}}
  - name: ben
    accounts: {{plex: both}}
    libraries: [Films]
    trackers: {{trakt: {{client_id: app}}}}
"""


@dataclass
class Desk:
    folder: Path
    run: Command

    def configure(self, threshold: str = "90%") -> None:
        text = CONFIG.format(database=self.folder / "s.db", threshold=threshold)
        (self.folder / "config" / "scrobbled.yaml").write_text(text)

    def take(self, *bodies: Body) -> None:
        async def work() -> None:
            store = Store(self.folder / "s.db")
            config = loads((self.folder / "config" / "scrobbled.yaml").read_text(), {})
            ingest = Ingest(
                store,
                household_of(config),
                redactor=Redactor(),
                metrics=Metrics(),
                clock=SystemClock(),
                wake=lambda accounts: None,
            )
            for body in bodies:
                await ingest.take("plex", body)
            await store.aclose()

        with capture_logs():
            asyncio.run(work())

    def write(self, work: Callable[[sqlite3.Connection], Any]) -> None:
        async def store() -> None:
            opened = Store(self.folder / "s.db")
            await opened.write(work)
            await opened.aclose()

        asyncio.run(store())


def webhook(event: str, percent: float | None = None, account: str = "anna", **more: Any) -> Body:
    item = {"type": "episode", "ratingKey": "1", "grandparentTitle": "Harbour Lights", "parentIndex": 2, "index": 5}
    metadata = {**item, "title": "Low Tide", "duration": 2_700_000, "librarySectionTitle": "Series", **more}
    if percent is not None:
        metadata["viewOffset"] = round(27_000 * percent)
    player = {"uuid": "k3jd", "title": "Living room"}
    data = {"event": event, "Account": {"title": account}, "Server": {"uuid": "nas"}, "Player": player}
    data |= {"Metadata": metadata}
    return Body(data, json.dumps(data))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scrobbled: Command) -> Desk:
    (tmp_path / "config").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SCROBBLED_CONFIG", raising=False)
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")  # Vienna, also where no zone has a file
    time.tzset()
    made = Desk(tmp_path, scrobbled)
    made.configure()
    return made


@pytest.fixture(autouse=True)
def as_it_was() -> Any:
    """The zone of the machine, and who writes the log."""
    yield
    time.tzset()
    structlog.reset_defaults()


def test_a_story_has_every_part_of_it(desk: Desk) -> None:
    desk.take(
        webhook("media.play", 0), webhook("media.pause", 40), webhook("media.scrobble"), webhook("media.stop", 99)
    )

    def deliver(db: sqlite3.Connection) -> None:
        now = time.time()
        outbox.locate(
            db, 1, "k", {"type": "episode", "ids": {"tvdb": 7}}, "the title", rewatch=False, confidence="likely"
        )
        outbox.note(db, 1, now, "try-later", "Trakt is down")
        outbox.settle(db, 1, PlayOutcome.DELIVERED, "found when read back", now + 90, remote_id="4711")

    desk.write(deliver)
    for asked in ("e3", "3", "p1", "c1"):
        story = json.loads(desk.run("explain", asked, "--json").out)
        assert story["play_id"] == "p1"
        assert [event["id"] for event in story["events"]] == ["e1", "e2", "e3", "e4"]
        assert [event["percent"] for event in story["events"]] == [0.0, 40.0, None, 99.0]
        assert [event["outcome"] for event in story["events"]] == ["accepted"] * 3 + ["duplicate"]
        assert story["events"][0]["player"] == "Living room"
        assert json.loads(story["raw"])["event"] == "media.scrobble"
        ((claim,), (play,)) = story["who"], story["plays"]
        assert (claim["viewer"], claim["listed_as"], claim["outcome"]) == ("anna", ["anna"], "accepted")
        (delivery,) = play["deliveries"]
        assert (delivery["method"], delivery["confidence"], delivery["remote_id"]) == ("the title", "likely", "4711")
        assert delivery["place"] == "the episode with TVDB id 7"
        assert [one["outcome"] for one in delivery["attempts"]] == ["try-later", "delivered"]
        assert 89 < delivery["seconds"] < 95
        assert story["to_do"] == []
        assert datetime.fromisoformat(play["watched_at"]).utcoffset() == datetime.now(UTC).utcoffset()
    assert json.loads(desk.run("explain", "e1", "--json").out)["play_id"] == "p1", "the play its viewing became"
    said = desk.run("explain", "e3").out
    assert "Living room" in said
    assert "It did not work; it is tried again. Trakt is down." in said
    assert "the tracker was asked, and it is there" in said
    assert said.count("Nothing to do.") == 1
    assert "+01:00" in said or "+02:00" in said


def test_what_came_in_before_it_was_known_to_be_a_secret_is_masked(desk: Desk) -> None:
    desk.take(webhook("media.scrobble", summary="annas-access-token, the-token-of-before and what is no secret"))
    kept = [json.dumps({"access_token": text}) for text in ("annas-access-token", "the-token-of-before")]
    insert = "INSERT INTO tokens (viewer, tracker, secret, previous, saved_at) VALUES ('anna', 'trakt', ?, ?, 1)"
    desk.write(lambda db: db.execute(insert, kept))
    for words in (("p1", "--json"), ("p1", "--raw"), ("e1", "--raw")):
        said = desk.run("explain", *words).out
        assert "••••, •••• and what is no secret" in said
        assert "token-of-before" not in said
        assert "annas-access-token" not in said


def test_every_message_of_a_viewing_is_shown_when_asked_for(desk: Desk) -> None:
    desk.take(webhook("media.play", 0), webhook("media.scrobble"))
    quiet, loud = (json.loads(desk.run("explain", "p1", "--json", *more).out) for more in ((), ("--raw",)))
    assert [event["raw"] for event in quiet["events"]] == [None, None]
    assert [json.loads(event["raw"])["event"] for event in loud["events"]] == ["media.play", "media.scrobble"]
    assert desk.run("explain", "p1", "--raw").out.count('"Account"') == 2


def test_what_was_decided_for_each_viewer_is_told(desk: Desk) -> None:
    desk.take(webhook("media.scrobble", account="both"))
    story = json.loads(desk.run("explain", "e1", "--json").out)
    assert [(one["viewer"], one["outcome"], one["reason"], one["reason_code"]) for one in story["who"]] == [
        ("anna", "accepted", "", ""),
        ("ben", "unwanted", "library", "library"),
    ]
    assert "not one of those that count" in desk.run("explain", "e1").out


def test_an_account_nobody_lists_says_what_to_write(desk: Desk) -> None:
    desk.take(webhook("media.scrobble", account="carol"))
    said = desk.run("explain", "e1")
    assert said.code == 0
    assert 'accounts: {plex: ["carol"]}' in said.out
    assert "No viewer lists it." in said.out
    assert json.loads(desk.run("explain", "e1", "--json").out)["play_id"] is None


def test_what_is_not_certain_names_the_candidates_and_the_commands(desk: Desk) -> None:
    desk.take(webhook("media.scrobble"))
    found = [Candidate("Harbour Lights", 2021, 1399, why="Trakt search")]
    desk.write(lambda db: outbox.settle(db, 1, PlayOutcome.UNMATCHED, "two fit", time.time(), candidates=found))
    said = desk.run("explain", "p1").out
    assert "Harbour Lights (2021), TMDB 1399" in said
    assert "not sure enough" in said
    assert "What to do: Trakt (c1)" in said
    assert "scrobbled queue retry c1" in said


def test_two_trackers_with_the_same_question_are_one_step(desk: Desk) -> None:
    path = desk.folder / "config" / "scrobbled.yaml"
    path.write_text(path.read_text().replace("trakt: {client_id: app}", "trakt: {client_id: a}, serializd: {email: e}"))
    desk.take(webhook("media.scrobble"))
    desk.write(lambda db: db.execute("UPDATE outbox SET state = 'dead', reason = 'refused'"))
    (step,) = json.loads(desk.run("explain", "p1", "--json").out)["to_do"]
    assert "Serializd (c2) and Trakt (c1): The tracker refused it for good. To try again" in step
    assert "scrobbled queue retry c2 c1. To leave it out for good: scrobbled queue drop c2 c1." in step


def test_what_was_not_watched_to_the_end_says_how_much_is_needed(desk: Desk) -> None:
    desk.take(webhook("media.play", 0), webhook("media.stop", 80))
    lead = desk.run("explain", "e2").out.split("\n\n")[1]
    assert "80 %" in lead
    assert "from 90 % on" in lead


def test_an_end_of_which_nobody_said_how_far_it_was_is_told_as_that(desk: Desk) -> None:
    desk.take(webhook("media.stop"))
    assert "stopped on Living room, and nobody said how far it was. Accepted." in desk.run("explain", "e1").out
    desk.take(webhook("media.scrobble", ratingKey="2"), webhook("media.stop", ratingKey="2"))
    assert "nobody said" not in desk.run("explain", "e3").out


def test_what_many_messages_have_in_common_is_said_once(desk: Desk) -> None:
    desk.take(*(webhook(event, 1, account="carol") for event in ("media.play", "media.pause", "media.resume")))
    came = desk.run("explain", "e1").out.split("What came in")[1]
    assert came.count("Unclaimed.") == 3
    assert came.count("No viewer lists the account carol.") == 1


def test_the_codes_of_outcomes_and_reasons_are_named_as_well_as_told(desk: Desk) -> None:
    desk.take(webhook("media.scrobble", account="carol"), webhook("media.scrobble"))
    desk.write(lambda db: outbox.settle(db, 1, PlayOutcome.ALREADY_THERE, "found when read back", time.time()))
    assert json.loads(desk.run("explain", "e1", "--json").out)["events"][0]["reason_code"] == "listed-by-nobody"
    assert "\n  e1: unclaimed, listed-by-nobody (no viewer lists the account carol)\n" in desk.run("explain", "e1").out
    story = json.loads(desk.run("explain", "p1", "--json").out)
    assert story["plays"][0]["deliveries"][0]["reason_code"] == "found-when-read-back"
    codes = "\n  e2, for anna: accepted\n  c1: already-there, found-when-read-back (found when read back)\n"
    assert codes in desk.run("explain", "p1").out


def test_an_undated_play_cannot_be_approved_and_says_so(desk: Desk) -> None:
    desk.take(webhook("media.scrobble"))
    desk.write(lambda db: db.execute("UPDATE outbox SET state = 'held', watched_at = NULL"))
    desk.write(lambda db: db.execute("UPDATE plays SET watched_at = NULL"))
    said = desk.run("explain", "p1").out
    assert "Without a date it cannot be sent truthfully" in said
    assert "queue approve" not in said
    assert "scrobbled queue drop c1" in said


def test_an_account_that_needs_somebody_is_what_there_is_to_do(desk: Desk) -> None:
    desk.take(webhook("media.scrobble"))
    desk.write(lambda db: db.execute("INSERT INTO accounts VALUES ('anna', 'trakt', 'sign-in', 'signed out', 1, NULL)"))
    assert "scrobbled auth trakt --viewer anna" in desk.run("explain", "p1").out


def test_whether_an_account_needs_somebody_is_told_by_its_state_and_not_by_its_words(desk: Desk) -> None:
    desk.take(webhook("media.scrobble"))
    locked = "INSERT INTO accounts VALUES ('anna', 'trakt', 'stopped', 'it does not open again by itself', 1, NULL)"
    desk.write(lambda db: db.execute(locked))
    (delivery,) = json.loads(desk.run("explain", "p1", "--json").out)["plays"][0]["deliveries"]
    assert delivery["trouble_code"] == "stopped"
    assert "Trakt (c1): Trakt gets nothing for anna at the moment. It does not open" in desk.run("explain", "p1").out


def test_a_message_that_is_no_longer_kept_names_the_setting(desk: Desk) -> None:
    desk.take(webhook("media.scrobble"), webhook("media.rate"))
    desk.write(lambda db: db.execute("UPDATE events SET raw = NULL"))
    story = json.loads(desk.run("explain", "p1", "--json").out)
    assert (story["body"], story["raw"]) == ("gone", None)
    assert "storage.keep_raw_events" in desk.run("explain", "p1").out
    desk.write(lambda db: db.execute("DELETE FROM events WHERE id = 1"))
    said = desk.run("explain", "e1")
    assert said.code == 1
    assert "no longer kept" in said.err
    assert json.loads(desk.run("explain", "p1", "--json").out)["body"] == "gone"


@pytest.mark.parametrize(
    "asked", ["e99", "p99", "c99", "harbour", "", "e", "p-1", "x1", "e1e1", "99999999999999999999"]
)
def test_what_is_no_id_or_not_there_says_how_ids_look(desk: Desk, asked: str) -> None:
    desk.take(webhook("media.scrobble"))
    said = desk.run("explain", asked)
    assert (said.code, said.out) == (1 if asked in ("e99", "p99", "c99") else 2, "")
    assert "Ids look like e12" in said.err


def test_secrets_of_the_configuration_never_leave(desk: Desk) -> None:
    desk.take(webhook("media.scrobble", summary="see /webhooks/plex/a-webhook-token-0815"))
    for words in (("explain", "e1"), ("explain", "e1", "--json"), ("explain", "e1", "--raw")):
        assert "a-webhook-token-0815" not in desk.run(*words).out


def test_ten_things_that_can_happen_are_told_in_plain_sentences(desk: Desk) -> None:
    desk.take(
        webhook("media.rate", userRating=7),
        webhook("library.new"),
        webhook("playback.started"),
        webhook("media.scrobble", type="track"),
        webhook("media.scrobble", duration=60_000, ratingKey="2"),
        webhook("media.scrobble", parentIndex="S01", ratingKey="3"),
        webhook("media.scrobble", account="", ratingKey="4"),
        webhook("media.play", 0, ratingKey="5"),
        webhook("media.scrobble", ratingKey="6"),
        webhook("media.scrobble", ratingKey="6"),
    )
    for number in range(1, 11):
        said = desk.run("explain", f"e{number}")
        assert said.code == 0
        lead = said.out.split("\n\n")[1]
        assert lead.endswith("."), lead
        assert len(lead.split()) > 5, lead
        assert "Nothing to do." in said.out or "What to do:" in said.out


def test_a_replay_prints_what_it_adds_and_a_dry_run_adds_nothing(desk: Desk) -> None:
    desk.take(webhook("media.play", 0), webhook("media.stop", 80), webhook("library.new"))
    assert desk.run("replay").out.splitlines()[-1] == "No play was missing."
    desk.configure("75%")
    dry = desk.run("replay", "--dry-run")
    assert dry.code == 0
    assert all(words in dry.out for words in ("3 events: ", "2 accepted", "1 unwanted"))
    assert "new  anna  Harbour Lights S2 E5 Low Tide" in dry.out
    assert "1 play would be added." in dry.out
    done = json.loads(desk.run("replay", "--since", "14d", "--source", "plex", "--json").out)
    assert [(one["id"], one["event_id"]) for one in done["plays"]] == [("p1", "e2")]
    assert desk.run("replay").out.splitlines()[-1] == "No play was missing."
    story = json.loads(desk.run("explain", "e2", "--json").out)
    assert story["play_id"] == "p1"
    assert story["events"][1]["replayed_at"]


def test_a_named_event_that_cannot_be_run_again_is_a_failure(desk: Desk) -> None:
    desk.take(webhook("media.scrobble"))
    assert desk.run("replay", "e1").code == 0
    said = desk.run("replay", "e1", "e77")
    assert (said.code, said.err) == (1, "There is no event e77.\n")
    desk.write(lambda db: db.execute("UPDATE events SET raw = NULL"))
    said = desk.run("replay", "e1")
    assert said.code == 1
    assert "no longer kept" in said.out
    assert desk.run("replay").code == 0


@pytest.mark.parametrize(
    "words", [("p1",), ("--since", "yesterday"), ("e1", "--since", "1d"), ("e1", "--source", "plex"), ("--since", "")]
)
def test_wrong_words_are_wrong_usage(desk: Desk, words: tuple[str, ...]) -> None:
    desk.take(webhook("media.scrobble"))
    assert desk.run("replay", *words).code in ({0} if words == ("--since", "") else {2})


def test_a_time_can_be_a_date_a_moment_or_a_span() -> None:
    now = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)
    assert since("2h", now) == now.timestamp() - 7200
    assert since("2026-11-14T19:00:00+00:00", now) == now.timestamp() - 3600
    assert since("2026-11-14T19:00Z", now) == now.timestamp() - 3600
    assert since("2026-11-14", now) == datetime(2026, 11, 14).astimezone().timestamp()
