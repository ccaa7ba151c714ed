"""The machine's zone as one of its own, so that a day in summer has the hours of summer."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from scrobbled.plumbing.zones import MACHINE


@pytest.fixture(params=["Europe/Berlin", "Australia/Lord_Howe", "UTC", "CET-1CEST,M3.5.0,M10.5.0/3"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ZoneInfo]:
    """Set for the machine; the last is one that stands in no list, and is Berlin's."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield ZoneInfo("Europe/Berlin" if "," in request.param else request.param)
    monkeypatch.undo()
    time.tzset()


def test_it_shows_what_a_clock_of_the_zone_shows_in_all_of_a_year(zone: ZoneInfo) -> None:
    for half_hours in range(365 * 48):
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=30) * half_hours
        here, there = at.astimezone(MACHINE), at.astimezone(zone)
        assert here.replace(tzinfo=None, fold=0) == there.replace(tzinfo=None, fold=0)
        assert (here.utcoffset(), here.fold) == (there.utcoffset(), there.fold)
        assert here.astimezone(UTC) == at


def test_what_a_clock_skips_is_told_by_the_time_before(zone: ZoneInfo) -> None:
    wall = datetime(2026, 3, 29, 2, 30)  # noqa: DTZ001 - what a clock on a wall would show
    assert wall.replace(tzinfo=MACHINE).astimezone(UTC) == wall.replace(tzinfo=zone).astimezone(UTC)
    assert wall.replace(tzinfo=MACHINE).tzname()
