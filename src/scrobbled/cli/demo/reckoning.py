"""Whether each tracker has of each person what the servers know was watched: all of it, once, and no more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from scrobbled.cli.waiting import Say
from scrobbled.sandbox.plex.items import LibraryItem
from scrobbled.sandbox.server import Sandbox

DemoKey = tuple[str, int | None, int | None]
DemoPlay = tuple[DemoKey, datetime]
"""A play that a tracker has, and the time that it has of it."""
CLOSE = timedelta(minutes=1)
"""Trakt keeps whole minutes."""
SERVERS = {"plex": "Plex", "jellyfin": "Jellyfin", "emby": "Emby"}
FAMILY = {"anna": ("anna", "sofa"), "ben": ("ben", "sofa")}
"""Who sits behind which accounts; the neighbour is none of them."""
SHOWS, FILMS = 6, 3
"""So many of the world's first are what is watched this evening; the rest is in anna's library."""


class DemoViewing(Struct, frozen=True):
    """Somebody watches something on a server; ``key`` is what each tracker must hold once."""

    server: str
    account: str
    item: LibraryItem
    ended: datetime

    @property
    def key(self) -> DemoKey:
        episode, show = self.item.episode, self.item.show
        return (show.title, episode.season, episode.number) if show and episode else (self.item.title, None, None)

    @property
    def label(self) -> str:
        title, season, number = self.key
        return title if season is None else f"{title} S{season} E{number}"


class Reckoning:
    """Looks into the stand-ins themselves, and there at the evening's titles alone."""

    def __init__(self, sandbox: Sandbox, tell: Say) -> None:
        self._sandbox, self._tell = sandbox, tell
        world = sandbox.world
        self._titles = {show.title for show in world.shows[:SHOWS]} | {film.title for film in world.movies[:FILMS]}

    def plays(self) -> int:
        """How many everybody watched: one that two watched together counts twice."""
        return sum(len(list(self.watched_by(person))) for person in FAMILY)

    def is_right(self) -> bool:
        """Tells what each tracker has of what each person watched; true if it is all of that, once, and no more."""
        right = True
        for person in FAMILY:
            right &= self._compare(person, sorted(self.watched_by(person), key=lambda viewing: viewing.ended))
        strangers = sum(viewing.account == "neighbour" for viewing in self._watched())
        self._tell(f"\nWhat the neighbour watched ({strangers}) nobody claims: it is kept, and sent to nobody.")
        self._tell("\nEverybody has each play exactly once." if right else "\nSomething is wrong, see above.")
        return right

    def _compare(self, person: str, watched: Sequence[DemoViewing]) -> bool:
        """One line for each viewing, and one for whatever a tracker holds that the person did not watch."""
        diary, history = self._serializd(person), self._trakt(person)
        self._tell(f"\n{f'What {person} watched':<26} on               until (UTC)  Serializd has it   Trakt has it")
        for viewing in watched:
            on = SERVERS[viewing.server] + (f", {viewing.account}" if viewing.account != person else "")
            kept = _times(diary, viewing.key) if viewing.key[1] is not None else "(keeps no films)"
            told = f"{viewing.label:<24} {on:<16} {viewing.ended:%H:%M:%S}     {kept:<18}"
            self._tell(f"  {told} {_times(history, viewing.key)}")
        episodes = [viewing for viewing in watched if viewing.key[1] is not None]
        strange = [key for key, _ in [*diary, *history] if key not in [viewing.key for viewing in watched]]
        for key in strange:
            self._tell(f"  {key} WAS NEVER WATCHED")
        return not strange and _same(diary, episodes) and _same(history, watched)

    def _serializd(self, username: str) -> list[DemoPlay]:
        shows = self._sandbox.world.shows
        spots = {(show.tmdb, one.tmdb): (show.title, one.number) for show in shows for one in show.seasons}
        account: Mapping[str, Any] = self._sandbox["serializd"].state()["accounts"][username]
        rows = list[DemoPlay]()
        for review in account["reviews"]:
            title, season = spots[review["showId"], review["seasonId"]]
            rows.append(((title, season, review["episodeNumber"]), datetime.fromisoformat(review["backdate"])))
        return rows

    def _trakt(self, username: str) -> list[DemoPlay]:
        account: Mapping[str, Any] = self._sandbox["trakt"].state()["accounts"].get(username, {"history": []})
        return [
            ((row["title"], row.get("season"), row.get("number")), datetime.fromisoformat(row["watched_at"]))
            for row in account["history"]
            if row["title"] in self._titles
        ]

    def _watched(self) -> Iterator[DemoViewing]:
        """What the servers themselves know was played to its end."""
        for row in self._sandbox["plex"].views.history:
            viewing = DemoViewing("plex", row.account.title, row.item, row.at)
            if viewing.key[0] in self._titles:
                yield viewing
        for name in ("jellyfin", "emby"):
            for seen in self._sandbox[name].viewings:
                yield DemoViewing(name, seen.person.name, seen.item, seen.at)

    def watched_by(self, person: str) -> Iterator[DemoViewing]:
        """This evening, alone or with others."""
        return (viewing for viewing in self._watched() if viewing.account in FAMILY[person])


def _times(held: Sequence[DemoPlay], key: DemoKey) -> str:
    """How often it is there, and the time of it."""
    found = [at for one, at in held if one == key]
    return f"once, {found[0]:%H:%M:%S}" if len(found) == 1 else f"{len(found)} TIMES"


def _same(held: Sequence[DemoPlay], wanted: Sequence[DemoViewing]) -> bool:
    """Whether the one has what the other has, each at its own time."""
    expected = {viewing.key: viewing.ended for viewing in wanted}
    return len(held) == len(wanted) == len(expected) and all(
        key in expected and abs(expected[key] - at) < CLOSE for key, at in held
    )
