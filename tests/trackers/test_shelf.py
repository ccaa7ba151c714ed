"""The library without a service, by what it keeps: with a history, and with nothing but its state, as the reference."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from conftest import FakeClock
from scrobbled.core.kinds import Kind, KindValue
from scrobbled.core.records import Subject, ViewingsKept
from trackers.contract import AccountBench, AccountContract
from trackers.library_contract import LastContract, SeenContract
from trackers.memory.records import key_of, key_of_subject
from trackers.plays_contract import PlaysContract
from trackers.reading_contract import LibraryBench
from trackers.shelf.tracker import CAN, ShelfTracker
from trackers.test_memory_reading import EPISODE, FILM, SHOW
from trackers.value_contract import ValueContract


def shelf(clock: FakeClock, keeps: ViewingsKept, *, history: bool) -> ShelfTracker:
    made = ShelfTracker(clock.now, can=replace(CAN, keeps=keeps), history=history)
    for subject in (SHOW, *(Subject("", item.media, item) for item in (EPISODE, FILM))):
        made.hold(replace(subject, places=("one/1",)))
    return made


def bench_of(clock: FakeClock, tracker: ShelfTracker) -> LibraryBench:
    def by_key(deed: Callable[..., Any]) -> Callable[..., Any]:
        return lambda item, *more: deed(key_of(item), *more)

    def give(kind: Kind, subject: Subject, value: KindValue | None) -> None:
        assert value is None or isinstance(value, int)
        tracker.rate(key_of_subject(subject), value)

    return LibraryBench(
        tracker=tracker,
        item=EPISODE,
        other=FILM,
        show=SHOW,
        put=by_key(tracker.watch),
        give=give,
        lose_next_answer=tracker.lose_next_answer,
        go_down=tracker.go_down,
        mark=by_key(tracker.mark),
        unmark=by_key(tracker.unmark),
        begin=by_key(tracker.begin),
        lose_file=by_key(tracker.take_away),
        copy=lambda item: tracker.copy(key_of(item), "one/2"),
        now=clock.now,
    )


class TestStateOnly(SeenContract, ValueContract):
    @pytest.fixture
    def bench(self, clock: FakeClock) -> LibraryBench:
        return bench_of(clock, shelf(clock, ViewingsKept.SEEN, history=False))


class TestWithHistory(SeenContract, PlaysContract, ValueContract):
    @pytest.fixture
    def bench(self, clock: FakeClock) -> LibraryBench:
        return bench_of(clock, shelf(clock, ViewingsKept.SEEN, history=True))


class TestLastTime(LastContract, ValueContract):
    @pytest.fixture
    def bench(self, clock: FakeClock) -> LibraryBench:
        return bench_of(clock, shelf(clock, ViewingsKept.LAST, history=False))


class TestAccount(AccountContract):
    @pytest.fixture
    def bench(self, clock: FakeClock) -> AccountBench:
        tracker = ShelfTracker(clock.now)
        return AccountBench(tracker, ShelfTracker(clock.now, has_account=False), tracker.go_down)
