"""Which points a set of plays means, and what changes between two sets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from scrobbled.core.charts import days
from scrobbled.core.charts.days import ChartDay, DayEntry
from scrobbled.core.charts.placing import ChartEntry, ChartPlace, Surroundings, day_number, entries
from scrobbled.core.charts.plan import changes, days_of
from scrobbled.core.charts.plays import ChartPlay, flagged, left_out, number_of, watch_point
from scrobbled.core.charts.points import EVENT, SECOND, ChartPoint, tags_of, tombstone
from scrobbled.core.naming.ids import EpisodeIds, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Movie

NOW = datetime(2026, 11, 25, 20, tzinfo=UTC)
FILM = Movie("Neap", 2019, MovieIds(tmdb=7, trakt=70))
EPISODE = Episode("Harbour Lights", 0, 4, None, 2020, ShowIds(trakt=8), EpisodeIds(trakt=9))


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def play(id_: int, when: int | None, item: Movie | Episode = FILM, minutes: float | None = 100.0) -> ChartPlay:
    return ChartPlay(str(id_), id_, when, item, "trakt", NOW, minutes)


def around(zone: str = "UTC", taken: frozenset[ChartPlace] = frozenset()) -> Surroundings:
    return Surroundings(ZoneInfo(zone), NOW.timestamp(), taken.__contains__)


def test_a_point_has_what_trakt_trackers_had_and_the_ids_of_tmdb_beside_it() -> None:
    entry = entries("m70", [play(5, at("2026-11-24T20:15:00Z"))], {}, around())["5"]
    assert entry.place
    assert watch_point(play(5, entry.at), entry.place.tags, entry.place.at) == ChartPoint(
        EVENT,
        (("is_rewatch", "false"), ("media_type", "movie"), ("source", "trakt")),
        {
            "history_id": 5,
            "runtime_min": 100.0,
            "trakt_id": 70,
            "tmdb_id": 7,
            "title": "Neap",
            "year": 2019,
            "ingested_at": "2026-11-25T20:00:00Z",
        },
        at("2026-11-24T20:15:00Z") * SECOND + 5,
    )


def test_an_episode_without_a_title_has_one_all_the_same_and_a_special_keeps_its_season() -> None:
    fields = watch_point(play(5, 0, EPISODE, None), (), 0).fields
    assert fields["title"] == "Harbour Lights S0 E4"
    assert (fields["show_title"], fields["season_number"], fields["episode_number"]) == ("Harbour Lights", 0, 4)
    assert (fields["year"], fields["show_trakt_id"], "runtime_min" in fields) == (2020, 8, False)


def test_no_value_breaks_a_line_and_an_empty_tag_is_left_out() -> None:
    assert tags_of(viewer="an\r\nna\x00", source="", a="x") == (("a", "x"), ("viewer", "an na"))
    fields = watch_point(play(5, 0, Movie("A\nB\t\\", None)), (), 0).fields
    assert fields["title"] == "A B \\"


def test_where_nothing_is_deleted_a_field_says_that_it_is_gone() -> None:
    place = ChartPlace(7, "movie", "trakt", rewatch=True, viewer="anna")
    assert tombstone(place.span) == ChartPoint(EVENT, place.tags, {"removed": True}, 7)


def test_two_plays_of_one_moment_are_two_points_and_each_keeps_its_own() -> None:
    when = at("2026-11-24T20:15:00Z")
    first, second = play(1, when), play(1 + SECOND, when, replace(FILM, title="Ebb"))
    one = entries("a", [first], {}, around())
    taken = frozenset(entry.place for entry in one.values() if entry.place)
    other = entries("b", [second], {}, around(taken=taken))
    place = other[second.id].place
    assert place
    assert place.at == when * SECOND + 2
    assert entries("b", [second], other, around()) == other, "although its first choice is free by now"


def test_a_rewatch_is_told_by_time_then_by_number_and_one_without_date_is_earlier_than_all() -> None:
    early, late, undated = play(9, 1_000), play(3, 2_000), play(5, None)
    assert [(one.id, again) for one, again in flagged([late, early])] == [("9", False), ("3", True)]
    assert [again for _, again in flagged([late, undated, early])] == [False, True, True]
    assert [one.id for one, _ in flagged([play(9, 1_000), play(3, 1_000)])] == ["3", "9"]


@pytest.mark.parametrize(
    ("when", "why"),
    [
        (None, "no-date"),
        (at("1899-12-31T23:59:59Z"), "too-old"),
        (at("1900-01-01T00:00:00Z"), ""),
        (int(NOW.timestamp()) + 900, ""),
        (int(NOW.timestamp()) + 901, "future"),
    ],
)
def test_what_has_no_date_that_can_be_believed_is_no_point(when: int | None, why: str) -> None:
    assert left_out(play(1, when), NOW.timestamp()) == why


def test_a_database_that_begins_in_1970_leaves_out_what_is_older() -> None:
    surroundings = replace(around(), earliest=0)
    assert entries("a", [play(1, -1)], {}, surroundings)["1"] == ChartEntry("1", "a", -1, None, "too-old")


@pytest.mark.parametrize(
    ("zone", "moment", "date"),
    [
        ("Europe/Berlin", "2026-03-28T23:30:00Z", "2026-03-29"),
        ("Europe/Berlin", "2026-10-25T22:59:59Z", "2026-10-25"),
        ("Europe/Berlin", "2026-10-25T23:00:00Z", "2026-10-26"),
        ("Pacific/Kiritimati", "2026-01-01T10:00:00Z", "2026-01-02"),
        ("Pacific/Pago_Pago", "2026-01-01T10:59:59Z", "2025-12-31"),
        ("Asia/Kolkata", "2026-01-01T18:30:00Z", "2026-01-02"),
    ],
)
def test_a_day_is_the_date_that_the_calendar_shows_there(zone: str, moment: str, date: str) -> None:
    number = day_number(at(moment), ZoneInfo(zone))
    assert (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=number)).date().isoformat() == date


def test_a_day_is_written_at_midnight_of_its_date_in_all_three_kinds() -> None:
    counted = [
        DayEntry("a", "movie", rewatch=False, minutes=100.0),
        DayEntry("a", "movie", rewatch=True),
        DayEntry("a", "episode", rewatch=True),
    ]
    whole, films, episodes = days.points(ChartDay(20_000), counted)
    assert (whole.measurement, whole.at, dict(whole.tags)) == (
        "watch_daily",
        20_000 * 86_400 * SECOND,
        {"media_type": "all"},
    )
    assert whole.fields == {
        "events_count": 3,
        "unique_titles_count": 2,
        "watch_minutes_total": 100.0,
        "rewatch_events_count": 2,
        "first_watch_events_count": 1,
        "unknown_runtime_count": 2,
        "watch_minutes_estimated": 252.0,
    }
    assert (films.fields["events_count"], episodes.fields["watch_minutes_estimated"]) == (2, 42)


def test_an_empty_day_says_so_with_types_as_ever() -> None:
    for point in days.points(ChartDay(1, utc=True), [], "anna"):
        assert point.measurement == "watch_daily_utc"
        assert dict(point.tags)["viewer"] == "anna"
        assert set(point.fields.values()) == {0}
        assert [name for name, value in point.fields.items() if isinstance(value, float)] == [
            "watch_minutes_total",
            "watch_minutes_estimated",
        ]


def test_numbers_of_records_are_their_ids_and_else_stay_the_same() -> None:
    assert number_of("12345678901") == 12_345_678_901
    assert number_of("diary:7") == number_of("diary:7") != number_of("diary:8")
    assert 0 <= number_of("9" * 40) < 2**53


_ITEMS = st.sampled_from([FILM, EPISODE])
_WHENS = st.one_of(st.none(), st.integers(at("2026-03-28T20:00:00Z"), at("2026-03-30T04:00:00Z")))
_PLAYS = st.dictionaries(st.integers(1, 12), st.tuples(_WHENS, _ITEMS, st.sampled_from([None, 40.0])), max_size=8)
_ZONES = st.sampled_from(["Europe/Berlin", "Asia/Kolkata", "Pacific/Kiritimati"])


def titled(plays: dict[int, tuple[int | None, Movie | Episode, float | None]]) -> dict[str, list[ChartPlay]]:
    found: dict[str, list[ChartPlay]] = {"movie": [], "episode": []}
    for id_, (when, item, minutes) in plays.items():
        found[item.media].append(play(id_, when, item, minutes))
    return found


def wanted(
    plays: dict[int, tuple[int | None, Movie | Episode, float | None]], booked: dict[str, ChartEntry], zone: str
) -> dict[str, ChartEntry]:
    found: dict[str, ChartEntry] = {}
    for title, those in titled(plays).items():
        found |= entries(title, those, booked, around(zone))
    return found


@given(st.lists(_PLAYS, min_size=1, max_size=6), _ZONES)
def test_after_any_changes_exactly_those_points_and_days_stand_that_a_calculation_from_scratch_gives(
    steps: list[dict[int, tuple[int | None, Movie | Episode, float | None]]], zone: str
) -> None:
    booked: dict[str, ChartEntry] = {}
    standing: set[ChartPlace] = set()
    days_there: dict[ChartDay, list[ChartEntry]] = {}
    for plays in steps:
        plan = changes(wanted(plays, booked, zone), booked)
        booked = {id_: entry for id_, entry in booked.items() if id_ not in plan.gone}
        booked |= {entry.id: entry for entry in plan.put}
        standing = standing.difference(plan.removed) | {
            entry.place for entry in plan.put if entry.id in plan.written and entry.place
        }
        for day in plan.days:
            days_there[day] = [entry for entry in booked.values() if day in days_of(entry)]
        scratch = wanted(plays, {}, zone)
        assert standing == {entry.place for entry in booked.values() if entry.place}
        assert {(one.id, one.place and one.place.tags) for one in booked.values()} == {
            (one.id, one.place and one.place.tags) for one in scratch.values()
        }
        assert {day: sorted(one.id for one in those) for day, those in days_there.items() if those} == _by_day(
            scratch
        ), "also of days that nothing of the last step is on"


def _by_day(all_of: dict[str, ChartEntry]) -> dict[ChartDay, list[str]]:
    found: dict[ChartDay, list[str]] = {}
    for entry in all_of.values():
        for day in days_of(entry):
            found.setdefault(day, []).append(entry.id)
    return {day: sorted(ids) for day, ids in found.items()}


@given(_PLAYS)
def test_what_did_not_change_is_not_written_again(
    plays: dict[int, tuple[int | None, Movie | Episode, float | None]],
) -> None:
    booked = wanted(plays, {}, "Europe/Berlin")
    assert not changes(wanted(plays, booked, "Europe/Berlin"), booked)
