"""Lists that things leave by being watched: what explains an absence, and what is put on none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scrobbled.core.agreeing.guard import PlanFacts, PlanLimits, refused
from scrobbled.core.agreeing.ledger import KnownViewing, Policy, ValueGroup
from scrobbled.core.agreeing.listed import compare_listed, is_left_by_watching
from scrobbled.core.agreeing.plan import Change, Plan
from scrobbled.core.records import ValueRecord, ViewingsKept

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
BOTH = ({}, {})
POLICY = Policy(removals={"watchlist": "propagate"}, keeps=(ViewingsKept.SEEN, ViewingsKept.EVERY))


def group(a: bool, b: bool, **more: Any) -> ValueGroup:
    """Of a film, on side a a library, on neither list or on some of them; what is missing is gone for certain."""
    held = (ValueRecord("film", {}) if there else None for there in (a, b))
    return ValueGroup("watchlist", "movie:tmdb:1", "Atlas (2019)", "movie", *held, a_gone=not a, b_gone=not b, **more)


def came_to(one: ValueGroup, policy: Policy = POLICY) -> tuple[list[tuple[str, str]], tuple[str, ...]]:
    found = compare_listed(one, policy)
    return [(change.side, change.action) for change in found.changes], found.left


def test_what_one_side_lists_the_other_gets() -> None:
    assert came_to(group(True, False)) == ([("b", "list")], ())
    assert came_to(group(False, True)) == ([("a", "list")], ())


@pytest.mark.parametrize("which", [0, 1])
def test_what_is_watched_on_either_side_is_put_nowhere(which: int) -> None:
    seen = KnownViewing(True, NOON)
    viewings = (seen, None) if which == 0 else (None, seen)
    assert came_to(group(True, False, viewings=viewings)) == ([], ("watched:a",))
    assert came_to(group(False, True, viewings=viewings)) == ([], ("watched:b",))


def test_a_viewing_that_was_removed_since_keeps_nothing_off_a_list() -> None:
    gone = KnownViewing(False, NOON)
    assert came_to(group(True, False, viewings=(None, gone))) == ([("b", "list")], ())


def test_what_a_person_took_off_leaves_the_other_side_also_a_library() -> None:
    told: dict[str, Any] = {"base": BOTH, "agreed_at": NOON}
    assert came_to(group(True, False, **told)) == ([("a", "unlist")], ())
    assert came_to(group(False, True, **told)) == ([("b", "unlist")], ())
    assert came_to(group(False, True, **told), Policy()) == ([], ())


@pytest.mark.parametrize(
    ("viewing", "explains"),
    [
        (None, False),
        (KnownViewing(True, NOON + HOUR), True),
        (KnownViewing(False, NOON + HOUR), True),
        (KnownViewing(True, NOON - timedelta(minutes=30)), True),
        (KnownViewing(True, NOON - timedelta(days=9)), False),
        (KnownViewing(True, NOON - timedelta(days=9), known_at=NOON - HOUR), False),
        (KnownViewing(True, NOON - timedelta(days=9), known_at=NOON + HOUR), True),
        (KnownViewing(True, None), True),
    ],
)
def test_a_viewing_since_both_had_it_explains_an_absence_and_an_older_one_does_not(
    viewing: KnownViewing | None, explains: bool
) -> None:
    assert is_left_by_watching(viewing, NOON) is explains
    expected = ([], ("left-watched:b",)) if explains else ([("b", "unlist")], ())
    assert came_to(group(False, True, base=BOTH, agreed_at=NOON, viewings=(viewing, None))) == expected


def test_a_viewing_on_the_side_that_still_lists_it_explains_nothing() -> None:
    viewings = (None, KnownViewing(True, NOON + HOUR))
    assert came_to(group(False, True, base=BOTH, agreed_at=NOON, viewings=viewings)) == ([("b", "unlist")], ())


def test_a_short_list_may_lose_all_that_a_person_took_off_and_a_long_one_may_not() -> None:
    facts = PlanFacts(first_contact=False, a={"watchlist": 1}, b={"watchlist": 40})
    one = Change("a", "unlist", "watchlist", "k", "Atlas")
    many = tuple(Change("b", "unlist", "watchlist", f"k{n}", "Atlas") for n in range(11))
    assert refused(Plan("anna", ("plex", "trakt"), (one,)), facts, PlanLimits()) == ""
    assert "11 of 40 titles of the watchlist on trakt would be removed" in refused(
        Plan("anna", ("plex", "trakt"), many), facts, PlanLimits()
    )
    assert refused(Plan("anna", ("plex", "trakt"), (one,)), facts, PlanLimits(removals_percent=0)) != ""
