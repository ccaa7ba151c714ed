"""What left the library of a pair, with all that is known of it: laid out for ``core``. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from scrobbled.core.agreeing.leaving import LibraryStand, OwnEntry, is_away, together
from scrobbled.core.agreeing.ledger import Departure
from scrobbled.core.kinds import COLLECTION, ITEMS, Kind
from scrobbled.store.file.codec import instant, unlisted
from scrobbled.store.mirror.library import ItemStand
from scrobbled.store.mirror.records import GONE
from scrobbled.store.mirror.values import MirroredValue


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


def stands_of(items: Iterable[ItemStand]) -> dict[str, LibraryStand]:
    """How each library stands, by its name. What is in several counts for each."""
    there, lost = Counter[str](), Counter[str]()
    since: dict[str, float] = {}
    for one in items:
        if one.missed:
            lost[one.names] += one.agreed
        else:
            there[one.names] += 1
            since[one.names] = min(one.since, since.get(one.names, one.since))
    told: dict[str, list[LibraryStand]] = defaultdict(list)
    for names in there | lost:
        at = instant(since[names]) if names in since else None
        for name in unlisted(names):
            told[name].append(LibraryStand(there[names], lost[names], at))
    return {name: together(some) for name, some in told.items()}
