"""Events of one viewer and one title folded anew, beside the plays that came of them then: which ends are missing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from scrobbled.core.watching.ends import ViewingSpan, span_of
from scrobbled.core.watching.events import EventKind, PlaybackEvent
from scrobbled.core.watching.fold import REMEMBERED, fold
from scrobbled.core.watching.sessions import Duplicate, Rules, Session, SessionVerdict, Unwanted, Watched


class PlayThere(Struct, frozen=True):
    """A play that exists. ``at`` is when it was watched, ``None`` where nobody knows."""

    at: datetime | None


class RefoldEvent(Struct, frozen=True):
    """One event, as it came in. ``event`` is ``None`` where it is not this viewer's, or its body is no longer kept."""

    id: int
    event: PlaybackEvent | None
    received_at: datetime
    play: PlayThere | None = None
    unwanted: str | None = None
    """Why this viewer does not want it at all."""
    kind: EventKind | None = None
    """What is left of an event whose body is no longer kept."""
    rules: Rules | None = None
    """Where others hold for it than for the rest."""


class Ending(Struct, frozen=True):
    """An end of a viewing. Another end within ``span`` is of the same viewing."""

    step: RefoldEvent
    verdict: Watched
    duration_ms: int | None
    span: ViewingSpan

    @property
    def gap(self) -> timedelta:
        return self.span.gap


class Refolded(Struct, frozen=True):
    """``missing`` are the ends that no play stands for; ``session`` is as it is after the last event."""

    session: Session
    verdicts: dict[int, SessionVerdict]
    missing: tuple[Ending, ...]


def refold(steps: Iterable[RefoldEvent], rules: Rules) -> Refolded:
    """Fold ``steps``, which are in the order in which they came, as if they came now. Pure.

    Where an event that once completed a play belongs, by ``rules``, to a viewing that ended before, that play stands
    for that viewing: one that was counted later than it would be today is not counted twice.
    """
    session = Session()
    verdicts: dict[int, SessionVerdict] = {}
    missing: list[Ending] = []
    for step in steps:
        if step.event is None or step.unwanted is not None:
            if step.unwanted is not None:
                verdicts[step.id] = Unwanted(step.unwanted)
            session = _remembered(session, step)
            continue
        before = session
        session, verdict = fold(before, step.event, step.rules or rules, step.received_at)
        verdicts[step.id] = verdict
        if step.play is None and isinstance(verdict, Watched):
            missing.append(Ending(step, verdict, session.duration_ms, span_of(before, session, step.event)))
        elif step.play is not None and not isinstance(verdict, Watched):
            if isinstance(verdict, Duplicate) and missing:
                missing.remove(_nearest(missing, step.event.occurred_at))
            session = learned(session, step.play)
    return Refolded(session, verdicts, tuple(missing))


def _remembered(session: Session, step: RefoldEvent) -> Session:
    if step.kind is not None:
        session = replace(session, last_kind=step.kind, last_at=step.received_at)
    return session if step.play is None else learned(session, step.play)


def learned(session: Session, play: PlayThere) -> Session:
    """``session`` with a viewing more that it did not see the end of."""
    if play.at is None:
        return replace(session, undated=True)
    if play.at in session.finishes:
        return session
    over = session.last_at is None or play.at >= session.last_at
    restarted = session.restarted and not over
    finishes = (*session.finishes, play.at)[-REMEMBERED:]
    return replace(session, finishes=finishes, restarted=restarted, ended_on="")


def _nearest(endings: list[Ending], at: datetime) -> Ending:
    return min(endings, key=lambda ending: abs(ending.verdict.at - at))
