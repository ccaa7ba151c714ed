"""Serializd's account and profile pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from scrobbled.sandbox.base import Reply, Request, route
from scrobbled.sandbox.serializd.body import crash, page_number
from scrobbled.sandbox.serializd.core import SerializdCore
from scrobbled.sandbox.serializd.store import SerializdUser

CONTEXT = {
    "currentlyWatching": "currently_watching",
    "droppedShows": "dropped_shows",
    "pausedShows": "paused_shows",
}


class ProfileRoutes(SerializdCore):
    """Who somebody is, and counts of what they hold."""

    @route("GET", "/api/user_information")
    def get_user_information(self, request: Request) -> Reply:
        """The signed-in account; ``context`` is empty unless ``shouldGetUserContext=true``."""
        account = self.viewer(request)
        wanted = request.query.get("shouldGetUserContext") == "true"
        about = {
            "username": account.username,
            "email": account.email,
            "countryCode": "NZ",
            "imageUrl": None,
            "usernameLastUpdated": None,
            "isVerified": True,
            "isPendingDeletion": False,
            "shouldPreLoadData": False,
            "joinedOn": account.joined,
            "patreonTier": "No active memberships",
            "profileColor": "#336699",
            "extra": {"shouldShowDiscussionsFirst": False},
        }
        return Reply(200, {**about, "context": context(account) if wanted else {}})

    @route("GET", "/mobile/page/profile_v2_part_1/{username}")
    def get_profile(self, request: Request, username: str) -> Reply:
        account = self.user(request, username)
        details = {
            "username": username,
            "imagePath": None,
            "showWatchedCount": len({show for show, _ in account.watched}),
            "showWatchlistCount": len({show for show, _ in account.watchlist}),
            "reviewCount": self._review_count(account),
            "followersCount": 0,
            "followingCount": 0,
            "bannerImagePath": None,
            "bannerShowId": None,
            "isPrivate": account.private,
            "joinedOn": account.joined,
            "timeSpent": None,
            "totalEpisodesWatched": sum(len(numbers) for numbers in account.ticks.values()),
        }
        if not self.settings.totals:
            del details["reviewCount"], details["totalEpisodesWatched"]
        rest: dict[str, Any] = {"description": "", "favoriteShows": [None] * 4, "patreonTier": None}
        return Reply(200, {"details": details, **rest, "isAllowedAccess": True, "isSuspended": False})

    def _review_count(self, account: SerializdUser) -> int:
        counted = {"rows": lambda review: True, "logs": lambda review: review.is_log}
        counts = counted.get(self.settings.review_count, lambda review: bool(review.review_text))
        return sum(map(counts, account.reviews.values()))

    @route("GET", "/api/user/{username}/favoriteshows")
    def get_favourites(self, request: Request, username: str) -> Reply:
        """Four slots; an empty one is null."""
        self.user(request, username)
        return Reply(200, {"favoriteShows": [None] * 4})

    @route("GET", "/api/user/{username}/lists")
    @route("GET", "/api/user/{username}/liked_lists")
    def get_lists(self, request: Request, username: str) -> Reply:
        self.user(request, username)
        if "sort_by" not in request.query:
            crash()
        return Reply(200, {"lists": [], "totalPages": page_number(request)})

    @route("GET", "/api/user/{username}/tags")
    def get_tags(self, request: Request, username: str) -> Reply:
        reviews = self.user(request, username).reviews.values()
        counted = Counter(tag for review in reviews for tag in review.tags)
        return Reply(200, {"tags": [{"name": name, "count": count} for name, count in counted.most_common()]})

    @route("GET", "/api/user/{username}/following_v2")
    def get_following(self, request: Request, username: str) -> Reply:
        self.user(request, username)
        return Reply(200, {"following": [], "totalFollowing": 0, "totalPages": page_number(request)})


def context(account: SerializdUser) -> dict[str, Any]:
    """The library in one object. A show with single ticks only is not in it."""
    seasons: dict[str, Mapping[Any, str]] = {"watched": account.watched, "watchlist": account.watchlist}
    return {
        **{
            key: [{"showId": show, "seasonId": season, "dateAdded": at} for (show, season), at in held.items()]
            for key, held in seasons.items()
        },
        **{
            key: [{"showId": show, "dateAdded": at} for show, at in account.listed(name).items()]
            for key, name in CONTEXT.items()
        },
    }
