"""The ground of Plex's two catalogue hosts: which titles Plex knows, under which ids, and how often it may be asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scrobbled.sandbox.base import AnsweredEarly, Reply, Request, StandIn
from scrobbled.sandbox.plex.agents import WorldTitle
from scrobbled.sandbox.plex.items import MODERN
from scrobbled.sandbox.plex.people import PlexAccount
from scrobbled.sandbox.plex.plextv_core import refusal
from scrobbled.sandbox.world import WorldMovie, WorldShow

EVERY, BURST = 0.2, 30.0
"""Seconds for one request, and how many may come at once."""


@dataclass(slots=True)
class RequestLimit:
    """A bucket of ``BURST`` requests that fills again at one each ``EVERY`` seconds."""

    enforced: bool = True
    free: float = BURST
    at: datetime | None = None

    def take(self, now: datetime) -> Reply | None:
        """Counts one request; the 429 where there were too many."""
        passed = 0.0 if self.at is None else max(0.0, (now - self.at).total_seconds())
        self.free, self.at = min(BURST, self.free + passed / EVERY), now
        if self.enforced and self.free < 1.0:
            return Reply(429, {"message": "Too Many Requests"}, {"retry-after": "2"})
        self.free -= 1.0
        return None


class CatalogueCore(StandIn):
    """Each host counts its own requests. ``gives_guids`` tells whether ``matches`` lists external ids by itself."""

    limit: RequestLimit
    gives_guids = True
    matched: dict[str, WorldTitle]
    """What ``matches`` answers to such a title ("tmdb-90001"), where that is wrong."""

    def check(self, request: Request) -> Reply | None:
        self.account(request)
        return self.limit.take(self.now())

    def missing(self, request: Request) -> Reply:
        return refusal(request, 404, 1020, "The requested resource could not be found")

    def account(self, request: Request) -> PlexAccount:
        """Who asks, by a token of plex.tv; nobody whose account is managed has one that works here."""
        found: PlexAccount = self.beside["plextv"].account(request)
        if found.managed:
            raise AnsweredEarly(refusal(request, 401, 1001, "User could not be authenticated"))
        return found

    def titles(self) -> Iterable[WorldTitle]:
        """What Plex knows."""
        hidden: set[str] = self.beside["plex-discover"].hidden if "plex-discover" in self.beside else set()
        every: tuple[WorldTitle, ...] = (*self.world.movies, *self.world.shows)
        return (one for one in every if plex_id(one) not in hidden)

    def at(self, request: Request, id_: str) -> WorldTitle:
        found = next((one for one in self.titles() if plex_id(one) == id_), None)
        if found is None:
            raise AnsweredEarly(refusal(request, 404, 1020, f"Item '{id_}' not found!"))
        return found

    def details(self, request: Request, id_: str) -> Reply:
        rows = [row_of(self.at(request, one), guids="includeGuids" in request.query) for one in id_.split(",")]
        return contained(rows)


def contained(rows: list[dict[str, Any]], **counts: int) -> Reply:
    """A list without any lacks its key altogether."""
    head = {"identifier": "tv.plex.provider.discover", "size": len(rows), **counts}
    return Reply(200, {"MediaContainer": {**head, **({"Metadata": rows} if rows else {})}})


def plex_id(title: WorldTitle) -> str:
    """The ``ratingKey`` here: what its guid ends with."""
    return title.guid.removeprefix(MODERN).partition("/")[2]


def type_of(title: WorldTitle) -> str:
    return "movie" if isinstance(title, WorldMovie) else "show"


def ids_of(title: WorldTitle) -> Mapping[str, str]:
    """Its external ids by the names that Plex has for their services."""
    tvdb = {"tvdb": str(title.tvdb)} if isinstance(title, WorldShow) else {}
    return {"imdb": title.imdb, "tmdb": str(title.tmdb), **tvdb}


def row_of(title: WorldTitle, *, guids: bool) -> dict[str, Any]:
    id_ = plex_id(title)
    external = [{"id": f"{name}://{value}"} for name, value in ids_of(title).items()]
    return {
        "ratingKey": id_,
        "key": f"/library/metadata/{id_}",
        "guid": title.guid,
        "slug": title.slug,
        "type": type_of(title),
        "title": title.title,
        "year": title.year,
        "originallyAvailableAt": f"{title.year}-06-01",
        **({"Guid": external} if guids else {}),
    }
