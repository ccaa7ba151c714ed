"""A person at two Plex servers and at Trakt, somebody else in the house, and a second program that writes to Trakt.

What was truly watched is remembered beside it, so that what every side holds can be compared with it.
"""

import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from conftest import FakeClock
from pairing import SHOWN, Pairing, built
from scrobbled.reconcile import Ended, Options, Wired
from scrobbled.reconcile.pairs import wired
from scrobbled.sandbox import world as worlds
from scrobbled.sandbox.plex.happenings import unmount
from scrobbled.sandbox.plex.items import FILMS, SERIES, Holding, LibraryItem
from scrobbled.sandbox.plex.people import ANNA, BEN, CABIN, CELLAR, PlexAccount
from scrobbled.sandbox.plex.player import multipart, payload
from scrobbled.sandbox.plex.views import ViewState
from scrobbled.sandbox.server import Sandbox
from scrobbled.sandbox.trakt.accounts import GROUPS, ListEntry
from scrobbled.servers.doors import doors
from scrobbled.sources.body import read_body
from scrobbled.store.accounts.sign_ins import StoredTokens
from scrobbled.store.mirror import runs

SERVERS = ("plex", "plex-cabin")
FACES = (CELLAR, CABIN)
WORLD = worlds.build(1, shows=1, movies=3)
LATER = timedelta(hours=30)
"""Between two viewings: what is closer is a matter of ``lineup``."""
TAKES = timedelta(minutes=40)


class Thing(NamedTuple):
    """A film by its position, or an episode of the one show."""

    season: int
    number: int

    @property
    def is_film(self) -> bool:
        return self.season < 0


FILM_THINGS = [Thing(-1, n) for n in range(2)]
THINGS = [*FILM_THINGS, *(Thing(1, n) for n in range(1, 5)), Thing(2, 1)]
SEASON = [Thing(1, n) for n in range(1, 9)]


class Seen(NamedTuple):
    """Somebody watched it to its end at a server, or (``by_hand``) marked it there."""

    who: str
    thing: Thing
    at: datetime
    by_hand: bool = False


@dataclass
class Truth:
    """What people and other programs did. ``theirs`` are plays on Trakt by id that we did not write."""

    seen: list[Seen] = field(default_factory=list)
    theirs: dict[int, tuple[Thing, datetime]] = field(default_factory=dict)
    copied: list[tuple[Seen, int]] = field(default_factory=list)
    """Viewings with the play that another program made of them."""
    taken: set[int] = field(default_factory=set)
    """Plays that a person removed from Trakt."""
    unmarked: dict[Thing, datetime] = field(default_factory=dict)
    begun: dict[Thing, datetime] = field(default_factory=dict)
    moved: set[Thing] = field(default_factory=set)
    """Their files came or went: what is to be seen of them is another matter."""
    rated: dict[Thing, int] = field(default_factory=dict)
    """As Trakt would have it, the last rating that a person gave."""
    bulk: bool = False


