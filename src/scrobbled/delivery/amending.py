"""Carries out what is to be changed of what a tracker holds; called by its courier when no play waits.

The same way as for plays: due -> find -> judge -> book -> write -> book. But every edit may be repeated, so a lost
answer only means that the same is done again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence, Set
from typing import cast

import structlog
from msgspec import Struct

from scrobbled.core.errors import ListClosed, NotInCatalogue, Refused, TrackerError, Uncertain
from scrobbled.core.kinds import KINDS, Kind, KindShape
from scrobbled.core.naming.corrections import Correction
from scrobbled.core.records import Subject
from scrobbled.core.sending.change import thing
from scrobbled.core.sending.judge import Later, Settled, failed, needless, not_taken
from scrobbled.core.sending.retry import fewer, more, recheck
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.delivery.account import TrackerAccount
from scrobbled.delivery.booking import ANSWERS, answered
from scrobbled.delivery.edits import FoundEdit, Sought, find, locate
from scrobbled.plumbing.behalf import for_run
from scrobbled.plumbing.metrics import Metrics
from scrobbled.store.mirror import ledger, listed
from scrobbled.store.queue import allowances, amendments, corrections, ticks
from scrobbled.store.queue.amendment import Amendment, NewAmendment, in_words
from scrobbled.trackers.base import Edit

AT_ONCE = 100
"""So many go into one batch at most: a play that comes meanwhile waits for its end."""
BEYOND_AT_ONCE = 20
"""The same of what goes one by one to another service, at the pace of that."""
WATCHED_MEANWHILE = Settled(
    PlayOutcome.UNWANTED, "it was watched meanwhile, and what is watched is put on no list; list it there yourself"
)
log = structlog.get_logger("amend")


class _Verdict(Struct, frozen=True):
    """``counted``: what comes later had not begun, but was an attempt."""

    amendment: Amendment
    comes_to: Settled | Later
    counted: bool = False


class Amender:
    """Amends one account. ``changed`` is called after the commit, as by the courier."""

    def __init__(self, account: TrackerAccount, *, metrics: Metrics, changed: Callable[[], None]) -> None:
        self._account, self._tracker, self._store = account, account.tracker, account.store
        self._metrics, self._changed = metrics, changed
        self._most = min(AT_ONCE, self._tracker.can.batch)
        self._most_at_once = self._most

    async def step(self) -> bool:
        """Carry out what is due, one batch of it; false where nothing is."""
        now, whose = self._account.now(), (self._account.viewer, self._account.name)
        due, known = await self._store.read(
            lambda db: (amendments.due(db, *whose, now, self._most_at_once), corrections.in_force(db, whose[0]))
        )
        with for_run(due[0].wish.run if due else None):
            await self._carry_out_due(self._at_once(due), known)
        return bool(due)

    async def _carry_out_due(self, due: Sequence[Amendment], known: Sequence[Correction]) -> None:
        verdicts = await self._needless(due)
        needless = {verdict.amendment.id for verdict in verdicts}
        located = await self._locate([one for one in due if one.id not in needless], known, verdicts)
        found = await self._find(located, verdicts)
        verdicts += [_Verdict(one.sought.amendment, one.edit) for one in found if isinstance(one.edit, Settled | Later)]
        if verdicts:
            await self._book(verdicts)
        ready = [one for one in found if not isinstance(one.edit, Settled | Later)]
        if ready and self._account.rests() <= 0.0:
            await self._carry_out(ready)

    def _at_once(self, due: Sequence[Amendment]) -> Sequence[Amendment]:
        """The account's own first: what goes to another service is none of it, and takes time there."""
        own = [one for one in due if not self._is_beyond(one)]
        return own or due[:BEYOND_AT_ONCE]

    def _is_beyond(self, one: Amendment) -> bool:
        return one.wish.kind in self._tracker.can.beyond

    # -- find, judge --------------------------------------------------------------------------------------------------

    async def _needless(self, due: Sequence[Amendment]) -> list[_Verdict]:
        """Those for which nothing has to be asked of the tracker."""
        watched = await self._watched_meanwhile(due)
        seen = [_Verdict(one, WATCHED_MEANWHILE) for one in due if one.wish.subject in watched and _lists(one)]
        due = [one for one in due if one.id not in {verdict.amendment.id for verdict in seen}]
        unticked = {one.wish.undoes for one in due if one.wish.action == "untick"} - {None}
        ours = await self._store.read(lambda db: _set_by_us(db, unticked)) if unticked else frozenset()
        told = ((one, self._is_needless(one, ours)) for one in due)
        return [*seen, *(_Verdict(one, settled) for one, settled in told if settled is not None)]

    async def _watched_meanwhile(self, due: Sequence[Amendment]) -> Set[Subject | None]:
        """It may have waited long for its place on a list that holds things until they are watched."""
        things = {one.wish.subject for one in due if _lists(one) and one.wish.subject is not None}
        whose = self._account.viewer, self._account.name
        return await self._store.read(lambda db: listed.watched_meanwhile(db, whose, things)) if things else set()

    def _is_needless(self, amendment: Amendment, ours: Set[int]) -> Settled | None:
        wish, written, can = amendment.wish, amendment.written, self._tracker.can
        return needless(
            wish.action,
            wish.kind,
            written=None if written is None else written.state,
            is_ours=wish.action != "untick" or wish.undoes in ours,
            amends=can.amends,
            ticks=can.ticks,
        )

    async def _locate(
        self, wanted: Sequence[Amendment], known: Sequence[Correction], verdicts: list[_Verdict]
    ) -> list[Sought]:
        """Where they go. What nobody could tell is among ``verdicts``, and with trouble nobody is asked any more."""
        located: list[Sought] = []
        down = dict[Kind, TrackerError]()
        for one in wanted:
            if one.wish.kind in down:
                verdicts.append(self._put_off(one, down[one.wish.kind]))
                continue
            try:
                found = await locate(self._account, one, known)
            except (NotInCatalogue, Uncertain, Refused) as error:
                found = not_taken(error)
            except TrackerError as error:
                if self._is_beyond(one):
                    down[one.wish.kind] = error
                    verdicts.append(self._put_off(one, error))
                    continue
                verdicts += await self._later(error, [one])
                if self._account.rests() > 0.0:
                    break
                continue
            if isinstance(found, Settled):
                verdicts.append(_Verdict(one, found))
            else:
                located.append(found)
        return located

    async def _find(self, located: Sequence[Sought], verdicts: list[_Verdict]) -> list[FoundEdit]:
        """Which edits they are; nothing once the account is in trouble."""
        if self._account.rests() > 0.0:
            return []
        try:
            return await find(self._account, located)
        except TrackerError as error:
            verdicts += await self._later(error, [one.amendment for one in located])
            return []

    async def _later(self, error: TrackerError, amendments: Sequence[Amendment]) -> list[_Verdict]:
        """Nothing where the account is in trouble, which is booked."""
        put_off = await self._account.not_looked_up(error, max((one.attempts for one in amendments), default=0))
        return [] if put_off is None else [_Verdict(one, put_off, counted=True) for one in amendments]

    def _put_off(self, amendment: Amendment, error: TrackerError) -> _Verdict:
        return _Verdict(amendment, self._account.put_off(error, amendment.attempts), counted=True)

    # -- write --------------------------------------------------------------------------------------------------------

    async def _carry_out(self, ready: Sequence[FoundEdit]) -> None:
        wanted = await self._store.write(lambda db: _begin(db, ready))
        batch = [one for one in ready if one.sought.amendment.id in wanted]
        if not batch:
            return
        done = [one.sought.amendment for one in batch]
        try:
            results = await self._tracker.amends.amend([cast(Edit, one.edit) for one in batch])
        except TrackerError as error:
            await self._not_carried_out(done, error, beyond=self._is_beyond(done[0]))
            return
        await self._book([_Verdict(one, answered(result)) for one, result in zip(done, results, strict=True)])
        self._most_at_once = more(self._most_at_once, self._most)
        if not self._is_beyond(done[0]):
            await self._account.succeeded()

    async def _not_carried_out(self, batch: Sequence[Amendment], error: TrackerError, *, beyond: bool) -> None:
        if isinstance(error, ListClosed):
            await self._close(error, [one.id for one in batch if one.wish.kind == error.kind])
            return
        self._most_at_once = fewer(len(batch))
        verdict = failed(error, begun=False, alone=len(batch) == 1)
        if isinstance(verdict, Later) and beyond:
            await self._book([_Verdict(one, self._account.put_off(error, one.attempts)) for one in batch])
        elif isinstance(verdict, Later):
            await self._account.trouble(error)
            waits = [self._account.own_wait(one.attempts) for one in batch]
            await self._book([_Verdict(one, Later(error.coded, wait)) for one, wait in zip(batch, waits, strict=True)])
        elif isinstance(verdict, Settled):
            await self._book([_Verdict(batch[0], verdict)])

    async def _close(self, error: ListClosed, refused: Sequence[int]) -> None:
        """Nothing more is sent to that list; a part may have got there, which the next run of a pair reads."""
        account, now = self._account, self._account.now()
        whose = (account.viewer, account.name)
        moves = await self._store.write(lambda db: allowances.close(db, whose, error, refused, now))
        for portion in moves.portions():
            await self._store.write(lambda db, portion=portion: allowances.move(db, portion, now))  # type: ignore[misc]
        self._changed()
        log.warning("list closed", action="amend", account=account.health.subject, kind=error.kind, why=error.reason)
        await account.health.list_closed(error.kind, f"{error.reason}; {len(moves.held):,} wait for room there")

    # -- book ---------------------------------------------------------------------------------------------------------

    async def _book(self, verdicts: Sequence[_Verdict]) -> None:
        now = self._account.now()

        def work(db: sqlite3.Connection) -> list[tuple[Amendment, Settled]]:
            told = (_write_down(db, verdict, now, self._tracker.can.beyond) for verdict in verdicts)
            return [one for one in told if one is not None]

        booked = await self._store.write(work)
        self._changed()
        for one, verdict in booked:
            if verdict.outcome in ANSWERS:
                await self._tell(one, verdict)

    async def _tell(self, amendment: Amendment, answer: Settled) -> None:
        account, outcome, wish = self._account, answer.outcome, amendment.wish
        self._metrics.deliveries.labels(account.viewer, account.name, wish.kind, outcome).inc()
        log.info(
            "amendment",
            action=wish.action,
            amendment=f"a{amendment.id}",
            account=account.health.subject,
            outcome=outcome,
            reason=answer.reason or None,
        )
        if outcome in (PlayOutcome.DEAD, PlayOutcome.UNMATCHED):
            label = f"{wish.label}, {in_words(wish)},"
            told = {"thing": thing(wish.action), "done": "carried out"}
            await account.health.needs_a_person(outcome, label, answer.reason, **told)


