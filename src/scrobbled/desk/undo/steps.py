"""What is done to take one thing back: a play at one tracker, or what was amended there."""

from __future__ import annotations

import sqlite3

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.kinds import KINDS, PLAYS, KindShape
from scrobbled.core.naming.names import name
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.core.words.reasons import Code
from scrobbled.intake.ratings_and_ticks import removal
from scrobbled.store.file.codec import iso_or_none
from scrobbled.store.mirror import records, values
from scrobbled.store.queue import amendments, outbox, undoing
from scrobbled.store.queue.amendment import Amendment, Inverse, NewAmendment, usual_inverse
from scrobbled.store.queue.undoing import Sent
from scrobbled.trackers import TRACKERS

PUT_BACK = "its removal was taken back"


class UndoStep(Struct, frozen=True):
    """What happens to one thing at one tracker, for people and scripts; times are ISO 8601 in UTC.

    ``action`` is ``remove`` (it is there, and is taken away), ``restore`` (what was changed gets what it had before,
    and what was removed is added again), ``drop`` (it was not sent yet), ``wait`` (it is just being sent, and taken
    away after that), ``under-way`` (it is being taken back already) or ``leave`` (there is nothing of ours to take
    back).
    """

    id: str
    """``c12`` for a change, ``a5`` for an amendment."""
    play_id: str | None
    viewer: str
    tracker: str
    label: str
    watched_at: str | None
    action: str
    text: str
    waits_for: str = ""
    """What does it at the tracker: ``a7``, or ``c12`` where something is added again. Empty where nothing has to."""


class ChangeToUndo(Struct, frozen=True):
    """A play at one tracker, to be taken back."""

    db: sqlite3.Connection
    change: Sent
    now: float

    def step(self, *, dry_run: bool) -> UndoStep:
        change, there = self.change, name(self.change.tracker)
        if change.state is PlayOutcome.UNDONE and change.code == Code.CANCELLED:
            if not dry_run:
                outbox.leave_out(self.db, change.id, self.now)
            return self._told("drop", f"It was not sent to {there}, and no later run sends it.")
        if change.state is PlayOutcome.UNDONE:
            return self._told("leave", "It is undone already.")
        if change.state is PlayOutcome.DELIVERED or change.phase:
            return self._from_tracker(there, dry_run=dry_run)
        if change.state in (PlayOutcome.ALREADY_THERE, PlayOutcome.ECHO, PlayOutcome.UNWANTED):
            return self._told("leave", f"We did not write it to {there}: {change.reason or change.state}.")
        if not dry_run:
            outbox.settle(self.db, change.id, PlayOutcome.UNDONE, outbox.TAKEN_BACK, self.now)
        return self._told("drop", f"It was not sent to {there} yet, and is not sent any more.")

    def _from_tracker(self, there: str, *, dry_run: bool) -> UndoStep:
        open_ = amendments.of_change(self.db, self.change.id)
        if open_ is not None:
            if not dry_run:
                amendments.for_good(self.db, open_.id)
                amendments.retry(self.db, [open_.id])
            return self._told("under-way", f"It is being taken back from {there} already (a{open_.id}).", open_.id)
        if not _can_remove(self.change.tracker):
            return self._told("leave", f"{there} lets nobody take anything back; remove it there yourself.")
        by = None if dry_run else amendments.add(self.db, removal(self.change, "you took it back"), self.now)
        if self.change.phase:
            return self._told("wait", f"It is just being sent to {there}; after that it is taken back.", by)
        return self._told("remove", f"It is taken back from {there}.", by)

    def _told(self, action: str, text: str, by: int | None = None) -> UndoStep:
        change = self.change
        when = change.watched_at.timestamp() if change.watched_at else None
        whose = (f"p{change.play_id}", change.viewer, change.tracker, change.label, iso_or_none(when))
        return UndoStep(f"c{change.id}", *whose, action, text, f"a{by}" if by else "")


