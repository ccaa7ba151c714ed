"""Anime-Lists: XML by AniDB id, with offsets, and pairs where one number is not one."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, tostring

from scrobbled.sandbox.anime import AnimeTitle
from scrobbled.sandbox.mappings.runs import IMDB_OF_FILMS, AnimeRun, told


def document(titles: Iterable[AnimeTitle]) -> bytes:
    root = Element("anime-list")
    for title in titles:
        found = told(title)
        node = SubElement(root, "anime", {"anidbid": str(title.anidb), **_attributes(title, found)})
        SubElement(node, "name").text = title.romaji
        pairs = [run for run in found if run.is_nothing or run.ratio != 1]
        seasons = {run.place.season for run in found if run.begin}
        if any(run.begin for run in found) and (pairs or len(seasons) > 1):
            listing = SubElement(node, "mapping-list")
            for run in found:
                _mapping(listing, run, pairs)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root)


def _attributes(title: AnimeTitle, found: list[AnimeRun]) -> dict[str, str]:
    run = next((run for run in found if not run.is_nothing), None)
    if run is None:
        return {"tvdbid": "music video" if title.format == "MUSIC" else "hentai"}
    if run.show is None:
        return {"tvdbid": "movie", "tmdbid": str(run.place.movie), "imdbid": IMDB_OF_FILMS[run.place.movie]}
    several = len({one.place.season for one in found if one.begin}) > 1
    season, offset = "a" if several else str(run.place.season), str(0 if several else run.offset)
    shown = {"tvdbid": str(run.show.tvdb), "defaulttvdbseason": season, "tmdbtv": str(run.show.tmdb)}
    shown |= {"tmdbseason": season}
    return shown if offset == "0" else {**shown, "episodeoffset": offset, "tmdboffset": offset}


def _mapping(listing: Element, run: AnimeRun, pairs: list[AnimeRun]) -> None:
    season = str(run.place.season)
    node = SubElement(listing, "mapping", {"anidbseason": "1", "tvdbseason": season, "tmdbseason": season})
    if run in pairs:
        node.text = "".join(f";{number}-{_pair(run, number)}" for number in range(run.first, run.last + 1)) + ";"
        return
    node.set("start", str(run.first))
    node.set("end", str(run.last))
    node.set("offset", str(run.offset))


def _pair(run: AnimeRun, number: int) -> str:
    """0 is nothing; several are joined by a plus."""
    if not run.begin:
        return "0"
    if run.ratio > 0:
        begin = run.begin + (number - run.first) * run.ratio
        return "+".join(str(one) for one in range(begin, begin + run.ratio))
    return str(run.begin + (number - run.first) // -run.ratio)
