"""Ratings, collection, watchlist and resume points of the Trakt stand-in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from scrobbled.sandbox.base import AnsweredEarly, Reply, Request, route
from scrobbled.sandbox.trakt.accounts import GROUPS, ListEntry, TitleShelf, TraktUser, iso
from scrobbled.sandbox.trakt.batch import Expansion, RequestedTitle, TraktBatch, counted
from scrobbled.sandbox.trakt.catalogue import KINDS, TraktKind, TraktTitle, available
from scrobbled.sandbox.trakt.core import (
    UPGRADE,
    TraktCore,
    between,
    extended,
    json_object,
    kind_of,
    limit_reached,
    page,
)

METADATA = ("media_type", "resolution", "hdr", "audio", "audio_channels", "3d")


class ListCore(TraktCore):
    """What the lists share."""

    def _entries(self, request: Request, shelf: TitleShelf, group: str) -> list[ListEntry]:
        """The newest first; ``all`` is every kind."""
        kind = None if group == "all" else kind_of(group)
        return [e for e in reversed(shelf.at(self.read_at(request))) if kind in (None, e.title.kind)]

    def _batch(self, request: Request, *, leaves: bool = False) -> TraktBatch:
        return Expansion(self.catalogue, self.find, leaves=leaves).of(json_object(request))

    def _take(
        self, request: Request, shelf: TitleShelf, account: TraktUser, what: str, *, leaves: bool = False
    ) -> Reply:
        """Takes the named titles off a list. Taking off what is not on it is no error and counts nothing."""
        batch, now = self._batch(request, leaves=leaves), self.now()
        gone = [w.title for w in request.portion(batch.wishes) if shelf.take(w.title, now) is not None]
        _touch(account, gone, what, now)
        return Reply(200, {"deleted": counted(gone, KINDS), "not_found": batch.not_found})

    def _fitting(
        self, account: TraktUser, shelf: TitleShelf, name: str, wishes: Sequence[RequestedTitle]
    ) -> tuple[Sequence[RequestedTitle], AnsweredEarly | None]:
        """What is taken of these, and how it is refused where that is not all; raises where nothing is."""
        if name in self.vip_lists and not account.vip:
            raise AnsweredEarly(Reply(426, None, UPGRADE))
        limit, fitting = account.limits[name], list[RequestedTitle]()
        new: set[tuple[TraktKind, int]] = set()
        for wish in wishes:
            more = new | ({wish.title.key} if shelf.get(wish.title) is None else set())
            if more == new or len(shelf) + len(more) <= limit:
                new = more
                fitting.append(wish)
        if len(fitting) == len(wishes):
            return wishes, None
        full = limit_reached(limit, account, told=self.full_lists == "told")
        if self.full_lists != "part":
            raise full
        return fitting, full


class RatingRoutes(ListCore):
    """``/sync/ratings``."""

    @route("GET", "/sync/ratings")
    @route("GET", "/sync/ratings/{group}")
    @route("GET", "/sync/ratings/{group}/{ratings}")
    def ratings(self, request: Request, group: str = "all", ratings: str = "") -> Reply:
        wanted = {int(n) for n in ratings.split(",") if n.isdigit()}
        entries = self._entries(request, self.user(request).ratings, group)
        chosen = [entry for entry in entries if not wanted or entry.rating in wanted]
        full = "full" in extended(request)
        return page(request, chosen, lambda part: [_rated(entry, full=full) for entry in part])

    @route("POST", "/sync/ratings")
    def add_ratings(self, request: Request) -> Reply:
        """A second rating replaces the first; 0 and fractions are refused."""
        account, batch, now = self.user(request), self._batch(request), self.now()
        wishes = request.portion([wish for wish in batch.wishes if "rating" in wish.said])
        if any(wish.said["rating"] not in range(1, 11) for wish in wishes):
            raise AnsweredEarly(Reply(422))
        wishes, full = self._fitting(account, account.ratings, "ratings", wishes)
        for wish in wishes:
            at = _moment(wish.said.get("rated_at"), wish.title, now)
            account.ratings.put(ListEntry(next(self.numbers), wish.title, at, rating=int(wish.said["rating"])), now)
        titles = [wish.title for wish in wishes]
        _touch(account, titles, "rated_at", now)
        _unless(full)
        return Reply(201, {"added": counted(titles, KINDS), "not_found": batch.not_found})

    @route("POST", "/sync/ratings/remove")
    def remove_ratings(self, request: Request) -> Reply:
        account = self.user(request)
        return self._take(request, account.ratings, account, "rated_at")


class CollectionRoutes(ListCore):
    """``/sync/collection``: movies and episodes; a bare show or season stands for all its episodes."""

    @route("GET", "/sync/collection/{group}")
    def collection(self, request: Request, group: str) -> Reply:
        if group not in ("movies", "shows", "episodes", "media"):
            raise AnsweredEarly(Reply(404))
        shelf, metadata = self.user(request).collection, "metadata" in extended(request)
        if group == "shows":
            return self._by_show(request, shelf, metadata=metadata)
        entries = self._entries(request, shelf, "all" if group == "media" else group)
        if "min" in extended(request):
            return Reply(200, {str(entry.title.trakt): iso(entry.at) for entry in entries})
        return page(request, entries, lambda part: [_collected(entry, metadata=metadata) for entry in part])

    def _by_show(self, request: Request, shelf: TitleShelf, *, metadata: bool) -> Reply:
        shows: dict[int, list[ListEntry]] = {}
        for entry in self._entries(request, shelf, "episodes"):
            if entry.title.show is not None:
                shows.setdefault(entry.title.show.trakt, []).append(entry)
        return page(request, list(shows.values()), lambda part: [_collected_show(e, metadata=metadata) for e in part])

    @route("POST", "/sync/collection")
    def add_collection(self, request: Request) -> Reply:
        """New ones are ``added``, changed metadata is ``updated``, the same again ``existing``."""
        account, batch, now = self.user(request), self._batch(request, leaves=True), self.now()
        wishes = request.portion(batch.wishes)
        wishes, full = self._fitting(account, account.collection, "collection", wishes)
        told: dict[str, list[TraktTitle]] = {"added": [], "updated": [], "existing": []}
        for wish in wishes:
            at = _moment(wish.said.get("collected_at"), wish.title, now)
            metadata = {} if self.drops_details else {name: wish.said[name] for name in METADATA if name in wish.said}
            told[_collect(account, ListEntry(next(self.numbers), wish.title, at, metadata=metadata), now)].append(
                wish.title
            )
        _touch(account, [wish.title for wish in wishes], "collected_at", now)
        _unless(full)
        counts = {name: counted(titles) for name, titles in told.items()}
        return Reply(201, {**counts, "not_found": batch.not_found})

    @route("POST", "/sync/collection/remove")
    def remove_collection(self, request: Request) -> Reply:
        account = self.user(request)
        return self._take(request, account.collection, account, "collected_at", leaves=True)


class WatchlistRoutes(ListCore):
    """``/sync/watchlist``."""

    @route("GET", "/sync/watchlist")
    @route("GET", "/sync/watchlist/{group}")
    @route("GET", "/sync/watchlist/{group}/{sort_by}")
    @route("GET", "/sync/watchlist/{group}/{sort_by}/{sort_how}")
    def watchlist(self, request: Request, group: str = "all", sort_by: str = "rank", sort_how: str = "asc") -> Reply:
        entries = list(reversed(self._entries(request, self.user(request).watchlist, group)))
        ranked = list(enumerate(entries, 1))
        if sort_by == "title":
            ranked.sort(key=lambda pair: (pair[1].title.show or pair[1].title).title)
        if sort_how == "desc":
            ranked.reverse()
        return page(request, ranked, lambda part: [_listed(rank, entry) for rank, entry in part])

    @route("POST", "/sync/watchlist")
    def add_watchlist(self, request: Request) -> Reply:
        account, batch, now = self.user(request), self._batch(request), self.now()
        wishes = request.portion(batch.wishes)
        if any(wish.said.get("notes") for wish in wishes) and not account.vip:
            raise AnsweredEarly(Reply(426, None, UPGRADE))
        unlisted = [wish for wish in wishes if account.watchlist.get(wish.title) is None]
        old = [wish.title for wish in wishes if wish not in unlisted]
        new, full = self._fitting(account, account.watchlist, "watchlist", unlisted)
        for wish in new:
            account.watchlist.put(ListEntry(next(self.numbers), wish.title, now, notes=wish.said.get("notes")), now)
        _touch(account, [wish.title for wish in new], "watchlisted_at", now)
        _unless(full)
        counts = {"added": counted((w.title for w in new), KINDS), "existing": counted(old, KINDS)}
        return Reply(201, {**counts, "not_found": batch.not_found, "list": _summary(account, now)})

    @route("POST", "/sync/watchlist/remove")
    def remove_watchlist(self, request: Request) -> Reply:
        account = self.user(request)
        reply = self._take(request, account.watchlist, account, "watchlisted_at")
        return replace(reply, body={**reply.body, "list": _summary(account, self.now())})


class PlaybackRoutes(ListCore):
    """``/sync/playback``: resume points."""

    @route("GET", "/sync/playback")
    @route("GET", "/sync/playback/{group}")
    def playback(self, request: Request, group: str = "all") -> Reply:
        start, end = between(request)
        entries = self._entries(request, self.user(request).playback, group)
        chosen = [entry for entry in entries if start <= entry.at <= end]
        return page(request, chosen, lambda part: [_paused(entry) for entry in part])

    @route("DELETE", "/sync/playback/{number:int}")
    def remove_playback(self, request: Request, number: int) -> Reply:
        account = self.user(request)
        found = next((entry for entry in account.playback if entry.id == number), None)
        if found is None:
            raise AnsweredEarly(Reply(404))
        account.playback.take(found.title, self.now())
        return Reply(204)


class ListRoutes(RatingRoutes, CollectionRoutes, WatchlistRoutes, PlaybackRoutes):
    """All lists."""


def _touch(account: TraktUser, titles: Iterable[TraktTitle], what: str, now: datetime) -> None:
    for kind in {title.kind for title in titles}:
        account.touch(GROUPS[kind], what, now)
        if what == "watchlisted_at":
            account.touch("watchlist", "updated_at", now)


def _unless(full: AnsweredEarly | None) -> None:
    if full is not None:
        raise full


def _moment(text: object, title: TraktTitle, now: datetime) -> datetime:
    """Not cut to the minute: only plays are."""
    if text == "released":
        return available(title)
    try:
        value = datetime.fromisoformat(text) if isinstance(text, str) else now
    except ValueError:
        return now
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value


def _collect(account: TraktUser, entry: ListEntry, now: datetime) -> str:
    old = account.collection.get(entry.title)
    if old is not None and dict(old.metadata) == dict(entry.metadata):
        return "existing"
    account.collection.put(entry if old is None else replace(entry, at=old.at), now)
    return "added" if old is None else "updated"


def _rated(entry: ListEntry, *, full: bool) -> dict[str, Any]:
    head = {"rated_at": iso(entry.at), "rating": entry.rating, "type": entry.title.kind}
    return {**head, **entry.title.nested(full=full)}


def _collected(entry: ListEntry, *, metadata: bool) -> dict[str, Any]:
    at = iso(entry.at)
    body = {"type": entry.title.kind, "collected_at": at, "updated_at": at, **entry.title.nested()}
    return {**body, "metadata": dict(entry.metadata)} if metadata else body


def _collected_show(entries: Sequence[ListEntry], *, metadata: bool) -> dict[str, Any]:
    last = iso(max(entry.at for entry in entries))
    show = entries[0].title.show
    numbers = sorted({entry.title.season or 0 for entry in entries})
    return {
        "last_collected_at": last,
        "last_updated_at": last,
        "show": show.minimal() if show else None,
        "seasons": [{"number": n, "episodes": _collected_season(n, entries, metadata=metadata)} for n in numbers],
    }


def _collected_season(number: int, entries: Sequence[ListEntry], *, metadata: bool) -> list[dict[str, Any]]:
    mine = sorted((e for e in entries if e.title.season == number), key=lambda entry: entry.title.number or 0)
    rows = [{"number": e.title.number, "collected_at": iso(e.at), "metadata": dict(e.metadata)} for e in mine]
    return rows if metadata else [{k: v for k, v in row.items() if k != "metadata"} for row in rows]


def _listed(rank: int, entry: ListEntry) -> dict[str, Any]:
    head = {"rank": rank, "id": entry.id, "listed_at": iso(entry.at), "notes": entry.notes, "type": entry.title.kind}
    return {**head, **entry.title.nested()}


def _summary(account: TraktUser, now: datetime) -> dict[str, Any]:
    return {"updated_at": iso(now), "item_count": len(account.watchlist)}


def _paused(entry: ListEntry) -> dict[str, Any]:
    head = {"id": entry.id, "progress": entry.progress, "paused_at": iso(entry.at), "type": entry.title.kind}
    return {**head, **entry.title.nested()}
