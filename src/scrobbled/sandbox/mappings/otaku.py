"""The Otaku database: SQLite by MAL id, whose declared types say little of what is in it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing

from sqlite_utils import Database

from scrobbled.sandbox.anime import FILMS, AnimeTitle
from scrobbled.sandbox.mappings.runs import runs

NUMBERS = (
    *(
        "mal_id",
        "mal_dub_id",
        "anilist_id",
        "kitsu_id",
        "anidb_id",
        "thetvdb_id",
        "themoviedb_id",
        "imdb_id",
        "trakt_id",
    ),
    *("thetvdb_season", "thetvdb_part", "duration", "anime_media_episodes"),
)
"""Declared as such; several hold words."""
WORDS = ("mal_picture", "anime_media_type", "global_media_type")
OtakuRow = dict[str, str | int | None]
SPELLINGS = ("globel_media_episodes", "global_media_episodes")
"""The older one is misspelt."""


def database(titles: Iterable[AnimeTitle], spelling: str = SPELLINGS[1]) -> bytes:
    """A whole file. ``trakt_id`` is that of a show or of a film, which only ``global_media_type`` tells."""
    database = Database(memory=True)
    columns = {**dict.fromkeys((*NUMBERS, spelling), int), **dict.fromkeys(WORDS, str)}
    database.table("anime").create(columns, pk="mal_id").insert_all([_row(title, spelling) for title in titles])
    changed = {"sync_id": 1, "last_updated": "1763085600"}
    database.table("activities").create({"sync_id": int, "last_updated": str}, pk="sync_id").insert(changed)
    with closing(database.conn) as connection:
        connection.commit()
        return connection.serialize()


def _row(title: AnimeTitle, spelling: str) -> OtakuRow:
    row: OtakuRow = {
        "mal_id": title.mal,
        "anilist_id": title.id,
        "anidb_id": title.anidb,
        "duration": title.duration * 60,
        "anime_media_type": title.format.partition("_")[0],
        "anime_media_episodes": f"1 - {len(title.places)}",
        spelling: f"1 - {len(title.places)}",
    }
    run = next((run for run in runs(title) if not run.is_nothing), None)
    if run is None:
        return {**row, "thetvdb_id": "music video" if title.format == "MUSIC" else "hentai"}
    if run.show is None:
        movie = next(movie for movie in FILMS if movie.tmdb == run.place.movie)
        ids: OtakuRow = {"themoviedb_id": movie.tmdb, "imdb_id": movie.imdb, "trakt_id": movie.trakt}
        return {**row, "thetvdb_id": "movie", "global_media_type": "movie", **ids}
    found: OtakuRow = {"thetvdb_id": run.show.tvdb, "themoviedb_id": run.show.tmdb, "imdb_id": run.show.imdb}
    first = run.place.season == 1 and run.begin == 1  # of later ones it knows no Trakt id
    where: OtakuRow = {"thetvdb_season": run.place.season, "trakt_id": run.show.trakt if first else None}
    return {**row, **found, **where, "global_media_type": "show", spelling: f"{run.begin} - {run.end}"}