def _lists(one: Amendment) -> bool:
    """Whether it puts something on such a list, other than back there where a person says so."""
    kind = KINDS[one.wish.kind]
    return kind.until_watched and one.wish.action == kind.put and one.wish.undoes is None


def _set_by_us(db: sqlite3.Connection, ticked: Iterable[int | None]) -> frozenset[int]:
    """A tick that was there before us, or may have been, is somebody else's."""
    found = (None if id_ is None else amendments.get(db, id_) for id_ in ticked)
    return frozenset(one.id for one in found if one is not None and one.is_set_by_us)


def _begin(db: sqlite3.Connection, ready: Sequence[FoundEdit]) -> set[int]:
    """Announced, with where each goes and which play it is about."""
    for one in ready:
        amendments.located(db, one.sought.amendment.id, one.sought.address.key)
        if one.handle:
            amendments.found(db, one.sought.amendment.id, one.handle)
    return amendments.begin(db, [one.sought.amendment.id for one in ready])


def _write_down(
    db: sqlite3.Connection, verdict: _Verdict, now: float, beyond: Set[Kind]
) -> tuple[Amendment, Settled] | None:
    """What is to be told of it; ``None`` where that was settled before, or comes later."""
    one, comes_to = verdict.amendment, verdict.comes_to
    if isinstance(comes_to, Settled):
        return (one, comes_to) if _settle(db, one, comes_to, now, beyond=beyond) else None
    amendments.postpone(db, one.id, comes_to.reason, now + comes_to.wait, count=verdict.counted)
    return None


