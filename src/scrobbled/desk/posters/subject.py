"""What a picture is of: a film or a show, told by the ids that are known of it."""

from __future__ import annotations

import hashlib
import re

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.naming.ids import MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Item, Movie, Origin
from scrobbled.core.naming.titles import TitleKind

KEY = re.compile(r"[0-9a-f]{24}")
ITEM = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)
"""What servers call their items. A key comes with a webhook, and nothing else of one is ever put into an address."""
TMDB_PATH = re.compile(r"/[A-Za-z0-9_-]{1,80}\.(?:jpg|jpeg|png|webp)", re.ASCII)
"""How TMDB names a picture. Nothing else is asked for, whoever says so."""


class PosterSubject(Struct, frozen=True):
    """``key`` is made by us, and the same for everything that shares a poster. An episode stands for its show.

    ``path`` is TMDB's ``poster_path``, where it is known already.
    """

    key: str
    item: Item
    path: str = ""

    def joined(self, other: PosterSubject) -> PosterSubject:
        """The same subject, with what either knows of it."""
        origin = self.item.origin or other.item.origin
        return replace(self, item=replace(self.item, origin=origin), path=self.path or other.path)


def of_item(item: Item) -> PosterSubject | None:
    """``None`` where nobody can be asked for a picture, as nothing but a title is known."""
    if item.origin is not None and not _is_kept(item.origin):
        item = replace(item, origin=None)
    named = _movie(item) if isinstance(item, Movie) else _show(item)
    return None if named is None else PosterSubject(_key(named), item)


def of_tmdb(kind: TitleKind, tmdb: int, title: str, path: str = "") -> PosterSubject:
    """A search result of TMDB; a ``path`` that is none of TMDB's is left out."""
    item: Item = Movie(title, ids=MovieIds(tmdb=tmdb))
    if kind == "show":
        item = Episode(title, None, None, show_ids=ShowIds(tmdb=tmdb))
    return PosterSubject(_key((kind, "tmdb", str(tmdb))), item, path if TMDB_PATH.fullmatch(path) else "")


def _is_kept(origin: Origin) -> bool:
    """Of a file with several episodes Jellyfin's key is followed by ``#`` and a number of ours."""
    keys = (origin.key.partition("#")[0], origin.show_key or "0")
    return all(ITEM.fullmatch(key) for key in keys)


def _movie(movie: Movie) -> tuple[str, ...] | None:
    for service in ("tmdb", "imdb"):
        if (value := getattr(movie.ids, service)) is not None:
            return ("movie", service, str(value))
    origin = movie.origin
    return ("movie", "at", origin.server, origin.key) if origin else None


def _show(episode: Episode) -> tuple[str, ...] | None:
    """By the show's own ids where there are any; an episode's are in another space, and so stand under another word."""
    for service in ("tmdb", "tvdb", "imdb"):
        if (value := getattr(episode.show_ids, service)) is not None:
            return ("show", service, str(value))
    origin = episode.origin
    if origin and origin.show_key:
        return ("show", "at", origin.server, origin.show_key)
    for service in ("tvdb", "imdb"):
        if (value := getattr(episode.ids, service)) is not None:
            return ("episode", service, str(value))
    return ("episode", "at", origin.server, origin.key.partition("#")[0]) if origin else None


def _key(named: tuple[str, ...]) -> str:
    return hashlib.sha256("\0".join(named).encode("utf-8", "surrogatepass")).hexdigest()[:24]
