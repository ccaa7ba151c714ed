"""Whether a play that is due is sent, and what becomes of it otherwise. Decided here, and nowhere else.

``judge`` decides before the write, ``failed`` after one that did not succeed, ``missing`` after the tracker was asked
for one whose answer was lost. ``delivery`` finds out what they are given, and books what they say.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.errors import Candidate, NoLongerThere, NotInCatalogue, Refused, TrackerError, Uncertain
from scrobbled.core.kinds import Kind
from scrobbled.core.sending.safety import Trip, WriteLimits, judge_item
from scrobbled.core.words.outcomes import PlayOutcome
from scrobbled.core.words.reasons import Code, Reason, same_viewing_as, taken_back_as

ANOTHER_CORRECTION = "a correction was set or removed meanwhile"
READ_THERE = Reason("the tracker holds it already, as was read there", Code.READ_THERE)
NEVER_SENT = "it was never sent, so there is nothing to take back"
NEVER_SET = "it is not certain that the tick is ours, so it stays"
CANNOT = Reason("this tracker lets nobody change what it holds; change it there yourself", Code.NOT_TAKEN)
NO_UNDATED = Reason("this tracker takes no play without a date", Code.NOT_TAKEN)
NO_TICKS = Reason("this tracker holds nothing without a date; drop it, or enter it there yourself", Code.NOT_TAKEN)
DAY = timedelta(days=1)
NotTaken = NotInCatalogue | Uncertain | Refused
"""Errors that concern one play and not the account."""


class Send(Struct, frozen=True):
    """It is sent."""

    rewatch: bool = False


class Settled(Struct, frozen=True):
    """It has reached this outcome."""

    outcome: PlayOutcome
    reason: str = ""
    remote_id: str = ""
    """The tracker's handle of the viewing, where it is known."""
    candidates: tuple[Candidate, ...] = ()


class Gone(Struct, frozen=True):
    """It is not due any more, and nothing is to be booked."""


class LookUp(Struct, frozen=True):
    """It may be there by a write that nobody remembers: the tracker is asked before it is sent."""


class Later(Struct, frozen=True):
    """Nothing was written; the same again after ``wait`` seconds."""

    reason: str
    wait: float = 0.0


class Doubt(Struct, frozen=True):
    """It may have been written, though no answer came: the tracker is asked before it is sent again."""

    reason: str


class Apart(Struct, frozen=True):
    """Refused together with others, nobody knows because of which; again at once, in smaller company."""


class Absent(Struct, frozen=True):
    """Proven not to be there; sent again after ``wait`` seconds."""

    wait: float = 0.0


class AskAgain(Struct, frozen=True):
    """Not found by the read at ``read_at``, Unix seconds; one ``settle`` seconds later decides."""

    read_at: float
    settle: float


Verdict = Send | Settled | Gone | LookUp | Trip | Later | Doubt | Apart | Absent | AskAgain


class Seen(Struct, frozen=True):
    """What this account has, had, or is about to get of the same film or episode. Plays are told by their ids."""

    waits: bool = True
    """False where the play is no longer to be sent: somebody dropped or held it meanwhile."""
    undone: int | None = None
    """The play that is the same viewing and was taken back."""
    twin: int | None = None
    """The play that is the same viewing, and is there or on its way."""
    there: str | None = None
    """The handle of a record of the tracker that is the same viewing, as it was last read."""
    rewatch: bool = False
    """There is an earlier viewing."""
    near: frozenset[int] = frozenset()
    """Other changes that are plays of the same within a day before and after."""


class Place(Struct, frozen=True):
    """A play of this account, with where the tracker keeps it (``Address.key``) and when it will be there."""

    change: int
    play: int
    key: str
    at: datetime | None
    """``None`` where nobody knows; whatever there is of the thing says then that it was watched."""


class Case(Struct, frozen=True):
    """All that is known of a play that is due."""

    left_out: str = ""
    """Why a correction keeps it from this tracker; empty where none does."""
    not_located: Settled | None = None
    """What it comes to where the tracker has no place for it. Not asked for what is left out."""
    seen: Seen = Seen()
    restored: bool = False
    """It came out of a backup, and may have been delivered since."""
    approved: bool = False
    """A person wants it sent."""


