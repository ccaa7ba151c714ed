"""Pairs for the page: two facing sides, what goes which way, when it last happened and what waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from scrobbled.config.spelling import scalar
from scrobbled.config.viewing import ViewerConfig
from scrobbled.core.outcomes import told
from scrobbled.needs import named
from scrobbled.pair_stories import PairStory, RunStory, SideStory
from scrobbled.previews import Preview
from scrobbled.summary import AccountStatus
from scrobbled.web.view import plans, runs, words
from scrobbled.web.view.looks import Look
from scrobbled.web.view.moments import Moment, moment
from scrobbled.web.view.runs import RunRow
from scrobbled.web.view.wishes import between, conflict_words

IN_STEP = Look("ok", "check", "in step")
NEW = Look("need", "sync", "not compared yet")
OFF = Look("calm", "minus", "off")
SAMPLE = """viewers:
  - name: {name}
    pairs:
      - between: [{a}, {b}]
        plays: both
        ratings: both"""
REMOVALS = {
    "ignore": "What is removed on one side stays on the other",
    "propagate": "What is removed on one side is removed on the other too, if we brought it there",
    "ask": "You are asked about what is removed on one side",
}


class Side(Struct, frozen=True):
    """What one side of a pair held when it was read. ``trouble`` is why it cannot be asked just now."""

    name: str
    plays: str
    ratings: str
    read: Moment | None
    added: str
    """Since then, by the last run."""
    waiting: str
    trouble: str
    doubt: str


class Way(Struct, frozen=True):
    """A kind, and which way it goes: ``both``, ``right`` (to the second side) or ``left``."""

    kind: str
    towards: str
    text: str


class Choice(Struct, frozen=True):
    value: str
    label: str


class Hint(Struct, frozen=True):
    """A preview that somebody may want to go back to; ``when`` only once it is made."""

    id: str
    text: str
    when: Moment | None


class PairCard(Struct, frozen=True):
    """A pair. ``id`` is for the page; ``wants`` is the run whose plan wants a yes."""

    id: str
    viewer: str
    pair: str
    names: str
    look: Look
    sides: tuple[Side, Side]
    ways: list[Way]
    rules: list[str]
    agreed: str
    is_new: bool
    works: bool
    last: RunRow | None
    next: str
    running: RunRow | None
    is_busy: bool
    """Another run would have to wait for this one."""
    percent: int | None
    wants: RunRow | None
    trouble: str
    """Why the last run failed."""
    questions: str
    preview: Hint | None
    kinds: list[Choice]
    directions: list[Choice]
    conflicts: list[Choice]


class Lone(Struct, frozen=True):
    """Somebody with several trackers and no pair; ``to`` is where they are given one, ``yaml`` what that makes."""

    name: str
    trackers: int
    yaml: str
    to: str


class Headline(Struct, frozen=True):
    tone: str
    icon: str
    text: str
    details: list[str]


def card(story: PairStory, everyone: Sequence[AccountStatus], previews: Sequence[Preview], now: datetime) -> PairCard:
    """``everyone`` are the accounts of all, ``previews`` the newest first; ``now`` is in the zone of the house."""
    a, b = story.sides
    accounts = [account for account in everyone if account.viewer == story.viewer]
    last, running = story.last, story.running
    wants = last if last is not None and last.outcome == "approval" and running is None else None
    delivering = last if last is not None and runs.look(last) is runs.DELIVERING else None
    shown = running or delivering
    return PairCard(
        id=named("s", story.viewer, story.pair),
        viewer=story.viewer,
        pair=story.pair,
        names=between(story.pair),
        look=_look(story),
        sides=(_side(a, story, accounts, now), _side(b, story, accounts, now)),
        ways=[_way(kind, told_as, story.pair) for kind, told_as in story.kinds.items()],
        rules=[f"Where both changed, {conflict_words(story.conflict)}.", f"{REMOVALS[story.removals]}."],
        agreed=_agreed(story),
        is_new=last is None,
        works=story.works,
        last=None if last is None else runs.row(last, now),
        next=_next(story, now),
        running=None if shown is None else runs.row(shown, now),
        is_busy=running is not None,
        percent=_percent(shown),
        wants=None if wants is None else runs.row(wants, now),
        trouble=runs.summary(last) if last and last.outcome == "failed" and shown is None else "",
        questions=f"{words.plural(story.questions, 'thing')} to decide" if story.questions else "",
        preview=_hint(story, previews, now),
        kinds=[Choice(kind, kind.capitalize()) for kind in story.kinds],
        directions=_directions(story.pair),
        conflicts=_conflicts(story),
    )


def lone(viewers: Sequence[ViewerConfig]) -> list[Lone]:
    return [
        Lone(one.name, len(one.trackers), sample(one.name, tuple(one.trackers)), f"settings/people/{place}")
        for place, one in enumerate(viewers)
        if len(one.trackers) > 1 and not one.pairs
    ]


def sample(name: str, trackers: Sequence[str]) -> str:
    """The first two of ``trackers`` as a pair, in YAML."""
    return SAMPLE.format(name=scalar(name), a=trackers[0], b=trackers[1])


def headline(cards: Sequence[PairCard]) -> Headline:
    """What a person has to do comes first, then what is under way, then that all is well."""
    asks = [one for one in cards if one.wants or one.questions]
    if not cards:
        return Headline("calm", "sync", "No pairs yet", [])
    if len(asks) == 1:
        return Headline("need", "alert", _asks(asks[0]), [f"{asks[0].viewer}: {asks[0].names}"])
    if asks:
        told = [f"{one.viewer}: {_asks(one)[0].lower()}{_asks(one)[1:]}" for one in asks]
        return Headline("need", "alert", f"{len(asks)} pairs want an answer", told)
    if failed := [one for one in cards if one.look is runs.LOOKS["failed"]]:
        return Headline("down", "cloud", f"{failed[0].names} could not be compared", ["it is tried again by itself"])
    if busy := [one for one in cards if one.running]:
        return Headline("waiting", "sync", f"{busy[0].names} are being brought together", [f"for {busy[0].viewer}"])
    if new := [one for one in cards if one.is_new and one.works]:
        return Headline("need", "sync", f"{new[0].names} were not compared yet", ["start with a preview"])
    text = f"{cards[0].names} are in step" if len(cards) == 1 else f"All {len(cards)} pairs are in step"
    return Headline("ok", "check", text, [one.agreed for one in cards][:1] if len(cards) == 1 else [])


def _asks(one: PairCard) -> str:
    return "A plan wants your yes" if one.wants else one.questions


def _hint(story: PairStory, previews: Sequence[Preview], now: datetime) -> Hint | None:
    """The newest preview of the pair, unless a run came after it."""
    whose = (story.viewer, story.pair)
    plan = next((one for one in previews if (one.viewer, one.pair) == whose), None)
    if plan is None or not (text := plans.hint(plan)) or (story.last and story.last.asked > plan.asked):
        return None
    return Hint(plan.id, text, moment(plan.ended, now))


def _agreed(story: PairStory) -> str:
    """Empty before the first comparison has ended."""
    count, was = story.agreed, any(side.added for side in story.sides)
    verb = ("was" if was else "is") if count == 1 else ("were" if was else "are")
    when = " when they were compared" if was else ""
    return f"{words.plural(count, 'viewing')} {verb} on both sides{when}." if count else ""


def _look(story: PairStory) -> Look:
    if not story.works:
        return OFF
    if story.running is not None:
        return runs.look(story.running)
    if story.last is None:
        return NEW
    if story.questions:
        return Look("held", "question", f"{story.questions:,} to decide")
    found = runs.look(story.last)
    return IN_STEP if story.last.outcome in ("done", "nothing") and found is not runs.DELIVERING else found


def _side(side: SideStory, story: PairStory, accounts: Sequence[AccountStatus], now: datetime) -> Side:
    account = next((one for one in accounts if one.tracker == side.tracker), None)
    bad = account is not None and account.state not in ("ok", "new")
    count = story.waiting.get(side.tracker, 0)
    return Side(
        name=words.name(side.tracker),
        plays=words.plural(side.plays, "play") if side.read else "",
        ratings=words.plural(side.ratings, "rating") if side.read and "ratings" in story.kinds else "",
        read=moment(side.read, now),
        added=f"{side.added:,} added" if side.added else "",
        waiting=f"{count:,} on the way" if count else "",
        trouble=told(account.reason) if bad and account else "",
        doubt=side.doubt,
    )


def _way(kind: str, direction: str, pair: str) -> Way:
    a, b = pair.split(",")
    towards = "right" if direction == f"{a}-to-{b}" else "left" if direction == f"{b}-to-{a}" else "both"
    texts = {
        "both": f"{kind.capitalize()} go both ways",
        "right": f"{kind.capitalize()} go from {words.name(a)} to {words.name(b)}",
        "left": f"{kind.capitalize()} go from {words.name(b)} to {words.name(a)}",
    }
    return Way(kind.capitalize(), towards, texts[towards])


def _next(story: PairStory, now: datetime) -> str:
    """When it is compared next: "in 11 minutes"."""
    if not story.works or story.running is not None:
        return ""
    due = moment(story.next, now)
    if due is None:
        return "within a minute"
    seconds = (due.at - now).total_seconds()
    return f"in {words.span(seconds)}" if seconds > 60 else "within a minute"


def _percent(run: RunStory | None) -> int | None:
    total = 0 if run is None else runs.moving(run)
    return 100 * run.done // total if run is not None and total else None


def _directions(pair: str) -> list[Choice]:
    a, b = pair.split(",")
    return [
        Choice("", "As in the settings"),
        Choice("both", "Both ways"),
        Choice(f"{a}-to-{b}", f"Only {words.name(a)} to {words.name(b)}"),
        Choice(f"{b}-to-{a}", f"Only {words.name(b)} to {words.name(a)}"),
    ]


def _conflicts(story: PairStory) -> list[Choice]:
    a, b = story.pair.split(",")
    offered = ("newest-wins", f"{a}-wins", f"{b}-wins", "ask")
    usual = Choice("", f"As in the settings: {conflict_words(story.conflict)}")
    return [usual, *(Choice(one, conflict_words(one).capitalize()) for one in offered if one != story.conflict)]
