"""A plan in short, as data: what is done where, of what most, and what is left to decide."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from msgspec import Struct, field

from scrobbled.core.kinds import in_order
from scrobbled.core.sending.change import SIDES, Action, Change, Side, other

T = TypeVar("T")
_PLACE = re.compile(r"(.+?) (?:S\d+(?: E\d+)?|E\d+|aired \d{4}-\d\d-\d\d)(?= |$)")


class Deed(Struct, frozen=True, omit_defaults=True):
    """What is done on a side, once or ``count`` times. ``before`` and ``after`` are those of the ``Change``."""

    side: Side
    action: str
    count: int = 1
    at: datetime | None = None
    """Of the play; of several the first, and ``until`` is the last."""
    until: datetime | None = None
    before: str = ""
    after: str = ""


class Line(Struct, frozen=True, omit_defaults=True):
    """What is done to one thing, or to all of a title; several deeds are alternatives."""

    label: str
    deeds: tuple[Deed, ...]
    why: str = ""


class Lines(Struct, frozen=True, omit_defaults=True):
    """So many in ``total``, of which ``more`` lines are not listed."""

    total: int = 0
    lines: tuple[Line, ...] = ()
    more: int = 0
    undated: int = 0
    """So many of ``total`` are plays that are added without a date."""


class Outline(Struct, frozen=True, omit_defaults=True):
    """See ``Plan``. ``does`` is what is done on either side, by what it is, in the order in which it is told."""

    viewer: str
    names: tuple[str, str]
    agreed: int
    does: Mapping[Side, Mapping[str, Lines]] = field(default_factory=dict)
    asks: Lines = Lines()
    warnings: tuple[str, ...] = ()
    more_warnings: int = 0

    @property
    def is_empty(self) -> bool:
        return not self.asks.total and not any(self.does.values())


def outline(
    viewer: str,
    names: tuple[str, str],
    changes: Sequence[Change],
    warnings: Sequence[str],
    agreed: int,
    most: int,
) -> Outline:
    """At most so many lines for each sort of change on a side, for what is asked, and of warnings."""
    sorts: dict[Side, dict[str, Lines]] = {side: {} for side in SIDES}
    for side in SIDES:
        for words in in_order():  # each sort has its own lines, so that many of one never hide the others
            mine = [one for one in changes if one.side == side and one.action == words.action and not one.ask]
            if mine:
                lines = list(_singly(mine) if words.singly else _titles(mine))
                undated = sum(bool(one.undated) for one in mine)
                sorts[side][words.action] = _lines(len(mine), lines, most, undated)
    asked = [Line(mine[0].label, tuple(map(deed_of, mine)), mine[0].why) for mine in alternatives(changes)]
    told, more = _bounded(list(warnings), most)
    return Outline(viewer, names, agreed, sorts, _lines(len(asked), asked, most), told, more)


def _lines(total: int, lines: Sequence[Line], most: int, undated: int = 0) -> Lines:
    return Lines(total, *_bounded(lines, most), undated)


def _bounded(lines: Sequence[T], most: int) -> tuple[tuple[T, ...], int]:
    """``most``, and how many more there are; instead of "and one more" that one stands there."""
    return (tuple(lines), 0) if len(lines) <= most + 1 else (tuple(lines[:most]), len(lines) - most)


def deed_of(change: Change) -> Deed:
    return Deed(change.side, change.action, at=change.at, before=change.before, after=change.after)


def _singly(changes: Iterable[Change]) -> Iterator[Line]:
    return (Line(change.label, (deed_of(change),), change.why) for change in changes)


def _titles(changes: Iterable[Change]) -> Iterator[Line]:
    """Those with most first."""
    titles: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        titles[title(change)].append(change)
    for name, mine in sorted(titles.items(), key=lambda entry: (-len(entry[1]), entry[0])):
        times = [change.at for change in mine if change.at]
        span = min(times, default=None), max(times, default=None)
        several = Deed(mine[0].side, mine[0].action, len(mine), *span, after="" if times else mine[0].after)
        yield Line(name, (several,)) if len(mine) > 1 else Line(mine[0].label, (deed_of(mine[0]),))


def title(change: Change) -> str:
    """The show or the film; labels of episodes begin with their show."""
    found = _PLACE.match(change.label)
    return found[1] if found and not change.key.startswith("movie:") else change.label


def alternatives(changes: Iterable[Change]) -> Iterator[Sequence[Change]]:
    """What is asked, with its alternatives together."""
    groups: dict[tuple[str, str, Hashable], list[Change]] = defaultdict(list)
    for change in changes:
        if change.ask:
            groups[change.key, change.kind, _about(change)].append(change)
    yield from groups.values()


def _about(change: Change) -> Hashable:
    """The same for alternatives: of a time, the two plays in whichever order."""
    if change.action == Action.RETIME:
        return frozenset(((change.side, change.target), (other(change.side), change.source)))
    return change.target
