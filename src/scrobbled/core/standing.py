"""How an account and a pair stand: the one place that decides it, and the only one that has words for it.

An account is *connected* when the service took the last thing that was asked of it. A pair is *in step* when its last
comparison succeeded, by the settings in force, and all that came of it is confirmed. Whoever shows a state asks here
or, of all together, ``core.house``, so that no two places tell it differently.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping

from msgspec import Struct

from scrobbled.core.naming.names import name
from scrobbled.core.sending.change import LEAVE
from scrobbled.core.words.outcomes import ACCOUNTS, PlayOutcome, advised, told

CONNECTED, IN_STEP = "connected", "in step"
STATES: dict[str, str] = {
    "ok": CONNECTED,
    "new": "not asked yet",
    "down": "does not answer",
    "sign-in": "needs a sign-in",
    "stopped": "shut out",
    "drift": "answers in a way we do not know",
}
"""What the states of an account mean."""
_TONES = {"ok": "ok", "new": "calm", "down": "down", "sign-in": "need", "stopped": "need", "drift": "need"}


class Standing(Struct, frozen=True):
    """``word`` stands beside the name of what it is about, ``text`` is a sentence with that name and no full stop."""

    code: str
    tone: str
    """``ok`` is green."""
    word: str
    text: str
    next: str = ""
    """What to do, in full sentences; empty where nothing is to be done."""

    @property
    def is_well(self) -> bool:
        return self.tone == "ok"


class Load(Struct, frozen=True):
    """Changes for an account that are not confirmed yet, by what they wait for."""

    queued: int = 0
    """Their turn at the tracker; also those of which nobody knows whether they arrived."""
    parked: int = 0
    """A catalogue that does not know them yet."""
    asks: int = 0
    """A person: held, unmatched or refused for good."""

    def __add__(self, other: Load) -> Load:
        return Load(self.queued + other.queued, self.parked + other.parked, self.asks + other.asks)


class AccountStanding(Struct, frozen=True):
    """What is known of an account. ``state`` is one of ``STATES``, ``since`` a time for people, or empty."""

    viewer: str
    tracker: str
    state: str
    reason: str = ""
    load: Load = Load()
    used: bool = True
    """This version can deliver to it."""
    since: str = ""


class PairStanding(Struct, frozen=True):
    """What is known of a pair. ``a`` and ``b`` are its accounts."""

    a: AccountStanding
    b: AccountStanding
    is_on: bool = True
    """Some kind goes some way."""
    unreadable: tuple[str, ...] = ()
    """Those of its trackers that cannot be compared in this version."""
    phase: str = ""
    """Of the run that is under way, or waits for its turn."""
    outcome: str = ""
    """How the last run ended; empty where none did."""
    reason: str = ""
    planned: Mapping[str, int] = {}
    """What that run would have changed, like ``serializd add plays``."""
    compared: bool = False
    """A comparison came to its end, by the settings in force, and nobody has cancelled what came of it."""
    overdue: bool = False
    """That was longer ago than it should be."""
    doubted: tuple[str, ...] = ()
    """Trackers whose last listing was not believed to be all."""
    questions: int = 0
    """What runs have left for a person to decide."""
    paused: bool = False
    """By a person: nobody compares it by the clock."""

    @property
    def viewer(self) -> str:
        return self.a.viewer

    @property
    def names(self) -> str:
        """ "Trakt and Serializd"."""
        return f"{name(self.a.tracker)} and {name(self.b.tracker)}"


def load(counts: Mapping[str, int]) -> Load:
    """Of an account's changes by outcome; what is settled does not count."""
    asks = (PlayOutcome.HELD, PlayOutcome.UNMATCHED, PlayOutcome.DEAD)
    return Load(
        counts.get(PlayOutcome.QUEUED, 0), counts.get(PlayOutcome.PARKED, 0), sum(counts.get(one, 0) for one in asks)
    )


def account(one: AccountStanding) -> Standing:
    """What is out of order comes before what waits, and that before all being well."""
    if not one.used:
        return _named(one, "unused", "calm", "not used yet", "Plays are not sent there.")
    if one.state != "ok":
        return _named(one, one.state, _TONES.get(one.state, "need"), STATES.get(one.state, one.state), _advice(one))
    if found := _waiting(one.load):
        return _named(one, *found)
    return Standing("ok", "ok", CONNECTED, f"{name(one.tracker)} is {CONNECTED}")


def pair(one: PairStanding) -> Standing:
    """What nobody can compare, what is under way, what went wrong, what waits; and only then that all is well."""
    found = (
        _idle(one)
        or _under_way(one)
        or _ended(one)
        or _unproven(one)
        or _waiting(one.a.load + one.b.load, one.questions)
    )
    if found is None:
        return Standing("in-step", "ok", IN_STEP, f"{one.names} are {IN_STEP}")
    code, tone, word, next_ = found
    joint = _JOINTS.get(word.partition(" ")[0], ": ")
    return Standing(code, tone, word, f"{one.names}{joint}{word}", next_)


