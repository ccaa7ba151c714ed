"""What left the library of a pair, with all that is known of it: laid out for ``core``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from scrobbled.core.agreeing.leaving import LibraryStand, OwnEntry, is_away, together
from scrobbled.core.agreeing.ledger import Departure, Policy
from scrobbled.core.agreeing.plan import Side, other
from scrobbled.core.kinds import COLLECTION, ITEMS, Kind
from scrobbled.reconcile.pairs import Sides
from scrobbled.store.file.codec import instant
from scrobbled.store.file.database import Store
from scrobbled.store.mirror import library, records
from scrobbled.store.mirror.records import GONE
from scrobbled.store.mirror.values import MirroredValue
from scrobbled.store.queue import written


class Departures(Struct, frozen=True):
    """Of one library side. ``libraries`` are by the names that its items tell (``ValueRecord.places``)."""

    libraries: Mapping[str, LibraryStand]
    own: Mapping[str, OwnEntry]
    """What we entered at the other side, by canonical key."""
    read_at: datetime
    """When the last complete reading of the library side began."""
    removals_percent: float

    def of(self, canon: str, held: Sequence[Mapping[Kind, MirroredValue]], theirs: datetime | None) -> Departure | None:
        """``held`` is what the library tells, by each key that it has for the thing; ``theirs`` the time of the other
        side's entry. ``None`` of what may still be there.
        """
        lost = [one for told in held for kind in (ITEMS, COLLECTION) if (one := told.get(kind))]
        items = [told[ITEMS] for told in held if ITEMS in told]
        if not items or any(one.missed < GONE for one in lost):
            return None
        since = min(instant(one.since) for one in items)
        names = {name for one in items for name in one.places}
        own = self.own.get(canon)
        return Departure(
            libraries=frozenset(name.partition("/")[2] for name in names),
            is_believed=bool(names) and self.read_at > since and not any(self._is_away(name, since) for name in names),
            is_ours=own is not None and own.is_still(theirs),
        )

    def _is_away(self, name: str, since: datetime) -> bool:
        return is_away(self.libraries.get(name, LibraryStand()), since, self.removals_percent)


async def departures(store: Store, sides: Sides, made: Policy, here: Side) -> Departures | None:
    """``None`` where nothing is removed for it, so that nothing has to be known."""
    if made.removal(COLLECTION) == "ignore" or made.way(COLLECTION) == "off":
        return None
    account, there = sides.account(here), sides.account(other(here))
    stands, own, state = await store.read(
        lambda db: (
            library.stands(db, account, sides.pair),
            written.entered(db, there, COLLECTION),
            records.state(db, account),
        )
    )
    told: dict[str, list[LibraryStand]] = {}
    for names, stand in stands:
        for name in names:
            told.setdefault(name, []).append(stand)
    libraries = {name: together(some) for name, some in told.items()}
    return Departures(libraries, own, instant(state.full_at), made.removals_percent)
