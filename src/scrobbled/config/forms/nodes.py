"""What a form is made of: fields, sections, and lists of both."""

from __future__ import annotations

from dataclasses import dataclass

from scrobbled.config.problems import Problem


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Control:
    """One field. ``kind`` is how it is filled in: text, secret, options, number, lines, ticks …

    ``origin`` says of a value that is not shown where it comes from; ``handle`` finds one that was just typed.
    """

    kind: str
    name: str
    path: str
    label: str
    help: str
    value: str = ""
    values: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    placeholder: str = ""
    origin: str = ""
    handle: str = ""
    required: bool = False
    folded: bool = False
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class FormSection:
    """A section. One that is not ``there`` can be ``add``ed, and some can be ``remove``d, by a button of that value."""

    name: str
    path: str
    label: str
    help: str
    nodes: tuple[Node, ...]
    there: bool = True
    add: str = ""
    remove: str = ""
    was: str = ""
    """In a list: its place in the file, empty for a new one; in a mapping its name."""
    folded: bool = False
    problems: tuple[Problem, ...] = ()
    kind: str = "group"


@dataclass(frozen=True, slots=True)
class FormList:
    """Sections or fields of which there may be more: ``add`` is the button's value, ``choices`` what to add."""

    name: str
    path: str
    label: str
    help: str
    nodes: tuple[Node, ...]
    add: str
    noun: str
    marker: str
    """What the hidden fields are called that say which ones there are: ``is`` or ``was``."""
    keys: tuple[str, ...]
    choices: tuple[Option, ...] = ()
    is_free: bool = False
    """The name of a new one is typed, not chosen."""
    folded: bool = False
    problems: tuple[Problem, ...] = ()
    kind: str = "list"


Node = Control | FormSection | FormList
