"""One session lived again: its stored events folded anew, and the plays added that are missing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.naming.identity import same_item
from scrobbled.core.watching.ends import ViewingSpan
from scrobbled.core.watching.events import EventKind, PlaybackEvent
from scrobbled.core.watching.plays import Play
from scrobbled.core.watching.refold import Ending, PlayThere, Refolded, RefoldEvent, learned, refold
from scrobbled.core.watching.sessions import PLAYBACK, Session
from scrobbled.core.words.outcomes import EventOutcome
from scrobbled.intake import breaker
from scrobbled.intake.claimants import Claimant, EventRefusal, Household, Taken, claimed, no_play
from scrobbled.intake.folding import add, play_of_same_viewing, same_viewing, summed_up, told
from scrobbled.plumbing.clock import Clock
from scrobbled.store.file.codec import instant
from scrobbled.store.inbox import archive, events
from scrobbled.store.inbox.archive import StoredEvent, StoredPlay

A_PLAY_ALREADY = "this viewing is a play already"
"""The reason, as ``core.sessions`` gives it."""


class MissingPlay(Struct, frozen=True):
    """A play to be added; ``id`` is known once it is there."""

    play: Play
    event_id: int
    id: int | None = None


class Relived(Struct, frozen=True):
    """What became of the events that were to be run again, and the plays that were missing."""

    outcomes: tuple[tuple[EventOutcome, bool], ...]
    """Of each event, and whether it is another one than before."""
    plays: tuple[MissingPlay, ...]

    @property
    def changes(self) -> bool:
        return bool(self.plays) or any(changed for _, changed in self.outcomes)


class _Heard(Struct, frozen=True):
    """A stored event that belongs to the session, with what is in it today."""

    stored: StoredEvent
    event: PlaybackEvent | None


class _Result(Struct, frozen=True):
    """What one viewer has of the session. ``taken`` are results by event."""

    claimant: Claimant
    session: Session
    taken: dict[int, Taken]
    missing: tuple[Ending, ...]


class Reliving:
    """``event`` tells what is in a stored event today, ``None`` where that cannot be told."""

    def __init__(
        self, household: Household, clock: Clock, event: Callable[[StoredEvent], PlaybackEvent | None]
    ) -> None:
        self._household, self._clock, self._event = household, clock, event
        self._imagined: list[Play] = []

    def look(
        self, db: sqlite3.Connection, session: int, chosen: Sequence[StoredEvent], named: frozenset[int]
    ) -> Relived:
        """What ``change`` would do. ``named`` events are run again although they were booked as duplicates."""
        results = list(self._results(db, session, chosen, named))
        plays = [MissingPlay(_play(result, ending), ending.step.id) for result in results for ending in result.missing]
        return Relived(tuple(self._outcome(stored, results) for stored in chosen), tuple(plays))

    def change(
        self, db: sqlite3.Connection, session: int, chosen: Sequence[StoredEvent], named: frozenset[int]
    ) -> Relived:
        """In one transaction with everything it looked at."""
        chosen = archive.named(db, [stored.id for stored in chosen])
        results = list(self._results(db, session, chosen, named))
        plays = [self._add(db, result, ending) for result in results for ending in result.missing]
        outcomes = tuple(self._outcome(stored, results) for stored in chosen)
        at = self._clock.now().isoformat(timespec="seconds")
        for stored, (outcome, changed) in zip(chosen, outcomes, strict=True):
            event = self._event(stored)
            if changed and event is not None:
                archive.book(db, stored.id, event, outcome, _reason(stored, results), at)
                events.add_detail(db, stored.id, viewers=_per_viewer(stored, results))
        return Relived(outcomes, tuple(plays))

    def imagine(self, found: Relived) -> None:
        """Take these plays for there, from now on, although nothing was changed."""
        self._imagined += [missing.play for missing in found.plays]

    def _results(
        self, db: sqlite3.Connection, session: int, chosen: Sequence[StoredEvent], named: frozenset[int]
    ) -> Iterator[_Result]:
        heard = self._heard(db, session, chosen)
        plays = archive.plays_of(db, [one.stored.id for one in heard])
        wanted, stored = {one.id for one in chosen}, {one.stored.id: one.stored for one in heard}
        for claimant, own in self._by_viewer(heard):
            mine = {play.event_id: play for play in plays if play.viewer == claimant.viewer}
            refolded = refold([_step(one, claimant, mine.get(one.stored.id)) for one in own], claimant.rules)
            yield self._decided(db, claimant, refolded, stored, wanted, named)

    def _heard(self, db: sqlite3.Connection, session: int, chosen: Sequence[StoredEvent]) -> list[_Heard]:
        """All of the session, as it came in: also what today's parser puts elsewhere, for the plays that came of it."""
        there = {stored.id: stored for stored in (*archive.of_session(db, session), *chosen)}
        heard = []
        for stored in sorted(there.values(), key=lambda one: one.arrived):
            event = self._event(stored)
            here = events.session_of(event) == session and not _is_done(stored, event)
            heard.append(_Heard(stored, event if here else None))
        return heard

    def _by_viewer(self, heard: Sequence[_Heard]) -> Iterator[tuple[Claimant, list[_Heard]]]:
        """Each viewer with all of the session, but only what belongs to them can be understood."""
        claims = [self._claims(one.event) for one in heard]
        for claimant in {viewer: found for claim in claims for viewer, found in claim.items()}.values():
            pairs = zip(heard, claims, strict=True)
            yield claimant, [one if claimant.viewer in claim else replace(one, event=None) for one, claim in pairs]

    def _claims(self, event: PlaybackEvent | None) -> dict[str, Claimant]:
        found = None if event is None else claimed(self._household, event)
        return {} if found is None or isinstance(found, EventRefusal) else {one.viewer: one for one in found}

    def _decided(
        self,
        db: sqlite3.Connection,
        claimant: Claimant,
        refolded: Refolded,
        stored: dict[int, StoredEvent],
        wanted: set[int],
        named: frozenset[int],
    ) -> _Result:
        taken = {id_: told(id_, verdict) for id_, verdict in refolded.verdicts.items()}
        missing: list[Ending] = []
        for ending in refolded.missing:
            id_ = ending.step.id
            if id_ not in wanted:
                continue
            if _was_duplicate(stored[id_], claimant.viewer) and id_ not in named:
                taken[id_] = Taken(id_, EventOutcome.DUPLICATE, A_PLAY_ALREADY)
            elif self._is_short(db, claimant, ending):
                taken[id_] = Taken(id_, EventOutcome.UNWANTED, "too short")
            elif twin := self._twin(db, claimant.viewer, ending, missing):
                taken[id_] = Taken(id_, EventOutcome.DUPLICATE, twin)
            else:
                missing.append(ending)
        return _Result(claimant, refolded.session, taken, tuple(missing))

    def _is_short(self, db: sqlite3.Connection, claimant: Claimant, ending: Ending) -> bool:
        """The session may know a runtime from an event whose body is no longer kept."""
        if ending.duration_ms is not None:
            return False
        known = events.load_session(db, _key(claimant, ending.step)).duration_ms
        event = ending.step.event
        shortest = claimant.rules_for(None if event is None else event.item).min_duration_ms
        return known is not None and known < shortest

    def _twin(self, db: sqlite3.Connection, viewer: str, ending: Ending, before: Sequence[Ending]) -> str | None:
        """What to say where another play of this viewer, however it came about, is the same viewing."""
        event = ending.step.event
        assert event is not None
        assert event.item is not None
        if there := play_of_same_viewing(db, viewer, event, ending.span):
            return same_viewing(there)
        item, at = event.item, ending.verdict.at
        alike = [play for play in self._imagined if play.viewer == viewer and same_item(play.item, item)]
        if not event.dated:
            return A_PLAY_ALREADY if any(play.watched_at is None for play in alike) else None
        if any(abs(other.verdict.at - at) < ending.gap for other in before):
            return A_PLAY_ALREADY
        return A_PLAY_ALREADY if any(_is_during(ending.span, at, play) for play in alike) else None

    def _add(self, db: sqlite3.Connection, result: _Result, ending: Ending) -> MissingPlay:
        event, play, key = ending.step.event, _play(result, ending), _key(result.claimant, ending.step)
        assert event is not None
        now = self._clock.now()
        # to the breaker it is news of a viewing long ago, and it is told at this moment
        seen = breaker.arrival_of(replace(event, stale=True), play, replace(ending.verdict, witnessed=False), now)
        taken = add(db, play, ending.step.id, result.claimant, seen, ending.step.received_at)
        live = events.load_session(db, key)
        events.save_session(db, key, _taught(live, result.session, PlayThere(play.watched_at)), now)
        return MissingPlay(play, ending.step.id, taken.plays[0][0])

    def _outcome(self, stored: StoredEvent, results: Sequence[_Result]) -> tuple[EventOutcome, bool]:
        if any(ending.step.id == stored.id for result in results for ending in result.missing):
            return EventOutcome.ACCEPTED, True
        if stored.outcome in (EventOutcome.ACCEPTED, EventOutcome.DUPLICATE):
            return stored.outcome, False
        taken = [result.taken[stored.id] for result in results if stored.id in result.taken]
        if not taken:
            return stored.outcome, False
        outcome, reason = summed_up(taken)
        return outcome, (outcome, reason) != (stored.outcome, stored.reason)


