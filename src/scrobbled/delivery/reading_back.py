"""When the answer to a write is lost: the tracker is asked whether it took the play, before that is sent again."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from scrobbled.core.errors import TrackerError
from scrobbled.core.sending.judge import Absent, Settled, missing
from scrobbled.core.sending.retry import reading_pause
from scrobbled.core.watching.plays import rounded
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.delivery.account import TrackerAccount
from scrobbled.delivery.booking import Booking, Judged
from scrobbled.store.mirror import viewings
from scrobbled.store.queue import outbox
from scrobbled.store.queue.outbox import OutboxChange
from scrobbled.trackers.base import Addition, Address, Receipt

AT_ONCE = 500
IN_A_ROW = 3
"""So many lost answers one after the other are looked into before anything else is written."""
SOON = 3_600.0
"""Seconds: what is to be read back within them is read along with what is due, as it costs no more."""
log = structlog.get_logger("deliver")


class ReadingBack:
    """Reads back what is in doubt. Tell it of every write whose answer was ``lost``, and that one was ``answered``."""

    def __init__(self, account: TrackerAccount, books: Booking) -> None:
        self._account, self._books = account, books
        self._not_before = 0.0
        """While others are to be sent (monotonic seconds)."""
        self._in_a_row = 0

    def lost(self) -> None:
        self._in_a_row += 1

    def answered(self) -> None:
        self._in_a_row = 0

    def goes_before(self, changes: Sequence[OutboxChange]) -> bool:
        """A read-back may take as long as a hundred writes, so with others to be sent it waits for more to read."""
        waited = self._account.clock.monotonic() >= self._not_before
        return not changes or waited or self._in_a_row >= IN_A_ROW

    async def carry_out(self, now: float, *, others_wait: bool) -> None:
        """Settle what is in doubt at ``now`` (Unix seconds): found is delivered, missed twice is sent again."""
        whose, until = (self._account.viewer, self._account.name), now + SOON if others_wait else now
        doubts = await self._account.store.read(lambda db: outbox.in_doubt(db, *whose, until, AT_ONCE))
        begun = self._account.clock.monotonic()
        try:
            receipts = await self._account.tracker.adds.find_plays(await self._as_sent(doubts))
        except TrackerError as error:
            await self._account.trouble(error)
            return
        ended = self._account.clock.monotonic()
        self._not_before, self._in_a_row = ended + reading_pause(ended - begun), 0
        judged = [self._judged(change, receipt, now) for change, receipt in zip(doubts, receipts, strict=True)]
        await self._books.book(judged)
        await self._account.succeeded()
        self._tell(judged)

    def _judged(self, change: OutboxChange, receipt: Receipt | None, now: float) -> Judged:
        if receipt is not None:
            return Judged(change, Settled(PlayOutcome.DELIVERED, "found when read back", receipt.remote_id))
        settle, wait = self._account.tracker.can.settle, self._account.own_wait(change.attempts)
        return Judged(change, missing(change.missed_at, now, settle=settle, wait=wait))

    async def _as_sent(self, doubts: Sequence[OutboxChange]) -> list[Addition]:
        undated = [change.id for change in doubts if change.watched_at is None]
        others = await self._account.store.read(lambda db: {id_: viewings.others_of(db, id_) for id_ in undated})
        return [self._addition(change, others.get(change.id, frozenset())) for change in doubts]

    def _addition(self, change: OutboxChange, known: frozenset[str]) -> Addition:
        assert change.address_key is not None
        address = Address(change.address_key, change.address or {}, change.how)
        at = change.watched_at and rounded(change.watched_at, self._account.tracker.can.precision)
        return Addition(change.id, address, at, change.rewatch, undated=change.undated, known=known)

    def _tell(self, judged: Sequence[Judged]) -> None:
        found = sum(isinstance(one.verdict, Settled) for one in judged)
        absent = sum(isinstance(one.verdict, Absent) for one in judged)
        counts = {"found": found, "absent": absent, "asked_again": len(judged) - found - absent}
        log.info("doubt read back", action="read-back", account=self._account.health.subject, **counts)
