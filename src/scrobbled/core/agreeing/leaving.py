"""What left a library for good, and whether the entry that we made of it on the other side goes with it.

A file that is gone says nothing of what a person wants to have listed, unless that person says so; and a library that
is empty, new or away, or has lost much at once, has lost nothing for good.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from msgspec import Struct

from scrobbled.core.agreeing.guard import PlanLimits, most_removals
from scrobbled.core.agreeing.ledger import ComparedValue, Policy, ValueGroup
from scrobbled.core.agreeing.writing import may_write
from scrobbled.core.kinds import KINDS
from scrobbled.core.sending.change import Change, left, of_side, other

ALIKE = timedelta(days=1)
"""A service may cut the time of an entry, or take its own for it; a person's entry is of another day."""


class LibraryStand(Struct, frozen=True):
    """One library, as it was read last. Several things that are in the same libraries may stand for one of them."""

    there: int = 0
    """Things that it holds."""
    lost: int = 0
    """Things that it held, that are not listed any more, and that the other side still has."""
    since: datetime | None = None
    """At least one thing of it was there all the time since then."""


class OwnEntry(Struct, frozen=True):
    """What we entered: with which time, where we told one, and when."""

    at: datetime | None
    done: datetime

    def is_still(self, at: datetime | None) -> bool:
        """Whether an entry of this time is that one, and no later one of somebody else."""
        return at is None or any(abs(at - told) <= ALIKE for told in (self.at, self.done) if told is not None)


def together(stands: Iterable[LibraryStand]) -> LibraryStand:
    """What several tell of one library."""
    found = LibraryStand()
    for one in stands:
        since = min((at for at in (found.since, one.since) if at is not None), default=None)
        found = LibraryStand(found.there + one.there, found.lost + one.lost, since)
    return found


def is_away(library: LibraryStand, since: datetime, removals_percent: float) -> bool:
    """Whether it is empty, or was not there all the time ``since`` something was missed first, or has lost so much that
    it is rather a disk that is gone.
    """
    if library.since is None or library.since > since:
        return True
    limits = PlanLimits(removals_percent=removals_percent)
    return library.lost > most_removals(library.there + library.lost, limits)


def left_library(group: ValueGroup, policy: Policy) -> ComparedValue:
    """Of what the library of the pair does not hold any more and the other side has."""
    gone, side = group.departed, other(policy.library or "a")
    mine, removal = group.value(side), policy.removal(group.kind)
    if gone is None or mine is None or group.base is None or removal == "ignore":
        return ComparedValue()
    if not may_write(policy.way(group.kind), side):
        return ComparedValue()
    if not gone.is_believed:
        return ComparedValue(left=(left("away", side),))
    if not gone.is_ours or mine.value != of_side(group.base, side):
        return ComparedValue(left=(left("foreign", side),))
    kind = KINDS[group.kind]
    change = Change(
        side=side,
        action=kind.cleared,
        kind=group.kind,
        key=group.key,
        label=group.label,
        before=kind.told(mine.value),
        was=mine.value,
        was_at=mine.at,
        ask=removal == "ask",
        why=f"its last file left {_listed(gone.libraries)} on {{{other(side)}}}",
    )
    return ComparedValue(changes=(change,))


def _listed(titles: Collection[str]) -> str:
    """In the braces of a sentence that is still to be formatted."""
    told = [title.replace("{", "{{").replace("}", "}}") for title in sorted(titles)]
    return f"the library {told[0]}" if len(told) == 1 else "the libraries " + " and ".join(told)
