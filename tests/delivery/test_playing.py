"""Showing at once what is playing: the newest word only, one request at a time, and never more than a courtesy."""

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from scrobbled.core.errors import TryLater
from scrobbled.core.naming.items import Item, Movie
from scrobbled.delivery.health import HealthState
from scrobbled.delivery.playing import PlayingTeller
from scrobbled.plumbing.redact import Redactor
from scrobbled.trackers.masked import Masked
from scrobbled.trackers.telling import TellsPlaying
from trackers.memory.tracker import CAN, MemoryTracker

FILM = Movie("Salt Flats", 2023)


SHOWS = replace(CAN, tells_playing=True)


@dataclass
class Showing(MemoryTracker):
    """Takes a while to show what it is told, until ``free`` is set."""

    can: Any = SHOWS
    shown: list[tuple[str, str, float]] = field(default_factory=list)
    free: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None
    under_way: int = 0
    most: int = 0

    @property
    def tells_playing(self) -> TellsPlaying:
        return self

    async def playing(self, action: str, item: Item, percent: float) -> None:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await self.free.wait()
        finally:
            self.under_way -= 1
        self.shown.append((action, item.label(), percent))
        if self.error is not None:
            raise self.error


def courier(tracker: MemoryTracker, state: HealthState = HealthState.OK) -> Any:
    return SimpleNamespace(
        tracker=Masked(tracker, Redactor(["hunter-seven"])), health=SimpleNamespace(report=SimpleNamespace(state=state))
    )


def test_only_the_newest_word_follows_the_one_under_way() -> None:
    async def steps() -> None:
        tracker = Showing()
        teller = PlayingTeller(lambda: {("anna", "trakt"): courier(tracker)})
        for percent in (1.0, 2.0, 3.0, 4.0):
            teller.tell(["anna"], "start", FILM, percent)
            await asyncio.sleep(0)
        teller.tell(["anna"], "pause", FILM, 5.0)
        tracker.free.set()
        await teller.settled()
        assert tracker.shown == [("start", "Salt Flats (2023)", 1.0), ("pause", "Salt Flats (2023)", 5.0)]
        assert tracker.most == 1

    asyncio.run(steps())


@pytest.mark.parametrize(
    ("action", "percent", "shown"),
    [
        ("start", 0.0, True),
        ("start", 79.9, True),
        ("start", 80.0, False),
        ("pause", 0.9, False),
        ("pause", 1.0, True),
        ("pause", 79.9, True),
        ("pause", 80.0, False),
        ("start", 100.0, False),
    ],
)
def test_nothing_is_shown_that_a_tracker_might_take_for_a_viewing(action: Any, percent: float, shown: bool) -> None:
    async def steps() -> None:
        tracker = Showing()
        tracker.free.set()
        teller = PlayingTeller(lambda: {("anna", "trakt"): courier(tracker)})
        teller.tell(["anna"], action, FILM, percent)
        await teller.settled()
        assert bool(tracker.shown) is shown

    asyncio.run(steps())


def test_in_a_pause_nothing_is_shown() -> None:
    async def steps() -> None:
        tracker = Showing()
        tracker.free.set()
        paused = True

        async def is_paused() -> bool:
            return paused

        teller = PlayingTeller(lambda: {("anna", "trakt"): courier(tracker)}, is_paused)
        teller.tell(["anna"], "start", FILM, 1.0)
        await teller.settled()
        assert not tracker.shown
        paused = False
        teller.tell(["anna"], "start", FILM, 2.0)
        await teller.settled()
        assert len(tracker.shown) == 1

    asyncio.run(steps())


def test_only_accounts_of_the_viewer_that_can_and_work_are_told() -> None:
    async def steps() -> None:
        trackers = [Showing() for _ in range(4)]
        for tracker in trackers:
            tracker.free.set()
        couriers = {
            ("anna", "trakt"): courier(trackers[0]),
            ("anna", "other"): courier(trackers[1], HealthState.NEW),
            ("anna", "stopped"): courier(trackers[2], HealthState.STOPPED),
            ("ben", "trakt"): courier(trackers[3]),
            ("anna", "memory"): courier(MemoryTracker()),
        }
        teller = PlayingTeller(lambda: couriers)
        teller.tell(["anna"], "start", FILM, 1.0)
        await teller.settled()
        assert [len(tracker.shown) for tracker in trackers] == [1, 1, 0, 0]

    asyncio.run(steps())


@pytest.mark.parametrize("error", [TryLater("no hunter-seven"), RuntimeError("the client has been closed")])
def test_a_failure_is_told_in_the_log_alone_and_not_tried_again(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    async def steps() -> None:
        tracker = Showing(error=error)
        tracker.free.set()
        teller = PlayingTeller(lambda: {("anna", "trakt"): courier(tracker)})
        teller.tell(["anna"], "start", FILM, 1.0)
        await teller.settled()
        assert len(tracker.shown) == 1
        teller.tell(["anna"], "pause", FILM, 2.0)
        await teller.settled()
        assert len(tracker.shown) == 2, "the next word is told as if nothing had been"

    asyncio.run(steps())
    captured = capsys.readouterr()
    assert "hunter-seven" not in captured.out + captured.err


def test_an_account_that_is_gone_by_its_turn_is_left_alone_and_the_end_waits_for_nobody() -> None:
    async def steps() -> None:
        tracker = Showing()
        couriers = {("anna", "trakt"): courier(tracker)}
        teller = PlayingTeller(lambda: couriers)
        teller.tell(["anna"], "start", FILM, 1.0)
        couriers.clear()
        await teller.settled()
        assert tracker.shown == []
        couriers["anna", "trakt"] = courier(tracker)
        teller.tell(["anna"], "start", FILM, 1.0)
        await asyncio.sleep(0)
        await teller.aclose()
        assert tracker.shown == []

    asyncio.run(steps())
