"""A plan for the page, as one reads a diff: what each side gets, one by one, and what is left as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from scrobbled.core.outcomes import told
from scrobbled.pair_stories import RunStory
from scrobbled.previews import DECIDE, Preview
from scrobbled.web.run_stories import LineStory
from scrobbled.web.view import deeds, poster, words
from scrobbled.web.view.moments import Moment, moment
from scrobbled.web.view.run_items import does
from scrobbled.web.view.runs import RunRow, row
from scrobbled.web.view.wishes import asked_for, between, clock, with_names

LASTS = timedelta(hours=24)
PHASES = ("waiting", "reading", "comparing")
_TIME = re.compile(r"\b20\d\d-\d\d-\d\d(?: \d\d:\d\d)?\b")


class Step(Struct, frozen=True):
    """Of making a plan: ``state`` is ``done``, ``now`` or ``later``."""

    text: str
    state: str


class Group(Struct, frozen=True):
    """What one side gets of one sort."""

    tracker: str
    action: str
    text: str
    tone: str
    icon: str


class Side(Struct, frozen=True):
    """One side of the pair, with what it would get."""

    name: str
    groups: list[Group]


class PlanPage(Struct, frozen=True):
    """``steps`` only while it is made, ``button`` only where there is something to do."""

    id: str
    viewer: str
    pair: str
    names: str
    title: str
    asked_for: str
    steps: list[Step]
    failed: str
    sides: list[Side]
    decisions: int
    only_asks: bool
    button: str
    total: int
    asks: str
    """Why it would wait for a yes if nobody had looked."""
    warnings: list[str]
    first_contact: bool
    agreed: str
    coming: list[str]
    """What is on its way already, for each tracker."""
    made: Moment | None
    until: Moment | None
    ran: RunRow | None
    """The run that carries it out, or did."""


class LineRow(Struct, frozen=True):
    """One change of a plan. ``when`` is that of the play."""

    n: int
    label: str
    title: str
    seed: str
    art: str
    tone: str
    icon: str
    where: str
    text: str
    why: str
    when: Moment | None


class Part(Struct, frozen=True):
    """A heading of a plan as a run keeps it, and what is below it."""

    heading: str
    lines: list[str]


def parts(text: str, pair: str, now: datetime) -> list[Part]:
    """``Plan.text`` in its parts; the first line says what agrees."""
    found: list[Part] = []
    told = _TIME.sub(lambda time: _when(time[0], now), with_names(text, pair)).replace(" -> ", " to ")
    for line in told.splitlines():
        if line.startswith("  ") and found:
            found[-1].lines.append(line.strip())
        elif line.strip():
            found.append(Part(line.strip().rstrip(":"), []))
    return found


def _when(text: str, now: datetime) -> str:
    """A day has no zone, and a time is in that of the house. What only looks like one, in a title, stays."""
    if " " in text:
        return clock(text, now)
    try:
        return words.date(datetime.fromisoformat(text), now)
    except ValueError:
        return text


def page(plan: Preview, now: datetime, coming: Mapping[str, int], ran: RunStory | None) -> PlanPage:
    """``coming`` are the changes that are on their way to each tracker: no plan names them again."""
    counts, made = _counts(plan), moment(plan.ended, now)
    return PlanPage(
        id=plan.id,
        viewer=plan.viewer,
        pair=plan.pair,
        names=between(plan.pair),
        title="You said yes to this plan" if ran else _title(plan, counts, any(coming.values())),
        asked_for=asked_for(plan.options.stored(), plan.pair),
        steps=[] if plan.ended else _steps(plan),
        failed=told(with_names(plan.reason, plan.pair)) if plan.outcome == "failed" else "",
        sides=[_side(name, counts) for name in plan.pair.split(",")],
        decisions=sum(group.count for group in plan.groups if group.action == DECIDE),
        only_asks=bool(plan.total) and not counts,
        button="" if ran else _button(plan, counts),
        total=plan.total,
        asks=with_names(plan.reason, plan.pair) if plan.outcome == "approval" else "",
        warnings=[with_names(warning, plan.pair) for warning in plan.warnings],
        first_contact=plan.first_contact,
        agreed=_agreed(plan.agreed),
        coming=[_coming(tracker, count) for tracker, count in coming.items() if count],
        made=made,
        until=None if made is None else moment((made.at + LASTS).isoformat(), now),
        ran=None if ran is None else row(ran, now),
    )


def hint(plan: Preview) -> str:
    """What came of a preview that somebody may want to go back to, after "Preview"; empty where nothing did."""
    if not plan.ended:
        return "being made"
    if plan.outcome not in ("planned", "approval"):
        return ""
    counts = _counts(plan)
    return f"would {_lower(deeds.button(counts))}" if counts else f"found {words.plural(plan.total, 'thing')} to decide"


def _counts(plan: Preview) -> list[deeds.Counted]:
    return [(group.tracker, group.action, group.count) for group in plan.groups if group.action != DECIDE]


def _title(plan: Preview, counts: Sequence[deeds.Counted], is_coming: bool) -> str:
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


def _button(plan: Preview, counts: Sequence[deeds.Counted]) -> str:
    """Where there is nothing but questions, they are put where they can be answered."""
    if plan.plan_id is None or not plan.total:
        return ""
    return deeds.button(counts) or "Put them where I can decide"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _steps(plan: Preview) -> list[Step]:
    here = PHASES.index(plan.phase) if plan.phase in PHASES else len(PHASES)
    texts = ("Waits for its turn", f"Reads {between(plan.pair)}", "Compares play by play")
    states = ["done" if n < here else "now" if n == here else "later" for n in range(len(texts))]
    return [Step(text, state) for text, state in zip(texts, states, strict=True)]


def _side(name: str, counts: Sequence[deeds.Counted]) -> Side:
    mine = [(action, count) for tracker, action, count in counts if tracker == name]
    groups = [
        Group(name, action, deeds.heading(action, count), deeds.SORTS[action].tone, deeds.SORTS[action].icon)
        for action, count in mine
    ]
    return Side(words.name(name), groups)


def line(one: LineStory, now: datetime) -> LineRow:
    asks = one.action == DECIDE
    sort = deeds.SORTS.get(one.action, deeds.SORTS["add"])
    return LineRow(
        n=one.n,
        label=one.label,
        title=one.title,
        seed=poster.seed(one.title),
        art=one.poster,
        tone="held" if asks else sort.tone,
        icon="question" if asks else sort.icon,
        where="to decide" if asks else f"{sort.where} {words.name(one.tracker)}",
        text=one.after.replace(" -> ", " to ") if asks else does(one.action, one.before, one.after, now),
        why="" if one.action == "add" else one.why,
        when=moment(one.at, now) if one.kind == "plays" and not asks else None,
    )
