"""The state file of trakt-serializd-sync, and the writes that it lost."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from import_files import NOW, written

from scrobbled.core.errors import BadFile
from scrobbled.core.naming.ids import ShowIds
from scrobbled.core.naming.items import Episode
from scrobbled.core.records import DatePrecision, PlayRecord, Subject
from scrobbled.trackers.files import read_file
from scrobbled.trackers.files.hints import lost
from scrobbled.trackers.files.parsed import BelievedViewing, Parsed

EVENING = datetime(2026, 5, 3, 20, 31, tzinfo=UTC)


def state(folder: Path, sent: Any, given_up: Any = None, **more: Any) -> Parsed:
    content = {
        "version": 1,
        "last_sync": "2026-05-04T09:00:00.123456",
        "trakt": {"last_fetched_at": None, "last_watched_at": None, "last_rated_at": None},
        "serializd": {"last_fetched_at": None, "last_diary_at": None},
        "synced_activities": sent,
        "excluded_activities": given_up or {},
        "stats": {"total_syncs": 4, "errors": 0},
        **more,
    }
    return read_file(written(folder / "sync_state.json", json.dumps(content)), NOW)


def test_what_it_sent_and_what_it_gave_up_are_hints(tmp_path: Path) -> None:
    parsed = state(
        tmp_path, ["202020:2:4:2026-05-03", "202020:0:0:2026-05-04"], {"202020:3:1:2026-05-05": "no_tmdb_id"}
    )
    assert parsed.hints == (
        BelievedViewing(202020, 2, 4, date(2026, 5, 3)),
        BelievedViewing(202020, 0, 0, date(2026, 5, 4)),
        BelievedViewing(202020, 3, 1, date(2026, 5, 5), "no_tmdb_id"),
    )
    assert not parsed.plays


def test_entries_that_name_no_viewing_are_counted(tmp_path: Path) -> None:
    parsed = state(tmp_path, ["202020:2:4:2026-05-03", "None:1:1:2026-05-03", "202020:1:1:2026-02-31", 7])
    assert len(parsed.hints) == 1
    assert list(parsed.skipped.values()) == [3]


def test_what_stands_in_both_lists_was_sent(tmp_path: Path) -> None:
    key = "202020:2:4:2026-05-03"
    assert [hint.given_up for hint in state(tmp_path, [key, key], {key: "season missing"}).hints] == [""]


@pytest.mark.parametrize("kept", [0, 1, 20, 60, -1])
def test_a_damaged_state_is_an_error_and_never_an_empty_one(tmp_path: Path, kept: int) -> None:
    whole = json.dumps({"version": 1, "last_sync": None, "synced_activities": ["202020:2:4:2026-05-03"]})
    with pytest.raises(BadFile, match=r"is damaged.*Nothing was taken from it"):
        read_file(written(tmp_path / "sync_state.json", whole[:kept]), NOW)


def test_a_state_under_another_name_is_known_by_what_it_holds(tmp_path: Path) -> None:
    content = '{"synced_activities": ["202020:2:4:2026-05-03"]}'
    assert len(read_file(written(tmp_path / "old.json", content), NOW).hints) == 1


def test_a_state_of_another_version_or_without_its_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="version 2"):
        state(tmp_path, [], version=2)
    with pytest.raises(BadFile, match="synced_activities is missing"):
        state(tmp_path, None)


# What it lost


def subject(number: int, *, season: int = 2, show: int | None = 202020, key: str = "") -> Subject:
    item = Episode("Harbour", season, number, show_ids=ShowIds(tmdb=show))
    return Subject(key or f"k{season}-{number}", "episode", item)


def play(
    subject: Subject, at: datetime | None, *, id: str = "", kept: DatePrecision = DatePrecision.EXACT
) -> PlayRecord:
    return PlayRecord(id or f"{subject.key}-{at}", subject.key, at, kept)


def hint(number: int, day: int = 3, *, given_up: str = "") -> BelievedViewing:
    return BelievedViewing(202020, 2, number, date(2026, 5, day), given_up)


def by_key(*subjects: Subject) -> dict[str, Subject]:
    return {subject.key: subject for subject in subjects}


def test_a_viewing_that_never_arrived_is_found_on_the_side_that_lacks_it() -> None:
    one, two, three = subject(1), subject(2), subject(3)
    mirrored = subject(1, key="other-1")
    found = lost(
        [hint(1), hint(2), hint(3), hint(4)],
        [play(one, EVENING), play(two, EVENING)],
        by_key(one, two, three),
        [play(mirrored, EVENING), play(three, EVENING)],
        by_key(mirrored, three),
    )
    assert found.believed == 4
    assert (found.not_on_a, found.not_on_b, found.nowhere) == ((hint(3),), (hint(2),), (hint(4),))


def test_shows_are_told_by_the_title_that_either_side_knows() -> None:
    one, other = subject(1), subject(1, show=999, key="a")
    unknown = BelievedViewing(7, 1, 1, date(2026, 5, 3))
    found = lost([hint(1), unknown], [], by_key(other), [play(one, EVENING)], by_key(one))
    assert found.titles == {202020: "Harbour"}


@pytest.mark.parametrize(("hours", "there"), [(-37, False), (-36, True), (0, True), (36, True), (37, False)])
def test_a_day_reaches_a_day_and_a_half_around_its_noon(hours: int, there: bool) -> None:
    one = subject(1)
    at = datetime(2026, 5, 3, 12, tzinfo=UTC) + timedelta(hours=hours)
    found = lost([hint(1)], [play(one, at)], by_key(one), [], {})
    assert bool(found.not_on_b) is there


def test_one_record_answers_for_one_hint() -> None:
    one = subject(1)
    hints = [hint(1, 3), hint(1, 4), hint(1, 5)]
    times = [EVENING, EVENING + timedelta(days=2)]
    found = lost(hints, [play(one, at) for at in times], by_key(one), [], {})
    assert len(found.not_on_b) == 2
    assert len(found.nowhere) == 1


def test_a_tick_without_a_date_is_no_viewing_of_that_day() -> None:
    one = subject(1)
    ticked = play(one, EVENING, kept=DatePrecision.NONE)
    found = lost(
        [hint(1)], [play(one, EVENING)], by_key(one), [ticked, play(one, None, kept=DatePrecision.NONE)], by_key(one)
    )
    assert found.not_on_b == (hint(1),)


def test_other_shows_films_and_shows_without_a_tmdb_id_answer_for_nothing() -> None:
    others = [subject(1, show=999, key="a"), subject(1, show=None, key="b")]
    found = lost([hint(1)], [play(other, EVENING) for other in others], by_key(*others), [], {})
    assert found.nowhere == (hint(1),)


def test_what_was_given_up_and_stands_on_one_side_is_told_apart() -> None:
    one, two = subject(1), subject(2)
    hints = [hint(1, given_up="season_not_found"), hint(2, given_up="season_not_found"), hint(3, given_up="x")]
    found = lost(hints, [play(one, EVENING)], by_key(one), [play(two, EVENING)], by_key(two))
    assert (found.believed, found.given_up) == (0, 3)
    assert (found.given_up_on_a, found.given_up_on_b) == ((hints[0],), (hints[1],))
