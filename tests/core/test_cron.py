"""Five cron fields against a slow clock that is looked at every minute."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scrobbled.core.cron import Cron, next_after, parse

MINUTE = timedelta(minutes=1)
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Asia/Beirut",
    "America/Santiago",
)
"""Those whose clocks go by an hour, by half an hour, at midnight, and to the south."""
BEGIN, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")

Meant = tuple[str, frozenset[int]]
"""A field as it is written, and the numbers it stands for."""


def changes_of(zone: str) -> list[datetime]:
    """The hours in which its clock is changed, of two years."""
    hours = [BEGIN + timedelta(hours=n) for n in range((END - BEGIN) // timedelta(hours=1))]
    offsets = [hour.astimezone(ZoneInfo(zone)).utcoffset() for hour in hours]
    return [hour for hour, before, now in zip(hours[1:], offsets, offsets[1:], strict=False) if before != now]


CHANGES = {zone: changes_of(zone) or [BEGIN] for zone in ZONES}


def ranges(least: int, most: int, names: tuple[str, ...]) -> st.SearchStrategy[Meant]:
    """A number, a list, a range, or a range with steps; where there are names, by these."""

    def one(ends: list[int], step: int, form: str, named: bool) -> Meant:
        a, b = min(ends), max(ends)
        says = [names[n - least] if named and names else str(n) for n in (a, b)]
        if form == "list" or a == b:
            return ",".join(says), frozenset((a, b))
        return f"{says[0]}-{says[1]}" + ("" if step == 1 else f"/{step}"), frozenset(range(a, b + 1, step))

    ends = st.lists(st.integers(least, most), min_size=2, max_size=2)
    return st.builds(one, ends, st.integers(1, 20), st.sampled_from(["list", "range"]), st.booleans())


def field(least: int, most: int, names: tuple[str, ...] = ()) -> st.SearchStrategy[Meant]:
    whole = frozenset(range(least, most + 1))
    stars = st.integers(1, 12).map(lambda n: (f"*/{n}", frozenset(range(least, most + 1, n))))
    return st.one_of(st.just(("*", whole)), stars, ranges(least, most, names))


CRONS = st.tuples(field(0, 59), field(0, 23), field(1, 31), field(1, 12, MONTHS), field(0, 6, DAYS))
MOMENTS = st.one_of(
    st.datetimes(BEGIN.replace(tzinfo=None), END.replace(tzinfo=None), timezones=st.just(UTC)),
    st.integers(-26 * 3_600, 3 * 3_600),
)


def comes(meant: tuple[Meant, ...]) -> bool:
    """A month that it names has a day that it names; the 29th of February is left to a test of its own."""
    day, month, weekday = meant[2], meant[3], meant[4]
    least = min(day[1]) if day[0].startswith("*") or weekday[0].startswith("*") else 1
    return any(least <= (28 if n == 2 else 30 if n in (4, 6, 9, 11) else 31) for n in month[1])


def is_due(meant: tuple[Meant, ...], wall: datetime) -> bool:
    minute, hour, day, month, weekday = meant
    if wall.minute not in minute[1] or wall.hour not in hour[1] or wall.month not in month[1]:
        return False
    by_date, by_week = wall.day in day[1], wall.isoweekday() % 7 in weekday[1]
    both = day[0].startswith("*") or weekday[0].startswith("*")
    return by_date and by_week if both else by_date or by_week


def slowly(meant: tuple[Meant, ...], moment: datetime, zone: ZoneInfo, until: datetime) -> datetime | None:
    """Look at the clock each minute: what it has not shown before, or went past, is due now."""
    now = moment.replace(second=0, microsecond=0) - timedelta(hours=3)
    shown = now.astimezone(zone).replace(tzinfo=None)
    while now < until:
        now += MINUTE
        wall, due = now.astimezone(zone).replace(tzinfo=None), False
        while shown < wall:
            shown += MINUTE
            due = due or is_due(meant, shown)
        if due and now > moment:
            return now
    return None


@given(CRONS.filter(comes), st.sampled_from(ZONES), st.integers(0, 20), MOMENTS)
@example(
    (("30", frozenset({30})), ("2", frozenset({2})), *([("*", frozenset(range(32)))] * 3)), "Europe/Berlin", 0, -60
)
@example((("30", frozenset({30})), ("2", frozenset({2})), *([("*", frozenset(range(32)))] * 3)), "Europe/Berlin", 1, 60)
def test_it_is_due_when_a_clock_shows_it_or_goes_past_it(
    meant: tuple[Meant, ...], name: str, which: int, moment: datetime | int
) -> None:
    zone, changes = ZoneInfo(name), CHANGES[name]
    if isinstance(moment, int):
        moment = changes[which % len(changes)] + timedelta(seconds=moment)
    until = moment + timedelta(days=2)
    cron = parse(" ".join(text for text, _ in meant))
    found, expected = next_after(cron, moment, zone), slowly(meant, moment, zone, until)
    assert found > until if expected is None else found == expected


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("text", ["30 2 * * *", "0 0 * * *", "*/20 1 * * *"])
def test_it_is_due_on_each_day_of_two_years_and_once_each_time(zone: str, text: str) -> None:
    cron, at, days = parse(text), BEGIN, []
    while (at := next_after(cron, at, ZoneInfo(zone))) < END:
        days.append(at.astimezone(ZoneInfo(zone)).date())
    each = 3 if text.startswith("*/20") else 1
    assert max(map(days.count, set(days))) == each
    whole = sorted(set(days))
    assert all(later - earlier == timedelta(days=1) for earlier, later in pairwise(whole))


def test_what_the_clock_skips_is_due_right_after_and_what_it_shows_twice_only_once() -> None:
    berlin, cron = ZoneInfo("Europe/Berlin"), parse("30 2 * * *")
    spring = next_after(cron, datetime(2026, 3, 28, 12, tzinfo=UTC), berlin)
    assert spring == datetime(2026, 3, 29, 1, tzinfo=UTC), "three o'clock, which comes after two"
    autumn = next_after(cron, datetime(2026, 10, 24, 12, tzinfo=UTC), berlin)
    assert autumn == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert next_after(cron, autumn, berlin) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "like"),
    [
        ("0 5 * * 7", "0 5 * * sun"),
        ("0 5 * JAN,Mar Mon-Fri", "0 5 * 1,3 1-5"),
        ("5/20 4 * * *", "5,25,45 4 * * *"),
        ("  0   5 1 * * ", "0 5 1 * *"),
    ],
)
def test_the_same_can_be_written_in_two_ways(text: str, like: str) -> None:
    a, b = BEGIN, BEGIN
    for _ in range(50):
        a, b = next_after(parse(text), a, UTC), next_after(parse(like), b, UTC)
        assert a == b


@pytest.mark.parametrize("text", ["0 0 30 2 *", "0 0 31 4,6,sep *", "0 0 30 feb */2"])
def test_what_never_comes_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="never comes"):
        parse(text)


NOTHING = ("", "* * * *", "* * * * * *", "60 * * * *", "0 24 * * *", "0 0 0 * *", "0 0 * 13 *", "0 0 * * 8", "@daily")
NONSENSE = ("* * * * x", "*/0 * * * *", "5-3 * * * *", "0 24 30 2 *", f"{'1' * 5_000} * * * *", "½ * * * *")


@pytest.mark.parametrize("text", [*NOTHING, *NONSENSE])
def test_what_is_no_schedule_is_refused_with_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no schedule.*30 4 \* \* \*"):
        parse(text)


@given(st.text(st.sampled_from("0123456789*,-/LW# monfeb@"), max_size=40))
def test_whatever_is_typed_is_a_schedule_or_refused_in_words(text: str) -> None:
    try:
        cron = parse(text)
    except ValueError as error:
        said = str(error)
    else:
        said = cron.words if next_after(cron, BEGIN, UTC) > BEGIN else ""
    assert said


def test_the_last_days_of_leap_years_come() -> None:
    assert next_after(parse("0 0 29 2 *"), datetime(2025, 1, 1, tzinfo=UTC), UTC) == datetime(2028, 2, 29, tzinfo=UTC)


def test_it_is_told_in_words() -> None:
    assert parse("30 4 * * *") == Cron("30 4 * * *")
    assert parse("30 4 * * *").words == "at 04:30 every day"
