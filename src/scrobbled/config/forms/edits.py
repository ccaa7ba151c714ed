"""What has to change in the file so that it says what is wished. What is as wished keeps every byte."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from scrobbled.config.changing import Append, ConfigEdit, Drop, Put
from scrobbled.config.fields import Brief, ForEach, ListOf, MapOf, Named, Shape, Table
from scrobbled.config.forms.wishes import EachWish, Entries, FormWish, Mapped, SectionWish, Several, Single, listed
from scrobbled.config.marks import Path
from scrobbled.config.spelling import Data
from scrobbled.config.values import Value


def edits(table: Table, wish: SectionWish, data: Data, path: Path, *, is_member: bool = False) -> list[ConfigEdit]:
    """For the section at ``path``, of which the file says ``data`` now; nothing where it is all the same.

    ``is_member``: that it is there at all means something, so that it stays when nothing is left in it.
    """
    if data is None:
        made = _data(table, wish, None)
        if isinstance(path[-1], int):
            return [Append(path[:-1], made or {})]
        return [Put(path, made or {})] if made or is_member else []
    if not is_member and not _data(table, wish, data):
        return [Drop(path)]
    return list(_section(table, wish, data, path))


def _section(table: Table, wish: SectionWish, data: Data, path: Path) -> Iterator[ConfigEdit]:
    for key, one in table.fields.items():
        if key in wish.members:
            yield from _member(one.shape, wish.members[key], data, key, path)


def _member(shape: Shape, wish: FormWish, around: Data, key: str, path: Path) -> Iterator[ConfigEdit]:
    """``around`` is what the file says of the section at ``path``, in which ``key`` is."""
    inside = around if isinstance(around, Mapping) else {}
    there, place = [name for name in (key, f"{key}_file") if name in inside], (*path, key)
    old = inside.get(key)
    if getattr(wish, "kept", False):
        return
    new = _data(shape, wish, old)
    if new is None:
        yield from (Drop((*path, name)) for name in there)
    elif there != [key] or old is None:
        yield from (Drop((*path, name)) for name in there if name != key)
        yield Put(place, new)
    elif isinstance(wish, Several):
        yield from _several(list(wish.texts), old, place)
    elif isinstance(wish, Entries) and isinstance(shape, ListOf):
        yield from _entries(shape, wish, old, place)
    elif isinstance(wish, Mapped):
        yield from _mapped(shape, wish, old, place)
    elif isinstance(wish, EachWish) and isinstance(shape, ForEach) and isinstance(old, Mapping):
        for name, one in wish.members.items():
            yield from _member(shape.value, one, old, name, place)
    elif isinstance(wish, SectionWish) and isinstance(shape, Table):
        yield from _section(shape, wish, old, place)
    elif old != new:
        yield Put(place, new)


def _several(new: list[str], old: Data, path: Path) -> list[ConfigEdit]:
    """One more or one less, as long as the order stays; else all of them."""
    now, left = listed(old), Counter(new)
    gone: list[ConfigEdit] = []
    kept = []
    for at, text in enumerate(now):
        if left[text]:
            left[text] -= 1
            kept.append(text)
        else:
            gone.append(Drop((*path, at)))
    if not kept or kept != new[: len(kept)]:
        return [Put(path, new)]
    return [*(Append(path, text) for text in new[len(kept) :]), *gone]


def _mapped(shape: Shape, wish: Mapped, old: Data, path: Path) -> Iterator[ConfigEdit]:
    inside = old if isinstance(old, Mapping) else {}
    yield from (Drop((*path, name)) for name in inside if name.removesuffix("_file") not in wish.members)
    for name, one in wish.members.items():
        inner = _inner(shape, name)
        if isinstance(inner, Table) and isinstance(one, SectionWish):
            yield from _named(inner, one, inside, name, path)
        else:
            yield from _member(inner, one, inside, name, path)


def _named(table: Table, wish: SectionWish, inside: Mapping[str, Data], name: str, path: Path) -> Iterator[ConfigEdit]:
    """Being named means something, so that it stays when nothing is left in it."""
    if name in inside and inside[name] is None:
        made = _data(table, wish, None)
        yield from [Put((*path, name), made)] if made else []
    else:
        yield from edits(table, wish, inside.get(name), (*path, name), is_member=True)


def _entries(shape: ListOf, wish: Entries, old: Data, path: Path) -> Iterator[ConfigEdit]:
    inside = old if isinstance(old, list) else [old]
    stay = {entry.was for entry in wish.entries}
    for entry in wish.entries:
        place = None if entry.was is None else (*path, entry.was)
        if place is None or entry.was is None:
            yield Append(path, _data(shape.item, entry.section, None) or {})
        elif isinstance(shape.item, Brief) and not isinstance(inside[entry.was], Mapping):
            new = _data(shape.item, entry.section, inside[entry.was])
            if new != inside[entry.was]:
                yield Put(place, new)
        else:
            table = shape.item.table if isinstance(shape.item, Brief) else shape.item
            assert isinstance(table, Table)
            yield from _section(table, entry.section, inside[entry.was], place)
    yield from (Drop((*path, at)) for at in range(len(inside)) if at not in stay)


def _inner(shape: Shape, name: str) -> Shape:
    if isinstance(shape, Named):
        return shape.shapes[name]
    assert isinstance(shape, MapOf)
    return shape.item


def _data(shape: Shape, wish: FormWish, old: Data) -> Data:
    """The whole as data; ``None`` for nothing. What is kept is taken from ``old``."""
    if isinstance(wish, Single):
        return old if wish.kept else wish.text
    if isinstance(wish, Several):
        return old if wish.kept else list(wish.texts) or None
    if isinstance(wish, EachWish):
        return _each_data(wish, old)
    if isinstance(wish, Entries):
        assert isinstance(shape, ListOf)
        inside = old if isinstance(old, list) else [old]
        return [
            _data(shape.item, entry.section, None if entry.was is None else inside[entry.was]) or {}
            for entry in wish.entries
        ] or None
    if isinstance(wish, Mapped):
        return _mapped_data(shape, wish, old if isinstance(old, Mapping) else {})
    return _section_data(shape, wish, old)


def _each_data(wish: EachWish, old: Data) -> Data:
    """One word, where it is the same for all and the file has no mapping."""
    made = _mapped_data(MapOf(Value()), Mapped(wish.members), old if isinstance(old, Mapping) else {})
    words = {one.text for one in wish.members.values()}
    if isinstance(old, Mapping) or None in words or len(words) != 1:
        return made
    return words.pop()


def _mapped_data(shape: Shape, wish: Mapped, old: Mapping[str, Any]) -> Data:
    made: dict[str, Data] = {}
    for name, one in wish.members.items():
        inner = _inner(shape, name)
        if f"{name}_file" in old and getattr(one, "kept", False):
            made[f"{name}_file"] = old[f"{name}_file"]
        elif (new := _data(inner, one, old.get(name))) is not None or isinstance(inner, Table):
            made[name] = new or {}
    return made or None


def _section_data(shape: Shape, wish: SectionWish, old: Data) -> Data:
    if not wish.there:
        return None
    if isinstance(shape, Brief):
        made = _section_data(shape.table, wish, old if isinstance(old, Mapping) else {shape.name: old})
        return made[shape.name] if made and list(made) == [shape.name] and not isinstance(old, Mapping) else made
    assert isinstance(shape, Table)
    inside = old if isinstance(old, Mapping) else {}
    made = {}
    for key, one in shape.fields.items():
        if key not in wish.members:
            continue
        file = f"{key}_file"
        if file in inside and getattr(wish.members[key], "kept", False):
            made[file] = inside[file]
        elif (new := _data(one.shape, wish.members[key], inside.get(key))) is not None:
            made[key] = new
    return made or None
