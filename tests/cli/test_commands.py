"""The command line: what each word prints, and the exit codes 0 done, 1 something failed, 2 wrong usage."""

import asyncio
import contextlib
import json
import shutil
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
import rich_click as click

from cli.conftest import CONFIG, Command
from scrobbled import __version__
from scrobbled.alerts import Trouble
from scrobbled.cli import command
from scrobbled.config import loads
from scrobbled.core.naming.ids import EpisodeIds
from scrobbled.core.naming.items import Episode
from scrobbled.core.records import ValueRecord
from scrobbled.core.watching.plays import Play
from scrobbled.core.words.outcomes import EventOutcome, PlayOutcome
from scrobbled.intake.household import without_effect
from scrobbled.store import Store
from scrobbled.store.accounts import sign_ins
from scrobbled.store.file import opening
from scrobbled.store.inbox import events
from scrobbled.store.inbox.events import Arrival, Queued
from scrobbled.store.mirror import records, values
from scrobbled.store.notes.alerts import StoredTroubles

NOW = datetime(2026, 11, 14, 20, 0, tzinfo=UTC)


def fill(path: Path) -> None:
    """One delivered play, one dead, one held, one that nobody claimed."""

    def work(db: sqlite3.Connection) -> None:
        for number, state in enumerate((PlayOutcome.DELIVERED, PlayOutcome.DEAD, PlayOutcome.HELD), start=1):
            event = events.add_event(db, Arrival("plex", NOW, "{}"), EventOutcome.ACCEPTED, "")
            item = Episode("Harbour Lights", 1, number, ids=EpisodeIds(tvdb=number))
            dated = None if state is PlayOutcome.HELD else NOW
            way = Queued("trakt", state, "" if state is PlayOutcome.DELIVERED else f"because {state}")
            events.add_play(db, Play("anna", "plex", item, dated), event, [way], NOW)
        events.add_event(db, Arrival("plex", NOW, "{}"), EventOutcome.UNCLAIMED, "no viewer lists the account x")

    written(path, work)


def written(path: Path, work: Callable[[sqlite3.Connection], None]) -> None:
    async def store() -> None:
        opened = Store(path)
        await opened.write(work)
        await opened.aclose()

    asyncio.run(store())


def test_the_version_is_told(run: Command) -> None:
    said = run("--version")
    assert (said.code, __version__ in said.out) == (0, True)


def test_wrong_words_are_wrong_usage(run: Command) -> None:
    assert run("enqueue").code == 2
    assert run("queue", "drop").code == 2  # without an ID it would mean everything
    assert run("auth", "letterboxd").code == 2


def test_a_sound_configuration_is_fine(run: Command) -> None:
    said = run("config", "check")
    assert said.code == 0
    assert "is fine" in said.out


@pytest.mark.parametrize("words", [("serve",), ("backup", "copy.db"), ("status",)])
def test_a_place_that_cannot_be_used_is_told_in_a_line(run: Command, tmp_path: Path, words: tuple[str, ...]) -> None:
    # root may enter any folder, so here it is a name that no folder can have
    database = tmp_path / ("x" * 300) / "scrobbled.db"
    (tmp_path / "config" / "scrobbled.yaml").write_text(CONFIG.format(database=database))
    said = run(*words)
    assert said.code == 1
    assert f"{database}" in said.err.splitlines()[-1]
    assert "Check" in said.err.splitlines()[-1]


