"""Numbers as servers and templates write them."""

from typing import Any

import pytest

from scrobbled.plumbing.fields import decimal


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("40011", 40011.0),
        (" 7\n", 7.0),
        ("\x1d40011", 40011.0),
        ("7\u2003", 7.0),
        ("-1.5", -1.5),
        (3, 3.0),
        ("", None),
        ("4 0", None),
        ("S01", None),
        (True, None),
        (None, None),
    ],
)
def test_a_number_is_read_whatever_blank_stands_around_it(written: Any, number: float | None) -> None:
    assert decimal(written) == number
