"""Keeps the collector from looking through what is being made again and again."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from dataclasses import dataclass

NEVER = 1_000_000_000
"""Looks at what is young until what is old is looked at as well."""


@dataclass
class _Blocks:
    """Those that are under way, and how often what is old was looked at before the first of them."""

    open: int = 0
    usual: int = 10


_BLOCKS = _Blocks()


@contextlib.contextmanager
def young_only() -> Iterator[None]:
    """Until the end of the block garbage is looked for among what is young alone. Blocks may overlap.

    A look at all that a large reading or comparison is made of stops the whole process for a sixth of a second, and
    webhooks with it. Nothing of it refers to itself, so that it is freed as soon as nobody has it; what a request
    leaves behind is found while it is young. What was frozen at the start stays so.
    """
    young, middle, old = gc.get_threshold()
    if not _BLOCKS.open:
        _BLOCKS.usual = old
    _BLOCKS.open += 1
    gc.set_threshold(young, middle, NEVER)
    try:
        yield
    finally:
        _BLOCKS.open -= 1
        if not _BLOCKS.open:
            gc.set_threshold(young, middle, _BLOCKS.usual)
