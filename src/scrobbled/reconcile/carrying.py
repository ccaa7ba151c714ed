"""A plan goes into the outbox, and out of it where it is cancelled: a little at a time, and nothing of it twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

from scrobbled.core.agreeing.ledger import Link
from scrobbled.core.agreeing.plan import Action, Change, other
from scrobbled.core.errors import ScrobbledError
from scrobbled.core.kinds import KINDS, PLAYS, KindShape
from scrobbled.core.naming.corrections import corrected
from scrobbled.core.records import Subject
from scrobbled.plumbing.clock import Clock
from scrobbled.reconcile.deciding import Compared
from scrobbled.reconcile.pairs import Sides, pieces
from scrobbled.reconcile.sheets import Lined
from scrobbled.store.file.database import Store
from scrobbled.store.mirror import ledger
from scrobbled.store.queue import additions, amendments, cancelling, corrections
from scrobbled.store.queue.amendment import Details, Inverse, NewAmendment

PIECE = 50
"""Rows in one transaction."""
CHANGES = 20
"""New ones in one transaction: each takes some ten statements."""
LINKS = 150
PIECES = 40
"""So many of ``PIECE`` are taken out of the queue again before others get their turn: that takes about a second."""
WakeAccounts = Callable[[frozenset[tuple[str, str]]], None]


class Cancelled(ScrobbledError):
    """Somebody cancelled the run while it was at work."""


class Carrier:
    """``wake`` is called, after each commit, with the accounts for which something waits.

    ``full`` says why there may be no room for a change: such a one is held.
    """

    def __init__(
        self, sides: Sides, *, store: Store, clock: Clock, wake: WakeAccounts, full: Callable[[Change], str]
    ) -> None:
        self._sides, self._store, self._clock, self._wake, self._full = sides, store, clock, wake, full

    async def write_links(self, found: Sequence[Link]) -> None:
        """What was read and found to be the same: true whether or not the plan is carried out."""
        viewer, pair, now = self._sides.viewer, self._sides.pair, self._now()
        for links in pieces(found, LINKS):
            await self._store.write(lambda db, links=links: ledger.put_links(db, viewer, pair, links, now), bulk=True)  # type: ignore[misc]

    async def write_values(self, compared: Compared) -> None:
        """As ``write_links``."""
        viewer, pair, now = self._sides.viewer, self._sides.pair, self._now()
        for values in pieces(list(compared.values.items()), PIECE):
            await self._store.write(
                lambda db, values=values: ledger.put_values(db, viewer, pair, dict(values), now),  # type: ignore[misc]
                bulk=True,
            )

    async def queue(self, run: int, compared: Compared) -> int:
        """Returns how many are new: what waits for an answer, or was left out by a person, is not asked again.

        Raises ``Cancelled``, and what is in the queue by then is taken out by whoever cancelled.
        """
        new = 0
        for piece in pieces(compared.plan.changes, CHANGES):

            def work(db: sqlite3.Connection, piece=piece) -> int:  # type: ignore[no-untyped-def]
                _go_on(db, run)
                return sum(self._put(db, run, change, compared.lined) for change in piece)

            new += await self._store.write(work, bulk=True)
            self._wake(frozenset(self._sides.account(change.side) for change in piece))
        return new

    async def reached(self, run: int, compared: Compared, policy: str) -> None:
        """Everything that was read so far is compared, and what came of it is in the queue. Raises ``Cancelled``.

        Where something left the queue meanwhile, everything is compared once more the next time.
        """
        sides, now = self._sides, self._now()

        def work(db: sqlite3.Connection) -> None:
            _go_on(db, run)
            before = ledger.state(db, sides.viewer, sides.pair)
            agreed = ledger.count_agreed(db, sides.viewer, sides.pair)
            holds = cancelling.stamp(db, sides.viewer, sides.pair) == compared.extent.stamp
            after = ledger.PairState(
                policy if holds else "", *compared.extent.revs, before.based_at or now, now, agreed
            )
            ledger.save_state(db, sides.viewer, sides.pair, after)

        await self._store.write(work)

    def _put(self, db: sqlite3.Connection, run: int, change: Change, lined: Lined) -> bool:
        if change.action == Action.ADD:
            return additions.add(db, self._wanted(change, lined), run, self._now())
        before, wish = amendments.newest(db), self._wish(run, change, lined)
        return not self._is_ignored(db, wish) and amendments.add(db, wish, self._now()) > before

    def _is_ignored(self, db: sqlite3.Connection, wish: NewAmendment) -> bool:
        """Whether a person said that it is never sent anywhere: it would only be asked for again in every run."""
        if wish.subject is None or wish.details.as_is:
            return False
        known = corrections.in_force(db, wish.viewer)
        return corrected(wish.subject.item, wish.viewer, known).is_ignored

    def _wanted(self, change: Change, lined: Lined) -> additions.NewAddition:
        holder = other(change.side)
        found, subject = lined.stored.get((holder, change.source)), lined.subjects[holder, change.key]
        at = None if found is None or change.undated else found.record.at or found.record.made_at
        assert at is not None or change.undated, "what has no date is added as such, or not at all"
        return additions.NewAddition(
            viewer=self._sides.viewer,
            holder=self._sides.name(holder),
            record=change.source or f"watched {change.key}",
            target=self._sides.name(change.side),
            item=subject.item,
            watched_at=at,
            runtime=subject.runtime,
            play=None if found is None else found.play,
            undated=change.undated,
        )

    def _wish(self, run: int, change: Change, lined: Lined) -> NewAmendment:
        return NewAmendment(
            viewer=self._sides.viewer,
            tracker=self._sides.name(change.side),
            kind=change.kind,
            action=str(change.action),
            key=change.key,
            label=change.label,
            details=self._details(change, lined),
            subject=_subject(change, lined),
            before=change.before,
            after=change.after,
            why=change.why,
            ask=change.ask,
            run=run,
            undoes=int(change.target) if change.action == Action.UNTICK else None,
            inverse=_inverse(change, lined),
            full=self._full(change),
        )

    def _details(self, change: Change, lined: Lined) -> Details:
        here = lined.stored.get((change.side, change.target))
        # what side a calls by another name is placed under the corrections, and what side b does is not
        as_is = change.side == "a" or (change.side, change.key) in lined.subjects
        if change.kind != PLAYS:
            return Details(value=change.value, rated_at=change.at, as_is=as_is)
        if change.action in (Action.TICK, Action.UNTICK):
            return Details(at=change.at, as_is=as_is)
        assert here is not None, "a play that is to be changed was read"
        retimed = change.action == Action.RETIME
        return Details(
            remote_id=change.target,
            watched_at=change.at if retimed else here.record.at or here.record.made_at,
            rewatch=change.rewatch,
            stamp=here.record.stamp if change.action == Action.REMOVE else "",
            as_is=as_is,
        )

    def _now(self) -> float:
        return self._clock.now().timestamp()


async def take_out(store: Store, run: int, now: float) -> bool:
    """What a cancelled run has put into the queue; of a large one a part. Whether that was all."""
    for _ in range(PIECES):
        if not await store.write(lambda db: cancelling.take_out(db, run, now, PIECE)):
            return True
    return False


def _go_on(db: sqlite3.Connection, run: int) -> None:
    if cancelling.is_over(db, run):
        raise Cancelled("the run was cancelled")


def _inverse(change: Change, lined: Lined) -> Inverse | None:
    """What takes back another time, or other details: those before. Everything else tells its own."""
    kind = KINDS[change.kind]
    if kind.shape is KindShape.REGISTER and change.was is not None:
        return Inverse(kind.put, Details(value=change.was, rated_at=change.was_at))
    if kind.shape is KindShape.SET:
        action = kind.cleared if change.was is None else kind.put
        return Inverse(action, Details(value=change.was, rated_at=change.was_at))
    if change.action != Action.RETIME:
        return None
    before = lined.stored[change.side, change.target].record.at
    return Inverse("retime", Details(remote_id=change.target, watched_at=before))


def _subject(change: Change, lined: Lined) -> Subject:
    """As the tracker that is written knows it, else as the other one does."""
    return lined.subjects.get((change.side, change.key)) or lined.subjects[other(change.side), change.key]
