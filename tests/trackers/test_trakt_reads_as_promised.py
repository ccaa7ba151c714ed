"""A Trakt account is read and changed as every tracker that can be."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest
from msgspec.structs import replace

from conftest import FakeClock
from scrobbled.core.kinds import Kind, KindValue, valued
from scrobbled.core.naming.items import Episode, Item
from scrobbled.core.records import Subject
from scrobbled.sandbox.faults import Fault
from scrobbled.sandbox.trakt.accounts import GROUPS, ListEntry
from trackers.plays_contract import EveryContract
from trackers.reading_contract import EveryBench
from trackers.trakt_bench import TraktBench
from trackers.value_contract import ValueContract

TOUCHED = {"ratings": "rated_at", "collection": "collected_at", "watchlist": "watchlisted_at"}


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

    def give(self, kind: Kind, subject: Subject, value: KindValue | None) -> None:
        self._bench.clock.advance(60)
        title, now = self._of(subject), self._api.now()
        shelf, touched = getattr(self._account, kind), TOUCHED[kind]
        shelf.take(title, now)
        if isinstance(value, Mapping):
            shelf.put(ListEntry(next(self._api.numbers), title, now, metadata=value), now)
        elif value is not None:
            shelf.put(ListEntry(next(self._api.numbers), title, now, rating=value), now)
        self._account.touch(GROUPS[title.kind], touched, now)

    def _of(self, subject: Subject) -> Any:
        item = subject.item
        if isinstance(item, Episode) and subject.scope == "show":
            return self._title("show", item.show_ids.tmdb)
        return self._title(subject.scope, item.ids.tmdb)

    def _title(self, kind: str, tmdb: int | None) -> Any:
        title = self._api.catalogue.by_id(kind, "tmdb", tmdb)
        assert title is not None
        return title


class TestTraktReading(EveryContract, ValueContract):
    @pytest.fixture(params=[kind.name for kind in valued()])
    def kind(self, request: pytest.FixtureRequest) -> Kind:
        found: Kind = request.param
        return found

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
            give=person.give,
            lose_next_answer=lambda: trakt.fail("POST /sync/*", kind="drop", when="after"),
            go_down=go_down,
            pass_time=lambda: clock.advance(5.0),
        )
