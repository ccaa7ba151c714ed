"""A person's Plex libraries at the stand-ins, read as a caller does it, and the means to disturb that."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from conftest import FakeClock
from scrobbled.clients.plex import PlexClient
from scrobbled.core.kinds import ITEMS, PLAYS, RATINGS, WATCHED, Kind
from scrobbled.core.records import PlayRecord, Reading, Subject, ValueRecord
from scrobbled.plumbing.http import Http
from scrobbled.sandbox.faults import Fault
from scrobbled.sandbox.plex.app import PlexStandIn
from scrobbled.sandbox.plex.items import LibraryItem
from scrobbled.sandbox.plex.people import ANNA, PlexAccount
from scrobbled.sandbox.plex.views import ViewState
from scrobbled.sandbox.server import Sandbox
from scrobbled.sandbox.world import World
from scrobbled.trackers.plex.files import PlexFiles
from scrobbled.trackers.plex.reading import PlexReader
from scrobbled.trackers.plex.seats import PlexSeat, PlexSeats
from trackers.doubles import KeptCache
from trackers.reading_contract import Mirror

ROOT = "http://sandbox"
NAMES = ("plex", "plex-cabin")
BOTH: frozenset[Kind] = frozenset({PLAYS, RATINGS})


class PlexLibraryBench:
    """``off`` are names of servers of which nobody knows where they are just now."""

    def __init__(self, clock: FakeClock, *, world: World | None = None, person: PlexAccount = ANNA) -> None:
        self.clock, self.person = clock, person
        self.sandbox = Sandbox(world, now=clock.now, only=(*NAMES, "plextv"))
        self.plex: PlexStandIn = self.sandbox["plex"]
        self.cabin: PlexStandIn = self.sandbox["plex-cabin"]
        self.names = ["plex"]
        self.off: list[str] = []
        self.titles: tuple[str, ...] = ()
        self.mirror = Mirror()
        self.cache = KeptCache(clock)
        self.http = Http(ROOT, transport=httpx.ASGITransport(app=self.sandbox))

    # What the person does

    def item(self, text: str) -> LibraryItem:
        return self.plex.library.find(text)

    def watch(
        self, item: LibraryItem, *, server: PlexStandIn | None = None, account: PlexAccount | None = None
    ) -> None:
        """To its end, in no time."""
        server, account = server or self.plex, account or self.person
        self.mark(item, server=server, account=account)
        server.views.finished(item, account, self.clock.now())

    def mark(self, item: LibraryItem, *, server: PlexStandIn | None = None, account: PlexAccount | None = None) -> None:
        """As watched, by hand."""
        server, account = server or self.plex, account or self.person
        server.views.put(account, item, server.viewed(account, item).after("scrobble", self.clock.now()))

    def put(self, item: LibraryItem, viewed: ViewState, *, server: PlexStandIn | None = None) -> None:
        (server or self.plex).views.put(self.person, item, viewed)

    def rate(self, item: LibraryItem, rating: float | None, *, server: PlexStandIn | None = None) -> None:
        server = server or self.plex
        before = server.viewed(self.person, item)
        at = None if rating is None else int(self.clock.now().timestamp())
        server.views.put(
            self.person,
            item,
            ViewState(before.count, before.last, before.offset, rating, at),
        )

    def fail(self, match: str, kind: Any = "status", *, server: str = "plex", **more: Any) -> None:
        self.sandbox[server].faults.add(Fault(match=match, kind=kind, **more))

    # What we do

    async def seats(self) -> PlexSeats:
        accounts = ("1", str(self.person.id)) if self.person.owner else (str(self.person.id),)
        seats = [
            PlexSeat(server.machine, name, self._client(name, server), accounts)
            for name in self.names
            if name not in self.off
            for server in [self.sandbox[name]]
        ]
        return PlexSeats(tuple(seats), tuple(f"{name} is off" for name in self.off), self.person.title)

    def _client(self, name: str, server: PlexStandIn) -> PlexClient:
        return PlexClient(self.http.at(f"{ROOT}/{name}"), server.face.token_of(self.person), refused="sign in again")

    async def read(self, *, full: bool = False, kinds: frozenset[Kind] = BOTH) -> Reading:
        """One read, and what it brought is stored. The reader is new each time, as if nothing were remembered."""
        reader = PlexReader(self.seats, self.titles, PlexFiles(self.cache), self.clock)
        reading = await reader.read(kinds, self.mirror.cursor, self.mirror, full=full)
        self.mirror.store(reading)
        return reading

    def asked(self) -> list[str]:
        """The requests since this was last called, as server and path with what tells them apart."""
        found: list[str] = []
        for name in NAMES:
            for one in self.sandbox[name].log:
                query = {key: value for key, value in one.query.items() if key in ("type", "sort", "unwatched")}
                found.append(" ".join((one.path, *(f"{key}={value}" for key, value in sorted(query.items())))))
            self.sandbox[name].log.clear()
        return found

    # What is stored

    def place(self, item: LibraryItem, server: PlexStandIn | None = None) -> str:
        return f"{(server or self.plex).machine}/{item.rating_key}"

    def key(self, item: LibraryItem, server: PlexStandIn | None = None) -> str:
        place = self.place(item, server)
        (key,) = (key for key, one in self.mirror.told.items() if place in one.places)
        return key

    def subject(self, item: LibraryItem) -> Subject:
        return self.mirror.told[self.key(item)]

    def held(self, kind: Kind) -> Mapping[str, ValueRecord]:
        return self.mirror.values[kind]

    def watched(self, item: LibraryItem) -> ValueRecord | None:
        return self.held(WATCHED).get(self.key(item))

    def rating(self, item: LibraryItem) -> ValueRecord | None:
        return self.held(RATINGS).get(self.key(item))

    def plays(self, item: LibraryItem) -> Sequence[PlayRecord]:
        key = self.key(item)
        return [one for one in self.mirror.records.values() if one.key == key]

    def sizes(self) -> dict[str, int]:
        counted = Counter({kind: len(held) for kind, held in self.mirror.values.items()})
        return {PLAYS: len(self.mirror.records), **{kind: counted[kind] for kind in (ITEMS, WATCHED, RATINGS)}}
