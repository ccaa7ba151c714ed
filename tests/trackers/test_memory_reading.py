"""The reference tracker, read and changed as every tracker that can be, and the faults of reads that it offers."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from scrobbled.core.kinds import Kind, valued
from scrobbled.core.naming.ids import MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Movie
from scrobbled.core.records import DatePrecision, Subject
from scrobbled.trackers.base import Flag, Retime
from trackers.contract import EVENING, add, play_of
from trackers.memory.person import Person
from trackers.memory.records import key_of_subject
from trackers.memory.tracker import MemoryTracker, key_of
from trackers.plays_contract import EveryContract
from trackers.reading_contract import EveryBench, Mirror, amend, read
from trackers.value_contract import ValueContract

FILM = Movie("Harbour Atlas", 2019, MovieIds(tmdb=1399))
EPISODE = Episode("Harbour Lights", 1, 4, show_ids=ShowIds(tmdb=1399))
SHOW = Subject("elsewhere", "show", Episode("Harbour Lights", None, None, show_ids=ShowIds(tmdb=1399)))


def bench_of(tracker: MemoryTracker) -> EveryBench:
    person = Person(tracker)
    return EveryBench(
        tracker=tracker,
        item=EPISODE,
        other=FILM,
        show=SHOW,
        put=person.add,
        take=person.remove,
        give=person.give,
        lose_next_answer=tracker.lose_next_answer,
        go_down=tracker.go_down,
    )


class TestMemoryReading(EveryContract, ValueContract):
    @pytest.fixture(params=[kind.name for kind in valued()])
    def kind(self, request: pytest.FixtureRequest) -> Kind:
        found: Kind = request.param
        return found

    @pytest.fixture
    def bench(self) -> EveryBench:
        return bench_of(MemoryTracker())


@pytest.fixture
def tracker() -> MemoryTracker:
    return MemoryTracker()


@pytest.fixture
def person(tracker: MemoryTracker) -> Person:
    return Person(tracker)


async def test_a_person_may_know_the_day_or_nothing(tracker: MemoryTracker, person: Person) -> None:
    mirror = Mirror()
    noon = EVENING.replace(hour=12, minute=0, second=0)
    day, tick = person.add(FILM, noon, DatePrecision.DAY), person.add(EPISODE, None, made_at=EVENING)
    await read(bench_of(tracker), mirror)
    assert (mirror.records[day].at, mirror.records[day].kept) == (noon, DatePrecision.DAY)
    assert (mirror.records[tick].at, mirror.records[tick].kept) == (None, DatePrecision.NONE)
    assert mirror.records[tick].made_at == EVENING


async def test_what_a_person_writes_is_seen_and_survives(tracker: MemoryTracker, person: Person) -> None:
    mirror, bench = Mirror(), bench_of(tracker)
    play = person.add(FILM, EVENING)
    await read(bench, mirror)
    plain = mirror.records[play]
    person.edit(play, text="Wet, and wonderful.")
    await read(bench, mirror)
    written = mirror.records[play]
    assert (plain.personal, written.personal) == (False, True)
    assert plain.stamp != written.stamp
    address = await tracker.locate(FILM)
    await amend(bench, Flag(address, play, rewatch=True), Retime(address, play, EVENING + timedelta(days=1)))
    assert [kept.text for kept in tracker.plays] == ["Wet, and wonderful."]


async def test_an_edited_time_is_read_and_can_be_edited_back(tracker: MemoryTracker, person: Person) -> None:
    mirror, bench = Mirror(), bench_of(tracker)
    play = person.add(FILM, EVENING)
    await read(bench, mirror)
    for when in (EVENING + timedelta(hours=2), EVENING):
        person.edit(play, watched_at=when)
        await read(bench, mirror)
        assert mirror.records[play].at == when


async def test_a_short_read_is_news_and_leads_to_a_whole_one(tracker: MemoryTracker, person: Person) -> None:
    mirror, bench = Mirror(), bench_of(tracker)
    for hours in range(3):
        person.add(FILM, EVENING + timedelta(hours=hours))
    tracker.shorten_next_read(1)
    short = await read(bench, mirror)
    assert short.plays is not None
    assert (len(short.plays.records), short.plays.complete) == (1, False)
    await read(bench, mirror)
    assert len(mirror.records) == 3


async def test_a_short_read_may_also_lie(tracker: MemoryTracker, person: Person) -> None:
    mirror, bench = Mirror(), bench_of(tracker)
    person.add(FILM, EVENING)
    tracker.shorten_next_read(0, complete=True)
    empty = await read(bench, mirror)
    assert empty.plays is not None
    assert empty.plays.complete
    assert mirror.records == {}


async def test_frozen_reads_lag_behind(tracker: MemoryTracker, person: Person) -> None:
    mirror, bench = Mirror(), bench_of(tracker)
    tracker.freeze_reads()
    person.add(FILM, EVENING)
    await read(bench, mirror, full=True)
    assert mirror.records == {}
    tracker.thaw_reads()
    await read(bench, mirror)
    assert len(mirror.records) == 1


async def test_only_what_was_asked_for_is_told(tracker: MemoryTracker, person: Person) -> None:
    person.add(FILM, EVENING)
    person.rate(SHOW, 8, EVENING)
    reading = await tracker.read(frozenset({"ratings"}), {}, Mirror(), full=True)
    assert (reading.plays, len(reading.subjects)) == (None, 1)
    both = await tracker.read(tracker.can.reads, reading.cursor, Mirror(), full=False)
    assert both.plays is not None


async def test_a_play_of_what_nobody_named_is_left_out_and_counted(tracker: MemoryTracker) -> None:
    play = await play_of(tracker, FILM)
    await add(tracker, [play])
    tracker.subjects.clear()
    reading = await tracker.read(tracker.can.reads, {}, Mirror(), full=False)
    assert reading.plays is not None
    assert list(reading.plays.records) == []
    assert reading.skipped == {"play of an unknown item": 1}


def test_a_show_its_season_and_its_episode_have_keys_of_their_own() -> None:
    season = Subject("x", "season", replace(SHOW.item, season=1))
    keys = {key_of_subject(SHOW), key_of_subject(season), key_of(EPISODE), key_of(FILM)}
    assert len(keys) == 4
