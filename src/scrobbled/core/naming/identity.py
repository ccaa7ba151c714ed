"""Whether two descriptions mean the same film or episode, for telling one viewing from another."""

from __future__ import annotations

from operator import attrgetter

from scrobbled.core.naming.ids import Ids
from scrobbled.core.naming.items import Episode, Item, Movie
from scrobbled.core.naming.matching import is_generic, plain


def same_item(one: Item, other: Item) -> bool:
    """By an id that both know, else by names and numbers; symmetric.

    Ids that differ in one space prove that it is not the same, so that neither a remake nor a film of the same name is
    taken for the other.
    """
    if isinstance(one, Movie):
        return isinstance(other, Movie) and _same_movie(one, other)
    return isinstance(other, Episode) and _same_episode(one, other)


def _same_movie(one: Movie, other: Movie) -> bool:
    known = _by_ids(one.ids, other.ids)
    if known is not None:
        return known
    return bool(plain(one.title)) and plain(one.title) == plain(other.title) and one.year == other.year


def _same_episode(one: Episode, other: Episode) -> bool:
    known = _by_ids(one.ids, other.ids)
    if known is not None:
        return known
    return _same_show(one, other) and _same_place(one, other)


def _same_show(one: Episode, other: Episode) -> bool:
    known = _by_ids(one.show_ids, other.show_ids)
    if known is not None:
        return known
    return bool(plain(one.show_title)) and plain(one.show_title) == plain(other.show_title)


def _same_place(one: Episode, other: Episode) -> bool:
    if one.number is not None and other.number is not None:
        return (one.season, one.number) == (other.season, other.number)
    if not (is_generic(one.title) or is_generic(other.title)):
        return plain(one.title) == plain(other.title)  # two may be shown in one evening
    return one.air_date is not None and one.air_date == other.air_date


def _by_ids(mine: Ids, theirs: Ids) -> bool | None:
    """``None`` where no service is known to both; one that agrees outweighs one that does not."""
    known = False
    for one, other in zip(_of_each_service(mine), _of_each_service(theirs), strict=True):
        if one is not None and other is not None:
            if one == other:
                return True
            known = True
    return False if known else None


_of_each_service = attrgetter(*Ids.__annotations__)
"""Asked for every play of a day, with every event that ends a viewing."""
