"""The book of charts: after any changes, and whenever it is cut off, what was sent is what a calculation gives."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scrobbled.core.charts.days import ChartDay, DayEntry
from scrobbled.core.charts.days import points as points_of_day
from scrobbled.core.charts.placing import day_number
from scrobbled.core.charts.plays import flagged
from scrobbled.core.charts.points import ChartPoint, Span, Tags
from scrobbled.core.kinds import Scope
from scrobbled.core.naming.ids import EpisodeIds, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.records import PlayRecord, Subject
from scrobbled.core.watching.plays import Play
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.store.charts import book, exports, origins, waiting
from scrobbled.store.charts.exports import LEDGER, Charted, ChartWish
from scrobbled.store.file.opening import open_database
from scrobbled.store.inbox.events import Queued, add_play
from scrobbled.store.mirror import records, subjects
from scrobbled.store.mirror.records import GONE, ReadState
from scrobbled.store.works import works

NOW = datetime(2026, 3, 30, 12, tzinfo=UTC).timestamp()
ANNA = ("anna", "trakt")
BERLIN = ZoneInfo("Europe/Berlin")
FIRST = int(datetime(2026, 3, 28, 20, tzinfo=UTC).timestamp())
ITEMS: dict[str, tuple[Scope, Item]] = {
    "m1": ("movie", Movie("Neap", 2019, MovieIds(tmdb=1, trakt=1))),
    "e1": ("episode", Episode("Harbour", 1, 1, "Ebb", 2020, ShowIds(tmdb=9), EpisodeIds(trakt=1))),
    "e2": ("episode", Episode("Harbour", 1, 2, None, 2020, ShowIds(tmdb=9), EpisodeIds(trakt=2))),
}
Model = dict[int, tuple[str, int | None]]


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_database(tmp_path / "s.db")) as db:
        db.execute("PRAGMA synchronous = OFF")
        yield db


class Charts:
    """A database of charts, as the book brings it about."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db, self.points = db, dict[tuple[str, Tags, int], ChartPoint]()

    @property
    def charted(self) -> Charted:
        return exports.all_of(self.db, "influx")[0]

    def compare(self) -> None:
        if self.charted.origin != LEDGER:
            book.hear(self.db, self.charted)
        while book.catch_up(self.db, self.charted, BERLIN, NOW).more:
            pass

    def send(self, stop: int = 1_000) -> None:
        """``stop``: after so many requests nobody is there any more to book the last one."""
        for step in (self._clear, self._remove, self._write, self._count):
            stop = step(stop)
            if stop < 0:
                return

    def _clear(self, left: int) -> int:
        for tag in waiting.clears(self.db, "influx"):
            self.points = {key: one for key, one in self.points.items() if tag and ("viewer", tag) not in one.tags}
            waiting.cleared(self.db, "influx", tag)
        return left

    def _remove(self, left: int) -> int:
        while left >= 0 and (those := waiting.removals(self.db, "influx", 3)):
            for span in waiting.gathered(self.db, "influx", those):
                self.points = {key: one for key, one in self.points.items() if not within(one, span)}
            if (left := left - 1) >= 0:
                waiting.removed(self.db, "influx", those, overwritten=False)
        return left

    def _write(self, left: int) -> int:
        after = waiting.FIRST
        while left >= 0 and (page := waiting.points(self.db, self.charted, after, 2)).last:
            self._take([one.point for one in page.points])
            if (left := left - 1) >= 0:
                waiting.written(self.db, page.points)
            after = page.last
        return left

    def _count(self, left: int) -> int:
        while left >= 0 and (those := waiting.waiting_days(self.db, "influx", 3)):
            self._take([point for day in those for point in day.points])
            if (left := left - 1) >= 0:
                waiting.counted(self.db, "influx", those)
        return left

    def _take(self, points: list[ChartPoint]) -> None:
        self.points |= {(one.measurement, one.tags, one.at): one for one in points}


def within(point: ChartPoint, span: Span) -> bool:
    return point.measurement == span.measurement and point.tags == span.tags and span.first <= point.at <= span.last


def listed(db: sqlite3.Connection, plays: Model) -> None:
    """The account holds exactly these, as two complete reads in a row say."""
    state = records.state(db, ANNA)
    rev = state.rev + 1
    there = {one.record.id: one.record for one in records.page(db, ANNA, "", 1_000) if one.there}
    subjects.put(db, ANNA, [Subject(key, *of, runtime=1_800 if key == "e1" else None) for key, of in ITEMS.items()])
    told = [
        PlayRecord(str(id_), key, None if at is None else datetime.fromtimestamp(at, UTC))
        for id_, (key, at) in plays.items()
    ]
    records.put(db, ANNA, [one for one in told if there.get(one.id) != one], rev, NOW)
    records.miss(db, ANNA, there.keys() - {one.id for one in told}, rev, by=GONE)
    records.save_state(db, ANNA, ReadState({}, rev=rev, read_at=NOW, full_at=NOW))


