"""What clients leave here: plays for the history, which go the way of every webhook, and ratings, which stay here."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any

from litestar import Response
from msgspec import Struct

from scrobbled.core.kinds import Scope
from scrobbled.core.naming.items import Episode, Item
from scrobbled.core.watching.plays import is_dated
from scrobbled.core.words.outcomes import EventOutcome
from scrobbled.plumbing.fields import decimal
from scrobbled.runtime.service import Runtime
from scrobbled.sources.trakt import HISTORY, enveloped
from scrobbled.sources.trakt_history import LISTS, additions
from scrobbled.sources.trakt_items import episode, movie
from scrobbled.store.history import library
from scrobbled.store.inbox import latest
from scrobbled.web.trakt import entries
from scrobbled.web.trakt.call import Call, answer, instant

SOURCE = "trakt"
AT_ONCE = {"movies": 100, "shows": 10, "seasons": 100, "episodes": 100}
"""Entries of a history add that are stored in one transaction: no webhook waits for the rest of a long one."""
RATINGS_AT_ONCE = 500
TOO_MANY = f"More than {entries.MOST:,} entries; send them in several calls."
NOT_REMOVED = "scrobbled removes nothing from a history by this road; remove it on the tracker's own page"


class SentRating(Struct, frozen=True):
    """One entry of a ratings body. ``item`` is ``None`` where it names nothing; ``echo`` is what tells it back."""

    name: str
    kind: Scope
    item: Item | None
    values: Mapping[str, Any]
    echo: Any


RatingWriter = Callable[[sqlite3.Connection, Call, SentRating], bool]
"""Does it, and says whether there was anything to be done."""


async def add_history(runtime: Runtime, viewer: str | None, client: str, body: Mapping[str, Any]) -> Response[bytes]:
    """201 when all of it is on disk. ``added`` are new plays; what was a play already is ``updated``."""
    started = time.perf_counter()
    added, updated = {"movies": 0, "episodes": 0}, {"movies": 0, "episodes": 0}
    not_found: dict[str, list[Any]] = {name: [] for name in LISTS}
    if entries.count(body) > entries.MOST:
        return _too_many()
    for number, part in enumerate(_parts(body)):
        found = additions(part, runtime.clock.now())
        for name, missing in found.not_found.items():
            not_found[name] += missing
        if number and not found.plays:  # one event is enough to tell that there was something else
            continue
        taken = await runtime.ingest.take(SOURCE, enveloped(HISTORY, viewer, part, client))
        outcomes = await runtime.store.read(partial(latest.outcomes, first=taken.event_id, count=len(found.plays)))
        for play, outcome in zip(found.plays, outcomes, strict=False):
            counted = {EventOutcome.ACCEPTED: added, EventOutcome.DUPLICATE: updated}.get(outcome)
            if counted is not None:
                counted[f"{play.item.media}s"] += 1
    runtime.metrics.ack.labels(SOURCE).observe(time.perf_counter() - started)
    return answer({"added": added, "updated": updated, "not_found": not_found}, 201)


def remove_history(body: Mapping[str, Any]) -> Response[bytes]:
    """Nothing is removed, and the answer says so of each entry."""
    told = {"deleted": {"movies": 0, "episodes": 0}, "not_found": {**_echoed(body), "ids": entries.listed(body, "ids")}}
    return answer(told, headers={"X-Error-Message": NOT_REMOVED})


async def add_ratings(call: Call) -> Response[bytes]:
    """201. A rating of 0 or null takes an earlier one back, which counts as found."""
    return await _in_batches(call, _rate, "added", 201)


async def remove_ratings(call: Call) -> Response[bytes]:
    """200; what was not rated is ``not_found``."""
    return await _in_batches(call, _unrate, "deleted", 200)


async def _in_batches(call: Call, work: RatingWriter, told: str, status: int) -> Response[bytes]:
    """No webhook waits for the rest of a long list."""
    if entries.count(call.body) > entries.MOST:
        return _too_many()
    counts, not_found = _no_ratings()
    left = _entries(call.body)
    while batch := list(islice(left, RATINGS_AT_ONCE)):
        found = await call.runtime.store.write(lambda db, batch=batch: [work(db, call, one) for one in batch])  # type: ignore[misc]
        for one, done in zip(batch, found, strict=True):
            if done:
                counts[f"{one.kind}s"] += 1
            else:
                not_found[one.name].append(one.echo)
    return answer({told: counts, "not_found": not_found}, status)


def keep_nothing(call: Call) -> Response[bytes]:
    """The collection and the watchlist are not kept: every entry comes back as not found."""
    none = dict.fromkeys(LISTS, 0)
    if call.path[-1] == "remove":
        return answer({"deleted": none, "not_found": _echoed(call.body)})
    return answer({"added": none, "updated": none, "existing": none, "not_found": _echoed(call.body)}, 201)


def _parts(body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """At least one, so that a body without anything is stored as well."""
    lists = {name: entries.listed(body, name) for name in AT_ONCE}
    lists["shows"] = [piece for show in lists["shows"] for piece in entries.pieces(show)]
    parts = [
        {name: lists[name][start : start + size]}
        for name, size in AT_ONCE.items()
        for start in range(0, len(lists[name]), size)
    ]
    yield from parts or [dict(body)]


def _too_many() -> Response[bytes]:
    return answer({"error": TOO_MANY}, 413, {"X-Error-Message": TOO_MANY})


def _rate(db: sqlite3.Connection, call: Call, entry: SentRating) -> bool:
    return entry.item is not None and _rated(db, call, entry, entry.item)


def _rated(db: sqlite3.Connection, call: Call, entry: SentRating, item: Item) -> bool:
    value = decimal(entry.values.get("rating"))
    if not value:
        library.unrate(db, call.viewer, entry.kind, item, call.now)
        return "rating" in entry.values
    if value != int(value) or not 1 <= value <= 10:
        return False
    told = instant(entry.values.get("rated_at"))
    at = told if told and is_dated(told, call.now) else call.now
    return library.rate(db, call.viewer, entry.kind, item, int(value), at, call.now)


def _unrate(db: sqlite3.Connection, call: Call, entry: SentRating) -> bool:
    return entry.item is not None and library.unrate(db, call.viewer, entry.kind, entry.item, call.now)


def _entries(body: Mapping[str, Any]) -> Iterator[SentRating]:
    """A show or a season counts itself where it has a rating, or where nothing below it is listed."""
    for given in entries.objects(body, "movies"):
        yield SentRating("movies", "movie", movie(given), given, given)
    for given in entries.objects(body, "shows"):
        yield from _of_show(given)
    for given in entries.objects(body, "seasons"):
        show = given.get("show")
        item = _bare(show, given.get("number")) if isinstance(show, dict) else None
        yield SentRating("seasons", "season", item, given, given)
    for given in entries.objects(body, "episodes"):
        show = given.get("show")
        yield SentRating("episodes", "episode", episode(show if isinstance(show, dict) else {}, given), given, given)


def _of_show(show: Mapping[str, Any]) -> Iterator[SentRating]:
    seasons = entries.objects(show, "seasons")
    alone = entries.named(show)
    if "rating" in show or not seasons:
        yield SentRating("shows", "show", _bare(show, None), show, alone)
    for season in seasons:
        number, episodes = entries.cut(season.get("number")), entries.objects(season, "episodes")
        if "rating" in season or not episodes:
            echo = {**alone, "seasons": [{name: v for name, v in season.items() if name != "episodes"}]}
            yield SentRating("shows", "season", _bare(show, number), season, echo)
        for one in episodes:
            echo = {**alone, "seasons": [{"number": number, "episodes": [one]}]}
            yield SentRating("shows", "episode", episode(show, {**one, "season": number}), one, echo)


def _bare(show: Mapping[str, Any], season: Any) -> Episode | None:
    """A show, or a season of it, told as an episode without number; read as an episode's show is."""
    found = episode(show, {"season": 0 if season is None else season, "number": 1})
    if found is None or (season is not None and found.season is None):
        return None
    return Episode(
        found.show_title,
        None if season is None else found.season,
        None,
        show_year=found.show_year,
        show_ids=found.show_ids,
    )


def _no_ratings() -> tuple[dict[str, int], dict[str, list[Any]]]:
    return dict.fromkeys(LISTS, 0), {name: [] for name in LISTS}


def _echoed(body: Mapping[str, Any]) -> dict[str, list[Any]]:
    return {name: entries.listed(body, name) for name in LISTS}
