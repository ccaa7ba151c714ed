"""Floods on the command line: one line each, decided on by one word, and every change where it is asked for."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.conftest import Command
from scrobbled.store.file.opening import open_database
from store.arrivals import Counter

CONFIG = """
storage: {{path: {database}}}
sources: {{plex: {{token: a-webhook-token-0815}}}}
viewers: [{{name: anna, accounts: {{plex: anna}}, trackers: {{trakt: {{client_id: app}}}}}}]
"""


@pytest.fixture
def flooded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter]:
    """c1 has no date, c2 to c31 are a flood, of which c31 has no date either."""
    (tmp_path / "scrobbled.yaml").write_text(CONFIG.format(database=tmp_path / "s.db"))
    monkeypatch.setenv("SCROBBLED_CONFIG", str(tmp_path / "scrobbled.yaml"))
    with closing(open_database(tmp_path / "s.db")) as db:
        counter = Counter(db, datetime.now(UTC) - timedelta(hours=3))
        counter.arrive(dated=False, title="Paper Orchard")
        counter.pass_(hours=2)
        for number in range(29):
            counter.flood(1, afterwards=True, title=f"Film {number}")
        counter.arrive(dated=False)
        yield counter


def test_a_flood_is_one_line_with_its_figures(flooded: Counter, scrobbled: Command) -> None:
    code, out, _ = scrobbled("queue", "list")
    lines = out.splitlines()
    assert code == 0
    assert lines[0] == "2 need you:"
    told = " ".join(out.split())
    assert "held: 30 plays were told within a minute, long after they were watched; up to 20 pass. f1" in told
    assert "30 plays for anna/trakt came within a minute from plex" in told
    assert [line.split()[:2] for line in lines if line.startswith("  c")] == [["c1", "anna/trakt"]]
    assert lines[-1] == "Each change of a flood: scrobbled queue list --flood f1"


def test_each_change_is_there_where_it_is_asked_for(flooded: Counter, scrobbled: Command) -> None:
    assert len(scrobbled("queue", "list", "--all")[1].split("\n  ")) == 32
    assert len(scrobbled("queue", "list", "--flood", "f1")[1].split("\n  ")) == 31
    assert scrobbled("queue", "list", "--flood", "f7")[1] == "f7 holds nothing.\n"
    listed = json.loads(scrobbled("queue", "list", "--json")[1])
    assert [change["flood"] for change in listed] == [None] + ["f1"] * 30
    assert {change["hold"] for change in listed} == {"no-date", "burst"}
    of_it = json.loads(scrobbled("queue", "list", "--flood", "1", "--json")[1])
    assert of_it == listed[1:]


def test_one_word_decides_on_all_of_it(flooded: Counter, scrobbled: Command) -> None:
    code, out, err = scrobbled("queue", "approve", "f1")
    assert (code, out) == (1, "approve: 29 changes\n")
    assert err.startswith("c31 was left as it is")
    assert "without a date it can only be dropped" in err
    code, out, _ = scrobbled("queue", "drop", "f1", "c1", "--json")
    assert code == 0
    assert json.loads(out) == {"action": "drop", "done": ["c1", "c31"], "plays": 2, "left": []}
    assert flooded.states(list(range(1, 32))) == ["undone"] + ["queued"] * 29 + ["undone"]
    code, _, err = scrobbled("queue", "drop", "f1", "f2")
    assert code == 1
    assert "f1 was left" in err
    assert "f2 was left" in err


def test_approving_without_an_id_is_everything_as_before(flooded: Counter, scrobbled: Command) -> None:
    assert scrobbled("queue", "approve")[:2] == (0, "approve: 29 changes\n")


def test_what_is_no_id_is_wrong_usage(flooded: Counter, scrobbled: Command) -> None:
    for words in (("approve", "x3"), ("drop", "f"), ("drop", "f1;c2"), ("list", "--flood", "c1"), ("retry", "f-1")):
        code, _, err = scrobbled("queue", *words)
        assert code == 2, words
        assert "f3" in err or "-h" in err, words


def test_the_status_says_what_is_held_and_why(flooded: Counter, scrobbled: Command) -> None:
    out = scrobbled("status")[1]
    assert "Held until you decide: 2 without a date, 29 too many at once. See scrobbled queue list" in out
    facts = json.loads(scrobbled("status", "--json")[1])
    assert facts["held"] == {"no-date": 2, "burst": 29}
