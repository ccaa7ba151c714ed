"""Changing the YAML file as a careful person would: one line more, and everything else as it was.

ruamel.yaml reads and writes the file with its comments. As it also tidies what it did not have to touch (aligned
values, blanks within brackets), only the lines that it wrote otherwise because of the change are taken from it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from scrobbled.config.loading import loads
from scrobbled.config.model import Config
from scrobbled.config.viewing import ViewerConfig
from scrobbled.core.errors import ConfigError, NotWritten

NO_WRAP = 1 << 20


def with_account(text: str, path: Path, environ: Mapping[str, str], viewer: str, source: str, account: str) -> str:
    """``text`` of the file at ``path`` with ``account`` among those by which ``source`` knows ``viewer``.

    The result is valid and says nothing else than before. Raises ``ConfigError`` where ``text`` or ``account`` is not
    valid, and ``NotWritten`` where it cannot be written in without touching more.
    """
    before = loads(text, environ, path=path)
    at = next((at for at, one in enumerate(before.viewers) if one.name == viewer), None)
    if at is None:
        raise ConfigError([f"viewers: nobody is called {viewer}"])
    wanted = _expected(before, at, source, account)
    wrong: ConfigError | None = None
    for candidate in _candidates(text, at, source, account):
        try:
            wrong = None
            if loads(candidate, environ, path=path) == wanted and _comments(text) <= _comments(candidate):
                return candidate
        except ConfigError as error:
            wrong = error
    if wrong is not None:  # also where nothing but the account was added: it is the account that is not valid
        raise wrong
    raise NotWritten(f"{path.name} is written in a way that cannot be added to without changing something else.")


def _expected(config: Config, at: int, source: str, account: str) -> Config:
    def claimed(viewer: ViewerConfig) -> ViewerConfig:
        listed = viewer.accounts.get(source, ())
        return replace(viewer, accounts={**viewer.accounts, source: (*listed, account)})

    return replace(config, viewers=tuple(claimed(v) if n == at else v for n, v in enumerate(config.viewers)))


def _candidates(text: str, at: int, source: str, account: str) -> Iterator[str]:
    """What may be the result, the one that keeps most of the layout first. None of them is checked."""
    plain, mark = text.removeprefix("\ufeff"), "\ufeff" if text.startswith("\ufeff") else ""
    lines = "\r\n" if "\r\n" in plain else "\n"
    plain = plain.replace("\r\n", "\n")
    yaml = _yaml(plain)
    try:
        data = yaml.load(plain)
        before = _dumped(yaml, data)
        _add(data, at, source, account)
        after = _dumped(yaml, data)
    except (YAMLError, NotWritten, TypeError, ValueError, LookupError, AttributeError, RecursionError) as error:
        raise error if isinstance(error, NotWritten) else NotWritten(_STRANGE) from None
    for made in (_patched(plain, before, after), after):
        if made is not None:
            yield mark + made.replace("\n", lines)


def _yaml(text: str) -> YAML:
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = NO_WRAP
    mapping, dash = _indents(text)
    yaml.indent(mapping=mapping, sequence=dash + 2, offset=dash)
    return yaml


def _indents(text: str) -> tuple[int, int]:
    """How far this file moves in a mapping, and the dash of a list, below their key."""
    mapping = dash = None
    for key, below in re.findall(r"^( *)[\w.-]+:[ \t]*(?:#.*)?\n(?:[ \t]*(?:#.*)?\n)*( *-?)", text, re.MULTILINE):
        deeper = len(below.rstrip("-")) - len(key)
        if below.endswith("-"):
            dash = deeper if dash is None else dash
        elif deeper > 0:
            mapping = deeper if mapping is None else mapping
    return mapping or 2, dash or 0


def _dumped(yaml: YAML, data: Any) -> str:
    stream = io.StringIO()
    yaml.dump(data, stream)
    return stream.getvalue()


def _add(data: Any, at: int, source: str, account: str) -> None:
    viewer = data["viewers"][at]
    accounts = viewer.get("accounts")
    if isinstance(accounts, Mapping) and f"{source}_file" in accounts:
        raise NotWritten(f"{source} has its accounts in the file {accounts[f'{source}_file']}; add a line there.")
    entry = DoubleQuotedScalarString(account.replace("${", "$${"))
    if not isinstance(accounts, CommentedMap):
        accounts = _flow(CommentedMap())
        viewer.insert(_after_name(viewer), "accounts", accounts)
    elif _times(data, accounts) > 1:  # an alias, or merged in: others must not get this account with it
        accounts = _flow(CommentedMap(accounts))
        viewer["accounts"] = accounts
    listed = accounts.get(source)
    if isinstance(listed, CommentedSeq) and listed and _times(data, listed) == 1:
        listed.append(entry)
    else:
        old = [] if listed in (None, "") else listed if isinstance(listed, CommentedSeq) else [listed]
        accounts[source] = _flow(CommentedSeq([*old, entry]))


def _after_name(viewer: CommentedMap) -> int:
    keys = list(viewer)
    return keys.index("name") + 1 if "name" in keys else 0


def _flow(node: Any) -> Any:
    node.fa.set_flow_style()
    return node


def _times(tree: Any, wanted: object) -> int:
    """How often a node stands in the tree; aliases and merged keys show the same one again."""
    if tree is wanted:
        return 1
    parts = tree.values() if isinstance(tree, Mapping) else tree if isinstance(tree, list) else ()
    return sum(_times(part, wanted) for part in parts)


def _patched(text: str, before: str, after: str) -> str | None:
    """``text`` with the lines in which ``after`` differs from ``before``; ``None`` where it has no such place."""
    own, old, new = (part.splitlines(keepends=True) for part in (text, before, after))
    places = _places(own, old)
    lines: list[str] = []
    done = 0
    for what, start, end, first, last in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what != "equal":
            place = _place(places, start, end)
            if place is None:
                return None
            lines += [*own[done : place[0]], *(_beside(own[place[0] - 1], line) for line in new[first:last])]
            done = place[1]
    return "".join([*lines, *own[done:]])


def _beside(above: str, line: str) -> str:
    """An entry of a list stands as far in as the one above it: lists of one file need not agree in that."""
    if not (above.lstrip().startswith("- ") and re.fullmatch(r' *- "[^\n]*"\n', line)):
        return line
    return above[: len(above) - len(above.lstrip())] + line.lstrip()


def _place(places: Mapping[int, int], start: int, end: int) -> tuple[int, int] | None:
    """Where the lines from ``start`` to ``end`` stand, in one piece; what is only added comes after the line before."""
    if start == end:
        above = places.get(start - 1)
        return None if above is None else (above + 1, above + 1)
    here = [places[at] for at in range(start, end) if at in places]
    whole = len(here) == end - start and here[-1] - here[0] == end - start - 1
    return (here[0], here[-1] + 1) if whole else None


def _places(own: Sequence[str], old: Sequence[str]) -> dict[int, int]:
    """Where the lines that ruamel.yaml wrote stand in the file itself, by what is in them and not by their blanks."""
    if len(own) == len(old):
        return {at: at for at in range(len(old))}
    written, there = (["".join(line.split()) for line in lines] for lines in (old, own))
    blocks = SequenceMatcher(None, written, there, autojunk=False).get_matching_blocks()
    return {block.a + n: block.b + n for block in blocks for n in range(block.size)}


def _comments(text: str) -> set[str]:
    return {comment.strip() for comment in re.findall(r"(?:^|\s)(#.*)$", text, re.MULTILINE)}


_STRANGE = "The file is written in a way that cannot be added to safely."
