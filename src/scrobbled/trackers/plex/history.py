"""The viewings that a server remembers: one row for each that was played to its end. Marks leave none."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field

from msgspec import Struct

from scrobbled.clients.plex_lists import LARGE_PAGE, ListGone, ListShifted
from scrobbled.core.errors import LoginNeeded
from scrobbled.core.records import PlayRecord
from scrobbled.plumbing.fields import text
from scrobbled.trackers.copies.entries import place_of
from scrobbled.trackers.plex.codec import instant, seconds
from scrobbled.trackers.plex.cursor import ListMark
from scrobbled.trackers.plex.lists import HISTORY, Peek, history_of, peek, readable, since
from scrobbled.trackers.plex.rows import PlexHistoryRow
from scrobbled.trackers.plex.seats import PlexSeat
from scrobbled.trackers.plex.whole import Step

WATCHABLE = ("movie", "episode")


class HistoryLook(Struct, frozen=True):
    """The newest of the rows of ``account``."""

    account: str
    top: Peek[PlexHistoryRow]


class PlexViewing(Struct, frozen=True, gc=False):
    """A row of it. ``place`` is empty for what was deleted since; ``section`` is the key of the library."""

    id: str
    place: str
    section: str
    at: int
    """Unix seconds."""

    def record(self, key: str) -> PlayRecord:
        return PlayRecord(self.id, key, instant(self.at))


@dataclass(slots=True)
class FoundViewings:
    """``whole`` as long as nothing is missing of it."""

    viewings: dict[str, PlexViewing] = field(default_factory=dict)
    unreadable: int = 0
    whole: bool = True
    cut: bool = False
    """As in ``FoundEntries``."""


async def history_look(seat: PlexSeat, known: str) -> HistoryLook | None:
    """``None`` where this token may not read it. ``known`` is by which the history knew the person before.

    The owner is 1 there, and perhaps the id of plex.tv at some servers: the first that has any rows it is.
    """
    found: list[HistoryLook] = []
    accounts = seat.accounts or ("",)
    for account in sorted(accounts, key=lambda one: one != known):
        try:
            found.append(HistoryLook(account, await peek(seat.client, history_of(account))))
        except (LoginNeeded, ListGone):
            return None
        if not account or any(text(row.account) == account for row in found[-1].top.rows):
            return found[-1]
    return found[0]


async def news_of_history(seat: PlexSeat, look: HistoryLook, before: ListMark) -> FoundViewings | None:
    """What was viewed since; ``None`` where that does not explain what moved."""
    rows = await since(seat.client, look.top, before.floor)
    if rows is None:
        return None
    fresh = before.news((seconds(row.viewed_at) or 0, row) for row in rows)
    found = FoundViewings(whole=False)
    _take(found, rows, seat, look.account)
    explained = before.grown(look.top.mark) in (None, len(fresh))
    return found if explained and not found.unreadable else None


async def whole_history(seat: PlexSeat, account: str, step: Step) -> FoundViewings:
    """All rows of the person, the oldest first, so that what comes meanwhile comes last."""
    try:
        return await _whole(seat, account, step)
    except ListShifted:
        return await _whole(seat, account, step)


async def _whole(seat: PlexSeat, account: str, step: Step) -> FoundViewings:
    asked = history_of(account)
    found, listing, pages = FoundViewings(), seat.client.listing(HISTORY, {**asked.query, "sort": "viewedAt:asc"}), 0
    async for page in listing:
        rows, unreadable = await readable(page, PlexHistoryRow)
        found.unreadable += unreadable
        _take(found, rows, seat, account)
        pages += 1
        await step(pages, None if page.total is None else -(-page.total // LARGE_PAGE))
    found.whole, found.cut = listing.whole and not found.unreadable, not listing.whole
    return found


def _take(found: FoundViewings, rows: Iterable[PlexHistoryRow], seat: PlexSeat, account: str) -> None:
    """What is of films and episodes, and of this person: servers are known that name no account, and none that does
    not say whose a row is.
    """
    for row in rows:
        whose = text(row.account)
        if row.type not in WATCHABLE or (account and whose and whose != account):
            continue
        number, at = text(row.history_key).rpartition("/")[2], seconds(row.viewed_at)
        if not number or at is None or not whose:
            found.unreadable += 1
            continue
        key = text(row.rating_key)
        place = place_of(seat.machine, key) if key else ""
        id_ = f"{seat.machine}/{whose}/{number}/{at}"
        found.viewings[id_] = PlexViewing(id_, place, sys.intern(text(row.library_section)), at)