def test_every_mistake_is_told_with_path_and_line_and_nothing_else_happens(run: Command, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("servr: {port: 1}\nviewers:\n  - name: anna\n    trackers: {tract: {}}\n")
    said = run("config", "check", "--config", str(wrong))
    assert said.code == 2
    assert 'servr (line 1): unknown key; did you mean "server"?' in said.err
    assert "viewers[0].trackers.tract (line 4)" in said.err
    assert run("status", "--config", str(wrong)).code == 2


def test_a_missing_configuration_says_where_it_was_looked_for(run: Command, tmp_path: Path) -> None:
    said = run("status", "--config", str(tmp_path / "nowhere.yaml"))
    assert said.code == 2
    assert "nowhere.yaml" in said.err


def test_settings_are_shown_with_their_origin_and_without_their_secrets(run: Command) -> None:
    said = run("config", "show", "--json")
    rows = {row["path"]: row for row in json.loads(said.out)}
    assert said.code == 0
    assert "hunter-seven" not in said.out
    assert "a-webhook-token-0815" not in said.out
    assert "HOOK" in str(rows["sources.plex.token"]["from"])
    assert "default" in str(rows["server.port"]["from"])


def test_the_schema_is_json(run: Command) -> None:
    said = run("config", "schema", "--config", "whatever.yaml")  # every command takes it
    assert json.loads(said.out)["properties"].keys() >= {"server", "sources", "viewers"}


def test_without_a_database_status_says_what_to_do(run: Command, tmp_path: Path) -> None:
    said = run("status")
    assert said.code == 1
    assert "does not exist yet" in said.err
    assert not (tmp_path / "s.db").exists()


def test_status_accounts_for_every_webhook_and_every_play(run: Command, tmp_path: Path) -> None:
    fill(tmp_path / "s.db")
    said = run("status", "--json")
    facts = json.loads(said.out)
    assert said.code == 0
    assert {name: count for name, count in facts["events"].items() if count} == {"accepted": 3, "unclaimed": 1}
    assert facts["plays"] == 3
    trakt = next(row for row in facts["trackers"] if row["tracker"] == "trakt")
    assert trakt["counts"] == {"delivered": 1, "dead": 1, "held": 1}
    assert (trakt["waiting"], trakt["signed_in"]) == (2, False)


def test_status_for_people_says_the_same(run: Command, tmp_path: Path) -> None:
    fill(tmp_path / "s.db")
    said = run("status")
    assert "3 accepted" in said.out
    assert "1 unclaimed" in said.out
    assert "anna/trakt" in said.out


def test_status_says_which_listing_is_not_believed(run: Command, tmp_path: Path) -> None:
    place = tmp_path / "config" / "scrobbled.yaml"
    place.write_text(place.read_text() + "    pairs: [{between: [trakt, serializd], plays: both}]\n")
    fill(tmp_path / "s.db")
    with contextlib.closing(sqlite3.connect(tmp_path / "s.db")) as db, db:
        for tracker, doubt in (("trakt", ""), ("serializd", "12 of 40 plays were gone at once")):
            records.save_state(db, ("anna", tracker), records.ReadState({}, read_at=1.0, doubt=doubt))
    lines = run("status").out.splitlines()
    (doubted,) = [line for line in lines if "not believed" in line]
    told = doubted.strip()
    assert told.startswith("What Serializd listed is not believed to be all (12 of 40 plays were gone at once)")
    (pair,) = [line for line in lines if line.startswith("  anna: Trakt and Serializd  ")]
    assert lines.index(pair) < lines.index(doubted)
    assert "in step" not in " ".join(lines)


def test_status_tells_what_accounts_and_both_sides_of_a_pair_hold(run: Command, tmp_path: Path) -> None:
    place = tmp_path / "config" / "scrobbled.yaml"
    place.write_text(place.read_text() + "    pairs: [{between: [trakt, serializd], plays: both}]\n")
    fill(tmp_path / "s.db")
    with contextlib.closing(sqlite3.connect(tmp_path / "s.db")) as db, db:
        for tracker, plays in (("trakt", 5_310), ("serializd", 1)):
            records.save_state(db, ("anna", tracker), records.ReadState({}, read_at=NOW.timestamp(), plays=plays))
        values.put(db, ("anna", "trakt"), [ValueRecord("movie:1", 8, None)], 1, 0.0, kind="ratings")
    lines = [line.strip() for line in run("status").out.splitlines()]
    (held,) = [line for line in lines if line.startswith("5,310 plays, 1 rating, read ")]
    why = lines[lines.index(held) + 1 :][:2]
    assert (why[0], why[1][:6]) == ("1 dead: Because dead.", "1 held")
    assert "Trakt 5,310 plays, 1 rating; Serializd 1 play" in lines
    told = json.loads(run("status", "--json").out)
    (trakt,) = [one for one in told["trackers"] if one["tracker"] == "trakt"]
    assert trakt["holds"]["counts"] == {"plays": 5_310, "ratings": 1}
    assert {one["state"]: one["count"] for one in trakt["waits"]} == {"held": 1, "dead": 1}
    assert [side["holds"]["counts"]["plays"] for side in told["pairs"][0]["sides"]] == [5_310, 1]


def test_status_says_first_what_concerns_everything(
    run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path / "s.db")
    trouble = Trouble("clock", "this machine", "The clock of this machine is 2 hours ahead", "Set the clock.")

    async def report() -> None:
        store = Store(tmp_path / "s.db")
        await StoredTroubles(store).seen(trouble, NOW.timestamp())
        await store.aclose()

    asyncio.run(report())
    lines = run("status").out.splitlines()
    assert lines[0].startswith("Not running: no webhook is taken and nothing is delivered. Start it:")
    assert lines[1] == "The clock of this machine is 2 hours ahead. Set the clock."
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=4096))
    with contextlib.closing(opening.lock(tmp_path / "s.db")):
        lines = run("status").out.splitlines()
        assert lines[0].startswith("The disk is full: webhooks cannot be stored")
        facts = json.loads(run("status", "--json").out)
    assert (facts["running"], facts["disk_free"], len(facts["troubles"])) == (True, 4096, 1)


