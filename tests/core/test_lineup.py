"""Records of two sides are paired one to one, the same from either side, whatever the zone of whoever typed a day."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from scrobbled.core.agreeing import lineup
from scrobbled.core.agreeing.lineup import (
    LEAST,
    MANY,
    NO_DATE,
    SAME_DAY,
    SAME_MINUTE,
    SAME_VIEWING,
    Match,
    Moments,
    line_up,
    line_up_undated,
    rule_of,
    window,
)
from scrobbled.core.records import DatePrecision, PlayRecord

EVENING = datetime(2026, 11, 10, 20, 14, 37, tzinfo=UTC)
GAP = window(25 * 60, "episode")


def exact(id_: str, minutes: float = 0) -> PlayRecord:
    return PlayRecord(id_, "e", EVENING + timedelta(minutes=minutes))


def day(id_: str, at: datetime) -> PlayRecord:
    return PlayRecord(id_, "e", at, DatePrecision.DAY)


def undated(id_: str, made: int = 0) -> PlayRecord:
    return PlayRecord(id_, "e", None, DatePrecision.NONE, made_at=EVENING + timedelta(days=made))


def pairs(matches: Sequence[Match]) -> set[tuple[str, str, str]]:
    return {(match.a.id, match.b.id, match.rule) for match in matches}


@pytest.mark.parametrize(
    ("runtime", "media", "minutes"),
    [
        (25 * 60, "episode", 22.5),
        (120 * 60, "movie", 108),
        (5 * 60, "episode", 10),
        (None, "episode", 45),
        (None, "movie", 90),
        (0, "movie", 90),
    ],
)
def test_reports_of_one_viewing_lie_closer_together_than_a_second_viewing_could(runtime, media, minutes) -> None:
    assert window(runtime, media) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("apart", "rule"),
    [
        (0, SAME_MINUTE),
        (2, SAME_MINUTE),
        (-2, SAME_MINUTE),
        (2.1, SAME_VIEWING),
        (22.4, SAME_VIEWING),
        (-22.4, SAME_VIEWING),
        (22.5, None),
        (60, None),
    ],
)
def test_two_moments_pair_within_one_runtime(apart: float, rule: str | None) -> None:
    found = line_up([exact("a")], [exact("b", apart)], GAP)
    assert pairs(found) == ({("a", "b", rule)} if rule else set())


def test_two_viewings_an_hour_apart_stay_two() -> None:
    assert line_up([exact("a")], [exact("b", 60)], GAP) == []
    both = line_up([exact("a1"), exact("a2", 60)], [exact("b2", 61), exact("b1", 1)], GAP)
    assert pairs(both) == {("a1", "b1", SAME_MINUTE), ("a2", "b2", SAME_MINUTE)}


def test_the_stronger_rule_goes_first() -> None:
    found = line_up([exact("a1"), exact("a2", 20)], [exact("b1", 20), exact("b2", 40)], GAP)
    assert ("a2", "b1", SAME_MINUTE) in pairs(found)


def test_as_many_pair_as_can_and_those_even() -> None:
    """The closest pair alone would leave two strangers who both have a like."""
    found = line_up([exact("a1"), exact("a2", 29)], [exact("b1", 15), exact("b2", 50)], GAP)
    assert pairs(found) == {("a1", "b1", SAME_VIEWING), ("a2", "b2", SAME_VIEWING)}


def test_two_pairs_are_even_rather_than_one_close_and_one_far() -> None:
    mine, theirs = [exact("a1"), exact("a2", 15)], [exact("b1", -12), exact("b2", 3), exact("b3", 35)]
    assert pairs(line_up(mine, theirs, GAP)) == {("a1", "b1", SAME_VIEWING), ("a2", "b2", SAME_VIEWING)}


def test_the_closest_pair() -> None:
    assert pairs(line_up([exact("a1"), exact("a2", 20)], [exact("b", 5)], GAP)) == {("a1", "b", SAME_VIEWING)}
    assert pairs(line_up([exact("a1"), exact("a2", 20)], [exact("b", 15)], GAP)) == {("a2", "b", SAME_VIEWING)}


def test_a_chain_of_reports_pairs_only_what_is_close() -> None:
    found = line_up([exact("a1"), exact("a2", 20)], [exact("b1", 40), exact("b2", 60)], GAP)
    assert pairs(found) == {("a2", "b1", SAME_VIEWING)}


def test_several_pair_as_one_does_at_the_ends_of_their_reach() -> None:
    a = [exact("a1"), exact("a2", 60)]
    assert {rule for _, _, rule in pairs(line_up(a, [exact("b1", 2), exact("b2", 62)], GAP))} == {SAME_MINUTE}
    assert line_up(a, [exact("b1", 22.5), exact("b2", 82.5)], GAP) == []


def test_two_evenings_in_a_row_pair_with_their_days() -> None:
    """In London, typed as days: midnight of Tuesday is closer to Monday evening than midnight of Monday is."""
    monday, tuesday = datetime(2026, 11, 9, tzinfo=UTC), datetime(2026, 11, 10, tzinfo=UTC)
    evenings = [PlayRecord("mon", "e", monday + timedelta(hours=20)), PlayRecord("tue", "e", tuesday.replace(hour=20))]
    found = line_up(evenings, [day("dtue", tuesday), day("dmon", monday)], GAP)
    assert pairs(found) == {("mon", "dmon", SAME_DAY), ("tue", "dtue", SAME_DAY)}


def test_a_day_on_one_side_and_a_moment_on_the_other_go_before_two_days() -> None:
    noon = EVENING.replace(hour=12, minute=0, second=0)
    found = line_up([exact("a"), day("da", noon)], [day("db", noon + timedelta(minutes=9))], GAP)
    assert pairs(found) == {("a", "db", SAME_DAY)}


def test_two_days_of_one_side_are_two_viewings() -> None:
    noon = EVENING.replace(hour=12, minute=0, second=0)
    assert len(line_up([day("a1", noon), day("a2", noon)], [day("b", noon)], GAP)) == 1


def test_a_day_too_far_off_is_another_viewing() -> None:
    assert line_up([exact("a")], [day("b", EVENING + timedelta(hours=36, seconds=1))], GAP) == []
    assert pairs(line_up([exact("a")], [day("b", EVENING - timedelta(hours=36))], GAP)) == {("a", "b", SAME_DAY)}


def test_what_has_no_date_pairs_with_what_is_left() -> None:
    assert line_up([undated("a")], [exact("b")], GAP) == []
    assert pairs(line_up_undated([undated("a")], [exact("b2", 90), exact("b1")])) == {("a", "b1", NO_DATE)}
    assert pairs(line_up_undated([exact("a")], [undated("b")])) == {("a", "b", NO_DATE)}
    assert line_up_undated([exact("a")], [exact("b")]) == []


def test_of_records_without_a_date_the_one_that_was_made_first_comes_first() -> None:
    timeless = PlayRecord("b0", "e", None, DatePrecision.NONE)
    theirs = [timeless, undated("b1", 2), undated("b2", 1)]
    assert pairs(line_up_undated([undated("a")], theirs)) == {("a", "b2", NO_DATE)}
    assert pairs(line_up_undated([undated("a1"), undated("a2", 3)], theirs)) == {
        ("a1", "b2", NO_DATE),
        ("a2", "b1", NO_DATE),
    }


def test_what_has_no_date_pairs_first_with_its_like() -> None:
    found = line_up_undated([undated("a1"), undated("a2", 1)], [exact("b1"), undated("b2")])
    assert pairs(found) == {("a1", "b2", NO_DATE), ("a2", "b1", NO_DATE)}


def test_the_time_at_which_something_was_marked_is_no_date() -> None:
    marked = PlayRecord("a", "e", EVENING, DatePrecision.NONE)
    assert line_up([marked], [exact("b")], GAP) == []
    assert pairs(line_up_undated([marked], [exact("b")])) == {("a", "b", NO_DATE)}


def test_a_great_many_within_one_reach_pair_quickly() -> None:
    many = int(MANY**0.5) + 50
    a = [exact(f"a{n}", 5 * n) for n in range(many)]
    b = [exact(f"b{n}", 5 * n + 2.2) for n in range(many)]
    assert len(line_up(a, b, GAP)) == many


def test_near_is_nearer_than_the_gap() -> None:
    moments = Moments([EVENING, None])
    moments.add(EVENING + timedelta(hours=5))
    assert moments.has_near(EVENING + LEAST - timedelta(seconds=1), LEAST)
    assert moments.has_near(EVENING + timedelta(hours=5) - timedelta(minutes=9), LEAST)
    assert not moments.has_near(EVENING + LEAST, LEAST)
    assert not moments.has_near(None, LEAST)


instants = st.integers(0, 4 * 24 * 60).map(lambda minutes: EVENING + timedelta(minutes=minutes))
kinds = st.sampled_from([DatePrecision.EXACT, DatePrecision.EXACT, DatePrecision.DAY, DatePrecision.NONE])


@st.composite
def sides(draw: st.DrawFn, prefix: str) -> list[PlayRecord]:
    told = draw(st.lists(st.tuples(instants, kinds), max_size=7))
    return [PlayRecord(f"{prefix}{n}", "e", at, kept) for n, (at, kept) in enumerate(told)]


def all_rules(a: Sequence[PlayRecord], b: Sequence[PlayRecord]) -> list[Match]:
    """As a comparison does it: by date first, and what is left without one."""
    dated = line_up(a, b, GAP)
    mine, theirs = {match.a.id for match in dated}, {match.b.id for match in dated}
    return dated + line_up_undated([r for r in a if r.id not in mine], [r for r in b if r.id not in theirs])


@given(sides("a"), sides("b"))
def test_every_record_is_in_one_pair_at_most(a: list[PlayRecord], b: list[PlayRecord]) -> None:
    found = all_rules(a, b)
    assert len({match.a.id for match in found}) == len({match.b.id for match in found}) == len(found)
    assert all(match.rule in (NO_DATE, rule_of(match.a, match.b, GAP)) for match in found)


@given(sides("a"), sides("b"))
def test_neither_side_is_the_first(a: list[PlayRecord], b: list[PlayRecord]) -> None:
    there = {(match.a.at, match.a.kept, match.b.at, match.b.kept, match.rule) for match in all_rules(a, b)}
    back = {(match.b.at, match.b.kept, match.a.at, match.a.kept, match.rule) for match in all_rules(b, a)}
    assert there == back


@given(sides("a"), sides("b"), st.randoms(use_true_random=False))
def test_the_order_in_which_records_come_does_not_matter(a: list[PlayRecord], b: list[PlayRecord], dice) -> None:
    before = pairs(all_rules(a, b))
    dice.shuffle(a)
    dice.shuffle(b)
    assert pairs(all_rules(a, b)) == before


@given(sides("a"), sides("b"))
def test_no_two_are_left_that_could_pair(a: list[PlayRecord], b: list[PlayRecord]) -> None:
    found = all_rules(a, b)
    mine, theirs = {match.a.id for match in found}, {match.b.id for match in found}
    for x in (one for one in a if one.id not in mine):
        for y in (one for one in b if one.id not in theirs):
            assert not line_up([x], [y], GAP)
            assert not line_up_undated([x], [y])


@given(
    st.integers(0, 10**9).map(lambda seconds: EVENING - timedelta(seconds=seconds)),
    st.integers(-11 * 4, 14 * 4),
    st.sampled_from([time(0), time(12)]),
    st.booleans(),
)
def test_a_viewing_pairs_with_its_local_day_in_every_zone(at: datetime, quarters: int, hour: time, local: bool) -> None:
    """Typed at midnight or noon, of the person's zone or of UTC."""
    zone = timezone(timedelta(minutes=15 * quarters))
    typed = datetime.combine(at.astimezone(zone).date(), hour, zone if local else UTC).astimezone(UTC)
    found = line_up([PlayRecord("a", "e", at)], [PlayRecord("b", "e", typed, DatePrecision.DAY)], GAP)
    assert len(found) == 1


