"""What the state of a thing in a library says of viewings, beside a mark of ours."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from scrobbled.core.agreeing.ledger import HeldState, LeftMark
from scrobbled.core.agreeing.viewed import (
    CLOSE,
    MANY,
    SYNCED,
    TOGETHER,
    ViewedCopy,
    is_as_left,
    is_believable,
    is_echo,
    last_viewed,
    together,
    viewing,
)
from scrobbled.core.records import DatePrecision, PlayRecord

MARKED = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
BEFORE = MARKED - timedelta(days=3)
MARK = LeftMark(1, MARKED - timedelta(minutes=1), MARKED)
OURS, OLDER = ViewedCopy(1, MARKED), ViewedCopy(3, BEFORE)


@pytest.mark.parametrize(
    ("copies", "mark", "told"),
    [
        ([OURS, OLDER], None, OURS),
        ([OURS, OLDER], MARK, OLDER),
        ([OURS, ViewedCopy(1, BEFORE)], MARK, ViewedCopy(1, BEFORE)),
        ([OURS, ViewedCopy(4, None)], MARK, ViewedCopy(4, None)),
        ([OURS, OLDER, ViewedCopy(2, MARKED + CLOSE)], MARK, ViewedCopy(2, MARKED + CLOSE)),
        ([OURS, ViewedCopy(1, MARKED + CLOSE + timedelta(seconds=1))], MARK, None),
    ],
)
def test_one_that_only_has_our_mark_tells_nothing_beside_another(
    copies: list[ViewedCopy], mark: LeftMark | None, told: ViewedCopy | None
) -> None:
    for order in permutations(copies):
        assert last_viewed(order, mark, several=False) == (told or copies[-1])


def test_our_mark_that_another_server_tells_of_later_is_ours() -> None:
    later = ViewedCopy(1, MARKED + SYNCED)
    assert last_viewed([later, OLDER], MARK, several=True) == OLDER
    assert last_viewed([later, OLDER], MARK, several=False) == later


WATCHED, GAP, UNTIL = HeldState(1, BEFORE), timedelta(minutes=80), MARKED
TICK, SECOND = timedelta(microseconds=1), timedelta(seconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DATED = PlayRecord(f"watched:k@{int(BEFORE.timestamp())}", "k", BEFORE)
BARE = PlayRecord("watched:k", "k", None, DatePrecision.NONE)
MADE = replace(BARE, made_at=BEFORE)


def watched_at(at: datetime | None) -> list[PlayRecord]:
    return [PlayRecord("h1", "k", at)]


@pytest.mark.parametrize(
    ("state", "rows", "told"),
    [
        (WATCHED, [], DATED),
        (replace(WATCHED, count=0), [], None),
        (replace(WATCHED, at=UNTIL), [], replace(DATED, id=f"watched:k@{int(UNTIL.timestamp())}", at=UNTIL)),
        (replace(WATCHED, at=UNTIL + TICK), [], BARE),
        (replace(WATCHED, at=EPOCH), [], BARE),
        (replace(WATCHED, at=None), [], BARE),
        (replace(WATCHED, begun=True), [], BARE),
        (replace(WATCHED, is_bulk=True), [], MADE),
        (replace(WATCHED, is_bulk=True, at=UNTIL), [], replace(BARE, made_at=UNTIL)),
        (replace(WATCHED, is_bulk=True, at=UNTIL + TICK), [], BARE),
        (replace(WATCHED, is_bulk=True, at=EPOCH), [], BARE),
        (replace(WATCHED, is_bulk=True), watched_at(None), None),
        (WATCHED, watched_at(None), DATED),
        (WATCHED, watched_at(BEFORE), None),
        (WATCHED, watched_at(BEFORE - GAP + TICK), None),
        (WATCHED, watched_at(BEFORE - GAP), DATED),
        (replace(WATCHED, at=MARKED, mark=MARK), [], None),
        (replace(WATCHED, mark=MARK), [], DATED),
    ],
)
def test_a_state_adds_the_viewing_that_its_history_lacks(
    state: HeldState, rows: list[PlayRecord], told: PlayRecord | None
) -> None:
    assert viewing("k", state, rows, GAP, UNTIL) == told


def test_a_second_server_that_tells_of_our_mark_adds_none() -> None:
    state = HeldState(1, MARKED + SYNCED, mark=MARK)
    assert viewing("k", state, [], GAP, MARKED + SYNCED, several=True) is None
    assert viewing("k", state, [], GAP, MARKED + SYNCED) is not None


@pytest.mark.parametrize(
    ("change", "believed"),
    [({}, True), ({"begun": True}, False), ({"is_bulk": True}, False), ({"at": None}, False), ({"at": EPOCH}, False)],
)
def test_only_a_time_that_can_be_that_of_a_viewing_is_believed(change: dict[str, object], believed: bool) -> None:
    state = replace(WATCHED, **change)  # type: ignore[arg-type]
    assert is_believable(state, UNTIL) is believed
    assert not is_believable(state, BEFORE - TICK)


@pytest.mark.parametrize(
    ("mark", "state", "echo", "left"),
    [
        ({}, {}, True, True),
        ({}, {"at": MARKED + CLOSE}, True, True),
        ({}, {"at": MARKED - CLOSE}, True, True),
        ({}, {"at": MARKED + CLOSE + TICK}, False, False),
        ({}, {"at": MARKED - CLOSE - TICK}, False, False),
        ({}, {"count": 2}, False, False),
        ({"count": 2}, {"count": 2}, True, True),
        ({}, {"count": 0}, True, False),
        ({}, {"at": None}, False, False),
        ({"undone": True}, {}, False, False),
        ({"at": None}, {}, True, False),
        ({"at": None}, {"at": MARK.begun - CLOSE}, True, False),
        ({"at": None}, {"at": MARK.begun - CLOSE - TICK}, False, False),
        ({"at": None}, {"at": MARKED + SYNCED}, True, False),
    ],
)
def test_a_mark_of_ours_is_told_from_what_somebody_watched(
    mark: dict[str, object], state: dict[str, object], echo: bool, left: bool
) -> None:
    held = replace(HeldState(1, MARKED, mark=replace(MARK, **mark)), **state)  # type: ignore[arg-type]
    assert (is_echo(held, several=False), is_as_left(held)) == (echo, left)
    assert not is_echo(replace(held, mark=None), several=False)
    assert not is_as_left(replace(held, mark=None))


@pytest.mark.parametrize(
    ("after", "echo"),
    [(-CLOSE, True), (-CLOSE - TICK, False), (CLOSE + TICK, True), (SYNCED, True), (SYNCED + TICK, False)],
)
def test_other_servers_tell_of_our_mark_for_a_week(after: timedelta, echo: bool) -> None:
    assert is_echo(HeldState(1, MARKED + after, mark=MARK), several=True) is echo


def test_of_copies_without_a_time_any_that_has_one_is_the_last() -> None:
    never, once = ViewedCopy(1, None), ViewedCopy(1, BEFORE)
    for order in permutations([never, once]):
        assert last_viewed(order, None, several=False) == once


@given(st.lists(st.sampled_from([0.0, 1.0, 59.0, 119.0, 120.0, 120.5, 121.0, 300.0]), max_size=12), st.randoms())
def test_three_things_of_two_minutes_are_together(steps: list[float], dice: object) -> None:
    at, times = MARKED, []
    for n, step in enumerate(steps):
        at += timedelta(seconds=step)
        times.append((f"k{99 - n}", at))  # by their keys they stand the other way round
    alike = [{key for key, other in times if timedelta() <= other - first <= TOGETHER} for _, first in times]
    expected = set().union(*(keys for keys in alike if len(keys) >= MANY))
    assert together(sorted(times, key=lambda one: dice.random())) == expected  # type: ignore[attr-defined]
