"""QR codes as the path of an SVG, so that a template draws them and nothing has to be trusted as markup."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from msgspec import Struct

QUIET = 4
"""Modules of light around it; without them cameras do not find it."""


class Qr(Struct, frozen=True):
    """``size`` is the side in modules, light border included; ``path`` draws the dark ones, one unit each."""

    size: int
    path: str


def qr(text: str) -> Qr:
    """Of any address that fits; the smallest code with medium error correction or better."""
    import segno  # few who look at a page sign in, and it takes a megabyte

    rows = [list(map(bool, row)) for row in segno.make_qr(text, error="m").matrix]
    return Qr(len(rows) + 2 * QUIET, "".join(_drawn(rows)))


def _drawn(rows: Iterable[list[bool]]) -> Iterator[str]:
    for y, row in enumerate(rows, start=QUIET):
        x = QUIET
        for is_dark, run in groupby(row):
            length = len(list(run))
            if is_dark:
                yield f"M{x} {y}h{length}v1h-{length}z"
            x += length
