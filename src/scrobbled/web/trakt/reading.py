"""What was watched, rated and paused, as Trakt tells it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from litestar import Response

from scrobbled.core.kinds import Scope
from scrobbled.core.naming.items import Episode, Item, Media
from scrobbled.store.history import library, watched
from scrobbled.store.history.library import Rating, Resume
from scrobbled.store.history.watched import Dated, PlayFilter, RowRange, WatchedPlay, WorkTally
from scrobbled.store.works import works
from scrobbled.web.trakt import shapes
from scrobbled.web.trakt.call import EVERYTHING, LARGEST, LARGEST_WITH_SEASONS, Call, answer, nothing, paged, sliced

KINDS: dict[str, Scope] = {"movies": "movie", "shows": "show", "seasons": "season", "episodes": "episode"}
ACTIVITIES = {
    "movies": "watched_at collected_at rated_at watchlisted_at favorited_at commented_at paused_at hidden_at",
    "episodes": "watched_at collected_at rated_at watchlisted_at commented_at paused_at",
    "shows": "rated_at watchlisted_at favorited_at commented_at hidden_at dropped_at",
    "seasons": "rated_at watchlisted_at commented_at hidden_at",
    "comments": "liked_at reacted_at blocked_at",
    "lists": "liked_at reacted_at updated_at commented_at",
    "watchlist": "updated_at",
    "favorites": "updated_at",
    "collaborations": "updated_at",
    "saved_filters": "updated_at",
    "notes": "updated_at",
    "account": "settings_at followed_at following_at pending_at requested_at",
}
"""All that Trakt lists. What never happened here has the epoch, which no client has seen anything later than."""


async def last_activities(call: Call) -> Response[bytes]:
    def read(db: sqlite3.Connection) -> dict[str, datetime]:
        plays = {f"{media}s.watched_at": at for media, at in watched.last_changes(db, call.viewer).items()}
        return {**plays, **library.activities(db, call.viewer)}

    known = await call.read(read)
    told: dict[str, Any] = {"all": shapes.when(max(known.values(), default=None))}
    for group, names in ACTIVITIES.items():
        told[group] = {name: shapes.when(known.get(f"{group}.{name}")) for name in names.split()}
    return answer(told)


async def history(call: Call) -> Response[bytes]:
    """``/history[/{type}[/{id}]]``, the latest first."""
    kind, id_ = call.at(1), call.at(2)
    if kind and kind not in KINDS:
        return nothing(404)
    number, page = call.page()

    def read(db: sqlite3.Connection) -> tuple[list[WatchedPlay], int]:
        wanted = _wanted(db, call, kind, id_)
        if wanted is None:
            return [], 0
        return watched.history(db, call.viewer, wanted, page), watched.history_count(db, call.viewer, wanted)

    rows, count = await call.read(read)
    return paged([_seen(row) for row in rows], number, page.limit, count)


async def tallies(call: Call) -> Response[bytes]:
    """``/watched/{movies|shows|episodes}``."""
    told = {"movies": _movies, "shows": _shows, "episodes": _episodes}.get(call.at(1))
    if told is None:
        return nothing(404)
    if "min" in call.extended:
        return await _by_ids(call)
    seasons = call.at(1) == "shows" and "progress" in call.extended
    number, page = call.page(EVERYTHING, LARGEST_WITH_SEASONS if seasons else LARGEST)
    rows, count = await call.read(partial(told, call=call, page=page))
    return paged(rows, number, page.limit, count)


async def playback(call: Call) -> Response[bytes]:
    """``/playback[/{movies|episodes}]``, and ``DELETE /playback/{id}``."""
    if call.method == "DELETE":
        return await _removed(call)
    kind = call.at(1)
    if kind not in ("", "movies", "episodes"):
        return nothing(404)
    start, end = call.moment("start_at"), call.moment("end_at", ends=True)
    found = await call.read(partial(library.resumes, viewer=call.viewer, now=call.now))
    rows = [
        _resume(row)
        for row in found
        if (not kind or row.kind == KINDS[kind])
        and (start is None or row.paused_at >= start)
        and (end is None or row.paused_at <= end)
    ]
    return sliced(rows, call)


async def ratings(call: Call) -> Response[bytes]:
    """``/ratings[/{type}[/{8,9,10}]]``."""
    kind = call.at(1)
    if kind not in ("", "all", *KINDS):
        return nothing(404)
    kinds = (KINDS[kind],) if kind in KINDS else ()
    values = [int(text) for text in call.at(2).split(",") if text.isdecimal() and len(text) < 3]
    rows = await call.read(partial(library.ratings, viewer=call.viewer, kinds=kinds, values=values))
    return sliced([_rating(row) for row in rows], call)


async def watching(call: Call) -> Response[bytes]:
    """What a client of this endpoint plays; 204 where nothing does."""
    found = await call.read(partial(library.watching, viewer=call.viewer, now=call.now))
    if found is None:
        return nothing(204)
    times = {"expires_at": shapes.when(found.ends_at), "started_at": shapes.when(found.started_at)}
    return answer({**times, "action": "scrobble", "type": found.item.media, **shapes.named(found.item)})


async def nothing_kept(call: Call) -> Response[bytes]:
    """Lists of kinds that are not kept here: empty, which is the truth."""
    return answer({}) if "min" in call.extended else sliced([], call)


async def _removed(call: Call) -> Response[bytes]:
    id_ = call.at(1)
    if not id_.isdecimal() or len(id_) > 18:
        return nothing(404)
    write = partial(library.remove_resume, viewer=call.viewer, id_=int(id_), at=call.now)
    return nothing(204 if await call.runtime.store.write(write) else 404)


def _wanted(db: sqlite3.Connection, call: Call, kind: str, id_: str) -> PlayFilter | None:
    """``None`` where an id names nothing we know, or something of which plays are not told apart (a season)."""
    media: Media | None = None if not kind else "movie" if kind == "movies" else "episode"
    start, end = call.moment("start_at"), call.moment("end_at", ends=True)
    if not id_:
        return PlayFilter(media, start=start, end=end)
    service = "imdb" if id_.startswith("tt") else "trakt"
    found = works.known(db, KINDS[kind], service, id_)
    if found is None:
        return None
    if kind == "shows":
        return PlayFilter(media, show=found, start=start, end=end)
    return PlayFilter(media, work=found, start=start, end=end)


def _movies(db: sqlite3.Connection, call: Call, page: RowRange) -> tuple[list[Any], int]:
    rows = watched.tallies(db, call.viewer, "movie", page)
    return [{**_tally(row), **shapes.named(row.item)} for row in rows], watched.tally_count(db, call.viewer, "movie")


def _episodes(db: sqlite3.Connection, call: Call, page: RowRange) -> tuple[list[Any], int]:
    rows = watched.tallies(db, call.viewer, "episode", page)
    return [{**_tally(row), **shapes.named(row.item)} for row in rows], watched.tally_count(db, call.viewer, "episode")


def _shows(db: sqlite3.Connection, call: Call, page: RowRange) -> tuple[list[Any], int]:
    found = watched.shows(db, call.viewer, page)
    rows = [{**_tally(row), "reset_at": None, "show": _show(row.item)} for row in found]
    if "progress" in call.extended:
        episodes = watched.episodes(db, call.viewer, [row.work for row in found])
        rows = [{**told, "seasons": _seasons(episodes[row.work])} for told, row in zip(rows, found, strict=True)]
    return rows, watched.show_count(db, call.viewer)


def _seasons(episodes: list[WorkTally]) -> list[dict[str, Any]]:
    """By the numbers in which episodes are told elsewhere, so that a client finds them again."""
    seasons: dict[int, list[dict[str, Any]]] = {}
    for row in episodes:
        assert isinstance(row.item, Episode)
        told = shapes.episode(row.item)["episode"]
        counts = {"plays": row.plays, "last_watched_at": shapes.minute(row.last)}
        seasons.setdefault(told["season"], []).append({"number": told["number"], **counts})
    return [{"number": number, "episodes": seasons[number]} for number in sorted(seasons)]


async def _by_ids(call: Call) -> Response[bytes]:
    """``extended=min``: every play of what Trakt's own id is known of, as nothing else can be named in it."""
    media: Media = "movie" if call.at(1) == "movies" else "episode"
    rows = await call.read(partial(watched.by_trakt_id, viewer=call.viewer, media=media))
    told = _nested(rows) if call.at(1) == "shows" else _flat(rows)
    return paged(told, 1, max(len(told), 1), len(told))


