"""The text of the file without its secrets, and back: what is not touched comes back byte for byte.

Each secret becomes a token such as ``••••3``. A token may be moved with its line, but only to the same kind of place:
it would tell the secret anywhere else.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from yaml.nodes import ScalarNode

from scrobbled.config.fields import Brief, Field, ListOf, MapOf, Named, Shape, Table, table_of
from scrobbled.config.marks import ALIAS, MarkedText, Path, shown
from scrobbled.config.model import Config
from scrobbled.config.problems import Problem
from scrobbled.core.errors import NotWritten
from scrobbled.plumbing.redact import MASK, Redactor

COMMENT = "#"
TOKEN = re.compile(rf"{MASK}([0-9]{{1,6}})")
_REFERENCE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")
_WORDS = r"(?:[a-z_]*(?:password|token|secret|api_?key)|key)"
_SAID = re.compile(rf"\b{_WORDS}[\"']?\s*:\s*(\"[^\"\n]*\"|'[^'\n]*'|[^\s,}}\]#]+)", re.IGNORECASE)
_ADDRESS = re.compile(r"\b(?!https?:|wss?:|mqtts?:)[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s\"',}\]]+")


@dataclass(frozen=True, slots=True)
class SecretSpan:
    """A secret in the text. ``kind`` is the kind of its place; empty where that is not known."""

    start: int
    end: int
    kind: str
    path: Path | None = None
    """Where the span is all of a value."""


class Veil:
    """Over one text. ``redactor`` knows the secrets in force, wherever else they stand."""

    def __init__(self, text: str, redactor: Redactor) -> None:
        self._text = text
        self._places = _Places(text)
        found = [span for span in _found(text, self._places, redactor) if span.end > span.start]
        self.spans = _merged(sorted(found, key=_order))

    def text(self) -> str:
        """With numbered tokens."""
        return "".join(self._pieces(lambda number, _: f"{MASK}{number}"))

    def lines(self) -> list[str]:
        """To look at: with as many lines as the text has, and plain marks."""
        return "".join(self._pieces(lambda _, raw: MASK + "\n" * _breaks(raw))).splitlines()

    def lifted(self, changed: str) -> tuple[str, tuple[Problem, ...]]:
        """``changed`` with the secrets in place of their tokens, or why not."""
        there = _Places(changed)
        problems = [problem for found in TOKEN.finditer(changed) for problem in self._problems(found, changed, there)]
        if problems:
            return changed, tuple(dict.fromkeys(problems))
        parts, done = [], 0
        for found in TOKEN.finditer(changed):
            span = self.spans[int(found[1]) - 1]
            start, end = there.whole(found) if span.path is not None else found.span()
            parts += [changed[done:start], self._text[span.start : span.end]]
            done = end
        return "".join([*parts, changed[done:]]), ()

    def _problems(self, found: re.Match[str], changed: str, there: _Places) -> Iterator[Problem]:
        line = changed.count("\n", 0, found.start()) + 1
        number = int(found[1])
        kind = there.kind(found.start())
        where = shown(path) if (path := there.path(found.start())) else "configuration"
        if not 0 < number <= len(self.spans):
            yield Problem(line, where, f"{found[0]} stands for nothing here; type the value itself")
            return
        span = self.spans[number - 1]
        fits = kind == span.kind if span.kind else kind == COMMENT or there.is_secret(found.start())
        if there.is_readable and not fits:
            yield Problem(line, where, f"{found[0]} stands for a secret of another place; type the value itself")

    def _pieces(self, shown_as: object) -> Iterator[str]:
        done = 0
        for number, span in enumerate(self.spans, 1):
            yield self._text[done : span.start]
            yield shown_as(number, self._text[span.start : span.end])  # type: ignore[operator]
            done = span.end
        yield self._text[done:]


class _Places:
    """Which value, or that it is a comment, each character of a text belongs to."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.scalars: list[tuple[int, int, Path, ScalarNode]] = []
        self.is_readable = True
        try:
            marked = MarkedText(text)
        except NotWritten:
            self.is_readable = False
        else:
            self.scalars = [
                (node.start_mark.index, marked.end(node), path, node)
                for path, node in marked.scalars()
                if marked.end(node) > node.start_mark.index
            ]
        self._starts = [start for start, *_ in self.scalars]

    def path(self, index: int) -> Path | None:
        at = bisect_right(self._starts, index) - 1
        return self.scalars[at][2] if at >= 0 and index < self.scalars[at][1] else None

    def kind(self, index: int) -> str:
        path = self.path(index)
        return COMMENT if path is None else kind_of(path)

    def is_secret(self, index: int) -> bool:
        path = self.path(index)
        return path is not None and is_secret(path)

    def whole(self, found: re.Match[str]) -> tuple[int, int]:
        """All of the value that is nothing but the token, quotes and all."""
        at = bisect_right(self._starts, found.start()) - 1
        if at >= 0 and found.start() < self.scalars[at][1] and self.scalars[at][3].value == found[0]:
            return self.scalars[at][0], self.scalars[at][1]
        return found.span()


