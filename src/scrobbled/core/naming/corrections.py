"""Corrections: what the owner says an item is. Where one applies, it goes before every other evidence."""

from __future__ import annotations

from collections.abc import Iterable, Set

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.naming.ids import Ids, MovieIds, ShowIds
from scrobbled.core.naming.items import Episode, Item, Media, Movie
from scrobbled.core.naming.matching import plain
from scrobbled.core.words.reasons import Code, Reason


class OfShow(Struct, frozen=True):
    """Episodes of one show, as the source names and numbers them: all, one season's, or a range of numbers.

    A range without a season is for numbers that count through the whole show.
    """

    title: str = ""
    year: int | None = None
    ids: ShowIds = ShowIds()
    season: int | None = None
    first: int | None = None
    last: int | None = None
    """``None`` after a ``first``: every later one too."""

    def fits(self, item: Item) -> bool:
        if not isinstance(item, Episode) or not _names(self, item.show_title, item.show_year, item.show_ids):
            return False
        return self.season in (None, item.season) and self._has(item)

    def _has(self, episode: Episode) -> bool:
        if self.first is None:
            return True
        if episode.number is None or (self.season is None and not _counts_through(episode)):
            return False
        return self.first <= episode.number and (self.last is None or episode.number <= self.last)

    @property
    def rank(self) -> int:
        """How closely it looks: a show, a season, a range."""
        return 2 if self.first is not None else int(self.season is not None)


class OfMovie(Struct, frozen=True):
    """One film, as the source names it."""

    title: str = ""
    year: int | None = None
    ids: MovieIds = MovieIds()

    def fits(self, item: Item) -> bool:
        return isinstance(item, Movie) and _names(self, item.title, item.year, item.ids)

    @property
    def rank(self) -> int:
        return 0


class ToShow(Struct, frozen=True):
    """A TMDB *show* id. Without ``season`` only the show is settled, and the episode is found on evidence as ever."""

    tmdb: int
    season: int | None = None
    first: int | None = None
    """What the first number becomes (1 where no range says which one is first); ``None`` keeps the numbers."""


class ToMovie(Struct, frozen=True):
    """A TMDB *movie* id."""

    tmdb: int


class Ignore(Struct, frozen=True):
    """It is never sent anywhere."""


Of = OfShow | OfMovie
Target = ToShow | ToMovie | Ignore


class Correction(Struct, frozen=True):
    """``viewer`` ``None`` means everybody. ``id`` grows with time and is 0 until it is stored."""

    id: int
    viewer: str | None
    of: Of
    target: Target

    @property
    def name(self) -> str:
        return f"m{self.id}"

    def fits(self, item: Item, viewer: str) -> bool:
        return self.viewer in (None, viewer) and self.of.fits(item)

    def says_the_same_as(self, other: Correction) -> bool:
        """Whether both are about exactly the same, whatever they make of it."""
        mine, theirs = self.of, other.of
        same_title = plain(mine.title) == plain(theirs.title)
        return self.viewer == other.viewer and same_title and mine == replace(theirs, title=mine.title)


class Corrected(Struct, frozen=True):
    """The item to look for; ``correction`` is what made it so, ``None`` where the item is as it came."""

    item: Item
    correction: Correction | None = None

    @property
    def is_ignored(self) -> bool:
        return self.correction is not None and isinstance(self.correction.target, Ignore)

    def left_out(self, takes: Set[Media]) -> str:
        """Why a correction keeps it from a tracker that takes these media; empty where none does."""
        if self.correction is None:
            return ""
        if self.is_ignored:
            return self._why("ignored")
        media = self.item.media
        return "" if media in takes else self._why(f"this tracker does not take {media}s")

    def _why(self, text: str) -> Reason:
        return Reason(self.told(text), Code.CORRECTION, None if self.correction is None else self.correction.id)

    def told(self, text: str) -> str:
        """``text`` for people, who have to see where a person had a hand in it."""
        return text if self.correction is None else f"correction {self.correction.name}: {text}"


def corrected(item: Item, viewer: str, corrections: Iterable[Correction]) -> Corrected:
    """``item`` as the correction says that is most specific: a person's own first, then range, season, show.

    Among equals the newest holds. An item that none fits comes back as it is, and so does an ignored one.
    """
    chosen = max((c for c in corrections if c.fits(item, viewer)), key=_weight, default=None)
    return Corrected(item) if chosen is None else Corrected(_become(item, chosen), chosen)


def _weight(correction: Correction) -> tuple[bool, int, int]:
    return correction.viewer is not None, correction.of.rank, correction.id


def _become(item: Item, correction: Correction) -> Item:
    of, target = correction.of, correction.target
    if isinstance(target, Ignore):
        return item
    if isinstance(target, ToMovie):
        if isinstance(item, Movie):
            return replace(item, ids=MovieIds(tmdb=target.tmdb))
        return Movie(item.title or item.show_title, ids=MovieIds(tmdb=target.tmdb))
    assert isinstance(item, Episode)  # a film becomes no episode
    assert isinstance(of, OfShow)
    show = ShowIds(tmdb=target.tmdb)
    if item.number is None and item.season is not None and target.season is not None:
        item = replace(item, season=target.season)  # a season as a whole
    if target.season is None or item.number is None:
        return replace(item, show_ids=show, settled="show")
    return Episode(  # nothing else that came with it counts as evidence any more
        item.show_title,
        target.season,
        item.number + _offset(of, target),
        show_year=item.show_year,
        show_ids=show,
        settled="place",
    )


def _offset(of: OfShow, target: ToShow) -> int:
    if target.first is None:
        return 0
    return target.first - (of.first if of.first is not None else 1)


def _counts_through(episode: Episode) -> bool:
    return episode.season is None or episode.absolute


def _names(of: Of, title: str, year: int | None, ids: Ids) -> bool:
    """By an id that both know; where ids say neither yes nor no, by title, and by year where the owner gave one."""
    if of.ids.shares(ids):  # type: ignore[arg-type]  # raises for another space
        return True
    if of.ids.known().keys() & ids.known().keys():
        return False
    wanted = plain(_dated(of.title, of.year))
    return bool(wanted) and wanted in (plain(title), plain(_dated(title, year)))


def _dated(title: str, year: int | None) -> str:
    """Servers write the year of a show into its title, beside it, or nowhere."""
    return title if year is None or not plain(title) else f"{title} {year}"
