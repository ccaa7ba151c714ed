"""What an event changes besides adding plays: ratings, ticks without a date, and plays that are to go again."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from scrobbled.core.kinds import KINDS, PLAYS, RATINGS, Scope
from scrobbled.core.naming.items import Item
from scrobbled.core.records import Subject, identity
from scrobbled.core.watching.events import EventKind, PlaybackEvent
from scrobbled.core.watching.sessions import Session
from scrobbled.core.words.outcomes import WAITING, EventOutcome, PlayOutcome
from scrobbled.intake.claimants import MARKS_OFF, RATINGS_OFF, Claimant, Taken
from scrobbled.store.queue import amendments, outbox, ticks, undoing
from scrobbled.store.queue.amendment import Amendment, Details, NewAmendment
from scrobbled.store.queue.undoing import Sent

REPEATED = timedelta(minutes=1)
"""The same rating once more within this is a second hook, or a server that stutters."""
NOT_OURS = frozenset({PlayOutcome.ALREADY_THERE, PlayOutcome.ECHO, PlayOutcome.UNWANTED, PlayOutcome.UNDONE})


def rated(
    db: sqlite3.Connection, event: PlaybackEvent, event_id: int, claimant: Claimant, received_at: datetime
) -> Taken:
    """Each tracker that keeps ratings of such a thing gets this one; of several the last one stands."""
    assert event.item is not None
    if not claimant.ratings:
        return Taken(event_id, EventOutcome.UNWANTED, RATINGS_OFF)
    wishes = [_rating(event, event_id, claimant, way.tracker) for way in claimant.ways if way.rates(event.item)]
    if not wishes:
        return Taken(event_id, EventOutcome.UNWANTED, "no tracker keeps this rating")
    news = [wish for wish in wishes if not _is_repeated(db, wish, received_at)]
    if not news:
        return Taken(event_id, EventOutcome.DUPLICATE, "the same rating again")
    return _wished(db, news, event_id, received_at)


def marked(
    db: sqlite3.Connection,
    event: PlaybackEvent,
    event_id: int,
    claimant: Claimant,
    received_at: datetime,
    session: Session,
) -> Taken:
    """Somebody marked it as watched, and marks are no plays here. What was watched is ticked off with its play."""
    assert event.item is not None
    if claimant.marks == "ignore":
        return Taken(event_id, EventOutcome.UNWANTED, MARKS_OFF)
    if session.finishes or session.undated:
        return Taken(event_id, EventOutcome.DUPLICATE, "marked, and watched already")
    able = [way.tracker for way in claimant.ways if way.ticks and event.item.media in way.takes]
    if not able:
        return Taken(event_id, EventOutcome.UNWANTED, "no tracker ticks off without a date")
    taken = _wished(db, [_tick(event, event_id, claimant, name) for name in able], event_id, received_at)
    unable = [way.tracker for way in claimant.ways if way.tracker not in able]
    if not unable:
        return taken
    reason = f"ticked off at {' and '.join(able)}; {' and '.join(unable)} cannot do that without a date"
    return replace(taken, reason=reason)


def unwatched(
    db: sqlite3.Connection, event: PlaybackEvent, event_id: int, claimant: Claimant, received_at: datetime
) -> Taken:
    """The newest play of it that we brought to each tracker goes again, as ``removals`` says; no other ever does.

    Where we brought none, but ticked it off, the tick is taken back.
    """
    assert event.item is not None
    if claimant.marks == "ignore":
        return Taken(event_id, EventOutcome.UNWANTED, MARKS_OFF)
    if claimant.removals == "ignore":
        return Taken(event_id, EventOutcome.UNWANTED, "removals are ignored")
    ours = list(_newest(db, claimant, event.item))
    ticks = list(_ticked(db, event, event_id, claimant, {sent.tracker for sent in ours}))
    if not ours and not ticks:
        return Taken(event_id, EventOutcome.UNWANTED, "no play of it is ours")
    ask, now = claimant.removals == "ask", received_at.timestamp()
    for tick in ticks:
        _untick(db, tick, event_id, now, ask=ask)
    for sent in ours:
        if not ask and sent.state is not PlayOutcome.DELIVERED and not sent.phase:
            outbox.settle(db, sent.id, PlayOutcome.UNDONE, outbox.TAKEN_BACK, now)
        elif amendments.of_change(db, sent.id) is None:
            amendments.add(db, removal(sent, "marked as not watched", ask=ask, event_id=event_id), now)
    trackers = (*(sent.tracker for sent in ours), *(tick.wish.tracker for tick in ticks))
    return Taken(event_id, EventOutcome.ACCEPTED, "", (), frozenset((claimant.viewer, name) for name in trackers))


def removal(sent: Sent, why: str, *, ask: bool = False, event_id: int | None = None) -> NewAmendment:
    """That a play we sent goes again from the tracker it was sent to."""
    return NewAmendment(
        viewer=sent.viewer,
        tracker=sent.tracker,
        kind=PLAYS,
        action="remove",
        key=sent.address_key or "",
        label=sent.label,
        details=Details(remote_id=sent.remote_id, watched_at=sent.watched_at),
        subject=Subject(sent.address_key or "", sent.item.media, sent.item),
        why=why,
        ask=ask,
        play_id=sent.play_id,
        change_id=sent.id,
        event_id=event_id,
    )


def _newest(db: sqlite3.Connection, claimant: Claimant, item: Item) -> Iterator[Sent]:
    """For each tracker the change of the newest play of ``item``, where that was sent by us or waits to be."""
    plays = undoing.plays_of(db, claimant.viewer, item)
    for way in claimant.ways:
        changes = (sent for play in plays for sent in undoing.sent(db, undoing.of_plays(db, [play])))
        here = (sent for sent in changes if sent.tracker == way.tracker and sent.state not in NOT_OURS)
        yield from (sent for sent in [next(here, None)] if sent is not None)


def _ticked(
    db: sqlite3.Connection, event: PlaybackEvent, event_id: int, claimant: Claimant, played: Collection[str]
) -> Iterator[Amendment]:
    """For each tracker but those of ``played`` the tick of it that we have set, or are about to."""
    able = (way.tracker for way in claimant.ways if way.ticks and way.tracker not in played)
    found = (ticks.standing(db, _tick(event, event_id, claimant, tracker)) for tracker in able)
    yield from (tick for tick in found if tick is not None)


def _untick(db: sqlite3.Connection, tick: Amendment, event_id: int, now: float, *, ask: bool) -> None:
    """What was not sent yet is there nowhere, so nobody has to be asked."""
    if tick.state in WAITING and not tick.attempts:
        amendments.settle(db, tick.id, PlayOutcome.UNDONE, outbox.TAKEN_BACK, now)
    else:
        amendments.add(db, untick(tick, "marked as not watched", ask=ask, event_id=event_id), now)


def untick(tick: Amendment, why: str, *, ask: bool = False, event_id: int | None = None) -> NewAmendment:
    """That a tick we set is taken back."""
    wish = tick.wish
    return NewAmendment(
        viewer=wish.viewer,
        tracker=wish.tracker,
        kind=wish.kind,
        action="untick",
        key=wish.key,
        label=wish.label,
        subject=wish.subject,
        why=why,
        ask=ask,
        undoes=tick.id,
        event_id=event_id,
    )


def _wished(db: sqlite3.Connection, wishes: Sequence[NewAmendment], event_id: int, received_at: datetime) -> Taken:
    for wish in wishes:
        amendments.add(db, wish, received_at.timestamp())
    accounts = frozenset((wish.viewer, wish.tracker) for wish in wishes)
    return Taken(event_id, EventOutcome.ACCEPTED, "", (), accounts)


def _rating(event: PlaybackEvent, event_id: int, claimant: Claimant, tracker: str) -> NewAmendment:
    is_set = event.kind is EventKind.RATED and event.rating is not None
    subject = _subject(event)
    return NewAmendment(
        viewer=claimant.viewer,
        tracker=tracker,
        kind=RATINGS,
        action=KINDS[RATINGS].put if is_set else KINDS[RATINGS].cleared,
        key=subject.key,
        label=subject.label(),
        details=Details(value=event.rating, rated_at=event.occurred_at) if is_set else Details(),
        subject=subject,
        after=str(event.rating) if is_set else "",
        why=f"rated on {event.source}",
        event_id=event_id,
    )


def _tick(event: PlaybackEvent, event_id: int, claimant: Claimant, tracker: str) -> NewAmendment:
    subject = _subject(event)
    return NewAmendment(
        viewer=claimant.viewer,
        tracker=tracker,
        kind=PLAYS,
        action="tick",
        key=subject.key,
        label=subject.label(),
        subject=subject,
        why=f"marked as watched on {event.source}",
        event_id=event_id,
    )


def _subject(event: PlaybackEvent) -> Subject:
    """Named as pairs name it, else as its source keeps it."""
    assert event.item is not None
    scope: Scope = event.scope or event.item.media
    subject = Subject("", scope, event.item)
    return replace(subject, key=identity(subject) or f"{scope} {event.session_key()}")


def _is_repeated(db: sqlite3.Connection, wish: NewAmendment, received_at: datetime) -> bool:
    last = amendments.last_like(db, wish)
    if last is None or last.state is PlayOutcome.UNDONE:
        return False
    same = (last.wish.action, last.wish.details.value) == (wish.action, wish.details.value)
    return same and abs(received_at.timestamp() - last.created_at) <= REPEATED.total_seconds()
