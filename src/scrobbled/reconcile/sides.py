"""A pair of accounts by name, and how what is known of it is taken a little at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from msgspec import Struct

from scrobbled.core.names import called
from scrobbled.core.plan import Side
from scrobbled.store.records import Account

T = TypeVar("T")


class Sides(Struct, frozen=True):
    """A pair: whose it is, and the names of its trackers."""

    viewer: str
    a: str
    b: str

    @property
    def pair(self) -> str:
        return f"{self.a},{self.b}"

    @property
    def names(self) -> tuple[str, str]:
        return self.a, self.b

    @property
    def called(self) -> tuple[str, str]:
        """The same for people."""
        return called(self.a), called(self.b)

    def name(self, side: Side) -> str:
        return self.a if side == "a" else self.b

    def account(self, side: Side) -> Account:
        return self.viewer, self.name(side)


def pieces(rows: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))
