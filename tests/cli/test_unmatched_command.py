"""``scrobbled unmatched``: what could not be told, and the one answer to each."""

import json
import sqlite3
from pathlib import Path

from cli.conftest import Command
from cli.test_commands import fill, written


def _unmatched(db: sqlite3.Connection) -> None:
    db.execute(
        "UPDATE outbox SET state = 'unmatched', reason = 'two shows are called that', code = 'uncertain', "
        "candidates = ? WHERE state = 'dead'",
        (json.dumps([{"title": "Harbour", "year": 2019, "tmdb": 7}, {"title": "Harbour", "year": 2020, "tmdb": 8}]),),
    )


def test_a_show_is_told_with_its_reason_its_candidates_and_its_correction(run: Command, tmp_path: Path) -> None:
    fill(tmp_path / "s.db")
    written(tmp_path / "s.db", _unmatched)
    said = run("unmatched")
    next_, mend = "Say which it is: that settles all of it.", "Or mend the match on the media server: then it is found"
    assert said.out.splitlines() == [
        "Harbour Lights  unmatched at Trakt (anna, of Plex): 1 episode, 1 change waiting. Two shows are called that.",
        "    It may be Harbour (2019), tmdb:7.",
        "    It may be Harbour (2020), tmdb:8.",
        f"    {next_} {mend} by itself.",
        "    scrobbled map set c2 --to tmdb:NUMBER",
    ]
    assert "NUMBER is the one in the address of its page" in said.err
    (one,) = json.loads(run("unmatched", "--json").out)
    assert (one["title"], one["changes"], one["state"]) == ("Harbour Lights", ["c2"], "unmatched")
    assert run("unmatched", "--tracker", "serializd").out == "Everything could be told.\n"


def test_where_all_could_be_told_it_says_so(run: Command, tmp_path: Path) -> None:
    fill(tmp_path / "s.db")
    assert run("unmatched").out == "Everything could be told.\n"
    assert json.loads(run("unmatched", "--json").out) == []


def test_a_name_that_nobody_has_is_refused(run: Command, tmp_path: Path) -> None:
    fill(tmp_path / "s.db")
    for option, name, lists in (("--viewer", "bob", "anna"), ("--tracker", "trackt", "serializd, trakt")):
        said = run("unmatched", option, name)
        assert said.code == 2
        assert lists in said.err
