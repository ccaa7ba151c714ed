"""Single fields: how each kind of value is filled in, and what is shown of it. Of a secret only where it comes from."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scrobbled.config.addresses import AlertUrl, HttpUrl
from scrobbled.config.fields import Field, ListOf, Shape
from scrobbled.config.forms import words
from scrobbled.config.forms.nodes import Control, Option
from scrobbled.config.forms.wishes import Around, Several, Single, is_chosen
from scrobbled.config.problems import Problem
from scrobbled.config.spelling import Data
from scrobbled.config.values import (
    Choice,
    ConflictValue,
    DirectionValue,
    Duration,
    FilePath,
    Integer,
    Percent,
    Switch,
    Value,
)

SecretKeeping = Callable[[str], str]
"""Takes a secret that was typed, and gives a word by which it is found again: secrets do not stand in a page."""


@dataclass(frozen=True)
class FormContext:
    """What is the same for all fields of one form. ``only`` is the source it is about, if it is about one."""

    around: Around
    problems: Sequence[Problem]
    keep: SecretKeeping
    trackers: tuple[str, ...] = ()
    only: str = ""

    def at(self, path: str, *, below: bool = False) -> tuple[Problem, ...]:
        places = (path, f"{path}_file")
        return tuple(
            one for one in self.problems if one.path in places or (below and one.path.startswith((f"{path}[",)))
        )


def single(
    draw: FormContext, key: str, one: Field, wish: Single, around: Mapping[str, Any], name: str, path: str
) -> Control:
    shape = one.shape
    assert isinstance(shape, Value)
    hidden = one.secret or wish.kept
    default = "" if one.default is None else shape.show(one.default)
    return Control(
        kind="secret" if hidden else _kind(shape),
        name=name,
        path=path,
        label=words.label(key),
        help=words.help_of(one.description),
        value="" if hidden else wish.text or "",
        options=() if hidden else _options(draw, shape, wish.text, default),
        placeholder=_mask(shape, around.get(key)) if wish.kept else default or words.example(shape),
        origin=_origin(key, around) if wish.kept else "",
        handle=draw.keep(wish.text) if one.secret and wish.text else "",
        required=one.required,
        problems=draw.at(path),
    )


def _kind(shape: Value) -> str:
    kinds: list[tuple[type[Value] | tuple[type[Value], ...], str]] = [
        ((Switch, Choice, DirectionValue, ConflictValue), "options"),
        (Integer, "number"),
        (Duration, "duration"),
        (Percent, "percent"),
        (HttpUrl, "address"),
        (FilePath, "path"),
    ]
    return next((kind for cls, kind in kinds if isinstance(shape, cls)), "text")


def _options(draw: FormContext, shape: Value, text: str | None, default: str) -> tuple[Option, ...]:
    values = _values(draw, shape)
    if not values:
        return ()
    now = (text or "").strip()
    plain = {"yes": "true", "on": "true", "no": "false", "off": "false"} if isinstance(shape, Switch) else {}
    now = plain.get(now.lower(), now.lower() if now.lower() in values else now)
    none = f"Default ({words.option(default).lower()})" if default else "Not set"
    own = [] if not now or now in values else [Option(now, now, chosen=True)]
    return (
        Option("", none, chosen=not now),
        *(Option(text if text and value == now else value, words.option(value), value == now) for value in values),
        *own,
    )


def _values(draw: FormContext, shape: Value) -> tuple[str, ...]:
    names = draw.trackers
    if isinstance(shape, Switch):
        return ("true", "false")
    if isinstance(shape, Choice):
        return shape.options
    if isinstance(shape, DirectionValue):
        return ("off", "both", *(f"{a}-to-{b}" for a in names for b in names if a != b))
    if isinstance(shape, ConflictValue):
        return ("newest-wins", "ask", *(f"{name}-wins" for name in names))
    return ()


def _mask(shape: Value, data: Data) -> str:
    if isinstance(shape, AlertUrl) and isinstance(data, str) and "${" not in data:
        return shape.masked(data)
    return "••••"


def _origin(key: str, around: Mapping[str, Any]) -> str:
    file, data = around.get(f"{key}_file"), around.get(key)
    if file is not None:
        return f"from the file {file}"
    found = re.findall(r"(?<!\$)\$\{([A-Za-z_][A-Za-z0-9_]*)", data) if isinstance(data, str) else []
    return f"from the environment: {', '.join(found)}" if found else "set in this file"


def several(
    draw: FormContext, key: str, one: Field, wish: Several, around: Mapping[str, Any], name: str, path: str
) -> Control:
    chosen = is_chosen(one.shape, key)
    return Control(
        kind="ticks" if chosen else "lines",
        name=name,
        path=path,
        label=words.label(key),
        help=words.help_of(one.description),
        values=wish.texts,
        options=_ticks(draw, one.shape, key, wish) if chosen else (),
        origin=_origin(key, around) if wish.kept else "",
        required=one.required,
        problems=draw.at(path, below=True),
    )


def _ticks(draw: FormContext, shape: Shape, key: str, wish: Several) -> tuple[Option, ...]:
    assert isinstance(shape, ListOf)
    there = [one for one in draw.trackers if draw.around.offers(f"viewers.trackers.{one}")]
    offered = there if key == "between" else draw.around.viewers
    offered = shape.item.options if isinstance(shape.item, Choice) else offered
    named = words.service if key == "between" else words.option if isinstance(shape.item, Choice) else str
    return tuple(
        Option(value, named(value), chosen=value in wish.texts) for value in dict.fromkeys([*offered, *wish.texts])
    )
