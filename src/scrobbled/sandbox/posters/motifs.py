"""What is seen on made-up posters: one picture for the second word of each title, above ``HORIZON``."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

from scrobbled.sandbox.posters.canvas import Colour, Pen, mixed
from scrobbled.sandbox.posters.palettes import Palette

WIDE, HIGH = 342, 513
HORIZON = 340
"""Below it there has to be room for a title."""


def _sea(pen: Pen, p: Palette, top: float, rows: int = 7) -> None:
    for n in range(rows):
        y = top + n * n * 2.4 + n * 9
        crest = [(x, y + 5 * math.sin(x / 26 + n * 1.9)) for x in range(-10, WIDE + 11, 6)]
        pen.area([*crest, (WIDE + 10, HIGH), (-10, HIGH)], mixed(p.far, p.dark, n / rows))


def _hill(pen: Pen, colour: Colour, left: float, right: float, bulge: float) -> None:
    """From ``left`` to ``right`` are heights at the edges; in the middle it is higher by ``bulge``."""
    crest = [
        (x, left + (right - left) * x / WIDE - bulge * math.sin(math.pi * x / WIDE)) for x in range(0, WIDE + 1, 6)
    ]
    pen.area([*crest, (WIDE, HIGH), (0, HIGH)], colour)


def _sun(pen: Pen, p: Palette, x: float, y: float, radius: float) -> None:
    for n, opacity in enumerate((0.10, 0.14)):
        pen.disc(x, y, radius * (1.7 - 0.35 * n), p.light, opacity)
    pen.disc(x, y, radius, p.warm)


def _lights(pen: Pen, p: Palette, dice: random.Random) -> None:
    for _ in range(46):
        pen.disc(dice.uniform(0, WIDE), dice.uniform(0, 240), dice.uniform(0.6, 1.5), p.light, dice.uniform(0.4, 0.9))
    lamp = (214.0, 118.0)
    pen.area([lamp, (-40, 30), (-40, 190)], p.warm, 0.30)
    pen.area([lamp, (-40, 70), (-40, 146)], p.light, 0.22)
    pen.area([lamp, (WIDE + 60, 92), (WIDE + 60, 168)], p.warm, 0.30)
    _sea(pen, p, 306)
    pen.area([(118, 372), (150, 318), (196, 300), (246, 304), (290, 332), (330, 372)], p.dark)
    steps = [(190 + n * 3.0, 306 - n * 32.0) for n in range(6)]
    for n, (left, bottom) in enumerate(steps[:-1]):
        right = 428 - left
        pen.area(
            [(left, bottom), (right, bottom), (right - 3, bottom - 32), (left + 3, bottom - 32)],
            p.light if n % 2 == 0 else p.warm,
        )
    pen.box(198, 140, 230, 147, p.dark)
    pen.box(203, 104, 225, 140, p.light)
    pen.box(209, 104, 219, 140, p.warm)
    pen.area([(197, 104), (231, 104), (214, 80)], p.dark)


def _orchard(pen: Pen, p: Palette, dice: random.Random) -> None:
    _sun(pen, p, 236, 132, 58)
    _hill(pen, p.far, 250, 226, 26)
    _hill(pen, p.near, 292, 300, 20)
    for row, (y, size, count) in enumerate(((262, 17, 8), (302, 26, 6), (356, 38, 4))):
        for n in range(count):
            x = (n + 0.5 + 0.22 * (row % 2)) * WIDE / count + dice.uniform(-5, 5)
            pen.box(x - size / 9, y, x + size / 9, y + size * 1.5, p.dark)
            pen.disc(x, y - size * 0.25, size, mixed(p.near, p.dark, 0.16 + 0.2 * row))
            pen.disc(x - size * 0.24, y - size * 0.45, size * 0.66, mixed(p.far, p.near, 0.3 * row))
            for _ in range(5):
                angle, far = dice.uniform(0, math.tau), size * dice.uniform(0.2, 0.75)
                at = x + far * math.cos(angle), y - size * 0.25 + far * math.sin(angle)
                pen.disc(*at, size / 9 + 0.8, p.warm)


def _signal(pen: Pen, p: Palette, dice: random.Random) -> None:
    x, y = 171.0, 128.0
    for n in range(7):
        radius = 34 + 36 * n
        pen.ring(x, y, radius, radius, 9, p.warm, 0.85 - 0.11 * n)
    _hill(pen, p.far, 322, 300, 14)
    _hill(pen, p.near, 344, 356, 30)
    pen.line([(x, y), (122, 352)], 6, p.light)
    pen.line([(x, y), (220, 352)], 6, p.light)
    for n in range(1, 6):
        share = n / 6
        left, right, height = x - 49 * share, x + 49 * share, y + 224 * share
        pen.line([(left, height), (right, height)], 3.5, p.light)
        before = (n - 1) / 6
        up = y + 224 * before
        pen.line([(x - 49 * before, up), (right, height)], 2.5, p.light)
        pen.line([(x + 49 * before, up), (left, height)], 2.5, p.light)
    pen.disc(x, y, 13, p.light)
    pen.disc(x, y, 8, p.warm)


def _ferry(pen: Pen, p: Palette, dice: random.Random) -> None:
    _sun(pen, p, 104, 214, 72)
    for n in range(5):
        pen.disc(236 + 21 * n, 128 - 15 * n, 15 + 5 * n, p.light, 0.55 - 0.08 * n)
    _hill(pen, p.far, 268, 236, -6)
    pen.area([(206, 214), (214, 146), (244, 146), (248, 214)], p.warm)
    pen.box(210, 160, 246, 170, p.light)
    pen.area([(104, 250), (116, 206), (268, 206), (282, 250)], p.light)
    pen.area([(78, 288), (86, 248), (312, 248), (318, 288)], p.light)
    for row, (left, count) in enumerate(((128, 7), (104, 10))):
        for n in range(count):
            pen.box(left + n * 20, 218 + 42 * row, left + n * 20 + 11, 230 + 42 * row, p.near)
    pen.area([(40, 284), (340, 284), (312, 352), (84, 352)], p.dark)
    pen.box(56, 300, 332, 305, p.warm)
    _sea(pen, p, 332, 6)


def _kitchen(pen: Pen, p: Palette, dice: random.Random) -> None:
    pen.area([(171, 96), (20, 372), (322, 372)], p.light, 0.32)
    pen.line([(171, -10), (171, 66)], 4, p.dark)
    pen.area([(150, 64), (192, 64), (236, 118), (106, 118)], p.warm)
    pen.oval(171, 118, 65, 10, p.light)
    pen.box(0, 322, WIDE, HIGH, p.near)
    pen.box(0, 322, WIDE, 331, p.far)
    for n, x in enumerate((126, 171, 216)):
        line = [(x + 9 * math.sin((216 - y) / 17 + n), y) for y in range(160, 232, 6)]
        pen.line([(float(a), float(b)) for a, b in line], 5, p.light)
    pen.area([(96, 246), (246, 246), (232, 322), (110, 322)], p.dark)
    pen.oval(171, 246, 80, 9, p.far)
    pen.line([(94, 262), (66, 262)], 9, p.dark)
    pen.line([(248, 262), (276, 262)], 9, p.dark)
    for x in (52, 292):
        pen.disc(x, 304, 19, p.warm)
        pen.line([(x, 288), (x + 5, 278)], 4, p.dark)


def _atlas(pen: Pen, p: Palette, dice: random.Random) -> None:
    x, y, radius = 171.0, 200.0, 122.0
    for _ in range(40):
        pen.disc(dice.uniform(0, WIDE), dice.uniform(0, 380), dice.uniform(0.7, 1.7), p.light, 0.7)
    pen.disc(x, y, radius + 26, p.light, 0.10)
    pen.disc(x, y, radius, p.far)
    pen.disc(x, y, radius - 7, p.near)
    lands = ((118, 150, 38, 26), (152, 196, 24, 44), (224, 168, 46, 30), (240, 236, 30, 22), (176, 266, 40, 18))
    for at_x, at_y, across, down in lands:
        pen.oval(at_x, at_y, across, down, p.warm)
        pen.oval(at_x + across * 0.5, at_y + down * 0.45, across * 0.6, down * 0.6, p.warm)
    for share in (0.34, 0.7):
        pen.ring(x, y, radius * share, radius, 2.5, p.light, 0.75)
    for share in (-0.55, 0.0, 0.55):
        half = radius * math.sqrt(1 - share**2)
        pen.box(x - half, y + radius * share - 1.2, x + half, y + radius * share + 1.2, p.light, 0.75)
    pen.ring(x, y, radius, radius, 3, p.light)
    pen.line([(40, 330), (302, 70)], 4, p.light)
    pen.disc(40, 330, 9, p.warm)
    pen.disc(302, 70, 9, p.warm)


def _border(pen: Pen, p: Palette, dice: random.Random) -> None:
    _sun(pen, p, 171, 196, 66)
    pen.area([(-10, 262), (52, 160), (104, 214), (150, 140), (214, 262)], p.far)
    pen.area([(130, 262), (214, 172), (252, 214), (306, 132), (380, 262)], mixed(p.far, p.near, 0.5))
    pen.box(0, 256, WIDE, HIGH, p.near)
    pen.area([(163, 256), (179, 256), (330, HIGH), (12, HIGH)], p.dark)
    for top, bottom in ((266, 280), (294, 318), (338, 376)):
        near, far = 1 + (top - 256) / 30, 1 + (bottom - 256) / 30
        pen.area([(171 - near, top), (171 + near, top), (171 + far, bottom), (171 - far, bottom)], p.warm)
    for side in (-1, 1):
        posts = [(171 + side * (26 + 30 * n * (1 + n * 0.22)), 256 + n * n * 7.0, 12 + n * 11.0) for n in range(5)]
        for x, y, tall in posts:
            pen.box(x - tall / 14, y - tall, x + tall / 14, y + tall * 0.2, p.light)
        for height in (0.85, 0.45):
            pen.line([(x, y - tall * height) for x, y, tall in posts], 2.2, p.light)


def _choir(pen: Pen, p: Palette, dice: random.Random) -> None:
    for n, (across, opacity) in enumerate(((150, 0.16), (118, 0.2), (86, 0.26))):
        pen.disc(171, 186, across, p.light, opacity)
        pen.box(171 - across, 186, 171 + across, 400, p.light, opacity * (1 - 0.1 * n))
    pen.disc(171, 132, 32, p.warm)
    for n in range(12):
        angle = n * math.tau / 12
        tip = (171 + 62 * math.cos(angle), 132 + 62 * math.sin(angle))
        pen.line([(171 + 42 * math.cos(angle), 132 + 42 * math.sin(angle)), tip], 5, p.warm)
    singers = ((57, 282, 0.9), (285, 282, 0.9), (114, 264, 1.05), (228, 264, 1.05), (171, 250, 1.2))
    for n, (x, y, size) in enumerate(singers):
        robe = (p.far, p.far, p.near, p.near, p.dark)[n]
        pen.area([(x - 16 * size, y), (x + 16 * size, y), (x + 40 * size, 420), (x - 40 * size, 420)], robe)
        pen.disc(x, y - 14 * size, 18 * size, p.light)
        pen.oval(x, y - 8 * size, 4.5 * size, 6 * size, p.dark)
        pen.area([(x - 26 * size, y + 52), (x, y + 60), (x, y + 98), (x - 26 * size, y + 90)], p.light)
        pen.area([(x + 26 * size, y + 52), (x, y + 60), (x, y + 98), (x + 26 * size, y + 90)], p.warm)


def _lantern(pen: Pen, p: Palette, dice: random.Random) -> None:
    _hill(pen, p.far, 340, 320, 22)
    hung = ((64, 168, 34), (140, 96, 25), (198, 214, 44), (284, 128, 32), (106, 290, 26), (300, 268, 22))
    for x, y, size in hung:
        pen.line([(x, -10), (x, y - size)], 2, p.light, 0.8)
        pen.disc(x, y, size * 2.1, p.warm, 0.10)
        pen.disc(x, y, size * 1.5, p.warm, 0.16)
        pen.oval(x, y, size, size * 1.12, p.warm)
        pen.ring(x, y, size * 0.55, size * 1.12, 2, p.dark, 0.4)
        pen.oval(x, y + size * 0.2, size * 0.34, size * 0.5, p.light, 0.8)
        for edge in (-1.12, 1.12):
            pen.box(x - size * 0.42, y + size * edge - 4, x + size * 0.42, y + size * edge + 4, p.dark)
        pen.line([(x, y + size * 1.15), (x, y + size * 1.7)], 3, p.warm)
    _hill(pen, p.near, 366, 380, 20)


def _archive(pen: Pen, p: Palette, dice: random.Random) -> None:
    colours = (p.warm, p.light, p.near, mixed(p.warm, p.dark, 0.45), mixed(p.far, p.light, 0.45))
    pen.box(24, 34, 318, 420, p.dark)
    for row in range(4):
        bottom = 116 + 92 * row
        pen.box(34, bottom - 78, 308, bottom, mixed(p.dark, p.far, 0.35))
        x = 38.0
        while x < 296:
            wide, tall = dice.uniform(9, 22), dice.uniform(44, 72)
            if dice.random() < 0.12:
                x += wide
                continue
            right = min(x + wide, 304.0)
            pen.box(x, bottom - tall, right, bottom, dice.choice(colours))
            pen.box(x, bottom - tall + 9, right, bottom - tall + 13, p.dark, 0.45)
            x = right + 1.5
        pen.box(24, bottom, 318, bottom + 8, p.dark)


def _meadow(pen: Pen, p: Palette, dice: random.Random) -> None:
    _sun(pen, p, 118, 128, 50)
    _hill(pen, p.far, 240, 210, 18)
    _hill(pen, mixed(p.far, p.near, 0.5), 262, 286, 24)
    _hill(pen, p.near, 312, 296, 8)
    for n in range(11):
        x, top = 18 + n * 31 + dice.uniform(-8, 8), dice.uniform(196, 300)
        size = dice.uniform(8, 13)
        pen.line([(x, 420), (x + dice.uniform(-7, 7), (420 + top) / 2), (x, top)], 3, p.dark)
        petals = p.light if n % 3 else p.warm
        for petal in range(6):
            angle = petal * math.tau / 6 + n
            pen.disc(x + size * math.cos(angle), top + size * math.sin(angle), size * 0.62, petals)
        pen.disc(x, top, size * 0.6, p.warm if n % 3 else p.dark)


def _engine(pen: Pen, p: Palette, dice: random.Random) -> None:
    for x, y, radius, teeth, colour in (
        (128, 172, 92, 14, p.far),
        (262, 258, 58, 10, p.warm),
        (262, 92, 44, 8, p.light),
    ):
        for tooth in range(teeth):
            angle = tooth * math.tau / teeth
            corners = ((radius - 4, -0.13), (radius + 16, -0.09), (radius + 16, 0.09), (radius - 4, 0.13))
            spread = 14 / teeth
            pen.area(
                [
                    (x + far * math.cos(angle + o * spread), y + far * math.sin(angle + o * spread))
                    for far, o in corners
                ],
                colour,
            )
        pen.disc(x, y, radius, colour)
        pen.ring(x, y, radius * 0.8, radius * 0.8, radius * 0.1, p.dark, 0.5)
        for hole in range(6):
            angle = hole * math.tau / 6 + 0.3
            pen.disc(x + radius * 0.47 * math.cos(angle), y + radius * 0.47 * math.sin(angle), radius * 0.15, p.dark)
        pen.disc(x, y, radius * 0.17, p.dark)


MOTIFS: Sequence[Callable[[Pen, Palette, random.Random], None]] = (
    _lights, _orchard, _signal, _ferry, _kitchen, _atlas, _border, _choir, _lantern, _archive, _meadow, _engine,
)  # fmt: skip
"""In the order of the second words of titles."""