def _told(db: sqlite3.Connection, wish: NewAmendment) -> None:
    """Details of what is in a set: what a tracker does not keep of them is not sent again."""
    kind = KINDS[wish.kind]
    if kind.shape is KindShape.SET and wish.action == kind.put and wish.details.value is not None:
        ledger.left_as(db, (wish.viewer, wish.tracker), wish.kind, wish.key, wish.details.value)


def _settle(
    db: sqlite3.Connection, amendment: Amendment, answer: Settled, now: float, *, beyond: Set[Kind] = frozenset()
) -> bool:
    """What is beyond the account, and nobody could tell there, is asked for again."""
    again = answer.outcome is PlayOutcome.UNMATCHED and amendment.wish.kind in beyond
    next_at = now + recheck(amendment.misses + 1) if answer.outcome is PlayOutcome.PARKED or again else 0.0
    if amendment.wish.action == "retime" and answer.outcome is PlayOutcome.DELIVERED and answer.remote_id:
        amendments.moved(db, amendment, answer.remote_id)
    if answer.outcome is PlayOutcome.DELIVERED:
        _told(db, amendment.wish)
    if amendment.wish.action == "tick" and answer.outcome is PlayOutcome.DELIVERED and not answer.reason:
        ticks.left(db, amendment.id, answer.remote_id)
    return amendments.settle(db, amendment.id, answer.outcome, answer.reason, now, next_at=next_at)
