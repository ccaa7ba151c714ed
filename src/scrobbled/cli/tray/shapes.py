"""What the icon looks like. Its shape tells how things are; the colour only says it once more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Literal

from msgspec import Struct

SIDE = 64
"""Of the square in which the primitives stand."""
Corner = tuple[float, float]


class Light(StrEnum):
    """How things are, for somebody who looks at it for a moment."""

    WELL = "well"
    """All is well, and that is known."""
    WAITING = "waiting"
    """Something is on its way, down or paused. Nothing is lost, and nothing is to be done."""
    NEEDS = "needs"
    """Something needs a person."""
    SILENT = "silent"
    """The service does not answer."""


class Primitive(Struct, frozen=True):
    """One stroke or area. A ``disc`` has two corners of its box, a ``line`` and a ``polygon`` any number of points.

    A ``line`` is as wide as ``width`` says; the others are filled.
    """

    kind: Literal["disc", "polygon", "line"]
    points: Sequence[Corner]
    colour: str
    width: float = 0.0


GREEN, AMBER, BLUE, RED, INK = "#2e9e5b", "#e5a50a", "#3a78c2", "#b3342d", "#ffffff"
DARK = "#1d1d1f"
STROKE = 8.0

SHAPES: Mapping[Light, Sequence[Primitive]] = {
    Light.WELL: (
        Primitive("disc", ((2, 2), (62, 62)), GREEN),
        Primitive("line", ((17, 34), (28, 45), (48, 21)), INK, STROKE),
    ),
    Light.WAITING: (
        Primitive("disc", ((2, 2), (62, 62)), BLUE),
        Primitive("disc", ((12, 12), (52, 52)), INK),
        Primitive("line", ((32, 18), (32, 33), (43, 39)), DARK, 6.0),
    ),
    Light.NEEDS: (
        Primitive("polygon", ((32, 2), (63, 60), (1, 60)), AMBER),
        Primitive("line", ((32, 22), (32, 42)), DARK, STROKE),
        Primitive("disc", ((28, 47), (36, 55)), DARK),
    ),
    Light.SILENT: (
        Primitive("polygon", ((4, 4), (60, 4), (60, 60), (4, 60)), RED),
        Primitive("line", ((19, 19), (45, 45)), INK, STROKE),
        Primitive("line", ((45, 19), (19, 45)), INK, STROKE),
    ),
}
"""A disc with a tick, a clock, a triangle with an exclamation mark, a square with a cross."""