_JOINTS = {
    "cannot": " ",
    "could": " ",
    "being": " are ",
    "not": " were ",
    "compared": " were ",
    "catching": " are ",
    "paused": " are ",
}
"""Between the names of a pair and a word that begins so."""
_Found = tuple[str, str, str, str]
"""Code, tone, word, what to do."""


_WORKING = ("ok", "new")
_DONE = ("done", "nothing")
"""Outcomes of a run that went well."""
_ENDS: dict[str, _Found] = {
    "": ("new", "calm", "not compared yet", "A preview shows what would be done, and changes nothing."),
    "incomplete": ("incomplete", "waiting", "compared in part", "The next run compares what could not be read."),
    "refused": ("refused", "held", "the plan no longer held, so nothing was done", "Make a new preview."),
    "cancelled": ("cancelled", "calm", "the last run was cancelled", "The next finds what is left, and asks first."),
}
_PART: _Found = ("part", "calm", "not compared yet as the settings say", "The next run of all of it does so.")


def _idle(one: PairStanding) -> _Found | None:
    if not one.is_on:
        return "off", "calm", "nothing is switched on", "Switch on plays or ratings in the settings of this pair."
    if one.paused and not one.phase:
        return "paused", "held", "paused", "Nothing is compared by itself until the pause ends."
    if one.unreadable:
        return "unreadable", "calm", f"cannot be compared, as this version does not read {names(one.unreadable)}", ""
    return None


def _under_way(one: PairStanding) -> _Found | None:
    if one.phase:
        return "comparing", "waiting", "waits for its turn" if one.phase == "asked" else "being compared", ""
    return None


def _ended(one: PairStanding) -> _Found | None:
    """How the last run came out, where that is not well; an account that is out of order keeps the next from it."""
    for side in (one.a, one.b):
        if side.state not in _WORKING:
            word = f"cannot be compared, as {name(side.tracker)} {_is(side.state)}"
            return side.state, _TONES.get(side.state, "need"), word, _advice(side)
    if one.outcome == "approval":
        return "plan", "need", _missing(one.planned), "Look at the plan, and approve it."
    if one.outcome == "failed":
        again = "It is tried again by itself."
        return "failed", "down", "could not be compared", f"{told(one.reason)} {again}".lstrip()
    return None if one.outcome in _DONE else _ENDS.get(one.outcome, _PART)


def _unproven(one: PairStanding) -> _Found | None:
    """The last run went well, and yet it proves too little."""
    if not one.compared:
        return _PART
    if one.doubted:
        word = f"what {names(one.doubted)} listed is not believed to be all"
        return "doubted", "need", word, "Nothing is removed because of it, and the next run looks again."
    if one.overdue:
        return "overdue", "calm", "not compared for a while", "Pairs are compared while scrobbled serve runs."
    return None


def _waiting(of: Load, questions: int = 0) -> _Found | None:
    asks = f"{of.asks:,} {'needs' if of.asks == 1 else 'need'} you" if of.asks else ""
    if questions:
        asks = f"{count_of(questions, 'thing')} to decide"
    if of.queued:
        word = ", ".join(filter(None, (f"catching up: {of.queued:,} left", asks)))
        return "catching-up", "waiting", word, ""
    if asks:
        return "asks", "need", asks, "Look under Needs you, or run: scrobbled queue list"
    if of.parked:
        return "parked", "waiting", f"all but {of.parked:,}, which no catalogue knows yet", ""
    return None


def _missing(planned: Mapping[str, int]) -> str:
    """ "2,988 plays are missing, and the plan needs your approval"."""
    plays = sum(count for what, count in planned.items() if what.endswith(" add plays"))
    others = sum(count for what, count in planned.items() if what.split()[-2] not in ("decide", LEAVE)) - plays
    parts = [f"{count_of(plays, 'play')} {'is' if plays == 1 else 'are'} missing"] if plays else []
    if others:
        parts.append(f"{count_of(others, 'other change' if plays else 'change')} would be made")
    return ", ".join([*parts, "and the plan needs your approval"]) if parts else "a plan needs your approval"


def _advice(one: AccountStanding) -> str:
    if one.state not in ACCOUNTS:
        return ""
    return advised(one.state, one.reason, f"scrobbled auth {one.tracker} --viewer {shlex.quote(one.viewer)}")


def _is(state: str) -> str:
    return f"is {STATES[state]}" if state == "stopped" else STATES.get(state, f"is {state}")


def _named(one: AccountStanding, code: str, tone: str, word: str, next_: str) -> Standing:
    return Standing(code, tone, word, f"{name(one.tracker)}: {word}", next_)


def names(trackers: Iterable[str]) -> str:
    """ "Trakt and Serializd"."""
    *others, last = map(name, trackers)
    return f"{', '.join(others)} and {last}" if others else last


def count_of(count: int, noun: str) -> str:
    """ "1 play", "2,988 plays"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


AccountKey = tuple[str, str]
"""Viewer and tracker."""
