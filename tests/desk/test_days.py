"""A day begins at midnight of the house, wherever the machine stands."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from scrobbled.desk.plays.asking import HistoryQuery, filters_of
from scrobbled.desk.plays.statistics import ahead

TOKYO, BERLIN = ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("2026-11-14", datetime(2026, 11, 13, 15, tzinfo=UTC)),
        ("2026-11-14T20:15", datetime(2026, 11, 14, 11, 15, tzinfo=UTC)),
        ("2026-11-14T20:15+00:00", datetime(2026, 11, 14, 20, 15, tzinfo=UTC)),
    ],
)
def test_what_is_looked_for_by_day_is_of_the_days_of_the_house(text: str, since: datetime) -> None:
    assert filters_of(HistoryQuery(since=text), TOKYO).since == since.timestamp()


def test_a_day_to_which_the_clock_is_changed_has_its_own_length() -> None:
    found = filters_of(HistoryQuery(since="2026-03-29", until="2026-03-29"), BERLIN)
    assert found.since is not None
    assert found.until is not None
    assert found.until - found.since == 23 * 3_600


def test_what_is_counted_by_day_goes_by_the_clock_as_it_was_then() -> None:
    summer, winter = (datetime.combine(date(2026, month, 1), datetime.min.time(), UTC) for month in (7, 1))
    assert (ahead(BERLIN, summer.timestamp()), ahead(BERLIN, winter.timestamp())) == (7_200, 3_600)
