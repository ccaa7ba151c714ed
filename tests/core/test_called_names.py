"""What people read where a file stands in place of a tracker."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from scrobbled.core.agreeing.plan import Plan
from scrobbled.core.naming.names import called, is_file, name
from scrobbled.core.sending.change import Action, Change, thing, things
from scrobbled.reconcile import Sides
from scrobbled.trackers.files.parsed import Parsed
from scrobbled.trackers.files.tracker import file_name


@pytest.mark.parametrize(
    ("side", "expected"),
    [
        ("file:trakt-export.zip-0a1b2c3d", "trakt-export.zip"),
        ("file:history-0a1b2c3d", "history"),
        ("trakt", "trakt"),
        ("file:unmarked", "file:unmarked"),
    ],
)
def test_a_file_is_called_by_its_own_name(side: str, expected: str) -> None:
    assert called(side) == expected


def test_a_file_is_no_service_with_a_capital_letter() -> None:
    assert name("file:trakt-export.zip-0a1b2c3d") == "trakt-export.zip"
    assert name("plex") == "Plex"


def test_a_plan_of_an_import_names_the_file_and_not_what_marks_it() -> None:
    sides = Sides("anna", file_name(Path("/home/anna/History 2026.csv"), Parsed("csv")), "trakt")
    assert is_file(sides.a)
    change = Change("b", Action.ADD, "plays", "k", "Harbour Lights S1 E1", at=datetime(2026, 5, 1, 20, tzinfo=UTC))
    text = Plan("anna", sides.names, (change,)).text()
    assert text.startswith("anna: history-2026.csv and trakt, 0 viewings agree.")
    assert "file:" not in text
    assert sides.called == ("history-2026.csv", "trakt")


def test_things_are_counted_in_the_order_plays_ratings_removals() -> None:
    assert things({"remove": 2, "rate": 1, "unrate": 1, "add": 1_204}) == "1,204 plays, 2 ratings and 2 removals"
    assert things({"flag": 1}) == "1 rewatch mark"
    assert things({}) == ""
    assert thing("retime") == "change of time"
