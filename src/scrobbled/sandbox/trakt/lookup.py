"""Search, seasons and episodes of the Trakt stand-in; no sign-in needed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from scrobbled.sandbox.base import AnsweredEarly, Reply, Request, route
from scrobbled.sandbox.trakt.catalogue import KINDS, TraktKind, TraktTitle
from scrobbled.sandbox.trakt.core import TraktCore, extended, page

BY_ID = ("trakt", "imdb", "tmdb", "tvdb")
SEARCHABLE: tuple[TraktKind, ...] = ("movie", "show", "episode")


class LookupRoutes(TraktCore):
    """``/search``, ``/movies`` and ``/shows``."""

    @route("GET", "/search/{one}/{two}")
    def search_by_id(self, request: Request, one: str, two: str) -> Reply:
        """Everything under that number, of every kind asked for: numbers are not unique over kinds."""
        if two == "exact":
            found = [hit for kind in _kinds(one) for hit in self.catalogue.exact(kind, request.query.get("query", ""))]
            return _hits(request, ((1000.0, title) for title in found))
        if one not in BY_ID:
            raise AnsweredEarly(Reply(404))
        asked = _kinds(request.query.get("type", ",".join(KINDS)))
        titles = (self.catalogue.by_id(kind, one, two) for kind in asked)
        return _hits(request, ((1000.0, title) for title in titles if title is not None))

    @route("GET", "/search/{types}")
    def search(self, request: Request, types: str) -> Reply:
        """By the words of a title; ``years`` is one year or a range."""
        found = self.catalogue.search(_kinds(types), request.query.get("query", ""))
        years = request.query.get("years", "")
        return _hits(request, ((score, title) for score, title in found if _in_years(title, years)))

    @route("GET", "/movies/{text}")
    def movie(self, request: Request, text: str) -> Reply:
        return Reply(200, _full(self._at("movie", text), request))

    @route("GET", "/shows/{text}")
    def show(self, request: Request, text: str) -> Reply:
        return Reply(200, _full(self._at("show", text), request))

    @route("GET", "/shows/{text}/seasons")
    def seasons(self, request: Request, text: str) -> Reply:
        """All seasons, specials as 0; with ``extended=episodes`` their episodes, as a rule. Not paged."""
        listed = self.catalogue.seasons(self._at("show", text))
        return Reply(200, [self._season(season, request) for season in listed])

    def _season(self, season: TraktTitle, request: Request) -> dict[str, Any]:
        body = season.minimal()
        if "episodes" in extended(request) and not self.bare_seasons:
            body["episodes"] = [_full(one, request) for one in self.catalogue.season_episodes(season)]
        return body

    @route("GET", "/shows/{text}/seasons/{season:int}")
    def episodes(self, request: Request, text: str, season: int) -> Reply:
        found = self.catalogue.episodes(self._at("show", text), season)
        if not found:
            raise AnsweredEarly(Reply(404))
        return Reply(200, [_full(one, request) for one in found])

    @route("GET", "/shows/{text}/seasons/{season:int}/episodes/{number:int}")
    def episode(self, request: Request, text: str, season: int, number: int) -> Reply:
        found = self.catalogue.place(self._at("show", text), season, number)
        if found is None:
            raise AnsweredEarly(Reply(404))
        return Reply(200, _full(found, request))

    def _at(self, kind: TraktKind, text: str) -> TraktTitle:
        title = self.catalogue.by_path(kind, text)
        if title is None:
            raise AnsweredEarly(Reply(404))
        return title


def _kinds(text: str) -> list[TraktKind]:
    """The known ones of a comma-separated list (people and lists are none of ours); 404 where nothing is known."""
    names = text.split(",")
    if unknown := [name for name in names if name not in (*KINDS, "person", "list")]:
        raise AnsweredEarly(Reply(404 if len(unknown) == len(names) else 400))
    return [kind for kind in KINDS if kind in names]


def _hits(request: Request, found: Iterable[tuple[float, TraktTitle]]) -> Reply:
    rows = [{"type": title.kind, "score": score, **title.nested()} for score, title in found]
    return page(request, rows, list, most=100, default=10)


def _in_years(title: TraktTitle, years: str) -> bool:
    if not years:
        return True
    first, _, last = years.partition("-")
    year = (title.show or title).year or 0
    return first.isdigit() and int(first) <= year <= int(last if last.isdigit() else first)


def _full(title: TraktTitle, request: Request) -> dict[str, Any]:
    return title.full() if "full" in extended(request) else title.minimal()
