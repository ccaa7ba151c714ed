"""The picture of a QR code is the code itself, with a light border that cameras need."""

import re

import segno

from scrobbled.web.view.qr import QUIET, qr

LINK = "https://auth.trakt.tv/activate/K7WQ2MXD"


def test_the_path_draws_exactly_the_dark_modules() -> None:
    drawn = qr(LINK)
    dark = set()
    for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", drawn.path):
        dark |= {(int(x) + step, int(y)) for step in range(int(length))}
    matrix = segno.make_qr(LINK, error="m").matrix
    wanted = {(x + QUIET, y + QUIET) for y, row in enumerate(matrix) for x, cell in enumerate(row) if cell}
    assert dark == wanted
    assert drawn.size == len(matrix) + 2 * QUIET
    assert set(drawn.path) <= set("Mhvz- 0123456789")


def test_a_long_link_still_fits() -> None:
    assert qr("https://app.plex.tv/auth#?" + "a" * 900).size > 100
