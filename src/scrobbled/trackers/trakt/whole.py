"""The whole history, page by page, gone on with where an earlier read of it broke off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from msgspec import Struct

from scrobbled.core.errors import ContractDrift
from scrobbled.core.kinds import PLAYS
from scrobbled.trackers.given import ListingDraft
from scrobbled.trackers.growing import grown
from scrobbled.trackers.trakt.activity import Activity
from scrobbled.trackers.trakt.answers import HistoryRow, read_history
from scrobbled.trackers.trakt.cursor import Moves
from scrobbled.trackers.trakt.paging import MOST_PAGES, PAGE, REREAD, Asker, Paging, Shifted
from scrobbled.trackers.trakt.records import PlayPages
from scrobbled.trackers.trakt.seeking import HISTORY

MOST_READ = 2 * MOST_PAGES
"""Rows that come twice make more pages than there are plays."""
LONG = 4
"""Pages from which on a listing is kept while it is read."""
NOTICED = 2.0


class ListingHead(Struct, frozen=True):
    """How a listing stood when its first page was read."""

    moves: Moves
    size: str | None
    items: int | None
    first: tuple[int, ...]


class WholeHistory(Struct, frozen=True):
    """All plays; ``items`` as Trakt counts."""

    pages: PlayPages
    items: int | None


class WholeReader:
    """Reads it. ``made`` counts the plays that we have added ourselves, ever.

    Pages fit together by their number alone. What is added while they are read pushes others on, to where they are
    still met; what is removed pulls others past us, and would be taken for gone. So the listing has to be what it was
    at its end, or to have grown by no more than is seen at its top and what we made.
    """

    def __init__(self, asker: Asker, activity: Activity, made: Callable[[], int]) -> None:
        self._asker, self._activity, self._made = asker, activity, made

    async def read(self, moves: Moves, draft: ListingDraft) -> WholeHistory:
        """``moves`` are from just before. Raises ``Shifted`` where it does not hold still."""
        for again in (False, True):
            try:
                return await self._read(moves, draft, again=again)
            except Shifted:
                await draft.drop()
            moves = (await self._activity.now()).on(PLAYS)
        raise Shifted("the Trakt account was being changed while it was read", after=REREAD)

    async def _read(self, moves: Moves, draft: ListingDraft, *, again: bool) -> WholeHistory:
        made = self._made()
        rows, paging = await self._page(1, draft)
        head = ListingHead(moves, paging.shape[0], paging.items, _ids(rows))
        into, number = (PlayPages(), 0) if again else await self._gone_on(head, rows, draft)
        if not number:
            into, number = PlayPages(), 1
            await _begun(draft, head, rows, paging)
        fresh = into.add(rows)
        while not paging.ends(number, fresh):
            number += 1
            rows, paging = await self._page(number, draft)
            if paging.shape[0] != head.size or not _may_be(head.items, paging.items):
                raise Shifted(f"what GET {HISTORY} lists changed while it was read", after=REREAD)
            fresh = into.add(rows)
            if (paging.pages or 0) >= LONG:
                await draft.keep(number, rows)
                await draft.step(number, paging.pages)
            await asyncio.sleep(0)
        return await self._steady(WholeHistory(into, paging.items), head, number, draft, made)

    async def _gone_on(
        self, head: ListingHead, rows: Sequence[HistoryRow], draft: ListingDraft
    ) -> tuple[PlayPages, int]:
        """What an earlier read has kept, and the number of its last page; 0 where that does not fit any more."""
        into, last, kept = PlayPages(), 0, await draft.head(ListingHead)
        more = None if kept is None or kept.size != head.size else grown(kept.first, head.first)
        if kept is None or more is None or not _explains(kept, head, more):
            return into, 0
        first: list[HistoryRow] = []
        ids: tuple[int, ...] = ()
        async for number, page in draft.pages(list[HistoryRow]):
            if number != last + 1:
                break
            into.add(page)
            last, ids, first = number, _ids(page), first or page
        if last < 2:
            return into, 0
        there, paging = await self._page(last, draft)
        if (paging.shape[0], paging.items) != (head.size, head.items) or grown(ids, _ids(there)) != more:
            return into, 0
        into.add(there)
        if more:
            await draft.renew(head, [*rows, *first])
        return into, last

    async def _steady(
        self, found: WholeHistory, head: ListingHead, pages: int, draft: ListingDraft, made: int
    ) -> WholeHistory:
        """What was found, where nothing slipped through meanwhile."""
        if pages <= 1:
            return found
        now = (await self._activity.now()).on(PLAYS)
        if now == head.moves and found.items == head.items:
            return found
        rows, paging = await self._page(1, draft)
        more, ours = grown(head.first, _ids(rows)), self._made() - made
        if more is None or paging.items is None or head.items is None:
            raise Shifted("the top of the history changed while it was read", after=REREAD)
        all_ = paging.items - head.items
        if not more <= all_ <= more + ours or not (all_ or ours):
            raise Shifted("the history changed while it was read", after=REREAD)
        found.pages.add(rows)
        return WholeHistory(found.pages, paging.items)

    async def _page(self, number: int, draft: ListingDraft) -> tuple[list[HistoryRow], Paging]:
        if (rest := self._asker.delay()) > NOTICED:
            await draft.waits(rest)
        params: dict[str, str | int] = {"extended": "full", "page": number, "limit": PAGE}
        answer = await self._asker.get(HISTORY, params, long=True)
        paging = Paging.of(answer)
        if number > MOST_READ or (paging.pages or 0) > MOST_READ:
            raise ContractDrift(f"GET {HISTORY} goes on after {MOST_READ} pages")
        return read_history(answer.json(), answer.what), paging


async def _begun(draft: ListingDraft, head: ListingHead, rows: Sequence[HistoryRow], paging: Paging) -> None:
    if (paging.pages or 0) >= LONG:
        await draft.begin(head)
        await draft.keep(1, rows)


def _ids(rows: Sequence[HistoryRow]) -> tuple[int, ...]:
    return tuple(row.id for row in rows)


def _may_be(before: int | None, now: int | None) -> bool:
    """It may have grown."""
    return before == now if before is None or now is None else now >= before


def _explains(kept: ListingHead, now: ListingHead, more: int) -> bool:
    """Whether the rows at the top are all that came since."""
    if kept.items is None or now.items is None or now.items - kept.items != more:
        return False
    return bool(more) or kept.moves == now.moves
