"""What people type to correct a match, and how a correction reads."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.errors import BadCorrection
from scrobbled.core.naming.corrections import Correction, Ignore, Of, OfMovie, OfShow, Target, ToMovie, ToShow
from scrobbled.core.naming.ids import MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.naming.matching import plain

LONGEST = 300
LARGEST = 99_999
_ID = re.compile(r"(tmdb|tvdb|anidb|trakt):\s*([1-9]\d{0,9})\Z", re.ASCII | re.IGNORECASE)
_IMDB = re.compile(r"(?:imdb:\s*)?(tt\d{1,12})\Z", re.ASCII | re.IGNORECASE)
_PLEX = re.compile(r"(?:plex:)?(?:plex://)?((show|movie)/[0-9A-Za-z_-]{1,64})\Z")
_STORED = re.compile(r"([cp])(\d{1,18})\Z", re.ASCII | re.IGNORECASE)
_YEAR = re.compile(r"(.*\S)\s*\((\d{4})\)\Z", re.ASCII)
_RANGE = re.compile(r"(\d{1,5})(?:\s*(-|–)\s*(\d{1,5})?)?\Z", re.ASCII)
_TO = re.compile(r"(tmdb|show|tv|movie|film):\s*([1-9]\d{0,9})\Z", re.ASCII | re.IGNORECASE)
_MEDIA = {"tmdb": "", "show": "show", "tv": "show", "movie": "movie", "film": "movie"}
_TMDB_PATH = re.compile(r"/(tv|movie)/([1-9]\d{0,9})(?:-[^/]*)?(?:/season/(\d{1,5})(?:/episode/(\d{1,5}))?)?", re.ASCII)
_SERIALIZD_PATH = re.compile(r"/show/(?:[^/]*-)?([1-9]\d{0,9})(?:/|\Z)", re.ASCII)
HOW_TO = (
    "Write the target as tmdb:12345 (the number in the address of its page on themoviedb.org) or paste that address."
)


class TypedCorrection(Struct, frozen=True):
    """A correction as it was typed. ``what`` is a title, an id like ``tvdb:445566``, or a stored play like ``c12``.

    With a stored episode, ``to_season`` and ``to_episode``, or the address of an episode's page, speak of that episode.
    """

    what: str
    to: str = ""
    season: int | None = None
    episodes: str = ""
    to_season: int | None = None
    to_episode: int | None = None
    movie: bool = False
    ignore: bool = False
    viewer: str | None = None


class _To(Struct, frozen=True):
    """What ``to`` says by itself; ``media`` is empty where it does not say."""

    media: str
    tmdb: int
    season: int | None = None
    episode: int | None = None


def stored(what: str) -> tuple[str, int] | None:
    """``("c", 12)`` for ``c12``, a change, and ``("p", 7)`` for ``p7``, a play."""
    match = _STORED.match(what.strip())
    return (match[1].lower(), int(match[2])) if match else None


def read(wish: TypedCorrection, item: Item | None = None) -> Correction:
    """The correction, not stored yet. ``item`` is what ``stored(wish.what)`` stands for.

    Raises ``BadCorrection``.
    """
    if wish.ignore == bool(wish.to.strip()):
        raise BadCorrection(f"Say what it is with --to, or that it is never to be sent with --ignore. {HOW_TO}")
    wish = _narrowed(wish, item)
    of = _of(wish, item)
    return Correction(0, wish.viewer, of, Ignore() if wish.ignore else _target(wish, of))


def asked(what: str, season: int | None, number: int | None, *, movie: bool, absolute: bool = False) -> Item:
    """The item that somebody asks about, who knows no more than this. Raises ``BadCorrection``."""
    of = _subject(what, movie=movie)
    if isinstance(of, OfMovie):
        return Movie(of.title, of.year, of.ids)
    if number is None or (season is None and not absolute):
        raise BadCorrection(f'Say which episode, like "{of.title or what}" 2 5 for season 2, episode 5.')
    return Episode(of.title, season, number, show_year=of.year, show_ids=of.ids, absolute=absolute)


def sentence(correction: Correction) -> str:
    """ "Harbour S1 E13-24 is show tmdb:202020 S2 from E1 (anna only)"."""
    of, target = correction.of, correction.target
    whom = f" ({correction.viewer} only)" if correction.viewer is not None else ""
    if isinstance(target, Ignore):
        return f"{_subject_words(of)} is never sent{whom}"
    if isinstance(target, ToMovie):
        return f"{_subject_words(of)} is film tmdb:{target.tmdb}{whom}"
    place = "" if target.season is None else f" S{target.season}"
    start = "" if target.first is None else f" from E{target.first}"
    return f"{_subject_words(of)} is show tmdb:{target.tmdb}{place}{start}{whom}"


def _subject_words(of: Of) -> str:
    title = f"{of.title} ({of.year})" if of.title and of.year else of.title
    name = title or " ".join(f"{service}:{value}" for service, value in of.ids.known().items())
    if isinstance(of, OfMovie):
        return f"film {name}"
    season = "" if of.season is None else f" S{of.season}"
    return name + season + ("" if of.first is None else f" E{episodes(of)}")


def episodes(of: OfShow) -> str:
    """ "13-24", "13", "13-" for all from there on, empty for all."""
    if of.first is None:
        return ""
    return str(of.first) if of.first == of.last else f"{of.first}-{'' if of.last is None else of.last}"


def _narrowed(wish: TypedCorrection, item: Item | None) -> TypedCorrection:
    """Who names a place for a stored episode, and no part of its show, means that episode, or its season."""
    if wish.ignore or wish.season is not None or wish.episodes or not isinstance(item, Episode):
        return wish
    to = _to(wish.to)
    number = wish.to_episode if wish.to_episode is not None else to.episode
    season = wish.to_season if wish.to_season is not None else to.season
    if item.number is not None and (number is not None or to.media == "movie"):
        return replace(wish, season=item.season, episodes=str(item.number))
    return wish if season is None else replace(wish, season=item.season)


def _of(wish: TypedCorrection, item: Item | None) -> Of:
    of = _as_stored(item) if item is not None else _subject(wish.what, movie=wish.movie)
    if isinstance(of, OfMovie):
        if wish.season is not None or wish.episodes:
            raise BadCorrection("A film has neither season nor episodes; leave --season and --episodes out.")
        return of
    if wish.movie:
        raise BadCorrection(f"{wish.what} is an episode and no film; leave --movie out.")
    first, last = _range(wish.episodes)
    return replace(of, season=_small(wish.season, "season"), first=first, last=last)


def _as_stored(item: Item) -> Of:
    """All that tells its show, or the film, from others."""
    of: Of
    if isinstance(item, Movie):
        of = OfMovie(item.title, item.year, item.ids)
    else:
        of = OfShow(item.show_title, item.show_year, item.show_ids)
    if not of.ids and not plain(of.title):
        raise BadCorrection(f"{item.label()} came with neither a title nor ids, so that nothing can be told by it.")
    return of


def _subject(what: str, *, movie: bool) -> Of:
    text = what.strip()
    if len(text) > LONGEST:
        raise BadCorrection(f"A title has no more than {LONGEST} characters.")
    if ids := _ids(text):
        if movie and "tvdb" in ids:
            raise BadCorrection("Films have no TVDB id here; use their title, or their IMDb or TMDB id.")
        return OfMovie(ids=MovieIds(**ids)) if movie or _is_plex_movie(ids) else OfShow(ids=ShowIds(**ids))
    title, year = text, None
    if match := _YEAR.match(text):
        title, year = match[1], int(match[2])
    if not plain(title) or not _is_text(text):
        raise BadCorrection(
            "Name it by its title on the media server, by an id like tvdb:445566, or by a play like c12."
        )
    return OfMovie(title, year) if movie else OfShow(title, year)


def _is_text(text: str) -> bool:
    """A terminal hands on bytes that are no characters as halves of some."""
    return not any(0xD800 <= ord(character) <= 0xDFFF for character in text)


def _is_plex_movie(ids: dict[str, Any]) -> bool:
    return "plex" in ids and ids["plex"].startswith("plex://movie/")


def _ids(text: str) -> dict[str, Any]:
    if match := _ID.match(text):
        return {match[1].lower(): int(match[2])}
    if match := _IMDB.match(text):
        return {"imdb": match[1].lower()}
    match = _PLEX.match(text) if text.startswith("plex:") else None
    return {"plex": f"plex://{match[1]}"} if match else {}


def _range(text: str) -> tuple[int | None, int | None]:
    if not text.strip():
        return None, None
    match = _RANGE.match(text.strip())
    if match is None:
        raise BadCorrection(f"{text[:40]} is no range of episodes; write 13, 13-24, or 13- for all from there on.")
    first = int(match[1])
    last = first if match[2] is None else int(match[3]) if match[3] else None
    if last is not None and last < first:
        raise BadCorrection(f"{text[:40]} ends before it begins; write the smaller number first.")
    return first, last


def _target(wish: TypedCorrection, of: Of) -> Target:
    to = _to(wish.to)
    if isinstance(of, OfMovie):
        if to.media == "show" or wish.to_season is not None or wish.to_episode is not None:
            raise BadCorrection("A film can only be another film; name one like tmdb:717171.")
        return ToMovie(to.tmdb)
    if to.media == "movie":
        return _special(wish, of, to)
    return _place(of, to, _small(wish.to_season, "to-season"), _small(wish.to_episode, "to-episode"))


def _special(wish: TypedCorrection, of: OfShow, to: _To) -> ToMovie:
    """A special that is a film elsewhere: one episode, or many would become viewings of one film."""
    if of.first is None or of.first != of.last or wish.to_season is not None or wish.to_episode is not None:
        raise BadCorrection("Only a single episode can be a film: name it with --season 0 --episodes 3.")
    return ToMovie(to.tmdb)


def _place(of: OfShow, to: _To, season: int | None, first: int | None) -> ToShow:
    is_part = of.season is not None or of.first is not None
    if season is None and is_part:  # the address of a season says it as well
        season, first = to.season, first if first is not None else to.episode
    if season is None:
        if first is not None:
            raise BadCorrection("Say in which season with --to-season.")
        return ToShow(to.tmdb)
    if not is_part:
        raise BadCorrection("Say which season or episodes become that season, with --season or --episodes.")
    if of.first is not None and first is None:
        raise BadCorrection(f"Say which episode number {of.first} becomes, like --to-episode 1.")
    return ToShow(to.tmdb, season, first)


def _to(text: str) -> _To:
    text = text.strip()
    if match := _TO.match(text):
        return _To(_MEDIA[match[1].lower()], int(match[2]))
    found = _from_address(text)
    if found is None:
        raise BadCorrection(f"{text[:80]} names no TMDB entry. {HOW_TO}")
    return found


def _from_address(text: str) -> _To | None:
    """From the address of a page; a page on Trakt mostly names its show by words, which say nothing to anybody else."""
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
    except ValueError:
        return None
    host = (parts.hostname or "").removeprefix("www.").removeprefix("app.")
    if host == "themoviedb.org" and (match := _TMDB_PATH.match(parts.path)):
        media, tmdb, season, episode = match.groups()
        return _To("movie" if media == "movie" else "show", int(tmdb), _whole(season), _whole(episode))
    if host == "serializd.com" and (match := _SERIALIZD_PATH.match(parts.path)):
        return _To("show", int(match[1]))
    if host == "trakt.tv" and (match := re.match(r"/search/tmdb/([1-9]\d{0,9})/?\Z", parts.path, re.ASCII)):
        kind = parse_qs(parts.query).get("id_type", [""])[0]  # an id of an episode is in a space of its own
        return _To(kind, int(match[1])) if kind in ("", "show", "movie") else None
    return None


def _small(number: int | None, name: str) -> int | None:
    if number is not None and not 0 <= number <= LARGEST:
        raise BadCorrection(f"--{name} {number} cannot be; it is a number from 0 (the specials) up.")
    return number


def _whole(text: str | None) -> int | None:
    return None if text is None else int(text)
