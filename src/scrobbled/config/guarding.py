"""What may be written into the file from afar: nothing that tells, or sends elsewhere, what the asker does not know.

Whoever has the page's password may change the configuration, and is still not told its secrets, the environment or
other files. So a secret that was not typed stays with the address that it belongs to, and a reference to the
environment or a file stays where the file itself put it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from scrobbled.config.addresses import HttpUrl
from scrobbled.config.changing import Append, ConfigEdit, Put
from scrobbled.config.fields import Field, ListOf, MapOf
from scrobbled.config.marks import MarkedText, Path, shown
from scrobbled.config.outside import names_in
from scrobbled.config.plain import plain
from scrobbled.config.problems import Problem
from scrobbled.config.spelling import Data
from scrobbled.config.values import WebhookToken
from scrobbled.config.veil import TOKEN, field_at, is_secret, kind_of
from scrobbled.core.errors import NotWritten
from scrobbled.core.places import place_of

TYPE_AGAIN = (
    "The address beside it was changed, so type this again as well: a secret is not sent to another address unseen."
)
NOT_FROM_HERE = (
    "What the environment or a file says can be put here only in the configuration file itself: from here it could be "
    "shown, or sent elsewhere. Type the value, or change the file by hand."
)
NOT_MOVED = "This stood for something else in the file. Type the value itself."
KnowsSecret = Callable[[Path, str], bool]
"""Whether whoever asks typed this value at this place, and so knows it."""


@dataclass(frozen=True, slots=True)
class Revision:
    """What the file is to say, and what of it was typed. Without ``known`` nobody asks from afar."""

    text: str
    known: KnowsSecret | None = None


@dataclass(frozen=True, slots=True)
class _Leaf:
    path: Path
    value: str
    around: Data
    """The section that it is in."""

    @property
    def is_file(self) -> bool:
        return self._named_file and field_at(self.path) is None

    @property
    def field(self) -> Field | None:
        last = str(self.path[-1])
        return field_at((*self.path[:-1], last.removesuffix("_file")) if self._named_file else self.path)

    @property
    def is_secret(self) -> bool:
        """The secrets of webhooks are not: people are shown them."""
        field = self.field
        if field is None or not field.secret:
            return False
        return not isinstance(field.shape.item if isinstance(field.shape, ListOf) else field.shape, WebhookToken)

    @property
    def _named_file(self) -> bool:
        return str(self.path[-1]).endswith("_file")

    def addresses(self) -> dict[str, str]:
        """Where what is in this section is sent, by the keys that say so."""
        inside = self.around if isinstance(self.around, Mapping) else {}
        found = {key: self._address(key, value) for key, value in inside.items()}
        return {key: one for key, one in found.items() if one is not None}

    def _address(self, key: str, value: Data) -> str | None:
        field = field_at((*self.path[:-1], key.removesuffix("_file")))
        if field is None or not isinstance(field.shape, HttpUrl) or not isinstance(value, str):
            return None
        return value if key.endswith("_file") else place_of(value)

    def written(self) -> list[str]:
        """The value, and with a secret the addresses beside it, as they are written."""
        inside = self.around if self.is_secret and isinstance(self.around, Mapping) else {}
        return [self.value, *(str(inside[key]) for key in self.addresses() if key in inside)]

    def kind(self) -> str:
        """The kind of its place; neither numbers nor names that people choose matter."""
        above = field_at(self.path[:-1]) if len(self.path) > 1 else None
        return kind_of((*self.path[:-1], 0) if above and isinstance(above.shape, MapOf) else self.path)


def typed_in(yaml: str) -> KnowsSecret:
    """Of a text with tokens: whatever is no token was typed."""
    try:
        hidden = {leaf.path for leaf in _leaves(plain(yaml)) if TOKEN.search(leaf.value)}
    except NotWritten:
        hidden = set()
    return lambda path, value: path not in hidden


def typed(values: Collection[str]) -> KnowsSecret:
    """Of secrets these alone; the rest may be seen."""
    return lambda path, value: value in values or not is_secret(path)


def typed_by(edits: Sequence[ConfigEdit]) -> KnowsSecret:
    """What stands in these changes was typed."""
    made = [_leaves(edit.data) for edit in edits if isinstance(edit, Put | Append)]
    return typed({leaf.value for leaves in made for leaf in leaves})


def objections(before: str, after: Revision) -> tuple[Problem, ...]:
    """Why ``after`` may not take the place of ``before``. A text that is no YAML has other problems."""
    if after.known is None or after.text == before:
        return ()
    try:
        new, marked = plain(after.text), MarkedText(after.text)
    except NotWritten:
        return ()
    old = _Before(before)
    told = ((leaf, old.objection(leaf, after.known(leaf.path, leaf.value))) for leaf in _leaves(new))
    return tuple(Problem(_line(marked, leaf.path), shown(leaf.path), text) for leaf, text in told if text)


def touches_the_door(before: str, after: str) -> bool:
    """Whether ``after`` has another secret, or says something else of where we listen and whom we let in."""
    try:
        new = [
            leaf for leaf in _leaves(plain(after)) if leaf.path[0] == "server" or is_secret(leaf.path) or leaf.is_file
        ]
    except NotWritten:
        return False  # nothing of that kind is ever saved
    try:
        old = {(leaf.kind(), leaf.value) for leaf in _leaves(plain(before))}
    except NotWritten:
        return any(leaf.value not in before for leaf in new)
    return any((leaf.kind(), leaf.value) not in old for leaf in new)


class _Before:
    """The file as it is. Where it cannot be read as YAML, what stands in it somewhere counts as standing there."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._of_kind: dict[str, list[_Leaf]] | None = {}
        try:
            for leaf in _leaves(plain(text)):
                self._of_kind.setdefault(leaf.kind(), []).append(leaf)
        except NotWritten:
            self._of_kind = None

    def objection(self, leaf: _Leaf, is_known: bool) -> str:
        """Empty for none."""
        names = names_in(leaf.value)
        if not names and not leaf.is_file and is_known:
            return ""
        if self._of_kind is None:
            return "" if all(one in self._text for one in leaf.written()) else NOT_MOVED
        alike = self._of_kind.get(leaf.kind(), [])
        same = [one for one in alike if one.value == leaf.value]
        if leaf.is_secret and same:
            return "" if any(one.addresses() == leaf.addresses() for one in same) else TYPE_AGAIN
        if names and not leaf.is_secret and not leaf.is_file:
            return "" if names <= {name for one in alike for name in names_in(one.value)} else NOT_FROM_HERE
        return "" if same else NOT_FROM_HERE if names or leaf.is_file else NOT_MOVED


def _leaves(data: Data, path: Path = (), around: Data = None) -> Iterator[_Leaf]:
    if isinstance(data, Mapping):
        for key, part in data.items():
            yield from _leaves(part, (*path, key), data)
    elif isinstance(data, list | tuple):
        for place, part in enumerate(data):
            yield from _leaves(part, (*path, place), around)
    elif isinstance(data, str):
        yield _Leaf(path, data, around)


def _line(marked: MarkedText, path: Path) -> int:
    """Where it stands; what came by an alias stands elsewhere."""
    spot = marked.spot(path)
    return int(spot.node.start_mark.line) + 1 if spot else 0