def days_there(charts: Charts) -> dict[tuple[str, Tags, int], ChartPoint]:
    return {key: one for key, one in charts.points.items() if key[0] != "watch_event" and one.fields["events_count"]}


def wanted_days(plays: list[tuple[str, int, bool, float | None]]) -> dict[tuple[str, Tags, int], ChartPoint]:
    by_day: dict[ChartDay, list[DayEntry]] = {}
    for title, at, again, minutes in plays:
        one = DayEntry(title, ITEMS[title][1].media, again, minutes)
        for day in (ChartDay(day_number(at, BERLIN)), ChartDay(at // 86_400, utc=True)):
            by_day.setdefault(day, []).append(one)
    points = [point for day, those in by_day.items() for point in points_of_day(day, those)]
    return {(one.measurement, one.tags, one.at): one for one in points if one.fields["events_count"]}


def check(charts: Charts, plays: Model) -> None:
    found = {
        (one.fields["history_id"], dict(one.tags)["is_rewatch"], one.at // 10**9)
        for one in charts.points.values()
        if one.measurement == "watch_event"
    }
    told = origins.of_titles(charts.db, charts.charted, ITEMS.keys())
    flags = [
        (title, one, again) for title, those in told.items() for one, again in flagged(those) if one.at is not None
    ]
    assert {one.number for _, one, _ in flags} == {id_ for id_, (_, at) in plays.items() if at is not None}
    assert found == {(one.number, "true" if again else "false", one.at) for _, one, again in flags}
    expected = wanted_days([(title, one.at or 0, again, one.minutes) for title, one, again in flags])
    assert days_there(charts) == expected


_PLAYS = st.dictionaries(
    st.integers(1, 14),
    st.tuples(st.sampled_from(sorted(ITEMS)), st.one_of(st.none(), st.integers(FIRST, FIRST + 30 * 3_600))),
    max_size=14,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(_PLAYS, st.integers(0, 8)), min_size=1, max_size=6))
def test_whatever_an_account_holds_stands_there_also_where_each_run_is_cut_off(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[Model, int]]
) -> None:
    with closing(open_database(tmp_path_factory.mktemp("book") / "s.db")) as db:
        db.execute("PRAGMA synchronous = OFF")
        exports.settle(db, "influx", [ChartWish("anna", "trakt", "Europe/Berlin")], can_forget=True)
        charts = Charts(db)
        for plays, stop in steps:
            listed(db, plays)
            charts.compare()
            charts.send(stop)
        charts.send()
        check(charts, steps[-1][0])
        assert not waiting.is_waiting(db, "influx")


def anna(db: sqlite3.Connection, plays: Model, wish: ChartWish | None = None) -> Charts:
    exports.settle(db, "influx", [wish or ChartWish("anna", "trakt", "Europe/Berlin")], can_forget=True)
    listed(db, plays)
    charts = Charts(db)
    charts.compare()
    charts.send()
    return charts


def test_a_season_marked_in_one_second_is_as_many_points_as_episodes(db: sqlite3.Connection) -> None:
    season: Model = {7: ("e1", FIRST), 10**9: ("e1", FIRST), 10**9 + 1: ("e2", FIRST), 10**9 + 7: ("m1", FIRST)}
    charts = anna(db, season)
    assert len([one for one in charts.points.values() if one.measurement == "watch_event"]) == 4


def test_a_day_from_which_much_goes_keeps_the_rest(db: sqlite3.Connection) -> None:
    plays: Model = {id_: ("e1", FIRST + id_) for id_ in range(1, 40)}
    charts = anna(db, plays)
    left: Model = {id_: ("e1", FIRST + id_) for id_ in (1, 2, 3, 20, 39)}
    listed(db, left)
    charts.compare()
    spans = waiting.gathered(db, "influx", waiting.removals(db, "influx", 100))
    assert len(spans) == 1
    charts.send()
    check(charts, left)


def test_a_day_that_became_empty_says_so(db: sqlite3.Connection) -> None:
    charts = anna(db, {1: ("m1", FIRST)})
    listed(db, {})
    charts.compare()
    charts.send()
    zeros = [one for one in charts.points.values() if one.measurement != "watch_event"]
    assert [one.fields["events_count"] for one in zeros] == [0] * 6
    assert not [one for one in charts.points.values() if one.measurement == "watch_event"]


def test_what_changes_while_it_is_sent_is_sent_again(db: sqlite3.Connection) -> None:
    exports.settle(db, "influx", [ChartWish("anna", "trakt", "Europe/Berlin")], can_forget=True)
    listed(db, {1: ("m1", FIRST)})
    charts = Charts(db)
    charts.compare()
    page = waiting.points(db, charts.charted, waiting.FIRST)
    for plays in ({}, {1: ("m1", FIRST)}):
        listed(db, plays)  # type: ignore[arg-type]
        charts.compare()
    waiting.written(db, page.points)
    charts.send()
    check(charts, {1: ("m1", FIRST)})


def test_a_title_or_a_length_that_is_learnt_later_is_written(db: sqlite3.Connection) -> None:
    charts = anna(db, {1: ("e2", FIRST)})
    scope, item = ITEMS["e2"]
    assert isinstance(item, Episode)
    subjects.put(db, ANNA, [Subject("e2", scope, Episode("Harbour", 1, 2, "Flood", 2020, item.show_ids), 2_400)])
    charts.compare()
    charts.send()
    event = next(one for one in charts.points.values() if one.measurement == "watch_event")
    assert (event.fields["title"], event.fields["runtime_min"]) == ("Flood", 40.0)
    check(charts, {1: ("e2", FIRST)})


def test_an_account_that_was_forgotten_takes_nothing_away_until_it_is_read_again(db: sqlite3.Connection) -> None:
    charts = anna(db, {1: ("m1", FIRST)})
    records.forget(db, ANNA)
    book.hear(db, charts.charted)
    assert charts.charted.after == ""
    assert not book.may_pass(db, charts.charted)


def test_another_zone_or_a_tag_is_a_rebuild(db: sqlite3.Connection) -> None:
    charts = anna(db, {1: ("m1", FIRST)})
    exports.settle(db, "influx", [ChartWish("anna", "trakt", "Europe/Berlin", "anna")], can_forget=True)
    charts.compare()
    charts.send()
    assert {dict(one.tags).get("viewer") for one in charts.points.values()} == {"anna"}


def test_where_nothing_is_deleted_what_comes_back_says_that_it_is_there(db: sqlite3.Connection) -> None:
    charts = anna(db, {1: ("m1", FIRST)})
    listed(db, {})
    charts.compare()
    waiting.removed(db, "influx", waiting.removals(db, "influx", 9), overwritten=True)
    listed(db, {1: ("m1", FIRST)})
    charts.compare()
    [one] = waiting.points(db, charts.charted, waiting.FIRST).points
    assert one.point.fields["removed"] is False


def test_after_a_backup_was_put_back_everything_is_cleared_and_written_again(db: sqlite3.Connection) -> None:
    charts = anna(db, {1: ("m1", FIRST)})
    stray = ChartPoint("watch_event", (), {"title": "of after the backup"}, 1)
    charts.points[stray.measurement, stray.tags, stray.at] = stray
    exports.restart_all(db)
    charts.compare()
    charts.send()
    check(charts, {1: ("m1", FIRST)})


def test_whoever_begins_anew_clears_what_is_there_first(db: sqlite3.Connection) -> None:
    anna(db, {1: ("m1", FIRST)})
    exports.clear_all(db)
    exports.clear_all(db)
    assert waiting.clears(db, "influx") == [""]


def played(db: sqlite3.Connection, at: int | None, item: Item, ms: int | None = None) -> int:
    when = None if at is None else datetime.fromtimestamp(at, UTC)
    play = Play("anna", "plex", item, when, duration_ms=ms)
    id_ = add_play(db, play, None, [Queued("trakt", PlayOutcome.QUEUED, "")], datetime.fromtimestamp(NOW, UTC))
    while works.catch_up(db):
        pass
    assert id_ is not None
    return id_


def test_our_own_ledger_follows_what_is_taken_back_and_what_its_works_are_called(db: sqlite3.Connection) -> None:
    exports.settle(db, "influx", [ChartWish("anna", LEDGER, "Europe/Berlin")], can_forget=True)
    charts = Charts(db)
    charts.compare()
    film = ITEMS["m1"][1]
    first, second = played(db, FIRST, film, 6_000_000), played(db, FIRST + 7_200, film)
    charts.compare()
    charts.send()
    events = {one.fields["history_id"]: one for one in charts.points.values() if one.measurement == "watch_event"}
    assert {id_: dict(one.tags)["is_rewatch"] for id_, one in events.items()} == {first: "false", second: "true"}
    assert {dict(one.tags)["source"] for one in events.values()} == {"plex"}
    assert events[second].fields["runtime_min"] == 100.0, "as the other one of the same film says"
    db.execute("UPDATE outbox SET state = 'undone' WHERE play_id = ?", (first,))
    charts.compare()
    charts.send()
    [event] = [one for one in charts.points.values() if one.measurement == "watch_event"]
    assert (event.fields["history_id"], dict(event.tags)["is_rewatch"]) == (second, "false")


def test_the_book_is_small(db: sqlite3.Connection) -> None:
    plays: Model = {10**10 + id_: ("e1", FIRST - 86_400 * 1_000 + id_ * 1_000) for id_ in range(5_000)}
    exports.settle(db, "influx", [ChartWish("anna", "trakt", "Europe/Berlin")], can_forget=True)
    db.execute("BEGIN")
    listed(db, plays)
    before = db.execute("PRAGMA page_count").fetchone()[0]
    Charts(db).compare()
    grown = (db.execute("PRAGMA page_count").fetchone()[0] - before) * 4_096
    assert grown * 2 < 2_000_000, "2 MB for 10,000 plays"
