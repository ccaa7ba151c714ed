"""Stand-ins of Plex Discover, which has the watchlist of each account, and of Plex's host for titles beside it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from scrobbled.sandbox.base import ALONE, AnsweredEarly, Beside, Reply, Request, control_body, route, utc_now
from scrobbled.sandbox.plex.agents import WorldTitle
from scrobbled.sandbox.plex.discover_core import (
    CatalogueCore,
    RequestLimit,
    contained,
    ids_of,
    plex_id,
    row_of,
    type_of,
)
from scrobbled.sandbox.plex.items import LibraryItem
from scrobbled.sandbox.plex.people import ANNA, PlexAccount
from scrobbled.sandbox.plex.plextv_core import refusal
from scrobbled.sandbox.world import World

MOST_ROWS = 100
NO_SECTION = "Section 'watchlist' not found!"
TYPES = {"1": "movie", "2": "show"}


class PlexMetadataStandIn(CatalogueCore):
    """``metadata.provider.plex.tv``. The watchlist was here once, and is not any more."""

    name = "plex-metadata"

    def __init__(self, world: World, *, now: Callable[[], datetime] = utc_now, beside: Beside = ALONE) -> None:
        super().__init__(world, now=now, beside=beside)
        self.limit, self.matched = RequestLimit(), {}

    @route("GET", "/library/metadata/matches")
    def matches(self, request: Request) -> Reply:
        """``title=tmdb-603`` is by an external id; any other title is not looked for here."""
        wanted, kind = request.query.get("title", ""), TYPES.get(request.query.get("type", ""), "")
        service, _, id_ = wanted.partition("-")
        known = [one for one in self.titles() if (type_of(one), ids_of(one).get(service)) == (kind, id_)]
        found = [self.matched[wanted]] if wanted in self.matched else known
        told = self.gives_guids and "includeGuids" in request.query
        return contained([row_of(one, guids=told) for one in found])

    @route("GET", "/library/metadata/{id_}")
    def one(self, request: Request, id_: str) -> Reply:
        return self.details(request, id_)

    @route("GET", "/library/sections/watchlist/all")
    @route("PUT", "/actions/addToWatchlist")
    @route("PUT", "/actions/removeFromWatchlist")
    def moved(self, request: Request) -> Reply:
        return no_section(request)


class DiscoverStandIn(CatalogueCore):
    """``discover.provider.plex.tv``.

    ``lists`` are the watchlists by plex.tv id, the oldest first. While it is ``elsewhere``, they are at another host.
    ``hidden`` are ids of titles that Plex does not know. ``lists_guids`` tells whether a list comes with external ids.
    A watched film leaves the list by itself while ``films_leave``, a show with its first or its last episode by
    ``shows_leave`` ("never", "begun", "done").
    """

    name = "plex-discover"

    def __init__(self, world: World, *, now: Callable[[], datetime] = utc_now, beside: Beside = ALONE) -> None:
        super().__init__(world, now=now, beside=beside)
        self.limit, self.matched = RequestLimit(), {}
        self.lists: dict[int, list[str]] = {}
        self.hidden: set[str] = set()
        self.elsewhere = self.lists_guids = False
        self.films_leave, self.shows_leave = True, "never"
        self.paged: Callable[[int], None] = lambda start: None
        """Called after every page of a list with its start."""

    def state(self) -> dict[str, Any]:
        names = {account.id: account.title for account in self.beside["plextv"].people}
        return {"watchlists": {names[number]: list(held) for number, held in self.lists.items()}}

    def listed(self, account: PlexAccount = ANNA) -> list[str]:
        return self.lists.setdefault(account.id, [])

    def put(self, title: WorldTitle, account: PlexAccount = ANNA) -> None:
        """As somebody does it in the app."""
        if plex_id(title) not in self.listed(account):
            self.listed(account).append(plex_id(title))

    def take(self, title: WorldTitle, account: PlexAccount = ANNA) -> None:
        if plex_id(title) in self.listed(account):
            self.listed(account).remove(plex_id(title))

    def watched(self, account: PlexAccount, item: LibraryItem, *, is_last: bool) -> None:
        """Somebody has watched it at a server; ``is_last`` where every episode of its show is watched by that."""
        if item.movie is not None and self.films_leave:
            self.take(item.movie, account)
        elif item.show is not None and (self.shows_leave == "begun" or (self.shows_leave == "done" and is_last)):
            self.take(item.show, account)

    @route("GET", "/library/sections/watchlist/all")
    def watchlist(self, request: Request) -> Reply:
        """The newest first, in pages of a hundred at most."""
        account = self._here(request)
        kind = TYPES.get(request.query.get("type", ""))
        held = [self.at(request, id_) for id_ in reversed(self.listed(account)) if id_ not in self.hidden]
        rows = [row_of(one, guids=self.lists_guids) for one in held if kind in (None, type_of(one))]
        start, size = _number(request, "start") or 0, _number(request, "size")
        part = rows[start : start + min(MOST_ROWS, MOST_ROWS if size is None else size)]
        self.paged(start)
        return contained(part, offset=start, totalSize=len(rows))

    @route("PUT", "/actions/addToWatchlist")
    def add(self, request: Request) -> Reply:
        """409 for what is on it already."""
        account, title = self._here(request), self.at(request, request.query.get("ratingKey", ""))
        if plex_id(title) in self.listed(account):
            return refusal(request, 409, 1020, "Item is already on the watchlist")
        self.put(title, account)
        return Reply(200, {})

    @route("PUT", "/actions/removeFromWatchlist")
    def remove(self, request: Request) -> Reply:
        """404 for what is not on it."""
        account, title = self._here(request), self.at(request, request.query.get("ratingKey", ""))
        if plex_id(title) not in self.listed(account):
            return refusal(request, 404, 1020, "Item is not on the watchlist")
        self.take(title, account)
        return Reply(200, {})

    @route("GET", "/library/search")
    def search(self, request: Request) -> Reply:
        """All that share a word with what is sought, the least alike not last; no external ids."""
        words = set(request.query.get("query", "").casefold().split())
        kinds = {"movies": "movie", "tv": "show"}
        wanted = {kinds.get(one) for one in request.query.get("searchTypes", "movies,tv").split(",")}
        found = [
            one
            for one in self.titles()
            if type_of(one) in wanted and not words.isdisjoint(one.title.casefold().split())
        ]
        limit = request.query.get("limit", "30")
        hits = [{"score": 0.5, "Metadata": row_of(one, guids=False)} for one in found][: int(limit)]
        groups = [{"id": "external", "title": "More", "size": len(hits), "SearchResult": hits}]
        return Reply(200, {"MediaContainer": {"size": 1, "SearchResults": groups}})

    @route("GET", "/library/metadata/{id_}")
    def one(self, request: Request, id_: str) -> Reply:
        return self.details(request, id_)

    @route("POST", "/_sandbox/list")
    def list_by_hand(self, request: Request) -> Reply:
        """``{"title": "…", "account": "anna", "off": false}``: somebody puts a title on the list, or takes it off."""
        given = control_body(request, dict)
        people = {account.title: account for account in self.beside["plextv"].people}
        title = next((one for one in self.titles() if one.title == given.get("title")), None)
        account = people.get(given.get("account", ANNA.title))
        if title is None or account is None:
            return Reply(404, {"message": "no such title or account"})
        (self.take if given.get("off") else self.put)(title, account)
        return Reply(200, {"watchlist": self.listed(account)})

    def _here(self, request: Request) -> PlexAccount:
        if self.elsewhere:
            raise AnsweredEarly(no_section(request))
        return self.account(request)


def no_section(request: Request) -> Reply:
    return refusal(request, 404, 1020, NO_SECTION)


def _number(request: Request, which: str) -> int | None:
    text = request.headers.get(f"x-plex-container-{which}") or request.query.get(f"X-Plex-Container-{which.title()}")
    return int(text) if text and text.isdigit() else None
