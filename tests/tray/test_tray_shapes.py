"""What the icon looks like: told apart by the shape alone, also small, also in grey."""

from __future__ import annotations

from itertools import combinations

import pytest
from PIL import ImageChops

from scrobbled.cli.tray.icon import picture
from scrobbled.cli.tray.shapes import SHAPES, SIDE, Light


def test_every_light_has_a_shape_that_stays_within_its_square() -> None:
    assert set(SHAPES) == set(Light)
    for primitives in SHAPES.values():
        for one in primitives:
            assert all(0 <= value <= SIDE for point in one.points for value in point)
            assert (one.kind == "line") == (one.width > 0)


@pytest.mark.parametrize("side", [16, 22, 64])
@pytest.mark.parametrize(("one", "other"), list(combinations(Light, 2)))
def test_two_lights_differ_by_a_tenth_of_the_icon_without_any_colour(one: Light, other: Light, side: int) -> None:
    """Ink and area are drawn in two greys that are the same for all: what is left is the shape."""
    bare = [[_grey(part) for part in SHAPES[light]] for light in (one, other)]
    first, second = (picture(parts, side).convert("LA").convert("L") for parts in bare)
    counts = ImageChops.difference(first, second).histogram()
    assert sum(counts[64:]) >= side * side / 10


def _grey(part):  # type: ignore[no-untyped-def]
    from msgspec.structs import replace

    return replace(part, colour="#909090" if part.points[0][0] < 10 or part.kind == "polygon" else "#ffffff")


def test_it_is_drawn_on_nothing_in_the_size_that_is_asked_for() -> None:
    for light in Light:
        drawn = picture(SHAPES[light], 22)
        assert (drawn.size, drawn.mode) == ((22, 22), "RGBA")
        assert drawn.getpixel((0, 0)) == (0, 0, 0, 0) or light is Light.SILENT
        assert drawn.getbbox() is not None
