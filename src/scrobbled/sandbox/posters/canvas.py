"""Drawing with smooth edges, and writing it down as PNG: nothing but the standard library.

A shape is told row by row: for a height it gives the stretches that it covers there.
"""

from __future__ import annotations

import functools
import math
import struct
import zlib
from collections.abc import Callable, Sequence
from itertools import pairwise

Colour = tuple[int, int, int]
Point = tuple[float, float]
Stretches = Callable[[float], Sequence[Point]]
"""From a height to (left, right) pairs that do not overlap."""
SUB = 4
"""Heights at which each row is looked at."""
FINE = 64
"""Steps between nothing and all of a colour."""


class Canvas:
    """``width`` by ``height`` pixels, at first from one colour above to another below."""

    def __init__(self, width: int, height: int, top: Colour, bottom: Colour) -> None:
        self.width, self.height = width, height
        self._rows = [
            [bytearray([value]) * width for value in mixed(top, bottom, y / max(1, height - 1))] for y in range(height)
        ]

    def fill(self, shape: Stretches, colour: Colour, top: float, bottom: float, opacity: float = 1.0) -> None:
        """Colour what ``shape`` covers between two heights."""
        for y in range(max(0, math.floor(top)), min(self.height, math.ceil(bottom))):
            steps: dict[int, float] = {}
            for part in range(SUB):
                height = y + (part + 0.5) / SUB
                for left, right in shape(height) if top <= height <= bottom else ():
                    self._note(steps, left, right)
            self._blend(self._rows[y], steps, colour, opacity)

    def _note(self, steps: dict[int, float], left: float, right: float) -> None:
        """How the covered share changes from pixel to pixel."""
        left, right = max(0.0, left), min(float(self.width), right)
        if left >= right:
            return
        first, last = int(left), int(right)
        before, after = left - first, right - last
        for at, change in ((first, 1 - before), (first + 1, before), (last, after - 1), (last + 1, -after)):
            steps[at] = steps.get(at, 0.0) + change

    def _blend(self, planes: list[bytearray], steps: dict[int, float], colour: Colour, opacity: float) -> None:
        covered, places = 0.0, sorted(steps)
        for at, until in pairwise(places):
            covered += steps[at]
            share = round(covered / SUB * opacity * FINE)
            if share <= 0:
                continue
            for plane, value in zip(planes, colour, strict=True):
                plane[at:until] = plane[at:until].translate(_towards(value, share))

    def png(self) -> bytes:
        """Eight bits for each of red, green and blue."""
        raw = bytearray()
        for planes in self._rows:
            row = bytearray(3 * self.width)
            for n, plane in enumerate(planes):
                row[n::3] = plane
            raw += b"\0" + row
        head = struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0)
        chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(raw), 9)), (b"IEND", b""))
        return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


@functools.lru_cache(maxsize=4096)
def _towards(value: int, share: int) -> bytes:
    """For each of 256 values what becomes of it when so much of another is laid over it."""
    kept, added = FINE - share, value * share
    return bytes([(old * kept + added) // FINE for old in range(256)])


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


class Pen:
    """Shapes on a canvas."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour, opacity: float = 1.0) -> None:
        self.canvas.fill(lambda y: ((left, right),), colour, top, bottom, opacity)

    def oval(self, x: float, y: float, across: float, down: float, colour: Colour, opacity: float = 1.0) -> None:
        """Around a middle, with both radii."""
        self.canvas.fill(lambda at: _chord(x, y, across, down, at), colour, y - down, y + down, opacity)

    def disc(self, x: float, y: float, radius: float, colour: Colour, opacity: float = 1.0) -> None:
        self.oval(x, y, radius, radius, colour, opacity)

    def ring(
        self, x: float, y: float, across: float, down: float, thick: float, colour: Colour, opacity: float = 1.0
    ) -> None:
        """The line of an oval; ``across`` and ``down`` are its outer radii."""

        def shape(at: float) -> Sequence[Point]:
            outer, inner = _chord(x, y, across, down, at), _chord(x, y, across - thick, down - thick, at)
            if not outer or not inner:
                return outer
            (left, right), (from_, to) = outer[0], inner[0]
            return (left, from_), (to, right)

        self.canvas.fill(shape, colour, y - down, y + down, opacity)

    def area(self, points: Sequence[Point], colour: Colour, opacity: float = 1.0) -> None:
        """What a closed line encloses."""
        edges = []
        for (x, y), (to_x, to_y) in pairwise([*points, points[0]]):
            if y != to_y:
                edges.append((min(y, to_y), max(y, to_y), y, x, (to_x - x) / (to_y - y)))

        def shape(at: float) -> Sequence[Point]:
            crossed = sorted([x + (at - y) * slope for high, low, y, x, slope in edges if high <= at < low])
            return list(zip(crossed[::2], crossed[1::2], strict=True))

        heights = [y for _, y in points]
        self.canvas.fill(shape, colour, min(heights), max(heights), opacity)

    def line(self, points: Sequence[Point], thick: float, colour: Colour, opacity: float = 1.0) -> None:
        """With round ends and corners; where it is not opaque these show."""
        for (x, y), (to_x, to_y) in pairwise(points):
            long = math.hypot(to_x - x, to_y - y) or 1.0
            dx, dy = (to_y - y) / long * thick / 2, (x - to_x) / long * thick / 2
            self.area(
                [(x + dx, y + dy), (to_x + dx, to_y + dy), (to_x - dx, to_y - dy), (x - dx, y - dy)], colour, opacity
            )
        for x, y in points:
            self.disc(x, y, thick / 2, colour, opacity)


def _chord(x: float, y: float, across: float, down: float, at: float) -> Sequence[Point]:
    if across <= 0 or down <= 0 or abs(at - y) >= down:
        return ()
    half = across * math.sqrt(1 - ((at - y) / down) ** 2)
    return ((x - half, x + half),)
