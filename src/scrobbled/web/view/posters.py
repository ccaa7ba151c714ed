"""A drawn poster for what has no picture: a quiet landscape, always the same for one title."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Iterator

WIDTH, HEIGHT = 120, 180
_SKIES = (
    *((215, 200), (222, 345), (250, 18), (285, 330), (195, 168), (210, 32), (345, 12), (10, 36), (165, 192)),
    *((235, 268), (262, 305), (205, 220), (180, 42), (320, 350), (275, 240), (150, 48), (230, 190), (0, 350)),
)
"""Hues above and at the horizon."""


def seed(title: str) -> str:
    """Eight hexadecimal digits that stand for a title, without case."""
    return f"{zlib.crc32(title.strip().casefold().encode('utf-8', 'surrogatepass')):08x}"


def draw(of: str) -> str:
    """The poster of a ``seed`` as SVG, 2:3. Its lower third is dark, for a title."""
    dice = random.Random(int(of, 16))
    night, glow, light, ground = _palette(dice)
    shapes = "".join([*_sky(dice, light), dice.choice(_MOTIFS)(dice, ground)])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="xMidYMid slice">'
        f'<defs><linearGradient id="sky" x2="0" y2="1"><stop stop-color="{night}"/>'
        f'<stop offset=".64" stop-color="{glow}"/></linearGradient>'
        f'<linearGradient id="foot" x2="0" y2="1"><stop offset=".5" stop-color="{ground}" stop-opacity="0"/>'
        f'<stop offset=".74" stop-color="{ground}" stop-opacity=".9"/><stop offset="1" stop-color="{ground}"/>'
        f'</linearGradient></defs><rect width="{WIDTH}" height="{HEIGHT}" fill="url(#sky)"/>{shapes}'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="url(#foot)"/></svg>'
    )


def _palette(dice: random.Random) -> tuple[str, str, str, str]:
    """Night, glow, light and ground: two hues that are seen together in real skies, and a warm light."""
    hue, towards = dice.choice(_SKIES)
    night = f"hsl({hue},{dice.randint(36, 50)}%,{dice.randint(15, 22)}%)"
    glow = f"hsl({towards},{dice.randint(38, 56)}%,{dice.randint(46, 57)}%)"
    light = f"hsl({dice.randint(26, 50)},{dice.randint(70, 90)}%,{dice.randint(78, 86)}%)"
    return night, glow, light, f"hsl({hue},45%,8%)"


def _sky(dice: random.Random, light: str) -> Iterator[str]:
    x, y, radius = dice.randint(26, 94), dice.randint(34, 74), dice.randint(11, 22)
    yield f'<circle cx="{x}" cy="{y}" r="{radius + 9}" fill="{light}" opacity=".14"/>'
    yield f'<circle cx="{x}" cy="{y}" r="{radius}" fill="{light}" opacity=".92"/>'
    for _ in range(dice.choice((0, 9, 16))):
        star_x, star_y = dice.randint(4, 116), dice.randint(4, 60)
        if (star_x - x) ** 2 + (star_y - y) ** 2 > (radius + 10) ** 2:
            yield f'<circle cx="{star_x}" cy="{star_y}" r=".{dice.randint(5, 9)}" fill="{light}" opacity=".8"/>'


def _hills(dice: random.Random, ground: str) -> str:
    layers = []
    for level, opacity in ((92, 0.35), (106, 0.6), (120, 0.85)):
        left, rise, right = (level + dice.randint(-10, 8) for _ in range(3))
        peak = dice.randint(20, 100)
        curve = f"M0 {left}C{peak - 34} {left} {peak - 26} {rise - 22} {peak} {rise - 22}"
        curve += f"S{min(118, peak + 40)} {right} 120 {right}V180H0Z"
        layers.append(f'<path d="{curve}" fill="{ground}" opacity="{opacity}"/>')
    return "".join(layers)


def _sea(dice: random.Random, ground: str) -> str:
    horizon = dice.randint(94, 104)
    water = f'<rect y="{horizon}" width="120" height="90" fill="{ground}" opacity=".55"/>'
    x, y = dice.randint(24, 84), horizon + 3
    boat = f'<path d="M{x} {y}h20l-4 6h-12zM{x + 9} {y - 2}v-17l10 17z" fill="{ground}"/>'
    waves = "".join(
        f'<path d="M{dice.randint(-20, 70)} {horizon + 8 + row * 7}q14 -5 28 0t28 0" fill="none" stroke="#fff" '
        f'stroke-opacity=".16" stroke-width="1.2"/>'
        for row in range(4)
    )
    return water + waves + boat


def _towers(dice: random.Random, ground: str) -> str:
    parts, x = [], -4
    while x < 120:
        width, top = dice.randint(10, 22), dice.randint(72, 112)
        parts.append(f'<rect x="{x}" y="{top}" width="{width}" height="110" fill="{ground}" opacity=".88"/>')
        for _ in range(dice.randint(0, 3)):
            at = x + dice.randint(2, width - 5), top + dice.randint(4, 24)
            parts.append(f'<rect x="{at[0]}" y="{at[1]}" width="2" height="3" fill="#f2c879" opacity=".8"/>')
        x += width + dice.randint(-2, 5)
    return "".join(parts)


def _pines(dice: random.Random, ground: str) -> str:
    trees = []
    for base, size, opacity in ((112, 20, 0.45), (122, 30, 0.9)):
        for x in range(dice.randint(-8, 4), 126, size // 2 + 3):
            height = size + dice.randint(-6, 16)
            tree = f"M{x} {base - height}l{size // 3} {height + 20}h-{size // 3 * 2}z"
            trees.append(f'<path d="{tree}" fill="{ground}" opacity="{opacity}"/>')
        trees.append(f'<rect y="{base}" width="120" height="70" fill="{ground}" opacity="{opacity}"/>')
    return "".join(trees)


def _peaks(dice: random.Random, ground: str) -> str:
    parts = []
    for base, opacity in ((104, 0.4), (114, 0.65), (126, 0.9)):
        x, line = -10, f"M-10 180V{base}"
        while x < 130:
            x += dice.randint(14, 30)
            line += f"L{x} {base - dice.randint(14, 44)}"
            x += dice.randint(10, 24)
            line += f"L{x} {base - dice.randint(-4, 8)}"
        parts.append(f'<path d="{line}V180z" fill="{ground}" opacity="{opacity}"/>')
    return "".join(parts)


_MOTIFS: tuple[Callable[[random.Random, str], str], ...] = (_hills, _sea, _towers, _pines, _peaks)