def judge(case: Case, limits: WriteLimits) -> Send | Settled | Gone | LookUp | Trip:
    """What becomes of a play that is due: the first of these that fits. What is there already is refused here."""
    seen = case.seen
    if case.left_out:
        return Settled(PlayOutcome.UNWANTED, case.left_out)
    if case.not_located is not None:
        return case.not_located
    if not seen.waits:
        return Gone()
    if seen.undone is not None:
        return Settled(PlayOutcome.UNDONE, taken_back_as(seen.undone))
    if seen.twin is not None:
        return Settled(PlayOutcome.ALREADY_THERE, same_viewing_as(seen.twin))
    if seen.there is not None:
        return Settled(PlayOutcome.ALREADY_THERE, READ_THERE, seen.there)
    if case.restored:
        return LookUp()
    too_many = None if case.approved else judge_item(1 + len(seen.near), limits)
    return too_many or Send(seen.rewatch)


def beside(seen: Seen, this: Place, gap: timedelta, others: Sequence[Place]) -> Seen:
    """``seen`` with what the same write carries already; viewings of one thing lie at least ``gap`` apart."""
    same = [other for other in others if other.key == this.key]
    if this.at is None:
        twin = next((other.play for other in same), None)
        return replace(seen, twin=twin if seen.twin is None else seen.twin)
    at, dated = this.at, [(other, other.at) for other in same if other.at is not None]
    twin = next((other.play for other, when in dated if abs(when - at) < gap), None)
    return replace(
        seen,
        twin=twin if seen.twin is None else seen.twin,
        rewatch=seen.rewatch or any(when < at for _, when in dated),
        near=seen.near | {other.change for other, when in dated if abs(when - at) <= DAY},
    )


def not_taken(error: NotTaken) -> Settled:
    """What the tracker's no to one play means."""
    if isinstance(error, Uncertain):
        return Settled(PlayOutcome.UNMATCHED, error.coded, candidates=error.candidates)
    if isinstance(error, NoLongerThere):
        return Settled(PlayOutcome.UNWANTED, error.coded)
    return Settled(PlayOutcome.PARKED if isinstance(error, NotInCatalogue) else PlayOutcome.DEAD, error.coded)


def failed(error: TrackerError, *, begun: bool, alone: bool) -> Doubt | Later | Settled | Apart:
    """What becomes of each play of a write that failed; ``begun``: its point of no return was passed.

    ``Doubt`` and ``Later`` are trouble of the whole account.
    """
    if error.in_doubt and begun:
        return Doubt(error.coded)
    if not isinstance(error, NotInCatalogue | Uncertain | Refused):
        return Later(error.coded)
    return not_taken(error) if alone else Apart()


def missing(missed_at: float | None, read_at: float, *, settle: float, wait: float) -> Absent | AskAgain:
    """What becomes of a play in doubt that a complete read at ``read_at`` does not find (Unix seconds).

    A service may show late what it has taken. ``missed_at`` is when an earlier read missed it.
    """
    if missed_at is not None and read_at - missed_at >= settle:
        return Absent(wait)
    return AskAgain(read_at, settle)


def needless(
    action: str, kind: Kind, *, written: PlayOutcome | None, is_ours: bool, amends: Set[Kind], ticks: bool
) -> Settled | None:
    """What an amendment comes to where nothing is to be asked of a tracker that ``amends`` these; ``None`` elsewhere.

    ``written`` is what became of the play that it takes back, where it takes one; ``is_ours``: we set the tick.
    """
    if written not in (None, PlayOutcome.DELIVERED):
        return Settled(PlayOutcome.DELIVERED, NEVER_SENT)
    if action == "untick" and not is_ours:
        return Settled(PlayOutcome.DELIVERED, NEVER_SET)
    if action in ("tick", "untick"):
        return None if ticks else Settled(PlayOutcome.DEAD, NO_TICKS)
    return None if kind in amends else Settled(PlayOutcome.DEAD, CANNOT)


def outdated(verdict: Verdict) -> Verdict:
    """What is left of a verdict where a correction was set or removed meanwhile: the play is looked up again at once.

    What was done stays so, and so does a refusal.
    """
    if isinstance(verdict, Later):
        return Later(verdict.reason)
    if not isinstance(verdict, Settled):
        return Gone()
    if verdict.outcome in (PlayOutcome.PARKED, PlayOutcome.UNMATCHED):
        return Later(ANOTHER_CORRECTION)
    return verdict if verdict.outcome in (PlayOutcome.DELIVERED, PlayOutcome.DEAD) else Gone()
