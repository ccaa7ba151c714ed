"""What a YAML text says, as plain values: text (variables and all), ``None``, lists and mappings."""

from __future__ import annotations

from collections.abc import Mapping

from scrobbled.config.marks import UNREADABLE, MarkedText, Path
from scrobbled.config.problems import Problems
from scrobbled.config.spelling import Data
from scrobbled.config.tree import Items, Members, Scalar, Tree, parse
from scrobbled.core.errors import NotWritten


def plain(text: str) -> Data:
    """What the text says, before anything is replaced or checked. Raises ``NotWritten`` where it is no YAML."""
    problems = Problems()
    tree = parse(text, "configuration", problems)
    if tree is None and MarkedText(text).root is not None:
        raise NotWritten(UNREADABLE)
    if tree is not None and problems:
        raise NotWritten(UNREADABLE)
    return None if tree is None else _plain(tree)


def at(data: Data, path: Path) -> Data:
    """What stands at ``path``; ``None`` where nothing does."""
    for part in path:
        if isinstance(data, Mapping):
            data = data.get(part)
        else:
            data = data[part] if isinstance(data, list) and isinstance(part, int) and part < len(data) else None
    return data


def put(data: Data, path: Path, value: Data) -> Data:
    """The same with ``value`` at ``path``."""
    if not path:
        return value
    first, rest = path[0], path[1:]
    if isinstance(data, list) and isinstance(first, int):
        return [put(part, rest, value) if place == first else part for place, part in enumerate(data)]
    members = data if isinstance(data, Mapping) else {}
    return {**members, first: put(members.get(first), rest, value)}


def bare(data: Data) -> Data:
    """For comparing: nothing, an empty list and an empty section are the same."""
    if isinstance(data, Mapping):
        return {key: bare(part) for key, part in data.items()} or None
    if isinstance(data, list | tuple):
        return [bare(part) for part in data] or None
    return data


def _plain(tree: Tree) -> Data:
    if isinstance(tree, Members):
        return {member.key: _plain(member.value) for member in tree.members}
    if isinstance(tree, Items):
        return [_plain(part) for part in tree.items]
    assert isinstance(tree, Scalar)
    return None if tree.empty else tree.text
