"""What stands on a page for a part of the configuration: fields with their words, values and what is wrong with them.

No secret is among it: of one that is set only where it comes from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from scrobbled.config.fields import Brief, Field, ForEach, ListOf, MapOf, Named, Shape, Table
from scrobbled.config.forms import controls, words
from scrobbled.config.forms.controls import FormContext, SecretKeeping
from scrobbled.config.forms.nodes import Control, FormList, FormSection, Node, Option
from scrobbled.config.forms.wishes import (
    Around,
    EachWish,
    Entries,
    FormWish,
    Mapped,
    SectionWish,
    Several,
    Single,
    at,
    by_name,
    has_required,
)
from scrobbled.config.problems import Problem, join
from scrobbled.config.spelling import Data
from scrobbled.config.values import Value

IMPORTANT = frozenset({"accounts", "trackers", "pairs", "urls", "login", "tmdb", "influx", "backup"})
FEW = 4
"""So many fields are shown at once; of more, those that say nothing are folded away."""


def drawn(
    table: Table,
    wish: SectionWish,
    data: Data,
    path: str,
    *,
    around: Around,
    problems: Sequence[Problem] = (),
    keep: SecretKeeping = lambda _: "",
    only: str = "",
) -> tuple[Node, ...]:
    """The fields of the section at ``path``; ``problems`` are of the whole configuration."""
    trackers = wish.members.get("trackers")
    names = tuple(trackers.members) if isinstance(trackers, Mapped) else ()
    drawing = FormContext(around, problems, keep, names, only)
    return _section(drawing, table, wish, data, "", path)


def shown_problems(nodes: Sequence[Node]) -> set[Problem]:
    """Those that stand at a field."""
    found: set[Problem] = set()
    for node in nodes:
        found |= set(node.problems)
        if not isinstance(node, Control):
            found |= shown_problems(node.nodes)
    return found


def _section(draw: FormContext, table: Table, wish: SectionWish, data: Data, name: str, path: str) -> tuple[Node, ...]:
    inside = data if isinstance(data, Mapping) else {}
    nodes = [
        _node(draw, key, one, wish.members[key], inside, at(name, key), at(path, key))
        for key, one in table.fields.items()
        if key in wish.members and (key in inside or (_fits(draw.only, one) and draw.around.offers(at(path, key))))
    ]
    return tuple(nodes) if len(nodes) <= FEW else tuple(_folded(node, place) for place, node in enumerate(nodes))


def _fits(source: str, one: Field) -> bool:
    """Some settings are only for some sources, as their description says."""
    only = re.match(r"Only for ([a-z, -]+?)(?:, with |:)", one.description)
    return not (source and only) or source in re.split(r", | and ", only[1])


def _folded(node: Node, place: int) -> Node:
    return node if node.name in IMPORTANT or place < FEW - 1 or _says_something(node) else replace(node, folded=True)


def _says_something(node: Node) -> bool:
    if isinstance(node, Control):
        given = node.value or node.values or node.origin or node.handle or node.required
        return bool(node.problems or given or any(one.chosen and one.value for one in node.options))
    if isinstance(node, FormSection):
        return bool(node.problems) or any(map(_says_something, node.nodes))
    return bool(node.problems or node.nodes)


def _node(
    draw: FormContext, key: str, one: Field, wish: FormWish, around: Mapping[str, Any], name: str, path: str
) -> Node:
    shape, data, label = one.shape, around.get(key), words.label(key)
    if isinstance(wish, Single):
        assert isinstance(shape, Value)
        return controls.single(draw, key, one, wish, around, name, path)
    if isinstance(wish, Several):
        return controls.several(draw, key, one, wish, around, name, path)
    if isinstance(wish, SectionWish):
        assert isinstance(shape, Table)
        return _group(draw, shape, wish, data, name, path, label, one.description)
    if isinstance(wish, EachWish):
        assert isinstance(shape, ForEach)
        return _each(draw, shape, wish, data, name, path, label, one)
    if isinstance(wish, Mapped):
        return _mapped(draw, shape, wish, data, name, path, label, one)
    assert isinstance(shape, ListOf)
    return _entries(draw, shape, wish, data, name, path, label, one)


def _group(
    draw: FormContext, table: Table, wish: SectionWish, data: Data, name: str, path: str, label: str, told: str
) -> FormSection:
    optional = has_required(table)
    return FormSection(
        name=name,
        path=path,
        label=label,
        help=words.help_of(told),
        nodes=_section(draw, table, wish, data, name, path) if wish.there else (),
        there=wish.there,
        add=f"add {name}" if optional and not wish.there else "",
        remove=f"remove {name}" if optional and wish.there else "",
        was="yes" if optional and wish.there else "no" if optional else "",
        problems=draw.at(path),
    )


def _each(
    draw: FormContext, shape: ForEach, wish: EachWish, data: Data, name: str, path: str, label: str, one: Field
) -> FormSection:
    """A field for each name that this version does something with, or that the file has."""
    said, field = by_name(shape, data), Field(shape.value, "", shape.usual)
    written = data if isinstance(data, Mapping) else {}
    nodes = tuple(
        controls.single(draw, key, field, single, said, at(name, key), at(path, key))
        for key, single in wish.members.items()
        if key in written or draw.around.offers(at(path, key))
    )
    return FormSection(name, path, label, words.help_of(one.description), nodes, problems=draw.at(path))


def _mapped(
    draw: FormContext, shape: Shape, wish: Mapped, data: Data, name: str, path: str, label: str, one: Field
) -> FormList:
    inside = data if isinstance(data, Mapping) else {}
    free = isinstance(shape, MapOf)
    nodes: list[Node] = []
    for place, (key, part) in enumerate(wish.members.items()):
        inner = shape.shapes[key] if isinstance(shape, Named) else shape.item if isinstance(shape, MapOf) else shape
        below = f"{name}[{place}]" if free else at(name, key)
        if isinstance(part, SectionWish) and isinstance(inner, Table):
            group = _group(draw, inner, part, inside.get(key), below, join(path, key), words.service(key), "")
            nodes.append(_removable(group, f"remove {below}", key))
        else:
            field = Field(inner, "", secret=one.secret, required=free)  # it goes with its name
            control = _node(draw, key, field, part, inside, below, join(path, key))
            nodes.append(_named(control, key if free else words.service(key)))
    known = shape.shapes if isinstance(shape, Named) else {}
    rest = tuple(Option(key, words.service(key)) for key in known if _is_new(draw, key, wish, path))
    return FormList(
        name=name,
        path=path,
        label=label,
        help=words.help_of(one.description),
        nodes=tuple(nodes),
        add=f"add {name}",
        noun=shape.noun if isinstance(shape, Named) else "name",
        marker="is",
        keys=tuple(wish.members),
        choices=rest,
        is_free=free,
        problems=draw.at(path),
    )


def _is_new(draw: FormContext, key: str, wish: Mapped, path: str) -> bool:
    return key not in wish.members and draw.around.offers(join(path, key))


def _entries(
    draw: FormContext, shape: ListOf, wish: Entries, data: Data, name: str, path: str, label: str, one: Field
) -> FormList:
    inside: list[Any] = data if isinstance(data, list) else [] if data is None else [data]
    nodes = []
    for number, entry in enumerate(wish.entries):
        there = inside[entry.was] if entry.was is not None else None
        place = f"{path}[{number}]"
        group = _entry(draw, shape, entry.section, there, f"{name}[{number}]", place)
        title = words.entry(name, number, entry.section)
        was = "" if entry.was is None else str(entry.was)
        nodes.append(_removable(_named(group, title), f"remove {name}[{number}]", was))
    return FormList(
        name=name,
        path=path,
        label=label,
        help=words.help_of(one.description),
        nodes=tuple(nodes),
        add=f"add {name}",
        noun=words.singular(name),
        marker="was",
        keys=tuple(group.was for group in nodes),
        problems=draw.at(path),
    )


def _entry(draw: FormContext, shape: ListOf, wish: SectionWish, data: Data, name: str, path: str) -> FormSection:
    if isinstance(shape.item, Brief):
        brief = not isinstance(data, Mapping)
        full = {shape.item.name: data} if brief and data is not None else data
        return _group(draw, shape.item.table, wish, full, name, path, "", "")
    assert isinstance(shape.item, Table)
    return _group(draw, shape.item, wish, data, name, path, "", "")


def _removable(group: FormSection, remove: str, was: str) -> FormSection:
    return replace(group, remove=remove, add="", was=was)


def _named(node: Any, label: str) -> Any:
    return replace(node, label=label)
