"""Where each value of a YAML text stands, so that one of them can be exchanged and every other byte stays.

An alias is a value of its own here: the tree is that of the text, and what is written once stands in it once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode

from scrobbled.config.problems import join
from scrobbled.core.errors import NotWritten

Path = tuple[str | int, ...]
"""The keys, and in lists the places from 0, that lead to a value."""
ALIAS = "!alias"
UNREADABLE = "The file cannot be read as YAML. Put it right in the YAML editor first."


def shown(path: Path) -> str:
    """As problems and ``config show`` write it: ``viewers[0].name``."""
    text = ""
    for part in path:
        text = f"{text}[{part}]" if isinstance(part, int) else join(text, part)
    return text


def path_of(text: str) -> Path:
    """The path that ``shown`` would write so; raises ``ValueError``. Of names with odd characters, those in quotes."""
    found: list[str | int] = []
    at = 0
    while at < len(text):
        match = _PART.match(text, at)
        if match is None or (match["dot"] is None) != (at == 0 or match["place"] is not None):
            raise ValueError(text)
        name = match["name"] if match["name"] is not None else match["quoted"] and json.loads(match["quoted"])
        found.append(int(match["place"]) if match["place"] is not None else name)
        at = match.end()
    if not found or isinstance(found[0], int):
        raise ValueError(text)
    return tuple(found)


_PART = re.compile(r'(?P<dot>\.)?(?:(?P<name>[\w-]+)|(?P<quoted>"(?:[^"\\]|\\.)*")|\[(?P<place>\d{1,6})\])')


class _Loader(yaml.SafeLoader):
    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        if self.check_event(yaml.AliasEvent):
            event: Any = self.get_event()  # type: ignore[no-untyped-call]
            return ScalarNode(ALIAS, event.anchor, event.start_mark, event.end_mark)
        return super().compose_node(parent, index)


@dataclass(frozen=True, slots=True)
class YamlSpot:
    """A value in its text. ``key`` is ``None`` in a list and for the whole; ``flow`` says it stands within brackets."""

    node: Node
    parent: CollectionNode | None
    at: int
    key: ScalarNode | None
    flow: bool


class MarkedText:
    """A text and the places of its values. Raises ``NotWritten`` where it is no YAML."""

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self.root: Node | None = yaml.compose(text, Loader=_Loader)
        except (yaml.YAMLError, RecursionError, ValueError):
            raise NotWritten(UNREADABLE) from None

    def spot(self, path: Path) -> YamlSpot | None:
        """Where the value of ``path`` stands; ``None`` where nothing is written for it."""
        if self.root is None:
            return None
        found: YamlSpot | None = YamlSpot(self.root, None, 0, None, flow=False)
        for part in path:
            found = found and _below(found, part)
        return found

    def start(self, spot: YamlSpot) -> int:
        return int(spot.node.start_mark.index)

    def end(self, node: Node) -> int:
        """After its last character; comments and blank lines that follow are not part of it."""
        if isinstance(node, CollectionNode) and not node.flow_style and node.value:
            last = node.value[-1]
            key, value = last if isinstance(last, tuple) else (last, last)
            return max(self.end(value), int(key.end_mark.index) if key is not value else 0)
        end = int(node.end_mark.index)
        if isinstance(node, ScalarNode) and node.style in ("|", ">"):
            end = len(self.text[:end].rstrip())
        return end

    def scalars(self) -> Iterator[tuple[Path, ScalarNode]]:
        """Every single value with its path, in the order of the text; aliases are among them."""
        yield from _scalars(self.root, ()) if self.root is not None else ()

    def line_start(self, index: int) -> int:
        return self.text.rfind("\n", 0, index) + 1

    def line_end(self, index: int) -> int:
        """After the line break."""
        found = self.text.find("\n", index)
        return len(self.text) if found < 0 else found + 1


def _below(spot: YamlSpot, part: str | int) -> YamlSpot | None:
    node = spot.node
    if isinstance(node, MappingNode):
        for at, (key, value) in enumerate(node.value):
            if isinstance(key, ScalarNode) and key.value == part:
                return YamlSpot(value, node, at, key, flow=spot.flow or bool(node.flow_style))
    elif isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
        return YamlSpot(node.value[part], node, part, None, flow=spot.flow or bool(node.flow_style))
    return None


def _scalars(node: Node, path: Path) -> Iterator[tuple[Path, ScalarNode]]:
    if isinstance(node, ScalarNode):
        yield path, node
    elif isinstance(node, MappingNode):
        for key, value in node.value:
            if isinstance(key, ScalarNode):
                yield from _scalars(value, (*path, key.value))
    elif isinstance(node, SequenceNode):
        for at, part in enumerate(node.value):
            yield from _scalars(part, (*path, at))
