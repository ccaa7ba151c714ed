"""The tables that describe the configuration. Validation, defaults, ``config show`` and the JSON Schema all read them.

A section is a dataclass whose fields are made by :func:`setting` and :func:`section`; its table is taken from there, so
that a setting is written down once. A tracker's section stays a mapping, and its table stands alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, cast

from scrobbled.config.values import Value


@dataclass(frozen=True)
class Field:
    """One key. ``secret`` covers everything below it."""

    shape: Shape
    description: str
    default: Any = None
    required: bool = False
    secret: bool = False
    attribute: str = ""
    """What the section calls it, where the key is a word of Python's."""


@dataclass(frozen=True)
class Table:
    """A mapping with known keys; ``build`` makes the finished section of what was given for them."""

    fields: Mapping[str, Field]
    build: Callable[..., Any] = dict
    description: str = ""


@dataclass(frozen=True)
class Brief:
    """A section that may be written as nothing but the value of its key ``name``."""

    table: Table
    name: str

    @property
    def field(self) -> Field:
        return self.table.fields[self.name]


@dataclass(frozen=True)
class ListOf:
    """A list, or a single value standing for a list of one. Reads as a tuple."""

    item: Value | Table | Brief


@dataclass(frozen=True)
class Named:
    """A mapping from one of a few known names to what is expected there."""

    shapes: dict[str, Shape]
    noun: str


@dataclass(frozen=True)
class MapOf:
    """A mapping from names that the user chooses."""

    item: Value


@dataclass(frozen=True)
class ForEach:
    """One value for all of a few known names, or a mapping with one for some of them; ``usual`` for the others.

    Reads as a mapping with what was given.
    """

    value: Value
    names: tuple[str, ...]
    noun: str
    usual: str


Shape = Value | Table | Brief | ListOf | Named | MapOf | ForEach


def readable(shape: Shape) -> Value | None:
    """What a file may hold for this shape (one value, or one per line of a list), ``None`` where it may not."""
    single: Shape = shape.item if isinstance(shape, ListOf) else shape
    single = single.field.shape if isinstance(single, Brief) else single
    single = single.value if isinstance(single, ForEach) else single
    return single if isinstance(single, Value) else None


def setting(
    shape: Shape,
    description: str,
    default: Any = None,
    *,
    required: bool = False,
    secret: bool = False,
    in_repr: bool = True,
    key: str = "",
) -> Any:
    """A dataclass field for one key; secrets stay out of ``repr``. ``key`` names it where no attribute can."""
    metadata = {"setting": Field(shape, description, default, required, secret), "key": key}
    shown = in_repr and not secret
    if required:
        return dataclasses.field(metadata=metadata, repr=shown)
    if isinstance(default, dict):
        return dataclasses.field(default_factory=lambda: dict(default), metadata=metadata, repr=shown)
    return dataclasses.field(default=default, metadata=metadata, repr=shown)


def section(cls: type, *, optional: bool = False) -> Any:
    """A dataclass field for a section: all defaults when it is left out, or ``None`` where it is ``optional``."""
    table = table_of(cls)
    metadata = {"setting": Field(table, table.description)}
    if optional:
        return dataclasses.field(default=None, metadata=metadata)
    return dataclasses.field(default_factory=cls, metadata=metadata)


@cache
def table_of(cls: type) -> Table:
    """The table of a section's dataclass."""
    known = [one for one in dataclasses.fields(cast(Any, cls)) if one.metadata.get("setting") is not None]
    fields = {one.metadata.get("key") or one.name: _named(one) for one in known}
    return Table(fields, partial(_built, cls, fields), (cls.__doc__ or "").split("\n")[0])


def _named(one: dataclasses.Field[Any]) -> Field:
    found: Field = one.metadata["setting"]
    return dataclasses.replace(found, attribute=one.name)


def _built(cls: type, fields: Mapping[str, Field], **given: Any) -> Any:
    return cls(**{fields[key].attribute: value for key, value in given.items()})
