"""Which of many fixed texts stand somewhere in another: in one pass, however many there are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")
FEW = 48
"""So many are found faster one by one than by a pass."""
SIZES = (8, 4)
CHUNK = 64 * 1024
"""Characters that are cut into blocks at a time, so that a long text takes no memory besides its own."""
_BLOCKS = {size: re.compile(f".{{{size}}}", re.DOTALL) for size in SIZES}


class Needles(Generic[T]):
    """Fixed texts, each with whom it belongs to. Others may look while one adds.

    The text is cut into blocks of one size. Whatever is twice as long, less one, covers a whole block wherever it
    stands, so it is enough to know the blocks that each needle can cover. What is too short for that is few: secrets of
    people, and not of machines.
    """

    def __init__(self) -> None:
        self._owners: dict[str, tuple[T, ...]] = {}
        self._singles: tuple[str, ...] = ()
        self._tables: dict[int, dict[str, tuple[str, ...]]] = {size: {} for size in SIZES}

    def add(self, needle: str, owner: T) -> None:
        is_new = needle not in self._owners
        self._owners[needle] = (*self._owners.get(needle, ()), owner)
        if not is_new:
            return
        size = next((size for size in SIZES if len(needle) >= 2 * size - 1), 0)
        if size == 0 or len(self._singles) < FEW:
            self._singles = (*self._singles, needle)
            return
        table = self._tables[size]
        for block in {needle[at : at + size] for at in range(size)}:
            table[block] = (*table.get(block, ()), needle)

    def owners(self, text: str) -> list[T]:
        """Of every needle that stands in ``text``, each once."""
        found = [needle for needle in self._singles if needle in text]
        found += [needle for needle in self._likely(text) if needle in text]
        return list(dict.fromkeys(owner for needle in found for owner in self._owners[needle]))

    def _likely(self, text: str) -> Iterator[str]:
        for size, table in self._tables.items():
            blocks: set[str] = set()
            for start in range(0, len(text), CHUNK) if table else ():
                blocks |= table.keys() & _BLOCKS[size].findall(text, start, start + CHUNK)
            yield from {needle for block in blocks for needle in table[block]}