class AmendmentToUndo(Struct, frozen=True):
    """What a run changed, to be set back."""

    db: sqlite3.Connection
    amendment: Amendment
    now: float

    def step(self, *, dry_run: bool) -> UndoStep:
        one, there = self.amendment, name(self.amendment.wish.tracker)
        if one.state is PlayOutcome.UNDONE and one.code == Code.CANCELLED:
            return self._was_cancelled(there, dry_run=dry_run)
        if one.state is PlayOutcome.UNDONE:
            return self._told("leave", "It is undone already.")
        if one.state is PlayOutcome.DELIVERED or one.attempts:
            return self._set_back(there, dry_run=dry_run)
        if not dry_run:
            amendments.settle(self.db, one.id, PlayOutcome.UNDONE, outbox.TAKEN_BACK, self.now)
        return self._told("drop", f"{there} was not changed yet, and is not changed any more.")

    def _was_cancelled(self, there: str, *, dry_run: bool) -> UndoStep:
        if not dry_run:
            amendments.undone(self.db, self.amendment.id)
        if self.amendment.attempts:  # it may be there, though no answer came
            return self._set_back(there, dry_run=dry_run)
        return self._told("drop", f"{there} was not changed, and no later run does it.")

    def _set_back(self, there: str, *, dry_run: bool) -> UndoStep:
        wish = self.amendment.wish
        if wish.action == "remove":
            return self._bring_back(there, dry_run=dry_run)
        if wish.action == "tick" and self.amendment.state is PlayOutcome.DELIVERED and self.amendment.reason:
            return self._told("leave", f"We did not tick it off on {there}: {self.amendment.reason}.")
        if (open_ := amendments.taking_back(self.db, self.amendment.id)) is not None:
            return self._told("under-way", f"It is being set back at {there} already (a{open_.id}).", f"a{open_.id}")
        if why := self._changed_since():
            return self._told("leave", why)
        by = ""
        if not dry_run:
            if self.amendment.state is not PlayOutcome.DELIVERED:
                amendments.settle(self.db, self.amendment.id, PlayOutcome.UNDONE, outbox.TAKEN_BACK, self.now)
            by = f"a{amendments.add(self.db, self._wish(), self.now)}"
        if wish.action == "tick":
            return self._told("remove", f"Its tick is taken back on {there}.{_not_restored(wish.tracker)}", by)
        was = f" to {wish.before}" if wish.before else ""
        return self._told("restore", f"It is set back{was} at {there}.", by)

    def _bring_back(self, there: str, *, dry_run: bool) -> UndoStep:
        """By the change that had brought it there, which goes its ordinary way once more."""
        wish, account = self.amendment.wish, (self.amendment.wish.viewer, self.amendment.wish.tracker)
        change = undoing.bringer(self.db, *account, wish.details.remote_id)
        if change is None:
            why = f"It is not known any more how it came to {there}, so it is not put back; enter it there yourself."
            return self._told("leave", why)
        if not dry_run:
            removed = self.amendment.state is PlayOutcome.DELIVERED
            amendments.undone(self.db, self.amendment.id)
            outbox.send_again(self.db, change, PUT_BACK, self.now, in_doubt=not removed)
            if removed:
                records.take_off(self.db, account, wish.details.remote_id)
        return self._told("restore", f"It is added to {there} again, with the time it had.", f"c{change}")

    def _changed_since(self) -> str:
        """A value that somebody gave there after the run is theirs."""
        wish, key = self.amendment.wish, self.amendment.address_key
        if wish.kind == PLAYS or key is None:
            return ""
        state = records.state(self.db, (wish.viewer, wish.tracker))
        found = values.of_keys(self.db, (wish.viewer, wish.tracker), [key]).get(key, {}).get(wish.kind)
        settled = self.amendment.settled_at
        if found is None or settled is None or state.read_at <= settled or found.value == wish.details.value:
            return ""
        return f"It was changed on {name(wish.tracker)} since, so it is left as it is now."

    def _wish(self) -> NewAmendment:
        wish, inverse = self.amendment.wish, usual_inverse(self.amendment.wish)
        assert inverse is not None, "only a removal has none"
        return NewAmendment(
            viewer=wish.viewer,
            tracker=wish.tracker,
            kind=wish.kind,
            action=inverse.action,
            key=wish.key,
            label=wish.label,
            details=replace(inverse.details, remote_id=wish.details.remote_id, as_is=wish.details.as_is),
            subject=wish.subject,
            before=wish.after,
            after=wish.before,
            why="you took it back",
            play_id=wish.play_id,
            undoes=self.amendment.id,
            inverse=Inverse(wish.action, wish.details) if KINDS[wish.kind].shape is KindShape.SET else None,
        )

    def _told(self, action: str, text: str, by: str = "") -> UndoStep:
        wish = self.amendment.wish
        play = None if wish.play_id is None else f"p{wish.play_id}"
        return UndoStep(f"a{self.amendment.id}", play, wish.viewer, wish.tracker, wish.label, None, action, text, by)


def _not_restored(tracker: str) -> str:
    """What a mark in a library ends, and nothing brings back: no server tells it afterwards."""
    if tracker not in TRACKERS or not TRACKERS[tracker].can().is_library:
        return ""
    return " If it had been begun there, where it was left is not restored: the mark has cleared that."


def _can_remove(tracker: str) -> bool:
    return tracker not in TRACKERS or "plays" in TRACKERS[tracker].can().amends
