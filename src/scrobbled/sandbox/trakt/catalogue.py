"""What the Trakt stand-in knows of titles: one entry per movie, show, season and episode, and every way to find it.

Each kind has its own number space, so an id is only ever looked up within one kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from itertools import count
from typing import Any, Literal

from scrobbled.sandbox.world import World, WorldEpisode, WorldMovie, WorldSeason, WorldShow

TraktIds = Mapping[str, int | str | None]
TraktKind = Literal["movie", "show", "season", "episode"]
KINDS: tuple[TraktKind, ...] = ("movie", "show", "season", "episode")
SERVICES = ("trakt", "slug", "imdb", "tmdb", "tvdb")
DOCUMENTED: Mapping[TraktKind, frozenset[str]] = {
    "movie": frozenset({"trakt", "slug", "imdb", "tmdb"}),
    "show": frozenset({"trakt", "slug", "imdb", "tmdb", "tvdb"}),
    "season": frozenset({"trakt", "tmdb", "tvdb"}),
    "episode": frozenset({"trakt", "tvdb"}),
}
"""Which ids Trakt's own schema allows in requests; its server also takes ``imdb`` and ``tmdb`` for episodes."""
WATCHABLE: tuple[TraktKind, TraktKind] = ("movie", "episode")


@dataclass(frozen=True, slots=True)
class TraktTitle:
    """One entry. ``trakt`` is unique within ``kind`` only; times are aware UTC."""

    kind: TraktKind
    trakt: int
    title: str
    ids: TraktIds
    year: int | None = None
    season: int | None = None
    number: int | None = None
    runtime: int = 0
    """Minutes."""
    released: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    show: TraktTitle | None = field(default=None, repr=False)
    season_trakt: int = 0
    """Of an episode: the Trakt id of its season."""
    absolute: int | None = None
    """Of an episode outside the specials: its count through the show."""
    ended: bool = False

    @property
    def key(self) -> tuple[TraktKind, int]:
        return (self.kind, self.trakt)

    def minimal(self) -> dict[str, Any]:
        """The object as it is nested in answers."""
        ids = dict(self.ids)
        if self.kind == "season":
            return {"number": self.season, "ids": ids}
        if self.kind == "episode":
            return {"season": self.season, "number": self.number, "title": self.title, "ids": ids}
        return {"title": self.title, "year": self.year, "ids": ids}

    def full(self) -> dict[str, Any]:
        """As ``extended=full`` tells it: with the dates and the runtime."""
        body = self.minimal()
        if self.kind == "movie":
            return {**body, "released": self.released.date().isoformat(), "runtime": self.runtime}
        aired = self.released.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        extra = {"first_aired": aired, "runtime": self.runtime, "updated_at": aired}
        if self.kind == "episode":
            return {**body, **extra, "number_abs": self.absolute, "episode_type": "standard", "original_title": None}
        return {**body, **extra, "status": "ended" if self.ended else "returning series"}

    def nested(self, *, full: bool = False) -> dict[str, Any]:
        """``{kind: …}``, with the show beside a season or an episode."""
        titles = [self] if self.show is None else [self, self.show]
        return {title.kind: title.full() if full else title.minimal() for title in titles}