def _is_done(stored: StoredEvent, event: PlaybackEvent | None) -> bool:
    """What changed something else than plays did so when it came: done again, it would undo what came after it."""
    return event is not None and event.kind not in PLAYBACK and stored.kind == event.kind


def _reason(stored: StoredEvent, results: Sequence[_Result]) -> str:
    return summed_up([result.taken[stored.id] for result in results if stored.id in result.taken])[1]


def _per_viewer(stored: StoredEvent, results: Sequence[_Result]) -> dict[str, list[str]]:
    taken = {result.claimant.viewer: result.taken[stored.id] for result in results if stored.id in result.taken}
    return {viewer: [one.outcome, one.reason] for viewer, one in taken.items()}


def _step(one: _Heard, claimant: Claimant, play: StoredPlay | None) -> RefoldEvent:
    there = None
    if play is not None:
        there = PlayThere(None if play.watched_at is None else instant(play.watched_at))
    reason = no_play(one.event, claimant) if one.event else None
    kind = EventKind(one.stored.kind) if one.stored.raw is None and one.stored.kind in PLAYBACK else None
    rules = claimant.rules_for(one.event.item) if one.event else None
    return RefoldEvent(one.stored.id, one.event, instant(one.stored.received_at), there, reason, kind, rules)


def _is_during(span: ViewingSpan, at: datetime, play: Play) -> bool:
    """Whether an end at ``at`` and ``play``, of one title, are of one viewing."""
    if play.watched_at is None:
        return False
    return span.first < play.watched_at < span.last or (play.since or at) < at <= play.watched_at


def _play(result: _Result, ending: Ending) -> Play:
    event = ending.step.event
    assert event is not None
    assert event.item is not None
    watched_at, since = (ending.verdict.at, ending.span.first) if event.dated else (None, None)
    return Play(result.claimant.viewer, event.source, event.item, watched_at, ending.duration_ms, since)


def _key(claimant: Claimant, step: RefoldEvent) -> str:
    assert step.event is not None
    return f"{claimant.viewer}|{step.event.session_key()}"


def _was_duplicate(stored: StoredEvent, viewer: str) -> bool:
    """What was decided for this viewer then, where it is known to differ from what was decided for others."""
    told: dict[str, list[str]] = stored.detail.get("viewers", {})
    outcome = told[viewer][0] if viewer in told else stored.outcome
    return outcome == EventOutcome.DUPLICATE


def _taught(live: Session, refolded: Session, play: PlayThere) -> Session:
    """What is being watched now goes on: whether it began anew is told by all events together."""
    session = learned(live, play)
    same = (live.last_at, live.last_kind) == (refolded.last_at, refolded.last_kind)
    return replace(session, restarted=refolded.restarted) if same else session
