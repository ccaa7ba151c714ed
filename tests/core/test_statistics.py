"""What was watched, in numbers: days of the house, streaks, how long, how often again."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrobbled.core.statistics import (
    Counted,
    DayCount,
    DaySpan,
    Length,
    PersonCount,
    Share,
    SourceCount,
    Streak,
    Stretch,
    ZoneOffset,
    daily,
    day_of,
    monthly,
    stretches,
    summed,
    weekly,
)

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kolkata", "UTC")
TODAY = date(2026, 11, 14)


def offset_of(zone: str) -> ZoneOffset:
    def offset(at: float) -> int:
        ahead = datetime.fromtimestamp(at, ZoneInfo(zone)).utcoffset()
        assert ahead is not None
        return int(ahead.total_seconds())

    return offset


def share(viewer: str = "anna", media: str = "episode", plays: int = 1, **more: int) -> Share:
    known = {"sorted": plays, "timed": plays, "ms": plays * 1_800_000, **more}
    return Share(viewer, "plex", media, plays, **known)  # type: ignore[arg-type]


def counted(*shares: Share, days: tuple[date, ...] = (), firsts: dict[str, int] | None = None) -> Counted:
    return Counted([DayCount(day, 1, 0) for day in days], [0] * 168, list(shares), firsts or {}, 0)


def days(*numbers: int) -> tuple[date, ...]:
    return tuple(date(2026, 11, number) for number in numbers)


@given(
    zone=st.sampled_from(ZONES),
    first=st.dates(date(1991, 1, 1), date(2036, 1, 1)),
    length=st.integers(1, 800),
    at=st.integers(-3 * 86_400, 803 * 86_400),
)
def test_a_moment_is_in_one_stretch_if_the_house_had_that_day_and_in_none_if_not(
    zone: str, first: date, length: int, at: int
) -> None:
    span = DaySpan(first, first + timedelta(days=length - 1))
    moment = int(datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp()) + at
    local = datetime.fromtimestamp(moment, ZoneInfo(zone))
    found = [one for one in stretches(span, offset_of(zone)) if one.start <= moment < one.end]
    assert len(found) == (span.first <= local.date() <= span.last)
    for one in found:
        shown = datetime.fromtimestamp(moment + one.offset, UTC)
        assert shown.replace(tzinfo=None) == local.replace(tzinfo=None)


def test_the_day_on_which_the_clock_is_put_back_has_twenty_five_hours() -> None:
    day = date(2026, 10, 25)
    begin = int(datetime(2026, 10, 24, 22, tzinfo=UTC).timestamp())
    assert stretches(DaySpan(day, day), offset_of("Europe/Berlin")) == [
        Stretch(begin, begin + 3 * 3600, 7200),
        Stretch(begin + 3 * 3600, begin + 25 * 3600, 3600),
    ]


def test_stretches_follow_on_one_another_and_end_with_the_second_in_which_the_clock_is_changed() -> None:
    offset = offset_of("Africa/Casablanca")
    found = stretches(DaySpan(date(2000, 1, 1), TODAY), offset)
    assert len(found) > 50
    assert all(one.end == later.start for one, later in pairwise(found))
    assert all(offset(one.start) == offset(one.end - 1) == one.offset for one in found)


def test_no_stretch_is_empty_where_the_clock_is_put_back_to_midnight() -> None:
    day = date(2026, 10, 31)
    begin = int(datetime(2026, 10, 31, 4, tzinfo=UTC).timestamp())
    assert stretches(DaySpan(day, day), offset_of("America/Havana")) == [Stretch(begin, begin + 86_400, -4 * 3600)]


def test_days_are_counted_from_1970() -> None:
    assert (day_of(0), day_of(20_771)) == (date(1970, 1, 1), date(2026, 11, 14))


def test_what_has_no_length_is_as_long_as_the_others_of_its_kind() -> None:
    shares = [share(plays=3, timed=2, ms=2 * 1_800_000), share(media="movie", plays=2, timed=1, ms=6_000_000)]
    assert summed(counted(*shares), TODAY).length == Length(3 * 30 + 2 * 100, 2)


def test_where_no_length_is_known_the_usual_one_is_taken() -> None:
    shares = [share(plays=2, timed=0, ms=0), share(media="movie", timed=0, ms=0)]
    assert summed(counted(*shares), TODAY).length == Length(2 * 42 + 110, 3)


def test_thousands_of_hours_are_told_to_the_minute() -> None:
    assert summed(counted(share(plays=10_000, timed=0, ms=0)), TODAY).length == Length(420_000, 10_000)
    assert summed(counted(share(plays=10_000, ms=10_000 * 2_520_000)), TODAY).length == Length(420_000, 0)


def test_the_average_is_that_of_all_people() -> None:
    shares = [share("anna", plays=2, timed=0, ms=0), share("ben", plays=1, ms=3_600_000)]
    people = {person.viewer: person.length for person in summed(counted(*shares), TODAY).people}
    assert people == {"anna": Length(120, 2), "ben": Length(60, 0)}


def test_what_was_watched_before_is_watched_again() -> None:
    shares = [share("anna", plays=5, sorted=4), share("ben", "movie", plays=2)]
    sums = summed(counted(*shares, firsts={"anna": 3, "ben": 2}), TODAY)
    assert sums.rewatches == 1
    assert sums.people == [
        PersonCount("anna", 5, films=0, episodes=5, rewatches=1, length=Length(150, 0)),
        PersonCount("ben", 2, films=2, episodes=0, rewatches=0, length=Length(60, 0)),
    ]
    assert (sums.plays, sums.episodes, sums.films) == (7, 5, 2)


def test_who_watched_nothing_new_watched_all_of_it_again() -> None:
    assert summed(counted(share(plays=5)), TODAY).rewatches == 5


def test_people_and_sources_with_most_plays_come_first_and_equals_by_name() -> None:
    shares = [share("cleo", plays=1), share("anna", plays=1), share("ben", plays=3)]
    shares += [Share("anna", source, "episode", plays, 9, 9, 1) for source, plays in (("kodi", 2), ("emby", 2))]
    shares.append(Share("cleo", "tautulli", "episode", 9, 9, 9, 1))
    sums = summed(counted(*shares), TODAY)
    assert [(one.viewer, one.plays) for one in sums.people] == [("cleo", 10), ("anna", 5), ("ben", 3)]
    assert sums.sources == [SourceCount(*one) for one in (("tautulli", 9), ("plex", 5), ("emby", 2), ("kodi", 2))]
    equals = summed(counted(share("ben"), share("anna")), TODAY)
    assert [one.viewer for one in equals.people] == ["anna", "ben"]


@pytest.mark.parametrize(
    ("watched", "longest", "current"),
    [
        (days(), None, None),
        (days(1), Streak(*days(1, 1), 1), None),
        (days(1, 2, 3, 9, 10), Streak(*days(1, 3), 3), None),
        (days(1, 3, 5), Streak(*days(5, 5), 1), None),
        (days(1, 2, 12, 13), Streak(*days(12, 13), 2), Streak(*days(12, 13), 2)),
        (days(12, 13, 14), Streak(*days(12, 14), 3), Streak(*days(12, 14), 3)),
        (days(11, 12), Streak(*days(11, 12), 2), None),
    ],
)
def test_streaks(watched: tuple[date, ...], longest: Streak | None, current: Streak | None) -> None:
    sums = summed(counted(days=watched), TODAY)
    assert (sums.longest, sums.current) == (longest, current)


def test_hours_of_the_day_and_days_of_the_week_are_two_sides_of_the_same() -> None:
    sums = summed(Counted([], [100 * (n // 24) + n % 24 for n in range(168)], [], {}, 0), TODAY)
    assert sums.hours == [2100 + 7 * hour for hour in range(24)]
    assert sums.weekdays == [2400 * day + 276 for day in range(7)]


def test_days_of_one_week_are_counted_together() -> None:
    found = weekly([DayCount(date(2026, 11, 9), 2, 1), DayCount(date(2026, 11, 14), 3, 2)], DaySpan(TODAY, TODAY))
    assert found == [DayCount(date(2026, 11, 9), 5, 3)]


def test_weeks_begin_on_monday_and_none_is_left_out() -> None:
    found = weekly(
        [DayCount(date(2026, 1, 1), 2, 1), DayCount(date(2026, 1, 18), 1, 0)], DaySpan(date(2026, 1, 1), TODAY)
    )
    assert found[:3] == [
        DayCount(date(2025, 12, 29), 2, 1),
        DayCount(date(2026, 1, 5), 0, 0),
        DayCount(date(2026, 1, 12), 1, 0),
    ]
    assert found[-1].day == date(2026, 11, 9)


def test_months_and_days_are_told_without_gaps() -> None:
    span = DaySpan(date(2025, 11, 20), date(2026, 2, 3))
    told = [DayCount(date(2025, 12, 31), 2, 0), DayCount(date(2026, 2, 1), 1, 1)]
    assert monthly(told, span) == [
        DayCount(date(2025, 11, 1), 0, 0),
        DayCount(date(2025, 12, 1), 2, 0),
        DayCount(date(2026, 1, 1), 0, 0),
        DayCount(date(2026, 2, 1), 1, 1),
    ]
    each = daily(told, span)
    assert len(each) == span.days
    assert sum(one.plays for one in each) == 3
