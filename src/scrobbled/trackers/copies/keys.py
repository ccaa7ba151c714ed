"""Which copies in a library are one thing, and by which key it is called. Pure.

A key outlives a new ``ratingKey``, a file that was added again and an agent that was changed: it is made of ids, and a
thing that is known already keeps the key it has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from scrobbled.core.kinds import Scope
from scrobbled.core.naming.ids import Ids
from scrobbled.core.naming.items import Episode, Item
from scrobbled.core.naming.things import SideKey, names_of, strength, united
from scrobbled.core.records import Subject
from scrobbled.trackers.copies.entries import LibraryEntry

NOWHERE = "local"
ROW, KNOWN = "row", "known"
Group = Sequence[SideKey]
"""Rows by their places, and what is known by its key."""


def keyed(entries: Mapping[str, LibraryEntry], known: Mapping[str, Subject]) -> dict[str, str]:
    """A key for each of ``entries``, both by place; the same for what is one thing. ``known`` is by earlier keys.

    The order does not matter. With what came of it as ``known`` it comes to the same again.
    """
    return _Keys(entries, known).all()


def weak_names(scope: Scope, item: Item) -> Iterator[str]:
    """By which a thing is known again, here alone: Plex's own guid, ids of AniDB, numbers that nobody shares."""
    ids: Ids = item.show_ids if isinstance(item, Episode) and scope != "episode" else item.ids
    part = f"/{item.season}" if isinstance(item, Episode) and scope == "season" else ""
    if ids.plex:
        yield f"{scope}:plex:{ids.plex.rpartition('/')[2]}{part}"
    if ids.anidb is not None:
        yield f"{scope}:anidb:{ids.anidb}{part}"
    if isinstance(item, Episode) and scope == "episode" and item.number is not None:
        place = f"{item.season}/{item.number}{'/absolute' if item.absolute else ''}"
        yield from (f"{scope}:{space}-show:{value}/{place}" for space, value in item.show_ids.known().items())


def _of_row(entry: LibraryEntry) -> list[str]:
    """Last its place, for what no service knows: with its title, as a server that begins anew gives away its keys."""
    title = entry.item.title or "" if entry.scope in ("movie", "episode") else entry.item.label()
    return [*weak_names(entry.scope, entry.item), f"{entry.scope}:{NOWHERE}:{entry.place}:{title.casefold()}"]


def _of_known(subject: Subject) -> list[str]:
    return [*weak_names(subject.scope, subject.item), subject.key]


