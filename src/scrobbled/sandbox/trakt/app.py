"""Stand-in of Trakt: strict headers, real rate limits, minute precision, and a history that never asks twice."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from scrobbled.sandbox.base import AnsweredEarly, Reply, Request, control_body, route
from scrobbled.sandbox.trakt.accounts import TraktPlay, TraktUser
from scrobbled.sandbox.trakt.auth import SignInControls, TraktAuthStandIn
from scrobbled.sandbox.trakt.catalogue import WATCHABLE, TraktTitle
from scrobbled.sandbox.trakt.core import FULL_LISTS, moment
from scrobbled.sandbox.trakt.history import HistoryRoutes, WatchedRoutes
from scrobbled.sandbox.trakt.lists import ListRoutes
from scrobbled.sandbox.trakt.lookup import LookupRoutes
from scrobbled.sandbox.trakt.oauth import OAuthServer, OAuthToken
from scrobbled.sandbox.trakt.scrobble import ScrobbleRoutes

__all__ = ["TraktAuthStandIn", "TraktStandIn"]
SWITCHES = (
    *("lag", "strict_episode_ids", "duplicate_rows", "removals_move", "minimal_pages", "bare_seasons"),
    *("drops_details", "full_lists"),
)
MINIMAL_PAGES = ("wanted", "always", "never")
ACCOUNT_SWITCHES = ("vip", "locked", "deactivated")


class TraktStandIn(HistoryRoutes, WatchedRoutes, ListRoutes, ScrobbleRoutes, LookupRoutes, SignInControls):
    """``api.trakt.tv``, with the accounts "anna" and "ben" and the app "sandbox-client"."""

    def sign_ins(self) -> OAuthServer:
        return self.oauth

    def sign_in(self, username: str = "anna") -> OAuthToken:
        """A valid pair for the default app."""
        return self.oauth.issue(username, self.oauth.clients["sandbox-client"], self.now())

    def preload(self, username: str, n: int) -> None:
        """Gives a user ``n`` plays of a past, over all movies and episodes in turn."""
        titles = [title for kind in WATCHABLE for title in self.catalogue.titles[kind]]
        self.account_of(username).preload(titles, n, self.now())

    def state(self) -> dict[str, Any]:
        for account in self.accounts.values():
            self.settle(account)
        return {"accounts": {name: account.export() for name, account in self.accounts.items()}}

    @route("GET", "/users/settings")
    def settings(self, request: Request) -> Reply:
        return Reply(200, _settings(self.user(request)))

    @route("GET", "/users/settings/plex")
    def plex_settings(self, request: Request) -> Reply:
        """As the account's ``plex`` says; 404 for an app that is not told."""
        told = self.user(request).plex
        return Reply(404) if told is None else Reply(200, told)

    @route("GET", "/sync/last_activities")
    def last_activities(self, request: Request) -> Reply:
        return Reply(200, self.user(request).activities(self.read_at(request)))

    # What people and tests may change

    @route("POST", "/_sandbox/preload")
    def preload_by_control(self, request: Request) -> Reply:
        """``{"username": "anna", "plays": 1000}``."""
        given = control_body(request, dict)
        username, plays = str(given.get("username") or "anna"), given.get("plays", 100)
        if not isinstance(plays, int) or not 0 <= plays <= 1_000_000:
            return Reply(400, {"message": "plays is a number up to 1000000"})
        self.preload(username, plays)
        return Reply(200, {"username": username, "plays": len(self.account_of(username).history)})

    def bulk(
        self, username: str, titles: Iterable[TraktTitle], at: datetime, *, apart: timedelta = timedelta(0)
    ) -> list[TraktPlay]:
        """Plays of another program: one of each title in one minute, or so far ``apart``."""
        return self.account_of(username).bulk(titles, at, self.now(), apart=apart)

    @route("POST", "/_sandbox/bulk")
    def bulk_by_control(self, request: Request) -> Reply:
        """``{"username": "anna", "plays": 30, "at": "2026-01-01T20:00:00Z", "apart": 0}``; ``apart`` in seconds."""
        given = control_body(request, dict)
        username, plays, apart = str(given.get("username") or "anna"), given.get("plays", 30), given.get("apart", 0)
        if not isinstance(plays, int) or plays < 1 or not isinstance(apart, int | float):
            return Reply(400, {"message": "plays is a number from 1, apart a number of seconds"})
        at = moment(given.get("at"), self.now())
        pool = itertools.cycle(self.catalogue.titles["episode"])
        made = self.bulk(username, itertools.islice(pool, plays), at, apart=timedelta(seconds=apart))
        return Reply(200, {"username": username, "plays": len(made)})

    @route("POST", "/_sandbox/switches")
    def switch(self, request: Request) -> Reply:
        """``lag`` (seconds), ``strict_episode_ids``, ``duplicate_rows``, ``removals_move``, ``minimal_pages``,
        ``bare_seasons``, ``drops_details``, ``full_lists``, ``vip_lists`` (names), ``rate_limits`` and ``hidden`` (play
        ids).
        """
        given = control_body(request, dict)
        if unknown := set(given) - {*SWITCHES, "rate_limits", "hidden", "vip_lists"}:
            return Reply(400, {"message": f"unknown: {', '.join(sorted(unknown))}"})
        if given.get("minimal_pages", "wanted") not in MINIMAL_PAGES:
            return Reply(400, {"message": f"minimal_pages is one of {', '.join(MINIMAL_PAGES)}"})
        if given.get("full_lists", "told") not in FULL_LISTS:
            return Reply(400, {"message": f"full_lists is one of {', '.join(FULL_LISTS)}"})
        self.lag = float(given.get("lag", self.lag))
        self.strict_episode_ids = bool(given.get("strict_episode_ids", self.strict_episode_ids))
        self.duplicate_rows = bool(given.get("duplicate_rows", self.duplicate_rows))
        self.removals_move = bool(given.get("removals_move", self.removals_move))
        self.bare_seasons = bool(given.get("bare_seasons", self.bare_seasons))
        self.drops_details = bool(given.get("drops_details", self.drops_details))
        self.minimal_pages = str(given.get("minimal_pages", self.minimal_pages))
        self.limits.enforced = bool(given.get("rate_limits", self.limits.enforced))
        self.full_lists = str(given.get("full_lists", self.full_lists))
        self.hidden = set(given.get("hidden", self.hidden))
        self.vip_lists = set(given.get("vip_lists", self.vip_lists))
        told = {name: getattr(self, name) for name in SWITCHES}
        sets = {"hidden": sorted(self.hidden), "vip_lists": sorted(self.vip_lists)}
        return Reply(200, {**told, "rate_limits": self.limits.enforced, **sets})

    @route("POST", "/_sandbox/accounts")
    def set_account(self, request: Request) -> Reply:
        """``username`` with ``vip``, ``locked``, ``deactivated``, ``limits`` (by list name) or ``plex``, which is what
        ``/users/settings/plex`` answers.
        """
        given = control_body(request, dict)
        account = self.account_of(str(given.get("username") or "anna"))
        for name in ACCOUNT_SWITCHES:
            setattr(account, name, bool(given.get(name, getattr(account, name))))
        account.plex = given.get("plex", account.plex)
        account.limits.update(_known_limits(account, given.get("limits", {})))
        told = {name: getattr(account, name) for name in ACCOUNT_SWITCHES}
        return Reply(200, {"username": account.username, **told, "limits": account.limits})


