"""Whatever people and we do to a Serializd account, what is read stays right, and nothing moves where nothing moved."""

from datetime import timedelta

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from conftest import FakeClock
from scrobbled.core.errors import TryLater
from scrobbled.core.records import Subject
from scrobbled.sandbox.serializd.store import Review
from scrobbled.trackers.base import Receipt, Remove, SetValue
from scrobbled.trackers.serializd.entries import key_of
from trackers.contract import EVENING, Doorman, play_of
from trackers.serializd_mirror import Mirror
from trackers.serializd_setup import Setup

PEOPLE = ("log", "log far back", "rate", "rate a row")
OURS = ("add", "add far back", "amend", "clear", "take back", "restart")
STEP = st.tuples(st.sampled_from((*PEOPLE, *OURS)), st.integers(1, 8), st.integers(0, 3), st.integers(1, 10))


class Walk:
    """One account and what is stored of it."""

    def __init__(self, rows: int, *, listed: bool) -> None:
        self.clock, self.mirror = FakeClock(), Mirror()
        self.setup = Setup(self.clock)
        self.setup.service.settings.diary_lists_ratings = listed
        self.setup.service.preload("anna", rows)
        self.tracker = self.setup.tracker(pace=0)

    @property
    def reviews(self) -> list[Review]:
        return list(self.setup.service.accounts["anna"].reviews.values())

    @property
    def plays(self) -> list[Review]:
        return [row for row in self.reviews if row.is_log and row.episode_number is not None]

    @property
    def values(self) -> dict[str, int]:
        newest = sorted(self.reviews, key=lambda row: (row.date_added, row.id))
        return {key_of((r.show_id, r.season_id, r.episode_number)): r.rating for r in newest if r.rating}

    async def do(self, step: tuple[str, int, int, int]) -> None:
        what, number, show, value = step
        self.clock.advance(value * 40)
        at = self.clock.now() - timedelta(days=value * 37 if what.endswith("far back") else 0, seconds=7)
        service, tmdb = self.setup.service, 90000 + show
        if what.startswith("log"):
            service.log_play("anna", tmdb, 1, number, at)
        elif what == "rate":
            service.rate("anna", tmdb, value, *((), (1,), (1, number))[number % 3])
        elif what == "rate a row" and self.plays:
            service.edit("anna", max(self.plays, key=lambda row: (row.backdate, row.id)).id, rating=value - 1)
        elif what == "restart":
            await self.read()
            self.tracker = self.setup.tracker(pace=0)
        elif what.startswith("add"):
            play = await play_of(self.tracker, self.setup.episode(show=show, number=number), at)
            await self.tracker.add_plays([play], Doorman())
        elif what == "take back" and self.plays:
            await self.take_back(self.plays[value % len(self.plays)])
        elif what in ("amend", "clear"):
            await self.rate(show, number, None if what == "clear" else value)

    async def take_back(self, row: Review) -> None:
        season = self.setup.service.catalogue.number_of(row.show_id, row.season_id or 0)
        place = {"season": season, "number": row.episode_number}
        address = await self.tracker.locate(self.setup.episode(show=row.show_id - 90000, **place))
        assert isinstance((await self.tracker.amend([Remove(address, EVENING, str(row.id))]))[0], Receipt)

    async def rate(self, show: int, number: int, value: int | None) -> None:
        """And with every second one the answer is lost."""
        subject = Subject("", "episode", self.setup.episode(show=show, number=number))
        address = await self.tracker.locate_subject(subject)
        if number % 2:
            self.setup.fail("POST /api/show/reviews/*", "drop", when="after")
        for _ in range(5):
            try:
                (result,) = await self.tracker.amend([SetValue("ratings", address, value)])
                break
            except TryLater as error:
                self.clock.advance(error.after or 1)
        self.setup.service.faults.clear()
        assert isinstance(result, Receipt)
        assert self.values.get(address.key) == value

    async def read(self) -> None:
        await self.mirror.read(self.tracker)
        assert {id_ for id_ in self.mirror.held if not id_.startswith("tick:")} == {str(row.id) for row in self.plays}
        assert self.mirror.values == self.values
        before = self.setup.asked()
        await self.mirror.read(self.tracker)
        assert self.setup.asked() - before == 2


@example(24, False, [[("amend", 2, 2, 1), ("restart", 1, 0, 1), ("log far back", 1, 0, 1)]])
@given(st.sampled_from((0, 3, 23, 24, 60)), st.booleans(), st.lists(st.lists(STEP, max_size=4), max_size=8))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
async def test_the_records_stay_right(rows: int, listed: bool, cycles: list[list[tuple[str, int, int, int]]]) -> None:
    walk = Walk(rows, listed=listed)
    await walk.read()
    for steps in cycles:
        for step in steps:
            await walk.do(step)
        await walk.read()
