"""Capital letters out of a few lines each, for the titles on made-up posters."""

from __future__ import annotations

from collections.abc import Iterator

from scrobbled.sandbox.posters.canvas import Colour, Pen, Point

TALL = 6
GAP = 1.7
BLANK = 2.6
LETTERS = {
    "A": "06 20 46/14 34", "B": "00 30 41 42 33 03/33 44 45 36 06 00", "C": "41 30 10 01 05 16 36 45",
    "D": "00 30 41 45 36 06 00", "E": "40 00 06 46/03 33", "F": "40 00 06/03 33", "G": "41 30 10 01 05 16 36 45 43 23",
    "H": "00 06/40 46/03 43", "I": "00 06", "J": "40 45 36 16 05", "K": "00 06/40 03 46", "L": "00 06 36",
    "M": "06 00 24 40 46", "N": "06 00 46 40", "O": "10 30 41 45 36 16 05 01 10", "P": "06 00 30 41 42 33 03",
    "Q": "10 30 41 45 36 16 05 01 10/34 46", "R": "06 00 30 41 42 33 03/23 46",
    "S": "41 30 10 01 02 13 33 44 45 36 16 05", "T": "00 40/20 26", "U": "00 05 16 36 45 40", "V": "00 26 40",
    "W": "00 16 23 36 40", "X": "00 46/40 06", "Y": "00 23 40/23 26", "Z": "00 40 06 46",
    "0": "10 30 41 45 36 16 05 01 10", "1": "01 10 16", "2": "01 10 30 41 42 06 46", "3": "00 40 23 33 44 45 36 16 05",
    "4": "30 04 44/33 36", "5": "40 00 03 33 44 45 36 06", "6": "30 10 02 05 16 36 45 44 33 03", "7": "00 40 16",
    "8": "13 02 01 10 30 41 42 33 13 04 05 16 36 45 44 33", "9": "43 13 02 01 10 30 41 44 36 16", "-": "03 33",
}  # fmt: skip
"""Lines of points on a grid 4 wide and 6 tall, each written as x and y."""


def width(text: str) -> float:
    """In units of the grid."""
    return sum(_wide(letter) + GAP for letter in text) - GAP


def write(pen: Pen, text: str, left: float, top: float, unit: float, thick: float, colour: Colour) -> None:
    """``unit`` is how many pixels one step of the grid takes. What is no letter or digit leaves a gap."""
    for letter in text:
        for line in _lines(letter):
            pen.line([(left + x * unit, top + y * unit) for x, y in line], thick, colour)
        left += (_wide(letter) + GAP) * unit


def _wide(letter: str) -> float:
    return max((x for line in _lines(letter) for x, _ in line), default=BLANK)


def _lines(letter: str) -> Iterator[list[Point]]:
    for line in filter(None, LETTERS.get(letter, "").split("/")):
        yield [(float(point[0]), float(point[1])) for point in line.split()]