def _known_limits(account: TraktUser, given: Any) -> dict[str, int]:
    if not isinstance(given, dict) or not all(n in account.limits and isinstance(v, int) for n, v in given.items()):
        raise AnsweredEarly(Reply(400, {"message": f"limits are numbers of {', '.join(account.limits)}"}))
    return given


def _settings(account: TraktUser) -> dict[str, Any]:
    return {
        "user": {
            "username": account.username,
            "private": False,
            "name": account.username.capitalize(),
            "vip": account.vip,
            "vip_ep": False,
            "director": False,
            "ids": {"slug": account.username, "trakt": account.serial, "uuid": f"{account.serial:032x}"},
            "joined_at": "2019-02-11T10:00:00.000Z",
            "location": None,
            "about": None,
            "gender": None,
            "age": None,
            "vip_og": False,
            "vip_years": 0,
            "vip_cover_image": None,
            "dob": None,
        },
        "permissions": {"commenting": True, "liking": True, "following": True},
        "account": {
            "timezone": "Europe/Berlin",
            "date_format": "dmy",
            "time_24hr": True,
            "cover_image": None,
            "token": None,
            "display_ads": not account.vip,
        },
        "connections": {"twitter": False, "mastodon": False, "google": False, "apple": False},
        "sharing_text": {"watching": "Watching [item]", "watched": "Watched [item]", "rated": None},
        "limits": {
            "list": {"count": 5, "item_count": 250},
            "watchlist": {"item_count": account.limits["watchlist"]},
            "favorites": {"item_count": 50},
        },
    }
