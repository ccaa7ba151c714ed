"""Every play that an account has of given films and episodes, in few requests however many they are."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence

from scrobbled.core.naming.items import Media
from scrobbled.trackers.trakt.answers import HistoryRow
from scrobbled.trackers.trakt.catalogue import Lookups
from scrobbled.trackers.trakt.codec import TraktPlace
from scrobbled.trackers.trakt.paging import PAGE, Asker, Paging
from scrobbled.trackers.trakt.seeking import HISTORY, HistoryRows, NamedRows, PlayFinder

FEW = 3
"""So many requests are sent without asking first whether there is a shorter way."""
WantedItem = tuple[TraktPlace, str]
"""An item, and the handle of a play that may be there: not seeing it is a reason to ask for that item alone."""
RowsOfItem = list[HistoryRow] | None


class ItemPlays:
    """Reads. A play that is not told is not there."""

    def __init__(self, asker: Asker, finder: PlayFinder, lookups: Lookups) -> None:
        self._asker = asker
        self._finder = finder
        self._lookups = lookups

    async def of(self, wanted: Sequence[WantedItem]) -> list[RowsOfItem]:
        """In their order; ``None`` of what Trakt knows by none of its ids."""
        found: dict[int, RowsOfItem] = {}
        for media in dict.fromkeys(place.media for place, _ in wanted):
            groups = _by_title((n for n, (place, _) in enumerate(wanted) if place.media == media), wanted)
            rows = await self._listing(media, len(groups)) if len(groups) > FEW else None
            for group in groups:
                if rows is not None:
                    found |= {n: list(rows.of(wanted[n][0])) for n in group}
                else:
                    found |= await self._of_title(group, wanted)
        return [found[n] for n in range(len(wanted))]

    async def _listing(self, media: Media, titles: int) -> NamedRows | None:
        """All there is of films or episodes, where asking for so many titles would be more requests."""
        path = f"{HISTORY}/{media}s"
        items = Paging.of(await self._asker.get(path, {"page": 1, "limit": 1})).items
        if items is None or math.ceil(items / PAGE) >= titles:
            return None
        return await self._all(path)

    async def _of_title(self, group: Sequence[int], wanted: Sequence[WantedItem]) -> dict[int, RowsOfItem]:
        show = wanted[group[0]][0].show
        trakt = await self._lookups.trakt_id("show", show) if len(group) > 1 else None
        rows = NamedRows(()) if trakt is None else await self._all(f"{HISTORY}/shows/{trakt}")
        found: dict[int, RowsOfItem] = {}
        for n in group:
            place, handle = wanted[n]
            told = list(rows.of(place))
            is_seen = bool(told) and (not handle or handle in {str(row.id) for row in told})
            found[n] = told if is_seen else await self._alone(place)
        return found

    async def _alone(self, place: TraktPlace) -> RowsOfItem:
        trakt = await self._lookups.trakt_id(place.media, place.ids)
        return None if trakt is None else await self._finder.of_item(place.media, trakt)

    async def _all(self, path: str) -> NamedRows:
        found, _ = await self._asker.gather_again(path, {}, HistoryRows, absent=True)
        return NamedRows(found.rows.values())


def _by_title(indexes: Iterable[int], wanted: Sequence[WantedItem]) -> list[list[int]]:
    """Films, shows, and episodes of nobody knows which show."""
    groups: dict[Hashable, list[int]] = {}
    for n in indexes:
        show = wanted[n][0].show
        groups.setdefault(tuple(sorted(show.items())) if show else n, []).append(n)
    return list(groups.values())
