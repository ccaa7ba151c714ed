"""What the rows of a table tell: plays and ratings of films, shows, seasons and episodes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from scrobbled.core.kinds import Scope
from scrobbled.core.naming.ids import EpisodeIds, MovieIds
from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.records import DatePrecision
from scrobbled.plumbing.fields import year
from scrobbled.trackers.files.columns import SERVICES, Layout
from scrobbled.trackers.files.parsed import NEVER, Collector, FileMoment, Unusable, key_of
from scrobbled.trackers.files.table import FileTable, TableRow
from scrobbled.trackers.files.values import ids, moment, number, rating, show_ids, title, title_and_year, yes

_KINDS: Mapping[str, Scope] = {
    **dict.fromkeys(("movie", "movies", "film", "tv movie", "video"), "movie"),
    **dict.fromkeys(("episode", "episodes", "tv episode"), "episode"),
    **dict.fromkeys(("season", "seasons", "tv season"), "season"),
    **dict.fromkeys(("show", "shows", "series", "tv", "tv series", "tv mini series", "tv show", "anime"), "show"),
}
_PLACE = re.compile(r"(?:s(?P<s>[0-9]{1,4})\s*[.-]?\s*e|(?P<x>[0-9]{1,4})\s*x\s*)(?P<number>[0-9]{1,6})\Z", re.I | re.A)
"""Season and number in one cell: "S01E04", "1x04"."""


class Names(Struct, frozen=True):
    """Which ids a show has, by its title: learned from tables that know them for those that do not."""

    tvdb: Mapping[str, int]

    def of(self, show: str) -> dict[str, Any]:
        known = self.tvdb.get(show)
        return {"tvdb": known} if known else {}


NO_NAMES = Names({})


class CsvRows:
    """Reads the rows of tables with one layout.

    ``own`` are the services whose plain ids are those of episodes. ``before`` counts by key the plays that better
    tables told of: a viewing is left out where there was one, and a repeated one where there were two.
    """

    def __init__(
        self,
        layout: Layout,
        own: frozenset[str] = frozenset(),
        names: Names = NO_NAMES,
        before: Mapping[str, int] | None = None,
    ) -> None:
        self._layout, self._own, self._names, self._before = layout, own, names, before or {}

    def take(self, row: TableRow, into: Collector) -> None:
        """Raises ``Unusable``."""
        dialect = self._layout.dialect
        if not dialect.is_wanted(row) or self._is_not_watched(row):
            return
        scope, item = self._about(row)
        value = rating(self._cell(row, "rating"), dialect.scale)
        when, made = self._when(row)
        plays = self._is_play(row, scope, when, value)
        again = dialect.is_rewatch(row)
        if plays and self._before.get(key_of(scope, item), 0) <= again:
            into.play(item, when, made_at=made.at, rewatch=again or yes(self._cell(row, "rewatch")))
        if value is not None:
            into.rating(scope, item, value, moment(self._cell(row, "rated")).at or when.at or made.at)
        elif not plays:
            whole = scope in ("show", "season")
            raise Unusable("a whole show or season, without an episode" if whole else "neither a play nor a rating")

    def _cell(self, row: TableRow, name: str) -> str:
        return self._layout.get(row, name)

    def _is_not_watched(self, row: TableRow) -> bool:
        planned = re.match(r"plan|want|watchlist|to.?watch", self._cell(row, "status"), re.IGNORECASE)
        return planned is not None or yes(self._cell(row, "seen")) is False

    def _is_play(self, row: TableRow, scope: Scope, when: FileMoment, value: int | None) -> bool:
        """A row without a time is a play where it says so, or where it has nothing else to say."""
        if scope in ("show", "season") or yes(self._cell(row, "log")) is False:
            return False
        return when.at is not None or value is None or yes(self._cell(row, "seen")) is True

    def _when(self, row: TableRow) -> tuple[FileMoment, FileMoment]:
        """When it was watched, and when it was written down: where only that is known, it is worth a day."""
        told = self._cell(row, "watched")
        watched = NEVER if yes(told) is not None else moment(told)
        made = moment(self._cell(row, "marked"))
        if watched.at is None and made.at is not None:
            watched = FileMoment(made.at, DatePrecision.DAY)
        return watched, made

    def _about(self, row: TableRow) -> tuple[Scope, Item]:
        season, count = self._place(row)
        scope = self._scope(row, season, count)
        if scope == "movie":
            return scope, self._movie(row)
        return scope, self._episode(row, scope, season, count)

    def _scope(self, row: TableRow, season: int | None, count: int | None) -> Scope:
        told = self._cell(row, "kind").casefold().replace("_", " ").replace("-", " ")
        known = _KINDS.get(told)
        if told and known is None:
            raise Unusable("neither film, show, season nor episode")
        if known in ("movie", "episode", "season"):
            return known
        if count is not None:
            return "episode"
        if season is not None:
            return "season"
        if known or self._show(row)[0] or self._layout.ids(row, "show_"):
            return "episode" if self._layout.ids(row, "episode_") else "show"
        if self._cell(row, "film") or (self._cell(row, "year") and self._layout.has("watched", "rated")):
            return "movie"
        raise Unusable("neither film, show, season nor episode")

    def _place(self, row: TableRow) -> tuple[int | None, int | None]:
        season, count = self._cell(row, "season"), self._cell(row, "number")
        both = _PLACE.match(count)
        if both:
            return int(both["s"] or both["x"]), int(both["number"])
        in_season = _inside(season, "seasonNumber")
        if season and not in_season:
            raise Unusable("a season that the file does not number")
        return number(in_season), number(_inside(count, "episodeNumber"))

    def _movie(self, row: TableRow) -> Movie:
        name, in_title = title_and_year(self._cell(row, "film") or self._cell(row, "title"))
        given = self._layout.ids(row, "film_")
        found = Movie(
            name, year(self._cell(row, "year")) or in_title, MovieIds(**ids(self._layout.ids(row, "") | given))
        )
        if not (found.title or found.ids):
            raise Unusable("a film without title and id")
        return found

    def _episode(self, row: TableRow, scope: Scope, season: int | None, count: int | None) -> Episode:
        show, in_title = self._show(row)
        plain = self._layout.ids(row, "")
        of_show = {name: value for name, value in plain.items() if name not in self._own} | self._layout.ids(
            row, "show_"
        )
        of_episode = {name: value for name, value in plain.items() if name in self._own} | self._layout.ids(
            row, "episode_"
        )
        own = EpisodeIds(**ids(of_episode)) if scope == "episode" else EpisodeIds()
        its_ids = show_ids(self._names.of(show) | of_show)
        self._must_name(scope, bool(show or its_ids), season, count, own)
        name = self._episode_title(row) if scope == "episode" else None
        began = year(self._cell(row, "year")) or in_title
        return Episode(show, season, count if scope == "episode" else None, name, began, its_ids, own)

    def _must_name(self, scope: Scope, has_show: bool, season: int | None, count: int | None, own: EpisodeIds) -> None:
        placed = {"show": True, "season": season is not None}.get(scope, season is not None and count is not None)
        if not (has_show and placed) and not own:
            raise Unusable(f"{'an' if scope == 'episode' else 'a'} {scope} without show, number and id")

    def _show(self, row: TableRow) -> tuple[str, int | None]:
        told = self._cell(row, "show")
        if not told and not self._cell(row, "film") and self._layout.has("season", "number", "kind"):
            told = self._cell(row, "title")
        return title_and_year(told)

    def _episode_title(self, row: TableRow) -> str | None:
        told = self._cell(row, "episode_title") or _inside(self._cell(row, "number"), "episodeName", or_all=False)
        if not told and self._cell(row, "show") and not self._layout.dialect.names.get("show"):
            told = self._cell(row, "title")
        return title(told) or None


def _inside(cell: str, key: str, *, or_all: bool = True) -> str:
    """The exporter of Serializd's diary writes a whole object into a cell."""
    if not cell.startswith("{"):
        return cell if or_all else ""
    try:
        found = msgspec.json.decode(cell)
    except (msgspec.DecodeError, RecursionError):
        raise Unusable("a season or episode that is no number") from None
    value = found.get(key)
    return "" if value is None else str(value)


def plain_ids_of_episodes(table: FileTable, layout: Layout) -> frozenset[str]:
    """The services whose ids without an owner are those of episodes and not of shows.

    They are where the table also has ids that say they are the show's, or where most shows have another in each row.
    """
    return frozenset(
        service
        for service in SERVICES
        if layout.has(service) and not layout.has(f"episode_{service}")
        if layout.has(f"show_{service}") or _differs(table, layout, service)
    )


def _differs(table: FileTable, layout: Layout, service: str) -> bool:
    if not layout.has("number"):
        return False
    first: dict[str, tuple[str, str]] = {}
    same, other = set[str](), set[str]()
    for row in table.readable():
        show, id_ = layout.get(row, "show") or layout.get(row, "title"), layout.get(row, service)
        place = f"{layout.get(row, 'season')}/{layout.get(row, 'number')}"
        if not (show and id_ and layout.get(row, "number")):
            continue
        known = first.setdefault(show, (place, id_))
        if known[0] != place:
            (same if known[1] == id_ else other).add(show)
    return len(other - same) > len(same)
