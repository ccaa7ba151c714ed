"""Trakt's data export: a zip of what its API answers, in pages: ``watched-history-1.json``, ``ratings-shows.json`` …

Also what people have made of it: unpacked, one file alone, written by a backup script with other names. What a file
holds is told by its name, and what a row is by its content.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from scrobbled.core.errors import BadFile
from scrobbled.core.kinds import Scope
from scrobbled.core.naming.ids import EpisodeIds, MovieIds
from scrobbled.core.naming.items import Episode, Movie
from scrobbled.plumbing.fields import decimal, section, text, year
from scrobbled.trackers.files import json_rows
from scrobbled.trackers.files.members import Broken, FilePart
from scrobbled.trackers.files.parsed import NEVER, Collector, Parsed, Unusable
from scrobbled.trackers.files.values import ids, moment, number, rating, show_ids, title

FORMAT = "Trakt export"
_KINDS = r"(?:-(?:movies|shows|seasons|episodes|all))?"
_PAGE = r"(?:-(?P<page>[0-9]{1,6}))?\Z"
_HISTORY = re.compile(rf"(?:watched-)?history{_KINDS}{_PAGE}", re.ASCII)
_RATINGS = re.compile(rf"ratings{_KINDS}{_PAGE}", re.ASCII)
_WATCHED = re.compile(rf"watched-(?:movies|shows){_PAGE}", re.ASCII)
_FAILURES = "-errors"
_LONGEST = 7 * 86_400

RowHandler = Callable[[Mapping[str, Any], Collector, str], None]
"""Takes a row, puts what it tells into the collector, and is told where the row stands; may raise ``Unusable``."""


def is_export(members: Sequence[FilePart]) -> bool:
    """Whether one of the names is a name of Trakt's."""
    return any(_page(member, pattern) is not None for member in members for pattern in (_HISTORY, _RATINGS, _WATCHED))


def read(members: Sequence[FilePart], now: datetime) -> Parsed:
    """A file that cannot be read is a trouble of its own and keeps nothing else back.

    Raises ``BadFile`` where there is nothing to import at all.
    """
    into = Collector(now)
    history = _pages(members, _HISTORY)
    _read(history, _history_row(), into)
    _read(_pages(members, _RATINGS), _rating_row, into)
    if not history:
        _read(_pages(members, _WATCHED), _watched_row, into)
    _tell_failures(members, into)
    if into.is_empty:
        raise BadFile(_nothing(into))
    return into.parsed(FORMAT)


def read_rows(member: FilePart, now: datetime) -> Parsed:
    """One file of the export, whatever it is called now; raises ``BadFile``."""
    into = Collector(now)
    play = _history_row()

    def row_of_any_kind(row: Mapping[str, Any], into: Collector, place: str) -> None:
        (play if "watched_at" in row else _watched_row if "last_watched_at" in row else _rating_row)(row, into, place)

    _read([member], row_of_any_kind, into)
    if into.is_empty:
        raise BadFile(_nothing(into))
    return into.parsed(FORMAT)


def _nothing(into: Collector) -> str:
    why = " ".join(into.troubles)
    return (
        f"There is no history and no rating of Trakt in it. {why}".strip()
        + " Ask for your data at trakt.tv, Settings, Data, and name the zip that you get."
    )


def _stem(member: FilePart) -> str:
    return PurePosixPath(member.name).stem.casefold().replace("_", "-")


def _page(member: FilePart, pattern: re.Pattern[str]) -> int | None:
    match = pattern.match(_stem(member)) if member.name.casefold().endswith(".json") else None
    return int(match["page"] or 0) if match else None


def _pages(members: Sequence[FilePart], pattern: re.Pattern[str]) -> Sequence[FilePart]:
    """Page 10 comes after page 2."""
    found = [(page, member) for member in members if (page := _page(member, pattern)) is not None]
    return [member for _, member in sorted(found, key=lambda one: one[0])]


def _read(members: Sequence[FilePart], handle: RowHandler, into: Collector) -> None:
    for member in members:
        try:
            for count, row in enumerate(json_rows.rows(member.read()), 1):
                _take(row, handle, into, f"{member.name} entry {count}")
        except Broken as error:
            into.trouble(f"{member.name} was left out: {error}.")


def _take(row: Mapping[str, Any] | None, handle: RowHandler, into: Collector, place: str) -> None:
    into.rows()
    try:
        if row is None:
            raise Unusable("an entry that cannot be read")
        handle(row, into, place)
    except Unusable as reason:
        into.skip(str(reason), place)


