"""Colours that go together, for made-up posters."""

from __future__ import annotations

from dataclasses import dataclass

from scrobbled.sandbox.posters.canvas import Colour


@dataclass(frozen=True, slots=True)
class Palette:
    """``sky`` above fades into ``air``; ``dark`` is for what is near, ``warm`` for what the eye is to find."""

    sky: Colour
    air: Colour
    far: Colour
    near: Colour
    dark: Colour
    warm: Colour
    light: Colour


def _palette(*colours: str) -> Palette:
    return Palette(*((int(c[:2], 16), int(c[2:4], 16), int(c[4:], 16)) for c in colours))


PALETTES = (
    _palette("0f2a47", "2f6f86", "1d4f6b", "173c57", "0a1c31", "f4a940", "f6ead2"),
    _palette("f2d9b1", "f7ecd6", "d98f5c", "b4552f", "3d1f16", "d6402b", "fff8ea"),
    _palette("f4c95d", "f9e7b4", "7fa45c", "4d7c45", "1f3b2a", "d9502e", "fffbe9"),
    _palette("12343b", "3f7d78", "2c5f60", "1c484c", "081f25", "ff8f5a", "f3e9d2"),
    _palette("2b1b4d", "8a4f8f", "5b3a7d", "3f2864", "170d2e", "ffc857", "f7e9ff"),
    _palette("7a1f2b", "d4584a", "a63a3c", "5e1622", "2a0a11", "ffd27a", "fff0df"),
    _palette("bfe3ea", "eaf6f3", "7fb7c4", "3c7f95", "123a4b", "e8643c", "ffffff"),
    _palette("e9794b", "f7c07d", "b6543f", "7c3436", "33151f", "fff1c9", "fff6e3"),
    _palette("1b1d2a", "4a5069", "343950", "262a3d", "0c0e17", "7fd1ae", "eef1f6"),
    _palette("1d3a2f", "6f9a6c", "3f6b52", "29513f", "0e221b", "f2b84b", "f4f1dd"),
    _palette("3a2417", "a86b3c", "7a4a2b", "54321e", "1f120b", "f5c16c", "fbeedb"),
    _palette("c9c4e6", "f3e6ee", "8f86c4", "5c5499", "241f4a", "ef6f6c", "ffffff"),
)
