"""anibridge-mappings, the third form: from one entry to seasons and films, range by range."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from scrobbled.sandbox.anime import AnimeTitle
from scrobbled.sandbox.mappings.runs import IMDB_OF_FILMS, AnimeRun, told

VERSION = "3.0.0"


def mappings(titles: Iterable[AnimeTitle]) -> dict[str, Any]:
    """``null`` as a target says that a number is nothing there; a ratio is told where one of here is not one there."""
    found: dict[str, Any] = {"$meta": {"schema_version": VERSION, "generated_on": "2026-11-14T02:00:00Z"}}
    for title in titles:
        all_ = told(title)
        targets: dict[str, dict[str, str | None]] = {}
        for run in all_:
            is_open = title.status == "RELEASING" and run is all_[-1]
            numbers = _range(run.first, run.last, is_open=is_open)
            for key in _keys(run):
                targets.setdefault(key, {})[numbers] = _target(run, is_open=is_open)
        for gap in (run for run in all_ if run.is_nothing):
            for ranges in targets.values():
                ranges[_range(gap.first, gap.last)] = None
        if targets:
            found[f"anilist:{title.id}"] = found[f"anidb:{title.anidb}:R"] = targets
    return found


def _keys(run: AnimeRun) -> list[str]:
    if run.place.movie:
        return [f"tmdb_movie:{run.place.movie}", f"imdb_movie:{IMDB_OF_FILMS[run.place.movie]}"]
    show = run.show
    return [f"tmdb_show:{show.tmdb}:s{run.place.season}", f"tvdb_show:{show.tvdb}:s{run.place.season}"] if show else []


def _target(run: AnimeRun, *, is_open: bool) -> str:
    if run.place.movie:
        return "1"
    ratio = "" if run.ratio == 1 else f"|{run.ratio}"
    return _range(run.begin, run.end, is_open=is_open) + ratio


def _range(first: int, last: int, *, is_open: bool = False) -> str:
    """What is on the air goes on."""
    if is_open:
        return f"{first}-"
    return str(first) if first == last else f"{first}-{last}"
