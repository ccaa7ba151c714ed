"""Where everything stands in a drawing: numbers in, places out. Pure.

Bars stand at shares of the width, in per cent, and at whole pixels of the height: so they fit any screen, and the
letters beside them are as large on a phone as on a desk.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta

from msgspec import Struct

HEIGHT = 132
"""Pixels that the highest bar may have."""
HEAD = 18
"""Pixels above it, for its number."""
GAP = 0.26
"""How much of each place stays empty between bars."""
CELL = 12
"""From one day to the next in the year, and from one week to the next."""
WEEKS = 28
"""As many as half a year can touch."""
LEVELS = 4
_STEPS = (2, 4, 6, 8, 10, 12, 16, 20, 30, 40, 50, 60, 80)


class ChartBar(Struct, frozen=True):
    """``part`` is in ``count``, and drawn apart. ``text`` says it all; ``place`` is where it leads to, or empty."""

    text: str
    count: int
    part: int = 0
    place: str = ""


class Bar(Struct, frozen=True):
    """``x`` and ``width`` are per cent; ``y`` and the heights pixels: ``upper`` is of the part, drawn on top."""

    x: str
    width: str
    y: int
    lower: int
    upper: int
    text: str
    place: str

    @property
    def lower_y(self) -> int:
        return self.y + self.upper


class AxisTick(Struct, frozen=True):
    """``is_minor`` ones are left out where there is little room; ``anchor`` is which end of it stands at ``x``."""

    x: str
    text: str
    is_minor: bool = False
    anchor: str = "start"


class GridLine(Struct, frozen=True):
    y: int
    text: str


class Chart(Struct, frozen=True):
    height: int
    floor: int
    bars: list[Bar]
    ticks: list[AxisTick]
    lines: list[GridLine]


class Cell(Struct, frozen=True):
    """One day; ``x`` and ``y`` in units of the drawing, ``level`` from 0 (nothing) to 4 (most)."""

    x: int
    y: int
    level: int
    text: str
    place: str


class HalfYear(Struct, frozen=True):
    """Half a year, a column for each week."""

    width: int
    height: int
    cells: list[Cell]
    months: list[AxisTick]


def chart(counts: Sequence[ChartBar], ticks: Sequence[tuple[int, str, bool]]) -> Chart:
    """``ticks`` are the place among the counts, the text, and whether it may be left out."""
    top = ceiling(max((one.count for one in counts), default=0))
    floor = HEAD + HEIGHT
    each = 100 / max(1, len(counts))
    bars = [_bar(one, number * each, each, top) for number, one in enumerate(counts)]
    lines = [GridLine(HEAD, f"{top:,}"), GridLine(HEAD + HEIGHT // 2, f"{top // 2:,}")]
    return Chart(floor + 22, floor, bars, [_tick(*one, each) for one in ticks], lines)


def ceiling(most: int) -> int:
    """The end of the scale: even, and little more than ``most``."""
    unit = 1
    while most > _STEPS[-1] * unit:
        unit *= 10
    return next(step * unit for step in _STEPS if step * unit >= most)


def level(count: int, most: int) -> int:
    """From 0 to 4, by proportion: a day like no other must not make all others alike."""
    if most <= LEVELS or not count:
        return count
    return 1 + int((LEVELS - 1) * math.log(count) / math.log(most))


def share(count: int, most: int) -> str:
    """Per cent, for the width of a bar that lies."""
    return _percent(100 * count / most) if most else "0%"


def year(days: dict[date, ChartBar], of: int, last: date) -> list[HalfYear]:
    """From January to June and from July to December. Days after ``last`` have not come yet, and are left out."""
    most = max((one.count for one in days.values()), default=0)
    halves = ((date(of, 1, 1), date(of, 6, 30)), (date(of, 7, 1), date(of, 12, 31)))
    return [_half(first, end, days, most, last) for first, end in halves]


def _half(first: date, end: date, days: dict[date, ChartBar], most: int, last: date) -> HalfYear:
    monday = first - timedelta(days=first.weekday())
    cells, months = [], []
    for number in range((end - first).days + 1):
        day = first + timedelta(days=number)
        column = (day - monday).days // 7
        if day.day == 1:
            months.append(AxisTick(str((column + (day.weekday() > 3)) * CELL), f"{day:%b}"))
        if day <= last and (one := days.get(day)):
            cells.append(Cell(column * CELL, day.weekday() * CELL, level(one.count, most), one.text, one.place))
    return HalfYear(WEEKS * CELL, 7 * CELL, cells, months)


def _bar(one: ChartBar, x: float, each: float, top: int) -> Bar:
    height = _pixels(one.count, top)
    upper = min(_pixels(one.part, top), height) if one.part else 0
    gap = each * GAP
    return Bar(
        _percent(x + gap / 2), _percent(each - gap), HEAD + HEIGHT - height, height - upper, upper, one.text, one.place
    )


def _pixels(count: int, top: int) -> int:
    """What is there can be seen: two pixels at least."""
    return max(2, round(HEIGHT * count / top)) if count else 0


def _tick(place: int, text: str, is_minor: bool, each: float) -> AxisTick:
    x = (place + GAP / 2) * each
    return (
        AxisTick(_percent(x), text, is_minor)
        if x < 88
        else AxisTick(_percent((place + 1) * each), text, is_minor, "end")
    )


def _percent(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".") + "%"
