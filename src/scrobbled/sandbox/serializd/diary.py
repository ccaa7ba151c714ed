"""Serializd's diary: one resource that is dated log, review, rating and like, depending on what is set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from scrobbled.sandbox.base import Reply, Request, route
from scrobbled.sandbox.serializd.body import (
    body_of,
    crash,
    flag,
    instant,
    number,
    number_or_null,
    page_number,
    refuse,
    text,
)
from scrobbled.sandbox.serializd.core import SerializdCore
from scrobbled.sandbox.serializd.store import PAGE_SIZE, Review, SerializdUser, pages, stamp

ORDERS: Mapping[str, Callable[[Review], Any]] = {
    "backdate": lambda review: review.backdate,
    "date_added": lambda review: review.date_added,
    "rating": lambda review: review.rating,
    "like": lambda review: review.like,
}
STALE_SECONDS = 60.0
"""How far a ``stale`` read lies behind where its fault names no seconds."""


def ordered(reviews: Iterable[Review], request: Request) -> list[Review]:
    """By ``sort_by``, without which the server trips; rows of equal rank by id."""
    key, _, direction = request.query.get("sort_by", "").rpartition("_")
    if key not in ORDERS or direction not in ("asc", "desc"):
        crash()
    rank = ORDERS[key]
    return sorted(reviews, key=lambda review: (rank(review), review.id), reverse=direction == "desc")


def created(review: Review, account: SerializdUser) -> dict[str, Any]:
    """The answer to a creation, which echoes the text."""
    return {
        "id": review.id,
        "showId": review.show_id,
        "seasonId": review.season_id,
        "episodeNumber": review.episode_number,
        "rating": review.rating,
        "reviewText": review.review_text,
        "like": review.like,
        "isLog": review.is_log,
        "isRewatch": review.is_rewatch,
        "backdate": review.backdate,
        "dateAdded": review.date_added,
        "author": account.username,
    }


class DiaryRoutes(SerializdCore):
    """Writes are neither idempotent (``add``) nor partial (``update``)."""

    @route("POST", "/api/show/reviews/add")
    def add_review(self, request: Request) -> Reply:
        account, given = self.viewer(request), body_of(request)
        show, season = number(given, "show_id"), number_or_null(given, "season_id", required=True)
        added = stamp(self.now())
        review = Review(next(self.next_id), show, season, **self._editable(given), date_added=added)
        self._check_place(review)
        account.put(review)
        if review.is_log and season is None:
            self._tick_show(account, show, added)
        return Reply(200, created(review, account))

    @route("POST", "/api/show/reviews/update")
    def update_review(self, request: Request) -> Reply:
        """A full replacement: what is left out is reset."""
        account, given = self.viewer(request), body_of(request)
        known = account.reviews.get(number(given, "review_id")) or refuse(404, "Review not found")
        review = replace(known, **self._editable(given))
        self._check_place(review)
        account.put(review)
        return Reply(200, {"message": "Successfully updated review"})

    @route("POST", "/api/show/reviews/delete")
    def delete_review(self, request: Request) -> Reply:
        """Ticks stay."""
        account, given = self.viewer(request), body_of(request)
        if account.take(number(given, "review_id")) is None:
            refuse(404, "Review not found")
        return Reply(200, {"message": "Successfully deleted review"})

    def log_play(self, username: str, show: int, season: int, episode: int, at: datetime | None = None) -> Review:
        """A dated row as the user makes it on the site; ``season`` is its number. Ticks stay as they are."""
        now = self.now()
        account, season_id = self.accounts[username], self.catalogue.season_id(show, season)
        review = Review(next(self.next_id), show, season_id, episode, 0, stamp(at or now), stamp(now))
        account.put(review)
        return review

    def edit(self, username: str, review_id: int, **changes: Any) -> Review:
        """As the user edits a row on the site."""
        account = self.accounts[username]
        review = replace(account.reviews[review_id], **changes)
        account.put(review)
        return review

    def rate(
        self, username: str, show: int, rating: int, season: int | None = None, episode: int | None = None
    ) -> Review:
        """A rating by itself as the user gives it on the site; ``season`` is its number."""
        now = stamp(self.now())
        season_id = None if season is None else self.catalogue.season_id(show, season)
        review = Review(next(self.next_id), show, season_id, episode, rating, now, now, is_log=False)
        self.accounts[username].put(review)
        return review

    def _editable(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The fields that add and update share. Text without ``is_log`` is dropped without a word."""
        rating, tags, is_log = number(given, "rating"), given.get("tags", []), flag(given, "is_log")
        if not 0 <= rating <= 10 or not isinstance(tags, list) or any(not isinstance(tag, str) for tag in tags):
            crash()
        written = text(given, "review_text", "")
        return {
            "episode_number": number_or_null(given, "episode_number"),
            "rating": rating,
            "backdate": instant(given, "backdate", self.now()),
            "review_text": written if is_log else "",
            "contains_spoiler": flag(given, "contains_spoiler"),
            "is_log": is_log,
            "is_rewatch": flag(given, "is_rewatch"),
            "tags": tuple(tags),
            "allows_comments": flag(given, "allows_comments", True),
            "like": flag(given, "like"),
        }

    def _check_place(self, review: Review) -> None:
        if review.season_id is None:
            self.catalogue.show(review.show_id)
            if review.episode_number is not None:
                crash()
            return
        episodes = self.catalogue.episodes(review.show_id, review.season_id)
        if review.episode_number is not None and review.episode_number not in episodes:
            refuse(404, "Episode not found")

    def _tick_show(self, account: SerializdUser, show: int, at: str) -> None:
        """A dated log of a whole show marks every episode of it watched."""
        for season in self.catalogue.seasons(self.catalogue.show(show)):
            for episode in self.catalogue.episodes(show, season.tmdb):
                account.tick(show, season.tmdb, episode, at)

    # Reading

    @route("GET", "/api/user/{username}/diary")
    def get_diary(self, request: Request, username: str) -> Reply:
        """Dated rows, 24 a page; filters other than ``include_target`` are ignored."""
        account, page = self.user(request, username), page_number(request)
        if page > 1:
            self._shift(account)
        ids, count = self._diary_page(account, request, page)
        rows = [self.row(account.reviews[i], account) for i in ids]
        if not self.settings.diary_shows_tags:
            rows = [{key: value for key, value in row.items() if key != "tags"} for row in rows]
        total = pages(count) if self.settings.total_pages else None
        return Reply(200, {"reviews": rows, "totalPages": total, "totalReviews": None})

    def _diary_page(self, account: SerializdUser, request: Request, page: int) -> tuple[list[int], int]:
        """Ids of one page, and how many rows there are in all; of a large diary no more is looked at."""
        order, begins = self.settings.diary_order, (page - 1) * PAGE_SIZE
        filtered = request.query.get("include_target", "ALL") != "ALL" or request.stale
        if order == "shuffled" or self.settings.diary_lists_ratings or filtered:
            ids = self._diary_ids(account, request)
            return ids[begins : begins + PAGE_SIZE], len(ids)
        places = account.diary(order)
        last = len(places) - begins
        return [review_id for _, review_id in reversed(places[max(0, last - PAGE_SIZE) : max(0, last)])], len(places)

    def _diary_ids(self, account: SerializdUser, request: Request) -> list[int]:
        """In the order in which the diary lists them."""
        order = self.settings.diary_order
        ids = [review_id for _, review_id in reversed(account.diary(order))]
        if self.settings.diary_lists_ratings:
            rank = ORDERS.get(order, ORDERS["backdate"])
            ids = sorted(account.reviews, key=lambda i: (rank(account.reviews[i]), i), reverse=True)
        target = request.query.get("include_target", "ALL")
        if target in ("shows", "seasons", "episodes"):
            ids = [i for i in ids if account.reviews[i].target == target]
        if request.stale and request.fault is not None:
            horizon = stamp(self.now() - timedelta(seconds=request.fault.seconds or STALE_SECONDS))
            ids = [i for i in ids if account.reviews[i].date_added <= horizon]
        return ids

    def _shift(self, account: SerializdUser) -> None:
        if self.settings.shift < 1 or not self.world.shows:
            return
        self.settings.shift -= 1
        show = self.world.shows[0]
        self.log_play(account.username, show.tmdb, show.seasons[-1].number, show.seasons[-1].episodes[0].number)

    def row(self, review: Review, account: SerializdUser) -> dict[str, Any]:
        """A row as the diary lists it; it never carries the season's number."""
        show, season = review.show_id, review.season_id
        summaries = self.catalogue.known_summaries(show)
        mine = next((s for s in summaries if s["id"] == season), None)
        numbered = mine is not None and review.episode_number is not None
        episode = self.catalogue.episodes(show, season or 0).get(review.episode_number or 0) if numbered else None
        return {
            **created(review, account),
            "showName": self.catalogue.title(show),
            "showBannerImage": self.catalogue.banner(show),
            "showPremiereDate": self.catalogue.premiere(show),
            "showSeasons": [{key: s[key] for key in ("id", "name", "seasonNumber", "posterPath")} for s in summaries],
            "seasonName": mine["name"] if mine else None,
            "episodeName": episode.title if episode else None,
            "containsSpoiler": review.contains_spoiler,
            "tags": list(review.tags),
            "authorImageUrl": None,
        }

    @route("GET", "/api/user/{username}/reviewspage_v3")
    @route("GET", "/api/user/{username}/reviewspage_v3/")
    def get_reviews(self, request: Request, username: str) -> Reply:
        """Rows with a text; with ``include_ratings`` also those that only rate."""
        account = self.user(request, username)
        ratings, rating = request.query.get("include_ratings") == "true", request.query.get("rating")
        chosen = [r for r in account.reviews.values() if r.review_text or (ratings and self._is_listed_rating(r))]
        chosen = [r for r in chosen if rating is None or str(r.rating) == rating]
        first = (page_number(request) - 1) * PAGE_SIZE if self.settings.reviews_paged else 0
        items = [self._item(r, account) for r in ordered(chosen, request)[first : first + PAGE_SIZE]]
        return Reply(200, {"items": items})

    def _is_listed_rating(self, review: Review) -> bool:
        return bool(review.rating) and (review.is_log or self.settings.reviews_list_ratings)

    @route("GET", "/api/show/{show:int}/reviewspage_v3")
    def get_show_reviews(self, request: Request, show: int) -> Reply:
        """What everybody wrote about a show."""
        self.catalogue.show(show)
        open_accounts = [account for account in self.accounts.values() if not account.private]
        whose = {r.id: a for a in open_accounts for r in a.reviews.values() if r.show_id == show and r.review_text}
        reviews = ordered([account.reviews[i] for i, account in whose.items()], request)
        first = (page_number(request) - 1) * PAGE_SIZE
        return Reply(200, {"reviews": [self._item(r, whose[r.id]) for r in reviews[first : first + PAGE_SIZE]]})

    def _item(self, review: Review, account: SerializdUser) -> dict[str, Any]:
        counts = {"numComments": 0, "numLikes": 0, "likeCount": 0}
        return {**self.row(review, account), **counts, "doesUserHaveComment": False, "doesUserHaveLike": False}

    @route("GET", "/api/user/{username}/reviews/pinned")
    def get_pinned(self, request: Request, username: str) -> Reply:
        self.user(request, username)
        return Reply(200, {"reviews": []})

    @route("GET", "/api/review/{review:int}")
    def get_review(self, request: Request, review: int) -> Reply:
        for account in self.accounts.values():
            if review in account.reviews and not account.private:
                return Reply(200, self._item(account.reviews[review], account))
        return refuse(404, "Review not found")

    @route("GET", "/api/review/{review:int}/comments")
    def get_comments(self, request: Request, review: int) -> Reply:
        self.get_review(request, review)
        return Reply(200, {"reviewComments": []})
