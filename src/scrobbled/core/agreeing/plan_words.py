"""A plan in words, for the person who says yes to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct

from scrobbled.core.agreeing.outline import Deed, Lines, Outline
from scrobbled.core.kinds import KindEntry, KindShape, valued, words_of
from scrobbled.core.naming.names import called
from scrobbled.core.sending.change import SIDES, WITHOUT_DATE, Action, moment, of_side


class Manner(Struct, frozen=True):
    """How names of trackers and what has such in it, days and times (UTC), and "from to" are said."""

    names: Callable[[str], str] = called
    when: Callable[[str], str] = str
    to: str = "->"


class PlanPart(Struct, frozen=True):
    """A heading, and what is below it."""

    heading: str
    lines: Sequence[str] = ()


def in_words(plan: Outline) -> str:
    """As a command shows it."""
    lines = ((part.heading, *(f"  {line}" for line in part.lines)) for part in parts(plan, Manner()))
    return "\n".join(line for part in lines for line in part)


def parts(plan: Outline, manner: Manner) -> Iterator[PlanPart]:
    """The first one says what agrees."""
    says, agree = manner.names, f"{plan.agreed:,} viewing{'s agree' if plan.agreed != 1 else ' agrees'}"
    if plan.is_empty:
        yield PlanPart(f"Nothing to do: {agree}.")
    else:
        yield PlanPart(f"{plan.viewer}: {says(plan.names[0])} and {says(plan.names[1])}, {agree}.")
    for side in SIDES:
        if does := plan.does.get(side):
            counted = "; ".join(part for action, mine in does.items() for part in _counted(action, mine))
            lines = [line for action, mine in does.items() for line in _listed(mine, plan, manner, _left(action))]
            yield PlanPart(f"{says(of_side(plan.names, side))}: {counted}", lines)
    if count := plan.asks.total:
        wanting = "1 thing is" if count == 1 else f"{count:,} things are"
        yield PlanPart(f"{wanting} for you to decide:", list(_listed(plan.asks, plan, manner)))
    if plan.warnings:
        yield PlanPart("Left as it is:", [*map(says, plan.warnings), *_more(plan.more_warnings, "")])


def in_turn(deeds: Iterable[Deed], names: tuple[str, str], manner: Manner) -> str:
    """Of which a person chooses one."""
    return " or ".join(f"{_deed(deed, manner)} on {manner.names(of_side(names, deed.side))}" for deed in deeds)


def _listed(some: Lines, plan: Outline, manner: Manner, left: str = "") -> Iterator[str]:
    a, b = plan.names
    for line in some.lines:
        asks = some is plan.asks
        does = in_turn(line.deeds, plan.names, manner) if asks else _deed(line.deeds[0], manner)
        why = manner.names(line.why.format(a=a, b=b))
        yield f"{line.label}: {does} ({why})" if why else f"{line.label}: {does}"
    yield from _more(some.more, left)


def _counted(action: str, mine: Lines) -> Iterator[str]:
    if count := mine.total - mine.undated:
        yield f"{count:,} {words_of(action).planned[count != 1]}"
    if mine.undated:
        yield f"{mine.undated:,} {'play' if mine.undated == 1 else 'plays'} to add {WITHOUT_DATE}"


def _left(action: str) -> str:
    """What lines that are not listed are about."""
    words = words_of(action)
    return words.planned[1] if words.singly else "titles"


def _more(count: int, what: str) -> list[str]:
    return [f"and {count:,} more {what}".rstrip()] if count else []


def _deed(deed: Deed, manner: Manner) -> str:
    when, at = manner.when, moment(deed.at)
    match deed.action:
        case Action.ADD if deed.count > 1:
            first, last = at[:10], moment(deed.until)[:10]
            span = when(first) if first == last else f"{when(first)} to {when(last)}"
            return f"{deed.count:,} plays, {span}" if deed.at else f"{deed.count:,} plays {deed.after}"
        case Action.ADD:
            return f"play of {when(at)}" if deed.at else f"play {deed.after}"
        case Action.REMOVE:
            return f"{_play(deed.before, manner)} is removed"
        case Action.RETIME:
            return f"time {when(deed.before)} {manner.to} {when(deed.after)}"
        case Action.FLAG if deed.count > 1:
            return f"{deed.count:,} rewatch marks"
        case Action.TICK if deed.count > 1:
            return f"{deed.count:,} watched, without their dates"
        case Action.FLAG if deed.at:
            return f"rewatch on {when(at)}"
        case Action.FLAG | Action.TICK | Action.UNTICK:
            return deed.after
    return _given(deed, manner)


def _play(at: str, manner: Manner) -> str:
    return f"play {WITHOUT_DATE}" if at == WITHOUT_DATE else f"play of {manner.when(at)}"


def _given(deed: Deed, manner: Manner) -> str:
    """What is done to a value."""
    kind = next(entry for entry in valued() if deed.action in (entry.put, entry.cleared))
    if deed.count > 1:
        return f"{deed.count:,} {kind.noun[1]}"
    if kind.shape is KindShape.REGISTER:
        return _rated(kind, deed, manner)
    if deed.action == kind.cleared:
        return f"no longer {kind.held}"
    details = f"{deed.before} {manner.to} {deed.after}" if deed.before else deed.after
    return f"{kind.held}, {details}" if details else kind.held


def _rated(kind: KindEntry, deed: Deed, manner: Manner) -> str:
    if deed.action == kind.cleared:
        return f"{kind.held} {deed.before} is cleared"
    is_other = deed.before and deed.before != deed.after
    return f"{kind.held} {deed.before} {manner.to} {deed.after}" if is_other else f"{kind.held} {deed.after}"
