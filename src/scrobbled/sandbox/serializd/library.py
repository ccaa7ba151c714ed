"""Serializd's ticks and lists: what is watched, without dates, and what the user keeps an eye on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from scrobbled.sandbox.base import Reply, Request, route
from scrobbled.sandbox.serializd.body import body_of, crash, number, numbers, refuse
from scrobbled.sandbox.serializd.catalogue import episode_details
from scrobbled.sandbox.serializd.core import SerializdCore
from scrobbled.sandbox.serializd.diary import STALE_SECONDS
from scrobbled.sandbox.serializd.store import PAGE_SIZE, SerializdUser, pages, stamp

SHOW_LISTS = {
    "currently_watching": "currently_watching_page",
    "paused_shows": "paused_shows_page",
    "dropped_shows": "dropped_shows_page",
}
"""List as it is written to, and as it is read."""
LISTS_BY_PAGE = {page: name for name, page in SHOW_LISTS.items()}
ORDERS: Mapping[str, Callable[[dict[str, Any]], Any]] = {
    "date_added": lambda item: item["dateAdded"],
    "name": lambda item: item["showName"],
    "release_date": lambda item: item["premiereDate"] or "",
    "last_aired": lambda item: item["premiereDate"] or "",
}


class LibraryRoutes(SerializdCore):
    """All writes need a sign-in; ticking does not touch the diary."""

    @route("POST", "/api/episode_log/add")
    def add_ticks(self, request: Request) -> Reply:
        account, given = self.viewer(request), body_of(request)
        show, season, wanted = number(given, "show_id"), number(given, "season_id"), numbers(given, "episode_numbers")
        episodes = self.catalogue.episodes(show, season)
        if any(n not in episodes for n in wanted):
            refuse(404, "Episode not found")
        now = stamp(self.now())
        for n in request.portion(wanted):
            account.tick(show, season, n, now)
        complete = account.ticks.get((show, season), {}).keys() >= episodes.keys()
        suggest = complete and (show, season) not in account.watched
        message = "Successfully added episode"
        return Reply(200, {"message": message, "nextEpisode": None, "shouldMarkSeasonAsWatched": suggest})

    @route("POST", "/api/episode_log/remove")
    def remove_ticks(self, request: Request) -> Reply:
        account, given = self.viewer(request), body_of(request)
        show, season, wanted = number(given, "show_id"), number(given, "season_id"), numbers(given, "episode_numbers")
        for n in request.portion(wanted):
            account.untick(show, season, n)
        return Reply(200, {"message": "Successfully removed episode"})

    @route("POST", "/api/watched_v2")
    def add_watched(self, request: Request) -> Reply:
        """Records the season only; its episodes are not ticked by it."""
        account, show, seasons = self._seasons(request)
        for season in seasons:
            self.catalogue.episodes(show, season)
            if self.settings.refuse_rewatched and (show, season) in account.watched:
                refuse(400, "Season is already watched")
        for season in request.portion(seasons):
            account.watched.setdefault((show, season), stamp(self.now()))
        return Reply(200, {"message": "Successfully added to watched"})

    @route("POST", "/api/watched/remove_v2")
    def remove_watched(self, request: Request) -> Reply:
        account, show, seasons = self._seasons(request)
        for season in request.portion(seasons):
            account.watched.pop((show, season), None)
        return Reply(200, {"message": "Successfully removed from watched"})

    @route("POST", "/api/watchlist_v2")
    def add_watchlist(self, request: Request) -> Reply:
        """No season ids mean the whole show. Being watched as well is no contradiction."""
        account, show, seasons = self._seasons(request)
        self.catalogue.show(show)
        for season in request.portion(seasons):
            self.catalogue.episodes(show, season)
        for season in request.portion(seasons or [None]):
            account.watchlist.setdefault((show, season), stamp(self.now()))
        return Reply(200, {"message": "Successfully added to watchlist"})

    @route("POST", "/api/watchlist/remove_v2")
    def remove_watchlist(self, request: Request) -> Reply:
        account, show, seasons = self._seasons(request)
        for season in request.portion(seasons or [None]):
            account.watchlist.pop((show, season), None)
        return Reply(200, {"message": "Successfully removed from watchlist"})

    def _seasons(self, request: Request) -> tuple[SerializdUser, int, list[Any]]:
        account, given = self.viewer(request), body_of(request)
        return account, number(given, "show_id"), numbers(given, "season_ids")

    @route("POST", "/api/currently_watching")
    @route("POST", "/api/paused_shows")
    @route("POST", "/api/dropped_shows")
    def add_to_list(self, request: Request) -> Reply:
        account, show = self.viewer(request), number(body_of(request), "show_id")
        self.catalogue.show(show)
        account.listed(request.path.split("/")[2]).setdefault(show, stamp(self.now()))
        return Reply(200, {"message": "Successfully added"})

    @route("POST", "/api/currently_watching/remove")
    @route("POST", "/api/paused_shows/remove")
    @route("POST", "/api/dropped_shows/remove")
    def remove_from_list(self, request: Request) -> Reply:
        account, show = self.viewer(request), number(body_of(request), "show_id")
        account.listed(request.path.split("/")[2]).pop(show, None)
        return Reply(200, {"message": "Successfully removed"})

    # Reading

    @route("GET", "/api/user/{username}/watchedpage_v2/{page:int}")
    @route("GET", "/api/user/{username}/watchlistpage_v2/{page:int}")
    def get_season_list(self, request: Request, username: str, page: int) -> Reply:
        account = self.user(request, username)
        held = account.watched if "/watchedpage_v2/" in request.path else account.watchlist
        shows: dict[int, dict[str, Any]] = {}
        for (show, season), at in held.items():
            item = shows.setdefault(show, {**self._listed(show, at), **self._totals(show), "seasonIds": []})
            item["dateAdded"] = max(item["dateAdded"], at)
            item["seasonIds"] += [season] if season is not None else []
        seasons = sum(len(item["seasonIds"]) for item in shows.values())
        found = paged(shows.values(), request, page)
        return Reply(200, {**found, "numberOfShows": len(shows), "numberOfSeasons": seasons})

    @route("GET", "/api/user/{username}/currently_watching_page/{page:int}")
    @route("GET", "/api/user/{username}/paused_shows_page/{page:int}")
    @route("GET", "/api/user/{username}/dropped_shows_page/{page:int}")
    def get_show_list(self, request: Request, username: str, page: int) -> Reply:
        held = self.user(request, username).listed(LISTS_BY_PAGE[request.path.split("/")[4]])
        found = paged([self._listed(show, at) for show, at in held.items()], request, page)
        return Reply(200, {**found, "totalItems": len(held)})

    def _listed(self, show: int, at: str) -> dict[str, Any]:
        return {
            "showId": show,
            "showName": self.catalogue.title(show),
            "dateAdded": at,
            "bannerImage": self.catalogue.banner(show),
            "premiereDate": self.catalogue.premiere(show),
        }

    def _totals(self, show: int) -> dict[str, Any]:
        regular = [s for s in self.catalogue.known_summaries(show) if s["seasonNumber"]]
        return {"numSeasons": len(regular), "numEpisodes": sum(s["episodeCount"] for s in regular)}

    @route("GET", "/mobile/page/show/{show:int}/season_v2_part_3/{number:int}")
    def get_season_page(self, request: Request, show: int, number: int) -> Reply:
        """The ticks of the season that ``season_id`` names; the number in the path does not matter."""
        account, season = self.viewer(request), request.query.get("season_id", "")
        if not season.isdigit():
            crash()
        ticks = account.ticks.get((show, int(season)), {})
        horizon = self._horizon(request)
        logs = [{"episodeNumber": n, "dateAdded": at} for n, at in sorted(ticks.items()) if at <= horizon]
        return Reply(200, {"episodeLogs": logs, "friendsWatched": []})

    def _horizon(self, request: Request) -> str:
        """Up to when this read sees writes."""
        if not request.stale or request.fault is None:
            return "9999"
        return stamp(self.now() - timedelta(seconds=request.fault.seconds or STALE_SECONDS))

    @route("GET", "/mobile/page/show_v2_part_2/{show:int}")
    def get_progress_page(self, request: Request, show: int) -> Reply:
        """The next episode; null both for a finished show and for one never started."""
        account, known = self.viewer(request), self.catalogue.show(show)
        started, following = False, None
        for season in (s for s in self.catalogue.seasons(known) if s.number):
            ticked = account.ticks.get((show, season.tmdb), {})
            started = started or bool(ticked)
            left = [e for n, e in self.catalogue.episodes(show, season.tmdb).items() if n not in ticked]
            following = following or next(iter(left), None)
        return Reply(200, {"nextEpisodeForUser": episode_details(following) if started and following else None})

    @route("GET", "/mobile/page/show_v2_part_3/{show:int}")
    def get_friends_page(self, request: Request, show: int) -> Reply:
        """What friends do with a show; nobody here has friends."""
        self.viewer(request)
        self.catalogue.show(show)
        keys = ("watchedBy", "watchlistedBy", "currentlyWatchedBy", "droppedBy", "pausedBy")
        return Reply(200, {key: [] for key in keys})


def paged(items: Iterable[dict[str, Any]], request: Request, page: int) -> dict[str, Any]:
    """One page by ``sort_by``, without which the server trips."""
    key, _, direction = request.query.get("sort_by", "").rpartition("_")
    if key not in ORDERS or direction not in ("asc", "desc") or page < 1:
        crash()
    ranked = sorted(items, key=ORDERS[key], reverse=direction == "desc")
    return {"items": ranked[(page - 1) * PAGE_SIZE : page * PAGE_SIZE], "totalPages": pages(len(ranked))}
