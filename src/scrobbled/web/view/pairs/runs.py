"""Runs of pairs, for the page: how each came out, how far it is, and its changes one by one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from scrobbled.core.agreeing.plan import read_id
from scrobbled.core.sending.change import left_out
from scrobbled.core.words.outcomes import told
from scrobbled.desk import words
from scrobbled.desk.facts.pairs import PairStory, RunStory
from scrobbled.desk.facts.run_words import asked_for, between, with_names
from scrobbled.desk.pairs.lines import SLOW, WORKING, RunProgress, TempoStory
from scrobbled.web.view.looks import Look
from scrobbled.web.view.moments import moment
from scrobbled.web.view.pairs import deeds, run_kinds
from scrobbled.web.view.pairs.run_items import OutcomeFilter, chips
from scrobbled.web.view.pairs.run_kinds import KindRow

LOOKS = {
    "done": Look("ok", "check", "done"),
    "nothing": Look("calm", "check", "nothing to do"),
    "incomplete": Look("held", "alert", "incomplete"),
    "approval": Look("need", "alert", "needs your approval"),
    "refused": Look("held", "stop", "refused"),
    "cancelled": Look("calm", "undo", "cancelled"),
    "failed": Look("dead", "cross", "failed"),
}
WROTE = ("done", "incomplete")
"""Outcomes of runs that put on its way what there was to do."""
DELIVERING = Look("waiting", "sync", "delivering")
ASKING = Look("need", "alert", "needs you")
PARKED = Look("waiting", "clock", "waits for a catalogue")
PLANNED = Look("calm", "clock", "only planned")
"""A plan that wanted a yes until another run came."""
PHASES = {
    "asked": Look("waiting", "clock", "waits for its turn"),
    "reading": Look("waiting", "sync", "reading both sides"),
    "comparing": Look("waiting", "sync", "comparing"),
    "queueing": Look("waiting", "sync", "filling the queue"),
    "cancelling": Look("waiting", "clock", "being cancelled"),
}
CAUSES = {"schedule": "on schedule", "sync": "started by hand", "import": "an import"}


class ProgressBar(Struct, frozen=True):
    """``percent`` is from 0 to 100. ``lines`` say how it goes at each tracker, ``left`` how long it takes yet."""

    percent: int
    text: str
    left: str
    lines: list[str]


class RunPage(Struct, frozen=True):
    """``progress`` is ``None`` where nothing is on its way. ``cause`` and ``asked_for`` say whose wish it was."""

    look: Look
    title: str
    ran: RunStory | None
    """What came of a yes to its plan."""
    cause: str
    asked_for: str
    reason: str
    left_out: str
    """What one side has and the other keeps none of."""
    progress: ProgressBar | None
    steps: list[str]
    """How far reading is, where that takes long."""
    is_live: bool
    """It still changes by itself."""
    can_cancel: bool
    can_undo: bool
    button: str
    """What saying yes to its plan does; empty where it asks nothing."""
    chips: list[OutcomeFilter]
    kinds: list[KindRow]
    requests: str


def rows(found: Sequence[RunStory], pairs: Sequence[PairStory]) -> list[tuple[RunStory, Look]]:
    """Of a list: only the last run of a pair can still want something, unless a person has declined."""
    last = {pair.last.id for pair in pairs if pair.last and pair.pause is None}
    return [(run, look(run) if run.id in last else _past(run)) for run in found]


def _past(run: RunStory) -> Look:
    return PLANNED if run.outcome == "approval" else look(run)


def look(run: RunStory) -> Look:
    """Delivering is a part of it for people, though the run is over by then."""
    if run.phase != "ended":
        return PHASES.get(run.phase, PHASES["asked"])
    if run.outcome in WROTE and run.outcomes.get("queued"):
        return DELIVERING
    if run.outcome in WROTE and deeds.asking(run.changes):
        return ASKING
    if run.outcome in WROTE and run.outcomes.get("parked"):
        return PARKED
    return LOOKS.get(run.outcome, LOOKS["failed"])


def summary(run: RunStory) -> str:
    """What came of it, in one line."""
    counts = deeds.planned(run.planned)
    if run.outcome == "approval":
        would = deeds.deed(counts)
        return f"Would {would[0].lower()}{would[1:]}" if would else f"Nothing was changed yet: {_why(run)}"
    if run.outcome in ("failed", "refused"):
        return told(_why(run))
    if run.outcome == "cancelled":
        done = run.outcomes.get("delivered", 0)
        return f"{words.plural(done, 'change')} made, then cancelled" if done else "Nothing was changed"
    if run.outcome == "nothing":
        return _undecided(run) or "; ".join(("Both sides agree", *left_out(run.planned)))
    if run.phase == "ended" and not run.outcomes.get("queued"):
        return "; ".join((_made(run), *_unread(run)))
    return deeds.deed(counts) or _asked(run) or "A run is under way"


def _made(run: RunStory) -> str:
    """By what became of its changes; what was only planned says nothing of that."""
    return deeds.made(run.changes) or _asked(run) or "Nothing was left to do"


def _why(run: RunStory) -> str:
    return with_names(run.reason, run.pair)


def _unread(run: RunStory) -> list[str]:
    """What a run did without."""
    return [_why(run)] if run.outcome == "incomplete" else []


def _undecided(run: RunStory) -> str:
    count = deeds.asked(run.planned)
    return f"Nothing new, {words.plural(count, 'thing')} for you to decide" if count else ""


def _asked(run: RunStory) -> str:
    count = deeds.asked(run.planned)
    return f"Found {words.plural(count, 'thing')} for you to decide" if count else ""


def took(seconds: float | None) -> str:
    """ "12 s", "3 min"; empty where that is not known."""
    if seconds is None:
        return ""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60):,} min" if seconds < 5_400 else f"{seconds / 3_600:.1f} h"


def page(found: RunProgress, ran: RunStory | None, now: datetime, *, is_last: bool = True) -> RunPage:
    """``ran`` is the run that does what this one has only planned; ``is_last`` of its pair."""
    run = found.run
    wants = is_last and run.outcome == "approval" and _holds(run.plan_id or "", now) and ran is None
    waiting = run.outcomes.get("queued", 0) + run.outcomes.get("parked", 0)
    under_way = run.ended is None or (run.outcome in WROTE and waiting > 0)
    done = run.outcomes.get("delivered", 0)
    return RunPage(
        look=look(run) if is_last else _past(run),
        title="You approved this plan" if ran else _title(run) if is_last else _past_title(run),
        ran=ran,
        cause=CAUSES.get(run.cause, run.cause),
        asked_for=asked_for(run.options, run.pair),
        reason=told(_why(run)),
        left_out=words.sentence(left_out(run.planned)),
        progress=progress(found, now),
        steps=[step.text for step in run.steps],
        is_live=under_way or run.phase == "cancelling",
        can_cancel=under_way,
        can_undo=bool(run.total) and (done > 0 or run.outcome == "cancelled"),
        button=(deeds.button(deeds.planned(run.planned)) or "Do what it says") if wants else "",
        chips=chips(found.changes),
        kinds=run_kinds.rows(run),
        requests=run_kinds.requests(run.requests),
    )


def moving(run: RunStory) -> int:
    """How many changes it has, without what a person is asked."""
    return run.total - run.outcomes.get("held", 0)


def _holds(plan_id: str, now: datetime) -> bool:
    """Whether somebody can still say yes to it."""
    try:
        return read_id(plan_id)[0] > now
    except ValueError:
        return False


def _title(run: RunStory) -> str:
    names = between(run.pair)
    if run.outcome in WROTE and not run.outcomes.get("queued"):
        return _made(run)
    if run.outcome in WROTE:
        return f"Delivering: {run.done:,} of {moving(run):,}"
    titles = {
        "nothing": _undecided(run) or f"{names} agree",
        "approval": "This plan needs your approval",
        "refused": "The plan no longer holds",
        "cancelled": "Cancelled",
        "failed": f"{names} could not be compared",
    }
    return titles.get(run.outcome) or {
        "asked": "It waits for its turn",
        "reading": f"Reading {names}",
        "comparing": f"Comparing {names}",
    }.get(run.phase, "Filling the queue")


def _past_title(run: RunStory) -> str:
    return "Only planned: another run came since" if run.outcome == "approval" else _title(run)


def progress(found: RunProgress, now: datetime) -> ProgressBar | None:
    """``None`` where nothing is on its way."""
    run = found.run
    if not found.tempos or run.phase not in ("ended", "queueing"):
        return None
    total = moving(run)
    percent = 100 * run.done // total if total else 0
    lines = [_tempo(tempo, now) for tempo in found.tempos]
    return ProgressBar(percent, f"{run.done:,} of {total:,} done", _left(found.seconds_left), lines)


def _left(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"about {words.span(seconds)} left" if seconds >= 60 else "less than a minute left"


def _tempo(tempo: TempoStory, now: datetime) -> str:
    """ "Serializd: 892 wait, 3.1 a second"; where it stands still, why."""
    head = f"{words.name(tempo.tracker)}: {words.plural(tempo.waiting, 'change')} on the way"
    if tempo.state not in WORKING:
        return f"{head}. {told(tempo.reason)} They are kept and sent when it works again."
    last = moment(tempo.last, now)
    if last is not None and (now - last.at).total_seconds() > SLOW:
        return f"{head}, the last one was done {last.ago}"
    return f"{head}, {_rate(tempo.a_second)}" if tempo.a_second else head


def _rate(a_second: float) -> str:
    return f"{a_second:.1f} a second" if a_second >= 1 else f"{a_second * 60:.0f} a minute"