def test_a_locked_database_says_so_to_a_command(run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path / "s.db")
    monkeypatch.setattr(opening, "BUSY_SECONDS", 0.0)
    with contextlib.closing(sqlite3.connect(tmp_path / "s.db", isolation_level=None)) as stranger:
        stranger.execute("BEGIN EXCLUSIVE")
        said = run("status")
    assert said.code == 1
    assert "Another program keeps it locked" in said.err


def test_the_queue_lists_what_is_not_delivered_with_its_reason(run: Command, tmp_path: Path) -> None:
    fill(tmp_path / "s.db")
    rows = json.loads(run("queue", "list", "--json").out)
    assert [(row["id"], row["outcome"], row["reason"]) for row in rows] == [
        ("c2", "dead", "because dead"),
        ("c3", "held", "because held"),
    ]
    assert all(row["next_step"] for row in rows)
    lines = run("queue", "list").out.splitlines()
    assert lines[0] == "2 need you:"
    assert [line.split()[0] for line in lines if line.startswith("  ")] == ["c2", "c3"]
    assert all(len(line) <= 80 for line in lines)
    assert lines[2:4] == ["dead: Because dead.", lines[3]]
    assert "Harbour Lights S1 E2" in lines[3]


def test_what_waits_for_a_sign_in_is_not_said_to_need_nothing(run: Command, tmp_path: Path) -> None:
    def work(db: sqlite3.Connection) -> None:
        for number, tracker in enumerate(("trakt", "serializd"), start=1):
            event = events.add_event(db, Arrival("plex", NOW, "{}"), EventOutcome.ACCEPTED, "")
            item = Episode("Harbour Lights", 1, number, ids=EpisodeIds(tvdb=number))
            events.add_play(db, Play("anna", "plex", item, NOW), event, [Queued(tracker, PlayOutcome.QUEUED, "")], NOW)
        sign_ins.save_state(db, "anna", "trakt", "sign-in", "not signed in to Trakt", NOW.timestamp(), None)

    written(tmp_path / "s.db", work)
    command = "Run: scrobbled auth trakt --viewer anna"
    told = " ".join(run("queue", "list").out.split())
    assert (
        f"1 change for anna/trakt: Trakt gets nothing for anna at the moment. Not signed in to Trakt. {command}" in told
    )
    assert "Nothing needs you" not in told
    assert "1 change on the way to anna/serializd. Nothing to do." in told
    assert command in json.loads(run("queue", "list", "--json").out)[0]["next_step"]


