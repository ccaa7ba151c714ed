"""Changing single values of the YAML file: what is not meant keeps every byte, comments and line ends included.

Each change is made in the text itself, by the marks of the parser, and the result is read again: it says exactly what
was said before and the change, or ``NotWritten`` is raised and nothing was done.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode

from scrobbled.config import spelling
from scrobbled.config.marks import ALIAS, MarkedText, Path, YamlSpot, shown
from scrobbled.config.plain import at, bare, plain, put
from scrobbled.config.spelling import Data
from scrobbled.core.errors import NotWritten


@dataclass(frozen=True, slots=True)
class Put:
    """``path`` is to hold ``data``; what leads there is made where it is missing."""

    path: Path
    data: Data


@dataclass(frozen=True, slots=True)
class Append:
    """One more at the end of the list at ``path``."""

    path: Path
    data: Data


@dataclass(frozen=True, slots=True)
class Drop:
    """The key or the entry of a list goes, with what is below it."""

    path: Path


ConfigEdit = Put | Append | Drop
MERGED = "<<"


def changed(text: str, edits: Sequence[ConfigEdit]) -> str:
    """``text`` after all of them. Raises ``NotWritten``, saying where, if one cannot be made without touching more.

    Entries are dropped last and from the end, so that paths mean the text as it is given.
    """
    drops = [edit for edit in edits if isinstance(edit, Drop)]
    others = [edit for edit in edits if not isinstance(edit, Drop)]
    return reduce(_one, [*others, *sorted(drops, key=lambda drop: drop.path, reverse=True)], text)


def unshared(text: str) -> str:
    """The same with the value itself in place of each alias, so that one of them can be changed by itself."""
    mark, text, data = "\ufeff" if text.startswith("\ufeff") else "", text.removeprefix("\ufeff"), plain(text)
    for path, node in reversed([found for found in MarkedText(text).scalars() if found[1].tag == ALIAS]):
        if MERGED not in path:
            text = text[: node.start_mark.index] + _flow(at(data, path)) + text[node.end_mark.index :]
    return mark + text


def _one(text: str, edit: ConfigEdit) -> str:
    before = plain(text)
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    with contextlib.suppress(NotWritten, LookupError, TypeError):
        made = mark + _made(text[len(mark) :], edit)
        if bare(plain(made)) == bare(_expected(before, edit)):
            return made
    raise NotWritten(f"{shown(edit.path)} is written in a way that cannot be changed here. Use the YAML editor.")


def _made(text: str, edit: ConfigEdit) -> str:
    change = _Change(text)
    if isinstance(edit, Put):
        return change.put(edit.path, edit.data)
    if isinstance(edit, Append):
        return change.append(edit.path, edit.data)
    return change.drop(edit.path)


class _Change:
    """One change of one text."""

    def __init__(self, text: str) -> None:
        self._marked = MarkedText(text)
        self._text = text
        self._break = "\r\n" if "\r\n" in text else "\n"
        self._step, self._dash = spelling.indents(text.replace("\r\n", "\n"))

    def put(self, path: Path, data: Data) -> str:
        spot = self._marked.spot(path)
        if spot is None:
            return self._added(path, data)
        _no_alias(spot.node)
        if _is_nothing(spot.node) and isinstance(data, Mapping) and data:
            return self._first_members(spot, data)
        return self._replaced(spot, data)

    def append(self, path: Path, data: Data) -> str:
        spot = self._marked.spot(path)
        if spot is None or _is_nothing(spot.node) or _is_empty(spot.node):
            return self.put(path, [data])
        node = spot.node
        _no_alias(node)
        if isinstance(node, ScalarNode):  # a single value that stands for a list of one
            return self._spliced(
                self._marked.start(spot), self._marked.end(node), f"[{self._raw(node)}, {_flow(data)}]"
            )
        assert isinstance(node, CollectionNode)
        if node.flow_style:
            return self._within(node, _flow(data))
        return self._lines_after(node, spelling.item(data, self._step, self._dash), node.start_mark.column)

    def drop(self, path: Path) -> str:
        spot = self._marked.spot(path)
        if spot is None and isinstance(path[-1], int):  # the one value that stands for a list
            return self.drop(path[:-1])
        if spot is None or spot.parent is None:
            raise LookupError(path)
        start, end = self._extent(spot)
        if spot.parent.flow_style:
            return self._out_of_brackets(spot, start, end)
        first = self._marked.line_start(start)
        if not self._text[first:start].strip():
            return self._spliced(first, self._marked.line_end(end), "")
        following = spot.parent.value[spot.at + 1 :]
        if spot.key is None or not following:
            return self._spliced(start, end, "{}" if spot.key is not None else "")
        return self._spliced(start, following[0][0].start_mark.index, "")

    def _extent(self, spot: YamlSpot) -> tuple[int, int]:
        """With its key, or with the dash of its line."""
        end = self._marked.end(spot.node)
        if spot.key is not None:
            return spot.key.start_mark.index, max(end, spot.key.end_mark.index)
        assert spot.parent is not None
        start = self._marked.start(spot)
        return (start, end) if spot.parent.flow_style else (self._dash_of(spot.parent, start), end)

    def _dash_of(self, sequence: CollectionNode, start: int) -> int:
        """The dash before ``start``; all dashes of a list stand in its first column."""
        line = self._marked.line_start(start)
        while True:
            dash = line + sequence.start_mark.column
            if dash < start + 1 and self._text[dash : dash + 1] == "-" and not self._text[line:dash].strip(" -"):
                return int(dash)
            if line == 0:
                raise LookupError(start)
            line = self._marked.line_start(line - 1)

    def _out_of_brackets(self, spot: YamlSpot, start: int, end: int) -> str:
        assert spot.parent is not None
        parts = spot.parent.value
        if spot.at + 1 < len(parts):
            return self._spliced(start, _first(parts[spot.at + 1]).start_mark.index, "")
        if spot.at:
            before = parts[spot.at - 1]
            last = before[1] if isinstance(before, tuple) else before
            start = self._marked.end(last)
        return self._spliced(start, end, "")

    def _added(self, path: Path, data: Data) -> str:
        """A key that is not there yet, below the nearest thing that is."""
        key, above = path[-1], path[:-1]
        if isinstance(key, int):
            raise LookupError(path)
        spot = self._marked.spot(above)
        if spot is None and above:
            return self._added(above, {key: data})
        if spot is None or _is_nothing(spot.node):
            return self._first_members(spot, {key: data})
        node = spot.node
        if not isinstance(node, MappingNode):
            raise LookupError(path)
        if node.flow_style:
            return self._within(node, f"{spelling.scalar(key)}: {_flow(data)}")
        return self._lines_after(node, spelling.member(key, data, self._step, self._dash), node.start_mark.column)

    def _first_members(self, spot: YamlSpot | None, data: Mapping[str, Data]) -> str:
        """In a section that is empty, or in a text that says nothing."""
        lines = [line for key, part in data.items() for line in spelling.member(key, part, self._step, self._dash)]
        if spot is None or spot.parent is None:
            return self._lines_at(len(self._text), lines, 0)
        if spot.flow or spot.key is None:
            return self._replaced(spot, data)
        column = spot.key.start_mark.column + self._step
        start, end = self._marked.start(spot), self._marked.end(spot.node)
        rest = _Change(self._spliced(start, end, ""))
        return rest._lines_at(self._marked.line_end(start) - (end - start), lines, column)

    def _replaced(self, spot: YamlSpot, data: Data) -> str:
        node, start, end = spot.node, self._marked.start(spot), self._marked.end(spot.node)
        if isinstance(node, ScalarNode) and (data is None or isinstance(data, str)):
            like = node.style if node.style in ("'", '"') else None
            return self._spliced(start, end, (" " if start == end else "") + spelling.scalar(data, like=like))
        if spot.key is not None and isinstance(node, CollectionNode) and not node.flow_style:
            start = self._text.index(":", spot.key.end_mark.index) + 1
            return self._spliced(start, end, " " + _flow(data))
        return self._spliced(start, end, (" " if start == end else "") + _flow(data))

    def _within(self, node: CollectionNode, more: str) -> str:
        """At the end of what stands in brackets."""
        if not node.value:
            return self._spliced(node.start_mark.index + 1, node.start_mark.index + 1, more)
        last = node.value[-1]
        at = self._marked.end(last[1] if isinstance(last, tuple) else last)
        return self._spliced(at, at, f", {more}")

    def _lines_after(self, node: Node, lines: Sequence[str], column: int) -> str:
        return self._lines_at(self._marked.line_end(self._marked.end(node)), lines, column)

    def _lines_at(self, at: int, lines: Sequence[str], column: int) -> str:
        before = self._break if at and self._text[at - 1] != "\n" else ""
        return self._spliced(at, at, before + "".join(f"{' ' * column}{line}{self._break}" for line in lines))

    def _raw(self, node: ScalarNode) -> str:
        """As it is written, where that may stand in brackets too."""
        if node.style in ("'", '"'):
            return self._text[node.start_mark.index : node.end_mark.index]
        return spelling.scalar(node.value)

    def _spliced(self, start: int, end: int, text: str) -> str:
        return self._text[:start] + text + self._text[end:]


_flow = spelling.flow


def _first(part: Any) -> Node:
    found: Node = part[0] if isinstance(part, tuple) else part
    return found


def _no_alias(node: Node) -> None:
    if node.tag == ALIAS:
        raise LookupError(ALIAS)


def _is_nothing(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def _is_empty(node: Node) -> bool:
    return isinstance(node, SequenceNode) and not node.value


def _expected(data: Data, edit: ConfigEdit) -> Data:
    """The same in values: what must come out."""
    if isinstance(edit, Append):
        there = at(data, edit.path)
        listed = [] if there is None else there if isinstance(there, list) else [there]
        return put(data, edit.path, [*listed, edit.data])
    if isinstance(edit, Put):
        return put(data, edit.path, edit.data)
    above, last = at(data, edit.path[:-1]), edit.path[-1]
    if isinstance(above, Mapping):
        return put(data, edit.path[:-1], {key: part for key, part in above.items() if key != last})
    if not isinstance(above, list):  # the one value that stands for a list
        return _expected(data, Drop(edit.path[:-1]))
    rest = [part for at, part in enumerate(above) if at != last]
    return put(data, edit.path[:-1], rest)