def _history_row() -> RowHandler:
    """Pages shift while Trakt writes them: a row that is in two of them has one id."""
    seen: set[int] = set()

    def handle(row: Mapping[str, Any], into: Collector, place: str) -> None:
        id_ = row.get("id")
        if isinstance(id_, int) and not isinstance(id_, bool):
            if id_ in seen:
                raise Unusable("the same play a second time")
            seen.add(id_)
        scope, item = _about(row)
        if scope not in ("movie", "episode"):
            raise Unusable("a whole show or season, without an episode")
        into.play(item, moment(row.get("watched_at")), runtime=_runtime(row, scope))

    return handle


def _rating_row(row: Mapping[str, Any], into: Collector, place: str) -> None:
    value = rating(row.get("rating"))
    if value is None:
        raise Unusable("neither a play nor a rating")
    scope, item = _about(row)
    into.rating(scope, item, value, moment(row.get("rated_at")).at)


def _watched_row(row: Mapping[str, Any], into: Collector, place: str) -> None:
    """The listing without single plays: it tells of the last one, and how many there were."""
    if "movie" in row:
        _last_play(row, _movie(section(row, "movie")), into, place)
        return
    show = section(row, "show")
    episodes = list(_watched_episodes(row))
    if not episodes:
        raise Unusable("a whole show or season, without an episode")
    into.rows(len(episodes))
    for episode in episodes:
        try:
            _last_play(episode, _episode(show, episode), into, place)
        except Unusable as reason:
            into.skip(str(reason), place)


def _watched_episodes(row: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for season in _objects(row.get("seasons")):
        for episode in _objects(season.get("episodes")):
            yield {**episode, "season": season.get("number")}


def _last_play(row: Mapping[str, Any], item: Movie | Episode, into: Collector, place: str) -> None:
    told = row.get("last_watched_at")
    into.play(item, moment(told) if told else NEVER)
    plays = decimal(row.get("plays"))
    if plays is not None and plays > 1:
        into.skip("earlier plays, of which the file tells no date", place)


def _about(row: Mapping[str, Any]) -> tuple[Scope, Movie | Episode]:
    told = text(row.get("type"))
    kinds: tuple[Scope, ...] = ("movie", "episode", "season", "show")
    scope = next((kind for kind in kinds if kind == told), None) or next((kind for kind in kinds if kind in row), None)
    if scope is None:
        raise Unusable("neither film, show, season nor episode")
    if scope == "movie":
        return scope, _movie(section(row, "movie"))
    show = section(row, "show")
    if scope == "episode":
        return scope, _episode(show, section(row, "episode"))
    return scope, _show(show, number(section(row, "season").get("number")) if scope == "season" else None, scope)


def _movie(entry: Mapping[str, Any]) -> Movie:
    found = Movie(title(entry.get("title")), year(entry.get("year")), MovieIds(**ids(section(entry, "ids"))))
    if not (found.title or found.ids):
        raise Unusable("a film without title and id")
    return found


def _episode(show: Mapping[str, Any], entry: Mapping[str, Any]) -> Episode:
    own = EpisodeIds(**ids(section(entry, "ids")))
    season, count = number(entry.get("season")), number(entry.get("number"))
    of_show, its_ids = title(show.get("title")), show_ids(section(show, "ids"))
    placed = season is not None and count is not None and (of_show or its_ids)
    if not (placed or own):
        raise Unusable("an episode without show, number and id")
    name = title(entry.get("title")) or None
    return Episode(of_show, season, count, name, year(show.get("year")), its_ids, own)


def _show(show: Mapping[str, Any], season: int | None, scope: Scope) -> Episode:
    found = Episode(
        title(show.get("title")), season, None, None, year(show.get("year")), show_ids(section(show, "ids"))
    )
    if not (found.show_title or found.show_ids) or (scope == "season" and season is None):
        raise Unusable("a show or season without title, number and id")
    return found


def _runtime(row: Mapping[str, Any], scope: str) -> int | None:
    """Seconds; Trakt counts minutes, and tells them only in full answers."""
    minutes = decimal(section(row, scope).get("runtime"))
    return int(minutes * 60) if minutes and 0 < minutes * 60 <= _LONGEST else None


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    yield from (entry for entry in value if isinstance(entry, dict)) if isinstance(value, list) else ()


def _tell_failures(members: Sequence[FilePart], into: Collector) -> None:
    """Trakt lists in its export what it could not put into it."""
    for member in members:
        if _stem(member) != _FAILURES or not member.name.casefold().endswith(".json"):
            continue
        try:
            for row in json_rows.rows(member.read()):
                into.rows()
                _tell_failure(row or {}, into)
        except Broken as error:
            into.trouble(f"{member.name}, where Trakt names what is missing, was left out: {error}.")


def _tell_failure(row: Mapping[str, Any], into: Collector) -> None:
    endpoint = text(row.get("endpoint"), limit=120)
    if re.search(r"history|ratings", endpoint):
        into.trouble(f"Trakt could not put {endpoint} into this export. Ask it for another one.")