def test_what_has_no_date_is_not_said_to_wait_for_an_approval(run: Command, tmp_path: Path) -> None:
    fill(tmp_path / "s.db")
    held = json.loads(run("queue", "list", "--json").out)[1]
    assert "pprove" not in held["next_step"]
    assert "drop it here" in held["next_step"]


def test_an_empty_queue_is_said_to_be_empty(run: Command, tmp_path: Path) -> None:
    fill(tmp_path / "s.db")
    assert run("queue", "drop", "c2", "c3").code == 0
    assert run("queue", "list").out.strip() == "Nothing waits."


def test_retry_without_an_id_means_everything_that_may_be_retried(run: Command, tmp_path: Path) -> None:
    fill(tmp_path / "s.db")
    done = json.loads(run("queue", "retry", "--json").out)
    assert done["done"] == ["c2"]  # held ones want an approval
    assert json.loads(run("queue", "list", "--json").out)[0]["outcome"] == "queued"


def test_what_an_action_does_not_apply_to_is_named_and_left(run: Command, tmp_path: Path) -> None:
    fill(tmp_path / "s.db")
    said = run("queue", "retry", "c1", "c2", "c99")
    assert said.code == 1
    assert "c1 was left" in said.err
    assert "c99 was left" in said.err
    assert "c2 was left" not in said.err


def test_an_undated_play_cannot_be_approved(run: Command, tmp_path: Path) -> None:
    fill(tmp_path / "s.db")
    assert run("queue", "approve", "c3").code == 1
    assert json.loads(run("queue", "list", "--json").out)[1]["outcome"] == "held"


def test_something_that_is_no_id_is_wrong_usage(run: Command, tmp_path: Path) -> None:
    fill(tmp_path / "s.db")
    assert run("queue", "retry", "harbour").code == 2


def test_signing_in_for_nobody_says_who_there_is(run: Command) -> None:
    said = run("auth", "trakt", "--viewer", "ben")
    assert said.code == 2
    assert "anna" in said.err


def test_what_has_no_effect_yet_is_said_at_start(tmp_path: Path) -> None:
    text = CONFIG.format(database=tmp_path / "s.db") + "  - {name: ben, trackers: {anilist: {token: some-token}}}\n"
    (said,) = without_effect(loads(text, {"HOOK": "a-webhook-token-0815"}))
    assert said.startswith("viewers: ben:")
    sound = loads(CONFIG.format(database=tmp_path / "s.db"), {"HOOK": "a-webhook-token-0815"})
    assert list(without_effect(sound)) == []


def test_every_command_stands_in_a_group_of_the_help(run: Command) -> None:
    groups = click.rich_click.COMMAND_GROUPS
    for path, of in {"scrobbled": command, **{f"scrobbled {n}": g for n, g in command.commands.items()}}.items():
        if isinstance(of, click.Group):
            assert sorted(name for group in groups[path] for name in group["commands"]) == sorted(
                name for name, one in of.commands.items() if not one.hidden
            ), path
    said = run("--help").out
    assert said.index("Set it up") < said.index("See and decide") < said.index("Look after it")


def test_the_help_of_a_command_begins_with_one_short_sentence() -> None:
    todo: list[click.Command] = [command]
    while todo:
        one = todo.pop()
        first = (one.help or "").split("\n\n")[0]
        assert first.count(". ") == 0, first
        assert first.endswith("."), first
        assert len(first) < 110, first
        todo += one.commands.values() if isinstance(one, click.Group) else []


def test_an_account_without_a_name_is_not_to_be_claimed(run: Command, tmp_path: Path) -> None:
    def nameless(db: sqlite3.Connection) -> None:
        events.add_event(db, Arrival("plex", NOW, "{}"), EventOutcome.UNCLAIMED, "no account")

    written(tmp_path / "s.db", nameless)
    said = run("status").out
    assert "Nobody can claim what names no account." in said
    assert '[""]' not in said
    assert "nothing to list under accounts" in run("explain", "e1").out