class Household(Pairing):
    """``anna`` at both servers and ``ben`` at the first one, each with a Trakt account."""

    truth: Truth
    lost: dict[tuple[str, int], list[LibraryItem]]

    # -- where things are ---------------------------------------------------------------------------------------------

    def copies(self, server: str, thing: Thing) -> list[LibraryItem]:
        return [one for one in self.sandbox[server].library.items.values() if _is(one, thing)]

    def title(self, thing: Thing) -> Any:
        trakt = self.sandbox["trakt"]
        if thing.is_film:
            return trakt.catalogue.by_id("movie", "trakt", WORLD.movies[thing.number].trakt)
        return trakt.catalogue.by_id("episode", "trakt", WORLD.shows[0].episode(thing.season, thing.number).trakt)

    def plays(self, who: str = "anna") -> list[Any]:
        return list(self.sandbox["trakt"].account_of(who).history)

    def thing_of(self, title: Any) -> Thing | None:
        if title.kind == "movie":
            return next((Thing(-1, n) for n, one in enumerate(WORLD.movies) if one.trakt == title.trakt), None)
        return Thing(title.season, title.number)

    def state(self, server: str, item: LibraryItem, who: PlexAccount = ANNA) -> ViewState:
        found: ViewState = self.sandbox[server].views.of(who, item)
        return found

    # -- what people do -----------------------------------------------------------------------------------------------

    async def watch(self, server: str, at: int, hook: bool, copied: int | None, who: PlexAccount = ANNA) -> None:
        """To its end; ``copied`` is how many minutes off a second program writes it down at once."""
        thing = THINGS[at]
        self.clock.advance(LATER.total_seconds())
        if not (copies := self.copies(server, thing)):
            return
        item, stand_in = copies[0], self.sandbox[server]
        began, ends = self.clock.now(), self.clock.now() + TAKES
        if hook:
            await self._hook("play", server, item, who, began)
        self.clock.advance(TAKES.total_seconds())
        await stand_in.player.watch(item, who, events=("play", "scrobble", "stop"), at=ends)
        seen = Seen(who.title, thing, ends)
        self.truth.seen.append(seen)
        if copied is not None:
            self.truth.copied.append((seen, self._written(thing, ends + timedelta(minutes=copied), who.title)))
        if hook:
            await self._hook("scrobble", server, item, who, ends)

    async def ben_watches(self, at: int, hook: bool) -> None:
        await self.watch("plex", at, hook, None, BEN)

    async def _hook(self, event: str, server: str, item: LibraryItem, who: PlexAccount, at: datetime) -> None:
        face = CELLAR if server == "plex" else CABIN
        kind, content = multipart(payload(event, item, who, at, server=face))
        await self.runtime.ingest.take("plex", read_body(kind, content))

    def elsewhere(self, at: int) -> None:
        """At the cinema, and entered by hand."""
        self.clock.advance(LATER.total_seconds())
        self._written(THINGS[at], self.clock.now())

    def bulk(self) -> None:
        """A program that knows no dates enters all there is within a minute."""
        self.clock.advance(LATER.total_seconds())
        self.truth.bulk = True
        episodes = (Thing(episode.season, episode.number) for episode in WORLD.shows[0].episodes())
        for thing in (*episodes, *(Thing(-1, n) for n in range(len(WORLD.movies)))):
            self._written(thing, self.clock.now())

    def _written(self, thing: Thing, at: datetime, who: str = "anna") -> int:
        trakt = self.sandbox["trakt"]
        play = trakt.account_of(who).add_play(self.title(thing), at, "scrobble", trakt.now())
        self.truth.theirs[play.id] = thing, play.watched_at
        return int(play.id)

    def untrakt(self, which: int) -> None:
        """Never the last ones: a listing that is empty all at once is not believed."""
        plays = sorted(self.plays(), key=lambda play: play.id)
        if len(plays) > 3:
            gone = plays[which % len(plays)]
            self.clock.advance(60)
            self.off_trakt(gone.id)
            self.truth.taken.add(gone.id)

    async def begin(self, server: str, at: int) -> None:
        self.clock.advance(LATER.total_seconds())
        for item in self.copies(server, THINGS[at])[:1]:
            stand_in = self.sandbox[server]
            await stand_in.player.watch(item, ANNA, events=("play", "pause"), at=self.clock.now())
            stand_in.player.sessions.clear()
            self.truth.begun[THINGS[at]] = self.clock.now()

    def mark(self, server: str, at: int) -> None:
        self.clock.advance(LATER.total_seconds())
        self._marked(server, THINGS[at])

    def mark_season(self, server: str) -> None:
        self.clock.advance(LATER.total_seconds())
        for thing in SEASON:
            self._marked(server, thing)

    def _marked(self, server: str, thing: Thing) -> None:
        for item in self.copies(server, thing)[:1]:
            self._put(server, item, self.state(server, item).after("scrobble", self.clock.now()))
            self.truth.seen.append(Seen("anna", thing, self.clock.now(), by_hand=True))

    def unmark(self, server: str, at: int) -> None:
        self.clock.advance(LATER.total_seconds())
        for item in self.copies(server, THINGS[at]):
            self._put(server, item, replace(self.state(server, item), count=0, last=None, offset=0))
            self.truth.unmarked[THINGS[at]] = self.clock.now()

    def _put(self, server: str, item: LibraryItem, state: ViewState) -> None:
        self.sandbox[server].views.put(ANNA, item, state)

    def rate(self, server: str, at: int, halves: int) -> None:
        self.clock.advance(3_600)
        for item in self.copies(server, THINGS[at])[:1]:
            self._put(server, item, self.state(server, item).after("rate", self.clock.now(), rating=halves / 2))
            self.truth.rated[THINGS[at]] = (halves + 1) // 2

    def rate_there(self, at: int, value: int) -> None:
        """On Trakt."""
        self.clock.advance(3_600)
        trakt = self.sandbox["trakt"]
        account, title, now = trakt.account_of("anna"), self.title(THINGS[at]), self.clock.now()
        account.ratings.take(title, now)
        account.ratings.put(ListEntry(next(trakt.numbers), title, now, rating=value), now)
        account.touch(GROUPS[title.kind], "rated_at", now)
        self.truth.rated[THINGS[at]] = value

    # -- what becomes of files ----------------------------------------------------------------------------------------

    def add(self, server: str, film: int) -> None:
        """One more file of it."""
        self.clock.advance(3_600)
        if len(self.copies(server, Thing(-1, film))) < 3:
            held = Holding(added=int(self.clock.now().timestamp()))
            self.sandbox[server].library.put(WORLD.movies[film], held)
            self.truth.moved.add(Thing(-1, film))

    def delete(self, server: str, film: int) -> None:
        self.clock.advance(3_600)
        for item in self.copies(server, Thing(-1, film))[-1:]:
            self.sandbox[server].library.remove(item)
            self.truth.moved.add(Thing(-1, film))

    def move(self, server: str, film: int) -> None:
        """Deleted and added again: another key, and nothing of what was seen."""
        self.clock.advance(3_600)
        for item in self.copies(server, Thing(-1, film))[:1]:
            self.sandbox[server].library.add_again(item, self.clock.now())
            self.truth.moved.add(Thing(-1, film))

    def unmount(self, server: str) -> None:
        """The disk of the films is not there, until it is mounted again."""
        if (server, FILMS.key) not in self.lost:
            self.lost[server, FILMS.key] = unmount(self.sandbox[server], FILMS)

    def mount(self) -> None:
        for (server, _), items in self.lost.items():
            self.sandbox[server].library.put_back(items)
        self.lost.clear()

    # -- what we do ---------------------------------------------------------------------------------------------------

    async def sign_in(self) -> None:
        """Both of them at Trakt."""
        for who in ("anna", "ben"):
            grant = self.sandbox["trakt"].sign_in(who)
            tokens = StoredTokens(self.runtime.store, who, "trakt", lambda values: None, self.clock.now)
            await tokens.save({**grant.answer(), "client_id": "sandbox-client", "redirect_uri": grant.redirect_uri})

    async def catch_up(self) -> None:
        (door,) = doors(self.runtime.config)
        await self.runtime.catching_up.once(door)

    async def _run(self, one: Wired) -> Ended:
        now = self.clock.now().timestamp()
        run = await self.runtime.store.write(lambda db: runs.ask(db, one.sides.viewer, one.sides.pair, "sync", {}, now))
        return await self.runtime.keeper.reconciler(one).run(run, Options())

    async def compare_all(self) -> Counter[str]:
        """A run of every pair, without delivering what it puts into the queue."""
        self.clock.advance(900)
        outcomes: Counter[str] = Counter()
        for one in wired(self.runtime.config, self.runtime.couriers):
            outcomes[(await self._run(one)).outcome] += 1
        return outcomes

    async def cycle(self) -> Counter[str]:
        """A run of every pair, to its end."""
        outcomes = await self.compare_all()
        await self.deliver()
        return outcomes

    def library_writes(self) -> int:
        return sum("/:/" in call.path for server in SERVERS for call in self.sandbox[server].log)

    def writes(self) -> int:
        trakt = self.sandbox["trakt"].log
        return self.library_writes() + sum(call.method == "POST" and "/sync/" in call.path for call in trakt)


