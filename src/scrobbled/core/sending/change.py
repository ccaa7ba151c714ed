"""One thing to be changed on one of two sides, and what is left alone, for people and for whoever carries it out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Literal, TypeVar

from msgspec import Struct

from scrobbled.core.kinds import KINDS, Kind, KindValue, every_action, words_of
from scrobbled.core.naming.names import name

Side = Literal["a", "b"]
SIDES: tuple[Side, Side] = ("a", "b")
T = TypeVar("T")


def other(side: Side) -> Side:
    return "b" if side == "a" else "a"


def of_side(pair: tuple[T, T], side: Side) -> T:
    return pair[0] if side == "a" else pair[1]


class Action(StrEnum):
    """What is done to a play. For other kinds see ``KINDS``, where these stand as well."""

    ADD = "add"
    REMOVE = "remove"
    RETIME = "retime"
    FLAG = "flag"
    TICK = "tick"
    UNTICK = "untick"


def thing(action: str) -> str:
    """What an action is about, for people: "rating". Raises ``KeyError`` for what is no action."""
    return words_of(action).things[0]


def things(counts: Mapping[str, int]) -> str:
    """Counts by action, for people: "1,204 plays, 1 rating and 2 removals"; empty where there is nothing."""
    found: Counter[tuple[str, str]] = Counter()
    nouns = {entry.noun for entry in KINDS.values()}
    for one in sorted(every_action(), key=lambda one: one.things not in nouns):  # what there is before what is changed
        found[one.things] += counts.get(one.action, 0)
    *most, last = [f"{count:,} {names[count != 1]}" for names, count in found.items() if count] or [""]
    return f"{', '.join(most)} and {last}" if most else last


class Change(Struct, frozen=True):
    """One thing to be changed. What does not belong to its action has its default."""

    side: Side
    """Which side is written."""
    action: str
    """One of its kind's actions; see ``KINDS``."""
    kind: Kind
    key: str
    """Of the group it is about, the same for both sides."""
    label: str
    source: str = ""
    """The record of the other side that it comes from (add, retime, what gives a value)."""
    target: str = ""
    """The record of this side that it changes (remove, retime, flag), or our own tick that it takes back (untick)."""
    at: datetime | None = None
    """The time to be written (add, retime), rounded down to the precision of this side.

    Of a removal and a rewatch mark the time of the play; of a value when it was given, where that is known; of a tick
    when it was last watched.
    """
    before: str = ""
    after: str = ""
    """For people: "6" and "8", or times."""
    value: KindValue | None = None
    """To be given."""
    was: KindValue | None = None
    """What there is instead."""
    was_at: datetime | None = None
    """When that was given, where it is known."""
    rewatch: bool | None = None
    """What to say of the play (flag)."""
    undated: str = ""
    """How a play is added of which nobody knows when it was: one of ``Capabilities.undated``. ``at`` is not told then.
    """
    ask: bool = False
    """Wants a person's yes of its own. Several with one key are alternatives, of which one at most is done."""
    why: str = ""
    """For people, one short clause; ``{a}`` and ``{b}`` stand for the names: "watched on {a}, not on {b}"."""


WITHOUT_DATE, BY_RELEASE = "without a date", "dated by release"
"""What is said of a play of which nobody knows when it was; the second where its tracker dates it nevertheless."""


def moment(at: datetime | None) -> str:
    """A time for people, to the minute and in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}" if at else WITHOUT_DATE


LEAVE = "leave"
"""Stands where an action does in the counts of a run: ``serializd leave movie``."""
_MEDIA = {"movie": ("play of a film", "plays of films"), "episode": ("play of an episode", "plays of episodes")}
_LEFT: dict[str, tuple[str, str]] = {
    "undated": ("play without a date on {here} is left alone", "plays without a date on {here} are left alone"),
    "dateless": (
        "play without a date on {here} is left alone; undated: unknown, released or marked would bring it over",
        "plays without a date on {here} are left alone; undated: unknown, released or marked would bring them over",
    ),
    "future": (
        "play on {here} is dated in the future; {there} gets it when that time has come",
        "plays on {here} are dated in the future; {there} gets them when that time has come",
    ),
    "personal": (
        "play on {here} is gone from {there} but stays: a person wrote or edited it",
        "plays on {here} are gone from {there} but stay: a person wrote or edited them",
    ),
    "unsure": (
        "play was not in the last complete listing of {here}; the next one decides",
        "plays were not in the last complete listing of {here}; the next one decides",
    ),
    "uncounted": (
        "more viewing that {here} counts is dated nowhere, and left alone",
        "more viewings that {here} counts are dated nowhere, and left alone",
    ),
    "bulk": (
        "play on {here} was entered in bulk, and keeps that time; sync --correct-dates would give it {there}'s",
        "plays on {here} were entered in bulk, and keep that time; sync --correct-dates would give them {there}'s",
    ),
    "begun": (
        "title on {here} was begun again after it was watched on {there}, and is not marked",
        "titles on {here} were begun again after they were watched on {there}, and are not marked",
    ),
    "absent": (
        "title watched on {here} is not in the library of {there}",
        "titles watched on {here} are not in the library of {there}",
    ),
    "away": (
        "title on {here} stays, gone from {there}: its library is empty, new or away, or lost much at once",
        "titles on {here} stay, gone from {there}: their library is empty, new or away, or lost much at once",
    ),
    "foreign": (
        "title on {here} stays, gone from {there}: somebody else entered or changed it there",
        "titles on {here} stay, gone from {there}: somebody else entered or changed them there",
    ),
    "mixed": (
        "film on {here} has the ids of two films, and is left alone until it is corrected",
        "films on {here} have the ids of two films, and are left alone until they are corrected",
    ),
    "watched": (
        "title on {here}'s list is watched, and not put on that of {there}",
        "titles on {here}'s list are watched, and not put on that of {there}",
    ),
    "left-watched": (
        "title left {there}'s list as it was watched, and stays on that of {here}",
        "titles left {there}'s list as they were watched, and stay on that of {here}",
    ),
    "fixed": (
        "play has another time on {there} that cannot be set on {here}",
        "plays have another time on {there} that cannot be set on {here}",
    ),
}


def left_out(counts: Mapping[str, int]) -> tuple[str, ...]:
    """What a side keeps none of, in words: "left out: 12 plays of films, which Serializd does not keep"."""
    told = []
    for what, count in counts.items():
        tracker, action, media = what.rsplit(maxsplit=2)
        if action == LEAVE:
            plays = _MEDIA[media][count != 1]
            told.append(f"left out: {count:,} {plays}, which {name(tracker)} does not keep")
    return tuple(told)


def left(code: str, side: Side) -> str:
    """The code of something left alone on ``side``, for ``warned``."""
    if code not in _LEFT:
        raise KeyError(code)
    return f"{code}:{side}"


def warned(codes: Mapping[str, int], names: tuple[str, str]) -> tuple[str, ...]:
    """What was left alone, so often by code, in words, as ``Plan.warnings``."""
    return tuple(_sentence(code, count, names) for code, count in sorted(codes.items()))


def _sentence(code: str, count: int, names: tuple[str, str]) -> str:
    reason, side = code.split(":")
    here, there = names if side == "a" else names[::-1]
    return f"{count:,} " + _LEFT[reason][count != 1].format(here=here, there=there)
