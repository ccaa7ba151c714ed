"""A plan as text, for the person who says yes to it: what is done where, of what most, and what is left to decide."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence

from msgspec import Struct

from scrobbled.core.change import SIDES, Action, Change, moment, of_side, other

_WHAT: dict[Action, tuple[str, str]] = {
    Action.REMOVE: ("play to remove", "plays to remove"),
    Action.UNRATE: ("rating to clear", "ratings to clear"),
    Action.RETIME: ("play to give another time", "plays to give another time"),
    Action.RATE: ("rating to set", "ratings to set"),
    Action.ADD: ("play to add, dates kept", "plays to add, dates kept"),
    Action.FLAG: ("rewatch mark to set", "rewatch marks to set"),
}
"""In the order in which it is told: what takes away first."""
_SINGLY = (Action.REMOVE, Action.UNRATE, Action.RETIME, Action.RATE)
_PLACE = re.compile(r"(.+?) (?:S\d+(?: E\d+)?|E\d+|aired \d{4}-\d\d-\d\d)(?= |$)")


def in_words(
    viewer: str,
    names: tuple[str, str],
    changes: Sequence[Change],
    warnings: Sequence[str],
    agreed: int,
    most: int,
) -> str:
    """See ``Plan.text``."""
    agree = f"{agreed:,} viewing{'s agree' if agreed != 1 else ' agrees'}"
    if not changes:
        return "\n".join((f"Nothing to do: {agree}.", *_warned(warnings, most)))
    lines = [f"{viewer}: {names[0]} and {names[1]}, {agree}."]
    for side in SIDES:
        lines += _side(of_side(names, side), names, [c for c in changes if c.side == side and not c.ask], most)
    lines += _decisions(names, [change for change in changes if change.ask], most)
    return "\n".join((*lines, *_warned(warnings, most)))


def counted(changes: Sequence[Change]) -> str:
    """Like "1,204 plays to add, dates kept; 3 ratings to set"."""
    found = {action: sum(change.action is action for change in changes) for action in _WHAT}
    return "; ".join(f"{count:,} {_WHAT[action][count != 1]}" for action, count in found.items() if count)


def _side(name: str, names: tuple[str, str], changes: Sequence[Change], most: int) -> list[str]:
    """Each sort of change has its own lines, so that many of one never hide the others."""
    if not changes:
        return []
    lines = [f"{name}: {counted(changes)}"]
    for action in _WHAT:
        mine = [change for change in changes if change.action is action]
        if action in _SINGLY:
            told = [f"{change.label}: {_deed(change)} ({_why(change, names)})" for change in mine]
            lines += _bounded(told, most, _WHAT[action][1])
        else:
            lines += _bounded(list(_by_title(action, mine)), most, "titles")
    return lines


def _by_title(action: Action, changes: Iterable[Change]) -> Iterator[str]:
    """Those with most first."""
    titles: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        titles[title(change)].append(change)
    for name, mine in sorted(titles.items(), key=lambda entry: (-len(entry[1]), entry[0])):
        if len(mine) == 1:
            yield f"{mine[0].label}: {_deed(mine[0])}"
        elif action is Action.ADD:
            yield f"{name}: {len(mine):,} plays, {_span(mine)}"
        else:
            yield f"{name}: {len(mine):,} rewatch marks"


def title(change: Change) -> str:
    """The show or the film; labels of episodes begin with their show."""
    found = _PLACE.match(change.label)
    return found[1] if found and not change.key.startswith("movie:") else change.label


def _span(changes: Sequence[Change]) -> str:
    times = [change.at for change in changes if change.at]
    first, last = moment(min(times))[:10], moment(max(times))[:10]
    return first if first == last else f"{first} to {last}"


def _deed(change: Change) -> str:
    match change.action:
        case Action.ADD:
            return f"play of {moment(change.at)}"
        case Action.REMOVE:
            return f"play of {change.before} is removed"
        case Action.RETIME:
            return f"time {change.before} -> {change.after}"
        case Action.RATE:
            return f"rating {change.before} -> {change.after}" if change.before else f"rating {change.after}"
        case Action.UNRATE:
            return f"rating {change.before} is cleared"
        case Action.FLAG | Action.TICK | Action.UNTICK:
            return change.after


def _why(change: Change, names: tuple[str, str]) -> str:
    return change.why.format(a=names[0], b=names[1])


def _decisions(names: tuple[str, str], changes: Sequence[Change], most: int) -> list[str]:
    """Alternatives stand in one line."""
    if not changes:
        return []
    lines = [f"{told.first.label}: {told.deeds} ({told.why})" for told in decisions(names, changes)]
    wanting = "1 thing is" if len(lines) == 1 else f"{len(lines):,} things are"
    return [f"{wanting} for you to decide:", *_bounded(lines, most)]


class Decision(Struct, frozen=True):
    """Alternatives of which a person chooses one, in words."""

    first: Change
    deeds: str
    why: str


def decisions(names: tuple[str, str], changes: Iterable[Change]) -> Iterator[Decision]:
    """What is asked, with its alternatives together."""
    groups: dict[tuple[str, str, Hashable], list[Change]] = defaultdict(list)
    for change in changes:
        groups[change.key, change.kind, _about(change)].append(change)
    for mine in groups.values():
        deeds = " or ".join(f"{_deed(change)} on {of_side(names, change.side)}" for change in mine)
        yield Decision(mine[0], deeds, _why(mine[0], names))


def _about(change: Change) -> Hashable:
    """The same for alternatives: of a time, the two plays in whichever order."""
    if change.action is Action.RETIME:
        return frozenset(((change.side, change.target), (other(change.side), change.source)))
    return change.target


def _warned(warnings: Sequence[str], most: int) -> list[str]:
    return ["Left as it is:", *_bounded(list(warnings), most)] if warnings else []


def _bounded(lines: list[str], most: int, what: str = "") -> list[str]:
    """``most``, and how many more there are; instead of "and one more" that one stands there."""
    more = f"and {len(lines) - most:,} more {what}".rstrip()
    return [f"  {line}" for line in (lines if len(lines) <= most + 1 else [*lines[:most], more])]
