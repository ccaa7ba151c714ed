"""A Trakt account is read and changed as every tracker that can be."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from msgspec.structs import replace

from conftest import FakeClock
from scrobbled.core.naming.items import Episode, Item
from scrobbled.core.records import Subject
from scrobbled.sandbox.faults import Fault
from scrobbled.sandbox.trakt.accounts import GROUPS, ListEntry
from trackers.plays_contract import EveryContract
from trackers.reading_contract import EveryBench
from trackers.trakt_bench import TraktBench
from trackers.value_contract import ValueContract


class ByHand:
    """Somebody at the site of Trakt."""

    def __init__(self, bench: TraktBench) -> None:
        self._bench, self._api = bench, bench.api
        self._account = bench.api.account_of("anna")

    def put(self, item: Item, at: datetime) -> None:
        self._bench.clock.advance(60)
        kind = "episode" if isinstance(item, Episode) else "movie"
        self._account.add_play(self._title(kind, item.ids.tmdb), at, "scrobble", self._api.now())

    def take(self, id_: str) -> None:
        self._bench.clock.advance(60)
        assert self._account.history.remove(lambda play: play.id == int(id_), self._api.now())

    def rate(self, subject: Subject, value: int | None) -> None:
        self._bench.clock.advance(60)
        assert isinstance(subject.item, Episode)
        title, now = self._title("show", subject.item.show_ids.tmdb), self._api.now()
        self._account.ratings.take(title, now)
        if value is not None:
            self._account.ratings.put(ListEntry(next(self._api.numbers), title, now, rating=value), now)
        self._account.touch(GROUPS["show"], "rated_at", now)

    def _title(self, kind: str, tmdb: int | None) -> Any:
        title = self._api.catalogue.by_id(kind, "tmdb", tmdb)
        assert title is not None
        return title


class TestTraktReading(EveryContract, ValueContract):
    @pytest.fixture
    def bench(self, clock: FakeClock) -> EveryBench:
        trakt = TraktBench(clock)
        trakt.api.limits.enforced = False
        person, item = ByHand(trakt), trakt.episode()

        def go_down() -> None:
            trakt.api.faults.add(Fault(match="*", status=503))

        return EveryBench(
            tracker=trakt.tracker(),
            item=item,
            other=trakt.film(),
            show=Subject("elsewhere", "show", replace(item, season=None, number=None)),
            put=person.put,
            take=person.take,
            give=lambda kind, subject, value: person.rate(subject, value),
            lose_next_answer=lambda: trakt.fail("POST /sync/*", kind="drop", when="after"),
            go_down=go_down,
            pass_time=lambda: clock.advance(5.0),
        )
