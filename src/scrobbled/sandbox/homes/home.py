"""What a home holds, what must come of each thing in it, and the hands that put it there."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from scrobbled.sandbox.homes.large import trakt_title
from scrobbled.sandbox.plex.core import PlexCore
from scrobbled.sandbox.plex.items import Holding, LibraryItem, PlexSection
from scrobbled.sandbox.plex.people import ANNA, PlexAccount
from scrobbled.sandbox.plex.views import ViewState
from scrobbled.sandbox.server import Sandbox
from scrobbled.sandbox.trakt.accounts import ListEntry, TraktUser, minute
from scrobbled.sandbox.trakt.catalogue import TraktTitle
from scrobbled.sandbox.world import WorldEpisode, WorldMovie, WorldShow

SECONDS = 37
"""Within the minute, so that nobody gets by without rounding down."""


@dataclass(frozen=True, slots=True)
class HomeThing:
    """One film, episode, show or season of a home, and how it must stand for ``person`` in the end.

    The end is that of a pair both ways with ``undated: leave`` and nothing that a person said in between. ``plays``
    are those on Trakt, each at one of the minutes named; ``watched`` is said of every copy, as are ``stars`` of its
    ``userRating``, and ``rating`` is Trakt's. ``None`` means that the home does not say, or that there is none.
    ``corrected`` is when ``--correct-dates`` would have it watched.
    """

    case: str
    copies: tuple[tuple[str, str], ...]
    """Name of the server's stand-in, and rating key."""
    title: TraktTitle | None
    """What it is on Trakt; ``None`` for what cannot be found there."""
    person: str = "anna"
    plays: tuple[frozenset[datetime], ...] | None = ()
    watched: bool | None = None
    rating: int | None = None
    stars: float | None = None
    corrected: datetime | None = None


@dataclass(slots=True)
class Home:
    """A furnished sandbox; ``cabin`` is the second server, and all times are before ``now``."""

    sandbox: Sandbox
    now: datetime
    things: list[HomeThing] = field(default_factory=list)

    @property
    def plex(self) -> PlexCore:
        found: PlexCore = self.sandbox["plex"]
        return found

    @property
    def cabin(self) -> PlexCore:
        found: PlexCore = self.sandbox["plex-cabin"]
        return found

    def of(self, case: str) -> list[HomeThing]:
        """The things of one case; raises ``LookupError`` for a case that is not there."""
        found = [thing for thing in self.things if thing.case == case]
        if not found:
            raise LookupError(f"{case} is none of {', '.join(dict.fromkeys(thing.case for thing in self.things))}")
        return found

    # What was seen, and what was said of it

    def ago(self, days: float, minutes: float = 0) -> datetime:
        """So long before ``now``, some seconds after the minute."""
        return minute(self.now - timedelta(days=days, minutes=minutes)) + timedelta(seconds=SECONDS)

    def played(
        self, item: LibraryItem, *times: datetime, by: PlexAccount = ANNA, at: PlexCore | None = None
    ) -> tuple[frozenset[datetime], ...]:
        """Watched to its end at each of the times, with a row in the history; says how that must be on Trakt."""
        server = at or self.plex
        for time in times:
            server.views.put(by, item, server.viewed(by, item).after("scrobble", time))
            server.views.finished(item, by, time)
        return tuple(frozenset({minute(time)}) for time in times)

    def says(self, item: LibraryItem, *, by: PlexAccount = ANNA, **values: Any) -> None:
        """What the library says of it, whatever was played."""
        self.plex.views.put(by, item, ViewState(**values))

    def rated(self, item: LibraryItem, stars: float, when: datetime, *, at: PlexCore | None = None) -> None:
        server = at or self.plex
        server.views.put(ANNA, item, server.viewed(ANNA, item).after("rate", when, rating=stars))

    def trakt(self, person: str = "anna") -> TraktUser:
        found: TraktUser = self.sandbox["trakt"].account_of(person)
        return found

    def title(self, item: LibraryItem) -> TraktTitle:
        return trakt_title(self.sandbox["trakt"].catalogue, item)

    def on_trakt(self, item: LibraryItem, time: datetime) -> tuple[frozenset[datetime], ...]:
        """A play that is there already."""
        play = self.trakt().add_play(self.title(item), time, "watch", self.now)
        return (frozenset({play.watched_at}),)

    def rated_on_trakt(self, item: LibraryItem, rating: int, when: datetime) -> None:
        user, title = self.trakt(), self.title(item)
        user.ratings.put(ListEntry(next(user.numbers), title, when, rating=rating), self.now)
        user.touch_all([title], "rated_at", self.now)

    # What is there

    def item(self, thing: WorldMovie | WorldShow | WorldEpisode) -> LibraryItem:
        """As the first server has it under its first key."""
        return self.plex.library.items[thing.rating_key]

    def move(self, title: WorldMovie | WorldShow, copy: WorldMovie | WorldShow, section: PlexSection) -> LibraryItem:
        """Puts ``copy``, under the keys that it brings, into ``section`` in the place of ``title``."""
        self.plex.library.remove(self.item(title))
        return self.plex.library.put(copy, Holding(section), new=False)

    def put(self, case: str, *items: LibraryItem, at_the_cabin: tuple[LibraryItem, ...] = (), **values: Any) -> None:
        """Notes a thing, with all its copies, as ``HomeThing`` has it.

        ``known`` is ``False`` for what is nothing on Trakt, and an item for what has no copy any more.
        """
        copies = [(self.plex.name, item.rating_key) for item in items]
        copies += [(self.cabin.name, item.rating_key) for item in at_the_cabin]
        shown: LibraryItem | bool = values.pop("known", True)
        if shown is True:
            shown = items[0] if items else at_the_cabin[0]
        title = self.title(shown) if isinstance(shown, LibraryItem) else None
        self.things.append(HomeThing(case, tuple(copies), title, **values))
