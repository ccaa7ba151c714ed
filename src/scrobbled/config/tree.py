"""YAML text to a tree in which each value knows its line; nothing in the text is ever made into an object."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from scrobbled.config.problems import Problems, join

MOST_VALUES = 20_000
DEEPEST = 24
_TAG = "tag:yaml.org,2002:"
_PLAIN_TAGS = frozenset(_TAG + name for name in ("str", "int", "float", "bool", "null", "timestamp", "value", "merge"))
_HALF = re.compile("[\ud800-\udfff]")
"""What escapes such as ``\\ud83d`` leave; nothing could ever write it again."""
_HALVED = "half a character (\\ud800 to \\udfff); write the character itself"
_ODD_TAG = "tags (!…) are not used here; put quotes around a value that begins with an exclamation mark"


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value as written. YAML's own ideas of types are ignored: ``off`` stays ``off``, and 007 keeps its zeros."""

    line: int
    text: str
    empty: bool = False
    """Nothing was written, or ``null``."""
    place: str = ""
    """Where it comes from, if it does not stand in the file; then no variable in it is replaced."""


@dataclass(frozen=True, slots=True)
class Items:
    line: int
    items: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class TreeMember:
    key: str
    line: int
    value: Tree


@dataclass(frozen=True, slots=True)
class Members:
    line: int
    members: tuple[TreeMember, ...]


Tree = Scalar | Items | Members


class _TooMuch(Exception):
    """Aliases multiply, or go in circles."""


def parse(text: str, name: str, problems: Problems) -> Tree | None:
    """The tree of ``text``, ``None`` where there is none; what is wrong is added to ``problems``.

    ``name`` is the file's, for what is wrong with the file as a whole.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problems.add(name, mark.line + 1 if mark else 0, _explained(error))
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position if isinstance(error.position, int) else 0) + 1
        problems.add(name, line, "not readable as YAML: a character that text files do not have")
    except (RecursionError, yaml.YAMLError, ValueError):
        problems.add(name, 0, "not readable as YAML: nested too deeply, or broken")
    else:
        if node is None:
            problems.add(name, 0, "the file is empty; run scrobbled serve and open its page, or scrobbled setup")
            return None
        try:
            return _Converter(problems).tree(node, "", 0)
        except _TooMuch:
            problems.add(name, 0, "too many values or levels; if aliases (*…) multiply them, write the values out")
    return None


def _explained(error: yaml.MarkedYAMLError) -> str:
    """The parser's words, without what it quotes from the file: that may be a secret."""
    said = " ".join(part for part in (error.context, error.problem) if part)
    if "'\\t'" in said:
        return "not readable as YAML: a tab; indent with spaces"
    if "undefined alias" in said:
        return "not readable as YAML: * begins an alias; put quotes around a value that begins with * or &"
    if "tag" in said:
        return f"not readable as YAML: {_ODD_TAG}"
    if "single document" in said:
        return "not readable as YAML: a second document begins here (---); keep one"
    hint = '; put quotes around "${NAME}" within braces' if "but got '{'" in said else ""
    return "not readable as YAML: " + re.sub(r"'[^']*'|\"[^\"]*\"", _short_quote, said) + hint


def _short_quote(match: re.Match[str]) -> str:
    """Punctuation and ``<token names>`` are the parser's own; anything longer stood in the file."""
    return match[0] if len(match[0]) <= 4 or match[0][1] == "<" else "…"


class _Converter:
    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._values = 0

    def tree(self, node: Node, path: str, depth: int) -> Tree:
        self._values += 1
        if self._values > MOST_VALUES or depth > DEEPEST:
            raise _TooMuch
        line = node.start_mark.line + 1
        if isinstance(node, MappingNode) and node.tag == _TAG + "map":
            return Members(line, tuple(self._members(node, path, depth)))
        if isinstance(node, SequenceNode) and node.tag == _TAG + "seq":
            parts = enumerate(node.value)
            return Items(line, tuple(self.tree(part, f"{path}[{at}]", depth + 1) for at, part in parts))
        halved = isinstance(node, ScalarNode) and _HALF.search(node.value)
        if isinstance(node, ScalarNode) and node.tag in _PLAIN_TAGS and not halved:
            return Scalar(line, node.value, empty=node.tag == _TAG + "null")
        self._problems.add(path, line, _HALVED if halved else _ODD_TAG)
        return Scalar(line, "", empty=True)

    def _members(self, node: MappingNode, path: str, depth: int) -> Iterator[TreeMember]:
        """The mapping's own members, then what ``<<`` merges in and is not set here."""
        seen: dict[str, int] = {}
        merged: list[Node] = []
        for key, value in node.value:
            if isinstance(key, ScalarNode) and key.tag == _TAG + "merge":
                merged += value.value if isinstance(value, SequenceNode) else [value]
            elif member := self._member(key, value, path, depth, seen):
                yield member
        for base in merged:
            for member in self._merged(base, path, depth):
                if member.key not in seen:
                    seen[member.key] = member.line
                    yield member

    def _member(self, key: Node, value: Node, path: str, depth: int, seen: dict[str, int]) -> TreeMember | None:
        line = key.start_mark.line + 1
        if not isinstance(key, ScalarNode) or _HALF.search(key.value):
            self._problems.add(path, line, "a key must be a plain name")
            return None
        if key.value in seen:
            self._problems.add(join(path, key.value), line, f"given twice; the first is in line {seen[key.value]}")
            return None
        seen[key.value] = line
        return TreeMember(key.value, line, self.tree(value, join(path, key.value), depth + 1))

    def _merged(self, base: Node, path: str, depth: int) -> tuple[TreeMember, ...]:
        tree = self.tree(base, path, depth + 1)
        if isinstance(tree, Members):
            return tree.members
        self._problems.add(join(path, "<<"), tree.line, "merges only mappings")
        return ()
