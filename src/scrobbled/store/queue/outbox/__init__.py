"""The durable queue of changes, the only road to a tracker.

``state`` is an outcome code. ``phase`` refines ``queued``: empty, ``in-flight`` (a write that must not be repeated has
begun) or ``in-doubt`` (it began and its answer is missing: it must be read back before any repeat).
"""

from scrobbled.core.words.reasons import TAKEN_BACK
from scrobbled.store.queue.outbox.booking import (
    clear_doubt,
    doubt,
    doubt_in_flight,
    doubt_restored,
    locate,
    mark_restored,
    missed,
    note,
    postpone,
    settle,
)
from scrobbled.store.queue.outbox.decisions import approve, drop, leave_out, plays_of, send_again, start_anew
from scrobbled.store.queue.outbox.likeness import is_on_its_way, same_viewing, taken_back, watched_before, within_a_day
from scrobbled.store.queue.outbox.waiting import NEVER_LATER, OutboxChange, coming, due, in_doubt, next_due
from scrobbled.store.queue.verbs import PLAYS
from scrobbled.store.queue.words import (
    AGAIN,
    CANCELLED,
    DONE,
    DROPPED,
    IN_DOUBT,
    IN_FLIGHT,
    INTERRUPTED,
    OF_A_CANCELLED_RUN,
    SET_FREE,
    TO_BE_TAKEN_BACK,
)

__all__ = [
    "AGAIN",
    "CANCELLED",
    "DONE",
    "DROPPED",
    "INTERRUPTED",
    "IN_DOUBT",
    "IN_FLIGHT",
    "NEVER_LATER",
    "OF_A_CANCELLED_RUN",
    "SET_FREE",
    "TAKEN_BACK",
    "TO_BE_TAKEN_BACK",
    "OutboxChange",
    "approve",
    "begin",
    "clear_doubt",
    "coming",
    "doubt",
    "doubt_in_flight",
    "doubt_restored",
    "drop",
    "due",
    "in_doubt",
    "is_on_its_way",
    "leave_out",
    "locate",
    "mark_restored",
    "missed",
    "next_due",
    "note",
    "plays_of",
    "postpone",
    "release",
    "retry",
    "same_viewing",
    "send_again",
    "settle",
    "start_anew",
    "taken_back",
    "waits",
    "watched_before",
    "within_a_day",
]
begin, release, retry, waits = PLAYS.begin, PLAYS.release, PLAYS.retry, PLAYS.waits
