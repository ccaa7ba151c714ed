"""Fribb's anime-lists, in each form that it has had: the fields changed their names and shapes three times in 2026."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal, get_args

from scrobbled.sandbox.anime import AnimeTitle
from scrobbled.sandbox.mappings.runs import IMDB_OF_FILMS, AnimeRun, runs

Generation = Literal["2024-06", "2026-01", "2026-05", "2026-06"]
"""The month in which each form was first seen."""
GENERATIONS: tuple[Generation, ...] = get_args(Generation)


def rows(titles: Iterable[AnimeTitle], generation: Generation) -> Iterator[dict[str, Any]]:
    """One of each title; of what stands in several seasons only the first is told, as there is room for one."""
    for title in titles:
        run = next((run for run in runs(title) if not run.is_nothing), None)
        row: dict[str, Any] = {
            "type": title.format.partition("_")[0],
            "anidb_id": title.anidb,
            "anilist_id": title.id,
            "mal_id": title.mal,
        }
        yield {**row, **(_elsewhere(run, generation, sole=_is_sole(title)) if run else {})}


def _is_sole(title: AnimeTitle) -> bool:
    """Whether it is in one season; of others no season is told."""
    return len({run.place for run in runs(title) if run.begin}) == 1


def _elsewhere(run: AnimeRun, generation: Generation, *, sole: bool) -> dict[str, Any]:
    recent = GENERATIONS.index(generation)
    id_ = run.place.movie or run.place.show
    kind = "movie" if run.place.movie else "tv"
    known = run.show.imdb if run.show else IMDB_OF_FILMS[id_]
    found: dict[str, Any] = {"imdb_id": [known] if recent >= 3 else known}
    tmdb: Any = id_ if recent < 2 else {kind: [id_] if kind == "movie" and recent >= 3 else id_}
    found["themoviedb_id"] = tmdb
    if run.show is not None:
        found["tvdb_id" if recent >= 1 else "thetvdb_id"] = run.show.tvdb
        season, offset = run.place.season, run.offset
        if recent >= 1 and sole:
            found["season"] = {"tvdb": season, "tmdb": season}
        if recent >= 3 and sole and offset:
            found["episode_offset"] = {"tvdb": offset, "tmdb": offset}
    return found
