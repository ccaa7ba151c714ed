"""A plan for the page, as one reads a diff: what each side gets, one by one, and what is left as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from scrobbled.core.agreeing.outline import Outline
from scrobbled.core.agreeing.plan_words import Manner, PlanPart
from scrobbled.core.agreeing.plan_words import parts as told_parts
from scrobbled.core.records import ViewingsKept
from scrobbled.core.words.outcomes import told
from scrobbled.desk import words
from scrobbled.desk.facts.pairs import RunStory
from scrobbled.desk.facts.run_words import asked_for, between, clock, with_names
from scrobbled.desk.pairs.previews import DECIDE, PlanCount, Preview
from scrobbled.store.notes.shelf import LineStory
from scrobbled.trackers import TRACKERS
from scrobbled.web.view.looks import Look
from scrobbled.web.view.moments import Moment, moment
from scrobbled.web.view.pairs import deeds
from scrobbled.web.view.pairs.run_items import does

LASTS = timedelta(hours=24)
PHASES = ("waiting", "reading", "comparing")


class PlanStep(Struct, frozen=True):
    """Of making a plan: ``state`` is ``done``, ``now`` or ``later``, and ``so_far`` how far it is."""

    text: str
    state: str
    so_far: list[str]


class PlanGroup(Struct, frozen=True):
    """What one side gets of one sort."""

    tracker: str
    action: str
    text: str
    tone: str
    icon: str


class PlanSide(Struct, frozen=True):
    """One side of the pair, with what it would get; ``note`` is what to know of that."""

    name: str
    groups: list[PlanGroup]
    note: str


class PlanPage(Struct, frozen=True):
    """What is made of a preview for people. ``steps`` only while it is made, ``button`` only where there is something
    to do."""

    title: str
    asked_for: str
    steps: list[PlanStep]
    failed: str
    sides: list[PlanSide]
    decisions: int
    only_asks: bool
    button: str
    asks: str
    """Why it would wait for a yes if nobody had looked."""
    warnings: list[str]
    agreed: str
    coming: list[str]
    """What is on its way already, for each tracker."""
    until: Moment | None


def parts(outline: Outline, now: datetime) -> list[PlanPart]:
    """A plan as a run keeps it; the first part says what agrees."""
    pair = ",".join(outline.names)
    manner = Manner(lambda text: with_names(text, pair), lambda text: _when(text, now), "to")
    return [PlanPart(part.heading.rstrip(":"), part.lines) for part in told_parts(outline, manner)]


def _when(text: str, now: datetime) -> str:
    """A day has no zone, and a time is in that of the house."""
    return clock(text, now) if " " in text else words.date(datetime.fromisoformat(text), now)


def page(plan: Preview, now: datetime, coming: Mapping[str, int], ran: RunStory | None) -> PlanPage:
    """``coming`` are the changes that are on their way to each tracker: no plan names them again."""
    counts, made = _counts(plan), moment(plan.ended, now)
    return PlanPage(
        title="You approved this plan" if ran else _title(plan, counts, any(coming.values())),
        asked_for=asked_for(plan.options.stored(), plan.pair),
        steps=[] if plan.ended else _steps(plan),
        failed=told(with_names(plan.reason, plan.pair)) if plan.outcome == "failed" else "",
        sides=[_side(name, plan.groups) for name in plan.pair.split(",")],
        decisions=sum(group.count for group in plan.groups if group.action == DECIDE),
        only_asks=bool(plan.total) and not counts,
        button="" if ran else _button(plan, counts),
        asks=with_names(plan.reason, plan.pair) if plan.outcome == "approval" else "",
        warnings=[with_names(warning, plan.pair) for warning in plan.warnings],
        agreed=_agreed(plan.agreed),
        coming=[_coming(tracker, count) for tracker, count in coming.items() if count],
        until=None if made is None else moment((made.at + LASTS).isoformat(), now),
    )


def hint(plan: Preview) -> str:
    """What came of a preview that somebody may want to go back to, after "Preview"; empty where nothing did."""
    if not plan.ended:
        return "being made"
    if plan.outcome not in ("planned", "approval"):
        return ""
    counts = _counts(plan)
    return f"would {_lower(deeds.button(counts))}" if counts else f"found {words.plural(plan.total, 'thing')} to decide"


def _counts(plan: Preview) -> list[deeds.DeedCount]:
    return [(group.tracker, group.action, group.count) for group in plan.groups if group.action != DECIDE]


def _title(plan: Preview, counts: Sequence[deeds.DeedCount], is_coming: bool) -> str:
    if not plan.ended:
        return f"Looking at {between(plan.pair)}"
    if plan.outcome == "failed":
        return f"{between(plan.pair)} could not be compared"
    if not plan.total and is_coming:
        return "Nothing more to do: the rest is on its way"
    if not plan.total:
        return f"Nothing to do: {between(plan.pair)} agree"
    if counts:
        return f"This would {_lower(deeds.button(counts))}"
    return f"Nothing to do but {words.plural(plan.total, 'thing')} to decide"


def _agreed(count: int) -> str:
    return f"{words.plural(count, 'viewing')} {'is' if count == 1 else 'are'} on both sides already"


def _coming(tracker: str, count: int) -> str:
    return (
        f"{words.plural(count, 'change')} {'is' if count == 1 else 'are'} on the way to {words.name(tracker)} already"
    )


def _button(plan: Preview, counts: Sequence[deeds.DeedCount]) -> str:
    """Where there is nothing but questions, they are put where they can be answered."""
    if plan.plan_id is None or not plan.total:
        return ""
    return deeds.button(counts) or "Put them where I can decide"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _steps(plan: Preview) -> list[PlanStep]:
    here = PHASES.index(plan.phase) if plan.phase in PHASES else len(PHASES)
    texts = ("Waits for its turn", f"Reads {between(plan.pair)}", "Compares play by play")
    states = ["done" if n < here else "now" if n == here else "later" for n in range(len(texts))]
    so_far = [plan.waits_for] if plan.waits_for else [step.text for step in plan.steps]
    return [PlanStep(text, state, so_far if state == "now" else []) for text, state in zip(texts, states, strict=True)]


def _side(name: str, counts: Sequence[PlanCount]) -> PlanSide:
    groups = [_group(one) for one in counts if one.tracker == name and one.action != DECIDE]
    sets_itself = name in TRACKERS and TRACKERS[name].can().keeps is ViewingsKept.SEEN
    is_ticked = any(group.action == "tick" for group in groups)
    note = f"{words.name(name)} notes the time of a tick itself, and takes none." if is_ticked and sets_itself else ""
    return PlanSide(words.name(name), groups, note)


def _group(one: PlanCount) -> PlanGroup:
    text, sort = deeds.heading(one.action, one.count, one.undated), deeds.SORTS[one.action]
    return PlanGroup(one.tracker, one.action, text, sort.tone, sort.icon)


def line_look(one: LineStory) -> Look:
    if one.action == DECIDE:
        return Look("held", "question", "")
    sort = deeds.sort(one.action)
    return Look(sort.tone, sort.icon, f"{sort.where} {words.name(one.tracker)}")


def line_text(one: LineStory, now: datetime) -> str:
    return one.after.replace(" -> ", " to ") if one.action == DECIDE else does(one, now)