class _Keys:
    """Most things are described alike wherever they are, so that a look at what is said twice finds the others.

    Names of all of them at once would take much memory: they are told again by whoever needs them.
    """

    def __init__(self, entries: Mapping[str, LibraryEntry], known: Mapping[str, Subject]) -> None:
        self._entries, self._known = entries, known
        self._holders: dict[int, list[SideKey]] = {}
        """Of the same names, by what these come to."""
        self._nameless: list[SideKey] = []
        self._once, self._twice = set[int](), set[int]()
        """Names that one description has, and those that several have."""
        for side, held in ((ROW, entries), (KNOWN, known)):
            for key in held:
                self._hold((side, key))

    def _hold(self, thing: SideKey) -> None:
        names = self._names_of(thing)
        if not names:
            self._nameless.append(thing)
            return
        same = self._holders.setdefault(hash(names), [])
        same.append(thing)
        if len(same) == 1:
            for name in map(hash, names):
                (self._twice if name in self._once else self._once).add(name)

    def _names_of(self, thing: SideKey) -> tuple[str, ...]:
        side, key = thing
        one = self._entries[key] if side == ROW else self._known[key]
        return names_of(one.scope, one.item)

    def all(self) -> dict[str, str]:
        clear, unclear = self._groups()
        shared = Counter(name for group in unclear for name in self._names(group))
        keys: dict[str, str] = {}
        new: list[Group] = []
        for group in (*clear, *unclear):
            if places := _places(group):
                if key := _earlier(group):
                    keys |= dict.fromkeys(places, key)
                else:
                    new.append(group)
        used = set(keys.values())
        for group in sorted(new, key=lambda group: (self._names(group)[0], _places(group))):
            key = self._new(group, used, shared)
            used.add(key)
            keys |= dict.fromkeys(_places(group), key)
        return keys | self._of_nameless(keys)

    def _groups(self) -> tuple[list[Group], list[Group]]:
        """Of all that has names: those whose names nothing else has, and the others."""
        clear: list[Group] = []
        mixed: dict[SideKey, Sequence[str]] = {}
        for same in self._holders.values():
            names = self._names_of(same[0])
            if self._twice.isdisjoint(map(hash, names)):
                clear.append(same)
            else:
                mixed |= dict.fromkeys(same, names)
        return clear, [*united(mixed)]

    def _names(self, group: Group) -> Sequence[str]:
        """Of its rows, the strongest first."""
        told = {self._names_of((ROW, place)) for place in _places(group)}
        return next(iter(told)) if len(told) == 1 else sorted({name for names in told for name in names}, key=_rank)

    def _new(self, group: Group, used: set[str], shared: Counter[str]) -> str:
        """What is not known by its names was called so at its place, or by a weak name; else it is new."""
        places = _places(group)
        weak = [name for place in places for name in _of_row(self._entries[place])]
        here = [self._at[place] for place in places if place in self._at and self._share(place, self._at[place])]
        before = [*here, *(self._unnamed[name] for name in weak if name in self._unnamed)]
        fresh = [name for name in self._names(group) if shared[name] < 2 and name not in self._known]
        return next(iter((*(key for key in before if key not in used), *fresh)), _of_row(self._entries[places[0]])[-1])

    @cached_property
    def _at(self) -> dict[str, str]:
        return {place: key for key in sorted(self._known, reverse=True) for place in self._known[key].places}

    @cached_property
    def _unnamed(self) -> dict[str, str]:
        keys = sorted((key for side, key in self._nameless if side == KNOWN), reverse=True)
        return {name: key for key in keys for name in _of_known(self._known[key]) if not _is_number(name)}

    def _share(self, place: str, key: str) -> bool:
        other = self._known[key]
        theirs = {*names_of(other.scope, other.item), *_of_known(other)}
        return not theirs.isdisjoint((*self._names_of((ROW, place)), *_of_row(self._entries[place])))

    def _of_nameless(self, keys: Mapping[str, str]) -> dict[str, str]:
        """What has weak names only is what has one of them, too; else it is called by its own best."""
        rest = {place: _telling(_of_row(self._entries[place])) for side, place in self._nameless if side == ROW}
        if not rest:
            return {}
        found: dict[str, str] = {}
        wanted = {name for weak in rest.values() for name in weak}
        for key, weak in (*self._held(keys), *self._before(), *((weak[0], weak) for weak in rest.values())):
            for name in wanted.intersection(weak):
                found[name] = min(found.get(name, key), key, key=_rank)
        while True:  # until those that hang together have one key: each round at least one gets a better one
            best = {place: min((found[name] for name in weak), key=_rank) for place, weak in rest.items()}
            better = {
                name: best[at] for at, weak in rest.items() for name in weak if _rank(best[at]) < _rank(found[name])
            }
            if not better:
                return best
            found |= better

    def _held(self, keys: Mapping[str, str]) -> Iterator[tuple[str, list[str]]]:
        for place, key in keys.items():
            yield key, [name for name in _of_row(self._entries[place]) if not _is_number(name)]

    def _before(self) -> Iterator[tuple[str, list[str]]]:
        unnamed = {key for side, key in self._nameless if side == KNOWN}
        for key, subject in self._known.items():
            weak = _of_known(subject)
            yield key, _telling(weak) if key in unnamed else [name for name in weak if not _is_number(name)]


def _telling(weak: list[str]) -> list[str]:
    """Those by which a thing without better names is known again: a number only where it has no id at all."""
    ids = [name for name in weak if not _is_number(name)]
    return ids if len(ids) > 1 else weak


def _is_number(name: str) -> bool:
    """Whether it says no more than where in a show something is."""
    return name.split(":", 2)[1].endswith("-show")


def _places(group: Iterable[SideKey]) -> list[str]:
    return sorted(key for side, key in group if side == ROW)


def _earlier(group: Iterable[SideKey]) -> str | None:
    """The strongest key that is known of it, if any is."""
    keys = [key for side, key in group if side == KNOWN]
    return min(keys, key=_rank) if len(keys) > 1 else next(iter(keys), None)


def _rank(name: str) -> tuple[object, ...]:
    space = name.split(":", 2)[1]
    return space in ("plex", "anidb", NOWHERE) or _is_number(name), strength(name), name
