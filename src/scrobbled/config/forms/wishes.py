"""What somebody wants a part of the configuration to be, in the shape of its table.

Names of fields are YAML paths below the part (``pairs[0].plays``). What is no value has a name with a tilde:
``x~there`` says that the form had it at all, ``x~is`` and ``x~was`` which members and entries it had, ``x~clear`` that
a value that is not shown is to go, ``x~new`` which member to add.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scrobbled.config.fields import Brief, Field, ForEach, ListOf, MapOf, Named, Shape, Table
from scrobbled.config.spelling import Data
from scrobbled.config.values import Choice, TextValue, Value
from scrobbled.plumbing.redact import Redactor


@dataclass(frozen=True, slots=True)
class Single:
    """``None`` is nothing; ``kept`` is whatever stands there, which the form did not show."""

    text: str | None = None
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Several:
    texts: tuple[str, ...] = ()
    kept: bool = False


@dataclass(frozen=True, slots=True)
class SectionWish:
    """``there`` is false for one that may be left out, and is."""

    members: Mapping[str, FormWish] = field(default_factory=dict)
    there: bool = True


@dataclass(frozen=True, slots=True)
class Mapped:
    """Members by name; what is not here is not wanted."""

    members: Mapping[str, FormWish] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EachWish:
    """By name; the file may say it with one word for all."""

    members: Mapping[str, Single]

    @property
    def kept(self) -> bool:
        return all(one.kept for one in self.members.values())


@dataclass(frozen=True, slots=True)
class EntryWish:
    """``was`` is its place in the file, ``None`` for a new one."""

    was: int | None
    section: SectionWish


@dataclass(frozen=True, slots=True)
class Entries:
    entries: tuple[EntryWish, ...] = ()


FormWish = Single | Several | SectionWish | Mapped | EachWish | Entries


@dataclass(frozen=True, slots=True)
class Around:
    """What other parts of the configuration say: the sources and viewers there are.

    ``offers`` tells whether this version does anything with a part, such as ``viewers[0].trackers.plex``.
    """

    sources: tuple[str, ...] = ()
    viewers: tuple[str, ...] = ()
    offers: Callable[[str], bool] = lambda path: True


@dataclass(frozen=True, slots=True)
class Posted:
    """The fields of a form. ``do`` is the button: ``add pairs``, ``remove pairs[1]``, or anything else."""

    fields: Mapping[str, Sequence[str]]
    do: str = ""

    def get(self, name: str) -> str | None:
        found = self.fields.get(name)
        return found[-1] if found else None

    def all(self, name: str) -> Sequence[str]:
        return self.fields.get(name, ())

    def has(self, name: str) -> bool:
        return f"{name}~there" in self.fields


NOTHING = Posted({})
_HABITS = Redactor()
"""Knows where secrets stand in a text, such as before the @ of an address."""
MOST_NEW = 50
"""Entries that a form may add to a list before it is saved; people add one at a time."""


def written(table: Table, data: Data, around: Around) -> SectionWish:
    """As it stands in the file."""
    return _section(table, data, "", NOTHING, around)


def posted(table: Table, data: Data, fields: Posted, around: Around) -> SectionWish:
    """As somebody sent it; what the form did not have is as in the file, which says ``data`` there."""
    return _section(table, data, "", fields, around)


def has_required(table: Table) -> bool:
    """Such a section is there or not; others always are, if only with defaults."""
    return any(one.required for one in table.fields.values())


def is_chosen(shape: Shape, name: str) -> bool:
    """Whether the values of a list are ticked off, and not written one per line."""
    return isinstance(shape, ListOf) and (isinstance(shape.item, Choice) or name in ("between", "viewers"))


def listed(data: Data) -> list[str]:
    """The values of a list, or the single one that stands for it."""
    if isinstance(data, list):
        return [one for one in data if isinstance(one, str)]
    return [data] if isinstance(data, str) and data else []


def at(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _section(table: Table, data: Data, name: str, form: Posted, around: Around) -> SectionWish:
    there = data if isinstance(data, Mapping) else {}
    members = {
        key: _wish(key, one, there.get(key), f"{key}_file" in there, at(name, key), form, around)
        for key, one in table.fields.items()
    }
    return SectionWish(members)


def _wish(key: str, one: Field, data: Data, in_file: bool, name: str, form: Posted, around: Around) -> FormWish:
    shape = one.shape
    if isinstance(shape, Table):
        return _optional(shape, data, name, form, around)
    if isinstance(shape, Brief):
        return _section(shape.table, data if isinstance(data, Mapping) else {shape.name: data}, name, form, around)
    if isinstance(shape, Named):
        return _named(shape, data, name, form, around)
    if isinstance(shape, MapOf):
        return _map(data, name, form)
    if isinstance(shape, ForEach):
        return _each(shape, data, in_file, name, form)
    if not isinstance(shape, ListOf):
        return _single(shape, one.secret, data, in_file, name, form)
    if isinstance(shape.item, Value):
        return _several(is_chosen(shape, key), data, in_file, name, form)
    return _entries(shape.item, data, name, form, around)


def _single(value: Value, secret: bool, data: Data, in_file: bool, name: str, form: Posted) -> Single:
    text = data if isinstance(data, str) else None
    tells = text is not None and _HABITS.text(text) != text
    hidden = in_file or (data is not None and (secret or text is None or tells))
    typed = form.get(name)
    if form.get(f"{name}~clear"):
        return Single(typed or None)
    if typed is None or (hidden and not typed):
        return Single(None, kept=True) if hidden else Single(text)
    exact = isinstance(value, TextValue) and value.exact
    typed = typed if exact else typed.strip()
    if text is not None and not secret and typed == " ".join(text.split()):
        return Single(text)
    return Single(typed or None)


def _several(chosen: bool, data: Data, in_file: bool, name: str, form: Posted) -> Several:
    now = tuple(listed(data))
    if chosen and form.has(name):
        ticked = list(form.all(name))
        new = tuple(dict.fromkeys([*(one for one in now if one in ticked), *ticked]))
    elif not chosen and (typed := form.get(name)) is not None:
        new = tuple(line.strip() for line in typed.splitlines() if line.strip())
    else:
        return Several(now, kept=in_file)
    if in_file and not new and not form.get(f"{name}~clear"):
        return Several(kept=True)
    return Several(new)


def _optional(table: Table, data: Data, name: str, form: Posted, around: Around) -> SectionWish:
    section = _section(table, data, name, form, around)
    if not has_required(table):
        return section
    there = data is not None if f"{name}~is" not in form.fields else form.get(f"{name}~is") == "yes"
    if form.do in (f"add {name}", f"remove {name}"):
        there = form.do.startswith("add ")
    return SectionWish(section.members, there)


def _named(shape: Named, data: Data, name: str, form: Posted, around: Around) -> Mapped:
    inside = data if isinstance(data, Mapping) else {}
    wanted = form.all(f"{name}~is") if form.has(name) else [key.removesuffix("_file") for key in inside]
    single = not any(isinstance(one, Table) for one in shape.shapes.values())
    names = [one for one in [*wanted, *(around.sources if single else ())] if one in shape.shapes]
    if form.do == f"add {name}" and (new := form.get(f"{name}~new")) in shape.shapes and new is not None:
        names.append(new)
    members: dict[str, FormWish] = {}
    for key in dict.fromkeys(names):
        inner, there, below = shape.shapes[key], inside.get(key), at(name, key)
        if isinstance(inner, Table):
            members[key] = _section(inner, there, below, form, around)
        else:
            members[key] = _wish(key, Field(inner, ""), there, f"{key}_file" in inside, below, form, around)
    return Mapped({key: one for key, one in members.items() if form.do != f"remove {at(name, key)}"})


def _each(shape: ForEach, data: Data, in_file: bool, name: str, form: Posted) -> EachWish:
    said = by_name(shape, data)
    return EachWish(
        {
            key: _single(shape.value, False, said.get(key), in_file or f"{key}_file" in said, at(name, key), form)
            for key in shape.names
        }
    )


def by_name(shape: ForEach, data: Data) -> Mapping[str, Data]:
    """What the file says, as if it said it of each."""
    return data if isinstance(data, Mapping) else dict.fromkeys(shape.names, data)


def _map(data: Data, name: str, form: Posted) -> Mapped:
    """Names that people chose may hold anything, so the fields have numbers; all values are secrets."""
    inside = data if isinstance(data, Mapping) else {}
    names = list(form.all(f"{name}~is")[: len(inside) + MOST_NEW]) if form.has(name) else list(inside)
    if form.do == f"add {name}" and (new := (form.get(f"{name}~new") or "").strip()):
        names.append(new)
    members: dict[str, FormWish] = {}
    for place, key in enumerate(names):
        if form.do != f"remove {name}[{place}]":
            typed = form.get(f"{name}[{place}]")
            members[key] = Single(typed) if typed else Single(None, kept=key in inside)
    return Mapped(members)


def _entries(item: Table | Brief, data: Data, name: str, form: Posted, around: Around) -> Entries:
    inside: list[Any] = data if isinstance(data, list) else [] if data is None else [data]
    places: list[int | None] = list(range(len(inside)))
    if form.has(name):
        places = [_place(text) for text in form.all(f"{name}~was")[: len(inside) + MOST_NEW]]
    if form.do == f"add {name}":
        places.append(None)
    shape: Shape = item
    entries = []
    for number, was in enumerate(places):
        there = inside[was] if was is not None and was < len(inside) else None
        one = _wish("", Field(shape, ""), there, False, f"{name}[{number}]", form, around)
        if isinstance(one, SectionWish) and form.do != f"remove {name}[{number}]":
            entries.append(EntryWish(was if there is not None else None, SectionWish(one.members)))
    return Entries(tuple(entries))


def _place(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None
