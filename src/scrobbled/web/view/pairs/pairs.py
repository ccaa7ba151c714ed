"""Pairs for the page: two facing sides, what goes which way, when it last happened and what waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from scrobbled.config.viewing import ViewerConfig
from scrobbled.core.house import together
from scrobbled.core.sending.change import left_out
from scrobbled.core.words.outcomes import told
from scrobbled.desk import words
from scrobbled.desk.facts.house import AccountStatus
from scrobbled.desk.facts.pairs import PairStory, RunStory
from scrobbled.desk.facts.pausing import sentence
from scrobbled.desk.facts.run_words import conflict_words
from scrobbled.desk.needs.questions import named
from scrobbled.desk.pairs import usual
from scrobbled.desk.pairs.previews import Preview
from scrobbled.web.view.headline import clock
from scrobbled.web.view.looks import stands
from scrobbled.web.view.moments import Moment, moment
from scrobbled.web.view.pairs import plans, runs

REMOVALS = {
    "ignore": "What is removed on one side stays on the other",
    "propagate": "What is removed on one side is removed on the other too, if we brought it there",
    "ask": "You are asked about what is removed on one side",
}


class KindDirection(Struct, frozen=True):
    """A kind, and which way it goes: ``both``, ``right`` (to the second side) or ``left``."""

    kind: str
    towards: str
    text: str


class SelectOption(Struct, frozen=True):
    value: str
    label: str


class PreviewHint(Struct, frozen=True):
    """A preview that somebody may want to go back to; ``when`` only once it is made."""

    id: str
    text: str
    when: Moment | None


class PairCard(Struct, frozen=True):
    """A pair. ``id`` is for the page; ``wants`` is the run whose plan wants a yes."""

    id: str
    story: PairStory
    troubles: dict[str, str]
    """By tracker, why it cannot be asked just now."""
    ways: list[KindDirection]
    agreed: str
    person: int
    """Whose settings it stands in, by their place."""
    next: str
    running: RunStory | None
    """Also one that is only delivered yet."""
    percent: int | None
    wants: RunStory | None
    trouble: str
    """Why the last run failed."""
    preview: PreviewHint | None
    directions: list[SelectOption]
    conflicts: list[SelectOption]
    removals: str
    """What becomes of what is removed on one side."""
    paused: str
    """Until when it is paused, as a sentence; empty where it is not."""


class Lone(Struct, frozen=True):
    """Two trackers of somebody who has no pair, as a question; ``to`` is where a pair is made in another way."""

    viewer: str
    between: str
    named: str
    kinds: str
    to: str


class PairHeadline(Struct, frozen=True):
    tone: str
    icon: str
    text: str
    details: list[str]


def card(
    story: PairStory, everyone: Sequence[AccountStatus], previews: Sequence[Preview], person: int, now: datetime
) -> PairCard:
    """``everyone`` are the accounts of all, ``previews`` the newest first; ``now`` is in the zone of the house.

    ``person`` is the place of its owner among the viewers.
    """
    last, running = story.last, story.running
    wants = last if last is not None and last.outcome == "approval" and running is None else None
    delivering = last if last is not None and runs.look(last) is runs.DELIVERING else None
    shown = running or delivering
    return PairCard(
        id=named("s", story.viewer, story.pair),
        story=story,
        troubles={
            account.tracker: told(account.reason)
            for account in everyone
            if account.viewer == story.viewer and account.state not in ("ok", "new")
        },
        ways=[_way(kind, told_as, story.pair) for kind, told_as in story.kinds.items()],
        agreed=_agreed(story),
        person=person,
        next=_next(story, now),
        running=shown,
        percent=_percent(shown),
        wants=wants,
        trouble=runs.summary(last) if last and last.outcome == "failed" and shown is None else "",
        preview=_hint(story, previews, now),
        directions=_directions(story.pair),
        conflicts=_conflicts(story),
        removals=_removals(story),
        paused=sentence(story.pause, lambda iso: clock(iso, now), "This pair is"),
    )


def lone(viewers: Sequence[ViewerConfig]) -> list[Lone]:
    """For whoever has no pair the first that could be one."""
    found = []
    for place, one in enumerate(viewers):
        possible = [] if one.pairs else [pair for pair in usual.between(one.trackers) if usual.proposed(pair)]
        for between in possible[:1]:
            named_as, kinds = words.joined([words.name(name) for name in between]), usual.proposed(between)
            where = f"settings/people/{place}"
            found.append(Lone(one.name, ",".join(between), named_as, words.joined(kinds), where))
    return found


def headline(stories: Sequence[PairStory]) -> PairHeadline:
    """How all pairs stand; where there is one, with what it holds."""
    found = together([(one.viewer, one.standing) for one in stories])
    look = stands(found)
    details = [told for one in stories for told in (_agreed(one), words.sentence(left_out(one.left_out)))]
    next_ = "" if found.code == "failed" else found.next  # why it failed stands on its card
    return PairHeadline(
        look.tone, look.icon, found.text, [*filter(None, (*details, next_))] if len(stories) == 1 else []
    )


def _hint(story: PairStory, previews: Sequence[Preview], now: datetime) -> PreviewHint | None:
    """The newest preview of the pair, unless a run came after it."""
    whose = (story.viewer, story.pair)
    plan = next((one for one in previews if (one.viewer, one.pair) == whose), None)
    if plan is None or not (text := plans.hint(plan)) or (story.last and story.last.asked > plan.asked):
        return None
    return PreviewHint(plan.id, text, moment(plan.ended, now))


def _agreed(story: PairStory) -> str:
    """Empty before the first comparison has ended."""
    count, was = story.agreed, any(side.added for side in story.sides)
    verb = ("was" if was else "is") if count == 1 else ("were" if was else "are")
    when = " when they were compared" if was else ""
    return f"{words.plural(count, 'viewing')} {verb} on both sides{when}." if count else ""


def _way(kind: str, direction: str, pair: str) -> KindDirection:
    a, b = pair.split(",")
    towards = "right" if direction == f"{a}-to-{b}" else "left" if direction == f"{b}-to-{a}" else "both"
    texts = {
        "both": f"{kind.capitalize()} go both ways",
        "right": f"{kind.capitalize()} go from {words.name(a)} to {words.name(b)}",
        "left": f"{kind.capitalize()} go from {words.name(b)} to {words.name(a)}",
    }
    return KindDirection(kind.capitalize(), towards, texts[towards])


def _next(story: PairStory, now: datetime) -> str:
    """When it is compared next: "in 11 minutes"; empty where it is under way, or only run by hand."""
    due = moment(story.next, now)
    if not story.works or story.running is not None or due is None or story.pause is not None:
        return ""
    seconds = (due.at - now).total_seconds()
    return f"in {words.span(seconds)}" if seconds > 60 else "within a minute"


def _removals(story: PairStory) -> str:
    """One sentence, or one for each word and the kinds that it is for."""
    if isinstance(story.removals, str):
        return f"{REMOVALS[story.removals]}."
    kinds = [kind for kind in story.removals if kind in story.kinds]
    by_word = {word: [kind for kind in kinds if story.removals[kind] == word] for word in REMOVALS}
    if sum(map(bool, by_word.values())) == 1:
        return f"{next(REMOVALS[word] for word, those in by_word.items() if those)}."
    told = (f"{words.joined(those).capitalize()}: {REMOVALS[word]}." for word, those in by_word.items() if those)
    return " ".join(told)


def _percent(run: RunStory | None) -> int | None:
    total = 0 if run is None else runs.moving(run)
    return 100 * run.done // total if run is not None and total else None


def _directions(pair: str) -> list[SelectOption]:
    a, b = pair.split(",")
    return [
        SelectOption("", "As in the settings"),
        SelectOption("both", "Both ways"),
        SelectOption(f"{a}-to-{b}", f"Only {words.name(a)} to {words.name(b)}"),
        SelectOption(f"{b}-to-{a}", f"Only {words.name(b)} to {words.name(a)}"),
    ]


def _conflicts(story: PairStory) -> list[SelectOption]:
    a, b = story.pair.split(",")
    offered = ("newest-wins", f"{a}-wins", f"{b}-wins", "ask")
    usual = SelectOption("", f"As in the settings: {conflict_words(story.conflict)}")
    return [usual, *(SelectOption(one, conflict_words(one).capitalize()) for one in offered if one != story.conflict)]
