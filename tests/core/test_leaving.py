"""What left a library for good: when it is believed, and whose entry goes with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrobbled.core.agreeing.leaving import LibraryStand, OwnEntry, is_away, together
from scrobbled.core.agreeing.ledger import ComparedValue, Departure, Policy, ValueGroup
from scrobbled.core.agreeing.merge import compare_value
from scrobbled.core.kinds import COLLECTION
from scrobbled.core.records import ValueRecord, ViewingsKept

NOW = datetime(2026, 5, 3, 20, 0, tzinfo=UTC)
EARLY, LATE = NOW - timedelta(days=9), NOW + timedelta(hours=1)
HD = {"resolution": "hd_1080p"}
GONE = Departure(frozenset({"Films"}), is_believed=True, is_ours=True)


def policy(**more: Any) -> Policy:
    values: dict[str, Any] = {"keeps": (ViewingsKept.SEEN, ViewingsKept.EVERY), "removals": {COLLECTION: "propagate"}}
    return Policy({COLLECTION: "a-to-b"}, **{**values, **more})


def compared(departed: Departure = GONE, there: Any = HD, base: Any = (HD, HD), **more: Any) -> ComparedValue:
    mine = None if there is None else ValueRecord("b", there, EARLY)
    group = ValueGroup(COLLECTION, "k", "Harbour", "movie", None, mine, base, a_gone=True, departed=departed)
    return compare_value(group, policy(**more))


def told(found: ComparedValue) -> tuple[list[str], tuple[str, ...]]:
    return [one.action for one in found.changes], found.left


def test_our_entry_goes_with_what_left_and_can_be_put_back() -> None:
    (change,) = compared().changes
    assert (change.side, change.action, change.was, change.was_at, change.ask) == ("b", "uncollect", HD, EARLY, False)
    assert change.why == "its last file left the library Films on {a}"
    (asked,) = compared(removals={COLLECTION: "ask"}).changes
    assert asked.ask


def test_libraries_are_named_whatever_they_are_called() -> None:
    (change,) = compared(Departure(frozenset({"{b}", "4K"}), is_believed=True, is_ours=True)).changes
    assert change.why.format(a="Plex", b="Trakt") == "its last file left the libraries 4K and {b} on Plex"


@pytest.mark.parametrize(
    ("case", "want"),
    [
        ({"departed": Departure(frozenset({"Films"}), is_ours=True)}, ([], ("away:b",))),
        ({"departed": Departure(frozenset({"Films"}), is_believed=True)}, ([], ("foreign:b",))),
        ({"there": {**HD, "hdr": "hlg"}}, ([], ("foreign:b",))),
        ({"base": None}, ([], ())),
        ({"removals": {}}, ([], ())),
        ({"removals": {"plays": "propagate"}}, ([], ())),
    ],
)
def test_everything_else_stays(case: dict[str, Any], want: Any) -> None:
    assert told(compared(**case)) == want


def test_what_neither_side_has_any_more_is_forgotten_so_that_a_file_that_comes_back_is_news() -> None:
    group = ValueGroup(COLLECTION, "k", "H", "movie", None, None, (HD, HD), a_gone=True, b_gone=True, departed=GONE)
    assert compare_value(group, policy()) == ComparedValue(agreed=None)


@pytest.mark.parametrize(
    ("library", "away"),
    [
        (LibraryStand(), True),
        (LibraryStand(0, 1), True),
        (LibraryStand(99, 1, EARLY), False),
        (LibraryStand(99, 1, LATE), True),
        (LibraryStand(90, 10, EARLY), False),
        (LibraryStand(89, 11, EARLY), True),
        (LibraryStand(2, 1, EARLY), False),
        (LibraryStand(1, 2, EARLY), True),
    ],
)
def test_a_library_that_is_away(library: LibraryStand, away: bool) -> None:
    assert is_away(library, NOW, 10) is away


def test_with_no_removals_allowed_every_library_is_away() -> None:
    assert is_away(LibraryStand(99, 1, EARLY), NOW, 0)


stands = st.builds(LibraryStand, st.integers(0, 9), st.integers(0, 9), st.none() | st.datetimes(timezones=st.just(UTC)))


@given(st.lists(stands, max_size=5), st.randoms())
def test_what_is_told_of_one_library_is_put_together_in_any_order(found: list[LibraryStand], dice: Any) -> None:
    first = together(found)
    dice.shuffle(found)
    assert together(found) == first
    assert first.there == sum(one.there for one in found)


@given(st.integers(0, 500), st.integers(0, 500), st.floats(0, 100))
def test_the_more_a_library_has_lost_the_less_it_is_believed(there: int, lost: int, percent: float) -> None:
    if is_away(LibraryStand(there, lost, EARLY), NOW, percent):
        assert is_away(LibraryStand(there, lost + there + 10, EARLY), NOW, percent)


def test_an_entry_is_ours_while_it_has_the_time_that_we_gave_it_or_that_of_the_write() -> None:
    entry = OwnEntry(EARLY, NOW)
    assert entry.is_still(EARLY.replace(second=0))
    assert entry.is_still(NOW + timedelta(seconds=3))
    assert entry.is_still(None)
    assert not entry.is_still(NOW + timedelta(days=2))
    assert OwnEntry(None, NOW).is_still(NOW)