@given(st.integers(1, 30), st.integers(-11 * 4, 14 * 4), st.sampled_from([time(0), time(12)]), st.booleans())
def test_one_viewing_each_evening_pairs_with_one_day_each(
    evenings: int, quarters: int, hour: time, local: bool
) -> None:
    zone = timezone(timedelta(minutes=15 * quarters))
    watched = [exact(f"a{n}", 24 * 60 * n) for n in range(evenings)]
    typed = [
        day(f"b{n}", datetime.combine(one.at.astimezone(zone).date(), hour, zone if local else UTC).astimezone(UTC))
        for n, one in enumerate(watched)
        if one.at
    ]
    found = line_up(watched, typed, GAP)
    assert {(match.a.id[1:], match.b.id[1:]) for match in found} == {(str(n), str(n)) for n in range(evenings)}


hours = st.lists(st.integers(0, 400), max_size=12)


@given(hours, hours)
def test_the_quick_way_finds_as_many_pairs(a: list[int], b: list[int]) -> None:
    left, right = ([day(f"{n}", EVENING + timedelta(hours=hour)) for n, hour in enumerate(told)] for told in (a, b))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lineup, "MANY", 0)
        quick = line_up(left, right, GAP)
    assert len(quick) == len(line_up(left, right, GAP))
    assert all(line_up([match.a], [match.b], GAP) for match in quick)


@given(sides("a"))
def test_a_copy_pairs_with_what_it_was_copied_from(a: list[PlayRecord]) -> None:
    dated = [one for one in a if one.kept is not DatePrecision.NONE]
    copies = [replace(one, id=f"b{one.id}", kept=DatePrecision.EXACT) for one in dated]
    assert {(match.a.at, match.b.at) for match in line_up(dated, copies, GAP)} == {(one.at, one.at) for one in dated}
