"""A YAML tree and the tables to plain values: every value checked by itself, every problem collected."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from scrobbled.config.fields import Brief, Field, ForEach, ListOf, MapOf, Named, Shape, Table, readable
from scrobbled.config.model import ValueOrigin
from scrobbled.config.outside import Environment, Expanded, OutsideError
from scrobbled.config.problems import Problems, clipped, join
from scrobbled.config.tree import Items, Members, Scalar, Tree, TreeMember
from scrobbled.config.values import Value
from scrobbled.core.words.meant import meant
from scrobbled.plumbing.redact import MASK


class Nothing(Enum):
    """Why there is no value."""

    EMPTY = "nothing was given"
    WRONG = "what was given is wrong, and a problem says so"


@dataclass(frozen=True, slots=True)
class _Given:
    """One key of a section; ``from_file`` where it was written with ``_file``."""

    name: str
    member: TreeMember
    from_file: bool


class ConfigReader:
    """Reads values; afterwards ``lines`` and ``origins`` tell by YAML path where things stand and came from."""

    def __init__(self, outside: Environment, problems: Problems) -> None:
        self._outside = outside
        self._problems = problems
        self.lines: dict[str, int] = {}
        self.origins: dict[str, ValueOrigin] = {}
        self.set_aside: tuple[str, ...] = ()
        """What its caller left out, as something else goes before it."""
        self._blank: dict[str, str] = {}

    def section(self, tree: Tree, table: Table, path: str = "") -> dict[str, Any] | Nothing:
        """What was given for the keys of ``table``, without defaults; lists are tuples, sections dicts."""
        if isinstance(tree, Scalar) and tree.empty:
            return Nothing.EMPTY
        if not isinstance(tree, Members):
            return self._wrong(path, tree.line, "must be a section: keys with values, indented below it")
        values: dict[str, Any] = {}
        wrong: set[str] = set()
        for given in self._given(tree, path, table.fields, ""):
            value = self._member(given, table.fields[given.name], path)
            if isinstance(value, Nothing):
                wrong |= {given.name} if value is Nothing.WRONG else set()
            else:
                values[given.name] = value
        self._require(table, {*values, *wrong}, path, tree.line)
        return values

    def _require(self, table: Table, found: set[str], path: str, line: int) -> None:
        for name, field in table.fields.items():
            place = join(path, name)
            if field.required and name not in found and not self._problems.at(place):
                how = "is empty" if place in self.lines else "is missing"
                if place in self._blank:
                    how += f" ({self._blank[place]})"
                self._problems.add(place, self.lines.get(place, line), f"{how}. {field.description}")

    def _given(self, tree: Members, path: str, known: Mapping[str, object] | None, noun: str) -> Iterator[_Given]:
        """The members by name; ``known`` is ``None`` where any name will do."""
        written = {member.key for member in tree.members}
        for member in tree.members:
            base = member.key.removesuffix("_file")
            if member.key in known if known is not None else base == member.key:
                yield _Given(member.key, member, from_file=False)
            elif base != member.key and base and (known is None or base in known):
                if base in written:
                    both = f'"{base}" is given as well; keep one of the two'
                    self._problems.add(join(path, member.key), member.line, both)
                yield _Given(base, member, from_file=True)
            else:
                self._unknown(member, path, known or {}, noun)

    def _unknown(self, member: TreeMember, path: str, known: Mapping[str, object], noun: str) -> None:
        names = [f"{name}_file" for name in known] if member.key.endswith("_file") else list(known)
        text = f"unknown {noun or 'key'}; {meant(member.key, names)}"
        if ":" in member.key:
            text = "unknown key; write a blank after the colon"
        self._problems.add(join(path, member.key), member.line, text)

    def _member(self, given: _Given, field: Field, path: str) -> Any:
        place = join(path, given.name)
        self.lines[place] = given.member.line
        if given.from_file:
            return self._from_file(given.member, field, place, join(path, given.member.key))
        return self._read(given.member.value, field.shape, field, place)

    def _read(self, tree: Tree, shape: Shape, field: Field, path: str) -> Any:
        self.lines[path] = tree.line if isinstance(tree, Scalar) else self.lines.get(path, tree.line)
        if isinstance(shape, Table):
            return self.section(tree, shape, path)
        if isinstance(shape, Brief):
            return self._brief(tree, shape, path)
        if isinstance(shape, ListOf):
            return self._list(tree, shape, field, path)
        if isinstance(shape, (Named, MapOf)):
            return self._mapping(tree, shape, field, path)
        if isinstance(shape, ForEach):
            return self._for_each(tree, shape, field, path)
        return self._value(tree, shape, field, path)

    def _mapping(self, tree: Tree, shape: Named | MapOf, field: Field, path: str) -> Any:
        if isinstance(tree, Scalar) and tree.empty:
            return Nothing.EMPTY
        if not isinstance(tree, Members):
            return self._wrong(path, tree.line, "must be a section: names with values, indented below it")
        known = shape.shapes if isinstance(shape, Named) else None
        values = {}
        for given in self._given(tree, path, known, shape.noun if isinstance(shape, Named) else ""):
            inner = shape.shapes[given.name] if isinstance(shape, Named) else shape.item
            value = self._member(given, Field(inner, field.description, secret=field.secret), path)
            if value is Nothing.EMPTY and isinstance(inner, Table):
                self._require(inner, set(), join(path, given.name), given.member.line)
            if not isinstance(value, Nothing):
                values[given.name] = value
            elif isinstance(inner, Table):  # it is there all the same, for what refers to it
                values[given.name] = {}
        return values

    def _for_each(self, tree: Tree, shape: ForEach, field: Field, path: str) -> Any:
        if not isinstance(tree, Scalar):
            return self._mapping(tree, Named(dict.fromkeys(shape.names, shape.value), shape.noun), field, path)
        return _of_all(shape, self._value(tree, shape.value, field, path))

    def _brief(self, tree: Tree, shape: Brief, path: str) -> Any:
        """Its problems and its origin have the path under which it was written."""
        if not isinstance(tree, Scalar):
            return self.section(tree, shape.table, path)
        value = self._read(tree, shape.field.shape, shape.field, path)
        return value if isinstance(value, Nothing) else {shape.name: value}

    def _list(self, tree: Tree, shape: ListOf, field: Field, path: str) -> Any:
        if isinstance(tree, Scalar) and tree.empty:
            return Nothing.EMPTY
        if isinstance(shape.item, Table) and not isinstance(tree, Items):
            return self._wrong(path, tree.line, 'must be a list: begin each entry with "- "')
        if isinstance(tree, Members):
            brief = isinstance(shape.item, Brief)
            what = 'begin each entry with "- "' if brief else "of single values"
            return self._wrong(path, tree.line, f"must be a list{':' if brief else ''} {what}")
        values: list[Any] = []
        for item in tree.items if isinstance(tree, Items) else (tree,):
            value = self._item(item, shape, field, f"{path}[{len(values)}]")
            if value is not Nothing.EMPTY:
                values.append(value)
        return self._without_wrong(values, shape)

    def _without_wrong(self, values: list[Any], shape: ListOf) -> Any:
        """Sections keep their places, since paths count them; a list with a wrong value is wrong."""
        if isinstance(shape.item, Table | Brief):
            return tuple({} if isinstance(value, Nothing) else value for value in values)
        return Nothing.WRONG if Nothing.WRONG in values else tuple(values)

    def _item(self, tree: Tree, shape: ListOf, field: Field, path: str) -> Any:
        value = self._read(tree, shape.item, field, path)
        if value is Nothing.EMPTY and not (isinstance(tree, Scalar) and "${" in tree.text):
            return self._wrong(path, tree.line, "is empty; remove it or fill it in")
        return value

    def _value(self, tree: Tree, value: Value, field: Field, path: str) -> Any:
        if not isinstance(tree, Scalar):
            return self._wrong(path, tree.line, "must be a single value")
        if tree.empty:
            return Nothing.EMPTY
        try:
            expanded = Expanded(tree.text, tree.place) if tree.place else self._outside.expand(tree.text)
        except OutsideError as error:
            return self._wrong(path, tree.line, str(error))
        return self._parsed(expanded, value, field, path, tree.line)

    def _parsed(self, expanded: Expanded, value: Value, field: Field, path: str, line: int) -> Any:
        if not expanded.text.strip():
            if expanded.place:
                self._blank[path] = expanded.place
            return Nothing.EMPTY
        if field.secret and MASK in expanded.text:
            text = "the value is the mark that is shown instead of a secret; type the secret itself"
            return self._wrong(path, line, text)
        try:
            parsed = value.parse(expanded.text)
        except ValueError as error:
            return self._wrong(path, line, f"{_subject(expanded, field)} {error}")
        self.origins[path] = ValueOrigin(line, expanded.place)
        return parsed

    def _from_file(self, member: TreeMember, field: Field, path: str, written: str) -> Any:
        """The value of ``path`` from the file that the key ``written`` names; for a list, one value per line."""
        shape, line = readable(field.shape), member.line
        if shape is None:
            return self._wrong(written, line, "only single values and lists of them can be read from a file")
        if not isinstance(member.value, Scalar):
            return self._wrong(written, line, "must be the path of a file")
        try:
            content = self._outside.read(self._outside.expand(member.value.text).text)
        except OutsideError as error:
            return self._wrong(written, line, str(error))
        if shape is field.shape:
            return self._parsed(content, shape, field, path, line)
        if isinstance(field.shape, ForEach):
            return _of_all(field.shape, self._parsed(content, shape, field, path, line))
        parts = [Expanded(text, content.place) for text in content.text.splitlines() if text.strip()]
        item = field.shape.item if isinstance(field.shape, ListOf) else None
        inner = item.field if isinstance(item, Brief) else field
        values = [self._parsed(part, shape, inner, f"{path}[{at}]", line) for at, part in enumerate(parts)]
        if isinstance(item, Brief):
            values = [value if isinstance(value, Nothing) else {item.name: value} for value in values]
        return Nothing.WRONG if Nothing.WRONG in values else tuple(values)

    def _wrong(self, path: str, line: int, text: str) -> Nothing:
        self._problems.add(path, line, text)
        return Nothing.WRONG


def _of_all(shape: ForEach, value: Any) -> Any:
    return value if isinstance(value, Nothing) else dict.fromkeys(shape.names, value)


def _subject(expanded: Expanded, field: Field) -> str:
    """What a message calls the value: as written only where it cannot be a secret."""
    if field.secret or any(sign in expanded.text for sign in "@?#"):  # addresses are pasted with their tokens
        return "the value"
    if expanded.place:
        return f"the value from {expanded.place}"
    return json.dumps(clipped(expanded.text), ensure_ascii=False)


def build(shape: Shape, value: Any) -> Any:
    """The finished value; call it only when there was no problem."""
    if isinstance(shape, Table):
        return shape.build(**{name: build(shape.fields[name].shape, part) for name, part in value.items()})
    if isinstance(shape, Brief):
        return build(shape.table, value)
    if isinstance(shape, ListOf):
        return tuple(build(shape.item, part) for part in value)
    if isinstance(shape, Named):
        return {name: build(shape.shapes[name], part) for name, part in value.items()}
    return value
