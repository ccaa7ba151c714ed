"""What a thing is called: all its names, at whatever service, and which of many are one thing.

A name is an id in its space, ``movie:imdb:tt0133093``, ``show:tvdb:121361``, ``season:tvdb:121361:2``,
``episode:tmdb:63056``, or the place of an episode in its show, ``episode:tvdb:121361:1:3``. Where a name of a show,
a season or a place names no space, it is that of TMDB: ``show:1399``, ``episode:1399:1:3``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, combinations

from scrobbled.core.kinds import Scope
from scrobbled.core.naming.ids import Ids
from scrobbled.core.naming.items import Item, Movie

SPACES = ("tmdb", "imdb", "tvdb")
"""The strongest first."""
MOST = 20
"""A name that more things have, or groups of them, is a mistake of somebody's."""
SideKey = tuple[str, str]
"""A side, and what it calls a thing."""
Strength = tuple[bool, int, str]
"""Whether it is of places, which of ``SPACES``, and of what; the strongest first."""


def names_of(scope: Scope, item: Item) -> tuple[str, ...]:
    """All of them, the strongest first: ids before places.

    Services number specials differently, and so they do numbers that count through a whole show: those have no place.
    """
    if isinstance(item, Movie):
        return tuple(f"movie:{space}:{value}" for space, value in _known(item.ids))
    shows = [str(value) if space == "tmdb" else f"{space}:{value}" for space, value in _known(item.show_ids)]
    if scope == "show":
        return tuple(f"show:{show}" for show in shows)
    is_placed = item.season is not None and not item.absolute
    if scope == "season":
        return tuple(f"season:{show}:{item.season}" for show in shows) if is_placed else ()
    own = tuple(f"episode:{space}:{value}" for space, value in _known(item.ids))
    if not is_placed or item.season == 0 or item.number is None:
        return own
    return (*own, *(f"episode:{show}:{item.season}:{item.number}" for show in shows))


def _known(ids: Ids) -> Iterator[tuple[str, int | str]]:
    told = zip(SPACES, (ids.tmdb, ids.imdb, ids.tvdb), strict=True)
    return ((space, value) for space, value in told if value is not None)


def share_an_id(one: Iterable[str], other: Iterable[str]) -> bool:
    """Whether they have a name in common that is no place."""
    return not all(strength(name)[0] for name in set(one).intersection(other))


def contradict(one: Iterable[str], other: Iterable[str]) -> bool:
    """Whether these names are certainly of two things; symmetric.

    So they are with two ids of one space. Places of one space that differ say so too, unless an id agrees: services
    number shows differently.
    """
    mine, theirs = set(one), set(other)
    if mine <= theirs or theirs <= mine:
        return False
    told, held = _by_space(mine), _by_space(theirs)
    differ = [space for space in told.keys() & held.keys() if told[space].isdisjoint(held[space])]
    return any(not is_place for is_place, *_ in differ) or (bool(differ) and not share_an_id(mine, theirs))


def one_thing(one: Iterable[str], other: Iterable[str]) -> bool:
    """Whether they share a name and contradict in none."""
    mine, theirs = set(one), set(other)
    return not mine.isdisjoint(theirs) and not contradict(mine, theirs)


def united(named: Mapping[SideKey, Sequence[str]]) -> list[list[SideKey]]:
    """Which of these are one thing, each with its names: connected by names they share, and contradicting in none.

    A name that contradicting things have, or more than ``MOST``, says nothing of any of them. By a place alone no side
    has a thing twice, unless it has both at that place. The order of ``named`` is kept, and decides nothing.
    """
    found: list[list[SideKey]] = []
    for near in _near(named):
        if len(near) == 2 and contradict(named[near[0]], named[near[1]]):
            found += [[key] for key in near]
        else:
            found += [near] if len(near) <= 2 else _united({key: named[key] for key in near})
    order = {key: number for number, key in enumerate(named)}
    return sorted((sorted(group, key=order.__getitem__) for group in found), key=lambda group: order[group[0]])


def _near(named: Mapping[SideKey, Sequence[str]]) -> list[list[SideKey]]:
    """Connected by names, whatever contradicts."""
    groups = {key: [key] for key in named}
    first: dict[str, SideKey] = {}
    for key, names in named.items():
        for name in names:
            _merge(groups, groups[first.setdefault(name, key)], groups[key])
    return _apart(groups)


def _united(named: Mapping[SideKey, Sequence[str]]) -> list[list[SideKey]]:
    groups = {key: [key] for key in named}
    holders: dict[str, list[SideKey]] = {}
    for key, names in named.items():
        for name in names:
            holders.setdefault(name, []).append(key)
    for name in sorted(holders, key=lambda name: (strength(name), name)):
        held = _apart({key: groups[key] for key in holders[name]})
        if len(held) <= MOST and all(_fit(*pair, name, named) for pair in combinations(held, 2)):
            for group in held[1:]:
                _merge(groups, groups[held[0][0]], group)
    return _apart(groups)


def _fit(one: Sequence[SideKey], other: Sequence[SideKey], name: str, named: Mapping[SideKey, Sequence[str]]) -> bool:
    """Whether two groups may be one thing because of this name, which both have."""
    if contradict(*(chain.from_iterable(named[key] for key in group) for group in (one, other))):
        return False
    twice = {side for side, _ in one} & {side for side, _ in other} if strength(name)[0] else ()
    return all(name in named[key] for key in (*one, *other) if key[0] in twice)


def _merge(groups: dict[SideKey, list[SideKey]], one: list[SideKey], other: list[SideKey]) -> None:
    if one is other:
        return
    large, small = (one, other) if len(one) >= len(other) else (other, one)
    large += small
    groups |= dict.fromkeys(small, large)


def _apart(groups: Mapping[SideKey, list[SideKey]]) -> list[list[SideKey]]:
    return list({id(group): group for group in groups.values()}.values())


def _by_space(names: Iterable[str]) -> dict[Strength, set[str]]:
    found: dict[Strength, set[str]] = {}
    for name in names:
        found.setdefault(strength(name), set()).add(name)
    return found


def strength(name: str) -> Strength:
    """The space of a name; of two the one that sorts first says more."""
    what, *rest = name.split(":")
    space = rest[0] if rest[0] in SPACES else SPACES[0]
    return what == "episode" and len(rest) > 2, SPACES.index(space), what
