"""Whether JSON has the shape that we rely on, told by keys and kinds, never by values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

LOOKED_AT = 20
"""Entries of a list; the rest is taken to be alike."""


class Maybe(Struct, frozen=True):
    """May be missing or null."""

    shape: Any


Shape = Any
"""``str``, ``int`` and the like; a tuple of them for either; ``{key: shape}``; ``[shape]`` for a list; ``Maybe``."""
_WORDS = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    dict: "an object",
    list: "a list",
}


def differences(value: Any, shape: Shape, at: str = "") -> list[str]:
    """What differs, each once and with its place, like ``user.ids.slug is missing``. Further keys do not matter."""
    return list(dict.fromkeys(_differing(value, shape, at)))


def _differing(value: Any, shape: Shape, at: str) -> Iterator[str]:
    if isinstance(shape, Maybe):
        if value is not None:
            yield from _differing(value, shape.shape, at)
    elif isinstance(shape, Mapping):
        yield from _object(value, shape, at)
    elif isinstance(shape, list):
        yield from _list(value, shape[0], at)
    else:
        kinds = shape if isinstance(shape, tuple) else (shape,)
        if type(value) not in kinds:
            wanted = " or ".join(_WORDS[kind] for kind in kinds)
            yield f"{at or 'the answer'} is {word(value)} where {wanted} was expected"


def _object(value: Any, shape: Mapping[str, Shape], at: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{at or 'the answer'} is {word(value)} where an object was expected"
        return
    for key, inner in shape.items():
        place = f"{at}.{key}" if at else key
        if key in value:
            yield from _differing(value[key], inner, place)
        elif not isinstance(inner, Maybe):
            yield f"{place} is missing"


def _list(value: Any, shape: Shape, at: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{at or 'the answer'} is {word(value)} where a list was expected"
        return
    for entry in value[:LOOKED_AT]:
        yield from _differing(entry, shape, f"{at}[]")


def word(value: Any) -> str:
    """The kind of a JSON value, in plain words."""
    return "null" if value is None else _WORDS.get(type(value), "something else")
