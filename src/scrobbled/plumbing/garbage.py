"""Keeps the collector from looking through what is being made again and again."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def set_aside() -> Iterator[None]:
    """What the block makes is not looked through until ``give_back``; it is freed as ever when nobody has it.

    A look at a million objects stops the whole process for a fifth of a second, and webhooks with it; in what a
    comparison is made of nothing refers to itself, so nothing would be found.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def give_back() -> None:
    """At the end of a run, when what it made is gone."""
    gc.unfreeze()
