"""A library of Jellyfin or Emby at its stand-in, as a tracker, and the person in front of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import httpx

from conftest import FakeClock
from scrobbled.core.kinds import Kind, KindValue
from scrobbled.core.naming.ids import MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.records import Reading, Subject, ValueRecord
from scrobbled.plumbing.http import Http
from scrobbled.sandbox.faults import Fault
from scrobbled.sandbox.mediabrowser.rows import ServerUser, UserData
from scrobbled.sandbox.mediabrowser.server import MediaServer
from scrobbled.sandbox.plex.items import FILMS, SERIES, LibraryItem
from scrobbled.sandbox.server import Sandbox
from scrobbled.sandbox.world import World
from scrobbled.trackers import TRACKERS
from scrobbled.trackers.base import Tracker
from scrobbled.trackers.given import Context, SignIn
from trackers.doubles import KeptCache, KeptTokens, KnownShows
from trackers.reading_contract import LibraryBench, Mirror

ROOT = "http://sandbox"


class MediaBrowserBench:
    """``name`` is ``jellyfin`` or ``emby``; ``tokens`` and ``cache`` outlive a tracker."""

    def __init__(self, name: str, clock: FakeClock, *, world: World | None = None) -> None:
        self.name, self.clock = name, clock
        self.sandbox = Sandbox(world, now=clock.now, only=(name,))
        self.server: MediaServer = self.sandbox[name]
        self.cache, self.tokens, self.mirror = KeptCache(clock), KeptTokens(), Mirror()
        self.film = self.server.library.of_type(FILMS, "movie")[0]
        self.episode = self.server.library.of_type(SERIES, "episode")[3]
        self.settings: dict[str, Any] = {"url": f"{ROOT}/{name}", "token": self.server.api_key, "user": "anna"}

    @property
    def anna(self) -> ServerUser:
        return self.server.people["anna"]

    def http(self) -> Http:
        return Http(ROOT, transport=httpx.ASGITransport(app=self.sandbox))

    def tracker(self, settings: Mapping[str, Any] | None = None, *, accounts: tuple[str, ...] = ()) -> Tracker:
        """Another process, as it were: nothing is shared but the account and what is stored."""
        given = (self.http(), self.tokens, self.cache, KnownShows(), self.clock, accounts)
        return TRACKERS[self.name].build(Context("anna", self.settings if settings is None else settings, *given))

    def request(self, **settings: Any) -> SignIn:
        known = (self.http(), self.tokens, self.clock)
        return SignIn("anna", {"url": f"{ROOT}/{self.name}", **settings}, *known, tell=str, ask=lambda asked: "")

    def fail(self, match: str, **fault: Any) -> None:
        """The next request that matches gets this; see ``Fault``."""
        self.server.faults.add(Fault(match=match, **{"times": 1, **fault}))

    def asked(self) -> list[str]:
        """Every request since this was last called, as ``METHOD /path``."""
        found = [f"{one.method} {one.path}" for one in self.server.log]
        self.server.log.clear()
        return found

    # What the person does

    def seen(self, thing: LibraryItem) -> UserData:
        return self.server.seen(self.anna, thing)

    def put(self, thing: LibraryItem, data: UserData) -> None:
        self.server.data[self.anna.id, thing.rating_key] = data

    def watch(self, thing: LibraryItem, at: datetime) -> None:
        """To its end, which moves the date to the latest."""
        before = self.seen(thing)
        last = max(at, before.last or at)
        self.put(thing, replace(before, played=True, count=before.count + 1, last=last, position=0))

    def begin(self, thing: LibraryItem) -> None:
        """And stop in the middle."""
        self.put(thing, self.seen(thing).started(self.clock.now()).reached(600_000, complete=False))

    def mark(self, thing: LibraryItem) -> None:
        self.put(thing, self.seen(thing).marked(self.clock.now()))

    def unmark(self, thing: LibraryItem) -> None:
        self.put(thing, self.seen(thing).unmarked())

    def rate(self, thing: LibraryItem, rating: float | None) -> None:
        self.put(thing, replace(self.seen(thing), rating=rating))

    def copy(self, thing: LibraryItem) -> LibraryItem:
        """A second file, which counts for itself, and was watched as often."""
        assert thing.movie is not None
        copy = self.server.library.put(thing.movie)
        self.put(copy, self.seen(thing))
        return copy

    # What we do

    async def read(self, *, full: bool = False, kinds: frozenset[Kind] | None = None) -> Reading:
        """By a tracker that remembers nothing; what it brought is stored."""
        tracker = self.tracker()
        reading = await tracker.reads.read(kinds or tracker.can.reads, self.mirror.cursor, self.mirror, full=full)
        self.mirror.store(reading)
        return reading

    def place(self, thing: LibraryItem) -> str:
        return f"{self.server.face.id}/{self.server.id_of(thing)}"

    def key(self, thing: LibraryItem) -> str:
        (key,) = (key for key, one in self.mirror.told.items() if self.place(thing) in one.places)
        return key

    def held(self, kind: Kind, thing: LibraryItem) -> ValueRecord | None:
        return self.mirror.values[kind].get(self.key(thing))


def item_of(thing: LibraryItem) -> Item:
    """As another tracker might tell it."""
    if thing.movie is not None:
        return Movie(thing.movie.title, thing.movie.year, MovieIds(tmdb=thing.movie.tmdb))
    assert thing.show is not None
    assert thing.episode is not None
    season, number = thing.episode.season, thing.episode.number
    return Episode(thing.show.title, season, number, show_ids=ShowIds(tmdb=thing.show.tmdb))


def library_bench(bench: MediaBrowserBench) -> LibraryBench:
    """For the suites of every library."""
    clock, server = bench.clock, bench.server
    show = server.library.above(bench.episode, "show")
    assert show is not None
    episode = item_of(bench.episode)
    assert isinstance(episode, Episode)

    def held(item: Item) -> LibraryItem:
        clock.advance(60)
        return bench.film if isinstance(item, Movie) else bench.episode

    def give(kind: Kind, subject: Subject, value: KindValue | None) -> None:
        assert value is None or isinstance(value, int)
        bench.rate(show, None if value is None else float(value))

    return LibraryBench(
        tracker=bench.tracker(),
        item=episode,
        other=item_of(bench.film),
        show=Subject("elsewhere", "show", Episode(show.title, None, None, show_ids=episode.show_ids)),
        put=lambda item, at: bench.watch(held(item), at),
        give=give,
        lose_next_answer=lambda: _lose(bench),
        go_down=server.faults.start_outage,
        pass_time=lambda: clock.advance(5.0),
        mark=lambda item: bench.mark(held(item)),
        unmark=lambda item: bench.unmark(held(item)),
        begin=lambda item: bench.begin(held(item)),
        lose_file=lambda item: server.library.remove(held(item)),
        copy=lambda item: bench.copy(held(item)),
        now=clock.now,
    )


def _lose(bench: MediaBrowserBench) -> None:
    """Whichever of the changes comes first."""
    for method in ("POST", "DELETE"):
        bench.fail(f"{method} /User*", status=502, when="after")