def _flat(rows: list[Dated]) -> dict[str, list[str]]:
    told: dict[str, list[str]] = {}
    for row in rows:
        told.setdefault(str(row.trakt), []).append(shapes.minute(row.watched_at))
    return told


def _nested(rows: list[Dated]) -> dict[str, dict[str, dict[str, list[str]]]]:
    told: dict[str, dict[str, dict[str, list[str]]]] = {}
    for row in rows:
        if row.show is not None and row.season is not None:
            season = told.setdefault(str(row.show), {}).setdefault(str(row.season), {})
            season.setdefault(str(row.trakt), []).append(shapes.minute(row.watched_at))
    return told


def _seen(row: WatchedPlay) -> dict[str, Any]:
    action = "watch" if row.by_hand else "scrobble"
    told = {"id": row.id, "watched_at": shapes.minute(row.watched_at), "action": action, "type": row.item.media}
    return {**told, **shapes.named(row.item)}


def _tally(row: WorkTally) -> dict[str, Any]:
    return {
        "plays": row.plays,
        "last_watched_at": shapes.minute(row.last),
        "last_updated_at": shapes.when(row.updated),
    }


def _resume(row: Resume) -> dict[str, Any]:
    told = {"id": row.id, "progress": row.progress, "paused_at": shapes.when(row.paused_at), "type": row.kind}
    return {**told, **shapes.named(row.item)}


def _rating(row: Rating) -> dict[str, Any]:
    told = {"rated_at": shapes.when(row.rated_at), "rating": row.rating, "type": row.kind}
    return {**told, **_NAMED[row.kind](row.item)}


def _show(item: Item) -> dict[str, Any]:
    assert isinstance(item, Episode)
    return shapes.show(item)


def _season(item: Item) -> dict[str, Any]:
    assert isinstance(item, Episode)
    return {"season": {"number": item.season, "ids": {}}, "show": shapes.show(item)}


_NAMED: Mapping[Scope, Callable[[Item], dict[str, Any]]] = {
    "movie": shapes.named,
    "episode": shapes.named,
    "show": lambda item: {"show": _show(item)},
    "season": _season,
}
