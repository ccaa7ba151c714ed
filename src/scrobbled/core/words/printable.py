"""Text of others for terminals and log files: titles may hold commands to a terminal."""

from __future__ import annotations

import re

_CONTROLS = re.compile(
    "\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""All that moves the cursor, colours, rings or turns the reading direction; tabs and line ends stay."""


def printable(text: str) -> str:
    r"""``text`` with what a terminal would act upon written out, like ``\u001b``; within JSON it stays JSON."""
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
