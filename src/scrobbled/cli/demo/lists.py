"""Anna's two watchlists in the demo: at Plex and at Trakt, with something on each that the other does not have."""

from __future__ import annotations

from scrobbled.cli.demo.reckoning import SHOWS
from scrobbled.cli.waiting import Say
from scrobbled.sandbox.homes.home import Home
from scrobbled.sandbox.plex.agents import WorldTitle
from scrobbled.sandbox.plex.discover_core import plex_id
from scrobbled.sandbox.plex.people import ANNA
from scrobbled.sandbox.trakt.accounts import GROUPS, ListEntry
from scrobbled.sandbox.trakt.catalogue import TraktKind
from scrobbled.sandbox.world import WorldMovie


class DemoLists:
    """Written before anything is compared; ``is_right`` tells how both stand then.

    At Plex is also a film of this evening, seen elsewhere than at Plex, and at Trakt a show that is in no library.
    """

    def __init__(self, home: Home, tell: Say) -> None:
        self._home, self._tell = home, tell
        films, shows = home.sandbox.world.movies, home.sandbox.world.shows[:SHOWS]
        self._seen, self._at_plex = films[0], (films[2], shows[3])
        self._in_no_library, self._at_trakt = shows[5], (shows[4], shows[5])
        for core in (home.plex, home.cabin):
            for item in core.library.of_guid(self._in_no_library.guid):
                core.library.remove(item)
        for title in (self._seen, *self._at_plex):
            home.sandbox["plex-discover"].put(title, ANNA)
        for title in self._at_trakt:
            self._list_at_trakt(title)

    def _list_at_trakt(self, title: WorldTitle) -> None:
        trakt, user = self._home.sandbox["trakt"], self._home.trakt()
        kind: TraktKind = "movie" if isinstance(title, WorldMovie) else "show"
        now = trakt.now()
        known = trakt.catalogue.by_id(kind, "trakt", title.trakt)
        user.watchlist.put(ListEntry(next(user.numbers), known, now), now)
        user.touch(GROUPS[kind], "watchlisted_at", now)
        user.touch("watchlist", "updated_at", now)

    def is_right(self) -> bool:
        """True where each has what it must."""
        plex, trakt = set(self._home.sandbox["plex-discover"].listed(ANNA)), self._listed_at_trakt()
        both, right = (*self._at_plex, *self._at_trakt), True
        self._tell(f"\n{'Anna: what she wants to watch':<36}Plex    Trakt")
        for title in (*both, self._seen):
            here, there = plex_id(title) in plex, title.trakt in trakt
            becomes = self._becomes(title)
            self._tell(f"  {title.title:<34}{_said(here):<8}{_said(there):<8}{becomes}")
            right &= (here, there) == (title is not self._seen,) * 2
        right &= len(plex) == len(trakt) == len(both)
        self._tell("Both watchlists agree." if right else "WRONG: the watchlists are not as they must be.")
        return right

    def _becomes(self, title: WorldTitle) -> str:
        if title is self._seen:
            return "seen tonight: left one, and comes on none"
        return "is in no library" if title is self._in_no_library else ""

    def _listed_at_trakt(self) -> set[int]:
        return {entry.title.trakt for entry in self._home.trakt().watchlist}


def _said(is_there: bool) -> str:
    return "yes" if is_there else "no"
