"""A Plex library is read and marked as every library that can be."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from conftest import FakeClock
from scrobbled.core.kinds import Kind, KindValue
from scrobbled.core.naming.ids import MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.records import Subject
from scrobbled.sandbox.plex.items import FILMS, SERIES, LibraryItem
from scrobbled.sandbox.plex.people import ANNA
from scrobbled.sandbox.plex.views import ViewState
from trackers.library_contract import SeenContract
from trackers.plays_contract import PlaysContract
from trackers.plex_bench import PlexBench
from trackers.reading_contract import LibraryBench
from trackers.value_contract import ValueContract


class AtHome:
    """Somebody in front of the television, and at the shelf with the files. ``held`` are the two things by scope."""

    def __init__(self, bench: PlexBench) -> None:
        self._bench, self._plex = bench, bench.plex
        library = bench.plex.library
        self.film = library.of_type(FILMS, "movie")[0]
        self.episode = library.of_type(SERIES, "episode")[3]

    def item(self, thing: LibraryItem) -> Item:
        """As another tracker might tell it."""
        if thing.movie is not None:
            return Movie(thing.movie.title, thing.movie.year, MovieIds(tmdb=thing.movie.tmdb))
        assert thing.show is not None
        assert thing.episode is not None
        season, number = thing.episode.season, thing.episode.number
        return Episode(thing.show.title, season, number, show_ids=ShowIds(tmdb=thing.show.tmdb))

    def show(self) -> LibraryItem:
        found = self._plex.library.above(self.episode, "show")
        assert found is not None
        return found

    def put(self, item: Item, at: datetime) -> None:
        thing = self._held(item)
        self._state(thing, lambda was: replace(was, count=was.count + 1, last=max(was.last or 0, int(at.timestamp()))))
        self._plex.views.finished(thing, ANNA, at)

    def mark(self, item: Item) -> None:
        self._state(self._held(item), lambda was: was.after("scrobble", self._plex.now()))

    def unmark(self, item: Item) -> None:
        self._state(self._held(item), lambda was: replace(was, count=0, last=None, offset=0))

    def begin(self, item: Item) -> None:
        self._state(self._held(item), lambda was: was.after("play", self._plex.now(), offset=600_000))

    def lose_file(self, item: Item) -> None:
        self._plex.library.remove(self._held(item))

    def copy(self, item: Item) -> None:
        """A second file of the film; it counts for itself, and was watched as often."""
        movie = self._held(item).movie
        assert movie is not None
        self._plex.views.put(ANNA, self._plex.library.put(movie), self._plex.views.of(ANNA, self._held(item)))

    def give(self, kind: Kind, subject: Subject, value: KindValue | None) -> None:
        assert value is None or isinstance(value, int)
        rating = None if value is None else float(value)
        self._state(self.show(), lambda was: was.after("rate", self._plex.now(), rating=rating))

    def _held(self, item: Item) -> LibraryItem:
        return self.film if isinstance(item, Movie) else self.episode

    def _state(self, thing: LibraryItem, change: Callable[[ViewState], ViewState]) -> None:
        self._bench.clock.advance(60)
        self._plex.views.put(ANNA, thing, change(self._plex.views.of(ANNA, thing)))


class TestPlexReading(SeenContract, PlaysContract, ValueContract):
    @pytest.fixture
    def bench(self, clock: FakeClock) -> LibraryBench:
        plex = PlexBench(clock)
        person = AtHome(plex)
        episode = person.item(person.episode)
        return LibraryBench(
            tracker=plex.tracker(),
            item=episode,
            other=person.item(person.film),
            show=Subject("elsewhere", "show", Episode(person.show().title, None, None, show_ids=episode.show_ids)),
            put=person.put,
            give=person.give,
            lose_next_answer=lambda: plex.fail("PUT /:/*", status=502, when="after"),
            go_down=plex.plex.faults.start_outage,
            pass_time=lambda: clock.advance(5.0),
            mark=person.mark,
            unmark=person.unmark,
            begin=person.begin,
            lose_file=person.lose_file,
            copy=person.copy,
            now=clock.now,
        )
