"""Posters for what is not real: flat shapes in few colours, so that one tells at a glance which title it is."""

from __future__ import annotations

import functools
import random
import zlib

from scrobbled.sandbox.posters.canvas import Canvas, Pen
from scrobbled.sandbox.posters.lettering import TALL, width, write
from scrobbled.sandbox.posters.motifs import HIGH, HORIZON, MOTIFS, WIDE
from scrobbled.sandbox.posters.palettes import PALETTES, Palette
from scrobbled.sandbox.world import FIRST, SECOND

MARGIN = 30
LARGEST_UNIT = 5.4


@functools.lru_cache(maxsize=128)
def poster(title: str) -> bytes:
    """A PNG, always the same for one title. Takes a tenth of a second."""
    first, second, dice = _chosen(title)
    palette = PALETTES[(first + second) % len(PALETTES)]
    pen = Pen(Canvas(WIDE, HIGH, palette.sky, palette.air))
    MOTIFS[second % len(MOTIFS)](pen, palette, dice)
    _foot(pen, palette)
    _title(pen, palette, title)
    return pen.canvas.png()


def _chosen(title: str) -> tuple[int, int, random.Random]:
    seed = zlib.crc32(title.encode())
    words = title.split()
    first = FIRST.index(words[0]) if words and words[0] in FIRST else seed % 97
    second = SECOND.index(words[-1]) if words and words[-1] in SECOND else seed // 97 % 89
    return first, second, random.Random(seed)


def _foot(pen: Pen, p: Palette) -> None:
    """Darker towards the title, in so many steps that none is seen."""
    for y in range(HORIZON, HIGH):
        pen.box(0, y, WIDE, y + 1, p.dark, min(1.0, (y - HORIZON) / 70))


def _title(pen: Pen, p: Palette, title: str) -> None:
    lines = _lines(title.upper())
    unit = min(LARGEST_UNIT, *((WIDE - 2 * MARGIN) / max(1.0, width(line)) for line in lines))
    step = (TALL + 3.2) * unit
    top = HIGH - MARGIN - 6 - step * len(lines) + 3.2 * unit
    pen.box(MARGIN - 3, top - 20, MARGIN + 37, top - 16, p.warm)
    for n, line in enumerate(lines):
        write(pen, line, MARGIN, top + n * step, unit, unit * 1.1, p.light)


def _lines(text: str) -> list[str]:
    """One word a line, three lines at most."""
    words = text.split() or ["?"]
    return [*words[:2], " ".join(words[2:])] if len(words) > 2 else words
