"""Plex and Trakt for ``library.py``, in a process of their own: ``python benchmarks/_stand_ins.py PORT '{…}'``.

What is to happen to them, and what is asked about them, comes as lines of JSON on standard input, each answered by one.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from scrobbled.sandbox.faults import Fault, in_turn
from scrobbled.sandbox.homes.large import large, trakt_title, watchable
from scrobbled.sandbox.plex.happenings import titles_of
from scrobbled.sandbox.plex.items import FILMS, SERIES, Holding, LibraryItem, PlexSection
from scrobbled.sandbox.plex.people import ANNA
from scrobbled.sandbox.server import Sandbox
from scrobbled.sandbox.trakt.accounts import TraktPlay, minute
from scrobbled.sandbox.world import WorldShow

NAMES = ("plex", "plextv", "trakt", "trakt-auth")
ADD = "POST /sync/history"
WRITES = ("PUT", "POST", "DELETE", "GET /:/")
FOUR_K = PlexSection(9, "Films 4K", "movie", FILMS.agent, "5f0a7d4e-3b1c-4c58-9a67-0e1d2c3b4a59")
NOBODY_KNOWS = 700_000_000
"""Added to the ids of episodes that Trakt is not to know."""


@dataclass(frozen=True)
class Shelf:
    """What both sides hold: see ``large``. ``marks`` plays are on Trakt alone, ``copies`` films are there twice.

    ``known`` false: the library tells ids of its episodes that Trakt does not know; those of shows it does.
    """

    movies: int
    episodes: int
    watched: int = 0
    rated: int = 0
    on_trakt: int = 0
    marks: int = 0
    copies: int = 0
    known: bool = True


class StandIns:
    """``anna``'s Plex server and Trakt account. Every public method is a command."""

    def __init__(self, shelf: Shelf) -> None:
        sizes = {name: value for name, value in asdict(shelf).items() if name not in ("marks", "copies", "known")}
        self.sandbox: Sandbox = large(**sizes, only=NAMES)
        self._plex, self._trakt = self.sandbox["plex"], self.sandbox["trakt"]
        self._user = self._trakt.account_of("anna")
        self._user.limits = dict.fromkeys(self._user.limits, 1_000_000)
        self._news = self._of_what_is_new()
        self._before: Counter[tuple[str, str]] = self._now()
        if shelf.marks:
            self._mark(shelf.marks)
        if shelf.copies:
            self._copy(shelf.copies)
        if not shelf.known:
            self._estrange()

    def _of_what_is_new(self) -> Any:
        seen = [item for item in watchable(self._plex) if not self._plex.viewed(ANNA, item).count]
        return iter(seen)

    def _mark(self, count: int) -> None:
        """Plays of what nobody has watched in the library."""
        now = self._trakt.now()
        chosen = list(islice(self._news, count))
        at = [minute(now - timedelta(minutes=97 * (n + 1))) for n in range(count)]
        titles = [trakt_title(self._trakt.catalogue, item) for item in chosen]
        plays = [
            TraktPlay(next(self._user.numbers), title, when, "watch") for title, when in zip(titles, at, strict=True)
        ]
        self._user.history.fill(plays, now)
        self._user.touch_all(titles, "watched_at", now)
        self._before = self._now()

    def _copy(self, count: int) -> None:
        """So many of the films that were watched on Trakt are there in a second library as well."""
        self._plex.library.open(FOUR_K)
        plays = {play.title.trakt for play in self._user.history if play.title.kind == "movie"}
        films = [item for item in self._plex.library.of_type(FILMS, "movie") if item.movie.trakt in plays]
        unseen = (item.movie for item in films if not self._plex.viewed(ANNA, item).count)
        for film in list(islice(unseen, count)):
            self._plex.library.put(film, Holding(FOUR_K, added=int(self._plex.now().timestamp()) - 86_400))

    def _estrange(self) -> None:
        titles = {key: _estranged(title) for key, title in titles_of(self._plex, SERIES).items()}
        self._plex.library.rename(SERIES, titles, SERIES.agent)

    # What is asked

    def sign_in(self) -> dict[str, Any]:
        """What Trakt gives to somebody who said yes."""
        answer: dict[str, Any] = self._trakt.sign_in("anna").answer()
        return answer

    def requests(self) -> dict[str, Any]:
        """Since the last time, by stand-in: all, and those that change something."""
        told: dict[str, Any] = {}
        for name in NAMES:
            counts = self.sandbox[name].counts
            writes = sum(n for route, n in counts.items() if route.startswith(WRITES))
            told[name] = {"all": counts.total(), "writes": writes, "routes": dict(counts)}
            counts.clear()
        return told

    def right(self) -> dict[str, int]:
        """How many plays Trakt has, and how many viewings of Plex are missing there, or too many, to the minute."""
        wanted = Counter(self._key(row.item, row.at) for row in self._plex.views.history if row.account == ANNA)
        held = self._now()
        return {
            "plays": held.total(),
            "lost": (wanted - held).total(),
            "doubled": (held - wanted).total(),
        }

    def unmoved(self) -> dict[str, int]:
        """Plays and ratings on Trakt that came or went since the beginning, and how the copies in Plex stand."""
        came, went = self._now() - self._before, self._before - self._now()
        wanted = {play.title.key for play in self._user.history}
        items = [item for item in self._plex.library.items.values() if item.type in ("movie", "episode")]
        counts = Counter(
            self._plex.viewed(ANNA, item).count
            for item in items
            if trakt_title(self._trakt.catalogue, item).key in wanted
        )
        return {
            "came": came.total(),
            "went": went.total(),
            "once": counts[1],
            "otherwise": counts.total() - counts[1],
            "watched": sum(1 for one in self._plex.views.seen.values() if one.count),
            "ratings": len(self._user.ratings) + sum(1 for one in self._plex.views.seen.values() if one.rating),
        }

    # What happens

    def watch(self, count: int) -> None:
        """So many further things were watched in the library, the last one an hour ago."""
        last, views = self._plex.now() - timedelta(hours=1), self._plex.views
        for n, item in enumerate(islice(self._news, count)):
            at = last - timedelta(minutes=97 * (count - 1 - n))
            views.put(ANNA, item, views.of(ANNA, item).after("scrobble", at))
            views.finished(item, ANNA, at)

    def break_down(self, every: int) -> None:
        """Of the history POSTs each ``every``-th is answered 502, after it was done, half done, or dropped."""
        wrong = [Fault(ADD, status=502, when="after"), Fault(ADD, kind="half"), Fault(ADD, kind="drop")]
        for fault in in_turn(wrong, every):
            self._trakt.faults.add(fault)

    def hooks(self, url: str) -> None:
        """Webhooks go there, also for what is marked or rated by request, which is the worst that a server can do."""
        self._plex.hooks[:] = [url]
        self._plex.switches = self._plex.switches.changed({"marks_call_hooks": True})

    def _now(self) -> Counter[tuple[str, str]]:
        return Counter((f"{play.title.kind} {play.title.trakt}", _text(play.watched_at)) for play in self._user.history)

    def _key(self, item: LibraryItem, at: datetime) -> tuple[str, str]:
        named = item.episode or item.movie
        assert named is not None
        return f"{item.type} {named.trakt}", _text(minute(at))


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M")


def _estranged(title: Any) -> WorldShow:
    def far(one: Any) -> Any:
        return replace(one, tvdb=one.tvdb + NOBODY_KNOWS, tmdb=one.tmdb + NOBODY_KNOWS, imdb=f"tt9{one.imdb[2:]}")

    seasons = (replace(season, episodes=tuple(map(far, season.episodes))) for season in title.seasons)
    return replace(title, seasons=tuple(seasons))


async def stand(stand_ins: StandIns, port: int) -> None:
    ended = asyncio.Event()

    def told() -> None:
        line = sys.stdin.readline()
        if not line:
            ended.set()
            return
        name, *values = json.loads(line)
        command: Callable[..., Any] = getattr(stand_ins, name)
        print(json.dumps(command(*values)), flush=True)

    async with stand_ins.sandbox.running(port=port):
        asyncio.get_running_loop().add_reader(sys.stdin, told)
        print("ready", flush=True)
        await ended.wait()


if __name__ == "__main__":
    asyncio.run(stand(StandIns(Shelf(**json.loads(sys.argv[2]))), int(sys.argv[1])))