def _breaks(text: str) -> int:
    """As ``splitlines`` finds them."""
    return len(f"{text}.".splitlines()) - 1


def kind_of(path: Path) -> str:
    """Places in lists do not matter."""
    return ".".join("[]" if isinstance(part, int) else part for part in path)


def is_secret(path: Path) -> bool:
    """Whether the tables say so; of what they do not know, whether its name does."""
    known = field_at(path)
    if known is not None:
        return known.secret
    name = next((part for part in reversed(path) if isinstance(part, str)), "")
    return not name.endswith("_file") and re.fullmatch(_WORDS, name, re.IGNORECASE) is not None


def field_at(path: Path) -> Field | None:
    """What may stand there, a secret also where it is one for what it is in; ``None`` where nothing may."""
    one = Field(table_of(Config), "")
    for part in path:
        inner = _inner(one.shape, part)
        if inner is None:
            return None
        one = Field(inner.shape, "", secret=inner.secret or one.secret)
    if isinstance(one.shape, ListOf):  # a single value stands for a list of one
        one = Field(one.shape.item, "", secret=one.secret)
    return Field(one.shape, "", secret=one.secret or (isinstance(one.shape, Brief) and one.shape.field.secret))


def _inner(shape: Shape, part: str | int) -> Field | None:
    shape = shape.item if isinstance(shape, ListOf) and isinstance(part, str) else shape
    table = shape.table if isinstance(shape, Brief) else shape
    if isinstance(table, Table) and isinstance(part, str):
        return table.fields.get(part)
    if isinstance(shape, Named):
        found = shape.shapes.get(str(part))
        return None if found is None else Field(found, "")
    if isinstance(shape, MapOf):
        return Field(shape.item, "")
    return Field(shape.item, "") if isinstance(shape, ListOf) else None


def _found(text: str, places: _Places, redactor: Redactor) -> Iterator[SecretSpan]:
    """Values that are secret by their place, and between them whatever else tells one."""
    done = 0
    for span in [*_merged(sorted(_placed(text, places), key=_order)), SecretSpan(len(text), len(text), "")]:
        yield from _in_lines(text[done : span.start], done, places, redactor)
        yield span
        done = span.end


def _placed(text: str, places: _Places) -> Iterator[SecretSpan]:
    aliased = {node.value for _, _, path, node in places.scalars if node.tag == ALIAS and is_secret(path)}
    for start, end, path, node in places.scalars:
        named = re.match(r"&(\S+)", text[start:end])
        tells = node.tag != ALIAS and node.value and not _REFERENCE.fullmatch(node.value)
        if tells and (is_secret(path) or (named and named[1] in aliased)):
            yield SecretSpan(start, end, kind_of(path), path)
    for found in TOKEN.finditer(text):
        yield SecretSpan(found.start(), found.end(), places.kind(found.start()))


def _in_lines(text: str, at: int, places: _Places, redactor: Redactor) -> Iterator[SecretSpan]:
    """``text`` is the part of the whole that begins ``at`` there."""
    known: dict[str, tuple[list[tuple[int, int]], list[tuple[int, int]]]] = {}  # the same lines again cost nothing
    for line in text.splitlines(keepends=True):
        if line not in known:
            known[line] = (_said(line), _redacted(line, redactor))
        said, redacted = known[line]
        for start, end in [*said, *redacted]:
            path = places.path(at + start)
            if path is None:
                yield SecretSpan(at + start, at + end, COMMENT if places.is_readable else "")
            elif (start, end) in redacted:
                yield SecretSpan(at + start, at + end, kind_of(path))
        at += len(line)


def _said(line: str) -> list[tuple[int, int]]:
    """What looks like a setting in a comment, or in a file that cannot be read."""
    values = [found.span(1) for found in _SAID.finditer(line) if not _REFERENCE.fullmatch(found[1].strip("\"'"))]
    return [*values, *(found.span() for found in _ADDRESS.finditer(line))]


def _redacted(line: str, redactor: Redactor) -> list[tuple[int, int]]:
    cleaned = redactor.text(line)
    if cleaned == line:
        return []
    start = next((at for at, pair in enumerate(zip(line, cleaned, strict=False)) if pair[0] != pair[1]), 0)
    most = min(len(line), len(cleaned)) - start
    same = next((n for n in range(most) if line[-1 - n] != cleaned[-1 - n]), most)
    return [(start, len(line) - same)] if len(line) - same > start else []


def _order(span: SecretSpan) -> tuple[int, int]:
    return span.start, -span.end


def _merged(spans: Sequence[SecretSpan]) -> list[SecretSpan]:
    """What overlaps is one, of the kind of the first."""
    merged: list[SecretSpan] = []
    for span in spans:
        if merged and span.start < merged[-1].end:
            last = merged[-1]
            if span.end > last.end:
                merged[-1] = SecretSpan(last.start, span.end, last.kind)
        else:
            merged.append(span)
    return merged
