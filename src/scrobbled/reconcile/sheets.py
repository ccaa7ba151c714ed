"""A part of two mirrors and a ledger while it is laid out, and what it becomes: all that has to be compared."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from msgspec import Struct

from scrobbled.core.agreeing.ledger import AgreedValues, Link, PlayGroup, ValueGroup
from scrobbled.core.agreeing.plan import SIDES, Side
from scrobbled.core.kinds import Kind
from scrobbled.core.records import Subject
from scrobbled.reconcile.libraries import KnownPlays, LibraryView
from scrobbled.reconcile.loading import LoadedSide
from scrobbled.store.mirror.records import MirroredPlay


@dataclass
class Lined:
    """What has to be compared, and what whoever carries the plan out has to know of it."""

    plays: list[PlayGroup] = field(default_factory=list)
    values: list[ValueGroup] = field(default_factory=list)
    subjects: dict[tuple[Side, str], Subject] = field(default_factory=dict)
    """By side and canonical key."""
    stored: dict[tuple[Side, str], MirroredPlay] = field(default_factory=dict)
    """By side and record id, those that are part of ``plays``."""


class AgreedState(Struct, frozen=True):
    """What we and both sides have agreed on and done so far."""

    base: Mapping[tuple[Kind, str], AgreedValues]
    """Values that both were last seen to agree on."""
    moves: Mapping[Side, Mapping[str, str]]
    """Of plays that we moved, the ids they had before."""
    removed: Mapping[Side, Set[str]]
    """Ids of the plays that we removed."""
    any_links: bool


class Beyond(Struct, frozen=True):
    """The side that is a library, and the kinds that it compares whether or not it holds what they are about."""

    side: Side
    kinds: frozenset[Kind]


@dataclass
class PartSheet:
    """One part while it is being laid out."""

    a: LoadedSide
    b: LoadedSide
    links: dict[tuple[Side, str], Link]
    written: AgreedState
    view: LibraryView | None = None
    known: KnownPlays = field(default_factory=KnownPlays)
    beyond: Beyond | None = None

    def half(self, side: Side) -> LoadedSide:
        return self.a if side == "a" else self.b

    def only(self, keys: tuple[list[str], list[str]]) -> frozenset[Kind] | None:
        """The kinds that something is compared for which a library never held; ``None`` for all there are."""
        if self.beyond is None:
            return None
        half, mine = self.half(self.beyond.side), keys[SIDES.index(self.beyond.side)]
        is_held = any(half.rows.get(key) or not half.valued.get(key, {}).keys() <= self.beyond.kinds for key in mine)
        return None if is_held else self.beyond.kinds


def remember(lined: Lined, canon: str, sheet: PartSheet, keys: tuple[list[str], list[str]]) -> Subject:
    """The first subject of that name."""
    for side, mine in zip(SIDES, keys, strict=True):
        for key in mine:
            lined.subjects.setdefault((side, canon), sheet.half(side).subjects[key])
    return next(lined.subjects[side, canon] for side in SIDES if (side, canon) in lined.subjects)
