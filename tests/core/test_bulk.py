"""Plays of one moment, beside a plain reading of what makes them bulk."""

from datetime import UTC, datetime, timedelta
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrobbled.core.agreeing.bulk import TimedPlay, in_bulk

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MANY = 20


def plays(*seconds: float, runtime: int | None = 2_700) -> list[TimedPlay]:
    return [TimedPlay(f"p{n}", NOON + timedelta(seconds=at), runtime) for n, at in enumerate(seconds)]


def plainly(given_: list[TimedPlay]) -> frozenset[str]:
    """By the sentences alone: twenty within less than a minute; a row that lasts less than half of what it takes."""
    ordered = sorted(given_, key=lambda one: (one.at, one.id))
    found = set()
    for n in range(len(ordered)):
        within = [one.id for one in ordered[n:] if one.at - ordered[n].at < timedelta(minutes=1)]
        found |= set(within) if len(within) >= MANY else set()
    row = 0
    rows = []
    for n, one in enumerate(ordered):
        if n and one.at - ordered[n - 1].at > max(timedelta(minutes=10), timedelta(seconds=(one.runtime or 2_700) / 2)):
            row += 1
        rows.append((row, one))
    for _, members in groupby(rows, key=lambda pair: pair[0]):
        some = [one for _, one in members]
        wants = sum(one.runtime or 2_700 for one in some)
        if len(some) >= MANY and wants > 2 * (some[-1].at - some[0].at).total_seconds():
            found |= {one.id for one in some}
    return frozenset(found)


@given(
    st.lists(st.sampled_from([0, 0, 0, 1, 3, 20, 59, 60, 61, 599, 600, 601, 1_349, 1_350, 1_351, 5_000]), max_size=70),
    st.lists(st.sampled_from([None, 60, 1_200, 2_700]), min_size=70, max_size=70),
    st.randoms(use_true_random=False),
)
def test_bulk_is_what_the_plain_reading_says(steps: list[int], runtimes: list[int | None], dice: object) -> None:
    at, made = 0, []
    for n, step in enumerate(steps):
        at += step
        made.append(TimedPlay(f"p{n:02}", NOON + timedelta(seconds=at), runtimes[n]))
    mixed = sorted(made, key=lambda one: dice.random())  # type: ignore[attr-defined]
    assert in_bulk(mixed) == plainly(made)


@pytest.mark.parametrize(
    ("times", "runtime", "bulk"),
    [
        ([0] * MANY, 1, True),
        ([0] * (MANY - 1), 1, False),
        ([*([0] * (MANY - 1)), 59.9], 1, True),
        ([*([0] * (MANY - 1)), 60], 1, False),
        ([n * 600 for n in range(MANY)], 600, False),
        ([n * 600 for n in range(MANY)], 1_140, False),
        ([n * 600 for n in range(MANY)], 1_141, True),
        ([n * 601 for n in range(MANY)], 1_200, False),
        ([n * 601 for n in range(MANY)], 1_202, True),
        ([n * 1_350 for n in range(MANY)], None, True),
        ([n * 1_351 for n in range(MANY)], None, False),
        ([n * 600 for n in range(MANY - 1)], 2_700, False),
        ([], None, False),
    ],
)
def test_twenty_of_a_minute_or_of_a_row_that_is_far_too_short_are_bulk(
    times: list[float], runtime: int | None, bulk: bool
) -> None:
    made = plays(*times, runtime=runtime)
    expected = {one.id for one in made} if bulk else set()
    assert in_bulk(made) == in_bulk(reversed(made)) == plainly(made) == expected


def test_a_row_beside_one_that_is_bulk_is_judged_by_itself() -> None:
    bulk, evening = plays(*(n * 100 for n in range(MANY))), plays(*(100_000 + n * 2_700 for n in range(MANY)))
    later = [TimedPlay(f"q{n}", one.at) for n, one in enumerate(evening)]
    after = [TimedPlay(f"r{n}", one.at + timedelta(days=9)) for n, one in enumerate(bulk)]
    for many, found in (([*bulk, *later], bulk), ([*later, *bulk, *after], [*bulk, *after]), (later, [])):
        assert in_bulk(many) == plainly(many) == {one.id for one in found}


@pytest.mark.parametrize("count", [MANY - 1, MANY, MANY + 1, MANY + 2])
def test_what_came_at_once_at_the_end_of_a_slow_row_is_bulk_by_itself(count: int) -> None:
    made = plays(*(n * 600 for n in range(MANY)), *([MANY * 600] * count), runtime=60)
    assert in_bulk(made) == {one.id for one in made[MANY:] if count >= MANY}
