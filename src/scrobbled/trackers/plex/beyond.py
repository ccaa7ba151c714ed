"""How Plex calls a film or show that may be in no library: by its guid, else by its ids, and each answer is verified.

Plex matches an id to what it thinks is meant, and finds by name whatever is called alike, so that nothing of that is
believed before the ids of what was found say the same.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence

from scrobbled.clients.base import JsonRow
from scrobbled.clients.discover import Discover, PlexTitleType
from scrobbled.core.errors import Candidate, NotInCatalogue, Uncertain
from scrobbled.core.naming.items import Movie
from scrobbled.core.naming.matching import plain
from scrobbled.core.naming.things import SPACES, names_of, one_thing
from scrobbled.core.records import Subject
from scrobbled.plumbing.fields import Malformed
from scrobbled.trackers.base import Address
from scrobbled.trackers.plex.discovering import DiscoverAccount
from scrobbled.trackers.plex.titles import PlexTitle, PlexTitles, ids_of, own_key, title_of

MOST = 10
"""Candidates of a search of which the ids are asked for."""
DISCOVER = "discover"
OPEN = "Plex has nothing that certainly is {}: of what it finds, no ids say the same{}"


class PlexBeyond:
    """Answers ``LocateBeyond``."""

    def __init__(self, account: DiscoverAccount, titles: PlexTitles) -> None:
        self._account, self._titles = account, titles

    async def locate_beyond(self, subject: Subject) -> Address:
        """Raises ``Uncertain`` with what was found where nothing is certain."""
        kind: PlexTitleType = "movie" if subject.scope == "movie" else "show"
        if subject.scope not in ("movie", "show"):
            raise NotInCatalogue(f"Plex lists films and shows, and {subject.label()} is neither")
        if key := own_key(kind, subject.item):
            return _address(subject.key, key, subject, "its guid at Plex")
        discover = await self._account.discover()
        async for title, how in self._verified(discover, kind, subject):
            return _address(title.names[0], title.key, subject, how)
        found = await self._sought(discover, kind, subject)
        for title in found:
            title = await self._titles.named(discover, title)
            if _is_it(subject, title):
                return _address(title.names[0], title.key, subject, "title and year, and its ids")
        names = f" ({', '.join(one.item.label() for one in found)})" if found else ""
        raise Uncertain(OPEN.format(subject.label(), names), [_candidate(one) for one in found])

    async def _verified(
        self, discover: Discover, kind: PlexTitleType, subject: Subject
    ) -> AsyncIterator[tuple[PlexTitle, str]]:
        """What an id of it leads to, if that has this id indeed."""
        known = ids_of(subject.item).known()
        for service in SPACES:
            if service not in known:
                continue
            for title in _readable(await discover.matches(kind, service, known[service])):
                title = await self._titles.named(discover, title)
                if title.scope == kind and _is_it(subject, title):
                    yield title, f"its {service.upper()} id"

    async def _sought(self, discover: Discover, kind: PlexTitleType, subject: Subject) -> Sequence[PlexTitle]:
        """Those that are called like it, those of its year first."""
        name, year = _called(subject)
        if not name:
            return []
        found = [one for one in _readable(await discover.search(kind, name)) if one.scope == kind]
        wanted = plain(name)
        return sorted(found, key=lambda one: (plain(_name(one)) != wanted, _year(one) != year))[:MOST]


def _is_it(subject: Subject, title: PlexTitle) -> bool:
    return one_thing(names_of(subject.scope, subject.item), title.names)


def _readable(rows: Iterable[JsonRow]) -> list[PlexTitle]:
    found: list[PlexTitle] = []
    for row in rows:
        try:
            found.append(title_of(row))
        except Malformed:
            continue
    return found


def _address(own: str, key: str, subject: Subject, how: str) -> Address:
    """``own`` is by what our reads call it."""
    data = {DISCOVER: key, "places": list(subject.places)}
    return Address(own, data, how, entry=subject.label())


def _called(subject: Subject) -> tuple[str, int | None]:
    item = subject.item
    return (item.title, item.year) if isinstance(item, Movie) else (item.show_title or "", item.show_year)


def _name(title: PlexTitle) -> str:
    item = title.item
    return item.title if isinstance(item, Movie) else item.show_title or ""


def _year(title: PlexTitle) -> int | None:
    return title.item.year if isinstance(title.item, Movie) else title.item.show_year


def _candidate(title: PlexTitle) -> Candidate:
    tmdb = ids_of(title.item).tmdb
    return Candidate(_name(title), _year(title), tmdb, why="Plex search")