class TraktWorld:
    """All titles of one world, as Trakt lists them."""

    def __init__(self, world: World) -> None:
        self._index: dict[tuple[TraktKind, str, str], TraktTitle] = {}
        self._of_show: dict[int, list[TraktTitle]] = {}
        self.titles: dict[TraktKind, list[TraktTitle]] = {kind: [] for kind in KINDS}
        for title in _titles(world):
            self._put(title)

    def _put(self, title: TraktTitle) -> None:
        self.titles[title.kind].append(title)
        for service, value in title.ids.items():
            if value is not None:
                self._index[title.kind, service, str(value)] = title
        if title.show is not None:
            self._of_show.setdefault(title.show.trakt, []).append(title)

    def by_id(self, kind: TraktKind, service: str, value: object) -> TraktTitle | None:
        """The one of that kind, or nothing; numbers may be strings, as several clients send them."""
        return self._index.get((kind, service, str(value).strip())) if _given(value) else None

    def by_ids(self, kind: TraktKind, ids: object, *, strict_episodes: bool = False) -> TraktTitle | None:
        """The first hit, in Trakt's order of services. ``strict_episodes`` keeps to the documented episode ids."""
        if not isinstance(ids, Mapping):
            return None
        allowed = DOCUMENTED[kind] if strict_episodes or kind != "episode" else frozenset(SERVICES)
        hits = (self.by_id(kind, name, ids.get(name)) for name in SERVICES if name in allowed)
        return next((hit for hit in hits if hit), None)

    def by_name(self, kind: TraktKind, title: object, year: object) -> TraktTitle | None:
        """Exact title and, where given, year; several or none is nothing."""
        named = [t for t in self.titles[kind] if isinstance(title, str) and t.title.casefold() == title.casefold()]
        dated = [t for t in named if year in (None, t.year)]
        return dated[0] if len(dated) == 1 else None

    def by_request(
        self, kind: TraktKind, item: Mapping[str, Any], *, strict_episodes: bool = False
    ) -> TraktTitle | None:
        """What an object of a request means: by its ids, a movie or show without ids by title and year."""
        ids = item.get("ids")
        if isinstance(ids, Mapping) and any(_given(value) for value in ids.values()):
            return self.by_ids(kind, ids, strict_episodes=strict_episodes)
        return self.by_name(kind, item.get("title"), item.get("year")) if kind in ("movie", "show") else None

    def by_path(self, kind: TraktKind, text: str) -> TraktTitle | None:
        """What may stand in a URL: Trakt id, slug or IMDb id. TMDB and TVDB ids are not accepted there."""
        return next((hit for name in ("trakt", "slug", "imdb") if (hit := self.by_id(kind, name, text))), None)

    def seasons(self, show: TraktTitle) -> list[TraktTitle]:
        return [title for title in self._of_show.get(show.trakt, ()) if title.kind == "season"]

    def episodes(self, show: TraktTitle, season: int | None = None) -> list[TraktTitle]:
        """All episodes of the show, or of one season of it."""
        mine = (title for title in self._of_show.get(show.trakt, ()) if title.kind == "episode")
        return [title for title in mine if season in (None, title.season)]

    def place(self, show: TraktTitle, season: object, number: object) -> TraktTitle | None:
        """The episode at a place of the show; numbers may be strings."""
        wanted = (str(season), str(number))
        return next((e for e in self.episodes(show) if (str(e.season), str(e.number)) == wanted), None)

    def counted(self, show: TraktTitle, number: object) -> TraktTitle | None:
        """The episode by its count through the regular seasons."""
        return next((e for e in self.episodes(show) if e.season and str(e.absolute) == str(number)), None)

    def season_episodes(self, season: TraktTitle) -> list[TraktTitle]:
        return self.episodes(season.show, season.season) if season.show else []

    def search(self, kinds: Iterable[TraktKind], query: str) -> Iterator[tuple[float, TraktTitle]]:
        """Titles that hold every word of ``query``, with a score; the closest first."""
        words = _words(query)
        found = [(title, _words(title.title)) for kind in kinds for title in self.titles[kind]]
        scored = [(1000.0 * len(words) / len(have), t) for t, have in found if words and set(words) <= set(have)]
        yield from sorted(scored, key=lambda hit: -hit[0])

    def exact(self, kind: TraktKind, query: str) -> list[TraktTitle]:
        return [title for title in self.titles[kind] if _words(title.title) == _words(query)]


def _given(value: object) -> bool:
    return value not in (None, "", 0, "0")


def _words(text: str) -> list[str]:
    """Words without case; a backslash only escapes, as the search syntax wants it."""
    return re.findall(r"\w+", text.replace("\\", "").casefold())


def _titles(world: World) -> Iterator[TraktTitle]:
    yield from (_movie(movie) for movie in world.movies)
    for found in world.shows:
        show = _show(found)
        yield show
        numbers = count(1)
        for season in found.seasons:
            yield _season(show, season)
            for episode in season.episodes:
                yield _episode(show, season, episode, next(numbers) if season.number else None)


def _movie(movie: WorldMovie) -> TraktTitle:
    ids: TraktIds = {"trakt": movie.trakt, "slug": movie.slug, "imdb": movie.imdb, "tmdb": movie.tmdb}
    released = datetime(movie.year, 6, 1, tzinfo=UTC)
    return TraktTitle("movie", movie.trakt, movie.title, ids, movie.year, runtime=movie.runtime, released=released)


def _show(show: WorldShow) -> TraktTitle:
    ids: TraktIds = {"trakt": show.trakt, "slug": show.slug, "tvdb": show.tvdb, "imdb": show.imdb, "tmdb": show.tmdb}
    released = datetime(show.year, 1, 1, tzinfo=UTC)
    return TraktTitle("show", show.trakt, show.title, ids, show.year, released=released, ended=show.ended)


def _season(show: TraktTitle, season: WorldSeason) -> TraktTitle:
    ids: TraktIds = {"trakt": season.trakt, "tvdb": season.tvdb, "tmdb": season.tmdb}
    title = f"Season {season.number}" if season.number else "Specials"
    return TraktTitle("season", season.trakt, title, ids, season=season.number, show=show)


def _episode(show: TraktTitle, season: WorldSeason, episode: WorldEpisode, absolute: int | None) -> TraktTitle:
    ids: TraktIds = {"trakt": episode.trakt, "tvdb": episode.tvdb, "imdb": episode.imdb, "tmdb": episode.tmdb}
    aired = datetime.combine(episode.air_date, time(20), tzinfo=UTC)
    return TraktTitle(
        "episode",
        episode.trakt,
        episode.title,
        ids,
        season=episode.season,
        number=episode.number,
        runtime=episode.runtime,
        released=aired,
        show=show,
        season_trakt=season.trakt,
        absolute=absolute,
    )


def available(title: TraktTitle) -> datetime:
    """What ``released`` stands for: the first release plus the runtime."""
    return title.released + timedelta(minutes=title.runtime)