def _is(item: LibraryItem, thing: Thing) -> bool:
    if thing.is_film:
        return item.type == "movie" and item.movie is not None and item.movie.tmdb == WORLD.movies[thing.number].tmdb
    return item.type == "episode" and item.episode is not None and ((item.episode.season, item.episode.number) == thing)


def settings(folder: Path, **pair: Any) -> dict[str, Any]:
    urls = {"account_url": "http://sandbox/plextv"}
    servers = [
        {"url": f"http://sandbox/{name}", "token": face.token} for name, face in zip(SERVERS, FACES, strict=True)
    ]
    bens = {"url": "http://sandbox/plex", "token": CELLAR.token_of(BEN), **urls}
    trakt = {**SHOWN, "url": "http://sandbox/trakt", "auth_url": "http://sandbox/trakt-auth", "pace": "0s"}
    pairs = [{"between": ["trakt", "plex"], "plays": "both", "ratings": "both", "every": "15m", **pair}]
    asked = {"token": "a-webhook-token-0815", "url": "http://sandbox/plex", "server_token": CELLAR.token}
    return {
        "storage": {"path": str(folder / "scrobbled.db")},
        "safety": {"max_writes_per_hour": 1_000, "max_removals_percent": 90},
        "sources": {"plex": asked},
        "viewers": [
            {"name": name, "accounts": {"plex": [name]}, "trackers": {"plex": plex, "trakt": trakt}, "pairs": pairs}
            for name, plex in (("anna", {"servers": servers, **urls}), ("ben", bens))
        ],
    }


@contextlib.asynccontextmanager
async def household(folder: Path, **pair: Any) -> AsyncIterator[Household]:
    """``pair`` is added to the configuration of both pairs. The second server has one film and the show."""
    clock = FakeClock()
    sandbox = Sandbox(WORLD, now=clock.now, only=(*SERVERS, "plextv", "trakt", "trakt-auth"))
    sandbox["trakt"].limits.enforced = False
    sandbox["plex"].admit(BEN)
    second = sandbox["plex-cabin"].library
    for section in (FILMS, SERIES):
        second.open(section)
    for title in (WORLD.movies[0], WORLD.shows[0]):
        second.put(title)
    values = settings(folder, **pair)
    home = Household(folder, sandbox, clock, values, built(folder, sandbox, clock, values))
    home.truth, home.lost = Truth(), {}
    try:
        await home.sign_in()
        yield home
    finally:
        await home.runtime.aclose()
