"""What one write carries."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from scrobbled.core.corrections import Correction
from scrobbled.store.outbox import Change
from scrobbled.trackers.base import Addition, Address


@dataclass(slots=True)
class Batch:
    """What one write carries, by which corrections, and whether its point of no return was passed."""

    known: tuple[Correction, ...] = ()
    changes: list[Change] = field(default_factory=list)
    additions: list[Addition] = field(default_factory=list)
    begun: bool = False

    def add(self, change: Change, addition: Addition) -> None:
        self.changes.append(change)
        self.additions.append(addition)

    def twin_of(self, address: Address, watched_at: datetime, gap: timedelta) -> int | None:
        """The play in this batch that is the same viewing."""
        for change, addition in zip(self.changes, self.additions, strict=True):
            if addition.address.key == address.key and abs(addition.watched_at - watched_at) < gap:
                return change.play_id
        return None

    def within_a_day(self, address: Address, watched_at: datetime) -> set[int]:
        """Changes in this batch that are plays of the same item within a day before and after."""
        same = [addition for addition in self.additions if addition.address.key == address.key]
        return {addition.id for addition in same if abs(addition.watched_at - watched_at) <= timedelta(days=1)}

    def has_earlier(self, address: Address, watched_at: datetime) -> bool:
        return any(a.address.key == address.key and a.watched_at < watched_at for a in self.additions)
